//! The variational autoencoder (Kingma and Welling 2014; Rezende, Mohamed and Wierstra 2014).
//!
//! > `−ELBO(x) = E_{q(z|x)}[ −ln p(x|z) ] + β KL( q(z|x) ‖ N(0, I) )`,  `q(z|x) = N(μ(x), diag σ²(x))`
//!
//! The expectation is estimated with one sample, written as `z = μ + σ ε` with `ε ~ N(0, I)`: the
//! noise comes from outside, so the gradient passes through the sample to `μ` and `σ` (the
//! *reparameterization trick*). With `β ≠ 1` this is the β-VAE (Higgins et al. 2017).

use autograd::{Real, Tensor, Var, tree};
use nn::{Activation, Context, Dataset, Error, Generator, Mlp, Result};
use serde::{Deserialize, Serialize};

use super::{check_widths, reversed, widths};
use crate::registry::Settings;
use crate::terms::gaussian_kl;
use crate::{Learned, Likelihood, Loss, Model};

/// Settings of a variational autoencoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Latent variables.
    pub code: usize,
    /// Units in the encoder's hidden layers; the decoder mirrors them.
    pub hidden: Vec<usize>,
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// The decoder's distribution `p(x|z)`. For `squared_error` it is a Gaussian of variance ½, up
    /// to a constant.
    pub likelihood: Likelihood,
    /// Weight of the divergence, ≥ 0.
    pub beta: f64,
}

/// The encoder gives `μ` and `s = ln σ²` side by side.
#[derive(Clone, Debug)]
pub struct Vae<W> {
    encoder: Mlp<W>,
    decoder: Mlp<W>,
    code: usize,
    likelihood: Likelihood,
    beta: f64,
}
tree!(Vae { encoder, decoder; code, likelihood, beta });

impl Settings for Config {
    type Model = Learned<Vae<Tensor<f32>>>;

    fn defaults(data: &Dataset) -> Self {
        let (code, hidden) = if data.width() < 256 { (8, vec![256]) } else { (20, vec![400]) };
        let (activation, likelihood) = (Activation::Relu, Likelihood::Bernoulli);
        Config { code, hidden, activation, likelihood, beta: 1.0 }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_widths(&self.hidden, self.code)?;
        if !(self.beta >= 0.0 && self.beta.is_finite()) {
            return Err(Error::Invalid(format!("beta must be a number from 0 up, not {}", self.beta)));
        }
        let input = data.width();
        let encoder = Mlp::new(&widths(input, &self.hidden, 2 * self.code), self.activation, from);
        let mut decoder = Mlp::new(&reversed(widths(input, &self.hidden, self.code)), self.activation, from);
        let output = decoder.layers.last_mut().expect("at least one layer");
        output.bias = self.likelihood.output_for(&crate::evaluate::mean(&data.x));
        let Config { code, likelihood, beta, .. } = *self;
        Ok(Learned(Vae { encoder, decoder, code, likelihood, beta }))
    }
}

impl<'t, T: Real> Vae<Var<'t, T>> {
    /// `μ(x)` and `s(x) = ln σ²(x)`, each `[batch, code]`.
    fn posterior(&self, x: Var<'t, T>) -> (Var<'t, T>, Var<'t, T>) {
        let both = self.encoder.forward(x);
        (both.slice(1, ..self.code), both.slice(1, self.code..))
    }
}

impl<'t, T: Real> Model<'t, T> for Vae<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.posterior(x).0
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.likelihood.mean(self.decoder.forward(z))
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let (mu, log_var) = self.posterior(x);
        let eps = x.tape().constant(context.normal(self.code));
        let z = mu + (log_var * 0.5).exp() * eps;
        let output = self.decoder.forward(z);
        Loss::sum(
            self.likelihood.unit(),
            [
                ("reconstruction", self.likelihood.loss(output, x)),
                ("kl", self.beta * gaussian_kl(mu, log_var)),
            ],
        )
    }
}
