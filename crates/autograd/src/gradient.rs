//! Derivatives: the one reverse sweep over the tape.
//!
//! The chain rule is a walk from the last line of the tape to the first:
//!
//! > for every line `y = f(a, b)`, from the bottom up:  `ā += ȳ · ∂y/∂a`,  `b̄ += ȳ · ∂y/∂b`.
//!
//! The walk comes in two kinds. [`Var::backward`] computes plain numbers and records nothing.
//! [`Var::grad`] records its own steps on the same tape, so that its results are variables that can
//! be differentiated again. Both call the same rules.

use std::rc::Rc;

use smallvec::SmallVec;

use crate::Real;
use crate::check;
use crate::op::AnyOp;
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
        let lines = self.tape.len();
        Gradients { tape: self.tape, lines, by_id: self.fast_sweep(u, |_| false, |_, _| ()) }
    }

    /// [`backward`](Self::backward) for a tape that nobody looks at afterwards: `take` is given the gradient
    /// of every one of these leaves, and its number among them, as soon as it is complete. By then the tape
    /// holds the leaf no longer, nor any value made from it, so that it can be changed in place; and the
    /// gradient, just computed, is still in the cache.
    #[track_caller]
    pub(crate) fn backward_and_forget(self, leaves: &[Self], take: &mut dyn FnMut(usize, Tensor<T>)) {
        self.assert_scalar("backward");
        let tape = self.tape;
        // The walk is from the last line to the first: the gradient of a leaf is complete after the line that
        // used it first.
        let mut first_use = vec![None; tape.len()];
        for (id, node) in tape.nodes.borrow()[..=self.id].iter().enumerate().filter(|(_, node)| node.depends)
        {
            node.inputs.iter().for_each(|&input| _ = first_use[input].get_or_insert(id));
        }
        let mut number = vec![None; tape.len()];
        leaves.iter().enumerate().for_each(|(k, leaf)| number[leaf.id] = Some(k));
        let mut give = |k: usize, gradient: Option<Tensor<T>>| {
            let nothing = Tensor::scalar(T::zero());
            let leaf = std::mem::replace(&mut tape.nodes.borrow_mut()[leaves[k].id].value, nothing);
            let gradient = gradient.unwrap_or_else(|| Tensor::zeros(leaf.shape()));
            drop(leaf);
            take(k, gradient);
        };
        // Leaves that nothing used; the scalar itself may be one.
        for (k, leaf) in leaves.iter().enumerate().filter(|(_, leaf)| first_use[leaf.id].is_none()) {
            give(k, (leaf.id == self.id).then(|| Tensor::ones(leaf.shape())));
        }
        self.fast_sweep(
            Tensor::ones(self.shape()),
            |_| false,
            |id, adjoints| {
                // What is further down the tape has been walked over, and nobody looks at it again.
                let mut nodes = tape.nodes.borrow_mut();
                let inputs = std::mem::take(&mut nodes[id].inputs);
                nodes.truncate(id);
                drop(nodes);
                for input in inputs.into_iter().filter(|&input| first_use[input] == Some(id)) {
                    if let Some(k) = number[input].take() {
                        give(k, adjoints[input].take());
                    }
                }
            },
        );
    }

    /// The sweep that records nothing, from this gradient of this variable. `after` each line it may look at
    /// the adjoints.
    pub(crate) fn fast_sweep(
        self,
        seed: Tensor<T>,
        keep: impl Fn(usize) -> bool,
        after: impl FnMut(usize, &mut [Option<Tensor<T>>]),
    ) -> Vec<Option<Tensor<T>>> {
        let tape = self.tape;
        // ANCHOR: fast
        let needed = Needed::by_any(tape, self.id);
        let rule = |op: &Rc<dyn AnyOp<T>>, wrt, g: &Tensor<T>, x: &[Self], y: Self, to: &mut Option<_>| {
            // A share that is looked at is computed by itself.
            let checking = tape.checking.get();
            if !checking && to.as_mut().is_some_and(|sum| op.accumulate_vjp(wrt, g, sum)) {
                return None;
            }
            let fused = {
                let nodes = tape.nodes.borrow();
                let mut inputs = SmallVec::<[&Tensor<T>; 3]>::new();
                inputs.extend(x.iter().map(|x| &nodes[x.id].value));
                op.fused_vjp(wrt, g, &inputs, &nodes[y.id].value)
            };
            let share =
                fused.unwrap_or_else(|| tape.forgetting(|| op.vjp(wrt, tape.constant(g.clone()), x, y)));
            if checking {
                check::backward(&**op, &share, y, wrt);
            }
            Some(share)
        };
        let add = |mut sum: Tensor<T>, share: Tensor<T>| {
            sum.accumulate(&share);
            sum
        };
        sweep(tape, [(self.id, seed)], &needed, keep, rule, add, after)
        // ANCHOR_END: fast
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
    /// same shape, weighs its elements. Recorded, like [`grad`](Self::grad).
    ///
    /// # Panics
    /// If the shape of `u` is not that of this variable, or another tape is involved.
    #[track_caller]
    pub fn vjp(self, u: Var<'t, T>, wrt: &[Var<'t, T>]) -> Vec<Var<'t, T>> {
        Var::vjp_of(&[self], &[u], wrt)
    }

    /// `Σᵢ uᵢᵀ ∂yᵢ/∂x`, in one sweep. How `u` itself was computed does not matter.
    #[track_caller]
    pub(crate) fn vjp_of(y: &[Self], u: &[Self], wrt: &[Self]) -> Vec<Self> {
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
        // Lines of the gradient belong to the user's line whose operation they differentiate.
        let before = tape.on_behalf_of.get();
        // ANCHOR: recorded
        let rule = |op: &Rc<dyn AnyOp<T>>, wrt: usize, g: &Self, inputs: &[Self], y: Self, _: &mut _| {
            tape.on_behalf_of.set(Some(y.id));
            Some(op.vjp(wrt, *g, inputs, y))
        };
        let mut wanted = vec![false; needed.flags.len()];
        wrt.iter().filter(|x| needed.has(x.id)).for_each(|x| wanted[x.id - needed.first] = true);
        let keep = |id| wanted[id - needed.first];
        let seeds = y.iter().map(|y| y.id).zip(u.iter().copied());
        let add = |sum, share| sum + share;
        let grads = tape.while_recording(true, || sweep(tape, seeds, &needed, keep, rule, add, |_, _| ()));
        // ANCHOR_END: recorded
        tape.on_behalf_of.set(before);
        let zero = |x: &Self| tape.constant(Tensor::zeros(x.shape()));
        let found = |x: &Self| grads.get(x.id - needed.first).copied().flatten();
        wrt.iter().map(|x| found(x).unwrap_or_else(|| zero(x))).collect()
    }

    #[track_caller]
    pub(crate) fn assert_scalar(self, op: &str) {
        let shape = self.shape();
        if shape.iter().product::<usize>() != 1 {
            panic!("{op}: only a single number has a gradient, not shape {shape:?}; sum it first");
        }
    }
}

/// The lines that a sweep visits: those with a flag, of which the first is that of line `first`.
pub(crate) struct Needed {
    first: usize,
    flags: Vec<bool>,
}

impl Needed {
    /// Every line up to the `last` that depends on a variable.
    pub(crate) fn by_any<T: Real>(tape: &Tape<T>, last: usize) -> Self {
        let nodes = tape.nodes.borrow();
        Needed { first: 0, flags: nodes[..=last].iter().map(|node| node.depends).collect() }
    }

    // ANCHOR: needed
    /// Every line up to the `last` that depends on one of `wrt`: none before the first of these, so that a sweep
    /// over the end of a long tape costs what the end costs.
    fn by<T: Real>(tape: &Tape<T>, last: usize, wrt: &[Var<T>]) -> Self {
        let first = wrt.iter().map(|x| x.id).min().unwrap_or(last + 1);
        let mut needed = Needed { first, flags: vec![false; (last + 1).saturating_sub(first)] };
        wrt.iter().filter(|x| x.id <= last).for_each(|x| needed.flags[x.id - first] = true);
        for (id, node) in tape.nodes.borrow()[..=last].iter().enumerate().skip(first) {
            needed.flags[id - first] |= node.inputs.iter().any(|&input| needed.has(input));
        }
        needed
    }
    // ANCHOR_END: needed

    fn has(&self, id: usize) -> bool {
        id.checked_sub(self.first).and_then(|place| self.flags.get(place)).is_some_and(|&needed| needed)
    }
}

// ANCHOR: sweep
/// The reverse sweep. `adjoint[i]` collects the gradient of the outputs with respect to needed line `i`;
/// when the walk reaches line `i` it is complete, and the rule of that line passes it on to the inputs.
/// It starts from the `seeds`, the gradients at the outputs; the largest line among them is that of
/// the last flag. Lines that are not needed are never visited. Adjoints of leaves and of those
/// to `keep` are returned, the others are dropped on the way. `after` every line it may take some, too. A `rule` is
/// shown what the input has collected so far; instead of returning its share it may add it there.
///
/// `G` is a tensor in the fast pass and a variable in the recorded one.
pub(crate) fn sweep<'t, T: Real, G: Clone>(
    tape: &'t Tape<T>,
    seeds: impl IntoIterator<Item = (usize, G)>,
    needed: &Needed,
    keep: impl Fn(usize) -> bool,
    rule: impl Fn(&Rc<dyn AnyOp<T>>, usize, &G, &[Var<'t, T>], Var<'t, T>, &mut Option<G>) -> Option<G>,
    add: impl Fn(G, G) -> G,
    mut after: impl FnMut(usize, &mut [Option<G>]),
) -> Vec<Option<G>> {
    let first = needed.first;
    let mut adjoint: Vec<Option<G>> = vec![None; needed.flags.len()];
    let collect = |place: &mut Option<G>, share: G| {
        *place = Some(match place.take() {
            Some(sum) => add(sum, share),
            None => share,
        });
    };
    for (id, seed) in seeds.into_iter().filter(|(id, _)| *id >= first) {
        collect(&mut adjoint[id - first], seed);
    }
    for id in (first..first + adjoint.len()).rev().filter(|&id| needed.has(id)) {
        // Filled where it stays: to collect it and move it takes longer than a small rule.
        let mut inputs = SmallVec::<[Var<T>; 3]>::new();
        let op = {
            let node = &tape.nodes.borrow()[id];
            inputs.extend(node.inputs.iter().map(|&id| Var { tape, id }));
            node.op.clone()
        };
        let Some(op) = op else {
            continue; // a leaf: its adjoint stays
        };
        let place = &mut adjoint[id - first];
        let g = if keep(id) { place.clone() } else { place.take() };
        if let Some(g) = g {
            let y = Var { tape, id };
            for (wrt, input) in inputs.iter().enumerate().filter(|(_, input)| needed.has(input.id)) {
                let place = &mut adjoint[input.id - first];
                if let Some(share) = rule(&op, wrt, &g, &inputs, y, place) {
                    collect(place, share);
                }
            }
        }
        after(id, &mut adjoint);
    }
    adjoint
}
// ANCHOR_END: sweep

/// The result of [`Var::backward`]: one tensor for every variable.
pub struct Gradients<'t, T: Real> {
    tape: &'t Tape<T>,
    /// How many lines the tape had.
    lines: usize,
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
            x.id < self.lines,
            "wrt: the variable was made after `backward`, which cannot have used it; make it before what depends on it"
        );
        let node = &self.tape.nodes.borrow()[x.id];
        if node.op.is_some() || !node.depends {
            panic!("wrt: only variables made by `tape.var` keep their gradient; use `grad` for others");
        }
        match self.by_id.get(x.id) {
            Some(Some(gradient)) => gradient.clone(),
            _ => Tensor::zeros(node.value.shape()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_used_twice_collects_both_shares() {
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
}
