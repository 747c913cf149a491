//! Functions made of straight pieces: absolute value, sign, rounding, clamping.

use super::{Case, Elementwise, case, wave};
use crate::attribute::Attributes;
use crate::compiled::built_in;
use crate::expression::Expression;
use crate::{Real, Scalar, Var};

/// `y = |x|`,  `dy/dx = sign x`. At the kink, `|·|′(0) = 0`.
struct Abs;

impl Elementwise for Abs {
    const NAME: &'static str = "abs";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.abs()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.abs())
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.sign()
    }
}

/// `y = −1, 0, 1` for negative, zero, positive `x`. The derivative is stated to be 0.
struct Sign;

impl Elementwise for Sign {
    const NAME: &'static str = "sign";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.sign()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.clone().less(0.0).choose(-1.0, Expression::from(0.0).less(x)))
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.lit(0.0)
    }
}

/// `y = ⌊x⌋`. The derivative is stated to be 0.
struct Floor;

impl Elementwise for Floor {
    const NAME: &'static str = "floor";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.floor()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.floor())
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.lit(0.0)
    }
}

/// `y = ⌈x⌉`. The derivative is stated to be 0.
struct Ceil;

impl Elementwise for Ceil {
    const NAME: &'static str = "ceil";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.ceil()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(-(-x).floor())
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.lit(0.0)
    }
}

/// `y` is the integer nearest to `x`. The derivative is stated to be 0.
struct Round;

impl Elementwise for Round {
    const NAME: &'static str = "round";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.round()
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.lit(0.0)
    }
}

/// `y = min(max(x, low), high)`,  `dy/dx = 1` where `low ≤ x ≤ high`, else 0.
struct Clamp {
    low: f64,
    high: f64,
}

impl Elementwise for Clamp {
    const NAME: &'static str = "clamp";

    fn constants(&self) -> Attributes {
        vec![("low", self.low.into()), ("high", self.high.into())]
    }
    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        Scalar::clamp(x, self.low, self.high)
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.max(self.low).min(self.high))
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        let one = x.lit(1.0);
        (one - (x.lit(self.low) - x).step()) * (one - (x - x.lit(self.high)).step())
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `|x|`. At the kink, `|·|′(0) = 0`. Exact to 0 ε.
    #[track_caller]
    pub fn abs(self) -> Var<'t, T> {
        T::record(Abs, [self])
    }

    /// `−1`, `0` or `1`. Its derivative is 0 everywhere, also at the jump. Exact to 0 ε.
    #[track_caller]
    pub fn sign(self) -> Var<'t, T> {
        T::record(Sign, [self])
    }

    /// The next integer below. Its derivative is 0 everywhere, also at the jumps. Exact to 0 ε.
    #[track_caller]
    pub fn floor(self) -> Var<'t, T> {
        T::record(Floor, [self])
    }

    /// The next integer above. Its derivative is 0 everywhere, also at the jumps. Exact to 0 ε.
    #[track_caller]
    pub fn ceil(self) -> Var<'t, T> {
        T::record(Ceil, [self])
    }

    /// The nearest integer; of two, the even one. Its derivative is 0 everywhere, also at the jumps. Exact to 0 ε.
    #[track_caller]
    pub fn round(self) -> Var<'t, T> {
        T::record(Round, [self])
    }

    /// `x`, but not below `low` and not above `high`. The derivative is 1 from `low` to `high`, both
    /// included, and 0 outside. Exact to 0 ε.
    ///
    /// # Panics
    /// If `low` is above `high` or either is NaN.
    #[track_caller]
    pub fn clamp(self, low: f64, high: f64) -> Var<'t, T> {
        assert!(low <= high, "clamp: the lower bound {low} is not below the upper bound {high}");
        T::record(Clamp { low, high }, [self])
    }
}

built_in! {
    apply 1: Abs, Sign, Floor, Ceil, Round, Clamp;
}

pub(super) const CASES: &[Case] = &[
    case!("abs", |a| a.abs() * a, [wave([5])]),
    case!("sign", |a| a.sign() * a, [wave([5])]),
    case!("floor", |a| a.floor() * a, [wave([5]).between(1.2, 1.8)]),
    case!("ceil", |a| a.ceil() * a, [wave([5]).between(1.2, 1.8)]),
    case!("round", |a| a.round() * a, [wave([5]).between(1.7, 2.3)]),
    case!("clamp", |a| a.clamp(-0.1, 0.1) * a + a.clamp(-3.0, 3.0) * a, [wave([5])]),
];

#[cfg(test)]
mod tests {
    use crate::{Tape, Tensor, Var};

    /// Values and slopes at some points.
    fn at(points: &[f64], f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>) -> [Vec<f64>; 2] {
        let tape = Tape::new();
        let x = tape.var(Tensor::from_vec([points.len()], points.to_vec()));
        let y = f(x);
        [y.value().to_vec(), y.sum().backward().wrt(x).to_vec()]
    }

    #[test]
    fn kinks_and_jumps_are_as_stated() {
        let zeros = vec![0.0; 3];
        assert_eq!(at(&[-2.0, 0.0, 2.0], |x| x.abs()), [vec![2.0, 0.0, 2.0], vec![-1.0, 0.0, 1.0]]);
        assert_eq!(at(&[-2.0, 0.0, 2.0], |x| x.sign()), [vec![-1.0, 0.0, 1.0], zeros.clone()]);
        assert_eq!(at(&[-1.5, 2.0, 2.9], |x| x.floor()), [vec![-2.0, 2.0, 2.0], zeros.clone()]);
        assert_eq!(at(&[-1.5, 2.0, 2.1], |x| x.ceil()), [vec![-1.0, 2.0, 3.0], zeros.clone()]);
        assert_eq!(at(&[0.5, 1.5, -2.5], |x| x.round()), [vec![0.0, 2.0, -2.0], zeros]);
    }

    #[test]
    fn clamp_includes_its_bounds() {
        let points = [f64::NEG_INFINITY, -1.0, -0.5, 2.0, 2.1, f64::INFINITY];
        let [values, slopes] = at(&points, |x| x.clamp(-1.0, 2.0));
        assert_eq!(values, [-1.0, -1.0, -0.5, 2.0, 2.0, 2.0]);
        assert_eq!(slopes, [0.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
        let [values, slopes] = at(&points, |x| x.clamp(f64::NEG_INFINITY, f64::INFINITY));
        assert_eq!((values.as_slice(), slopes.as_slice()), (&points[..], &[1.0; 6][..]));
    }

    #[test]
    fn nan_stays() {
        let tape = Tape::<f64>::new();
        let x = tape.var(f64::NAN);
        for y in [x.abs(), x.sign(), x.floor(), x.ceil(), x.round(), x.clamp(0.0, 1.0)] {
            assert!(y.item().is_nan());
        }
    }

    #[test]
    #[should_panic(expected = "clamp: the lower bound 2 is not below the upper bound 1")]
    fn crossed_bounds() {
        let tape = Tape::<f64>::new();
        tape.var(0.0).clamp(2.0, 1.0);
    }
}
