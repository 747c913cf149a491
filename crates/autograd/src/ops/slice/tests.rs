use crate::{Tape, Tensor, Var};

fn counting<'t>(tape: &'t Tape<f64>, shape: &[usize]) -> Var<'t, f64> {
    tape.var(Tensor::from_fn(shape, |i| i as f64))
}

#[test]
fn padding_holds_its_value_and_passes_no_gradient() {
    let tape = Tape::new();
    let x = counting(&tape, &[2, 2]);
    let y = x.pad([[0, 0], [1, 1]], f64::NEG_INFINITY);
    let edge = f64::NEG_INFINITY;
    assert_eq!(y.value().to_vec(), [edge, 0.0, 1.0, edge, edge, 2.0, 3.0, edge]);
    let weights = tape.constant(Tensor::from_fn([2, 4], |i| i as f64));
    assert_eq!((y.exp() * weights).sum().backward().wrt(x).to_vec()[0], 1.0);
    assert_eq!(x.pad([[0, 0], [0, 0]], 1.0).value(), x.value());
}

#[test]
fn parts_in_order() {
    let tape = Tape::new();
    let x = counting(&tape, &[6]);
    let [a, b, c] = x.split(0, [1, 0, 5]);
    assert_eq!((a.item(), b.value().len(), c.value().to_vec()[0]), (0.0, 0, 1.0));
    let [a, b] = x.chunk(0);
    assert_eq!((a.value().to_vec(), b.value().to_vec()), (vec![0.0, 1.0, 2.0], vec![3.0, 4.0, 5.0]));
    assert_eq!(x.flip(0).value().to_vec(), [5.0, 4.0, 3.0, 2.0, 1.0, 0.0]);
}

#[test]
#[should_panic(expected = "slice: 0..18446744073709551615 is out of range for axis 0 of shape [2, 3]")]
fn a_range_up_to_the_last_number_there_is() {
    counting(&Tape::new(), &[2, 3]).slice(0, ..=usize::MAX);
}

#[test]
#[should_panic(expected = "pad: 1 pairs for the 2 axes of [2, 3]")]
fn padding_for_too_few_axes() {
    counting(&Tape::new(), &[2, 3]).pad([[1, 1]], 0.0);
}

#[test]
#[should_panic(expected = "split: [1, 3] add up to 4, but axis 1 of shape [2, 3] has size 3")]
fn sizes_that_do_not_add_up() {
    counting(&Tape::new(), &[2, 3]).split(-1, [1, 3]);
}

#[test]
#[should_panic(expected = "chunk: axis 1 of shape [2, 3] cannot be cut into 2 equal parts")]
fn unequal_parts() {
    let [_, _] = counting(&Tape::new(), &[2, 3]).chunk(1);
}

#[test]
#[should_panic(expected = "flip: axis 1 is listed twice")]
fn flipping_twice() {
    counting(&Tape::new(), &[2, 3]).flip([1, -1]);
}
