//! The differences between `f32` and `f64`.

use super::{Fast, polynomial};

/// Methods that are the same but for the type.
macro_rules! same {
    ($t:ty) => {
        const SMALLEST_NORMAL: Self = <$t>::MIN_POSITIVE;
        const INFINITY: Self = <$t>::INFINITY;
        const NAN: Self = <$t>::NAN;

        #[inline(always)]
        fn of(value: f64) -> Self {
            value as $t
        }
        #[inline(always)]
        fn abs(self) -> Self {
            <$t>::abs(self)
        }
        #[inline(always)]
        fn copysign(self, sign: Self) -> Self {
            <$t>::copysign(self, sign)
        }
    };
}

impl Fast for f32 {
    same!(f32);
    const ROUND: f32 = 1.5 * (1u32 << 23) as f32;
    const LN_2: [f32; 2] = [355.0 / 512.0, (std::f64::consts::LN_2 - 355.0 / 512.0) as f32];
    const RANGE_OF_EXP: [f32; 2] = [-104.0, 89.0];
    const FAR: f32 = 20.0;
    const LIFT: (f32, i32) = ((1u128 << 64) as f32, 64);
    const TINY: f32 = 1e-7;
    const REST_OF_PI: f64 = std::f64::consts::PI - std::f32::consts::PI as f64;
    const LARGE: f64 = 1e8;

    #[inline(always)]
    fn split(self) -> (f32, f32) {
        const MIDDLE: u32 = std::f32::consts::FRAC_1_SQRT_2.to_bits();
        let above = self.to_bits().wrapping_sub(MIDDLE);
        let k = ((above as i32) >> 23) as f32;
        (k, f32::from_bits((above & ((1 << 23) - 1)) + MIDDLE) - 1.0)
    }
    #[inline(always)]
    fn power(shifted: f32, more: i32) -> f32 {
        f32::from_bits((shifted.to_bits() << 23).wrapping_add(((127 + more) as u32) << 23))
    }
    #[inline(always)]
    fn scaled(e: f32, shifted: f32) -> f32 {
        let k = shifted.to_bits() as i32 - Self::ROUND.to_bits() as i32;
        let power = |k: i32| f32::from_bits(((k + 127) << 23) as u32);
        e * power(k >> 1) * power(k - (k >> 1))
    }
    #[inline(always)]
    fn head(self) -> f32 {
        f32::from_bits(self.to_bits() >> 12 << 12)
    }
    #[inline(always)]
    fn exp_rest(r: f32) -> f32 {
        polynomial(r, [0.5, 0.166_665_21, 0.041_668_39, 0.008_368_746, 0.001_381_453_8])
    }
    #[inline(always)]
    fn exp_m1_rest(r: f32) -> f32 {
        polynomial(r, [0.5, 0.166_666_67, 0.041_666_355, 0.008_333_272, 0.001_394_110_7, 0.000_199_143_45])
    }
    #[inline(always)]
    fn ln_rest(z: f32) -> f32 {
        z * polynomial(z, [0.666_666_6, 0.400_003_34, 0.285_373_03, 0.235_822_72])
    }
    #[inline(always)]
    fn artanh_rest(z: f32) -> f32 {
        const C: [f32; 7] = [1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0, 1.0 / 11.0, 1.0 / 13.0, 1.0 / 15.0];
        z * polynomial(z, C)
    }
}

impl Fast for f64 {
    same!(f64);
    const ROUND: f64 = 1.5 * (1u64 << 52) as f64;
    const LN_2: [f64; 2] = [0.693_147_180_559_890_3, 5.497_923_018_708_371e-14];
    const RANGE_OF_EXP: [f64; 2] = [-746.0, 710.0];
    const FAR: f64 = 40.0;
    const LIFT: (f64, i32) = ((1u128 << 64) as f64, 64);
    const TINY: f64 = 1e-16;
    const REST_OF_PI: f64 = 1.224_646_799_147_353_2e-16;
    const LARGE: f64 = 1e17;

    #[inline(always)]
    fn split(self) -> (f64, f64) {
        const MIDDLE: u64 = std::f64::consts::FRAC_1_SQRT_2.to_bits();
        let above = self.to_bits().wrapping_sub(MIDDLE);
        // The exponent with its sign, made a number without an instruction for it: not every processor has one for 64 bits.
        let shifted = ((above >> 52) as u32).wrapping_shl(20) as i32 >> 20;
        (f64::from(shifted), f64::from_bits((above & ((1 << 52) - 1)) + MIDDLE) - 1.0)
    }
    #[inline(always)]
    fn power(shifted: f64, more: i32) -> f64 {
        f64::from_bits((shifted.to_bits() << 52).wrapping_add(((1023 + more) as u64) << 52))
    }
    #[inline(always)]
    fn scaled(e: f64, shifted: f64) -> f64 {
        // Far out 2⁶⁴ or 2⁻⁶⁴ is a factor of its own. (Two halves of k take 14 instructions in place of 9.)
        const FAR: f64 = 512.0;
        let more: u64 = if shifted > Self::ROUND + FAR {
            1023 - 64
        } else if shifted < Self::ROUND - FAR {
            1023 + 64
        } else {
            1023
        };
        let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(more << 52));
        e * power * f64::from_bits((2046 - more) << 52)
    }
    #[inline(always)]
    fn head(self) -> f64 {
        f64::from_bits(self.to_bits() >> 27 << 27)
    }
    #[inline(always)]
    fn exp_rest(r: f64) -> f64 {
        const C: [f64; 10] = [
            0.500_000_000_000_001_3,
            0.166_666_666_666_667,
            0.041_666_666_666_514_446,
            0.008_333_333_333_306_934,
            0.001_388_888_894_730_800_7,
            0.000_198_412_699_179_385_88,
            2.480_148_960_664_415e-5,
            2.755_721_582_430_727e-6,
            2.763_141_029_691_975e-7,
            2.511_800_759_477_917_3e-8,
        ];
        polynomial(r, C)
    }
    #[inline(always)]
    fn exp_m1_rest(r: f64) -> f64 {
        const C: [f64; 11] = [
            0.5,
            0.166_666_666_666_666_77,
            0.041_666_666_666_666_7,
            0.008_333_333_333_321_577,
            0.001_388_888_888_886_639_2,
            0.000_198_412_698_862_977_14,
            2.480_158_736_143_643e-5,
            2.755_724_400_355_963_6e-6,
            2.755_724_201_172_491e-7,
            2.510_911_939_844_228e-8,
            2.092_467_285_694_900_5e-9,
        ];
        polynomial(r, C)
    }
    #[inline(always)]
    fn ln_rest(z: f64) -> f64 {
        const C: [f64; 7] = [
            0.666_666_666_666_673_5,
            0.399_999_999_994_122_06,
            0.285_714_287_430_281_2,
            0.222_221_984_978_616_06,
            0.181_835_687_352_445_96,
            0.153_139_255_230_156_97,
            0.147_973_173_025_767_6,
        ];
        z * polynomial(z, C)
    }
    #[inline(always)]
    fn artanh_rest(z: f64) -> f64 {
        const C: [f64; 12] = [
            0.333_333_333_333_333_3,
            0.200_000_000_000_001_12,
            0.142_857_142_856_904_65,
            0.111_111_111_136_408_67,
            0.090_909_089_336_835_75,
            0.076_923_139_012_471_19,
            0.066_665_036_441_098_07,
            0.058_852_604_492_885_6,
            0.052_278_841_412_994_45,
            0.050_468_847_140_400_01,
            0.028_995_806_714_227_995,
            0.080_268_569_878_296_6,
        ];
        z * polynomial(z, C)
    }
}
