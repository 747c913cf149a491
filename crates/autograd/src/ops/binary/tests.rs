use crate::{Real, Tape, Tensor, Var};
use std::f64::consts::{FRAC_PI_2, PI};

/// The value of `f(a, b)` and its derivatives by `a` and `b`.
fn at<T: Real>(a: T, b: T, f: impl for<'t> Fn(Var<'t, T>, Var<'t, T>) -> Var<'t, T>) -> (T, T, T) {
    let tape = Tape::new();
    let (a, b) = (tape.var(a), tape.var(b));
    let y = f(a, b);
    let gradients = y.backward();
    (y.item(), gradients.wrt(a).item(), gradients.wrt(b).item())
}

#[test]
fn ties_are_split_and_nan_stays() {
    assert_eq!(at(2.0, 2.0, |a, b| a.maximum(b)), (2.0, 0.5, 0.5));
    assert_eq!(at(2.0, 2.0, |a, b| a.minimum(b)), (2.0, 0.5, 0.5));
    assert_eq!(at(2.0, 3.0, |a, b| a.maximum(b)), (3.0, 0.0, 1.0));
    assert_eq!(at(2.0, 3.0, |a, b| a.minimum(b)), (2.0, 1.0, 0.0));
    assert_eq!(at(f64::INFINITY, f64::INFINITY, |a, b| a.maximum(b)), (f64::INFINITY, 0.5, 0.5));
    for (a, b, slopes) in
        [(f64::NAN, 1.0, [1.0, 0.0]), (1.0, f64::NAN, [0.0, 1.0]), (f64::NAN, f64::NAN, [0.5, 0.5])]
    {
        for (y, da, db) in [at(a, b, |a, b| a.maximum(b)), at(a, b, |a, b| a.minimum(b))] {
            assert!(y.is_nan() && [da, db] == slopes, "{a} and {b}: {y} {da} {db}");
        }
    }
}

#[test]
fn angles_at_the_origin_and_on_the_axes() {
    let angle = |a, b| at(a, b, |a, b| a.atan2(b));
    assert_eq!(angle(0.0, 0.0), (0.0, 0.0, 0.0));
    assert_eq!(angle(0.0, -2.0), (PI, -0.5, 0.0));
    assert_eq!(angle(2.0, 0.0), (FRAC_PI_2, 0.0, -0.5));
    let tape = Tape::<f64>::new();
    let (a, b) = (tape.var(0.0), tape.var(0.0));
    // A slope that jumps has no derivative: with one, r² cos 2θ = b² − a² would have a wrong second derivative.
    let [da, db] = a.atan2(b).grad([a, b]);
    let smooth = (a.square() + b.square()) * (a.atan2(b) * 2.0).cos();
    assert_eq!(smooth.grad([a, b]).map(|y| y.item()), [0.0, 0.0]);
    for y in [da, db].into_iter().chain(smooth.grad([a, b])) {
        assert!(y.grad([a, b]).iter().any(|y| y.item().is_nan()));
    }
}

#[test]
fn angles_infinitely_far() {
    let inf = f64::INFINITY;
    for (a, b) in [(0.0, inf), (3.0, -inf), (inf, 2.0), (-inf, inf)] {
        let (y, da, db) = at(a, b, |a, b| a.atan2(b));
        assert_eq!((y, da, db), (a.atan2(b), 0.0, 0.0));
    }
    assert!(at(f64::NAN, inf, |a, b| a.atan2(b)).0.is_nan());
}

#[test]
fn angles_of_far_and_near_points() {
    for distance in [1e-30_f32, 1e30] {
        let (y, da, db) = at(distance, distance, |a, b| a.atan2(b));
        assert_eq!(y, std::f32::consts::FRAC_PI_4);
        let expected = 0.5 / distance;
        assert!((da - expected).abs() <= 1e-6 * expected && (db + expected).abs() <= 1e-6 * expected);
    }
    // So near that 1/b is infinite.
    assert_eq!(at(0.0, 1e-310, |a, b| a.atan2(b)), (0.0, f64::INFINITY, 0.0));
}

#[test]
fn sums_of_probabilities_known_by_their_logarithms() {
    let (half, infinity) = (f64::ln(2.0), f64::INFINITY);
    assert_eq!(at(-1e4, -1e4, |a, b| a.logaddexp(b)), (half - 1e4, 0.5, 0.5));
    assert_eq!(at(800.0, -800.0, |a, b| a.logaddexp(b)), (800.0, 1.0, 0.0));
    assert_eq!(at(-infinity, 3.0, |a, b| a.logaddexp(b)), (3.0, 0.0, 1.0));
    assert_eq!(at(infinity, 3.0, |a, b| a.logaddexp(b)), (infinity, 1.0, 0.0));
    for both in [-infinity, infinity] {
        assert_eq!(at(both, both, |a, b| a.logaddexp(b)), (both, 0.5, 0.5));
    }
    assert!(at(f64::NAN, infinity, |a, b| a.logaddexp(b)).0.is_nan());
}

#[test]
fn distances_of_far_and_near_points() {
    for unit in [1e-40_f32, 1e-30, 1e30] {
        let (y, da, db) = at(-3.0 * unit, 4.0 * unit, |a, b| a.hypot(b));
        assert!((y / (5.0 * unit) - 1.0).abs() < 1e-4, "{y}"); // 1e-40 has five digits
        assert!((da + 0.6).abs() < 1e-4 && (db - 0.8).abs() < 1e-4);
    }
    for (a, b) in [(f64::INFINITY, 1.0), (1.0, f64::NEG_INFINITY), (f64::INFINITY, f64::INFINITY)] {
        assert_eq!(at(a, b, |a, b| a.hypot(b)).0, f64::INFINITY);
    }
    for (a, b) in [(f64::NAN, 1.0), (0.0, f64::NAN)] {
        assert!(at(a, b, |a, b| a.hypot(b)).0.is_nan());
    }
}

#[test]
fn distance_at_the_origin_and_on_the_axes() {
    assert_eq!(at(0.0, 0.0, |a, b| a.hypot(b)), (0.0, 0.0, 0.0));
    assert_eq!(at(0.0, -2.0, |a, b| a.hypot(b)), (2.0, 0.0, -1.0));
    let tape = Tape::<f64>::new();
    let (a, b) = (tape.var(0.0), tape.var(0.0));
    let [da, db] = a.hypot(b).grad([a, b]);
    for [daa, dab] in [da.grad([a, b]), db.grad([a, b])] {
        assert!(daa.item().is_nan() && dab.item().is_nan());
    }
}

#[test]
fn a_distance_along_an_axis_keeps_its_curvature() {
    // b² / y³, where 1/y − a²/y³ would be nothing but rounding.
    let tape = Tape::<f64>::new();
    let (a, b) = (tape.var(1e10), tape.var(3.0));
    let [da] = a.hypot(b).grad([a]);
    let [daa] = da.grad([a]);
    assert!((daa.item() / 9e-30 - 1.0).abs() < 1e-15, "{}", daa.item());
}

#[test]
#[should_panic(expected = "maximum: shapes [2] and [3] do not broadcast")]
fn shapes_that_do_not_fit() {
    let tape = Tape::<f64>::new();
    tape.var(Tensor::ones([2])).maximum(tape.var(Tensor::ones([3])));
}
