//! The linear autoencoder, which learns what PCA computes (Bourlard and Kamp 1988; Baldi and Hornik
//! 1989).
//!
//! > `L(x) = ‖x − x̂‖²`,  `z = W₁ (x − μ)`,  `x̂ = W₂ z + μ`
//!
//! Every minimum is global, and there `W₂ W₁` projects on the plane of the first principal components.
//! But any invertible change of code, `z → A z`, gives the same loss: the *plane* is learnt, not its
//! axes. Three ways lead to the axes:
//!
//! - [`Order::NestedDropout`] also asks the first unit alone, the first two, … to reconstruct well
//!   (Rippel et al. 2014), `1/k Σ_b ‖x − x̂₁..b‖²`. The expectation over the cut `b` is taken exactly.
//! - [`Order::Decay`] adds `Σⱼ λⱼ (‖row j of W₁‖² + ‖column j of W₂‖²)` with `λ₁ < λ₂ < …` (Bao et al.
//!   2020, eq. 2): a unit with a smaller price takes the larger variance.
//! - [`Linear::principal_directions`] takes them from the singular vectors of `W₂` afterwards.

use autograd::{Buffer, Real, Tensor, Triangle, Var, tree};
use nalgebra::DMatrix;
use nn::{Context, Dataset, Error, Generator, Init, Result};
use serde::{Deserialize, Serialize};

use super::{check_widths, small_code};
use crate::registry::Entry;
use crate::{Learned, Loss, Model, Settings, Unit, evaluate};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "linear",
    title: "linear autoencoder",
    equation: "‖x − x̂‖², linear",
    source: "Bourlard & Kamp 1988; Baldi & Hornik 1989",
    may_copy: true,
    ..Entry::of::<Config>(include_str!("linear.rs"))
};

/// Settings of a linear autoencoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Numbers in the code, at most as many as features.
    pub code: usize,
    /// Whether the decoder's columns are made orthonormal, in order, before they are used (Gram and
    /// Schmidt).
    pub orthonormal: bool,
    /// What gives the units an order.
    pub order: Order,
    /// The largest price `λ` of the squared weights, in units of variance, ≥ 0: unit `j` of `k` pays
    /// `λ j / k` under [`Order::Decay`], and all pay `λ` otherwise. Components with less variance than
    /// that vanish.
    pub decay: f64,
}

/// What tells the units of a linear autoencoder apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Nothing: they share the plane of the principal components in any way.
    None,
    /// The first `b` have to do without the others, for every `b`.
    NestedDropout,
    /// They pay different prices for their weights.
    Decay,
}

/// Two matrices and the mean.
#[derive(Clone, Debug)]
pub struct Linear<W> {
    /// `μ`, `[features]`: the mean of the training data, computed and not learnt.
    pub mean: Buffer<W>,
    /// `W₁`, `[code, features]`.
    pub encoder: W,
    /// `W₂ᵀ`, `[code, features]`: unit `j` writes row `j`.
    pub decoder: W,
    orthonormal: bool,
    order: Order,
    decay: f64,
}
tree!(Linear { mean, encoder, decoder; orthonormal, order, decay });

impl Settings for Config {
    type Model = Learned<Linear<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        let code = if data.width() < 256 { small_code(data) } else { 30 };
        Config { code, orthonormal: false, order: Order::None, decay: 0.0 }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_widths(&[], self.code)?;
        let Config { code, orthonormal, order, decay } = *self;
        let features = data.width();
        if code > features {
            return Err(Error::setting(
                "code",
                format!(
                    "{features} features have at most {features} linear components, not {code}; choose a smaller code"
                ),
            ));
        }
        if !(decay >= 0.0 && decay.is_finite()) {
            return Err(Error::setting("decay", format!("decay must be a number from 0 up, not {decay}")));
        }
        if order == Order::Decay && decay == 0.0 {
            let text = "with `order = \"decay\"` the decay must be above 0; a tenth of the smallest variance that \
                        is to be kept is a good start";
            return Err(Error::setting("decay", text));
        }
        let decoder = Init::Orthogonal.matrix(code, features, from);
        let mean = Buffer(evaluate::mean(data.x()));
        Ok(Learned(Linear { mean, encoder: decoder.clone(), decoder, orthonormal, order, decay }))
    }
}

impl<'t, T: Real> Linear<Var<'t, T>> {
    /// What the units write, `[code, features]`: the rows of `decoder`, orthonormal if this is asked
    /// for. With `D Dᵀ = L Lᵀ` (Cholesky) the rows of `L⁻¹ D` are those of Gram and Schmidt.
    fn dictionary(&self) -> Var<'t, T> {
        let rows = self.decoder;
        if !self.orthonormal {
            return rows;
        }
        rows.matmul(rows.t()).cholesky().solve_triangular(rows, Triangle::Lower)
    }

    /// The mean over `b` of the error with the first `b` units alone.
    fn nested_error(&self, x: Var<'t, T>, z: Var<'t, T>, dictionary: Var<'t, T>) -> Var<'t, T> {
        let (shape, features) = (z.shape(), x.shape()[1]);
        let (batch, code) = (shape[0], shape[1]);
        let parts = z.reshape([batch, code, 1]) * dictionary.reshape([1, code, features]);
        let centred = (x - self.mean.0).reshape([batch, 1, features]);
        (centred - parts.cumsum(1)).square().sum() * (1.0 / (batch * code) as f64)
    }

    /// `Σⱼ λⱼ (‖row j of W₁‖² + ‖row j of the dictionary‖²)`.
    fn weight_price(&self, dictionary: Var<'t, T>) -> Var<'t, T> {
        let code = self.encoder.shape()[0];
        let price = |j: usize| match self.order {
            Order::Decay => self.decay * (j + 1) as f64 / code as f64,
            _ => self.decay,
        };
        let prices = dictionary.tape().constant(Tensor::from_fn([code, 1], |j| T::of(price(j))));
        (prices * (self.encoder.square() + dictionary.square())).sum()
    }
}

impl<'t, T: Real> Model<'t, T> for Linear<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        (x - self.mean.0).matmul(self.encoder.t())
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        z.matmul(self.dictionary()) + self.mean.0
    }

    fn loss(&self, x: Var<'t, T>, _: &mut Context) -> Loss<'t, T> {
        let (z, dictionary) = (self.encode(x), self.dictionary());
        let mut loss = match self.order {
            Order::NestedDropout => Loss::sum(
                Unit::SquaredError,
                [("nested reconstruction", self.nested_error(x, z, dictionary))],
            ),
            _ => {
                let x_hat = z.matmul(dictionary) + self.mean.0;
                let error = nn::losses::squared_error(x_hat, x);
                Loss::sum(Unit::SquaredError, [("reconstruction", error)])
            }
        };
        if self.decay > 0.0 {
            loss.terms.push(("decay", self.weight_price(dictionary)));
        }
        loss
    }
}

impl Linear<Tensor<f32>> {
    /// The left singular vectors of `W₂`, orthonormal rows `[code, features]`, the largest singular value
    /// first.
    ///
    /// They always span what the decoder can write. Each is a principal direction if all units paid the
    /// same [`decay`](Config::decay) (Kunin et al. 2019, theorem 2), which makes the singular values
    /// `√(1 − λ/σ²)`; without decay they are so only by accident.
    pub fn principal_directions(&self) -> Tensor<f32> {
        let shape = self.decoder.shape();
        let (code, features) = (shape[0], shape[1]);
        let entries = autograd::value(self, |model, _| model.dictionary()).to_vec();
        let matrix = DMatrix::from_fn(code, features, |j, i| f64::from(entries[j * features + i]));
        let rows = matrix.svd(false, true).v_t.expect("it was asked for");
        Tensor::from_fn([code, features], |k| rows[(k / features, k % features)] as f32)
    }
}

#[cfg(test)]
#[path = "linear_tests.rs"]
mod tests;
