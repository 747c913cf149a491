use crate::{Real, Tape, Tensor, Var};

/// A function with its values and slopes at −8, −¾, 1¼ and 5 (mpmath 1.3 with forty digits).
type Known = (&'static str, for<'t> fn(Var<'t, f64>) -> Var<'t, f64>, [f64; 4], [f64; 4]);

#[rustfmt::skip]
const KNOWN: &[Known] = &[
    ("elu", |x| x.elu(0.5),
        [-0.499_832_268_686_048_74, -0.263_816_723_629_492_66, 1.25, 5.0],
        [0.000_167_731_313_951_255_93, 0.236_183_276_370_507_34, 1.0, 1.0]),
    ("selu", |x| x.selu(),
        [-1.757_509_564_222_382_6, -0.927_632_015_835_051_2, 1.313_376_234_194_350_7, 5.253_504_936_777_403],
        [0.000_589_776_624_994_334_9, 0.830_467_325_012_325_7, 1.050_700_987_355_480_5, 1.050_700_987_355_480_5]),
    ("gelu", |x| x.gelu(),
        [-4.976_768_459_417_427e-15, -0.169_970_514_282_651_14, 1.117_937_782_916_431, 4.999_998_566_742_141],
        [-3.979_607_261_086_796e-14, 0.000_774_278_260_764_895_7, 1.122_661_583_069_422_2, 1.000_007_146_946_002]),
    ("gelu_tanh", |x| x.gelu_tanh(),
        [-3.107_782_937_501_111e-21, -0.170_039_444_834_379_7, 1.117_714_202_969_714_7, 4.999_999_770_820_381],
        [-4.714_784_504_106_841_4e-20, 0.001_061_743_862_585_702_3, 1.122_492_632_249_648_7, 1.000_001_546_361_987_6]),
    ("silu", |x| x.silu(),
        [-0.002_682_801_043_731_825, -0.240_615_975_618_455_27, 0.971_624_826_468_363_9, 4.966_535_745_378_576],
        [-0.002_346_551_235_585_315_7, 0.157_400_055_503_246_5, 0.993_680_844_915_312_4, 1.026_547_432_429_666]),
    ("mish", |x| x.mish(),
        [-0.002_683_250_882_546_537_5, -0.276_494_714_505_465_2, 1.131_870_304_241_039_2, 4.999_552_077_529_406],
        [-0.002_347_394_381_605_294_3, 0.160_745_740_499_838_7, 1.080_463_093_148_231, 1.000_800_224_832_082_6]),
];

#[test]
fn hardswish_at_its_kinks_and_far_out() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::from_vec([6], vec![-1e300, -3.0, 0.0, 1.5, 3.0, 1e300]));
    let y = x.hardswish();
    assert_eq!(y.value().to_vec(), [0.0, 0.0, 0.0, 1.125, 3.0, 1e300]);
    assert_eq!(y.sum().backward().wrt(x).to_vec(), [0.0, 0.0, 0.5, 1.0, 1.0, 1.0]);
}

#[test]
fn known_values() {
    for &(name, f, values, slopes) in KNOWN {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_vec([4], vec![-8.0, -0.75, 1.25, 5.0]));
        let y = f(x);
        let given = y.value().to_vec().into_iter().chain(y.sum().backward().wrt(x).to_vec());
        for (given, expected) in given.zip(values.into_iter().chain(slopes)) {
            // Slopes near zero cancel: they are exact to the last digit of their terms. In the
            // far tail the exponent's own rounding counts.
            let error = (given - expected).abs() / expected.abs().max(f64::EPSILON * 1e-4);
            let allowed = if expected.abs() < 0.01 { 1e-12 } else { 1e-15 };
            assert!(error <= allowed, "{name}: {given:e} for {expected:e}, error {error:e}");
        }
    }
}

/// The values of `f` at `x`, and its derivatives of orders 1, 2 and 3, element by element.
fn derivatives<T: Real>(x: &[f64], f: impl for<'t> Fn(Var<'t, T>) -> Var<'t, T>) -> [Vec<f64>; 4] {
    let tape = Tape::new();
    let x = tape.var(Tensor::from_fn([x.len()], |i| T::of(x[i])));
    let y = f(x);
    let [dy] = y.sum().grad([x]);
    let [ddy] = dy.sum().grad([x]);
    let [dddy] = ddy.sum().grad([x]);
    [y, dy, ddy, dddy].map(|y| y.value().to_vec().into_iter().map(|y| y.as_f64()).collect())
}

/// At points far out a function is 0 on the left, and `x` on the right.
fn assert_becomes_straight<T: Real>(name: &str, f: impl for<'t> Fn(Var<'t, T>) -> Var<'t, T>) {
    let far = 1e4;
    let [values, slopes, second, third] = derivatives::<T>(&[-far, far], f);
    assert_eq!((values, slopes), (vec![0.0, far], vec![0.0, 1.0]), "{name}");
    assert_eq!((second, third), (vec![0.0; 2], vec![0.0; 2]), "{name}");
}

#[test]
fn gates_become_straight() {
    fn check<T: Real>() {
        assert_becomes_straight::<T>("gelu", |x| x.gelu());
        assert_becomes_straight::<T>("gelu_tanh", |x| x.gelu_tanh());
        assert_becomes_straight::<T>("silu", |x| x.silu());
        assert_becomes_straight::<T>("mish", |x| x.mish());
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn kinks_are_as_stated_and_nan_stays() {
    let at_zero = |f: fn(Var<'_, f64>) -> Var<'_, f64>| derivatives(&[0.0], f);
    assert_eq!(at_zero(|x| x.leaky_relu(0.2)), [[0.0], [0.2], [0.0], [0.0]]);
    assert_eq!(at_zero(|x| x.elu(0.5)), [[0.0], [0.5], [0.5], [0.5]]);
    let tape = Tape::<f64>::new();
    let x = tape.var(f64::NAN);
    for y in [x.leaky_relu(0.2), x.elu(1.0), x.selu(), x.gelu(), x.gelu_tanh(), x.silu(), x.mish()] {
        assert!(y.item().is_nan());
    }
}

#[test]
fn nothing_overflows_on_the_way() {
    // x² and x³ are beyond f32 here; the weights they meet have long vanished.
    fn check(f: impl for<'t> Fn(Var<'t, f32>) -> Var<'t, f32>) {
        let [values, slopes, second, third] = derivatives(&[-1e30, -1e8, 1e8, 1e30], f);
        assert_eq!((&values[..2], slopes), (&[0.0; 2][..], vec![0.0, 0.0, 1.0, 1.0]));
        assert_eq!((second, third), (vec![0.0; 4], vec![0.0; 4]));
    }
    check(|x| x.gelu());
    check(|x| x.gelu_tanh());
    check(|x| x.silu());
    check(|x| x.mish());
}

#[test]
fn elu_far_out() {
    fn check<T: Real>() {
        let x = [f64::NEG_INFINITY, -1e4, 1e4, f64::INFINITY];
        let [values, slopes, second, third] = derivatives::<T>(&x, |x| x.elu(2.0));
        assert_eq!(values, [-2.0, -2.0, 1e4, f64::INFINITY]);
        assert_eq!(slopes, [0.0, 0.0, 1.0, 1.0]);
        assert_eq!((second, third), (vec![0.0; 4], vec![0.0; 4]));
    }
    check::<f32>();
    check::<f64>();
}
