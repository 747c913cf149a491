use super::*;
use crate::Tape;

fn counting<'t>(tape: &'t Tape<f64>, shape: &[usize]) -> Var<'t, f64> {
    tape.var(Tensor::from_fn(shape, |i| i as f64))
}

#[test]
fn repeated_indices_add_up() {
    let tape = Tape::new();
    let (x, source) = (counting(&tape, &[2, 3]), counting(&tape, &[2, 2]));
    let index = Indices::from_vec([2, 2], vec![1, 1, 0, 2]);
    let y = x.scatter_add(1, &index, source);
    assert_eq!(y.value().to_vec(), [0.0, 2.0, 2.0, 5.0, 4.0, 8.0]);
    let weights = tape.constant(Tensor::from_fn([2, 3], |i| i as f64));
    let gradients = (y * weights).sum().backward();
    assert_eq!(gradients.wrt(source).to_vec(), [1.0, 1.0, 3.0, 5.0]);
    assert_eq!(gradients.wrt(x).to_vec(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(x.gather(1, &index).sum().backward().wrt(x).to_vec(), [0.0, 2.0, 0.0, 1.0, 0.0, 1.0]);
}

#[test]
fn what_gets_nothing_keeps_its_bits() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::from_vec([3], vec![-0.0, -0.0, f64::INFINITY]));
    let y = x.scatter_add(0, &Indices::from_vec([1], vec![1]), tape.var(Tensor::zeros([1]))).value();
    assert_eq!(y.to_vec().iter().map(|y| y.is_sign_negative()).collect::<Vec<_>>(), [true, false, false]);
    // Added up in order, to the element itself: from the other end 1 would be lost.
    let x = tape.var(Tensor::from_vec([1], vec![-1e16]));
    let y = x.scatter_add(
        0,
        &Indices::from_vec([2], vec![0, 0]),
        tape.var(Tensor::from_vec([2], vec![1e16, 1.0])),
    );
    assert_eq!(y.item(), 1.0);
}

#[test]
#[should_panic(expected = "embedding: index 5 is out of range for axis 0 of shape [5, 2], which has size 5")]
fn a_word_that_is_not_in_the_table() {
    counting(&Tape::new(), &[5, 2]).embedding(&Indices::from([0, 5]));
}

#[test]
#[should_panic(expected = "embedding: the table must be [count, features], not [5]")]
fn a_table_without_features() {
    counting(&Tape::new(), &[5]).embedding(&Indices::from([0]));
}

#[test]
#[should_panic(
    expected = "scatter_add: index 3 is out of range for axis 1 of shape [2, 3], which has size 3"
)]
fn scattering_out_of_range() {
    let tape = Tape::new();
    let x = counting(&tape, &[2, 3]);
    x.scatter_add(1, &Indices::from_vec([2, 1], vec![0, 3]), x.slice(1, ..1));
}

#[test]
#[should_panic(expected = "scatter_add: [2, 3] is added, but the indices have shape [2, 1]")]
fn scattering_without_an_index_for_each() {
    let tape = Tape::new();
    let x = counting(&tape, &[2, 3]);
    x.scatter_add(1, &Indices::from_vec([2, 1], vec![0, 1]), x);
}
