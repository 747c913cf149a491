//! Powers of `f32`, in double precision.

use super::{exp, ln};

/// `aᵇ = e^(b ln |a|)`, with the rules of C for zeros, infinities, NaN and negative bases.
#[inline(always)]
pub(crate) fn pow(a: f64, b: f64) -> f64 {
    let size = a.abs();
    let y = exp(b * ln(size));
    // An exponent of 0, and a base of 1 with an infinite exponent.
    let y = if b == 0.0 || size == 1.0 && !b.is_nan() { 1.0 } else { y };
    let y = if a == 1.0 { 1.0 } else { y };
    let (whole, half) = (b.floor() == b, 0.5 * b);
    let odd = whole && half.floor() != half;
    let y = if odd { y.copysign(a) } else { y };
    if a < 0.0 && !whole && a.is_finite() { f64::NAN } else { y }
}

/// The derivative by `a`, `b aᵇ⁻¹`; 0 for an exponent of 0.
#[inline(always)]
pub(crate) fn pow_by_base(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { b * pow(a, b - 1.0) }
}

/// The derivative by `b`, `aᵇ ln a`. At 0 it is stated to be 0 where the power is finite.
#[inline(always)]
pub(crate) fn pow_by_exponent(a: f64, b: f64) -> f64 {
    let y = pow(a, b) * ln(a);
    if a == 0.0 { if b < 0.0 { f64::NEG_INFINITY } else { 0.0 } } else { y }
}
