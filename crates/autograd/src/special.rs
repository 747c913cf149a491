//! Special functions in double precision: the bell curve and its integral, and the polygamma functions, all
//! derivatives of `ln Γ`.
//!
//! > `ψₙ(x) = dⁿ⁺¹/dxⁿ⁺¹ ln Γ(x)`;  `ψ₀` is the digamma function.
//!
//! Three steps, each exact but for rounding (Abramowitz and Stegun, chapter 6.4):
//!
//! 1. below zero, reflect: `ψₙ(x) = (−1)ⁿ ψₙ(1 − x) − π dⁿ/dxⁿ cot πx`;
//! 2. for small `x`, climb: `ψₙ(x) = ψₙ(x + 1) + (−1)ⁿ⁺¹ n! / xⁿ⁺¹`;
//! 3. for large `x`, the asymptotic series.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// `e^(−rate x²)` for a rate that is a power of 2. With a head `h` of half the digits the square is exact:
/// `x² = h² + (x − h)(x + h)`. Rounded, it would cost as many digits as it has before the point.
pub(crate) fn gaussian(x: f64, rate: f64) -> f64 {
    const FAR: f64 = 1e3; // where all has vanished; NaN passes
    let x = if x.abs() > FAR { FAR } else { x };
    let head = f64::from_bits(x.to_bits() >> 27 << 27);
    (-rate * (head * head)).exp() * (-rate * ((x - head) * (x + head))).exp()
}

/// `Φ(x) = ½ erfc(−x/√2)`. What the quotient loses by rounding is made up for with the slope of `erfc`.
pub(crate) fn normal_cdf(x: f64) -> f64 {
    /// The rest that `FRAC_1_SQRT_2` lacks to `1/√2`.
    const REST: f64 = -4.833_646_656_726_457e-17;
    const TWICE_DENSITY_AT_0: f64 = 0.797_884_560_802_865_4; // √(2/π)
    let quotient = -x * FRAC_1_SQRT_2;
    let value = libm::erfc(quotient);
    if x > 0.0 || value == 0.0 {
        return 0.5 * value;
    }
    // e^(−q²) 2/√π, times the error of q.
    let error = (-x).mul_add(FRAC_1_SQRT_2, -quotient) - x * REST;
    0.5 * value - TWICE_DENSITY_AT_0 * FRAC_1_SQRT_2 * gaussian(x, 0.5) * error
}

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
mod tests {
    use super::polygamma;

    /// Correct to the last digit, from arithmetic with fifty digits (mpmath 1.3).
    #[rustfmt::skip]
    const KNOWN: &[(u32, f64, f64)] = &[
        (0, 0.001, -1_000.575_571_931_810_3),
        (0, 0.1, -10.423_754_940_411_076),
        (0, 1.0, -0.577_215_664_901_532_9),
        (0, 2.5, 0.703_156_640_645_243_2),
        (0, 11.999, 2.442_574_774_329_119),
        (0, 1e3, 6.907_255_195_648_812),
        (0, 1e15, 34.538_776_394_910_684),
        (0, -0.5, 0.036_489_973_978_576_52),
        (0, -3.7, -0.845_076_858_870_419_4),
        (0, -1000.3, 9.191_055_669_255_658),
        (1, 0.001, 1_000_001.642_533_195_8),
        (1, 0.3, 12.245_364_546_107_732),
        (1, 1.0, 1.644_934_066_848_226_4),
        (1, 7.25, 0.147_879_233_158_932_17),
        (1, 1e8, 1.000000005e-8),
        (1, -0.25, 18.541_879_647_671_607),
        (1, -6.1, 103.204_611_529_831_6),
        (2, 0.4, -32.239_128_623_578_35),
        (2, 1.0, -2.404_113_806_319_188_5),
        (2, 30.5, -0.001_110_802_668_935_941_7),
        (2, -1.6, -22.491_588_114_319_12),
        (3, 0.7, 25.879_149_678_427_737),
        (3, 5.0, 0.021_427_828_192_755_075),
        (3, -2.2, 3_768.520_540_634_75),
        (4, 0.7, -144.708_253_643_024_65),
        (4, -0.9, -2_399_974.962_992_458),
        (7, 0.2, 1_968_751_181.850_584_3),
        (7, 3.5, 0.262_221_952_523_131_35),
        (7, -0.3, 76_905_059.633_761_32),
        (12, 1.5, -2_464_477.609_426_828_6),
        (30, 2.75, -6.373_464_429_171_319e18),
        // Half-integers, where the cotangent is 0.
        (2, -9.5, -0.009_975_144_247_715_17),
        (3, -4.5, 194.802_491_475_329),
        // n! is beyond the largest number, or xⁿ⁺¹ is.
        (50, 1e7, -6.082_833_847_402_202e-288),
        (170, 300.0, -4.335_360_007_808_032e-117),
        (200, 300.0, -2.034_303_512_767_49e-123),
    ];

    #[test]
    fn known_values() {
        for &(n, x, expected) in KNOWN {
            let value = polygamma(n, x);
            // Digamma passes through zero, where only the absolute error is small. Higher orders
            // magnify the rounding of 1/x by their order.
            let scale = if n == 0 { expected.abs().max(1.0) } else { expected.abs() };
            let error = (value - expected).abs() / scale;
            assert!(error < 1e-15 * f64::from(n + 3), "ψ{n}({x}) = {value:e}, error {error:e}");
        }
    }

    #[test]
    fn poles_and_limits() {
        for pole in [0.0, -0.0, -1.0, -7.0] {
            assert!(polygamma(0, pole).is_nan() && polygamma(2, pole).is_nan());
            assert_eq!((polygamma(1, pole), polygamma(3, pole)), (f64::INFINITY, f64::INFINITY));
        }
        // So near to a pole that 1/x is infinite.
        assert_eq!((polygamma(0, -1e-310), polygamma(0, 1e-310)), (f64::INFINITY, f64::NEG_INFINITY));
        assert_eq!((polygamma(1, -1e-310), polygamma(2, -1e-310)), (f64::INFINITY, f64::INFINITY));
        assert_eq!(polygamma(0, f64::INFINITY), f64::INFINITY);
        assert_eq!((polygamma(1, f64::INFINITY), polygamma(2, f64::INFINITY)), (0.0, 0.0));
        assert!(polygamma(0, f64::NAN).is_nan() && polygamma(1, f64::NAN).is_nan());
    }
}
