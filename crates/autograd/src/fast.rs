//! Elementary functions of `f32`, in arithmetic that the compiler can vectorise.
//!
//! The standard library calls a function for every number. Here a function is a short polynomial without
//! branches, evaluated in double precision: its error (10⁻¹¹) is far below the last place of an `f32`, so
//! the result is the right one or, once in a million times, its neighbour. The tests compare a million
//! numbers for each function with the standard library in double precision: within 0.501 units in the last
//! place.

use std::f64::consts::{LN_2, LOG2_E, SQRT_2};

/// Adding this rounds a small number to an integer, which stands in the lowest bits of the sum.
const ROUND: f64 = 1.5 * (1u64 << 52) as f64;

/// `eˣ = 2ᵏ eʳ` with `|r| ≤ ½ ln 2`, by Taylor's series of `eʳ`.
#[inline(always)]
fn exp_64(x: f64) -> f64 {
    // Beyond these eˣ and e⁻ˣ are 0 or ∞ in single precision. NaN passes.
    let x = if x > 200.0 { 200.0 } else { x };
    let x = if x < -200.0 { -200.0 } else { x };
    let shifted = x * LOG2_E + ROUND;
    let r = x - (shifted - ROUND) * LN_2;
    // 2ᵏ has k in its exponent, which begins at bit 52.
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0_f64.to_bits()));
    const C: [f64; 9] = [
        1.0,
        1.0 / 2.0,
        1.0 / 6.0,
        1.0 / 24.0,
        1.0 / 120.0,
        1.0 / 720.0,
        1.0 / 5040.0,
        1.0 / 40_320.0,
        1.0 / 362_880.0,
    ];
    power * (1.0 + r * polynomial(r, C))
}

/// `eˣ − 1`.
#[inline(always)]
fn exp_m1_64(x: f64) -> f64 {
    // Near 0 the difference would cancel.
    let near = x * polynomial(x, [1.0, 1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0]);
    let far = exp_64(x) - 1.0;
    if x.abs() < 0.03 { near } else { far }
}

/// `ln x = k ln 2 + ln m` with `m` between `√½` and `√2`, and `ln m = 2 artanh s`, `s = (m − 1) / (m + 1)`.
#[inline(always)]
fn ln_64(x: f64) -> f64 {
    const MIDDLE: u64 = (SQRT_2 / 2.0).to_bits();
    let above = x.to_bits().wrapping_sub(MIDDLE);
    let k = ((above as i64) >> 52) as i32;
    let m = f64::from_bits((above & ((1 << 52) - 1)) + MIDDLE);
    let s = (m - 1.0) / (m + 1.0);
    const C: [f64; 8] = [2.0, 2.0 / 3.0, 2.0 / 5.0, 2.0 / 7.0, 2.0 / 9.0, 2.0 / 11.0, 2.0 / 13.0, 2.0 / 15.0];
    let y = f64::from(k) * LN_2 + s * polynomial(s * s, C);
    let y = if x < f64::INFINITY { y } else { x }; // ∞ and NaN
    let y = if x > 0.0 { y } else { f64::NAN };
    if x == 0.0 { f64::NEG_INFINITY } else { y }
}

/// `c₀ + c₁ x + c₂ x² + …`
#[inline(always)]
fn polynomial<const N: usize>(x: f64, c: [f64; N]) -> f64 {
    let mut y = c[N - 1];
    for i in (0..N - 1).rev() {
        y = y * x + c[i];
    }
    y
}

#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    exp_64(x.into()) as f32
}

#[inline(always)]
pub(crate) fn exp_m1(x: f32) -> f32 {
    // In single precision −0 stays −0.
    if x == 0.0 { x } else { exp_m1_64(x.into()) as f32 }
}

#[inline(always)]
pub(crate) fn ln(x: f32) -> f32 {
    ln_64(x.into()) as f32
}

#[inline(always)]
pub(crate) fn ln_1p(x: f32) -> f32 {
    let x = f64::from(x);
    // Near 0 the sum would lose digits.
    let near = x * polynomial(x, [1.0, -1.0 / 2.0, 1.0 / 3.0]);
    let far = ln_64(1.0 + x);
    (if x.abs() < 1e-4 { near } else { far }) as f32
}

/// `tanh x = −e / (2 + e)` with `e = e^(−2|x|) − 1`, and the sign of `x`.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let e = exp_m1_64(-2.0 * f64::from(x).abs());
    ((-e / (2.0 + e)) as f32).copysign(x)
}

/// `1 / (1 + e⁻ˣ)`.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    (1.0 / (1.0 + exp_64(-f64::from(x)))) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error of `got` in units of the last place of the nearest `f32`.
    fn ulps(got: f32, exact: f64) -> f64 {
        if got.is_nan() && exact.is_nan() || f64::from(got) == exact {
            return 0.0;
        }
        let nearest = exact as f32;
        if nearest.is_infinite() || exact.abs() > f32::MAX.into() {
            return if got == nearest { 0.0 } else { f64::INFINITY };
        }
        let above = f32::from_bits(nearest.abs().to_bits() + 1);
        (f64::from(got) - exact).abs() / (f64::from(above) - f64::from(nearest.abs()))
    }

    type Pair = (&'static str, fn(f32) -> f32, fn(f64) -> f64);

    const FUNCTIONS: [Pair; 6] = [
        ("exp", exp, f64::exp),
        ("exp_m1", exp_m1, f64::exp_m1),
        ("ln", ln, f64::ln),
        ("ln_1p", ln_1p, f64::ln_1p),
        ("tanh", tanh, f64::tanh),
        ("sigmoid", sigmoid, |x| if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }),
    ];

    #[test]
    fn within_half_a_unit_in_the_last_place() {
        for (name, ours, exact) in FUNCTIONS {
            // Numbers of all magnitudes and both signs: every 4001st bit pattern, a million of them.
            let mut worst = (0.0, 0.0);
            for bits in (0..=u32::MAX).step_by(4001) {
                let x = f32::from_bits(bits);
                let error = ulps(ours(x), exact(x.into()));
                if error > worst.0 {
                    worst = (error, x);
                }
            }
            // And the numbers that are met most.
            for i in -400_000..400_000 {
                let x = i as f32 * 1e-4;
                let error = ulps(ours(x), exact(x.into()));
                if error > worst.0 {
                    worst = (error, x);
                }
            }
            assert!(worst.0 < 0.501, "{name}: {:.4} units in the last place at {:e}", worst.0, worst.1);
        }
    }

    #[test]
    fn special_numbers() {
        for (name, ours, exact) in FUNCTIONS {
            for x in [
                0.0,
                -0.0,
                1.0,
                -1.0,
                f32::INFINITY,
                f32::NEG_INFINITY,
                f32::NAN,
                f32::MAX,
                f32::MIN_POSITIVE,
            ] {
                let (ours, exact) = (ours(x), exact(x.into()) as f32);
                assert!(
                    ours.to_bits() == exact.to_bits() || ours.is_nan() && exact.is_nan(),
                    "{name}({x}): {ours} {exact}"
                );
            }
        }
    }
}
