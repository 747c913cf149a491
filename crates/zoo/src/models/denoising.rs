//! The denoising autoencoder (Vincent et al. 2008, 2010).
//!
//! > `L(x) = E_{x̃ ~ C(x̃|x)} ‖x − g(f(x̃))‖²`
//!
//! The network sees a damaged input and is to give the whole one. Copying does not help, so even a wide
//! code has to learn what the data is like. With α and β the features that were damaged and those that
//! were not count differently (the *emphasized* loss; Vincent et al. 2010, section 4.3).
//!
//! For Gaussian noise of deviation σ the best reconstruction is `r(x̃) = x̃ + σ² ∇ ln p_σ(x̃)`, where `p_σ` is the
//! density of the damaged data (Miyasawa 1961; Vincent 2011; Alain and Bengio 2014): what the network
//! changes points towards where data is more likely. [`score`] reads that gradient off.

use autograd::{Real, Tensor, Var, tree};
use nn::data::transform::Corruption;
use nn::{Activation, Context, Dataset, Error, Generator, Result};
use serde::{Deserialize, Serialize};

use crate::network::{Autoencoder, Design, evaluation};
use crate::registry::Entry;
use crate::{AnyModel, Learned, Likelihood, Loss, Model, Settings};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "denoising",
    title: "denoising autoencoder",
    equation: "E ‖x − g(f(x̃))‖², x̃ damaged",
    source: "Vincent et al. 2008, 2010",
    ..Entry::of::<Config>(include_str!("denoising.rs"))
};

/// Settings of a denoising autoencoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Code, network and likelihood.
    pub design: Design,
    /// `α` ≥ 0, the weight of features that were damaged.
    pub alpha: f64,
    /// `β` ≥ 0, the weight of features that were not.
    pub beta: f64,
    /// `C`, how inputs are damaged.
    pub corruption: Corruption,
}

/// A network and the noise.
#[derive(Clone, Debug)]
pub struct Denoising<W> {
    net: Autoencoder<W>,
    alpha: f64,
    beta: f64,
    corruption: Corruption,
}
tree!(Denoising { net; alpha, beta, corruption });

impl Settings for Config {
    const LIKELIHOODS: &[Likelihood] = Likelihood::ALL;

    type Model = Learned<Denoising<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        let (code, hidden, activation) = match data.width() {
            ..256 => (32, vec![128], Activation::Tanh),
            _ => (64, vec![512], Activation::Relu),
        };
        let (likelihood, corruption) = (Likelihood::SquaredError, Corruption::Masking(0.25));
        let design = Design::mlp(code, &hidden, activation, likelihood);
        Config { design, alpha: 1.0, beta: 1.0, corruption }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        self.corruption.check()?;
        let Config { alpha, beta, corruption, .. } = *self;
        let good = |weight: f64| weight >= 0.0 && weight.is_finite();
        if !(good(alpha) && good(beta) && alpha + beta > 0.0) {
            return Err(Error::setting(
                "alpha",
                format!(
                    "alpha and beta must be numbers from 0 up, and not both 0; they are {alpha} and {beta}"
                ),
            ));
        }
        let net = Autoencoder::new(data, &self.design, from)?;
        Ok(Learned(Denoising { net, alpha, beta, corruption }))
    }
}

impl<'t, T: Real> Denoising<Var<'t, T>> {
    /// `α` where the context damages an input of the shape of `x`, `β` elsewhere. A masked 0 counts as damaged,
    /// though nobody can see it; so the places are found on an input that any damage changes.
    fn emphasis(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        const PROBE: f64 = 0.5;
        let probe = x.tape().constant(Tensor::full(x.shape(), PROBE));
        let damaged = context.on(x.tape()).corrupt(probe, self.corruption).ne(PROBE);
        damaged.select(x.tape().constant(T::of(self.alpha)), self.beta)
    }
}

impl<'t, T: Real> Model<'t, T> for Denoising<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.net.encode(x, &mut evaluation())
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.net.reconstruction(z)
    }

    // ANCHOR: loss
    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let damaged = context.on(x.tape()).corrupt(x, self.corruption);
        let z = self.net.encode(damaged, context);
        let output = self.net.output_for(z, x, context);
        let error = if self.alpha == 1.0 && self.beta == 1.0 {
            self.net.head.loss(output, x)
        } else {
            let weights = self.emphasis(x, context);
            self.net.head.weighted_loss(output, x, weights)
        };
        Loss::sum(self.net.head.unit(), [("denoising", error)])
    }
    // ANCHOR_END: loss
}

/// `(r(x) − x) / σ²`, which estimates `∇ ln p_σ(x)`, the gradient of the log-density of data plus Gaussian noise
/// of deviation σ (Alain and Bengio 2014, theorem 1), for a model that was trained to remove such noise
/// with the squared error. `[batch, features]` to the same shape.
///
/// # Panics
/// If σ is not positive.
#[track_caller]
pub fn score(model: &dyn AnyModel, x: &Tensor<f32>, sigma: f64) -> Tensor<f32> {
    assert!(sigma > 0.0, "score: σ must be positive, not {sigma}");
    let per_variance = (1.0 / (sigma * sigma)) as f32;
    model.decode(&model.encode(x)).zip(x, |r, x| (r - x) * per_variance)
}

#[cfg(test)]
#[path = "denoising_tests.rs"]
mod tests;
