//! The fully connected layer.

use autograd::{Real, Tensor, Var, tree};

use crate::init::Init;
use crate::random::Generator;

// ANCHOR: layer
/// `y = x Wᵀ + b`, with `W` of shape `[outputs, inputs]` and `b` of shape `[outputs]` (PyTorch's
/// layout).
#[derive(Clone, Debug)]
pub struct Linear<W> {
    /// `W`, of shape `[outputs, inputs]`.
    pub weight: W,
    /// `b`, of shape `[outputs]`.
    pub bias: W,
}
tree!(Linear { weight, bias });

impl<T: Real> Linear<Tensor<T>> {
    /// Random weights, zero bias.
    pub fn new(inputs: usize, outputs: usize, init: Init, from: &mut Generator) -> Self {
        Linear { weight: init.matrix(outputs, inputs, from), bias: Tensor::zeros([outputs]) }
    }
}

impl<'t, T: Real> Linear<Var<'t, T>> {
    /// `[batch, inputs]` to `[batch, outputs]`.
    ///
    /// # Panics
    /// If the last axis of `x` is not `inputs` long.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        x.linear(self.weight, self.bias)
    }
}
// ANCHOR_END: layer
