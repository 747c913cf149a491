//! The numbers: [`Scalar`], the vocabulary of a formula, and [`Real`], the two element types.
//!
//! A derivative formula such as `1 − y²` is written once, for any [`Scalar`]. With `S = f32` it is
//! one fused loop over memory; with `S = Var` it is recorded on the tape, so that it can be
//! differentiated again.

use std::fmt::{Debug, Display, LowerExp};
use std::iter::Sum;
use std::ops::{Add, Div, Mul, Neg, Sub};

use num_traits::{Float, FloatConst, NumAssign, NumCast};

use crate::tensor::Pool;

/// What a formula may do with a number, whether it is an `f32`, an `f64` or a [`Var`](crate::Var).
pub trait Scalar:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// The constant `value`, of the same kind (and, for a variable, shape) as `self`.
    fn lit(self, value: f64) -> Self;
    /// `|x|`.
    fn abs(self) -> Self;
    /// `−1`, `0` or `1`. Its derivative is stated to be zero, also at the jump.
    fn sign(self) -> Self;
    /// `1` where `x > 0`, else `0`. Its derivative is stated to be zero, also at the jump.
    fn step(self) -> Self;
    /// `√x`.
    fn sqrt(self) -> Self;
    /// `eˣ`.
    fn exp(self) -> Self;
    /// The natural logarithm.
    fn ln(self) -> Self;
    /// `sin x`.
    fn sin(self) -> Self;
    /// `cos x`.
    fn cos(self) -> Self;
    /// `tanh x`.
    fn tanh(self) -> Self;
    /// The logistic function `1 / (1 + e⁻ˣ)`.
    fn sigmoid(self) -> Self;
}

/// The element types of tensors: `f32` and `f64`.
///
/// This is the one type parameter of the crate. Constants in formulas are always `f64` and are
/// converted by [`Real::of`].
pub trait Real:
    Scalar
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
    /// The larger of the two; NaN if either is NaN.
    fn max(self, other: Self) -> Self;
    /// `ln(1 + x)`, exact near zero.
    fn ln_1p(self) -> Self;

    #[doc(hidden)]
    fn pool() -> &'static Pool<Self>;
}

macro_rules! real {
    ($t:ty) => {
        impl Scalar for $t {
            #[inline(always)]
            fn lit(self, value: f64) -> Self {
                value as $t
            }
            #[inline(always)]
            fn abs(self) -> Self {
                Float::abs(self)
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
            fn sqrt(self) -> Self {
                Float::sqrt(self)
            }
            #[inline(always)]
            fn exp(self) -> Self {
                Float::exp(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                Float::ln(self)
            }
            #[inline(always)]
            fn sin(self) -> Self {
                Float::sin(self)
            }
            #[inline(always)]
            fn cos(self) -> Self {
                Float::cos(self)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                Float::tanh(self)
            }
            #[inline(always)]
            fn sigmoid(self) -> Self {
                // e^(−|x|) never overflows; the two branches are the same function.
                let e = Float::exp(-Float::abs(self));
                let r = 1.0 / (1.0 + e);
                if self < 0.0 { e * r } else { r }
            }
        }

        impl Real for $t {
            const EPSILON: Self = <$t>::EPSILON;
            const INFINITY: Self = <$t>::INFINITY;
            const NAN: Self = <$t>::NAN;

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
            fn max(self, other: Self) -> Self {
                // `Float::max` would drop a NaN silently.
                if self > other || self.is_nan() { self } else { other }
            }
            #[inline(always)]
            fn ln_1p(self) -> Self {
                Float::ln_1p(self)
            }
            fn pool() -> &'static Pool<Self> {
                static POOL: Pool<$t> = Pool::new();
                &POOL
            }
        }
    };
}

real!(f32);
real!(f64);
