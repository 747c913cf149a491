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
