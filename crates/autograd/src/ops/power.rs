//! Powers and roots. For powers with a variable exponent see `pow.rs`.

use super::{Case, Elementwise, case, wave};
use crate::attribute::Attributes;
use crate::compiled::built_in;
use crate::expression::Expression;
use crate::{Real, Scalar, Var};

/// `y = √x`,  `dy/dx = 1 / (2 y)`; infinite at 0.
struct Sqrt;

impl Elementwise for Sqrt {
    const NAME: &'static str = "sqrt";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.sqrt()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.sqrt())
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, _x: S, y: S) -> S {
        y.lit(0.5) / y
    }
}

/// `y = 1 / √x`,  `dy/dx = −y / (2 x)`.
struct Rsqrt;

impl Elementwise for Rsqrt {
    const NAME: &'static str = "rsqrt";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        T::one() / x.sqrt()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(1.0 / x.sqrt())
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, y: S) -> S {
        y.lit(-0.5) * y / x
    }
}

/// `y = 1 / x`,  `dy/dx = −y²`.
struct Recip;

impl Elementwise for Recip {
    const NAME: &'static str = "recip";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        T::one() / x
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(1.0 / x)
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, _x: S, y: S) -> S {
        -(y * y)
    }
}

/// `y = x²`,  `dy/dx = 2 x`. The product `x x` would collect its gradient from two sides, in three passes over
/// memory.
struct Square;

impl Elementwise for Square {
    const NAME: &'static str = "square";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x * x
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.clone() * x)
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.lit(2.0) * x
    }
}

/// `y = xⁿ`,  `dy/dx = n xⁿ⁻¹`.
///
/// The exponents 0 and 1 are constants of their own: `0 · x⁻¹` would be NaN at `x = 0`. So every
/// chain of derivatives `xⁿ, n xⁿ⁻¹, …` ends in exact zeros.
struct Powi(i32);

impl Elementwise for Powi {
    const NAME: &'static str = "powi";

    fn constants(&self) -> Attributes {
        vec![("exponent", f64::from(self.0).into())]
    }
    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.powi(self.0)
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.power(f64::from(self.0)))
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, y: S) -> S {
        match self.0 {
            0 => x.lit(0.0),
            1 => x.lit(1.0),
            i32::MIN => x.lit(i32::MIN.into()) * y / x, // there is no smaller exponent
            n => x.lit(n.into()) * x.powi(n - 1),
        }
    }
}

/// `y = xᵖ`, or its derivative of order `k`, `y = p (p − 1) … (p − k + 1) xᵖ⁻ᵏ`; the next one is its slope. In one piece,
/// since the power alone may be too large or too small, and `p − k` is rounded. It is 0 where a factor is, as in [`Powi`].
struct Powf {
    exponent: f64,
    order: u32,
}

impl Elementwise for Powf {
    const NAME: &'static str = "powf";

    fn constants(&self) -> Attributes {
        let mut constants = vec![("exponent", self.exponent.into())];
        if self.order > 0 {
            constants.push(("order", f64::from(self.order).into()));
        }
        constants
    }
    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.powf_derivative(self.exponent, self.order)
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        (self.order == 0).then(|| x.power(self.exponent))
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.powf_derivative(self.exponent, self.order + 1)
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `√x`; its derivative at 0 is infinite. Exact to 5 ε.
    #[track_caller]
    pub fn sqrt(self) -> Var<'t, T> {
        T::record(Sqrt, [self])
    }

    /// `1 / √x`; `+∞` at 0. Exact to 4 ε.
    #[track_caller]
    pub fn rsqrt(self) -> Var<'t, T> {
        T::record(Rsqrt, [self])
    }

    /// `1 / x`. Exact to 4 ε.
    #[track_caller]
    pub fn recip(self) -> Var<'t, T> {
        T::record(Recip, [self])
    }

    /// `x²`. Exact to 1 ε.
    #[track_caller]
    pub fn square(self) -> Var<'t, T> {
        T::record(Square, [self])
    }

    /// `xⁿ` for a whole number `n`, also of negative `x`. Exact to 16 ε.
    ///
    /// `x⁰` is 1 and its derivative 0 everywhere; `x¹` has the derivative 1 everywhere.
    #[track_caller]
    pub fn powi(self, n: i32) -> Var<'t, T> {
        T::record(Powi(n), [self])
    }

    /// `xᵖ`. Of negative `x` only whole powers exist, others are NaN. Exact to 4 ε.
    ///
    /// `x⁰` is 1 and its derivative 0 everywhere; `x¹` has the derivative 1 everywhere. At `x = 0`
    /// the derivative is infinite for `p < 1`.
    #[track_caller]
    pub fn powf(self, p: f64) -> Var<'t, T> {
        self.powf_derivative(p, 0)
    }

    #[track_caller]
    pub(super) fn powf_derivative(self, exponent: f64, order: u32) -> Var<'t, T> {
        T::record(Powf { exponent, order }, [self])
    }
}

built_in! {
    apply 1: Sqrt, Rsqrt, Recip, Square, Powi, Powf;
}

pub(super) const CASES: &[Case] = &[
    case!("sqrt", |a| a.sqrt(), [wave([5]).between(0.4, 2.0)]),
    case!("rsqrt", |a| a.rsqrt(), [wave([5]).between(0.4, 2.0)]),
    case!("recip", |a| a.recip(), [wave([5])]),
    case!("square", |a| a.square() * a, [wave([5])]),
    case!("powi", |a| a.powi(3), [wave([5])]),
    case!("powi of a small exponent", |a| a.powi(0) * a.powi(1) * a.powi(2), [wave([5])]),
    case!("powi of a negative exponent", |a| a.powi(-2), [wave([5])]),
    case!("powi of a number", |a| a.powi(5), [wave([])]),
    case!("powf", |a| a.powf(2.5), [wave([5]).between(0.4, 2.0)]),
    case!("powf of whole exponents", |a| a.powf(3.0) * a.powf(0.0) + a.powf(1.0), [wave([5])]),
    case!("powf of a negative exponent", |a| a.powf(-0.5), [wave([5]).between(0.4, 2.0)]),
];

#[cfg(test)]
mod tests {
    use crate::{Tape, Tensor, Var};

    /// The value and the derivatives of orders 1, 2, 3 at `x`.
    fn derivatives(x: f64, f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>) -> [f64; 4] {
        let tape = Tape::new();
        let x = tape.var(x);
        let y = f(x);
        let [dy] = y.grad([x]);
        let [ddy] = dy.grad([x]);
        let [dddy] = ddy.grad([x]);
        [y, dy, ddy, dddy].map(|y| y.item())
    }

    #[test]
    fn whole_powers_at_zero_and_below() {
        for (n, at_zero, at_minus_two) in [
            (0, [1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]),
            (1, [0.0, 1.0, 0.0, 0.0], [-2.0, 1.0, 0.0, 0.0]),
            (2, [0.0, 0.0, 2.0, 0.0], [4.0, -4.0, 2.0, 0.0]),
            (3, [0.0, 0.0, 0.0, 6.0], [-8.0, 12.0, -12.0, 6.0]),
        ] {
            assert_eq!(derivatives(0.0, |x| x.powi(n)), at_zero, "0 to the {n}");
            assert_eq!(derivatives(-2.0, |x| x.powi(n)), at_minus_two, "-2 to the {n}");
            assert_eq!(derivatives(0.0, |x| x.powf(n.into())), at_zero, "0 to the {n}.0");
            assert_eq!(derivatives(-2.0, |x| x.powf(n.into())), at_minus_two, "-2 to the {n}.0");
        }
        assert_eq!(derivatives(-2.0, |x| x.powi(-1)), [-0.5, -0.25, -0.25, -0.375]);
        assert_eq!(derivatives(-2.0, |x| x.recip()), [-0.5, -0.25, -0.25, -0.375]);
        assert_eq!(derivatives(-1.0, |x| x.powi(i32::MIN))[..2], [1.0, -f64::from(i32::MIN)]);
    }

    #[test]
    fn roots_at_zero_and_below() {
        assert_eq!(derivatives(0.0, |x| x.sqrt())[..2], [0.0, f64::INFINITY]);
        assert_eq!(derivatives(0.0, |x| x.powf(0.5))[..2], [0.0, f64::INFINITY]);
        assert_eq!(derivatives(0.0, |x| x.powf(1.5))[..3], [0.0, 0.0, f64::INFINITY]);
        assert_eq!(derivatives(0.0, |x| x.rsqrt())[..2], [f64::INFINITY, f64::NEG_INFINITY]);
        assert!(derivatives(-1.0, |x| x.powf(0.5))[..2].iter().all(|y| y.is_nan()));
    }

    #[test]
    fn no_overflow_on_the_way() {
        let tape = Tape::<f32>::new();
        let x = tape.var(Tensor::from_vec([2], vec![1e-36, 1e38]));
        let y = x.rsqrt();
        let slopes = y.sum().backward().wrt(x).to_vec();
        assert!(y.value().to_vec().iter().all(|y| y.is_finite()));
        assert!(slopes[0] == f32::NEG_INFINITY, "−5·10⁵³ is beyond f32");
        assert!(slopes[1] == 0.0, "−5·10⁻⁵⁸ is below f32");
    }
}
