//! The scalar tape of the book's chapter 2, as it is after the steps that build it.

use std::cell::RefCell;
use std::ops::{Add, Mul};

/// One node: a value, and for each of its inputs the local slope.
#[derive(Debug)]
pub struct Node {
    /// The value.
    pub value: f64,
    /// Numbers of the inputs, and the slopes with respect to them.
    pub inputs: Vec<(usize, f64)>,
}

/// A list of everything computed.
#[derive(Debug, Default)]
pub struct Tape {
    /// The nodes, in the order in which they were computed.
    pub nodes: RefCell<Vec<Node>>,
}

/// A handle to one node.
#[derive(Clone, Copy, Debug)]
pub struct Var<'t> {
    /// The tape of the node.
    pub tape: &'t Tape,
    /// Number of the node.
    pub id: usize,
}

impl Tape {
    /// An input.
    pub fn var(&self, value: f64) -> Var<'_> {
        self.push(value, vec![])
    }

    /// The result of an operation.
    pub fn push(&self, value: f64, inputs: Vec<(usize, f64)>) -> Var<'_> {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node { value, inputs });
        Var { tape: self, id: nodes.len() - 1 }
    }
}

impl<'t> Var<'t> {
    /// The value of the node.
    pub fn value(self) -> f64 {
        self.tape.nodes.borrow()[self.id].value
    }

    /// `tanh x`, with the slope `1 − y²`.
    pub fn tanh(self) -> Var<'t> {
        let y = self.value().tanh();
        self.tape.push(y, vec![(self.id, 1.0 - y * y)])
    }

    /// `ln(1 + eˣ)`, with the slope `1 / (1 + e⁻ˣ)`.
    pub fn softplus(self) -> Var<'t> {
        let x = self.value();
        let y = x.max(0.0) + (-x.abs()).exp().ln_1p();
        self.tape.push(y, vec![(self.id, 1.0 / (1.0 + (-x).exp()))])
    }

    /// Adjoints of all nodes of the tape.
    pub fn backward(self) -> Vec<f64> {
        let nodes = self.tape.nodes.borrow();
        let mut adjoint = vec![0.0; nodes.len()];
        adjoint[self.id] = 1.0;
        for id in (0..=self.id).rev() {
            for &(input, slope) in &nodes[id].inputs {
                adjoint[input] += adjoint[id] * slope;
            }
        }
        adjoint
    }
}

impl<'t> Add for Var<'t> {
    type Output = Var<'t>;
    fn add(self, b: Var<'t>) -> Var<'t> {
        self.tape.push(self.value() + b.value(), vec![(self.id, 1.0), (b.id, 1.0)])
    }
}

impl<'t> Mul for Var<'t> {
    type Output = Var<'t>;
    fn mul(self, b: Var<'t>) -> Var<'t> {
        self.tape.push(self.value() * b.value(), vec![(self.id, b.value()), (b.id, self.value())])
    }
}
