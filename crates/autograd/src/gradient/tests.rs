use super::*;

#[test]
fn a_variable_used_twice_collects_both_contributions() {
    let tape = Tape::<f64>::new();
    let x = tape.var(3.0);
    let y = x * x + x;
    assert_eq!(y.backward().wrt(x).item(), 7.0);
    let [dy] = y.grad([x]);
    assert_eq!(dy.item(), 7.0);
}

#[test]
fn unused_variables_have_zero_gradients() {
    let tape = Tape::<f64>::new();
    let (x, unused) = (tape.var(3.0), tape.var(Tensor::ones([2])));
    let y = x * x;
    assert_eq!(y.backward().wrt(unused).to_vec(), [0.0, 0.0]);
    let [zero] = y.grad([unused]);
    assert_eq!(zero.value().to_vec(), [0.0, 0.0]);
    let later = tape.var(1.0);
    assert_eq!(y.backward().wrt(later).item(), 0.0);
}

#[test]
fn gradients_of_intermediate_values() {
    let tape = Tape::<f64>::new();
    let x = tape.var(2.0);
    let square = x * x;
    let y = square * square;
    let [wrt_square, wrt_x] = y.grad([square, x]);
    assert_eq!((wrt_square.item(), wrt_x.item()), (8.0, 32.0));
}

#[test]
fn the_fast_pass_records_nothing() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::ones([3]));
    let y = (x * x / (x + 1.0)).sum();
    let before = tape.len();
    y.backward();
    assert_eq!(tape.len(), before);
}

#[test]
fn nested_derivatives_do_not_mix() {
    // d/dx ( x · d/dy (x + y) ) = 1: the classic case of perturbation confusion.
    let tape = Tape::<f64>::new();
    let (x, y) = (tape.var(1.0), tape.var(1.0));
    let [inner] = (x + y).grad([y]);
    let [outer] = (x * inner).grad([x]);
    assert_eq!(outer.item(), 1.0);
}

#[test]
#[should_panic(expected = "backward: only a single number has a gradient, not shape [2]; sum it first")]
fn backward_on_a_vector() {
    let tape = Tape::<f64>::new();
    tape.var(Tensor::ones([2])).backward();
}

#[test]
#[should_panic(expected = "add: the variables belong to two different tapes")]
fn two_tapes() {
    let (one, two) = (Tape::<f64>::new(), Tape::<f64>::new());
    let _ = one.var(1.0) + two.var(1.0);
}

#[test]
#[should_panic(expected = "wrt: only variables made by `tape.var` keep their gradient")]
fn intermediate_gradients_are_not_silently_zero() {
    let tape = Tape::<f64>::new();
    let x = tape.var(1.0);
    let y = x * x;
    y.backward().wrt(y);
}
