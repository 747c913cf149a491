use crate::{Tape, Tensor, Var};

fn of<'t>(tape: &'t Tape<f64>, shape: &[usize]) -> Var<'t, f64> {
    tape.var(Tensor::from_fn(shape, |i| i as f64))
}

#[test]
fn a_stack_times_a_matrix_is_one_product() {
    let tape = Tape::new();
    let (a, b) = (of(&tape, &[5, 2, 3]), of(&tape, &[3, 4]));
    let before = tape.len();
    assert_eq!(a.matmul(b).shape().as_slice(), [5, 2, 4]);
    assert_eq!(tape.len() - before, 3, "reshape, product, reshape: nothing is expanded");
}

#[test]
fn linear_equals_its_parts() {
    for [batch, inputs, outputs] in
        [[1, 5, 7], [2, 40, 1], [3, 1, 2], [70, 900, 33], [130, 30, 250], [7, 64, 64]]
    {
        let tape = Tape::new();
        let x = tape.var(Tensor::from_fn([batch, inputs], |i| (i as f64 * 0.7).sin()));
        let w = tape.var(Tensor::from_fn([outputs, inputs], |i| (i as f64 * 0.3).cos()));
        let b = tape.var(Tensor::from_fn([outputs], |i| i as f64));
        let (whole, parts) = (x.linear(w, b), x.matmul(w.t()) + b);
        assert_eq!(whole.value(), parts.value(), "{batch} {inputs} {outputs}");
        let (whole, parts) = (whole.square().sum().backward(), parts.square().sum().backward());
        for v in [x, w, b] {
            assert_eq!(whole.wrt(v), parts.wrt(v), "{batch} {inputs} {outputs}");
        }
    }
}

#[test]
#[should_panic(expected = "linear: [8, 32] has 32 features, the weight [5, 31] expects 31")]
fn linear_of_other_width() {
    let tape = Tape::new();
    of(&tape, &[8, 32]).linear(of(&tape, &[5, 31]), of(&tape, &[5]));
}

#[test]
#[should_panic(expected = "linear: a weight [5, 32] goes with a bias [5], not [1]")]
fn linear_with_another_bias() {
    let tape = Tape::new();
    of(&tape, &[8, 32]).linear(of(&tape, &[5, 32]), of(&tape, &[1]));
}

#[test]
#[should_panic(expected = "matmul: inner sizes differ: [8, 32, 784] times [512, 784]; did you mean `b.t()`?")]
fn inner_sizes() {
    let tape = Tape::new();
    of(&tape, &[8, 32, 784]).matmul(of(&tape, &[512, 784]));
}

#[test]
#[should_panic(expected = "dot: [3] and [2] must be two vectors of the same length")]
fn lengths_differ() {
    let tape = Tape::new();
    of(&tape, &[3]).dot(of(&tape, &[2]));
}

#[test]
#[should_panic(expected = "outer: [3, 1] and [2] must be two vectors")]
fn outer_of_a_matrix() {
    let tape = Tape::new();
    of(&tape, &[3, 1]).outer(of(&tape, &[2]));
}
