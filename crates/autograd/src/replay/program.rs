//! The list of steps that is replayed, and how it comes out of a tape.

use std::sync::Arc;

use smallvec::SmallVec;

use super::recording::Traced;
use crate::op::AnyOp;
use crate::shortcuts::{Destination, Written};
use crate::tape::Node;
use crate::tensor::same_sizes;
use crate::{Name, Real, Shape, Tensor, Tree};

/// Lines of at least so many numbers give their memory back as soon as nobody needs them. Smaller ones keep
/// it, for the next replay.
const LARGE: usize = 1024;

/// A tape as it is replayed: values by number, and the steps that compute them.
pub(super) struct Program<T: Real> {
    pub(super) with_gradient: bool,
    /// The shapes of the model's leaves and of the inputs.
    given: Vec<Shape>,
    /// The leaves and inputs, which are there during a replay; constants; and the results of the steps, in order.
    values: Vec<Option<Tensor<T>>>,
    steps: Vec<Step<T>>,
    /// The number of the function's value, those of the gradients of the leaves that are no buffers, and those of
    /// the new values of buffers.
    pub(super) value: usize,
    pub(super) gradients: Vec<usize>,
    pub(super) buffers: Vec<Option<usize>>,
    /// The results that are not kept for the next replay.
    passing: Vec<usize>,
}

/// One line, and the values that nobody needs any more after it.
struct Step<T: Real> {
    op: Arc<dyn AnyOp<T>>,
    inputs: SmallVec<[usize; 5]>,
    finished: SmallVec<[usize; 2]>,
}

/// Whether all numbers are the same to the bit, or both NaN.
fn same_bits<T: Real>(a: &Tensor<T>, b: &Tensor<T>) -> bool {
    let (a, b) = (a.to_vec(), b.to_vec());
    let same = |(a, b): (&T, &T)| a.is_nan() && b.is_nan() || a.as_f64().to_bits() == b.as_f64().to_bits();
    a.iter().zip(&b).all(same)
}

impl<T: Real> Program<T> {
    /// Takes what the next replay is about, if it has the shapes of this program.
    pub(super) fn take<M: Tree<Tensor<T>>, I: Tree<Tensor<T>>>(&mut self, model: &M, inputs: &I) -> bool {
        let (mut places, mut fit) = (self.given.iter().zip(&mut self.values), true);
        let mut place = |_: Name, given: &Tensor<T>| match places.next() {
            Some((shape, place)) if same_sizes(shape, given.shape()) => *place = Some(given.clone()),
            _ => fit = false,
        };
        model.visit(&mut place);
        inputs.visit(&mut place);
        let fits = fit && places.next().is_none();
        if !fits {
            self.let_go_of_given();
        }
        fits
    }

    /// Runs the steps. Afterwards the results are there until [`let_go`](Self::let_go).
    pub(super) fn replay(&mut self) {
        let first = self.values.len() - self.steps.len();
        for (number, step) in (first..).zip(&self.steps) {
            let (before, from_here) = self.values.split_at_mut(number);
            let mut inputs = SmallVec::<[&Tensor<T>; 5]>::new();
            inputs.extend(step.inputs.iter().map(|&input| before[input].as_ref().expect("computed before")));
            // What the last replay left here is where the new result is written, if nobody else holds it.
            let result = &mut from_here[0];
            let to = result.as_mut().and_then(Tensor::reused).map_or(Destination::New, Destination::Memory);
            match step.op.forward_to(&inputs, to) {
                Some(Written::There) => (),
                Some(Written::New(value)) => *result = Some(value),
                None => {
                    *result = None;
                    *result = Some(step.op.forward(&inputs));
                }
            }
            drop(inputs);
            step.finished.iter().for_each(|&value| self.values[value] = None);
        }
    }

    pub(super) fn result(&self, number: usize) -> &Tensor<T> {
        self.values[number].as_ref().expect("it has been replayed")
    }

    pub(super) fn let_go_of_given(&mut self) {
        self.values[..self.given.len()].fill_with(|| None);
    }

    /// Forgets all but what the next replay can use.
    pub(super) fn let_go(&mut self) {
        self.let_go_of_given();
        self.passing.iter().for_each(|&value| self.values[value] = None);
    }

    /// Of all lines those on which the results depend: leaves and inputs first, then what is the same in every
    /// replay, and then the rest, in the order in which it was recorded.
    pub(super) fn from_lines(lines: &[Node<T>], traced: Traced, with_gradient: bool) -> Self {
        let (mut needed, mut last_use) = (vec![false; lines.len()], vec![None; lines.len()]);
        traced.results().for_each(|id| needed[id] = true);
        let given = &traced.given;
        for (id, line) in lines.iter().enumerate().rev() {
            if needed[id] {
                line.inputs.iter().for_each(|&input| {
                    needed[input] = true;
                    last_use[input].get_or_insert(id);
                });
            }
        }
        let mut varies = vec![false; lines.len()];
        for (id, line) in lines.iter().enumerate() {
            varies[id] = id < given.len() || line.inputs.iter().any(|&input| varies[input]);
        }
        let count = given.len();
        let constants = (count..lines.len()).filter(|&id| needed[id] && !varies[id]);
        let computed = (count..lines.len()).filter(|&id| needed[id] && varies[id]);
        let order: Vec<usize> = (0..count).chain(constants.clone()).chain(computed.clone()).collect();
        let mut number = vec![0; lines.len()];
        order.iter().enumerate().for_each(|(place, &id)| number[id] = place);

        let mut values: Vec<Option<Tensor<T>>> = vec![None; order.len()];
        constants.for_each(|id| values[number[id]] = Some(lines[id].value.clone()));
        let step = |id: usize| Step {
            op: Arc::clone(lines[id].op.as_ref().expect("what varies and is not given was computed")),
            inputs: lines[id].inputs.iter().map(|&input| number[input]).collect(),
            finished: SmallVec::new(),
        };
        let mut steps: Vec<Step<T>> = computed.clone().map(step).collect();

        // What can be written into memory of its own gets some; there the first replay finds it.
        for id in computed.clone().filter(|&id| lines[id].value.len() < LARGE) {
            // What is forgotten stays NaN.
            let (line, mut own) = (&lines[id], Tensor::full(lines[id].value.shape(), f64::NAN));
            let inputs: SmallVec<[&Tensor<T>; 5]> =
                line.inputs.iter().map(|&input| &lines[input].value).collect();
            let op = line.op.as_ref().expect("what varies and is not given was computed");
            if let Some(Written::There) = op.forward_to(&inputs, Destination::Memory(own.make_mut())) {
                let (name, at) = (op.name(), line.at);
                assert!(
                    same_bits(&own, &line.value),
                    "{name} at {at}: what is written into memory is not its value"
                );
                values[number[id]] = Some(own);
            }
        }
        // The rest, if it holds much memory or that of another line, is let go after its last use.
        let passes = |&id: &usize| {
            let (line, memory) = (&lines[id], lines[id].value.memory().0);
            let shares = || line.inputs.iter().any(|&input| lines[input].value.memory().0 == memory);
            line.value.len() >= LARGE || values[number[id]].is_none() && shares()
        };
        let (mut is_result, mut passing) = (vec![false; lines.len()], vec![]);
        traced.results().for_each(|id| is_result[id] = true);
        let first = order.len() - steps.len();
        for id in computed.filter(passes) {
            match last_use[id] {
                Some(last) if !is_result[id] => steps[number[last] - first].finished.push(number[id]),
                _ => passing.push(number[id]),
            }
        }
        let (value, gradients) =
            (number[traced.value], traced.gradients.iter().map(|&id| number[id]).collect());
        let buffers = traced.buffers.iter().map(|id| id.map(|id| number[id])).collect();
        Program { with_gradient, given: traced.given, values, steps, value, gradients, buffers, passing }
    }
}
