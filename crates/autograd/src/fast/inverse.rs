//! Inverse trigonometric and hyperbolic functions, and the hyperbolic ones.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, LN_2, PI, SQRT_2};

use super::{Fast, at_most, exp_of_small, ln, ln_1p, polynomial, reduced};

/// The polynomials that depend on the precision.
pub(crate) trait Inverse: Fast {
    /// `(sinh x − x) / x³` by `z = x² ≤ 1`.
    fn sinh_rest(z: Self) -> Self;
    /// `(arctan s − s) / s³` by `z = s² ≤ (√2 − 1)²`.
    fn atan_rest(z: Self) -> Self;
    /// `(arcsin s − s) / s³` by `z = s² ≤ ¼`.
    fn asin_rest(z: Self) -> Self;
    fn sqrt(self) -> Self;
}

/// `½ eˣ` for `x ≥ 0`, finite also where `eˣ` is not.
#[inline(always)]
fn half_exp<F: Fast>(x: F) -> F {
    let (r, k) = reduced(at_most(x, F::RANGE_OF_EXP[1] + F::of(1.0)));
    // ½ eˣ = 2 (2ᵏ⁻² eʳ): 2ᵏ⁻¹ may be too large.
    F::of(2.0) * (exp_of_small(r) * F::power(k, -2))
}

/// `sinh x = ½ eˣ − ½ e⁻ˣ`, near 0 a polynomial.
#[inline(always)]
pub(crate) fn sinh<F: Inverse>(x: F) -> F {
    let (t, z) = (x.abs(), x * x);
    let e = half_exp(t);
    let far = e - F::of(0.25) / e;
    (if t < F::of(1.0) { t + t * (z * F::sinh_rest(z)) } else { far }).copysign(x)
}

#[inline(always)]
pub(crate) fn cosh<F: Inverse>(x: F) -> F {
    let e = half_exp(x.abs());
    e + F::of(0.25) / e
}

/// `arctan t = a + arctan s` with `s = (t − tan a) / (1 + t tan a)` for `a = 0`, `π/4` or `π/2`, so that `|s| ≤ √2 − 1`.
#[inline(always)]
pub(crate) fn atan<F: Inverse>(x: F) -> F {
    let (t, one) = (x.abs(), F::of(1.0));
    let (low, high) = (t < F::of(SQRT_2 - 1.0), t > F::of(SQRT_2 + 1.0));
    let above = if low { t } else { t - one };
    let above = if high { -one } else { above };
    let below = if low { one } else { t + one };
    let below = if high { t } else { below };
    let (a, rest) = if low { (0.0, 0.0) } else { (FRAC_PI_4, F::REST_OF_PI / 4.0) };
    let (a, rest) = if high { (FRAC_PI_2, F::REST_OF_PI / 2.0) } else { (a, rest) };
    let s = above / below;
    let z = s * s;
    (F::of(a) + (s + (s * (z * F::atan_rest(z)) + F::of(rest)))).copysign(x)
}

/// `arcsin x`, and above ½ with `s = √((1 − x) / 2)`: `arcsin x = π/2 − 2 arcsin s`. Returns `arcsin` of `x` or `s`.
#[inline(always)]
fn asin_of_small<F: Inverse>(t: F) -> F {
    let half = F::of(0.5);
    let z = if t < half { t * t } else { half * (F::of(1.0) - t) };
    let s = if t < half { t } else { z.sqrt() };
    s + s * (z * F::asin_rest(z))
}

#[inline(always)]
pub(crate) fn asin<F: Inverse>(x: F) -> F {
    let t = x.abs();
    let y = asin_of_small(t);
    let far = F::of(FRAC_PI_2) - (F::of(2.0) * y - F::of(F::REST_OF_PI / 2.0));
    (if t < F::of(0.5) { y } else { far }).copysign(x)
}

#[inline(always)]
pub(crate) fn acos<F: Inverse>(x: F) -> F {
    let y = asin_of_small(x.abs());
    let near = F::of(FRAC_PI_2) - (y.copysign(x) - F::of(F::REST_OF_PI / 2.0));
    let twice = F::of(2.0) * y;
    let far = if x < F::of(0.0) { F::of(PI) - (twice - F::of(F::REST_OF_PI)) } else { twice };
    if x.abs() < F::of(0.5) { near } else { far }
}

/// `arsinh t = ln(1 + t + t² / (1 + √(1 + t²)))`; `ln 2t` where `t²` may be too large.
#[inline(always)]
pub(crate) fn asinh<F: Inverse>(x: F) -> F {
    let (t, one) = (x.abs(), F::of(1.0));
    let z = t * t;
    let near = ln_1p(t + z / (one + (one + z).sqrt()));
    let far = ln(t) + F::of(LN_2);
    (if t < F::of(F::LARGE) { near } else { far }).copysign(x)
}

/// `arcosh x = ln(1 + u + √(u (u + 2)))` with `u = x − 1`.
#[inline(always)]
pub(crate) fn acosh<F: Inverse>(x: F) -> F {
    let u = x - F::of(1.0);
    let near = ln_1p(u + (u * (u + F::of(2.0))).sqrt());
    let far = ln(x) + F::of(LN_2);
    let y = if x < F::of(F::LARGE) { near } else { far };
    if x < F::of(1.0) { F::NAN } else { y }
}

/// `artanh t = ½ ln(1 + 2t / (1 − t))`.
#[inline(always)]
pub(crate) fn atanh<F: Inverse>(x: F) -> F {
    let t = x.abs();
    (F::of(0.5) * ln_1p((t + t) / (F::of(1.0) - t))).copysign(x)
}

impl Inverse for f32 {
    #[inline(always)]
    fn sinh_rest(z: f32) -> f32 {
        polynomial(z, [0.166_666_67, 0.008_333_351, 0.000_198_359_62, 2.818_064e-6])
    }
    #[inline(always)]
    fn atan_rest(z: f32) -> f32 {
        polynomial(z, [-0.333_333_16, 0.199_984_85, -0.142_437_53, 0.105_952_11, -0.060_812_637])
    }
    #[inline(always)]
    fn asin_rest(z: f32) -> f32 {
        polynomial(z, [0.166_666_6, 0.075_005_114, 0.044_515_57, 0.031_819_128, 0.014_395_965, 0.037_575_71])
    }
    #[inline(always)]
    fn sqrt(self) -> f32 {
        self.sqrt()
    }
}

impl Inverse for f64 {
    #[inline(always)]
    fn sinh_rest(z: f64) -> f64 {
        const C: [f64; 8] = [
            0.166_666_666_666_666_66,
            0.008_333_333_333_333_333,
            0.000_198_412_698_412_695_76,
            2.755_731_922_412_694_5e-6,
            2.505_210_834_405_309e-8,
            1.605_905_091_137_792_5e-10,
            7.646_462_660_036_757e-13,
            2.848_766_402_347_482_6e-15,
        ];
        polynomial(z, C)
    }
    #[inline(always)]
    fn atan_rest(z: f64) -> f64 {
        const C: [f64; 12] = [
            -0.333_333_333_333_333_26,
            0.199_999_999_999_976_7,
            -0.142_857_142_853_880_6,
            0.111_111_110_881_801_41,
            -0.090_909_081_445_902_73,
            0.076_922_827_596_614_3,
            -0.066_662_267_675_993_79,
            0.058_770_218_621_495_57,
            -0.052_184_046_035_138_126,
            0.045_035_495_769_803_71,
            -0.033_474_444_676_775_75,
            0.015_195_125_446_668_957,
        ];
        polynomial(z, C)
    }
    #[inline(always)]
    fn asin_rest(z: f64) -> f64 {
        const C: [f64; 13] = [
            0.166_666_666_666_667_63,
            0.074_999_999_999_701_68,
            0.044_642_857_175_213_733,
            0.030_381_942_678_893_898,
            0.022_372_215_802_830_553,
            0.017_351_597_340_130_843,
            0.013_980_996_889_290_585,
            0.011_397_465_253_313_368,
            0.010_788_389_263_860_117,
            0.003_675_565_038_664_62,
            0.021_782_784_382_594_05,
            -0.021_106_116_856_297_347,
            0.032_695_861_276_548_34,
        ];
        polynomial(z, C)
    }
    #[inline(always)]
    fn sqrt(self) -> f64 {
        self.sqrt()
    }
}
