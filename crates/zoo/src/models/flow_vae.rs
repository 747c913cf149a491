//! The VAE whose posterior is a Gaussian sent through a normalizing flow (Rezende and Mohamed 2015; inverse
//! autoregressive: Kingma et al. 2016).
//!
//! > `−ELBO(x) = E[ −ln p(x|z) + ln q₀(z₀|x) − ln |det ∂z/∂z₀| − ln p(z) ]`,  `z = f(z₀; x)`
//!
//! A posterior with a diagonal covariance cannot bend or lean; a flow can, so the bound can be tighter. The
//! encoder gives the parameters of the planar steps, or the context of the autoregressive ones.

use autograd::{Real, Tape, Tensor, Var, tree};
use nn::{Context, Dataset, Error, Generator, Result};
use serde::{Deserialize, Serialize};

use super::check_share;
use super::variational::{Gaussian, output_for, usual_design};
use crate::flows::{Autoregressive, planar};
use crate::network::{Autoencoder, Design, evaluation, last, quiet};
use crate::registry::Entry;
use crate::terms::{ln_standard_normal, warmed_up};
use crate::{Learned, Likelihood, Loss, Model, Settings, Unit};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "flow-vae",
    title: "VAE with a normalizing flow",
    equation: "E[−ln p(x|z) + ln q₀(z₀|x) − ln |det ∂z/∂z₀| − ln p(z)]",
    source: "Rezende & Mohamed 2015; Kingma et al. 2016",
    leaves_gaps_out: true,
    reads_texts: true,
    ..Entry::of::<Config>(include_str!("flow_vae.rs"))
};

/// The kind of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// Each step pushes along one direction; see [`planar`].
    Planar,
    /// Each step rescales every latent, told by those before it; see [`Autoregressive`]. Every other step
    /// counts them from the end.
    Autoregressive,
}

/// Settings of a VAE with a flow.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Code, network and likelihood.
    pub design: Design,
    /// The kind of the steps.
    pub flow: Flow,
    /// Steps, from 1 up.
    pub steps: usize,
    /// Share of the training, 0 to 1, over which the weight of the divergence grows from 0 to 1.
    pub warm_up: f64,
}

/// An [`Autoencoder`] whose encoder has further outputs for the flow.
#[derive(Clone, Debug)]
pub struct FlowVae<W> {
    net: Autoencoder<W>,
    /// The autoregressive steps; planar ones have no parameters of their own.
    flow: Vec<Autoregressive<W>>,
    planar_steps: usize,
    warm_up: f64,
}
tree!(FlowVae { net, flow; planar_steps, warm_up });

impl Settings for Config {
    const LIKELIHOODS: &[Likelihood] = Likelihood::DENSITIES;

    type Model = Learned<FlowVae<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        let flow = Flow::Autoregressive;
        Config { design: usual_design(data), flow, steps: 4, warm_up: 0.1 }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_share("warm_up", self.warm_up)?;
        if self.steps == 0 {
            return Err(Error::setting(
                "steps",
                "steps is 0; a flow needs at least 1 (without a flow: `vae`)",
            ));
        }
        const CONTEXT: usize = 16;
        let code = self.design.code;
        let (planar_steps, further) = match self.flow {
            Flow::Planar => (self.steps, self.steps * (2 * code + 1)),
            Flow::Autoregressive => (0, CONTEXT),
        };
        let mut net = Autoencoder::variational(data, &self.design, further, from)?;
        if planar_steps > 0 {
            quiet(&mut net.encoder, 2 * code, 0.1);
        }
        if self.flow == Flow::Autoregressive {
            // Each step shrinks what it is given, so the Gaussian begins so much wider: the posterior is near the prior.
            let ln_sigma = -(self.steps as f64) * Autoregressive::<Tensor<f32>>::FIRST_SIGMA.ln();
            let bias = &mut last(&mut net.encoder).bias;
            let output = output_for(2.0 * ln_sigma) as f32;
            bias.make_mut()[code..2 * code].iter_mut().for_each(|bias| *bias += output);
        }
        let hidden = (4 * code).max(32);
        let flow = (planar_steps..self.steps).map(|_| Autoregressive::new(code, CONTEXT, hidden, from));
        Ok(Learned(FlowVae { net, flow: flow.collect(), planar_steps, warm_up: self.warm_up }))
    }
}

impl<'t, T: Real> FlowVae<Var<'t, T>> {
    /// Encoder and decoder.
    pub fn network(&self) -> &Autoencoder<Var<'t, T>> {
        &self.net
    }

    /// Sends rows `z₀` through the flow whose parameters are in rows `further`: `z` and `ln |det|`, `[rows]`.
    pub fn transform(&self, z: Var<'t, T>, further: Var<'t, T>) -> (Var<'t, T>, Var<'t, T>) {
        let code = self.net.code;
        let (mut z, mut ln_det) = (z, z.sum_over(-1) * 0.0);
        for step in 0..self.planar_steps {
            let at = step * (2 * code + 1);
            let part = |from: usize, to: usize| further.slice(1, at + from..at + to);
            let u = part(0, code);
            // Without a direction there is no plane; a constant one is always there.
            let w = part(code, 2 * code) + if step % 2 == 0 { 0.5 } else { -0.5 };
            let (moved, more) = planar(z, u, w, part(2 * code, 2 * code + 1));
            (z, ln_det) = (moved, ln_det + more);
        }
        for step in &self.flow {
            let (moved, more) = step.forward(z, further);
            (z, ln_det) = (moved.flip(-1), ln_det + more);
        }
        (z, ln_det)
    }

    /// `ln q(z|x)` and draws: `[batch, draws]` and `[batch, draws, latents]`.
    fn draws(&self, x: Var<'t, T>, draws: usize, context: &mut Context) -> (Var<'t, T>, Var<'t, T>) {
        let (q, further) = self.net.posterior_and_further(x, context);
        let start = q.draws(draws, context);
        let (shape, outputs) = (start.shape(), further.shape()[1]);
        let rows = shape[0] * draws;
        let further = further.unsqueeze(1).expand([shape[0], draws, outputs]).reshape([rows, outputs]);
        let (z, ln_det) = self.transform(start.reshape([rows, shape[2]]), further);
        (q.ln_density(start) - ln_det.reshape([shape[0], draws]), z.reshape(shape))
    }
}

impl<'t, T: Real> Model<'t, T> for FlowVae<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        let (Gaussian { mu, .. }, further) = self.net.posterior_and_further(x, &mut evaluation());
        self.transform(mu, further).0
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.net.reconstruction(z)
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let (ln_q, z) = self.draws(x, 1, context);
        let kl = (ln_q - ln_standard_normal(z)).mean() * warmed_up(1.0, self.warm_up, x.tape(), context);
        let reconstruction = -self.net.ln_likelihood(z, x, context).mean();
        Loss::sum(Unit::Nats, [("reconstruction", reconstruction), ("kl", kl)])
    }

    fn sample(&self, tape: &'t Tape<T>, context: &mut Context) -> Option<Var<'t, T>> {
        Some(tape.constant(context.normal(self.net.code)))
    }

    fn draw(&self, z: Var<'t, T>, context: &mut Context) -> Option<Tensor<T>> {
        self.net.draw(z, context)
    }

    fn ln_likelihood(&self, z: Var<'t, T>, x: Var<'t, T>, context: &mut Context) -> Option<Var<'t, T>> {
        Some(-self.net.nll(z, x, context))
    }

    fn log_weights(&self, x: Var<'t, T>, samples: usize, context: &mut Context) -> Option<Var<'t, T>> {
        let (ln_q, z) = self.draws(x, samples, context);
        Some(self.net.ln_likelihood(z, x, context) + ln_standard_normal(z) - ln_q)
    }
}
