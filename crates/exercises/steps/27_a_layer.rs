//! # A layer
//!
//! Book: docs/src/08-layers.md#a-layer-of-your-own
//!
//! A layer is a struct over `W`: its parameters are tensors at rest, and variables on a tape. `tree!` names them, and
//! `forward` computes. Write a residual layer, in which the input takes part unchanged:
//!
//! > `y = x + tanh(x Wᵀ + b)`
// hint: The product is x.matmul(self.weight.t()); the bias broadcasts by +. Do not forget the + x.
// new: tree, value_and_grad

use autograd::{Tensor, Var, tree, value_and_grad};

/// `y = x + tanh(x Wᵀ + b)`.
struct Residual<W> {
    weight: W, // [width, width]
    bias: W,   // [width]
}
tree!(Residual { weight, bias });

impl<'t> Residual<Var<'t, f64>> {
    /// `[batch, width]` from `[batch, width]`.
    fn forward(&self, x: Var<'t, f64>) -> Var<'t, f64> {
        // hole: x + tanh(x Wᵀ + b)
        x + (x.matmul(self.weight.t()) + self.bias).tanh()
        // wrong: (x.matmul(self.weight.t()) + self.bias).tanh()
        // wrong: x + (x.matmul(self.weight) + self.bias).tanh()
        // wrong: x + x.matmul(self.weight.t()) + self.bias
        // end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(weight: [f64; 4], bias: [f64; 2]) -> Residual<Tensor<f64>> {
        let weight = Tensor::from_vec([2, 2], weight.to_vec());
        Residual { weight, bias: Tensor::from_vec([2], bias.to_vec()) }
    }

    fn output(layer: &Residual<Tensor<f64>>, x: [f64; 2]) -> Vec<f64> {
        autograd::value(layer, |layer, tape| {
            layer.forward(tape.constant(Tensor::from_vec([1, 2], x.to_vec())))
        })
        .to_vec()
    }

    #[test]
    fn with_weights_of_zero_it_passes_its_input_on() {
        assert_eq!(output(&layer([0.0; 4], [0.0; 2]), [3.0, -4.0]), [3.0, -4.0]);
    }

    #[test]
    fn it_computes_the_formula() {
        let y = output(&layer([0.1, 0.2, 0.3, 0.4], [0.5, 0.6]), [1.0, 2.0]);
        let formula = [1.0 + (0.1 + 0.4 + 0.5_f64).tanh(), 2.0 + (0.3 + 0.8 + 0.6_f64).tanh()];
        assert!(
            (y[0] - formula[0]).abs() < 1e-14 && (y[1] - formula[1]).abs() < 1e-14,
            "expected {formula:?}, got {y:?}"
        );
    }

    #[test]
    fn its_gradient_is_a_layer_too() {
        let layer = layer([0.0; 4], [0.0; 2]);
        let x = Tensor::from_vec([1, 2], vec![1.0, 2.0]);
        let (_, gradient) = value_and_grad(&layer, |layer, tape| layer.forward(tape.constant(&x)).sum());
        assert_eq!(gradient.weight.to_vec(), [1.0, 2.0, 1.0, 2.0]);
        assert_eq!(gradient.bias.to_vec(), [1.0, 1.0]);
    }
}
