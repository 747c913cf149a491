//! Checks around every operation: its inputs are on one tape, its gradients have the shapes of
//! the inputs, and, on a tape made by [`Tape::checked`](crate::Tape::checked), no value is NaN or infinite.

use crate::op::AnyOp;
use crate::{Real, Tensor, Var};

/// Panics, at the line of the user's program, if the inputs of an operation are on different tapes.
#[track_caller]
pub(crate) fn one_tape<T: Real>(name: &str, inputs: &[Var<T>]) {
    if inputs.iter().any(|input| !std::ptr::eq(input.tape, inputs[0].tape)) {
        panic!("{name}: the variables belong to two different tapes");
    }
}

/// The contribution that a derivative rule returned, if it has the shape of its input.
///
/// # Panics
/// If it has another.
pub(crate) fn contribution<'t, T: Real>(
    op: &dyn AnyOp<T>,
    contribution: Var<'t, T>,
    inputs: &[Var<'t, T>],
    wrt: usize,
) -> Var<'t, T> {
    let (given, expected) = (contribution.shape(), inputs[wrt].shape());
    assert!(
        given == expected,
        "{}: its rule returned a gradient of shape {given:?} for input {wrt} of shape {expected:?}",
        op.name(),
    );
    #[cfg(test)]
    if let Some([factor, offset]) = crate::ops::mutation::of(&op.name(), wrt) {
        return contribution * factor + offset;
    }
    contribution
}

/// Panics, at the line of the user's program, if an operation returned a number that is not finite.
#[track_caller]
pub(crate) fn forward<T: Real>(op: &dyn AnyOp<T>, y: &Tensor<T>, inputs: &[Var<T>]) {
    if let Some((at, value)) = first_bad(y) {
        let inputs: Vec<String> = inputs.iter().map(|x| describe(&x.peek())).collect();
        panic!(
            "{}: the output {:?} holds {value} at element {at}; made from {}",
            op.name(),
            y.shape(),
            inputs.join(" and "),
        );
    }
}

/// Panics if a derivative rule returned a number that is not finite; names the line of the operation.
pub(crate) fn backward<T: Real>(op: &dyn AnyOp<T>, contribution: &Tensor<T>, y: Var<T>, wrt: usize) {
    if let Some((at, value)) = first_bad(contribution) {
        let line = y.tape.nodes.borrow()[y.id].at;
        panic!(
            "{} at {line}: the gradient for input {wrt} {:?} holds {value} at element {at}; the output is {}",
            op.name(),
            contribution.shape(),
            describe(&y.peek()),
        );
    }
}

fn first_bad<T: Real>(x: &Tensor<T>) -> Option<(usize, T)> {
    x.first_not_finite()
}

/// Shape and range of a tensor.
fn describe<T: Real>(x: &Tensor<T>) -> String {
    let values = x.to_vec();
    let low = values.iter().copied().reduce(|a, b| if b < a { b } else { a });
    let high = values.iter().copied().reduce(|a, b| if b > a { b } else { a });
    match (low, high) {
        (Some(low), Some(high)) => format!("{:?} with values from {low} to {high}", x.shape()),
        _ => format!("{:?}", x.shape()),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Tape, Tensor};

    #[test]
    #[should_panic(
        expected = "ln: the output [2] holds -inf at element 1; made from [2] with values from 0 to 1"
    )]
    fn forward_names_the_operation() {
        let tape = Tape::<f64>::checked();
        tape.var(Tensor::from_vec([2], vec![1.0, 0.0])).ln();
    }

    #[test]
    fn backward_names_the_line() {
        let mut line = 0;
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let tape = Tape::<f64>::checked();
            let x = tape.var(0.0);
            line = line!() + 1;
            let y = x.sqrt(); // the value is fine, the slope is infinite
            y.backward();
        }));
        let text = panic.unwrap_err().downcast::<String>().unwrap();
        assert!(text.starts_with("sqrt at ") && text.contains(&format!("check.rs:{line}:")), "{text}");
        assert!(text.contains("the gradient for input 0 [] holds inf at element 0"), "{text}");
    }

    #[test]
    fn finite_numbers_pass() {
        let tape = Tape::<f64>::checked();
        let x = tape.var(2.0);
        assert_eq!((x.ln() * x).backward().wrt(x).item(), 2.0_f64.ln() + 1.0);
    }
}
