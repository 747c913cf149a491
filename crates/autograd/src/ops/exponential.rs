//! Exponentials and logarithms.

use super::{Case, Elementwise, case, wave};
use crate::compiled::built_in;
use crate::expression::Expression;
use crate::{Real, Scalar, Var};

/// `y = eˣ`,  `dy/dx = y`.
struct Exp;

impl Elementwise for Exp {
    const NAME: &'static str = "exp";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.exp()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.exp())
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, _x: S, y: S) -> S {
        y
    }
}

/// `y = eˣ − 1`,  `dy/dx = eˣ` (not `y + 1`, which is inexact where `eˣ` is small).
struct ExpM1;

impl Elementwise for ExpM1 {
    const NAME: &'static str = "exp_m1";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.exp_m1()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.exp() - 1.0)
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.exp()
    }
}

/// `y = ln x`,  `dy/dx = 1 / x`.
struct Ln;

impl Elementwise for Ln {
    const NAME: &'static str = "ln";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.ln()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.ln())
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.lit(1.0) / x
    }
}

/// `y = ln(1 + x)`,  `dy/dx = 1 / (1 + x)`.
struct Ln1p;

impl Elementwise for Ln1p {
    const NAME: &'static str = "ln_1p";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.ln_1p()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some((x + 1.0).ln())
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.lit(1.0) / (x.lit(1.0) + x)
    }
}

/// `y = x (1 − x)`,  `dy/dx = 1 − 2x`. The rule of the product would give `(1 − x) − x` in two roundings.
struct CoinVariance;

impl Elementwise for CoinVariance {
    const NAME: &'static str = "coin_variance";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.coin_variance()
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.lit(1.0) - x.lit(2.0) * x
    }
}

/// `y = ln x − ln(1 − x)`,  `dy/dx = 1 / (x (1 − x))`.
struct Logit;

impl Elementwise for Logit {
    const NAME: &'static str = "logit";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        // Near a half the two logarithms cancel; they are 2 artanh(2x − 1), too.
        let middle = x - T::of(0.5);
        if middle.abs() < T::of(0.25) {
            T::of(2.0) * (middle + middle).atanh()
        } else {
            x.ln() - (-x).ln_1p()
        }
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.lit(1.0) / x.coin_variance()
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `eˣ`. Exact to 2 ε.
    #[track_caller]
    pub fn exp(self) -> Var<'t, T> {
        T::record(Exp, [self])
    }

    /// `eˣ − 1`, exact also near zero, where `x.exp() - 1.0` cancels. Exact to 2 ε.
    #[track_caller]
    pub fn exp_m1(self) -> Var<'t, T> {
        T::record(ExpM1, [self])
    }

    /// The natural logarithm; `−∞` at 0, NaN below. The slope is `1/x` there, too, and no NaN: where a
    /// [mask](crate::Mask::select) hides the value, it hides the gradient. So it is for the other logarithms.
    /// Exact to 4 ε.
    #[track_caller]
    pub fn ln(self) -> Var<'t, T> {
        T::record(Ln, [self])
    }

    /// `ln(1 + x)`, exact also near zero; `−∞` at −1, NaN below. Exact to 4 ε.
    #[track_caller]
    pub fn ln_1p(self) -> Var<'t, T> {
        T::record(Ln1p, [self])
    }

    #[track_caller]
    pub(super) fn coin_variance(self) -> Var<'t, T> {
        T::record(CoinVariance, [self])
    }

    /// The logarithm of the odds, `ln(x / (1 − x))`: the inverse of [`sigmoid`](Self::sigmoid). Infinite at 0 and
    /// 1, where the slope is infinite too, and NaN outside. Exact to 4 ε.
    #[track_caller]
    pub fn logit(self) -> Var<'t, T> {
        T::record(Logit, [self])
    }
}

built_in! {
    apply 1: Exp, ExpM1, Ln, Ln1p, CoinVariance, Logit;
}

pub(super) const CASES: &[Case] = &[
    case!("exp", |a| a.exp(), [wave([5])]),
    case!("exp_m1", |a| a.exp_m1(), [wave([5])]),
    case!("ln", |a| a.ln(), [wave([5]).between(0.4, 2.0)]),
    case!("ln_1p", |a| a.ln_1p(), [wave([5]).between(-0.6, 2.0)]),
    case!("coin_variance", |a| a.coin_variance() * a, [wave([5]).between(0.15, 0.85)]),
    case!("logit", |a| a.logit(), [wave([5]).between(0.15, 0.85)]),
];

#[cfg(test)]
mod tests {
    use crate::Tape;

    #[test]
    fn exact_near_zero() {
        let tape = Tape::<f64>::new();
        let x = tape.var(1e-20);
        for y in [x.exp_m1(), x.ln_1p()] {
            assert_eq!((y.item(), y.backward().wrt(x).item()), (1e-20, 1.0));
        }
    }

    #[test]
    fn slopes_of_odds_near_their_ends() {
        let second = |x: f32| {
            let tape = Tape::new();
            let x = tape.var(x);
            x.logit().grad([x])[0].grad([x])[0].item()
        };
        // −1e40 is beyond f32; x (1 − x) is symmetric.
        assert_eq!([0.0, 1e-20, 0.5, 1.0].map(second), [-f32::INFINITY, -f32::INFINITY, 0.0, f32::INFINITY]);
    }

    #[test]
    fn odds_keep_their_digits() {
        let tape = Tape::<f64>::new();
        let logit = |x: f64| tape.var(x).logit().item();
        assert_eq!(logit(0.5 + 1e-15), 4.0 * (0.5 + 1e-15 - 0.5));
        assert_eq!(logit(1e-300), f64::ln(1e-300));
        for x in [0.2499999, 0.2500001, 0.7499999, 0.7500001, 0.9] {
            assert!((tape.var(logit(x)).sigmoid().item() / x - 1.0).abs() < 1e-15);
        }
        assert_eq!((logit(0.0), logit(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
        assert!([-0.1, 1.1, f64::NAN].iter().all(|&x| logit(x).is_nan()));
    }
}
