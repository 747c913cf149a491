//! The layer that the sparse models share: an image is a bias and a few features.
//!
//! > `z = Wₑ (x − b) + bₑ`,  `x̂ = Σⱼ hⱼ dⱼ + b`,
//!
//! where `h` is what the model makes of `z`. The features `dⱼ` have length 1. Otherwise a penalty on `h`
//! could be evaded: a code of half the size and features of twice the length give the same `x̂`.
//! The stored rows are divided by their length where they are used, so that the gradient never points
//! along a feature and no step has to be repaired afterwards.

use autograd::{Real, Tensor, Var, tree};
use nn::{Dataset, Generator, Linear, random};

use crate::evaluate;

/// The encoder, the features and the bias of a sparse autoencoder with one layer.
#[derive(Clone, Debug)]
pub struct Dictionary<W> {
    /// `Wₑ` and `bₑ`.
    pub encoder: Linear<W>,
    /// The features before they are brought to length 1, `[code, features of x]`.
    pub rows: W,
    /// `b`, `[features of x]`.
    pub bias: W,
}
tree!(Dictionary { encoder, rows, bias });

impl Dictionary<Tensor<f32>> {
    /// Random directions, the encoder their transpose (Gao et al. 2024, appendix A), and as bias the
    /// mean of the data.
    pub fn new(code: usize, data: &Dataset, from: &mut Generator) -> Self {
        let rows: Tensor<f32> = random::normal([code, data.width()], from);
        let lengths = rows.map(|w| w * w).sum_to([code, 1]).map(f32::sqrt);
        let rows = rows.zip(&lengths, |w, length| w / length);
        let encoder = Linear { weight: rows.clone(), bias: Tensor::zeros([code]) };
        Dictionary { encoder, rows, bias: evaluate::mean(data.x()) }
    }

    /// Makes all codes larger by this factor, or smaller.
    pub fn scale_codes(&mut self, factor: f32) {
        self.encoder.weight = self.encoder.weight.map(|w| factor * w);
    }
}

impl<'t, T: Real> Dictionary<Var<'t, T>> {
    /// `z`, `[batch, features]` to `[batch, code]`.
    pub fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.encoder.forward(x - self.bias)
    }

    /// `x̂`, `[batch, code]` to `[batch, features]`.
    pub fn decode(&self, h: Var<'t, T>) -> Var<'t, T> {
        self.features_of(h) + self.bias
    }

    /// `Σⱼ hⱼ dⱼ`, without the bias.
    pub fn features_of(&self, h: Var<'t, T>) -> Var<'t, T> {
        h.matmul(self.unit_rows())
    }

    /// `d`, `[code, features]`.
    pub fn unit_rows(&self) -> Var<'t, T> {
        self.rows / self.lengths()
    }

    /// The lengths of the stored rows, `[code, 1]`.
    pub fn lengths(&self) -> Var<'t, T> {
        self.rows.norm_over(1).reshape([self.rows.shape()[0], 1])
    }
}
