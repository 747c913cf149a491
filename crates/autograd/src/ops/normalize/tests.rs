use proptest::prelude::*;

use super::*;
use crate::Tape;
use crate::ops::table::assert_equals_its_parts;

fn parts<'t>(x: Var<'t, f64>, axes: &[usize]) -> Var<'t, f64> {
    let centred = x - x.mean_over(Keep(axes));
    centred / (centred.square().mean_over(Keep(axes)) + SMALL).sqrt()
}

#[test]
fn layer_norm_equals_its_parts() {
    let x = [wave([3, 4, 5]).tensor(0)];
    assert_equals_its_parts(&|x| x[0].layer_norm(-1, SMALL), &|x| parts(x[0], &[2]), &x);
    assert_equals_its_parts(&|x| x[0].layer_norm([1, 2], SMALL), &|x| parts(x[0], &[1, 2]), &x);
}

#[test]
fn batch_norm_equals_its_parts() {
    let x = [wave([3, 2, 2, 4]).tensor(0)];
    assert_equals_its_parts(&|x| x[0].batch_norm([0, 2, 3], SMALL).y, &|x| parts(x[0], &[0, 2, 3]), &x);
}

#[test]
fn statistics_of_channels() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::from_fn([2, 3, 2], |i| (i as f64).powi(2)));
    let Normalized { mean, variance, .. } = x.batch_norm([0, 2], SMALL);
    let [mean, variance] = [mean, variance].map(|x| x.value());
    assert_eq!((mean.shape(), variance.shape()), ([3].as_slice(), [3].as_slice()));
    assert_eq!(mean.to_vec(), [(36.0 + 49.0 + 1.0) / 4.0, 158.0 / 4.0, 262.0 / 4.0]);
    let squares = [0.0, 1.0, 36.0, 49.0].map(|x: f64| (x - 21.5).powi(2));
    assert_eq!(variance.to_vec()[0], squares.iter().sum::<f64>() / 4.0);
}

#[test]
fn equal_elements() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::full([1, 4], 7.0));
    let weights = tape.constant(Tensor::from_vec([1, 4], vec![1.0, 0.0, 0.0, 3.0]));
    let y = x.layer_norm(-1, 0.25);
    assert_eq!(y.value().to_vec(), [0.0; 4]);
    // The slope is 1 / √ε, less the mean.
    let dx = (y * weights).sum().backward().wrt(x);
    assert_eq!(dx.to_vec(), [0.0, -2.0, -2.0, 4.0]);
    let y = x.layer_norm(-1, 0.0);
    assert!(y.value().to_vec().iter().all(|y| y.is_nan()));
    assert!(y.sum().backward().wrt(x).to_vec().iter().all(|dx| dx.is_nan()));
    // Also where their sum is rounded.
    let y = Tape::<f32>::new().var(Tensor::full([10], 1234.567)).layer_norm(0, 1e-12).value();
    assert_eq!(y.to_vec(), [0.0; 10]);
    // One element alone is always 0 and has no slope.
    let y = x.layer_norm(0, 0.25);
    assert_eq!(y.value().to_vec(), [0.0; 4]);
    assert_eq!((y * weights).sum().backward().wrt(x).to_vec(), [0.0; 4]);
}

#[test]
fn numbers_whose_squares_overflow_or_vanish() {
    let (r, tape) = (0.5_f64.sqrt(), Tape::<f64>::new());
    for size in [1e200, 1e308, 3e-200] {
        let x = tape.var(Tensor::from_vec([3], vec![-size, size, size]));
        let y = x.layer_norm(0, 0.0);
        for (y, expected) in y.value().to_vec().into_iter().zip([-2.0 * r, r, r]) {
            assert!((y / expected - 1.0).abs() < 1e-15, "{y}");
        }
        // Stretching x has no effect: only the part orthogonal to 1 and y passes, here (0, 1, −1).
        let weights = tape.constant(Tensor::from_vec([3], vec![3.0, 4.0, 1.0]));
        let [dx] = (y * weights).sum().grad([x]);
        let expected = 1.5 / size / (8.0_f64 / 9.0).sqrt();
        let fast = (y * weights).sum().backward().wrt(x).to_vec();
        for dx in [dx.value().to_vec(), fast] {
            assert!(
                (dx[1] / expected - 1.0).abs() < 1e-14 && (dx[2] / expected + 1.0).abs() < 1e-14,
                "{dx:?}"
            );
        }
    }
    let tape = Tape::<f32>::new();
    let x = tape.var(Tensor::from_fn([1000, 1], |i| if i % 2 == 0 { 1e18 } else { -1e18 }));
    let normalized = x.batch_norm(0, 1e-5);
    assert!(
        (normalized.y.value().to_vec()[0] - 1.0).abs() < 1e-6 && normalized.mean.value().to_vec() == [0.0]
    );
    assert!((normalized.variance.value().to_vec()[0] / 1e36 - 1.0).abs() < 1e-6);
}

#[test]
fn offsets_and_nan() {
    // A large common offset costs digits of x itself, but no more.
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::from_vec([1, 4], [1.0, 3.0, 1.0, 3.0].map(|x| x + 1e9).to_vec()));
    assert_eq!(x.layer_norm(-1, 0.0).value().to_vec(), [-1.0, 1.0, -1.0, 1.0]);
    let x = tape.var(Tensor::from_vec([2, 2], vec![f64::NAN, 0.0, 1.0, 3.0]));
    let y = x.layer_norm(-1, 0.0).value().to_vec();
    assert!(y[0].is_nan() && y[1].is_nan() && y[2..] == [-1.0, 1.0]);
}

proptest! {
    /// Shifting x changes nothing; stretching it changes nothing but the weight of ε. So the
    /// gradient is orthogonal to 1, and to `y` up to the factor `1 − mean(y²) = ε r²`.
    #[test]
    fn the_gradient_is_orthogonal_to_shift_and_scale(
        rows in prop::collection::vec((-3.0..3.0_f64, -3.0..3.0_f64), 2..40),
        epsilon in 1e-6..0.1_f64,
    ) {
        let (x, g): (Vec<f64>, Vec<f64>) = rows.iter().copied().unzip();
        let (_, variance) = mean_and_variance(&x, 1.0);
        prop_assume!(variance > 1e-3);
        let tape = Tape::new();
        let x = tape.var(Tensor::from_vec([x.len()], x));
        let y = x.layer_norm(0, epsilon);
        let dx = (y * tape.constant(Tensor::from_vec([g.len()], g.clone()))).sum().backward().wrt(x);
        let (dx, y) = (dx.to_vec(), y.value().to_vec());
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let r = 1.0 / (variance + epsilon).sqrt();
        let bound = 64.0 * f64::EPSILON * r * g.iter().map(|g| g.abs() + 1.0).sum::<f64>();
        prop_assert!(dx.iter().sum::<f64>().abs() <= bound, "{dx:?}");
        let expected = dot(&g, &y) * r * (epsilon * r * r);
        prop_assert!((dot(&dx, &y) - expected).abs() <= 8.0 * bound, "{dx:?} {y:?}");
    }
}

#[test]
#[should_panic(expected = "layer_norm: axis 1 is listed twice")]
fn an_axis_twice() {
    Tape::<f64>::new().var(Tensor::ones([2, 3])).layer_norm([1, -1], SMALL);
}
