use crate::{Tape, Tensor};

/// `x`, `erf x`, `erfc x`, correct to the last digit (mpmath 1.3 with fifty digits).
#[rustfmt::skip]
const ERF: &[(f64, f64, f64)] = &[
    (1e-10, 1.128_379_167_095_512_6e-10, 0.999_999_999_887_162),
    (0.01, 0.011_283_415_555_849_618, 0.988_716_584_444_150_3),
    (0.3, 0.328_626_759_459_127_4, 0.671_373_240_540_872_6),
    (0.84, 0.765_142_711_454_994_6, 0.234_857_288_545_005_48),
    (1.2, 0.910_313_978_229_635_3, 0.089_686_021_770_364_64),
    (2.5, 0.999_593_047_982_555, 0.000_406_952_017_444_958_9),
    (5.9, 0.999_999_999_999_999_9, 7.190_409_783_550_478e-17),
    (-0.7, -0.677_801_193_837_418_4, 1.677_801_193_837_418_4),
    (-3.0, -0.999_977_909_503_001_4, 1.999_977_909_503_001_5),
    (10.0, 1.0, 2.088_487_583_762_545e-45),
    (20.0, 1.0, 5.395_865_611_607_901e-176),
    (26.5, 1.0, 2.210_907_664_263_734_3e-307),
];

/// `x`, `ln |Γ(x)|`.
#[rustfmt::skip]
const LN_GAMMA: &[(f64, f64)] = &[
    (1e-10, 23.025_850_929_882_736),
    (0.1, 2.252_712_651_734_206),
    (0.5, 0.572_364_942_924_700_1),
    (1.1, -0.049_872_441_259_839_764),
    (1.46, -0.121_485_001_004_007_43),
    (2.3, 0.154_189_454_959_630_46),
    (10.5, 13.940_625_219_403_763),
    (1e5, 1_051_287.708_973_656_9),
    (-0.5, 1.265_512_123_484_645_4),
    (-2.3, 0.369_566_663_455_008_05),
    (-10.7, -15.416_789_096_416_636),
];

fn assert_close(what: &str, x: f64, value: f64, expected: f64) {
    let error = ((value - expected) / expected).abs();
    assert!(error < 1e-14, "{what}({x}) = {value:e}, error {error:e}");
}

#[test]
fn known_values() {
    let tape = Tape::<f64>::new();
    for &(x, erf, erfc) in ERF {
        let x_var = tape.var(x);
        assert_close("erf", x, x_var.erf().item(), erf);
        assert_close("erfc", x, x_var.erfc().item(), erfc);
    }
    for &(x, expected) in LN_GAMMA {
        assert_close("ln_gamma", x, tape.var(x).ln_gamma().item(), expected);
    }
}

#[test]
fn limits_and_poles() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::from_vec([2], vec![f64::NEG_INFINITY, f64::INFINITY]));
    assert_eq!(x.erf().value().to_vec(), [-1.0, 1.0]);
    assert_eq!(x.erfc().value().to_vec(), [2.0, 0.0]);
    assert_eq!(x.erf().sum().backward().wrt(x).to_vec(), [0.0, 0.0]);
    let pole = tape.var(-1.0);
    assert_eq!(pole.ln_gamma().item(), f64::INFINITY);
    assert!(pole.ln_gamma().backward().wrt(pole).item().is_nan());
    assert!(tape.var(f64::NAN).erf().item().is_nan() && tape.var(f64::NAN).ln_gamma().item().is_nan());
}
