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

/// The distance from another number of double precision, in units of its last place.
fn ulps_64(got: f64, other: f64) -> f64 {
    if got.is_nan() && other.is_nan() || got == other {
        return 0.0;
    }
    if other.is_infinite() {
        return f64::INFINITY;
    }
    (got - other).abs() / (f64::from_bits(other.abs().to_bits() + 1) - other.abs())
}

/// A function of both precisions, and one that is exact to half a unit or, as those of `libm`, to one; the largest error
/// in single and in double precision, in units in the last place.
type Function = (&'static str, fn(f32) -> f32, fn(f64) -> f64, fn(f64) -> f64, [f64; 2]);

macro_rules! function {
    ($name:ident, $exact:expr, $most:expr) => {
        (stringify!($name), $name::<f32>, $name::<f64>, $exact, $most)
    };
}

fn logistic(x: f64) -> f64 {
    if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
}

const FUNCTIONS: &[Function] = &[
    function!(exp, f64::exp, [1.1, 1.6]),
    function!(exp_m1, f64::exp_m1, [1.6, 2.1]),
    function!(ln, f64::ln, [0.9, 1.4]),
    function!(ln_1p, f64::ln_1p, [0.9, 1.4]),
    function!(tanh, f64::tanh, [2.6, 3.3]),
    function!(sigmoid, logistic, [2.3, 4.0]),
    function!(softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), [2.8, 4.0]),
    function!(sech2, |x| x.cosh().recip().powi(2), [4.5, 8.0]),
    function!(sigmoid_slope, |x| 0.25 * (0.5 * x).cosh().recip().powi(2), [4.5, 8.0]),
    function!(erf, libm::erf, [4.0, 4.0]),
    function!(erfc, libm::erfc, [6.5, 8.0]),
    function!(sin, f64::sin, [2.2, 2.7]),
    function!(cos, f64::cos, [2.2, 2.7]),
    function!(tan, f64::tan, [3.5, 4.0]),
    function!(sinh, f64::sinh, [3.0, 3.5]),
    function!(cosh, f64::cosh, [3.0, 3.5]),
    function!(asin, f64::asin, [3.0, 3.5]),
    function!(acos, f64::acos, [3.0, 3.5]),
    function!(atan, f64::atan, [3.0, 3.5]),
    function!(asinh, libm::asinh, [3.0, 3.5]),
    function!(acosh, |x| if x < 1.0 { f64::NAN } else { libm::acosh(x) }, [3.0, 3.5]),
    function!(atanh, libm::atanh, [3.0, 3.5]),
];

/// The worst error, and where it is.
fn worst(errors: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
    errors.fold((0.0, 0.0), |worst, error| if error.1 <= worst.1 { worst } else { error })
}

/// Numbers of all magnitudes and both signs, every 401st bit pattern, eleven million of them; and those that are met most.
fn numbers() -> impl Iterator<Item = f32> {
    let all = (0..=u32::MAX).step_by(401).map(f32::from_bits);
    all.chain((-400_000..400_000).map(|i| i as f32 * 1e-4))
}

#[test]
fn as_exact_as_stated() {
    let mut faults = vec![];
    for (name, single, _, exact, [most, _]) in FUNCTIONS {
        let worst = worst(numbers().map(|x| (f64::from(x), ulps(single(x), exact(x.into())))));
        if worst.1.is_nan() || worst.1 >= *most {
            faults.push(format!("{name}: {:.4} units in the last place at {:e}", worst.1, worst.0));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn as_exact_as_stated_in_double_precision() {
    let mut faults = vec![];
    // Bit patterns at equal distances, which have nothing to do with powers of 2; and more near 1.
    let all = || {
        let all = (0..u64::MAX).step_by(0x1234_5678_9ABC).map(f64::from_bits);
        all.chain((-300_000..300_000).map(|i| f64::from(i) * 1.234_567_89e-4))
    };
    for (name, _, double, exact, [_, most]) in FUNCTIONS {
        let worst = worst(all().map(|x| (x, ulps_64(double(x), exact(x)))));
        if worst.1.is_nan() || worst.1 >= *most {
            faults.push(format!("{name}: {:.4} units in the last place at {:e}", worst.1, worst.0));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_bell_curve_and_its_integral() {
    let exact = |x: f64| (-0.5 * x * x).exp(); // the square of a single number is exact
    let error = worst(numbers().map(|x| (f64::from(x), ulps(gaussian(x, 0.5), exact(x.into())))));
    assert!(error.1 < 1.7, "{error:?}");
    // The quotient by √2 is rounded, so its error is given back to first order.
    let exact = |x: f64| {
        let quotient = -x * std::f64::consts::FRAC_1_SQRT_2;
        0.5 * libm::erfc(quotient)
    };
    let error = worst(numbers().map(|x| (f64::from(x), ulps(normal_cdf(x), exact(x.into())))));
    assert!(error.1 < 8.0, "{error:?}");
}

#[test]
fn powers() {
    let bases = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        2.5,
        -3.0,
        1e-40,
        -1e-40,
        3e38,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
    ];
    let exponents = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        2.0,
        3.0,
        -2.0,
        -3.0,
        0.5,
        -0.5,
        1e-30,
        16_777_217.0,
        1e30,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
    ];
    let check = |a: f32, b: f32| {
        let (got, exact) = (pow(a.into(), b.into()) as f32, f64::from(a).powf(b.into()));
        let same_sign = got.is_nan() || got.is_sign_negative() == exact.is_sign_negative();
        assert!(ulps(got, exact) < 0.51 && same_sign, "{a}^{b}: {got}, not {exact}");
    };
    for a in bases {
        exponents.iter().for_each(|&b| check(a, b));
    }
    for i in 0..2_000_000_u32 {
        let a = f32::from_bits(i.wrapping_mul(2_654_435_761));
        check(a, f32::from_bits(i.wrapping_mul(0x9E37_79B9)));
        check(a, (i % 2003) as f32 * 0.0371 - 30.0);
        check(a, (i % 41) as f32 - 20.0);
    }
}

#[test]
fn fewer_steps_to_the_same_bits() {
    for bits in (0..=f32::INFINITY.to_bits()).step_by(401) {
        let x = -f32::from_bits(bits);
        assert_eq!(exp_of_negative(x).to_bits(), exp(x).to_bits(), "{x:e}");
        let x = f64::from(x) * 10.0 * std::f64::consts::PI;
        assert_eq!(exp_of_negative(x).to_bits(), exp(x).to_bits(), "{x:e}");
    }
    assert!(exp_of_negative(f32::NAN).is_nan());
}

#[test]
fn special_numbers() {
    for (name, single, double, exact, [most, most_64]) in FUNCTIONS {
        for x in
            [0.0, -0.0, 1.0, -1.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX, f32::MIN_POSITIVE]
        {
            let (ours, exact, x) = (single(x), exact(x.into()), f64::from(x));
            // Zeros with their sign, infinities and NaN exactly.
            let ordinary = ours != 0.0 && ours.is_finite() && ulps(ours, exact) < *most;
            let same = ours.to_bits() == (exact as f32).to_bits() || ours.is_nan() && exact.is_nan();
            assert!(same || ordinary, "{name}({x}): {ours} {exact}");
            let ours = double(x);
            let ordinary = ours != 0.0 && ours.is_finite() && ulps_64(ours, exact) < *most_64;
            let same = ours.to_bits() == exact.to_bits() || ours.is_nan() && exact.is_nan();
            assert!(same || ordinary, "{name}({x}): {ours} {exact}");
        }
    }
}
