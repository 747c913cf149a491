//! Derivatives of a variable: gradients as plain numbers, and gradients that can be differentiated again.
//!
//! [`Var::backward`] computes plain numbers and records nothing. [`Var::grad`] records its own steps on the same tape,
//! so that its results are variables. Both walk over the tape in the same way (`sweep.rs`) and call the same
//! rules.

use smallvec::SmallVec;

use crate::Real;
use crate::check;
use crate::joined::Joined;
use crate::shortcuts::{Destination, Written};
use crate::sweep::{Needed, Pass, Step, sweep};
use crate::tape::{Tape, Var};
use crate::tensor::Tensor;

impl<'t, T: Real> Var<'t, T> {
    /// The gradient of this scalar with respect to every variable on the tape, as plain tensors.
    /// Nothing is recorded.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([2], vec![1.0, 2.0]));
    /// let gradients = (x * x).sum().backward();
    /// assert_eq!(gradients.wrt(x).to_vec(), [2.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If this variable does not hold exactly one number.
    #[track_caller]
    pub fn backward(self) -> Gradients<'t, T> {
        self.tape.assert_open("backward");
        self.assert_scalar("backward");
        self.pull(Tensor::ones(self.shape()))
    }

    /// `uᵀ ∂y/∂x` for every variable `x` on the tape, where `y` is this variable and `u` has its shape. Nothing is
    /// recorded.
    #[track_caller]
    pub(crate) fn pull(self, u: Tensor<T>) -> Gradients<'t, T> {
        T::pull(self, u)
    }

    /// The gradient of this scalar with respect to the given variables, as variables: the sweep is
    /// itself recorded, so the results can be differentiated again.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(2.0);
    /// let y = x * x * x;
    /// let [dy] = y.grad([x]); // 3x²
    /// let [ddy] = dy.grad([x]); // 6x
    /// assert_eq!((dy.item(), ddy.item()), (12.0, 12.0));
    /// ```
    ///
    /// A variable that this one does not depend on has the gradient zero.
    ///
    /// # Panics
    /// If this variable does not hold exactly one number, or another tape is involved.
    #[track_caller]
    pub fn grad<const N: usize>(self, wrt: [Var<'t, T>; N]) -> [Var<'t, T>; N] {
        self.assert_scalar("grad");
        let seed = self.tape.constant(Tensor::ones(self.shape()));
        let grads = self.vjp(seed, &wrt);
        std::array::from_fn(|i| grads[i])
    }

    /// `uᵀ ∂y/∂x` for every `x` in `wrt`, where `y` is this variable of any shape and `u`, of the
    /// same shape, holds a weight for each element. Recorded, like [`grad`](Self::grad).
    ///
    /// # Panics
    /// If the shape of `u` is not that of this variable, or another tape is involved.
    #[track_caller]
    pub fn vjp(self, u: Var<'t, T>, wrt: &[Var<'t, T>]) -> Vec<Var<'t, T>> {
        Var::vjp_of(&[self], &[u], wrt)
    }

    /// `Σᵢ uᵢᵀ ∂yᵢ/∂x`, in one sweep, in which `u` counts as a constant.
    #[track_caller]
    pub(crate) fn vjp_of(y: &[Self], u: &[Self], wrt: &[Self]) -> Vec<Self> {
        T::vjp_of(y, u, wrt)
    }

    #[track_caller]
    pub(crate) fn assert_scalar(self, op: &str) {
        let shape = self.shape();
        if shape.iter().product::<usize>() != 1 {
            panic!("{op}: only a single number has a gradient, not shape {shape:?}; sum it first");
        }
    }
}

/// See [`Var::pull`].
pub(crate) fn pull<'t, T: Real>(y: Var<'t, T>, u: Tensor<T>) -> Gradients<'t, T> {
    let nodes = y.tape.len();
    let needed = Needed::by_any(y.tape, y.id);
    let by_id = sweep(&mut Numbers { all: false }, y.tape, [(y.id, u)], &needed);
    Gradients { tape: y.tape, nodes, by_id }
}

/// See [`Var::vjp_of`].
#[track_caller]
pub(crate) fn vjp_of<'t, T: Real>(y: &[Var<'t, T>], u: &[Var<'t, T>], wrt: &[Var<'t, T>]) -> Vec<Var<'t, T>> {
    let tape = y[0].tape;
    debug_assert!(y.len() == u.len(), "one weight for each output");
    if wrt.iter().chain(y).chain(u).any(|x| !std::ptr::eq(x.tape, tape)) {
        panic!("grad: the variables belong to two different tapes");
    }
    for (y, u) in y.iter().zip(u) {
        let (shape, given) = (y.shape(), u.shape());
        assert!(shape == given, "vjp: the weights have shape {given:?}, the output {shape:?}");
    }
    let last = y.iter().map(|y| y.id).max().expect("there is an output");
    let needed = Needed::by(tape, last, wrt);
    let mut wanted = vec![false; needed.flags.len()];
    wrt.iter().filter(|x| needed.has(x.id)).for_each(|x| wanted[x.id - needed.first] = true);
    let mut pass = Variables { first: needed.first, wanted };
    let seeds = y.iter().map(|y| y.id).zip(u.iter().map(|u| Joined::Whole(*u)));
    let before = tape.origin.get();
    let grads = tape.recording(|| {
        let grads = sweep(&mut pass, tape, seeds, &needed);
        grads.into_iter().map(|g| g.map(Joined::whole)).collect::<Vec<_>>()
    });
    tape.origin.set(before);
    let zero = |x: &Var<T>| tape.constant(Tensor::zeros(x.shape()));
    let found = |x: &Var<T>| grads.get(x.id - needed.first).copied().flatten();
    wrt.iter().map(|x| found(x).unwrap_or_else(|| zero(x))).collect()
}

// ANCHOR: fast
/// Gradients as plain numbers. A rule without a [shortcut](crate::shortcuts) runs on variables, whose nodes are removed.
pub(crate) struct Numbers {
    /// True if the gradients of all nodes are wanted, not only those of leaves.
    pub(crate) all: bool,
}

impl<'t, T: Real> Pass<'t, T> for Numbers {
    type Gradient = Tensor<T>;

    fn contribution(
        &self,
        step: &Step<'t, T>,
        wrt: usize,
        g: &Tensor<T>,
        sum: &mut Option<Tensor<T>>,
    ) -> Option<Tensor<T>> {
        let (tape, y) = (step.y.tape, step.y);
        let written = {
            let nodes = tape.nodes.borrow();
            let mut inputs = SmallVec::<[&Tensor<T>; 3]>::new();
            inputs.extend(step.inputs.iter().map(|x| &nodes[x.id].value));
            // A contribution that is searched for NaN is computed separately.
            let to = match sum {
                Some(sum) if !tape.checking => Destination::Sum(sum),
                _ => Destination::New,
            };
            step.op.vjp_to(wrt, g, &inputs, &nodes[y.id].value, to)
        };
        let contribution = match written {
            Some(Written::There) => return None,
            Some(Written::New(contribution)) => contribution,
            None => tape.scratch(|| step.op.vjp(wrt, tape.constant(g.clone()), &step.inputs, y)),
        };
        if tape.checking {
            check::backward(&*step.op, &contribution, y, wrt);
        }
        Some(contribution)
    }

    fn add(&self, mut sum: Tensor<T>, contribution: Tensor<T>) -> Tensor<T> {
        sum.accumulate(&contribution);
        sum
    }

    fn keeps(&self, _id: usize) -> bool {
        self.all
    }
}
// ANCHOR_END: fast

// ANCHOR: recorded
/// Gradients as variables, of which those of some nodes are `wanted`: the flags begin with that of node `first`.
struct Variables {
    first: usize,
    wanted: Vec<bool>,
}

impl<'t, T: Real> Pass<'t, T> for Variables {
    type Gradient = Joined<'t, T>;

    fn contribution(
        &self,
        step: &Step<'t, T>,
        wrt: usize,
        g: &Joined<'t, T>,
        sum: &mut Option<Joined<'t, T>>,
    ) -> Option<Joined<'t, T>> {
        // In the user's program, a gradient has the line of its operation.
        step.y.tape.origin.set(Some(step.y.id));
        let g = g.clone().whole();
        let slice = Joined::of_slice(&*step.op, g, step.inputs[wrt], sum);
        slice.or_else(|| Some(Joined::Whole(step.op.vjp(wrt, g, &step.inputs, step.y))))
    }

    fn complete(&self, gradient: Joined<'t, T>) -> Joined<'t, T> {
        Joined::Whole(gradient.whole())
    }

    fn add(&self, sum: Joined<'t, T>, contribution: Joined<'t, T>) -> Joined<'t, T> {
        sum.and(contribution)
    }

    fn keeps(&self, id: usize) -> bool {
        self.wanted[id - self.first]
    }
}
// ANCHOR_END: recorded

/// The result of [`Var::backward`]: one tensor for every variable.
pub struct Gradients<'t, T: Real> {
    tape: &'t Tape<T>,
    /// The length of the tape.
    nodes: usize,
    by_id: Vec<Option<Tensor<T>>>,
}

impl<'t, T: Real> Gradients<'t, T> {
    /// The gradient with respect to `x`, of the same shape as `x`; zero if the output does not
    /// depend on it.
    ///
    /// # Panics
    /// If `x` is on another tape, was made after the gradients were computed, or is not a leaf made by
    /// [`Tape::var`]: gradients of intermediate values are not kept ([`Var::grad`] gives them).
    #[track_caller]
    pub fn wrt(&self, x: Var<'t, T>) -> Tensor<T> {
        assert!(std::ptr::eq(x.tape, self.tape), "wrt: the variable belongs to another tape");
        assert!(
            x.id < self.nodes,
            "wrt: the variable was made after `backward`, which cannot have used it; make it before what depends on it"
        );
        let node = &self.tape.nodes.borrow()[x.id];
        if node.op.is_some() || !node.requires_grad {
            panic!("wrt: only variables made by `tape.var` keep their gradient; use `grad` for others");
        }
        match self.by_id.get(x.id) {
            Some(Some(gradient)) => gradient.clone(),
            _ => Tensor::zeros(node.value.shape()),
        }
    }
}

#[cfg(test)]
mod tests;
