//! Gradients of a training step whose tape is not used afterwards: given to the caller one by one, so that each
//! parameter can be changed in place.

use crate::gradient::Numbers;
use crate::sweep::{Needed, Pass, Step, sweep};
use crate::{Real, Tape, Tensor, Var};

impl<'t, T: Real> Var<'t, T> {
    /// [`backward`](Self::backward) that releases the tape on its way: `take` is given the number of each of these leaves
    /// and its gradient, as soon as that is complete. By then the tape holds neither the leaf nor a value made from it,
    /// so that it can be changed in place; and the gradient, just computed, is still in the cache.
    #[track_caller]
    pub(crate) fn backward_and_forget(self, leaves: &[Self], take: &mut dyn FnMut(usize, Tensor<T>)) {
        T::backward_and_forget(self, leaves, take);
    }
}

/// See [`Var::backward_and_forget`].
#[track_caller]
pub(crate) fn backward_and_forget<'t, T: Real>(
    y: Var<'t, T>,
    leaves: &[Var<'t, T>],
    take: &mut dyn FnMut(usize, Tensor<T>),
) {
    y.assert_scalar("backward");
    let tape = y.tape;
    // The walk is from the last node to the first: the gradient of a leaf is complete after the node that
    // used it first.
    let mut first_use = vec![None; tape.len()];
    for (id, node) in tape.nodes.borrow()[..=y.id].iter().enumerate().filter(|(_, node)| node.requires_grad) {
        node.inputs.iter().for_each(|&input| _ = first_use[input].get_or_insert(id));
    }
    let mut number = vec![None; tape.len()];
    leaves.iter().enumerate().for_each(|(k, leaf)| number[leaf.id] = Some(k));
    let mut pass = InPlace { tape, leaves, first_use, number, take };
    // Leaves that nothing used; the scalar itself may be one.
    for (k, leaf) in leaves.iter().enumerate() {
        if pass.first_use[leaf.id].is_none() {
            pass.give(k, (leaf.id == y.id).then(|| Tensor::ones(leaf.shape())));
        }
    }
    let needed = Needed::by_any(tape, y.id);
    sweep(&mut pass, tape, [(y.id, Tensor::ones(y.shape()))], &needed);
}

const NUMBERS: Numbers = Numbers { all: false };

/// [`Numbers`] that are given away.
struct InPlace<'a, 't, T: Real> {
    tape: &'t Tape<T>,
    leaves: &'a [Var<'t, T>],
    /// For each node the first that used it.
    first_use: Vec<Option<usize>>,
    /// For each node its number among the leaves, until its gradient is given away.
    number: Vec<Option<usize>>,
    take: &'a mut dyn FnMut(usize, Tensor<T>),
}

impl<T: Real> InPlace<'_, '_, T> {
    fn give(&mut self, k: usize, gradient: Option<Tensor<T>>) {
        let nothing = Tensor::scalar(T::zero());
        let leaf = std::mem::replace(&mut self.tape.nodes.borrow_mut()[self.leaves[k].id].value, nothing);
        let gradient = gradient.unwrap_or_else(|| Tensor::zeros(leaf.shape()));
        drop(leaf);
        (self.take)(k, gradient);
    }
}

impl<'t, T: Real> Pass<'t, T> for InPlace<'_, 't, T> {
    type Gradient = Tensor<T>;

    fn contribution(
        &self,
        step: &Step<'t, T>,
        wrt: usize,
        g: &Tensor<T>,
        sum: &mut Option<Tensor<T>>,
    ) -> Option<Tensor<T>> {
        NUMBERS.contribution(step, wrt, g, sum)
    }

    fn add(&self, sum: Tensor<T>, contribution: Tensor<T>) -> Tensor<T> {
        Pass::<T>::add(&NUMBERS, sum, contribution)
    }

    fn after(&mut self, id: usize, gradients: &mut [Option<Tensor<T>>]) {
        // The sweep is done with this node and those after it.
        let mut nodes = self.tape.nodes.borrow_mut();
        let inputs = std::mem::take(&mut nodes[id].inputs);
        nodes.truncate(id);
        drop(nodes);
        for input in inputs {
            if self.first_use[input] == Some(id)
                && let Some(k) = self.number[input].take()
            {
                self.give(k, gradients[input].take());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::value_and_update;

    #[test]
    fn a_model_without_leaves_may_use_variables_of_its_own() {
        let mut none: [crate::Tensor<f64>; 0] = [];
        let y =
            value_and_update(&mut none, |[], tape| tape.var(3.0).square(), &mut |_, _, _, _| unreachable!());
        assert_eq!(y, 9.0);
    }
}
