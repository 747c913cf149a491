//! The β-TC-VAE (Chen, Li, Grosse and Duvenaud 2018, eq. 2 and 4): the divergence in three parts.
//!
//! > `L = E[ −ln p(x|z) ] + α I(x; z) + β TC(z) + γ Σⱼ KL( q(zⱼ) ‖ p(zⱼ) )`
//!
//! with the mutual information `I = E ln q(z|x)/q(z)`, the total correlation `TC = E ln q(z)/Πⱼ q(zⱼ)` and
//! the rest. Only the total correlation stands against latents that are independent of each other, so only it
//! gets a large weight. With `α = β = γ` the sum is the divergence of the VAE, sampled.
//!
//! `q(z) = 1/N Σₙ q(z|xₙ)` is over all `N` training examples; a step sees `B` of them, [`Mixture`] says how
//! they stand for the rest.

use autograd::{Real, Tensor, Var, tree};
use nn::{Context, Dataset, Generator, Purpose, Result, generator};
use serde::{Deserialize, Serialize};

use super::check_weight;
use super::variational::{Gaussian, usual_design};
use crate::network::{Autoencoder, Design, evaluation};
use crate::registry::Entry;
use crate::terms::{ln_gaussian, ln_gaussian_by_latent, ln_standard_normal};
use crate::{Learned, Likelihood, Loss, Model, Settings, Unit};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "tc-vae",
    title: "β-TC-VAE",
    equation: "E[−ln p(x|z)] + α I(x; z) + β TC(z) + γ Σ KL(q(zⱼ) ‖ p(zⱼ))",
    source: "Chen et al. 2018",
    leaves_gaps_out: true,
    reads_texts: true,
    ..Entry::of::<Config>(include_str!("tc_vae.rs"))
};

/// How the examples of a batch stand for all `N` in `q(z)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mixture {
    /// Minibatch weighted sampling (eq. 5): each has the weight `1/(N B)`. The gradient is that of equal
    /// weights; the values are off by up to `ln N` for every density, so the total correlation of
    /// independent latents is not 0.
    Weighted,
    /// The example that `z` came from has its true weight `1/N`, the others share the rest. At `B = N` this is
    /// exact.
    Stratified,
}

/// Settings of a β-TC-VAE.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Code, network and likelihood.
    pub design: Design,
    /// Weight of the mutual information, ≥ 0.
    pub alpha: f64,
    /// Weight of the total correlation, ≥ 0.
    pub beta: f64,
    /// Weight of the divergence of single latents, ≥ 0.
    pub gamma: f64,
    /// How a batch stands for the training set.
    pub mixture: Mixture,
}

/// An [`Autoencoder`] with three weights and the number of training examples.
#[derive(Clone, Debug)]
pub struct TcVae<W> {
    net: Autoencoder<W>,
    weights: [f64; 3],
    mixture: Mixture,
    examples: usize,
}
tree!(TcVae { net; weights, mixture, examples });

impl Settings for Config {
    const LIKELIHOODS: &[Likelihood] = Likelihood::DENSITIES;

    type Model = Learned<TcVae<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        let (alpha, beta, gamma, mixture) = (1.0, 6.0, 1.0, Mixture::Stratified);
        Config { design: usual_design(data), alpha, beta, gamma, mixture }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        let weights = [("alpha", self.alpha), ("beta", self.beta), ("gamma", self.gamma)];
        weights.iter().try_for_each(|&(name, weight)| check_weight(name, weight))?;
        let net = Autoencoder::variational(data, &self.design, 0, from)?;
        let weights = weights.map(|weight| weight.1);
        Ok(Learned(TcVae { net, weights, mixture: self.mixture, examples: data.len() }))
    }

    fn outline(&self, like: &Dataset, examples: usize) -> Result<Self::Model> {
        let built = self.build(like, &mut generator(0, Purpose::Init, 0, 0))?;
        Ok(Learned(TcVae { examples, ..built.0 }))
    }
}

impl<'t, T: Real> Model<'t, T> for TcVae<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.net.posterior(x, &mut evaluation()).mu
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.net.reconstruction(z)
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let q = self.net.posterior(x, context);
        let z = q.draw(context);
        let [information, correlation, single] =
            decomposed(q.whole(context), context.whole(z), self.mixture, self.examples);
        let [alpha, beta, gamma] = self.weights;
        Loss::sum(
            Unit::Nats,
            [
                ("reconstruction", self.net.nll(z, x, context).mean()),
                ("information", alpha * information),
                ("correlation", beta * correlation),
                ("single kl", gamma * single),
            ],
        )
    }

    fn variational(&self) -> Option<&Autoencoder<Var<'t, T>>> {
        Some(&self.net)
    }
}

/// Mutual information, total correlation and the divergence of single latents, in nats an example, from one
/// draw `z` of each posterior, `[batch, latents]`. Their sum is the mean of `ln q(z|x) − ln p(z)`.
pub fn decomposed<'t, T: Real>(
    q: Gaussian<'t, T>,
    z: Var<'t, T>,
    mixture: Mixture,
    examples: usize,
) -> [Var<'t, T>; 3] {
    let batch = z.shape()[0];
    let (b, n) = (batch as f64, examples as f64);
    let ln_weight = |i: usize| {
        let own = i / batch == i % batch;
        match mixture {
            Mixture::Weighted => -(n * b).ln(),
            Mixture::Stratified if batch == 1 => 0.0,
            Mixture::Stratified if own => -n.ln(),
            Mixture::Stratified => ((n - 1.0) / (n * (b - 1.0))).ln(),
        }
    };
    let weights = z.tape().constant(Tensor::from_fn([batch, batch], |i| T::of(ln_weight(i))));
    // Every draw under every posterior, [draws, posteriors, latents].
    let pairs = ln_gaussian_by_latent(z.unsqueeze(1), q.mu.unsqueeze(0), q.log_var.unsqueeze(0));
    let ln_joint = (pairs.sum_over(-1) + weights).logsumexp_over(-1);
    let ln_marginals = (pairs + weights.unsqueeze(-1)).logsumexp_over(1).sum_over(-1);
    let ln_posterior = ln_gaussian(z, q.mu, q.log_var);
    [ln_posterior - ln_joint, ln_joint - ln_marginals, ln_marginals - ln_standard_normal(z)].map(Var::mean)
}
