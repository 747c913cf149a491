//! The variational autoencoder (Kingma and Welling 2014; Rezende, Mohamed and Wierstra 2014).
//!
//! > `−ELBO(x) = E_{q(z|x)}[ −ln p(x|z) ] + β KL( q(z|x) ‖ N(0, I) )`,  `q(z|x) = N(μ(x), diag σ²(x))`
//!
//! The expectation is estimated with one sample, written as `z = μ + σ ε` with `ε ~ N(0, I)`: the
//! noise comes from outside, so the gradient passes through the sample to `μ` and `σ` (the
//! *reparameterization trick*). With `β ≠ 1` this is the β-VAE (Higgins et al. 2017).
//!
//! A latent whose divergence is 0 says nothing about `x`. Two remedies are settings: `warm_up` lets the
//! divergence count little in the beginning (Bowman et al. 2016), `free_bits` lets the first nats of every
//! latent cost nothing (Kingma et al. 2016, eq. 15).

use autograd::{Real, Tensor, Var, tree};
use nn::{Context, Dataset, Generator, Result};
use serde::{Deserialize, Serialize};

use super::variational::usual_design;
use super::{check_share, check_weight};
use crate::network::texts::text_of;
use crate::network::{Autoencoder, Design, evaluation};
use crate::registry::Entry;
use crate::terms::warmed_up;
use crate::{Learned, Likelihood, Loss, Model, Settings, Unit};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "vae",
    title: "variational autoencoder",
    equation: "E[−ln p(x|z)] + β KL(q(z|x) ‖ N(0, I))",
    source: "Kingma & Welling 2014; Rezende et al. 2014",
    leaves_gaps_out: true,
    reads_texts: true,
    ..Entry::of::<Config>(include_str!("vae.rs"))
};

/// Settings of a variational autoencoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Code, network and likelihood.
    pub design: Design,
    /// Weight of the divergence, ≥ 0.
    pub beta: f64,
    /// Share of the training, 0 to 1, over which the weight of the divergence grows from 0 to `beta`.
    pub warm_up: f64,
    /// Nats of every latent's divergence (its mean over the batch) that cost nothing, ≥ 0.
    pub free_bits: f64,
}

/// An [`Autoencoder`] and how its divergence counts.
#[derive(Clone, Debug)]
pub struct Vae<W> {
    net: Autoencoder<W>,
    beta: f64,
    warm_up: f64,
    free_bits: f64,
}
tree!(Vae { net; beta, warm_up, free_bits });

impl Settings for Config {
    const LIKELIHOODS: &[Likelihood] = Likelihood::DENSITIES;

    type Model = Learned<Vae<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        // What comes next in a text follows mostly from what stands before, so a decoder would learn to do without a code
        // that costs something from the start.
        let [warm_up, free_bits] = if text_of(data.schema()).is_some() { [0.5, 0.25] } else { [0.0, 0.0] };
        Config { design: usual_design(data), beta: 1.0, warm_up, free_bits }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_weight("beta", self.beta)?;
        check_share("warm_up", self.warm_up)?;
        check_weight("free_bits", self.free_bits)?;
        let net = Autoencoder::variational(data, &self.design, 0, from)?;
        let Config { beta, warm_up, free_bits, .. } = *self;
        Ok(Learned(Vae { net, beta, warm_up, free_bits }))
    }
}

impl<'t, T: Real> Model<'t, T> for Vae<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.net.posterior(x, &mut evaluation()).mu
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.net.reconstruction(z)
    }

    // ANCHOR: loss
    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let q = self.net.posterior(x, context);
        let z = q.draw(context);
        let kl = match self.free_bits > 0.0 {
            // Of the mean over the batch: a latent may spend its nats on the examples that need them.
            true => q.whole(context).divergence().maximum(self.free_bits),
            false => q.divergence(),
        };
        let weight = warmed_up(self.beta, self.warm_up, x.tape(), context);
        Loss::sum(
            Unit::Nats,
            [("reconstruction", self.net.nll(z, x, context).mean()), ("kl", weight * kl.sum())],
        )
    }
    // ANCHOR_END: loss

    fn variational(&self) -> Option<&Autoencoder<Var<'t, T>>> {
        Some(&self.net)
    }
}
