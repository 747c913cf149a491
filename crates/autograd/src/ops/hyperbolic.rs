//! Hyperbolic functions and their inverses. The tangent is among the activation functions.
//!
//! The slopes of the inverses are written with roots of `1 ± x²` in which nothing overflows or cancels, and which are
//! NaN where the inverse is. Written with the value, as `1 / cosh y`, they would have its rounding times its size.

use super::{Case, Elementwise, case, wave};
use crate::compiled::built_in;
use crate::expression::Expression;
use crate::{Real, Scalar, Var};

/// `y = sinh x`,  `dy/dx = cosh x`.
struct Sinh;

impl Elementwise for Sinh {
    const NAME: &'static str = "sinh";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.sinh()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some((x.clone().exp() - (-x).exp()) * 0.5)
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.cosh()
    }
}

/// `y = cosh x`,  `dy/dx = sinh x`.
struct Cosh;

impl Elementwise for Cosh {
    const NAME: &'static str = "cosh";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.cosh()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some((x.clone().exp() + (-x).exp()) * 0.5)
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.sinh()
    }
}

/// `y = √(1 + x²)`,  `dy/dx = x / y`.
struct Hypotenuse;

impl Elementwise for Hypotenuse {
    const NAME: &'static str = "hypotenuse";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.hypotenuse()
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, y: S) -> S {
        x / y
    }
}

/// `y = arsinh x`,  `dy/dx = 1 / √(1 + x²)`.
struct Asinh;

impl Elementwise for Asinh {
    const NAME: &'static str = "asinh";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.asinh()
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.lit(1.0) / x.hypotenuse()
    }
}

/// `y = arcosh x`,  `dy/dx = 1 / √(x² − 1) = (x − 1)^−½ (x + 1)^−½`. All derivatives of such a product are sums of terms of
/// one sign.
struct Acosh;

impl Elementwise for Acosh {
    const NAME: &'static str = "acosh";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.acosh()
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        let one = x.lit(1.0);
        (x - one).powf(-0.5) * (x + one).powf(-0.5)
    }
}

/// `y = artanh x`,  `dy/dx = 1 / (1 − x²)`.
struct Atanh;

impl Elementwise for Atanh {
    const NAME: &'static str = "atanh";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.atanh()
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        let r = x.lit(1.0) / x.other_leg();
        r * r
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `sinh x = (eˣ − e⁻ˣ) / 2`. Exact to 2 ε.
    #[track_caller]
    pub fn sinh(self) -> Var<'t, T> {
        T::record(Sinh, [self])
    }

    /// `cosh x = (eˣ + e⁻ˣ) / 2`. Exact to 2 ε.
    #[track_caller]
    pub fn cosh(self) -> Var<'t, T> {
        T::record(Cosh, [self])
    }

    #[track_caller]
    pub(super) fn hypotenuse(self) -> Var<'t, T> {
        T::record(Hypotenuse, [self])
    }

    /// The number with this hyperbolic sine, `ln(x + √(x² + 1))`. Exact to 16 ε.
    #[track_caller]
    pub fn asinh(self) -> Var<'t, T> {
        T::record(Asinh, [self])
    }

    /// The number ≥ 0 with this hyperbolic cosine, `ln(x + √(x² − 1))`; NaN below 1. At 1 the slope is
    /// infinite. Exact to 4 ε.
    #[track_caller]
    pub fn acosh(self) -> Var<'t, T> {
        T::record(Acosh, [self])
    }

    /// The number with this hyperbolic tangent, `½ ln((1 + x) / (1 − x))`; infinite at ±1, where the slope is
    /// infinite too, and NaN beyond. Exact to 6 ε.
    #[track_caller]
    pub fn atanh(self) -> Var<'t, T> {
        T::record(Atanh, [self])
    }
}

built_in! {
    apply 1: Sinh, Cosh, Hypotenuse, Asinh, Acosh, Atanh;
}

pub(super) const CASES: &[Case] = &[
    case!("sinh", |a| a.sinh(), [wave([5])]),
    case!("cosh", |a| a.cosh(), [wave([5])]),
    case!("hypotenuse", |a| a.hypotenuse(), [wave([5])]),
    case!("asinh", |a| a.asinh(), [wave([5])]),
    case!("acosh", |a| a.acosh(), [wave([5]).between(1.5, 4.0)]),
    case!("atanh", |a| a.atanh(), [wave([5]).between(-0.7, 0.7)]),
];

#[cfg(test)]
mod tests {
    use crate::Tape;

    #[test]
    fn inverses_at_the_ends_of_their_ranges() {
        let tape = Tape::<f64>::new();
        let at = |x: f64, f: fn(crate::Var<f64>) -> crate::Var<f64>| {
            let x = tape.var(x);
            let y = f(x);
            (y.item(), y.backward().wrt(x).item())
        };
        assert_eq!(at(1.0, |x| x.acosh()), (0.0, f64::INFINITY));
        assert_eq!(at(-1.0, |x| x.atanh()), (f64::NEG_INFINITY, f64::INFINITY));
        let (y, slope) = at(1e200, |x| x.asinh());
        assert!((y / (200.0 * f64::ln(10.0) + f64::ln(2.0)) - 1.0).abs() < 1e-15);
        assert!((slope * 1e200 - 1.0).abs() < 1e-12, "{slope}");
        for (y, slope) in [at(0.9, |x| x.acosh()), at(-1e5, |x| x.acosh()), at(1.1, |x| x.atanh())] {
            assert!(y.is_nan() && slope.is_nan());
        }
    }
}
