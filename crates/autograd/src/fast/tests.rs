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

const FUNCTIONS: [(Pair, f64); 10] = [
    (("exp", exp, f64::exp), 1.1),
    (("exp_m1", exp_m1, f64::exp_m1), 0.501),
    (("ln", ln, f64::ln), 0.9),
    (("ln_1p", ln_1p, f64::ln_1p), 0.9),
    (("tanh", tanh, f64::tanh), 0.501),
    (
        ("sigmoid", sigmoid, |x| if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }),
        2.3,
    ),
    (("softplus", softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p()), 2.8),
    (("sech2", sech2, |x| x.cosh().recip().powi(2)), 4.5),
    (("sigmoid_slope", sigmoid_slope, |x| 0.25 * (0.5 * x).cosh().recip().powi(2)), 4.5),
    (("gaussian", |x| gaussian(x, 0.5), |x| (-0.5 * x * x).exp()), 0.501),
];

#[test]
fn as_exact_as_stated() {
    for ((name, ours, exact), most) in FUNCTIONS {
        // Numbers of all magnitudes and both signs: every 401st bit pattern, eleven million of them.
        let mut worst = (0.0, 0.0);
        for bits in (0..=u32::MAX).step_by(401) {
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
        assert!(worst.0 < most, "{name}: {:.4} units in the last place at {:e}", worst.0, worst.1);
    }
}

#[test]
fn fewer_steps_to_the_same_bits() {
    for bits in (0..=f32::INFINITY.to_bits()).step_by(401) {
        let x = -f32::from_bits(bits);
        assert_eq!(exp_of_negative(x).to_bits(), exp(x).to_bits(), "{x:e}");
    }
    assert!(exp_of_negative(f32::NAN).is_nan());
}

#[test]
fn special_numbers() {
    for ((name, ours, exact), most) in FUNCTIONS {
        for x in
            [0.0, -0.0, 1.0, -1.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX, f32::MIN_POSITIVE]
        {
            let (ours, exact) = (ours(x), exact(x.into()));
            // Zeros with their sign, infinities and NaN exactly.
            let ordinary = ours != 0.0 && ours.is_finite() && ulps(ours, exact) < most;
            let same = ours.to_bits() == (exact as f32).to_bits() || ours.is_nan() && exact.is_nan();
            assert!(same || ordinary, "{name}({x}): {ours} {exact}");
        }
    }
}
