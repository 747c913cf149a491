//! The list of steps that is replayed, made from a tape.

use std::sync::Arc;

use smallvec::SmallVec;

use super::recording::Traced;
use crate::op::AnyOp;
use crate::shortcuts::{Destination, Written};
use crate::tape::Node;
use crate::tensor::same_sizes;
use crate::{Name, Real, Shape, Tensor, Tree};

/// Results of at least so many numbers are released after their last use. Smaller ones keep their memory, for the next
/// replay.
const LARGE: usize = 1024;

/// A tape to be replayed: values by number, and the steps that compute them.
pub struct Program<T: Real> {
    pub(super) with_gradient: bool,
    /// The shapes of the arguments: of the model's leaves and of the inputs.
    arguments: Vec<Shape>,
    /// The arguments, which are there during a replay; constants; and the results of the steps, in order.
    values: Vec<Option<Tensor<T>>>,
    steps: Vec<Step<T>>,
    /// The number of the function's value, those of the gradients of the trained leaves, and those of
    /// the new values of buffers.
    pub(super) value: usize,
    pub(super) gradients: Vec<usize>,
    pub(super) buffers: Vec<Option<usize>>,
    /// The results that are released at the end of a replay.
    transient: Vec<usize>,
}

/// One operation.
struct Step<T: Real> {
    op: Arc<dyn AnyOp<T>>,
    inputs: SmallVec<[usize; 5]>,
    /// The values that are released after it.
    last_uses: SmallVec<[usize; 2]>,
}

/// True if all numbers are the same to the bit, or both NaN.
fn same_bits<T: Real>(a: &Tensor<T>, b: &Tensor<T>) -> bool {
    let (a, b) = (a.to_vec(), b.to_vec());
    let same = |(a, b): (&T, &T)| a.is_nan() && b.is_nan() || a.as_f64().to_bits() == b.as_f64().to_bits();
    a.iter().zip(&b).all(same)
}

impl<T: Real> Program<T> {
    /// Takes the arguments of the next replay, if they have the shapes of this program.
    pub(super) fn take<M: Tree<Tensor<T>>, I: Tree<Tensor<T>>>(&mut self, model: &M, inputs: &I) -> bool {
        let (mut places, mut fit) = (self.arguments.iter().zip(&mut self.values), true);
        let mut place = |_: Name, given: &Tensor<T>| match places.next() {
            Some((shape, place)) if same_sizes(shape, given.shape()) => *place = Some(given.clone()),
            _ => fit = false,
        };
        model.visit(&mut place);
        inputs.visit(&mut place);
        let fits = fit && places.next().is_none();
        if !fits {
            self.release_arguments();
        }
        fits
    }

    /// Runs the steps. Afterwards the results are there until [`release`](Self::release).
    pub(super) fn replay(&mut self) {
        T::replay(self);
    }

    pub(super) fn result(&self, number: usize) -> &Tensor<T> {
        self.values[number].as_ref().expect("it has been replayed")
    }

    pub(super) fn release_arguments(&mut self) {
        self.values[..self.arguments.len()].fill_with(|| None);
    }

    /// Releases all memory that the next replay cannot use.
    pub(super) fn release(&mut self) {
        self.release_arguments();
        self.transient.iter().for_each(|&value| self.values[value] = None);
    }
}

/// See [`Program::replay`].
pub(crate) fn replay<T: Real>(program: &mut Program<T>) {
    let first = program.values.len() - program.steps.len();
    for (number, step) in (first..).zip(&program.steps) {
        let (before, from_here) = program.values.split_at_mut(number);
        let mut inputs = SmallVec::<[&Tensor<T>; 5]>::new();
        inputs.extend(step.inputs.iter().map(|&input| before[input].as_ref().expect("computed before")));
        // The new result is written over that of the last replay, if that is not shared with anything.
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
        step.last_uses.iter().for_each(|&value| program.values[value] = None);
    }
}

/// The program of the nodes of a tape: those on which the results depend. The arguments come first, then the
/// constants, and then the rest, in the order in which it was recorded.
pub(super) fn from_nodes<T: Real>(nodes: &[Node<T>], traced: Traced, with_gradient: bool) -> Program<T> {
    let results: Vec<usize> = traced.results().collect();
    let lives = Lives::of(nodes, traced.arguments.len(), &results);
    let number = lives.numbers();
    let mut values: Vec<Option<Tensor<T>>> = vec![None; number.iter().flatten().count()];
    let place = |id: usize| number[id].expect("a result depends on it");
    for id in lives.constants() {
        values[place(id)] = Some(nodes[id].value.clone());
    }
    for id in lives.computed() {
        values[place(id)] = own_memory(&nodes[id], nodes);
    }
    let step = |id: usize| Step {
        op: Arc::clone(operation(&nodes[id])),
        inputs: nodes[id].inputs.iter().map(|&input| place(input)).collect(),
        last_uses: SmallVec::new(),
    };
    let mut steps: Vec<Step<T>> = lives.computed().map(step).collect();
    let (first, mut transient) = (values.len() - steps.len(), vec![]);
    for id in lives.computed().filter(|&id| values[place(id)].is_none() && is_transient(&nodes[id], nodes)) {
        match lives.last_use[id] {
            Some(last) if !results.contains(&id) => steps[place(last) - first].last_uses.push(place(id)),
            _ => transient.push(place(id)),
        }
    }
    let (value, gradients) = (place(traced.value), traced.gradients.iter().map(|&id| place(id)).collect());
    let buffers = traced.buffers.iter().map(|id| id.map(place)).collect();
    let arguments = traced.arguments;
    Program { with_gradient, arguments, values, steps, value, gradients, buffers, transient }
}

/// The part of each node in a replay.
struct Lives {
    /// The number of arguments, which are the first nodes.
    arguments: usize,
    /// True of a node on which a result depends.
    needed: Vec<bool>,
    /// True of a node that depends on an argument.
    varies: Vec<bool>,
    /// The last needed node that has this one as an input.
    last_use: Vec<Option<usize>>,
}

impl Lives {
    fn of<T: Real>(nodes: &[Node<T>], arguments: usize, results: &[usize]) -> Self {
        let (mut needed, mut last_use) = (vec![false; nodes.len()], vec![None; nodes.len()]);
        results.iter().for_each(|&id| needed[id] = true);
        for (id, node) in nodes.iter().enumerate().rev().filter(|(_, node)| !node.inputs.is_empty()) {
            if needed[id] {
                node.inputs.iter().for_each(|&input| {
                    needed[input] = true;
                    last_use[input].get_or_insert(id);
                });
            }
        }
        let mut varies: Vec<bool> = (0..nodes.len()).map(|id| id < arguments).collect();
        for (id, node) in nodes.iter().enumerate() {
            varies[id] |= node.inputs.iter().any(|&input| varies[input]);
        }
        Lives { arguments, needed, varies, last_use }
    }

    /// The nodes that are the same in every replay.
    fn constants(&self) -> impl Iterator<Item = usize> {
        (self.arguments..self.needed.len()).filter(|&id| self.needed[id] && !self.varies[id])
    }

    /// The nodes that a replay computes.
    fn computed(&self) -> impl Iterator<Item = usize> {
        (self.arguments..self.needed.len()).filter(|&id| self.needed[id] && self.varies[id])
    }

    /// The number of every node among the values of a program.
    fn numbers(&self) -> Vec<Option<usize>> {
        let mut numbers = vec![None; self.needed.len()];
        let order = (0..self.arguments).chain(self.constants()).chain(self.computed());
        order.enumerate().for_each(|(number, id)| numbers[id] = Some(number));
        numbers
    }
}

/// Memory for the result of a small node, if its operation writes into memory.
fn own_memory<T: Real>(node: &Node<T>, nodes: &[Node<T>]) -> Option<Tensor<T>> {
    if node.value.len() >= LARGE {
        return None;
    }
    // An element that the operation does not write stays NaN.
    let mut own = Tensor::full(node.value.shape(), f64::NAN);
    let inputs: SmallVec<[&Tensor<T>; 5]> = node.inputs.iter().map(|&input| &nodes[input].value).collect();
    let op = operation(node);
    let Some(Written::There) = op.forward_to(&inputs, Destination::Memory(own.make_mut())) else {
        return None;
    };
    let same = same_bits(&own, &node.value);
    assert!(same, "{} at {}: what is written into memory is not its value", op.name(), node.at);
    Some(own)
}

/// True of a node whose value is released after its last use: it holds much memory, or that of an input.
fn is_transient<T: Real>(node: &Node<T>, nodes: &[Node<T>]) -> bool {
    let of_input = |&input: &usize| nodes[input].value.memory().0 == node.value.memory().0;
    node.value.len() >= LARGE || node.inputs.iter().any(of_input)
}

fn operation<T: Real>(node: &Node<T>) -> &Arc<dyn AnyOp<T>> {
    node.op.as_ref().expect("a value that varies and is no argument was computed")
}
