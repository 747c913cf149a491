//! Trigonometric functions and their inverses.

use super::{Case, Elementwise, case, wave};
use crate::compiled::built_in;
use crate::expression::Expression;
use crate::{Real, Scalar, Var};

/// `y = sin x`,  `dy/dx = cos x`.
struct Sin;

impl Elementwise for Sin {
    const NAME: &'static str = "sin";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.sin()
    }
    #[inline(always)]
    fn is_near<T: Real>(&self, x: T) -> bool {
        x.is_near()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.sin())
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.cos()
    }
}

/// `y = cos x`,  `dy/dx = −sin x`.
struct Cos;

impl Elementwise for Cos {
    const NAME: &'static str = "cos";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.cos()
    }
    #[inline(always)]
    fn is_near<T: Real>(&self, x: T) -> bool {
        x.is_near()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.cos())
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        -x.sin()
    }
}

/// `y = tan x`,  `dy/dx = 1 + y²`.
struct Tan;

impl Elementwise for Tan {
    const NAME: &'static str = "tan";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.tan()
    }
    #[inline(always)]
    fn is_near<T: Real>(&self, x: T) -> bool {
        x.is_near()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.clone().sin() / x.cos())
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, _x: S, y: S) -> S {
        y.lit(1.0) + y * y
    }
}

/// `y = √(1 − x²)`,  `dy/dx = −x / y`. As a product, `(1 − x)(1 + x)`, it is exact near ±1; the rule of the product
/// would cancel near 0, so it has one of its own.
struct OtherLeg;

impl Elementwise for OtherLeg {
    const NAME: &'static str = "other_leg";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.other_leg()
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, y: S) -> S {
        -x / y
    }
}

/// `y = arcsin x`,  `dy/dx = 1 / √(1 − x²)`; infinite at ±1.
struct Asin;

impl Elementwise for Asin {
    const NAME: &'static str = "asin";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.asin()
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.lit(1.0) / x.other_leg()
    }
}

/// `y = arccos x`,  `dy/dx = −1 / √(1 − x²)`; infinite at ±1.
struct Acos;

impl Elementwise for Acos {
    const NAME: &'static str = "acos";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.acos()
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.lit(-1.0) / x.other_leg()
    }
}

/// `y = arctan x`,  `dy/dx = 1 / (1 + x²)`.
struct Atan;

impl Elementwise for Atan {
    const NAME: &'static str = "atan";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.atan()
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        // The square of 1/√(1 + x²), because x² may overflow and the slope of the slope has x⁴.
        let r = x.lit(1.0) / x.hypotenuse();
        r * r
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `sin x`, in radians. Exact to 2 ε.
    #[track_caller]
    pub fn sin(self) -> Var<'t, T> {
        T::record(Sin, [self])
    }

    /// `cos x`, in radians. Exact to 2 ε.
    #[track_caller]
    pub fn cos(self) -> Var<'t, T> {
        T::record(Cos, [self])
    }

    /// `tan x`, in radians. Exact to 4 ε.
    #[track_caller]
    pub fn tan(self) -> Var<'t, T> {
        T::record(Tan, [self])
    }

    /// `arcsin x`, in [−π/2, π/2]; NaN outside of [−1, 1], where its slope is infinite at both ends. Exact to 6 ε.
    #[track_caller]
    pub fn asin(self) -> Var<'t, T> {
        T::record(Asin, [self])
    }

    /// `arccos x`, in [0, π]; NaN outside of [−1, 1], where its slope is infinite at both ends. Exact to 6 ε.
    #[track_caller]
    pub fn acos(self) -> Var<'t, T> {
        T::record(Acos, [self])
    }

    #[track_caller]
    pub(super) fn other_leg(self) -> Var<'t, T> {
        T::record(OtherLeg, [self])
    }

    /// `arctan x`, in (−π/2, π/2). Exact to 8 ε.
    #[track_caller]
    pub fn atan(self) -> Var<'t, T> {
        T::record(Atan, [self])
    }
}

built_in! {
    apply 1: Sin, Cos, Tan, OtherLeg, Asin, Acos, Atan;
}

pub(super) const CASES: &[Case] = &[
    case!("sin", |a| a.sin(), [wave([5])]),
    case!("cos", |a| a.cos(), [wave([5])]),
    case!("tan", |a| a.tan(), [wave([5]).between(-1.0, 1.0)]),
    case!("asin", |a| a.asin(), [wave([5]).between(-0.7, 0.7)]),
    case!("acos", |a| a.acos(), [wave([5]).between(-0.7, 0.7)]),
    case!("other_leg", |a| a.other_leg(), [wave([5]).between(-0.7, 0.7)]),
    case!("atan", |a| a.atan(), [wave([5])]),
];

#[cfg(test)]
mod tests {
    use std::f64::consts::FRAC_PI_2;

    use crate::{Tape, Tensor};

    #[test]
    fn inverse_functions_at_their_ends() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_vec([2], vec![-1.0, 1.0]));
        let slopes = |y: crate::Var<f64>| y.sum().backward().wrt(x).to_vec();
        assert_eq!(x.asin().value().to_vec(), [-FRAC_PI_2, FRAC_PI_2]);
        assert_eq!(slopes(x.asin()), [f64::INFINITY, f64::INFINITY]);
        assert_eq!(slopes(x.acos()), [f64::NEG_INFINITY, f64::NEG_INFINITY]);
        let outside = tape.var(1.5);
        assert!(outside.asin().item().is_nan() && outside.asin().backward().wrt(outside).item().is_nan());
    }

    #[test]
    fn the_second_derivative_of_inverse_functions_near_zero() {
        // x (1 − x²)^(−3/2)
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_vec([4], vec![-1e-200, 1e-20, 1e-8, 0.6]));
        let second = |y: crate::Var<f64>| y.sum().grad([x])[0].sum().backward().wrt(x).to_vec();
        for (y, sign) in [(x.asin(), 1.0), (x.acos(), -1.0)] {
            for (given, expected) in second(y).iter().zip([-1e-200, 1e-20, 1e-8, 0.6 / 0.512]) {
                assert!((sign * given / expected - 1.0).abs() < 1e-15, "{given}");
            }
        }
    }

    #[test]
    fn the_second_derivative_of_arctan_far_out() {
        // −2x / (1 + x²)²
        let tape = Tape::<f64>::new();
        let x = tape.var(1e100);
        let [slope] = x.atan().grad([x]);
        assert!((slope.grad([x])[0].item() / -2e-300 - 1.0).abs() < 1e-15);
    }

    #[test]
    fn arctan_of_infinity() {
        let tape = Tape::<f32>::new();
        let x = tape.var(Tensor::from_vec([2], vec![f32::NEG_INFINITY, f32::MAX]));
        let y = x.atan();
        assert_eq!(y.value().to_vec(), [-std::f32::consts::FRAC_PI_2, std::f32::consts::FRAC_PI_2]);
        assert_eq!(y.sum().backward().wrt(x).to_vec(), [0.0, 0.0]);
    }
}
