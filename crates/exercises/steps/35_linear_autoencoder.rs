//! # A linear autoencoder
//!
//! Book: docs/src/09-autoencoders.md#the-same-by-gradient-descent
//!
//! An autoencoder copies its input through a narrow code: `z = f(x)`, `x̂ = g(z)`. With one linear layer on each side and
//! the loss `‖x − x̂‖²` it finds the same space as PCA. The loss is summed over the pixels, and averaged over the
//! examples.
// hint: code = self.encoder.forward(x), x_hat = self.decoder.forward(code). (x_hat - x).square().sum_over(1) is the error of each example, and .mean() averages.
// new: Linear

use autograd::{Tensor, Var, tree, value_and_grad};
use nn::{Adam, Init, Linear, Purpose, generator};

/// Two linear layers with a narrow code between them.
struct Autoencoder<W> {
    encoder: Linear<W>,
    decoder: Linear<W>,
}
tree!(Autoencoder { encoder, decoder });

impl<'t> Autoencoder<Var<'t, f64>> {
    /// `‖x − x̂‖²`, summed over the features and averaged over the examples of `[batch, features]`.
    fn loss(&self, x: Var<'t, f64>) -> Var<'t, f64> {
        // hole: encode, decode, and the squared error of an example in the mean
        let x_hat = self.decoder.forward(self.encoder.forward(x));
        (x_hat - x).square().sum_over(1).mean()
        // wrong: let x_hat = self.decoder.forward(self.encoder.forward(x));
        // | (x_hat - x).square().mean()
        // wrong: let x_hat = self.decoder.forward(self.encoder.forward(x));
        // | (x_hat - x).sum_over(1).square().mean()
        // wrong: let x_hat = self.decoder.forward(self.encoder.forward(x));
        // | (x_hat - x).square().sum()
        // end
    }
}

/// An autoencoder with a code of `code` numbers after 200 steps.
fn train(x: &Tensor<f64>, code: usize) -> (Autoencoder<Tensor<f64>>, f64) {
    let from = &mut generator(0, Purpose::Init, 0, 0);
    let features = x.shape()[1];
    let encoder = Linear::new(features, code, Init::Glorot, from);
    let mut model = Autoencoder { encoder, decoder: Linear::new(code, features, Init::Glorot, from) };
    let mut adam = Adam::new(0.02);
    let mut last = 0.0;
    for _ in 0..200 {
        let (loss, gradient) = value_and_grad(&model, |model, tape| model.loss(tape.constant(x)));
        adam.step(&mut model, &gradient);
        last = loss;
    }
    (model, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_of_zeros_reconstructs_black_and_misses_the_whole_image() {
        let zeros = |outputs, inputs| Linear {
            weight: Tensor::zeros([outputs, inputs]),
            bias: Tensor::zeros([outputs]),
        };
        let model = Autoencoder { encoder: zeros(1, 3), decoder: zeros(3, 1) };
        let x = Tensor::from_vec([2, 3], vec![1.0, 2.0, 2.0, 0.0, 3.0, 4.0]);
        let loss = autograd::value(&model, |model, tape| model.loss(tape.constant(&x))).item();
        assert_eq!(loss, (9.0 + 25.0) / 2.0, "the squared lengths are 9 and 25, so the loss is their mean");
    }

    #[test]
    fn points_on_a_plane_need_a_code_of_two_numbers() {
        // 5 numbers that depend on two.
        let x = Tensor::from_fn([30, 5], |i| {
            let (a, b) = ((i / 5) as f64 * 0.9, (i / 5) as f64 * 1.7);
            [a.sin(), b.sin(), a.sin() + b.sin(), a.sin() - b.sin(), 2.0 * b.sin()][i % 5]
        });
        let (narrow, right) = (train(&x, 1).1, train(&x, 2).1);
        assert!(
            right < 0.02 && narrow > 0.3,
            "the errors are {narrow:.3} with a code of 1, and {right:.4} with one of 2"
        );
    }
}
