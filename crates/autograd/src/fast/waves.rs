//! Sine, cosine and tangent.

use super::{Fast, polynomial};

/// The parts of π/2 and the polynomials that depend on the precision.
pub(crate) trait Wave: Fast {
    /// Numbers below this are reduced by `π/2` in the parts below, whose multiples are exact.
    const NEAR: f64;
    /// `x − k π/2`.
    fn minus_quarters(self, k: Self) -> Self;
    /// `(sin r − r) / r³` by `z = r²`, for `|r| ≤ π/4`.
    fn sin_rest(z: Self) -> Self;
    /// `(cos r − 1 + ½ r²) / r⁴`.
    fn cos_rest(z: Self) -> Self;
    /// This number, negative if the second bit of `shifted` is set; the other one if the first is not.
    fn quadrant(even: Self, odd: Self, shifted: Self, turn: u32) -> Self;
    fn far_sin(self) -> Self;
    fn far_cos(self) -> Self;
    fn far_tan(self) -> Self;
}

/// Whether a function of this file needs no more than the arithmetic of its fast path. A loop over such numbers alone is
/// vectorized.
#[inline(always)]
pub(crate) fn is_near<F: Wave>(x: F) -> bool {
    x.abs() < F::of(F::NEAR)
}

/// `r = x − k π/2` with `|r| ≤ π/4`; `sin r` and `cos r`; and `k` in the lowest bits of a number.
#[inline(always)]
fn parts<F: Wave>(x: F) -> (F, F, F) {
    let shifted = x * F::of(std::f64::consts::FRAC_2_PI) + F::ROUND;
    let r = x.minus_quarters(shifted - F::ROUND);
    let z = r * r;
    let cos = F::of(1.0) - (F::of(0.5) * z - z * z * F::cos_rest(z));
    (r + r * (z * F::sin_rest(z)), cos, shifted)
}

#[inline(always)]
pub(crate) fn sin<F: Wave>(x: F) -> F {
    if !is_near(x) {
        return x.far_sin();
    }
    let (sin, cos, k) = parts(x);
    // −0 stays −0.
    if x == F::of(0.0) { x } else { F::quadrant(sin, cos, k, 0) }
}

#[inline(always)]
pub(crate) fn cos<F: Wave>(x: F) -> F {
    if !is_near(x) {
        return x.far_cos();
    }
    let (sin, cos, k) = parts(x);
    F::quadrant(sin, cos, k, 1)
}

#[inline(always)]
pub(crate) fn tan<F: Wave>(x: F) -> F {
    if !is_near(x) {
        return x.far_tan();
    }
    let (sin, cos, k) = parts(x);
    if x == F::of(0.0) { x } else { F::quadrant(sin, cos, k, 0) / F::quadrant(sin, cos, k, 1) }
}

/// Methods that are the same but for the types.
macro_rules! same {
    ($t:ty, $bits:ty) => {
        #[inline(always)]
        fn quadrant(even: $t, odd: $t, shifted: $t, turn: u32) -> $t {
            let k = shifted.to_bits().wrapping_add(turn as $bits);
            let y = if k & 1 == 0 { even } else { odd };
            <$t>::from_bits(y.to_bits() ^ (k >> 1 << (<$bits>::BITS - 1)))
        }
        #[cold]
        fn far_sin(self) -> $t {
            self.sin()
        }
        #[cold]
        fn far_cos(self) -> $t {
            self.cos()
        }
        #[cold]
        fn far_tan(self) -> $t {
            self.tan()
        }
    };
}

impl Wave for f32 {
    same!(f32, u32);
    const NEAR: f64 = 6400.0;

    #[inline(always)]
    fn minus_quarters(self, k: f32) -> f32 {
        const C: [f32; 4] = [1.570_312_5, 4.837_513e-4, 7.549_533_6e-8, 2.563_344e-12];
        (((self - k * C[0]) - k * C[1]) - k * C[2]) - k * C[3]
    }
    #[inline(always)]
    fn sin_rest(z: f32) -> f32 {
        polynomial(z, [-0.166_666_67, 0.008_333_329, -0.000_198_393_2, 2.718_163e-6])
    }
    #[inline(always)]
    fn cos_rest(z: f32) -> f32 {
        polynomial(z, [0.041_666_646, -0.001_388_735_6, 2.443_703_7e-5])
    }
}

impl Wave for f64 {
    same!(f64, u64);
    const NEAR: f64 = 1e6;

    #[inline(always)]
    fn minus_quarters(self, k: f64) -> f64 {
        const C: [f64; 3] = [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_795_950_6e-21];
        ((self - k * C[0]) - k * C[1]) - k * C[2]
    }
    #[inline(always)]
    fn sin_rest(z: f64) -> f64 {
        const C: [f64; 7] = [
            -0.166_666_666_666_666_66,
            0.008_333_333_333_333_323,
            -0.000_198_412_698_412_548_6,
            2.755_731_921_407_945_7e-6,
            -2.505_210_488_168_113_3e-8,
            1.605_836_269_907_218_9e-10,
            -7.578_497_730_437_229e-13,
        ];
        polynomial(z, C)
    }
    #[inline(always)]
    fn cos_rest(z: f64) -> f64 {
        const C: [f64; 6] = [
            0.041_666_666_666_666_595,
            -0.001_388_888_888_887_384_7,
            2.480_158_728_929_957e-5,
            -2.755_731_429_712_354_4e-7,
            2.087_571_546_311_993e-9,
            -1.135_922_876_917_833_5e-11,
        ];
        polynomial(z, C)
    }
}
