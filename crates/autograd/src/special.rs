//! The polygamma functions in double precision: all derivatives of `ln Γ`.
//!
//! > `ψₙ(x) = dⁿ⁺¹/dxⁿ⁺¹ ln Γ(x)`;  `ψ₀` is the digamma function.
//!
//! Three steps, each exact but for rounding (Abramowitz and Stegun, chapter 6.4):
//!
//! 1. below zero, reflect: `ψₙ(x) = (−1)ⁿ ψₙ(1 − x) − π dⁿ/dxⁿ cot πx`;
//! 2. for small `x`, climb: `ψₙ(x) = ψₙ(x + 1) + (−1)ⁿ⁺¹ n! / xⁿ⁺¹`;
//! 3. for large `x`, the asymptotic series.

use std::f64::consts::PI;

/// The Bernoulli numbers `B₂, B₄, … B₂₄`.
const BERNOULLI: [f64; 12] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174611.0 / 330.0,
    854513.0 / 138.0,
    -236364091.0 / 2730.0,
];

/// `ψₙ(x)`. At the poles 0, −1, −2 … it is `+∞` for odd `n`; for even `n`, where the sign jumps, NaN.
pub(crate) fn polygamma(n: u32, x: f64) -> f64 {
    let even = n.is_multiple_of(2);
    if x <= 0.0 {
        if x == x.round() {
            return if even { f64::NAN } else { f64::INFINITY };
        }
        let mirrored = polygamma(n, 1.0 - x);
        return if even { mirrored } else { -mirrored } - PI * cotangent(n, x);
    }
    let order = f64::from(n);
    // m! / xᵐ⁺¹, factor by factor: the factorial alone could overflow, and the power vanish.
    let term = |m: u32, x: f64| (1..=m).fold(x.recip(), |product, k| product * (f64::from(k) / x));
    // Far enough out that twelve terms of the series leave less than the rounding.
    let steps = (12.0 + order - x).ceil().max(0.0);
    let z = x + steps;
    // All of it up to the sign (−1)ⁿ⁺¹. The smallest terms are added first.
    let first = if n == 0 { -z.ln() } else { term(n - 1, z) };
    let last = term(n, z);
    let mut factor = (order + 1.0) / (2.0 * z) * last;
    let mut series = 0.0;
    for (j, number) in (1..).zip(BERNOULLI) {
        series += number * factor;
        let j = 2.0 * f64::from(j);
        factor *= (order + j) * (order + j + 1.0) / ((j + 1.0) * (j + 2.0) * z * z);
    }
    let mut total = series + 0.5 * last + first;
    for k in (0..steps as u32).rev() {
        total += term(n, x + f64::from(k));
    }
    if even { -total } else { total }
}

/// `dⁿ/dxⁿ cot πx = πⁿ Pₙ(cot πx)` with the polynomials `P₀ = c`, `Pₙ₊₁ = −(1 + c²) Pₙ′`.
fn cotangent(n: u32, x: f64) -> f64 {
    let mut coefficients = vec![0.0, 1.0];
    for _ in 0..n {
        let slope: Vec<f64> = (1..).zip(&coefficients[1..]).map(|(k, c)| f64::from(k) * c).collect();
        coefficients = vec![0.0; slope.len() + 2];
        for (k, s) in slope.iter().enumerate() {
            coefficients[k] -= s;
            coefficients[k + 2] -= s;
        }
    }
    // The period is 1; subtracting the nearest integer is exact. Far from it, cot πx = tan π(½ − x) is near its zero.
    let x = x - x.round();
    let c = if x.abs() < 0.25 { (PI * x).tan().recip() } else { (PI * (0.5 - x.abs())).tan().copysign(x) };
    let polynomial = coefficients.iter().copied().rev().reduce(|sum, coefficient| sum * c + coefficient);
    PI.powi(n as i32) * polynomial.expect("a coefficient")
}

#[cfg(test)]
mod tests;
