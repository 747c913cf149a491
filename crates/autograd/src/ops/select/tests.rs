use crate::{Tape, Tensor, Var};

/// The value of `f` at `x` and its derivatives of orders 1, 2 and 3 (of the sum, element by
/// element).
fn derivatives(x: &[f64], f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>) -> [Vec<f64>; 4] {
    let tape = Tape::new();
    let x = tape.var(Tensor::from_vec([x.len()], x.to_vec()));
    let y = f(x);
    let [dy] = y.sum().grad([x]);
    let [ddy] = dy.sum().grad([x]);
    let [dddy] = ddy.sum().grad([x]);
    [y, dy, ddy, dddy].map(|y| y.value().to_vec())
}

#[test]
fn the_branch_not_taken_has_no_influence() {
    let orders = derivatives(&[1.0, 2.0, 3.0], |x| {
        let bad = x.tape().var(Tensor::from_vec([3], vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]));
        let y = x.gt(0.0).select(x.powi(3), bad);
        assert_eq!(y.sum().backward().wrt(bad).to_vec(), [0.0; 3]);
        y
    });
    let cube = [vec![1.0, 8.0, 27.0], vec![3.0, 12.0, 27.0], vec![6.0, 12.0, 18.0], vec![6.0; 3]];
    assert_eq!(orders, cube);
}

#[test]
fn select_map_is_finite_at_every_order() {
    let roots = derivatives(&[-1.0, 0.0, 4.0], |x| x.gt(0.0).select_map(x, |x| x.sqrt(), 0.0));
    let expected = [2.0, 0.25, -1.0 / 32.0, 3.0 / 256.0];
    for (order, expected) in roots.iter().zip(expected) {
        assert_eq!(order, &[0.0, 0.0, expected]);
    }
    let inverses = derivatives(&[0.0, 1.0, 2.0], |x| x.ne(0.0).select_map(x, |x| x.recip(), x));
    assert_eq!(inverses[0], [0.0, 1.0, 0.5]);
    assert_eq!(inverses[1], [1.0, -1.0, -0.25]);
    assert_eq!(inverses[2], [0.0, 2.0, 0.25]);
    assert_eq!(inverses[3], [0.0, -6.0, -0.375]);
    let none = derivatives(&[-1.0, 0.0], |x| x.gt(0.0).select_map(x, |x| x.ln(), -7.0));
    assert_eq!(none, [vec![-7.0; 2], vec![0.0; 2], vec![0.0; 2], vec![0.0; 2]]);
}

#[test]
fn an_infinite_slope_behind_a_plain_select_is_loud() {
    let orders = derivatives(&[0.0], |x| x.gt(0.0).select(x.sqrt(), 0.0));
    assert_eq!(orders[0], [0.0]);
    assert!(orders[1][0].is_nan());
}

#[test]
fn infinite_gradients_go_to_the_branch_taken_only() {
    let tape = Tape::<f64>::new();
    let (a, b) = (tape.var(0.0), tape.var(3.0));
    let gradients = a.lt(b).select(a, b).sqrt().backward();
    assert_eq!((gradients.wrt(a).item(), gradients.wrt(b).item()), (f64::INFINITY, 0.0));
}

#[test]
#[should_panic(expected = "select: shapes [2] and [3] do not broadcast")]
fn selecting_with_a_mask_that_does_not_fit() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::ones([2]));
    let _ = tape.constant(Tensor::ones([3])).ne(0.0).select(x, 0.0);
}
