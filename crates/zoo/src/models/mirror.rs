//! What several models are made of: layers to the code, and the same layers back.

use autograd::{Real, Tensor, Var, tree, value};
use nn::{Activation, Generator, Linear};

/// An encoder `hₗ = s(Wₗ hₗ₋₁ + bₗ)` with an activation after every layer, the code included, and a
/// decoder that goes back through the same widths: `gₗ₋₁ = s(Vₗᵀ gₗ + cₗ)`. Its last layer is linear,
/// and a [`Likelihood`](crate::Likelihood) says what it means.
///
/// With tied weights `Vₗ = Wₗ` (Vincent et al. 2010, section 2.1): one leaf of the model that is used
/// twice.
#[derive(Clone, Debug)]
pub struct Mirror<W> {
    /// The encoder, input first.
    pub up: Vec<Linear<W>>,
    /// The way back through each layer of the encoder, in the encoder's order.
    pub down: Vec<Back<W>>,
    /// `s`.
    pub activation: Activation,
}
tree!(Mirror { up, down; activation });

/// The way back through one layer of the encoder.
#[derive(Clone, Debug)]
pub struct Back<W> {
    /// `V`, of shape `[outputs, inputs]` of the encoder's layer; without it the layer's own `W` serves.
    pub weight: Option<W>,
    /// `c`, of shape `[inputs]`.
    pub bias: W,
}
tree!(Back { weight, bias });

impl<T: Real> Mirror<Tensor<T>> {
    /// Random weights for these widths, input first; biases are zero, but for that of the output.
    pub fn new(
        widths: &[usize],
        activation: Activation,
        tied: bool,
        output_bias: Tensor<T>,
        from: &mut Generator,
    ) -> Self {
        let init = activation.init();
        let pairs = || widths.windows(2);
        let up = pairs().map(|pair| Linear::new(pair[0], pair[1], init, from)).collect();
        let back = |pair: &[usize]| Back {
            weight: (!tied).then(|| init.matrix(pair[1], pair[0], from)),
            bias: Tensor::zeros([pair[0]]),
        };
        let mut down: Vec<Back<Tensor<T>>> = pairs().map(back).collect();
        down[0].bias = output_bias;
        Mirror { up, down, activation }
    }

    /// Makes this the output for this example, `[input]`, by the bias of the output. The codes of sigmoid units are never
    /// near 0, so without it they shift every output.
    pub fn begin_with(&mut self, x: &Tensor<T>, output: &Tensor<T>) {
        let shape = output.shape().to_vec();
        let found = value(&*self, |mirror, tape| {
            mirror.decode(mirror.encode(tape.constant(x.reshape([1, x.len()]))))
        });
        let missing = output.zip(&found.reshape(shape), |wanted, found| wanted - found);
        self.down[0].bias = self.down[0].bias.zip(&missing, |bias, missing| bias + missing);
    }
}

impl<'t, T: Real> Mirror<Var<'t, T>> {
    /// The code, `[batch, input]` to `[batch, code]`.
    ///
    /// # Panics
    /// If the last axis of `x` is not the input's width.
    #[track_caller]
    pub fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.up.iter().fold(x, |x, layer| self.activation.apply(layer.forward(x)))
    }

    /// The decoder's output, `[batch, code]` to `[batch, input]`.
    ///
    /// # Panics
    /// If the last axis of `z` is not the code's width.
    #[track_caller]
    pub fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        let mut h = z;
        for (number, (layer, back)) in self.up.iter().zip(&self.down).enumerate().rev() {
            h = h.matmul(back.weight.unwrap_or(layer.weight)) + back.bias;
            if number > 0 {
                h = self.activation.apply(h);
            }
        }
        h
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Tree, value_and_grad};
    use nn::{Purpose, generator};

    fn mirror(tied: bool) -> Mirror<Tensor<f64>> {
        let from = &mut generator(0, Purpose::Init, 0, 0);
        Mirror::new(&[5, 4, 2], Activation::Tanh, tied, Tensor::ones([5]), from)
    }

    #[test]
    fn tied_weights_are_one_leaf() {
        let count = |mirror: &Mirror<Tensor<f64>>| {
            let mut count = 0;
            mirror.visit(&mut |_, leaf| count += leaf.len());
            count
        };
        assert_eq!(count(&mirror(false)) - count(&mirror(true)), 5 * 4 + 4 * 2);
    }

    #[test]
    fn the_gradient_of_a_tied_weight_is_the_sum_of_both_uses() {
        let x = Tensor::from_fn([3, 5], |i| (i as f64).sin());
        let gradients = |mirror: &Mirror<Tensor<f64>>| {
            value_and_grad(mirror, |mirror, tape| {
                mirror.decode(mirror.encode(tape.constant(&x))).square().sum()
            })
            .1
        };
        let tied = mirror(true);
        let mut apart = tied.clone();
        for (layer, back) in apart.up.iter().zip(&mut apart.down) {
            back.weight = Some(layer.weight.clone());
        }
        let (together, apart) = (gradients(&tied), gradients(&apart));
        for layer in 0..2 {
            let back = apart.down[layer].weight.as_ref().unwrap();
            let sum = apart.up[layer].weight.zip(back, |a, b| a + b);
            let difference = together.up[layer].weight.zip(&sum, |a, b| (a - b).abs());
            assert!(difference.to_vec().iter().all(|d| *d < 1e-12));
        }
    }
}
