//! Tied weights: a decoder that uses the encoder's matrix, transposed.

use autograd::{Real, Tensor, Var, tree};

use super::Linear;

/// `y = h W + b`, with the `W` of another [`Linear`] layer, `[outputs, inputs]`: it leads back from the
/// outputs of that layer to its inputs (Vincent et al. 2010, section 2.1).
///
/// The matrix belongs to the other layer. It is one leaf of the model: both uses add to its gradient,
/// it is stored once and decayed once. Only the bias is the decoder's own.
#[derive(Clone, Debug)]
pub struct Tied<W> {
    /// `b`, of shape `[inputs of the other layer]`.
    pub bias: W,
}
tree!(Tied { bias });

impl<T: Real> Tied<Tensor<T>> {
    /// The way back through this layer, with zero bias.
    pub fn new(layer: &Linear<Tensor<T>>) -> Self {
        Tied { bias: Tensor::zeros([layer.weight.shape()[1]]) }
    }
}

impl<'t, T: Real> Tied<Var<'t, T>> {
    /// `[batch, outputs]` of the layer to `[batch, inputs]`.
    ///
    /// # Panics
    /// If the last axis of `h` is not the layer's outputs.
    #[track_caller]
    pub fn forward(&self, h: Var<'t, T>, layer: &Linear<Var<'t, T>>) -> Var<'t, T> {
        h.matmul(layer.weight) + self.bias
    }
}
