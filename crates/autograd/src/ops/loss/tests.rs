use proptest::prelude::*;

use super::*;
use crate::Tape;
use crate::ops::table::assert_equals_its_parts;

fn log_softmax(x: Var<'_, f64>) -> Var<'_, f64> {
    x - x.exp().sum_over(Keep(-1)).ln()
}

#[test]
fn cross_entropies_equal_their_parts() {
    let (x, t) = (wave([3, 4, 5]).tensor(0), wave([3, 4, 5]).between(0.0, 1.0).tensor(1));
    assert_equals_its_parts(
        &|x| x[0].soft_cross_entropy(x[1]),
        &|x| -(x[1] * log_softmax(x[0])).sum_over(-1),
        &[x.clone(), t],
    );
    let classes: Vec<usize> = (0..12).map(|row| row * 7 % 5).collect();
    let one_hot = Tensor::from_fn([3, 4, 5], |i| if classes[i / 5] == i % 5 { 1.0 } else { 0.0 });
    assert_equals_its_parts(
        &|x| x[0].cross_entropy(&classes),
        &|x| -(x[0].tape().constant(&one_hot) * log_softmax(x[0])).sum_over(-1),
        &[x],
    );
}

#[test]
fn bce_with_logits_equals_its_parts() {
    let inputs = [wave([3, 4]).tensor(0), wave([3, 4]).between(0.0, 1.0).tensor(1)];
    fn parts<'t>(x: Var<'t, f64>, t: Var<'t, f64>) -> Var<'t, f64> {
        -(t * x.sigmoid().ln() + (1.0 - t) * (-x).sigmoid().ln())
    }
    assert_equals_its_parts(&|x| x[0].bce_with_logits(x[1]), &|x| parts(x[0], x[1]), &inputs);
}

const INF: f64 = f64::INFINITY;

/// Values, and the gradient of their sum with respect to the logits.
fn at(logits: &[f64], f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>) -> [Vec<f64>; 2] {
    let tape = Tape::new();
    let x = tape.var(Tensor::from_vec([1, logits.len()], logits.to_vec()));
    let y = f(x);
    [y.value().to_vec(), y.sum().backward().wrt(x).to_vec()]
}

#[test]
fn cross_entropy_of_extreme_logits() {
    let class = |logits: &[f64], class| at(logits, |x| x.cross_entropy(&[class]));
    assert_eq!(class(&[1e4, -1e4], 0), [vec![0.0], vec![0.0, 0.0]]);
    assert_eq!(class(&[1e4, -1e4], 1), [vec![2e4], vec![1.0, -1.0]]);
    // The loss of a confident right answer is small, not zero.
    let [loss, slopes] = class(&[40.0, 0.0], 0);
    for small in [loss[0], -slopes[0], slopes[1]] {
        assert!((small / (-40.0_f64).exp() - 1.0).abs() < 1e-14, "{small:e}");
    }
    // A class with −∞ is excluded.
    assert_eq!(class(&[0.0, -INF, 0.0], 0), [vec![2.0_f64.ln()], vec![-0.5, 0.0, 0.5]]);
    assert_eq!(class(&[0.0, -INF], 1), [vec![INF], vec![1.0, -1.0]]);
    for row in [[-INF, -INF], [INF, 0.0], [f64::NAN, 0.0]] {
        for [loss, dx] in [class(&row, 0), class(&row, 1)] {
            assert!(loss.iter().chain(&dx).all(|value| value.is_nan()), "{row:?}: {loss:?}, {dx:?}");
        }
    }
}

#[test]
fn targets_of_zero_contribute_nothing_but_nan_stays() {
    let soft = |logits: &[f64], targets: &[f64]| {
        let targets = Tensor::from_vec([1, targets.len()], targets.to_vec());
        at(logits, |x| x.soft_cross_entropy(x.tape().constant(&targets)))
    };
    assert_eq!(soft(&[0.0, -INF], &[1.0, 0.0]), [vec![0.0], vec![0.0, 0.0]]);
    assert_eq!(soft(&[5.0, 6.0], &[0.0, 0.0]), [vec![0.0], vec![0.0, 0.0]]);
    assert!(soft(&[f64::NAN, 0.0], &[0.0, 0.0])[0][0].is_nan());
    assert!(soft(&[0.0, 0.0], &[f64::NAN, 0.0])[0][0].is_nan());
}

#[test]
fn bce_of_extreme_logits() {
    let bce = |logits: &[f64], target: f64| {
        at(logits, |x| x.bce_with_logits(x.tape().constant(Tensor::full(x.shape(), target))))
    };
    let logits = [-INF, -1e4, 1e4, INF];
    assert_eq!(bce(&logits, 0.0), [vec![0.0, 0.0, 1e4, INF], vec![0.0, 0.0, 1.0, 1.0]]);
    assert_eq!(bce(&logits, 1.0), [vec![INF, 1e4, 0.0, 0.0], vec![-1.0, -1.0, 0.0, 0.0]]);
    assert_eq!(bce(&logits, 0.25), [vec![INF, 2500.0, 7500.0, INF], vec![-0.25, -0.25, 0.75, 0.75]]);
    assert_eq!(bce(&[0.0], 1.0), [vec![2.0_f64.ln()], vec![-0.5]]);
    // A small slope is not 0, nor is it the rounding of 1.
    for (logit, target) in [(40.0, 1.0), (-40.0, 0.0)] {
        let slope = bce(&[logit], target)[1][0];
        assert!((slope / -logit.signum() / (-40.0_f64).exp() - 1.0).abs() < 1e-14, "{slope:e}");
    }
    for target in [0.0, 0.5, 1.0] {
        let [loss, dx] = bce(&[f64::NAN], target);
        assert!(loss[0].is_nan() && dx[0].is_nan());
    }
    let [loss, dx] = bce(&[1.0], f64::NAN);
    assert!(loss[0].is_nan() && dx[0].is_nan());
}

proptest! {
    /// A shift of all logits changes nothing, so the gradient adds up to zero.
    #[test]
    fn the_gradient_of_a_row_adds_up_to_zero(
        logits in prop::collection::vec(-30.0..30.0_f64, 1..40),
        class in 0..1000_usize,
    ) {
        let tape = Tape::new();
        let (n, class) = (logits.len(), class % logits.len());
        let x = tape.var(Tensor::from_vec([1, n], logits));
        let dx = x.cross_entropy(&[class]).sum().backward().wrt(x).to_vec();
        prop_assert!(dx.iter().sum::<f64>().abs() <= 8.0 * f64::EPSILON, "{dx:?}");
    }
}

#[test]
#[should_panic(expected = "cross_entropy: 3 classes for the 2 rows of [2, 5]")]
fn too_many_classes() {
    Tape::<f64>::new().var(Tensor::ones([2, 5])).cross_entropy(&[0, 1, 2]);
}

#[test]
#[should_panic(expected = "cross_entropy: class 5 is out of range for [2, 5], which has 5 classes")]
fn a_class_out_of_range() {
    Tape::<f64>::new().var(Tensor::ones([2, 5])).cross_entropy(&[0, 5]);
}

#[test]
#[should_panic(expected = "bce_with_logits: the logits [4] and the targets [4, 1] must have the same shape")]
fn a_column_against_a_row() {
    let tape = Tape::<f64>::new();
    tape.var(Tensor::ones([4])).bce_with_logits(tape.constant(Tensor::ones([4, 1])));
}
