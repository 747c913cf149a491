use crate::Tape;

/// `aᵇ` and its derivatives by `a` and `b`.
fn pow(a: f64, b: f64) -> (f64, f64, f64) {
    let tape = Tape::new();
    let (a, b) = (tape.var(a), tape.var(b));
    let y = a.pow(b);
    let gradients = y.backward();
    (y.item(), gradients.wrt(a).item(), gradients.wrt(b).item())
}

#[test]
fn powers_of_zero() {
    assert_eq!(pow(0.0, 0.0), (1.0, 0.0, 0.0));
    assert_eq!(pow(0.0, 0.5), (0.0, f64::INFINITY, 0.0));
    assert_eq!(pow(0.0, 1.0), (0.0, 1.0, 0.0));
    assert_eq!(pow(0.0, 2.0), (0.0, 0.0, 0.0));
    assert_eq!(pow(0.0, -1.0).0, f64::INFINITY);
}

#[test]
fn higher_derivatives_of_powers_of_zero() {
    let tape = Tape::<f64>::new();
    for (exponent, expected) in [(0.0, [1.0, 0.0, 0.0, 0.0]), (2.0, [0.0, 0.0, 2.0, 0.0])] {
        let (a, b) = (tape.var(0.0), tape.var(exponent));
        let y = a.pow(b);
        let [dy, by_exponent] = y.grad([a, b]);
        let [ddy] = dy.grad([a]);
        let [dddy] = ddy.grad([a]);
        assert_eq!([y, dy, ddy, dddy].map(|y| y.item()), expected);
        let [mixed, twice] = by_exponent.grad([a, b]);
        let [mixed_again] = dy.grad([b]);
        assert_eq!([by_exponent, mixed, mixed_again, twice].map(|y| y.item()), [0.0; 4]);
    }
    // At another base the mixed derivative is (1 + b ln a) aᵇ⁻¹, also for b = 0.
    let (a, b) = (tape.var(4.0), tape.var(0.0));
    let [by_base] = a.pow(b).grad([a]);
    let [mixed] = by_base.grad([b]);
    assert_eq!((by_base.item(), mixed.item()), (0.0, 0.25));
}

#[test]
fn whole_powers_of_tiny_numbers() {
    // Here 1/a³, 1/a² or even 1/a is infinite.
    for a in [1e-14_f32, -1e-20, 1e-30, 1e-40] {
        for (exponent, expected) in
            [(0.0, [1.0, 0.0, 0.0, 0.0]), (1.0, [a, 1.0, 0.0, 0.0]), (2.0, [a * a, 2.0 * a, 2.0, 0.0])]
        {
            let tape = Tape::new();
            let (a, b) = (tape.var(a), tape.var(exponent));
            let y = a.pow(b);
            let [dy] = y.grad([a]);
            let [ddy] = dy.grad([a]);
            let [dddy] = ddy.grad([a]);
            assert_eq!([y, dy, ddy, dddy].map(|y| y.item()), expected);
        }
    }
}

#[test]
fn powers_that_vanish_or_overflow() {
    let second = |a: f64, b: f64| {
        let tape = Tape::new();
        let (a, b) = (tape.var(a), tape.var(b));
        let [da, db] = a.pow(b).grad([a, b]);
        let ([daa, dab], [dbb]) = (da.grad([a, b]), db.grad([b]));
        [daa, dab, dbb].map(|y| y.item())
    };
    // b² is beyond the largest number where the power is 0.
    assert_eq!(second(0.5, 1e155), [0.0, 0.0, 0.0]);
    assert_eq!(second(2.0, 1e155), [f64::INFINITY; 3]);
    // The power alone is below the smallest number: 1080 · 1079 · 2⁻¹⁰⁷⁸.
    let expected = 1080.0 * 1079.0 * f64::exp2(-500.0) * f64::exp2(-578.0);
    assert!(expected > 0.0);
    assert_eq!(second(0.5, 1080.0)[0], expected);
}

#[test]
fn powers_of_negative_numbers() {
    let (y, by_base, by_exponent) = pow(-2.0, 3.0);
    assert_eq!((y, by_base), (-8.0, 12.0));
    assert!(by_exponent.is_nan());
    assert!(pow(-2.0, 0.5).0.is_nan());
}
