//! The VAE with a variational mixture of posteriors as its prior, VampPrior (Tomczak and Welling 2018,
//! eq. 9).
//!
//! > `p(z) = 1/K Σₖ q(z|uₖ)`
//!
//! The best prior would be the mean of all posteriors; `K` learned pseudo-inputs `u` stand for the data in
//! it. They begin as training examples. The divergence has no closed form and is taken at the draw:
//! `ln q(z|x) − ln p(z)`.

use autograd::{Real, Tape, Tensor, Var, tree};
use nn::random::permutation;
use nn::{Context, Dataset, Error, Generator, Purpose, Result, generator};
use serde::{Deserialize, Serialize};

use super::check_share;
use super::variational::{Gaussian, usual_design};
use crate::network::{Autoencoder, Design, evaluation};
use crate::registry::Entry;
use crate::terms::{ln_mean_exp, warmed_up};
use crate::{Learned, Likelihood, Loss, Model, Settings, Unit};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "vamp",
    title: "VAE with a VampPrior",
    equation: "E[−ln p(x|z)] + KL(q(z|x) ‖ 1/K Σ q(z|uₖ))",
    source: "Tomczak & Welling 2018",
    leaves_gaps_out: true,
    ..Entry::of::<Config>(include_str!("vamp.rs"))
};

/// Settings of a VAE with a VampPrior.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Code, network and likelihood.
    pub design: Design,
    /// Pseudo-inputs `K`, from 1 to the number of training examples.
    pub components: usize,
    /// Share of the training, 0 to 1, over which the weight of the divergence grows from 0 to 1.
    pub warm_up: f64,
}

/// An [`Autoencoder`] and its pseudo-inputs.
#[derive(Clone, Debug)]
pub struct Vamp<W> {
    net: Autoencoder<W>,
    /// `u`, `[components, features]`. They are free: the authors clip them to the range of the pixels.
    pub pseudo_inputs: W,
    warm_up: f64,
}
tree!(Vamp { net, pseudo_inputs; warm_up });

impl Settings for Config {
    const LIKELIHOODS: &[Likelihood] = Likelihood::DENSITIES;

    type Model = Learned<Vamp<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        let components = if data.width() < 256 { 50 } else { 500 }.min(data.len());
        Config { design: usual_design(data), components, warm_up: 0.1 }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_share("warm_up", self.warm_up)?;
        if !(1..=data.len()).contains(&self.components) {
            let (components, examples) = (self.components, data.len());
            return Err(Error::setting(
                "components",
                format!(
                    "components is {components}; pseudo-inputs begin as training examples, so choose from 1 to \
                 {examples}"
                ),
            ));
        }
        let net = Autoencoder::variational(data, &self.design, 0, from)?;
        let chosen = permutation(data.len(), from);
        let pseudo_inputs = data.rows(&chosen[..self.components]);
        Ok(Learned(Vamp { net, pseudo_inputs, warm_up: self.warm_up }))
    }

    fn outline(&self, like: &Dataset, _: usize) -> Result<Self::Model> {
        // One example for every pseudo-input.
        let x = Tensor::zeros([self.components, like.width()]);
        self.build(&like.clone().unlabelled().with_x(x), &mut generator(0, Purpose::Init, 0, 0))
    }
}

impl<'t, T: Real> Vamp<Var<'t, T>> {
    /// Encoder and decoder.
    pub fn network(&self) -> &Autoencoder<Var<'t, T>> {
        &self.net
    }

    /// `ln p(z)` for `[batch, draws, latents]`: `[batch, draws]`.
    pub fn ln_prior(&self, z: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        // Pseudo-inputs are no examples of the batch.
        let component = self.net.posterior(self.pseudo_inputs, &mut context.apart());
        let shape = z.shape();
        let rows = z.reshape([shape[0] * shape[1], shape[2]]);
        let precision = (-component.log_var).exp();
        // Σⱼ (z − μ)²/σ² multiplied out: two matrix products in place of a table of all differences.
        let squares = rows.square().matmul(precision.t()) - rows.matmul((component.mu * precision).t()) * 2.0
            + (component.mu.square() * precision).sum_over(-1);
        let ln_2_pi = (2.0 * std::f64::consts::PI).ln();
        let ln_component = (squares + (component.log_var + ln_2_pi).sum_over(-1)) * -0.5;
        ln_mean_exp(ln_component).reshape([shape[0], shape[1]])
    }
}

impl<'t, T: Real> Model<'t, T> for Vamp<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.net.posterior(x, &mut evaluation()).mu
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.net.reconstruction(z)
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let q = self.net.posterior(x, context);
        let z = q.draws(1, context);
        let kl = (q.ln_density(z) - self.ln_prior(z, context)).mean()
            * warmed_up(1.0, self.warm_up, x.tape(), context);
        let reconstruction = -self.net.ln_likelihood(z, x, context).mean();
        Loss::sum(Unit::Nats, [("reconstruction", reconstruction), ("kl", kl)])
    }

    fn sample(&self, tape: &'t Tape<T>, context: &mut Context) -> Option<Var<'t, T>> {
        let components = self.pseudo_inputs.shape()[0];
        let chosen = context.uniform::<f64>(1).to_vec();
        let chosen: Vec<usize> = chosen.iter().map(|u| (u * components as f64) as usize).collect();
        let Gaussian { mu, log_var } = self.net.posterior(self.pseudo_inputs, context);
        let eps = tape.constant(context.normal(self.net.code));
        Some(mu.index_select(0, &chosen) + (log_var.index_select(0, &chosen) * 0.5).exp() * eps)
    }

    fn draw(&self, z: Var<'t, T>, context: &mut Context) -> Option<Tensor<T>> {
        self.net.draw(z, context)
    }

    fn ln_likelihood(&self, z: Var<'t, T>, x: Var<'t, T>, context: &mut Context) -> Option<Var<'t, T>> {
        Some(-self.net.nll(z, x, context))
    }

    fn log_weights(&self, x: Var<'t, T>, samples: usize, context: &mut Context) -> Option<Var<'t, T>> {
        let q = self.net.posterior(x, context);
        let z = q.draws(samples, context);
        Some(self.net.ln_likelihood(z, x, context) + self.ln_prior(z, context) - q.ln_density(z))
    }
}
