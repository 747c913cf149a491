//! The common mistakes, word for word: what is said, and that it points at the user's line.

use std::panic::Location;

use autograd::{Conv, ConvTranspose, Op, Real, Recorded, Tape, Tensor, Var, Window, gradcheck};

use crate::panics::{Panic, panic_of};

#[track_caller]
fn says(expected: &str, f: impl FnOnce(&Tape<f64>)) {
    let Panic { text, file, line } = panic_of(|| f(&Tape::new())).expect("it must panic");
    assert_eq!(text, expected);
    // The mistake is on the line of the closure, which is the line of this call or the next ones.
    let here = Location::caller();
    assert!(file.ends_with("messages.rs"), "the panic points at {file}:{line}, not at the user's line");
    assert!((here.line()..here.line() + 6).contains(&line), "line {line} of the mistake at {}", here.line());
}

fn zeros<'t>(tape: &'t Tape<f64>, shape: &[usize]) -> Var<'t, f64> {
    tape.var(Tensor::zeros(shape))
}

#[test]
fn common_mistakes() {
    says("matmul: inner sizes differ: [32, 784] times [512, 784]; did you mean `b.t()`?", |tape| {
        zeros(tape, &[32, 784]).matmul(zeros(tape, &[512, 784]));
    });
    says("add: shapes [2, 3] and [4] do not broadcast", |tape| {
        let _ = zeros(tape, &[2, 3]) + zeros(tape, &[4]);
    });
    says("sum_over: axis 2 is out of range for shape [2, 3], which has 2 axes", |tape| {
        zeros(tape, &[2, 3]).sum_over(2);
    });
    says("sum_over: axis 1 is listed twice", |tape| {
        zeros(tape, &[2, 3]).sum_over([1, -1]);
    });
    says("reshape: [2, 3] has 6 elements, [4] has 4", |tape| {
        zeros(tape, &[2, 3]).reshape([4]);
    });
    says("expand: [2, 3] does not broadcast to [2, 4]", |tape| {
        zeros(tape, &[2, 3]).expand([2, 4]);
    });
    says("slice: 1..5 is out of range for axis 1 of shape [2, 3]", |tape| {
        zeros(tape, &[2, 3]).slice(1, 1..5);
    });
    says("permute: [0, 0] is not a permutation of the axes of [2, 3]", |tape| {
        zeros(tape, &[2, 3]).permute([0, 0]);
    });
    says("t: shape [3] has fewer than two axes to swap", |tape| {
        zeros(tape, &[3]).t();
    });
    says("item: the tensor has shape [2]; it must have exactly one element", |tape| {
        zeros(tape, &[2]).item();
    });
    says("backward: only a single number has a gradient, not shape [2, 3]; sum it first", |tape| {
        zeros(tape, &[2, 3]).backward();
    });
    says("grad: only a single number has a gradient, not shape [2]; sum it first", |tape| {
        let x = zeros(tape, &[2]);
        x.grad([x]);
    });
    says("hvp: the variables have shapes [[2]], the directions []", |tape| {
        let x = zeros(tape, &[2]);
        x.square().sum().hvp(&[x], &[]);
    });
    says("mul: the variables belong to two different tapes", |tape| {
        let other = Tape::new();
        let _ = zeros(tape, &[2]) * zeros(&other, &[2]);
    });
    says("wrt: the variable belongs to another tape", |tape| {
        let other = Tape::new();
        zeros(tape, &[]).backward().wrt(zeros(&other, &[]));
    });
    says("wrt: only variables made by `tape.var` keep their gradient; use `grad` for others", |tape| {
        let y = zeros(tape, &[]) * 2.0;
        y.backward().wrt(y);
    });
}

#[test]
fn windows_that_do_not_fit() {
    says(
        "conv2d: the kernel of [1, 1, 2, 5] spans 5 pixels, but [1, 1, 3, 3] has 3 with its padding",
        |tape| {
            zeros(tape, &[1, 1, 3, 3]).conv2d(zeros(tape, &[1, 1, 2, 5]), Conv::default());
        },
    );
    says("conv1d: the kernel of [1, 1, 5] spans 5 pixels, but [1, 1, 3] has 3 with its padding", |tape| {
        zeros(tape, &[1, 1, 3]).conv1d(zeros(tape, &[1, 1, 5]), Conv::default());
    });
    let cut = ConvTranspose { padding: [1, 1], ..ConvTranspose::default() };
    says("conv_transpose2d: the padding cuts 2 of 2 pixels, so nothing remains of [1, 1, 1, 1]", |tape| {
        zeros(tape, &[1, 1, 1, 1]).conv_transpose2d(zeros(tape, &[1, 1, 2, 2]), cut);
    });
    let extra = ConvTranspose { output_padding: [1, 0], ..ConvTranspose::default() };
    says("conv_transpose2d: the output padding 1 must be smaller than the stride or the dilation", |tape| {
        zeros(tape, &[1, 1, 1, 1]).conv_transpose2d(zeros(tape, &[1, 1, 2, 2]), extra);
    });
    says("max_pool2d: the window [2, 4] does not fit into [1, 1, 3, 3] with padding [0, 0]", |tape| {
        zeros(tape, &[1, 1, 3, 3]).max_pool2d(Window::new([2, 4]));
    });
    let padded = Window { padding: [2, 0], ..Window::new([2, 2]) };
    says("avg_pool2d: the padding [2, 0] is more than half of the window [2, 2]", |tape| {
        zeros(tape, &[1, 1, 3, 3]).avg_pool2d(padded);
    });
}

/// The sum, whose rule looks at a value.
struct Looks;

impl<T: Real> Op<T, 1> for Looks {
    const NAME: &'static str = "looks";

    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        x.sum()
    }
    fn vjp<'t>(&self, _: usize, g: Var<'t, T>, [x]: [Var<'t, T>; 1], y: Var<'t, T>) -> Var<'t, T> {
        let sign = if y.item() > T::zero() { 1.0 } else { -1.0 };
        (g * sign).expand(x.shape())
    }
}

/// An operation of nothing.
struct Nothing;

impl<T: Real> Op<T, 0> for Nothing {
    const NAME: &'static str = "nothing";

    fn forward(&self, []: [&Tensor<T>; 0]) -> Tensor<T> {
        Tensor::scalar(T::zero())
    }
    fn vjp<'t>(&self, _: usize, g: Var<'t, T>, []: [Var<'t, T>; 0], _: Var<'t, T>) -> Var<'t, T> {
        g
    }
}

#[test]
fn operations_without_inputs() {
    says("nothing: an operation without inputs is on no tape; `tape.constant` holds its value", |_| {
        Var::<f64>::apply(Nothing, []);
    });
}

#[test]
fn functions_that_cannot_be_checked_or_recorded() {
    says("gradcheck: the order counts from 1", |_| {
        let _ = gradcheck(|[x]| x, [Tensor::scalar(1.0)], 0);
    });
    let x = Tensor::<f64>::ones([2]);
    says("Recorded: only a single number has a gradient, not shape [2]; sum it first", |_| {
        let mut recorded = Recorded::new(&x, &x, |x, y, _| x * y);
        recorded.value_and_grad(&x, &x);
    });
    const REFUSED: &str = "a function that is recorded to be replayed cannot look at its values, which will be \
                           others then; let it depend on shapes alone, or do not record it";
    says(&format!("value: {REFUSED}"), |_| {
        Recorded::new(&x, &x, |x, _, tape| tape.constant(x.value())).value(&x, &x);
    });
    let looks = panic_of(|| {
        Recorded::new(&x, &x, |x, y, _| Var::apply(Looks, [x * y])).value_and_grad(&x, &x);
    });
    let Panic { text, file, line } = looks.expect("it must panic");
    assert!(text.starts_with(&format!("the derivative of looks at {file}:{line}:")), "{text}");
    assert!(text.ends_with(REFUSED) && file.ends_with("messages.rs"), "{text} at {file}");
    says(&format!("item: {REFUSED}"), |_| {
        Recorded::new(&x, &x, |x, y, _| if x.sum().item() > 0.0 { x } else { y }).value(&x, &x);
    });
}
