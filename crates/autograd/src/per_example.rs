//! Gradients of every example of a batch.
//!
//! A training step needs the gradient of the mean loss. Differential privacy (each example's gradient is cut to a
//! length; Abadi et al. 2016), the Fisher information, influence functions and the noise of a gradient need those of
//! the single examples:
//!
//! > `Gᵢ = ∂ℓ(θ, xᵢ)/∂θ`,  `[batch, …]` for every parameter `[…]`.

use std::sync::{Mutex, PoisonError};

use crate::functions::{filled_with, on_tape, zeros};
use crate::tensor::share;
use crate::{Name, Real, Tape, Tensor, Tree, Var};

/// The loss of every example, `[batch]`, and its gradient in the form of the model: `[batch, …]` for every parameter
/// `[…]`. Every leaf of the inputs is `[batch, …]`.
///
/// `f` is the loss of one example. It is given the example as a batch of one, so that it may be written for batches, and
/// is called once for each, on several threads at a time. So the result is exact whatever `f` does. Its mean over the
/// batch is the gradient of the mean loss, if `f` does not let examples influence each other, as batch normalization does.
///
/// The time is that of the examples one by one, divided by the number of threads; the memory that of the result.
///
/// ```
/// use autograd::{Tensor, per_example_grad};
///
/// // ½ (w x − y)², by w: (w x − y) x.
/// let w = Tensor::scalar(2.0);
/// let x = Tensor::from_vec([3], vec![1.0, 2.0, 3.0]);
/// let y = Tensor::from_vec([3], vec![1.0, 5.0, 6.0]);
/// let (losses, gradients) = per_example_grad(&w, &[x, y], |w, [x, y], _tape| (w * x - y).square().sum() / 2.0);
/// assert_eq!(losses.to_vec(), [0.5, 0.5, 0.0]);
/// assert_eq!(gradients.to_vec(), [1.0, -2.0, 0.0]);
/// ```
///
/// # Panics
/// If the inputs have no leaves or do not count the same examples, or `f` returns anything but a single number.
#[track_caller]
pub fn per_example_grad<T: Real, M, I>(
    model: &M,
    inputs: &I,
    f: impl for<'t> Fn(M::With<Var<'t, T>>, I::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T> + Sync,
) -> (Tensor<T>, M)
where
    M: Tree<Tensor<T>, With<Tensor<T>> = M> + Sync,
    I: Tree<Tensor<T>> + Sync,
{
    let batch = batch_of(inputs);
    // Memory whose contents are written over, for the losses and for every leaf.
    let room = |shape: &[usize]| Tensor::build([&[batch], shape].concat(), |_| ());
    let mut results = vec![room(&[])];
    model.visit(&mut |name, leaf| {
        if name.is_trained() {
            results.push(room(leaf.shape()));
        }
    });
    let rows = results.iter_mut().map(|result| {
        let numbers = result.make_mut();
        let row = numbers.len() / batch.max(1);
        numbers.chunks_mut(row.max(1))
    });
    let open = Mutex::new((0, rows.collect::<Vec<_>>()));
    share(batch, |_| {
        let (example, rows) = {
            let (next, rows) = &mut *open.lock().unwrap_or_else(PoisonError::into_inner);
            *next += 1;
            (*next - 1, rows.iter_mut().map(Iterator::next).collect::<Vec<_>>())
        };
        let tape = Tape::new();
        let (tree, leaves) = on_tape(model, &tape);
        let one = |input: &Tensor<T>| tape.constant(input.slice(0, example..example + 1));
        let loss = f(tree, inputs.map(Name::Root, &mut |_, input| one(input)), &tape);
        tape.assert_buffers_taken("per_example_grad", "set them in another pass");
        let gradients = loss.backward();
        let numbers = leaves.variables.iter().map(|&leaf| gradients.wrt(leaf));
        for (row, numbers) in rows.into_iter().zip(std::iter::once(loss.value()).chain(numbers)) {
            row.into_iter().for_each(|row| {
                row.copy_from_slice(numbers.contiguous().as_slice().expect("it is contiguous"))
            });
        }
    });
    let mut results = results.into_iter();
    let losses = results.next().expect("it was put there first");
    (losses, filled_with(model, results, |leaf| zeros(&[&[batch], leaf.shape()].concat())))
}

/// The number of examples, which all leaves of the inputs have in common.
#[track_caller]
fn batch_of<T: Real, I: Tree<Tensor<T>>>(inputs: &I) -> usize {
    let mut shapes = vec![];
    inputs.visit(&mut |_, input| shapes.push(input.shape().to_vec()));
    let batch = shapes.first().and_then(|shape| shape.first().copied());
    match batch {
        Some(batch) if shapes.iter().all(|shape| shape.first() == Some(&batch)) => batch,
        _ => {
            panic!("per_example_grad: the inputs must be [batch, …], with one batch for all, not {shapes:?}")
        }
    }
}

#[cfg(test)]
mod tests;
