//! The vocabulary of a formula: [`Scalar`].
//!
//! A derivative formula such as `−y²` is written once, for any [`Scalar`]. With `S = f32` it is
//! one fused loop over memory; with `S = Var` it is recorded on the tape, so that it can be
//! differentiated again.
//!
//! ```
//! use autograd::{Scalar, Tape};
//!
//! fn slope_of_reciprocal<S: Scalar>(y: S) -> S {
//!     -(y * y)
//! }
//!
//! assert_eq!(slope_of_reciprocal(0.5), -0.25); // of a number
//! let tape = Tape::<f64>::new();
//! let y = tape.var(0.5); // of a variable, with a derivative of its own
//! assert_eq!(slope_of_reciprocal(y).backward().wrt(y).item(), -1.0);
//! ```

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::sealed::Sealed;

/// Arithmetic and functions that a formula may use, of an `f32`, an `f64` or a [`Var`](crate::Var). No other type
/// implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot take the place of a number in a formula",
    label = "neither a number nor a variable",
    note = "a formula is of `f32`, `f64` or variables (`Var`); its constants are made by `x.lit(0.5)`"
)]
pub trait Scalar:
    Sealed
    + Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
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
    /// `√(1 − x²)`, the other leg of a right triangle with hypotenuse 1; exact also near ±1.
    fn other_leg(self) -> Self;
    /// `√(1 + x²)`, the hypotenuse of a right triangle with legs 1 and `x`; `x²` may be beyond the largest number.
    fn hypotenuse(self) -> Self;
    /// `x (1 − x)` for probabilities `x`, NaN outside [0, 1]; its derivative is exact near ½.
    fn coin_variance(self) -> Self;
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
    /// `sinh x`.
    fn sinh(self) -> Self;
    /// `cosh x`.
    fn cosh(self) -> Self;
    /// The logistic function `1 / (1 + e⁻ˣ)`.
    fn sigmoid(self) -> Self;
    /// `1 / cosh² x`, the slope of `tanh`; exact also in the tails, where `1 − tanh² x` cancels.
    fn sech2(self) -> Self;
    /// `σ(x) σ(−x)`, the slope of `sigmoid`; exact also in the tails, where `y (1 − y)` cancels.
    fn sigmoid_slope(self) -> Self;
    /// `e^(−rate x²)` for a rate that is a power of 2; exact also in the tails, where `x²` must not be rounded.
    fn gaussian(self, rate: f64) -> Self;
    /// The normal distribution function `Φ(x) = ½ erfc(−x/√2)`; exact also in the lower tail.
    fn normal_cdf(self) -> Self;
    /// `xⁿ`.
    fn powi(self, n: i32) -> Self;
    /// `xᵖ`.
    fn powf(self, p: f64) -> Self;
    /// The derivative of this order of `xᵖ`; 0 where it is of a whole power and none is left.
    fn powf_derivative(self, p: f64, order: u32) -> Self;
    /// The complementary error function `1 − erf x`, exact also where it is tiny.
    fn erfc(self) -> Self;
    /// The derivative of order `n + 1` of `ln Γ(x)`.
    fn polygamma(self, n: u32) -> Self;
    /// `x`, but not below `low` and not above `high`. NaN stays.
    fn clamp(self, low: f64, high: f64) -> Self;
    /// `a` where `x > 0`, else `b`. What is not taken has no influence, not even as NaN.
    fn where_positive(self, a: Self, b: Self) -> Self;
}
