//! The β-VAE with a capacity that grows (Burgess et al. 2018, eq. 8).
//!
//! > `L = E[ −ln p(x|z) ] + γ | KL( q(z|x) ‖ N(0, I) ) − C |`,  `C` from 0 up during the training
//!
//! The code is given `C` nats and no more, a few at a time: first it learns what reconstructs best, then
//! finer things. The divergence is held *at* `C` and is not free below it: a divergence clamped to `C` from
//! above has no gradient where it matters, and with `C = 0` vanishes.
//!
//! To hold it, `γ` has to be larger than what a nat of code saves in reconstruction, and that is all: a
//! larger one drowns the reconstruction in the noise of `|KL − C|`. On the digits (150 epochs, `C = 15`):
//!
//! | γ | 1 | 2 | 5 | 20 | 100 | 1000 |
//! |---|---|---|---|---|---|---|
//! | mean of abs(KL − C) of a batch, nats | 0.24 | 0.20 | 0.20 | 0.13 | 0.08 | 0.04 |
//! | test SSE/img | 0.79 | 0.82 | 1.00 | 1.51 | 2.02 | 2.63 |
//!
//! The default is 5, which leaves room for larger images, where a nat saves more. The paper's 1000 is for 4096
//! pixels.

use autograd::{Real, Tensor, Var, tree};
use nn::{Context, Dataset, Generator, Result};
use serde::{Deserialize, Serialize};

use super::variational::usual_design;
use super::{check_share, check_weight};
use crate::network::{Autoencoder, Design, evaluation};
use crate::registry::Entry;
use crate::terms::{gaussian_kl, warmed_up};
use crate::{Learned, Likelihood, Loss, Model, Settings, Unit};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "beta-vae",
    title: "β-VAE with a growing capacity",
    equation: "E[−ln p(x|z)] + γ |KL(q(z|x) ‖ N(0, I)) − C|",
    source: "Higgins et al. 2017; Burgess et al. 2018",
    leaves_gaps_out: true,
    reads_texts: true,
    ..Entry::of::<Config>(include_str!("capacity_vae.rs"))
};

/// Settings of a β-VAE with a capacity.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Code, network and likelihood.
    pub design: Design,
    /// Weight `γ` of a divergence that is not the capacity, ≥ 0.
    pub gamma: f64,
    /// The capacity `C` in the end, in nats, ≥ 0.
    pub capacity: f64,
    /// Share of the training, 0 to 1, over which `C` grows from 0 to `capacity`.
    pub growth: f64,
}

/// An [`Autoencoder`] and its capacity.
#[derive(Clone, Debug)]
pub struct CapacityVae<W> {
    net: Autoencoder<W>,
    gamma: f64,
    capacity: f64,
    growth: f64,
}
tree!(CapacityVae { net; gamma, capacity, growth });

impl Settings for Config {
    const LIKELIHOODS: &[Likelihood] = Likelihood::DENSITIES;

    type Model = Learned<CapacityVae<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        Config { design: usual_design(data), gamma: 5.0, capacity: 15.0, growth: 0.5 }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_weight("gamma", self.gamma)?;
        check_weight("capacity", self.capacity)?;
        check_share("growth", self.growth)?;
        let net = Autoencoder::variational(data, &self.design, 0, from)?;
        let Config { gamma, capacity, growth, .. } = *self;
        Ok(Learned(CapacityVae { net, gamma, capacity, growth }))
    }
}

impl<'t, T: Real> Model<'t, T> for CapacityVae<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.net.posterior(x, &mut evaluation()).mu
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.net.reconstruction(z)
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let q = self.net.posterior(x, context);
        let z = q.draw(context);
        let reconstruction = self.net.nll(z, x, context).mean();
        let capacity = warmed_up(self.capacity, self.growth, x.tape(), context);
        let all = q.whole(context);
        let excess = (gaussian_kl(all.mu, all.log_var) - capacity).abs();
        Loss::sum(Unit::Nats, [("reconstruction", reconstruction), ("capacity", self.gamma * excess)])
    }

    fn variational(&self) -> Option<&Autoencoder<Var<'t, T>>> {
        Some(&self.net)
    }
}
