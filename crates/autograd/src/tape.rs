//! The tape: everything computed in one step, and the one reverse sweep over it.
//!
//! A [`Tape`] is a list. Each line holds a value, the operation that made it and the lines it was
//! made from. A [`Var`] is a line number that can be copied freely. Since an operation can only use
//! lines that are already there, the list is in topological order, and the chain rule is a walk
//! from the last line to the first:
//!
//! > for every line `y = f(a, b)`, from the bottom up:  `ā += ȳ · ∂y/∂a`,  `b̄ += ȳ · ∂y/∂b`.
//!
//! The walk comes in two kinds. [`Var::backward`] computes plain numbers and records nothing.
//! [`Var::grad`] records its own steps on the same tape, so that its results are variables that can
//! be differentiated again. Both call the same rules.

use std::cell::{Cell, Ref, RefCell};
use std::panic::Location;

use smallvec::SmallVec;

use crate::Real;
use crate::op::{AnyOp, Erased, Op};
use crate::tensor::{Shape, Tensor};

/// One line of a tape.
pub(crate) struct Node<T: Real> {
    pub(crate) value: Tensor<T>,
    /// The operation that made the value; `None` for variables, constants and unrecorded lines.
    pub(crate) op: Option<Box<dyn AnyOp<T>>>,
    pub(crate) inputs: SmallVec<[usize; 2]>,
    /// Whether the value depends on a variable.
    pub(crate) depends: bool,
    /// The user's line of source code.
    pub(crate) at: &'static Location<'static>,
}

/// The record of a computation, in the order in which it happened.
///
/// Make one for each training step; it owns every intermediate value until it is dropped.
///
/// ```
/// use autograd::Tape;
///
/// let tape = Tape::<f64>::new();
/// let x = tape.var(3.0);
/// let y = x * x;
/// assert_eq!(y.backward().wrt(x).item(), 6.0);
/// ```
pub struct Tape<T: Real = f64> {
    nodes: RefCell<Vec<Node<T>>>,
    recording: Cell<bool>,
    /// During a recorded sweep: the line of the operation whose rule is running.
    on_behalf_of: Cell<Option<&'static Location<'static>>>,
}

/// A handle to one line of a tape: a value that can be differentiated.
pub struct Var<'t, T: Real> {
    tape: &'t Tape<T>,
    id: usize,
}

impl<T: Real> Clone for Var<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Real> Copy for Var<'_, T> {}

impl<T: Real> Default for Tape<T> {
    fn default() -> Self {
        Tape::new()
    }
}

impl<T: Real> Tape<T> {
    /// An empty tape.
    pub fn new() -> Self {
        Tape { nodes: RefCell::default(), recording: Cell::new(true), on_behalf_of: Cell::new(None) }
    }

    /// A variable: a value to take derivatives with respect to.
    #[track_caller]
    pub fn var(&self, value: impl Into<Tensor<T>>) -> Var<'_, T> {
        self.push(value.into(), None, SmallVec::new(), true)
    }

    /// A constant: no derivative with respect to it is ever computed.
    #[track_caller]
    pub fn constant(&self, value: impl Into<Tensor<T>>) -> Var<'_, T> {
        self.push(value.into(), None, SmallVec::new(), false)
    }

    /// The number of lines.
    pub fn len(&self) -> usize {
        self.nodes.borrow().len()
    }

    /// Whether nothing has been recorded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[track_caller]
    fn push(
        &self,
        value: Tensor<T>,
        op: Option<Box<dyn AnyOp<T>>>,
        inputs: SmallVec<[usize; 2]>,
        depends: bool,
    ) -> Var<'_, T> {
        let at = self.on_behalf_of.get().unwrap_or_else(|| Location::caller());
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node { value, op, inputs, depends, at });
        Var { tape: self, id: nodes.len() - 1 }
    }

    /// Runs `f` without recording, and forgets the lines it made: only its value remains.
    fn forgetting<'t>(&'t self, f: impl FnOnce() -> Var<'t, T>) -> Tensor<T> {
        let (mark, recording) = (self.len(), self.recording.replace(false));
        let value = f().value();
        self.recording.set(recording);
        self.nodes.borrow_mut().truncate(mark);
        value
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The tape this variable is on.
    pub fn tape(self) -> &'t Tape<T> {
        self.tape
    }

    /// The value. Cheap: it shares its memory with the tape.
    pub fn value(self) -> Tensor<T> {
        self.peek().clone()
    }

    /// The sizes of the axes.
    pub fn shape(self) -> Shape {
        Shape::from_slice(self.peek().shape())
    }

    /// The value of a variable that holds a single number.
    ///
    /// # Panics
    /// If it holds more or fewer.
    #[track_caller]
    pub fn item(self) -> T {
        self.peek().item()
    }

    fn peek(self) -> Ref<'t, Tensor<T>> {
        Ref::map(self.tape.nodes.borrow(), |nodes| &nodes[self.id].value)
    }

    /// Applies an operation and records it: every method and operator on variables ends here.
    ///
    /// # Panics
    /// If the inputs are on different tapes, or the operation does not fit their shapes.
    #[track_caller]
    pub fn apply<O: Op<T, N>, const N: usize>(op: O, inputs: [Var<'t, T>; N]) -> Var<'t, T> {
        let tape = inputs[0].tape;
        if inputs.iter().any(|input| !std::ptr::eq(input.tape, tape)) {
            panic!("{}: the variables belong to two different tapes", op.name());
        }
        let ids = inputs.map(|input| input.id);
        let (value, depends) = {
            let nodes = tape.nodes.borrow();
            (op.forward(ids.map(|id| &nodes[id].value)), ids.iter().any(|&id| nodes[id].depends))
        };
        if tape.recording.get() {
            tape.push(value, Some(Box::new(Erased(op))), SmallVec::from_slice(&ids), depends)
        } else {
            tape.push(value, None, SmallVec::new(), false)
        }
    }

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
        self.assert_scalar("backward");
        let tape = self.tape;
        let needed: Vec<bool> = tape.nodes.borrow()[..=self.id].iter().map(|node| node.depends).collect();
        let seed = Tensor::ones(self.shape());
        let rule = |op: &dyn AnyOp<T>, wrt: usize, g: &Tensor<T>, inputs: &[Self], y: Self| {
            let fused = {
                let nodes = tape.nodes.borrow();
                let values: SmallVec<[&Tensor<T>; 2]> = inputs.iter().map(|x| &nodes[x.id].value).collect();
                op.fused_vjp(wrt, g, &values, &nodes[y.id].value)
            };
            fused.unwrap_or_else(|| tape.forgetting(|| op.vjp(wrt, tape.constant(g.clone()), inputs, y)))
        };
        let add = |mut sum: Tensor<T>, share: Tensor<T>| {
            sum.accumulate(&share);
            sum
        };
        Gradients { tape, by_id: self.sweep(seed, &needed, &[], rule, add) }
    }

    /// The gradient of this scalar with respect to the given variables, as variables: the sweep is
    /// itself recorded, so the results can be differentiated again.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(2.0);
    /// let y = x * x * x;
    /// let [dy] = y.grad([x]); //   3x²
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
        let tape = self.tape;
        if wrt.iter().chain([&u]).any(|x| !std::ptr::eq(x.tape, tape)) {
            panic!("grad: the variables belong to two different tapes");
        }
        let (shape, given) = (self.shape(), u.shape());
        assert!(shape == given, "vjp: the weights have shape {given:?}, the output {shape:?}");
        let wanted: Vec<usize> = wrt.iter().map(|x| x.id).collect();
        let mut needed = vec![false; self.id + 1];
        wanted.iter().filter(|&&id| id <= self.id).for_each(|&id| needed[id] = true);
        for (id, node) in tape.nodes.borrow()[..=self.id].iter().enumerate() {
            needed[id] |= node.inputs.iter().any(|&input| needed[input]);
        }
        let rule = |op: &dyn AnyOp<T>, wrt: usize, g: &Self, inputs: &[Self], y: Self| {
            tape.on_behalf_of.set(Some(tape.nodes.borrow()[y.id].at));
            let share = op.vjp(wrt, *g, inputs, y);
            tape.on_behalf_of.set(None);
            share
        };
        let grads = self.sweep(u, &needed, &wanted, rule, |sum, share| sum + share);
        let zero = |x: &Self| tape.constant(Tensor::zeros(x.shape()));
        wrt.iter().map(|x| grads.get(x.id).copied().flatten().unwrap_or_else(|| zero(x))).collect()
    }

    /// The reverse sweep. `adjoint[i]` collects the gradient of the output with respect to line `i`;
    /// when the walk reaches line `i` it is complete, and the rule of that line passes it on to the
    /// inputs. Lines that are not `needed` are never visited. Adjoints of leaves and of `keep` are
    /// returned, the others are dropped on the way.
    ///
    /// `G` is a tensor in the fast pass and a variable in the recorded one.
    fn sweep<G: Clone>(
        self,
        seed: G,
        needed: &[bool],
        keep: &[usize],
        rule: impl Fn(&dyn AnyOp<T>, usize, &G, &[Var<'t, T>], Var<'t, T>) -> G,
        add: impl Fn(G, G) -> G,
    ) -> Vec<Option<G>> {
        let tape = self.tape;
        let mut adjoint: Vec<Option<G>> = vec![None; self.id + 1];
        adjoint[self.id] = Some(seed);
        for id in (0..=self.id).rev().filter(|&id| needed[id]) {
            let (Some(op), inputs) = ({
                let node = &mut tape.nodes.borrow_mut()[id];
                // The rule runs on the same tape, so the operation is lent out meanwhile.
                (node.op.take(), node.inputs.clone())
            }) else {
                continue; // a leaf: its adjoint stays
            };
            let g = if keep.contains(&id) { adjoint[id].clone() } else { adjoint[id].take() };
            if let Some(g) = g {
                let y = Var { tape, id };
                let inputs: SmallVec<[Self; 2]> = inputs.iter().map(|&id| Var { tape, id }).collect();
                for (wrt, input) in inputs.iter().enumerate().filter(|(_, input)| needed[input.id]) {
                    let share = rule(&*op, wrt, &g, &inputs, y);
                    let so_far = adjoint[input.id].take();
                    adjoint[input.id] = Some(match so_far {
                        Some(sum) => add(sum, share),
                        None => share,
                    });
                }
            }
            tape.nodes.borrow_mut()[id].op = Some(op);
        }
        adjoint
    }

    #[track_caller]
    fn assert_scalar(self, op: &str) {
        let shape = self.shape();
        if shape.iter().product::<usize>() != 1 {
            panic!("{op}: only a single number has a gradient, not shape {shape:?}; sum it first");
        }
    }
}

/// The result of [`Var::backward`]: one tensor for every variable.
pub struct Gradients<'t, T: Real> {
    tape: &'t Tape<T>,
    by_id: Vec<Option<Tensor<T>>>,
}

impl<'t, T: Real> Gradients<'t, T> {
    /// The gradient with respect to `x`, of the same shape as `x`; zero if the output does not
    /// depend on it.
    ///
    /// # Panics
    /// If `x` is on another tape, or is not a leaf made by [`Tape::var`]: gradients of intermediate
    /// values are not kept ([`Var::grad`] gives them).
    #[track_caller]
    pub fn wrt(&self, x: Var<'t, T>) -> Tensor<T> {
        assert!(std::ptr::eq(x.tape, self.tape), "wrt: the variable belongs to another tape");
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
