//! The element types of tensors, `f32` and `f64`, behind one trait.

use std::fmt::{Debug, Display, LowerExp};
use std::iter::Sum;

use num_traits::{Float, FloatConst, NumAssign, NumCast};

use crate::Scalar;
use crate::compiled::Compiled;
use crate::ops::pow::Pow;
use crate::special::polygamma;
use crate::tensor::{Lanes, Pool};

/// The element types of tensors: `f32` and `f64`. No other type implements it.
///
/// This is the one type parameter of the crate. Constants in formulas are always `f64` and are
/// converted by [`Real::of`].
#[diagnostic::on_unimplemented(
    message = "the elements of a tensor are `f32` or `f64`, not `{Self}`",
    label = "no type of elements",
    note = "whole numbers that say places or classes are `Indices` or `&[usize]`"
)]
pub trait Real:
    Scalar
    + Lanes
    + Compiled
    + NumAssign
    + NumCast
    + FloatConst
    + PartialOrd
    + Sum
    + Default
    + Debug
    + Display
    + LowerExp
    + Send
    + Sync
    + 'static
{
    /// Distance from 1 to the next larger number.
    const EPSILON: Self;
    /// `+∞`.
    const INFINITY: Self;
    /// Not a number.
    const NAN: Self;

    /// `value`, rounded to this type.
    fn of(value: f64) -> Self;
    /// This number in double precision.
    fn as_f64(self) -> f64;
    /// Neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// Not a number.
    fn is_nan(self) -> bool;
    /// The larger of the two; NaN if either is NaN.
    fn max(self, other: Self) -> Self;
    /// `eˣ − 1`, exact near zero.
    fn exp_m1(self) -> Self;
    /// `ln(1 + x)`, exact near zero.
    fn ln_1p(self) -> Self;
    /// `ln(1 + eˣ)`, which neither overflows nor loses digits.
    fn softplus(self) -> Self;
    /// `x` to the power of another number; `0⁰ = 1`.
    fn pow(self, exponent: Self) -> Self;
    /// `tan x`.
    fn tan(self) -> Self;
    /// The angle in [−π/2, π/2] with this sine.
    fn asin(self) -> Self;
    /// The angle in [0, π] with this cosine.
    fn acos(self) -> Self;
    /// The angle in (−π/2, π/2) with this tangent.
    fn atan(self) -> Self;
    /// The angle in [−π, π] of the point `(x, y)`, where `y` is this number.
    fn atan2(self, x: Self) -> Self;
    /// The number with this hyperbolic sine.
    fn asinh(self) -> Self;
    /// The number ≥ 0 with this hyperbolic cosine; NaN below 1.
    fn acosh(self) -> Self;
    /// The number with this hyperbolic tangent; NaN outside [−1, 1].
    fn atanh(self) -> Self;
    /// The next integer below.
    fn floor(self) -> Self;
    /// The next integer above.
    fn ceil(self) -> Self;
    /// The nearest integer; of two, the even one.
    fn round(self) -> Self;
    /// The error function.
    fn erf(self) -> Self;
    /// `ln |Γ(x)|`.
    fn ln_gamma(self) -> Self;

    /// Whether sine, cosine and tangent need no more than the steps of [`fast`](crate::fast).
    #[doc(hidden)]
    fn is_near(self) -> bool;
    #[doc(hidden)]
    fn pool() -> &'static Pool<Self>;
}

/// Methods that the standard library has under the same name.
macro_rules! standard {
    ($($name:ident)+) => {
        $(
            #[inline(always)]
            fn $name(self) -> Self {
                Float::$name(self)
            }
        )+
    };
}

/// Methods that the standard library has as well, and ours is a loop that can be vectorized.
macro_rules! fast {
    ($($name:ident $(($more:ident: $t:ty))?)+) => {
        $(
            #[inline(always)]
            fn $name(self $(, $more: $t)?) -> Self {
                crate::fast::$name(self $(, $more)?)
            }
        )+
    };
}

macro_rules! real {
    ($t:ty, { $($powi:tt)* }) => {
        impl Scalar for $t {
            standard!(abs sqrt);
            fast!(exp ln sin cos tanh sinh cosh sigmoid sigmoid_slope sech2 gaussian(rate: f64) erfc normal_cdf);
            $($powi)*
            #[inline(always)]
            fn lit(self, value: f64) -> Self {
                value as $t
            }
            #[inline(always)]
            fn sign(self) -> Self {
                if self > 0.0 {
                    1.0
                } else if self < 0.0 {
                    -1.0
                } else {
                    // Zero keeps its sign and NaN stays NaN.
                    self
                }
            }
            #[inline(always)]
            fn step(self) -> Self {
                if self > 0.0 { 1.0 } else { 0.0 }
            }
            #[inline(always)]
            fn other_leg(self) -> Self {
                Float::sqrt((1.0 - self) * (1.0 + self))
            }
            #[inline(always)]
            fn hypotenuse(self) -> Self {
                let x = Float::abs(self);
                // Beside a square as large as this, 1 is lost to rounding.
                if x > 1.0 / <$t>::EPSILON { x } else { Float::sqrt(1.0 + x * x) }
            }
            #[inline(always)]
            fn coin_variance(self) -> Self {
                if (0.0..=1.0).contains(&self) { self * (1.0 - self) } else { <$t>::NAN }
            }
            #[inline(always)]
            fn powf(self, p: f64) -> Self {
                self.powf_derivative(p, 0)
            }
            fn powf_derivative(self, p: f64, order: u32) -> Self {
                // In double precision: an exponent that is rounded changes the power of a large number.
                Pow { by_base: order, by_exponent: 0 }.at(self as f64, p) as $t
            }
            // In double precision for both types.
            fn polygamma(self, n: u32) -> Self {
                polygamma(n, self as f64) as $t
            }
            #[inline(always)]
            fn clamp(self, low: f64, high: f64) -> Self {
                let (low, high) = (low as $t, high as $t);
                // Two plain comparisons let NaN through.
                if self < low {
                    low
                } else if self > high {
                    high
                } else {
                    self
                }
            }
            #[inline(always)]
            fn where_positive(self, a: Self, b: Self) -> Self {
                if self > 0.0 { a } else { b }
            }
        }

        impl Real for $t {
            const EPSILON: Self = <$t>::EPSILON;
            const INFINITY: Self = <$t>::INFINITY;
            const NAN: Self = <$t>::NAN;

            standard!(floor ceil);
            fast!(exp_m1 ln_1p softplus tan asin acos atan asinh acosh atanh erf);
            #[inline(always)]
            fn of(value: f64) -> Self {
                value as $t
            }
            #[inline(always)]
            fn as_f64(self) -> f64 {
                self as f64
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                <$t>::is_finite(self)
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                <$t>::is_nan(self)
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                // `Float::max` would drop a NaN silently.
                if self > other || self.is_nan() { self } else { other }
            }
            #[inline(always)]
            fn pow(self, exponent: Self) -> Self {
                Float::powf(self, exponent)
            }
            #[inline(always)]
            fn atan2(self, x: Self) -> Self {
                Float::atan2(self, x)
            }
            #[inline(always)]
            fn round(self) -> Self {
                self.round_ties_even()
            }
            fn ln_gamma(self) -> Self {
                libm::lgamma(self as f64) as $t
            }
            #[inline(always)]
            fn is_near(self) -> bool {
                crate::fast::is_near(self)
            }
            fn pool() -> &'static Pool<Self> {
                static POOL: Pool<$t> = Pool::new();
                &POOL
            }
        }
    };
}

real!(f32, {
    #[inline(always)]
    fn powi(self, n: i32) -> Self {
        // Many factors, one rounding.
        Float::powi(self as f64, n) as f32
    }
});
real!(f64, {
    #[inline(always)]
    fn powi(self, n: i32) -> Self {
        // Each factor rounds, and the reciprocal of a large power may be lost.
        if (-1..=4).contains(&n) { Float::powi(self, n) } else { Float::powf(self, n.into()) }
    }
});
