//! The importance-weighted autoencoder (Burda, Grosse and Salakhutdinov 2016, eq. 8).
//!
//! > `L_K(x) = E[ ln 1/K Σₖ wₖ ]`,  `wₖ = p(x|zₖ) p(zₖ) / q(zₖ|x)`,  `zₖ ~ q(z|x)`
//!
//! A bound on `ln p(x)` that rises with the number of draws `K`; with one draw it is the ELBO of the
//! [VAE](super::vae), its divergence sampled. The loss is `−L_K` itself, whatever estimates its gradient.

use autograd::{Name, Real, Tensor, Tree, Var, tree};
use nn::{Context, Dataset, Error, Generator, Result};
use serde::{Deserialize, Serialize};

use super::variational::usual_design;
use crate::network::{Autoencoder, Design, evaluation};
use crate::registry::Entry;
use crate::terms::{ln_mean_exp, ln_standard_normal, with_gradient_of};
use crate::{Learned, Likelihood, Loss, Model, Settings, Unit};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "iwae",
    title: "importance-weighted autoencoder",
    equation: "−E[ln 1/K Σ p(x|zₖ) p(zₖ) / q(zₖ|x)]",
    source: "Burda et al. 2016; Tucker et al. 2019",
    leaves_gaps_out: true,
    reads_texts: true,
    ..Entry::of::<Config>(include_str!("iwae.rs"))
};

/// How the gradient of the bound is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Estimator {
    /// The derivative of the bound: through the logarithm of the mean.
    Bound,
    /// `Σₖ w̃ₖ ∇ ln wₖ` with the normalized weights `w̃` as constants (eq. 14): the same numbers.
    Weights,
    /// Doubly reparameterized (Tucker et al. 2019, eq. 8): for the encoder `Σₖ w̃ₖ² ∂ln wₖ/∂zₖ ∇zₖ`. The
    /// same in expectation, without the noise that drowns the encoder's gradient when `K` is large
    /// (Rainforth et al. 2018). The decoder is run twice.
    Dreg,
}

/// Settings of an importance-weighted autoencoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Code, network and likelihood.
    pub design: Design,
    /// Draws `K` for each example, from 1 up.
    pub samples: usize,
    /// How the gradient is estimated.
    pub estimator: Estimator,
}

/// An [`Autoencoder`] and its number of draws.
#[derive(Clone, Debug)]
pub struct Iwae<W> {
    net: Autoencoder<W>,
    samples: usize,
    estimator: Estimator,
}
tree!(Iwae { net; samples, estimator });

impl Settings for Config {
    const LIKELIHOODS: &[Likelihood] = Likelihood::DENSITIES;

    type Model = Learned<Iwae<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        Config { design: usual_design(data), samples: 5, estimator: Estimator::Bound }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        if self.samples == 0 {
            return Err(Error::setting(
                "samples",
                "samples is 0; the bound needs at least 1 draw for each example",
            ));
        }
        let net = Autoencoder::variational(data, &self.design, 0, from)?;
        Ok(Learned(Iwae { net, samples: self.samples, estimator: self.estimator }))
    }
}

impl<'t, T: Real> Iwae<Var<'t, T>> {
    /// The bound, the mean over the batch, and a number whose gradient is its doubly reparameterized one.
    fn doubly_reparameterized(&self, x: Var<'t, T>, context: &mut Context) -> (Var<'t, T>, Var<'t, T>) {
        let q = self.net.posterior(x, context);
        let z = q.draws(self.samples, context);
        let fixed = z.stop_gradient();
        // The decoder's part: its weights see the draws as constants.
        let ln_likelihood_of_fixed = self.net.ln_likelihood(fixed, x, context);
        let log_w = ln_likelihood_of_fixed + ln_standard_normal(fixed) - q.stopped().ln_density(fixed);
        let share = log_w.softmax(-1).stop_gradient();
        // The encoder's part: its gradient arrives through the draws alone.
        let stopped = &mut |_: Name, leaf: &Var<'t, T>| leaf.stop_gradient();
        let net = Autoencoder {
            decoder: self.net.decoder.map(Name::Root, stopped),
            writer: Tree::map(&self.net.writer, Name::Root, stopped),
            head: self.net.head.map(Name::Root, stopped),
            ..self.net.clone()
        };
        let through_z = net.ln_likelihood(z, x, context) + ln_standard_normal(z) - q.stopped().ln_density(z);
        let surrogate = (share * ln_likelihood_of_fixed + share.square() * through_z).sum_over(-1);
        (ln_mean_exp(log_w).mean(), surrogate.mean())
    }
}

impl<'t, T: Real> Model<'t, T> for Iwae<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.net.posterior(x, &mut evaluation()).mu
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.net.reconstruction(z)
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let log_weights = |context: &mut Context| self.net.log_weights(x, self.samples, context);
        let bound = match self.estimator {
            Estimator::Bound => ln_mean_exp(log_weights(context)).mean(),
            Estimator::Weights => {
                let log_w = log_weights(context);
                let share = log_w.softmax(-1).stop_gradient();
                with_gradient_of(ln_mean_exp(log_w).mean(), (share * log_w).sum_over(-1).mean())
            }
            Estimator::Dreg => {
                let (bound, surrogate) = self.doubly_reparameterized(x, context);
                with_gradient_of(bound, surrogate)
            }
        };
        Loss::sum(Unit::Nats, [("bound", -bound)])
    }

    fn variational(&self) -> Option<&Autoencoder<Var<'t, T>>> {
        Some(&self.net)
    }
}
