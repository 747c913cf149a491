//! The reverse sweep: the one walk over a tape that computes derivatives.
//!
//! The chain rule is a walk from the last node of the tape to the first:
//!
//! > for every node `y = f(a, b)`, from the last to the first:  `ā += ȳ · ∂y/∂a`,  `b̄ += ȳ · ∂y/∂b`.
//!
//! The walk is the same whatever a gradient is. A [`Pass`] says that: plain numbers ([`Var::backward`]), variables that
//! can be differentiated again ([`Var::grad`]), or nodes of a program that is [replayed](crate::replay).

use std::sync::Arc;

use smallvec::SmallVec;

use crate::Real;
use crate::op::AnyOp;
use crate::tape::{Tape, Var};

/// An operation on the tape, with its inputs and its output.
pub(crate) struct Step<'t, T: Real> {
    pub(crate) op: Arc<dyn AnyOp<T>>,
    pub(crate) inputs: SmallVec<[Var<'t, T>; 3]>,
    pub(crate) y: Var<'t, T>,
}

// ANCHOR: pass
/// The kind of gradients that a sweep computes.
pub(crate) trait Pass<'t, T: Real> {
    /// A gradient: a tensor or a variable.
    type Gradient: Clone;

    /// The contribution of an operation to the gradient of its input number `wrt`, by its rule; `g` is the gradient of
    /// its output. The contribution may also be added to `sum`, the contributions of other operations to this input.
    fn contribution(
        &self,
        step: &Step<'t, T>,
        wrt: usize,
        g: &Self::Gradient,
        sum: &mut Option<Self::Gradient>,
    ) -> Option<Self::Gradient>;

    /// A gradient to which nothing is added any more.
    fn complete(&self, gradient: Self::Gradient) -> Self::Gradient {
        gradient
    }

    /// The sum of two contributions.
    fn add(&self, sum: Self::Gradient, contribution: Self::Gradient) -> Self::Gradient;

    /// True if the gradient of this node is wanted. Gradients of leaves always are.
    fn keeps(&self, _id: usize) -> bool {
        false
    }

    /// Called after each node. `gradients` has those that are complete or collected by now.
    fn after(&mut self, _id: usize, _gradients: &mut [Option<Self::Gradient>]) {}
}
// ANCHOR_END: pass

/// The nodes that a sweep visits: those with a flag, of which the first is that of node `first`.
pub(crate) struct Needed {
    pub(crate) first: usize,
    pub(crate) flags: Vec<bool>,
}

impl Needed {
    /// Every node up to the `last` from which a derivative passes to a variable.
    pub(crate) fn by_any<T: Real>(tape: &Tape<T>, last: usize) -> Self {
        let nodes = tape.nodes.borrow();
        Needed { first: 0, flags: nodes[..=last].iter().map(|node| node.requires_grad).collect() }
    }

    // ANCHOR: needed
    /// Every node up to the `last` that depends on one of `wrt`: none before the first of these, so that a sweep
    /// over the end of a long tape does not pay for its beginning.
    pub(crate) fn by<T: Real>(tape: &Tape<T>, last: usize, wrt: &[Var<T>]) -> Self {
        let first = wrt.iter().map(|x| x.id).min().unwrap_or(last + 1);
        let mut needed = Needed { first, flags: vec![false; (last + 1).saturating_sub(first)] };
        wrt.iter().filter(|x| x.id <= last).for_each(|x| needed.flags[x.id - first] = true);
        for (id, node) in tape.nodes.borrow()[..=last].iter().enumerate().skip(first) {
            needed.flags[id - first] |= node.smooth && node.inputs.iter().any(|&input| needed.has(input));
        }
        needed
    }
    // ANCHOR_END: needed

    pub(crate) fn has(&self, id: usize) -> bool {
        id.checked_sub(self.first).and_then(|place| self.flags.get(place)).is_some_and(|&needed| needed)
    }
}

// ANCHOR: sweep
/// The reverse sweep. `gradients[i]` collects the gradient of the outputs with respect to needed node `i`; when the walk
/// reaches that node it is complete, and the rule of its operation passes it on to the inputs.
///
/// The sweep starts from the `seeds`, the gradients of the outputs. The flags of `needed` end with that of the last output.
/// Nodes that are not needed are not visited. It returns the gradients of leaves and of the nodes that the pass keeps; the others are
/// dropped on the way.
pub(crate) fn sweep<'t, T: Real, P: Pass<'t, T>>(
    pass: &mut P,
    tape: &'t Tape<T>,
    seeds: impl IntoIterator<Item = (usize, P::Gradient)>,
    needed: &Needed,
) -> Vec<Option<P::Gradient>> {
    let first = needed.first;
    let mut gradients: Vec<Option<P::Gradient>> = vec![None; needed.flags.len()];
    let collect = |pass: &P, place: &mut Option<P::Gradient>, contribution| {
        *place = Some(match place.take() {
            Some(sum) => pass.add(sum, contribution),
            None => contribution,
        });
    };
    for (id, seed) in seeds.into_iter().filter(|(id, _)| *id >= first) {
        collect(pass, &mut gradients[id - first], seed);
    }
    for id in (first..first + gradients.len()).rev().filter(|&id| needed.has(id)) {
        let nodes = tape.nodes.borrow();
        let Some(op) = &nodes[id].op else {
            continue; // a leaf: its gradient stays
        };
        let mut step = Step { op: Arc::clone(op), inputs: SmallVec::new(), y: Var { tape, id } };
        step.inputs.extend(nodes[id].inputs.iter().map(|&id| Var { tape, id }));
        drop(nodes);
        let place = &mut gradients[id - first];
        let g = place.take().map(|gradient| pass.complete(gradient));
        if pass.keeps(id) {
            place.clone_from(&g);
        }
        if let Some(g) = g {
            for (wrt, input) in step.inputs.iter().enumerate().filter(|(_, input)| needed.has(input.id)) {
                let place = &mut gradients[input.id - first];
                if let Some(contribution) = pass.contribution(&step, wrt, &g, place) {
                    collect(pass, place, contribution);
                }
            }
        }
        pass.after(id, &mut gradients);
    }
    gradients
}
// ANCHOR_END: sweep
