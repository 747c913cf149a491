use super::*;
use crate::Tape;
use crate::ops::table::assert_equals_its_parts;

#[test]
fn softmax_equals_its_parts() {
    let x = [wave([3, 4, 5]).tensor(0)];
    for axis in [0, 1, 2] {
        assert_equals_its_parts(
            &|x| x[0].softmax(axis),
            &|x| x[0].exp() / x[0].exp().sum_over(Keep(axis as usize)),
            &x,
        );
    }
}

#[test]
fn log_softmax_equals_its_parts() {
    let x = [wave([3, 4, 5]).tensor(0)];
    for axis in [0, 1, 2] {
        assert_equals_its_parts(
            &|x| x[0].log_softmax(axis),
            &|x| x[0] - x[0].exp().sum_over(Keep(axis as usize)).ln(),
            &x,
        );
    }
}

/// Value and gradient of `⟨(1, 2, …), f(row)⟩`.
fn at(row: &[f64], f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>) -> [Vec<f64>; 2] {
    let tape = Tape::new();
    let x = tape.var(Tensor::from_vec([row.len()], row.to_vec()));
    let y = f(x);
    let total = (y * tape.constant(Tensor::from_fn([row.len()], |i| i as f64 + 1.0))).sum();
    [y.value().to_vec(), total.backward().wrt(x).to_vec()]
}

const INF: f64 = f64::INFINITY;

#[test]
fn slopes_of_a_confident_answer() {
    // Of two classes the logits matter by their difference; the derivatives of σ(40) are all ±e⁻⁴⁰.
    let small = (-40.0_f64).exp();
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::from_vec([2], vec![40.0, 0.0]));
    let check = |y: Var<f64>, signs: [f64; 3]| {
        let mut y = y;
        for sign in signs {
            let fast = y.backward().wrt(x).to_vec();
            let [recorded] = y.grad([x]);
            for slope in [fast[0], -fast[1], recorded.value().to_vec()[0], -recorded.value().to_vec()[1]] {
                assert!((slope / (sign * small) - 1.0).abs() < 1e-14, "{slope:e}");
            }
            y = recorded.slice(0, ..1).sum();
        }
    };
    check(x.softmax(0).slice(0, ..1).sum(), [1.0, -1.0, 1.0]);
    check(x.log_softmax(0).slice(0, ..1).sum(), [1.0, -1.0, 1.0]);
    check(-x.softmax(0).slice(0, 1..).sum(), [1.0, -1.0, 1.0]);
}

#[test]
fn extreme_logits() {
    let [y, dx] = at(&[1e4, -1e4, 1e4], |x| x.softmax(0));
    assert_eq!((y, dx), (vec![0.5, 0.0, 0.5], vec![-0.5, 0.0, 0.5]));
    let [y, dx] = at(&[1e4, -1e4, 0.0], |x| x.log_softmax(0));
    assert_eq!((y, dx), (vec![0.0, -2e4, -1e4], vec![-5.0, 2.0, 3.0]));
    // A tiny remainder keeps its digits.
    let [y, _] = at(&[40.0, 0.0], |x| x.log_softmax(0));
    assert!((y[0] / -(-40.0_f64).exp().ln_1p() - 1.0).abs() < 1e-15, "{y:?}");
}

#[test]
fn minus_infinity_is_a_mask() {
    let [y, dx] = at(&[0.0, -INF, 0.0], |x| x.softmax(0));
    assert_eq!((y, dx), (vec![0.5, 0.0, 0.5], vec![-0.5, 0.0, 0.5]));
    let tape = Tape::new();
    let x = tape.var(Tensor::from_vec([3], vec![0.0, -INF, 0.0]));
    let y = x.log_softmax(0);
    assert_eq!(y.value().to_vec(), [-(2.0_f64.ln()), -INF, -(2.0_f64.ln())]);
    assert_eq!(y.slice(0, ..1).sum().backward().wrt(x).to_vec(), [0.5, 0.0, -0.5]);
}

#[test]
fn rows_without_a_distribution_are_nan() {
    for row in [[-INF, -INF], [INF, 0.0], [INF, INF], [f64::NAN, 0.0], [f64::NAN, INF]] {
        for [y, dx] in [at(&row, |x| x.softmax(0)), at(&row, |x| x.log_softmax(0))] {
            assert!(y.iter().chain(&dx).all(|value| value.is_nan()), "{row:?}: {y:?}, {dx:?}");
        }
    }
    // Other rows are not touched.
    let tape = Tape::new();
    let x = tape.var(Tensor::from_vec([2, 2], vec![-INF, -INF, 0.0, 0.0]));
    assert_eq!(x.softmax(1).value().to_vec()[2..], [0.5, 0.5]);
}

#[test]
#[should_panic(expected = "softmax: axis 2 is out of range for shape [2, 3], which has 2 axes")]
fn wrong_axis() {
    Tape::<f64>::new().var(Tensor::ones([2, 3])).softmax(2);
}

#[test]
#[should_panic(expected = "log_softmax: axis 0 is out of range for shape [], which has 0 axes")]
fn no_axis() {
    Tape::<f64>::new().var(1.0).log_softmax(0);
}
