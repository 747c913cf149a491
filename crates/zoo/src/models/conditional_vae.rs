//! The conditional variational autoencoder (Sohn, Lee and Yan 2015), with the classifier of Kingma et al.
//! (2014, eq. 6 and 9) for examples whose class is not known.
//!
//! > `L(x, y) = E_{q(z|x,y)}[ −ln p(x|z, y) ] + KL( q(z|x, y) ‖ N(0, I) ) − α ln q(y|x)`
//!
//! The decoder is told the class, so the latents need not say it: they are left with what examples of one
//! class do not share, the style. The code is `z` with the probabilities of the classes after it; decoding
//! one `z` with another class writes another digit in the same hand.

use autograd::{Real, Tape, Tensor, Var, tree};
use nn::{Context, Dataset, Error, Generator, Result, Sequential};
use serde::{Deserialize, Serialize};

use super::check_weight;
use super::variational::{Gaussian, begin_near_prior, usual_design};
use crate::network::{Autoencoder, Design, evaluation, quiet};
use crate::registry::Entry;
use crate::terms::{gaussian_kl, ln_standard_normal};
use crate::{Learned, Likelihood, Loss, Model, Settings, Unit};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "cvae",
    title: "conditional VAE",
    equation: "E[−ln p(x|z, y)] + KL(q(z|x, y) ‖ N(0, I)) − α ln q(y|x)",
    source: "Sohn et al. 2015; Kingma et al. 2014",
    draws_classes: true,
    leaves_gaps_out: true,
    ..Entry::of::<Config>(include_str!("conditional_vae.rs"))
};

/// Settings of a conditional VAE.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Code, network and likelihood.
    pub design: Design,
    /// Weight `α` of the classifier's cross-entropy, ≥ 0. It has parameters of its own, so any positive
    /// weight gives the same model under an optimizer that forgets the scale of gradients, like Adam.
    pub alpha: f64,
}

/// Encoder, decoder and classifier.
#[derive(Clone, Debug)]
pub struct ConditionalVae<W> {
    /// Its decoder reads the class after the latents.
    net: Autoencoder<W>,
    /// The numbers that a class adds to the outputs of the encoder, `[classes, 2 latents]`: as if its last layer read the class beside
    /// the layer before it. So any network will do.
    class: W,
    classifier: Sequential<W>,
    /// Latents and classes.
    sizes: [usize; 2],
    alpha: f64,
}
tree!(ConditionalVae { net, class, classifier; sizes, alpha });

impl Settings for Config {
    const LIKELIHOODS: &[Likelihood] = Likelihood::DENSITIES;

    type Model = Learned<ConditionalVae<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        Config { design: usual_design(data), alpha: 1.0 }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_weight("alpha", self.alpha)?;
        let Some(last) = data.labels().and_then(|labels| labels.iter().max()) else {
            let text =
                "a conditional VAE needs labels, and the training examples have none; without labels: `vae`";
            return Err(Error::data(text));
        };
        let (code, classes) = (self.design.code, *last as usize + 1);
        let design = Design { code: code + classes, ..self.design.clone() };
        let mut net = Autoencoder::with_outputs(data, &design, 2 * code, from)?;
        begin_near_prior(&mut net.encoder, code, data.x());
        let class = Tensor::zeros([classes, 2 * code]);
        let mut classifier = design.network.encoder(data, classes, from)?;
        quiet(&mut classifier, 0, 0.1);
        Ok(Learned(ConditionalVae { net, class, classifier, sizes: [code, classes], alpha: self.alpha }))
    }
}

impl<'t, T: Real> ConditionalVae<Var<'t, T>> {
    fn posterior(&self, x: Var<'t, T>, y: Var<'t, T>, context: &mut Context) -> Gaussian<'t, T> {
        Gaussian::of(self.net.encode(x, context) + y.matmul(self.class))
    }

    /// Probabilities of the classes before the softmax, `[batch, classes]`.
    fn guess(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        self.classifier.forward(x, context)
    }

    /// The classes of the context's examples as rows of a unit matrix; the classifier's probabilities where
    /// nobody knows them.
    ///
    /// # Panics
    /// If a class is not among those of the training examples.
    fn classes(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        match context.on(x.tape()).labels() {
            Some(labels) => labels.one_hot(self.sizes[1]),
            None => self.guess(x, context).softmax(-1),
        }
    }

    fn one_hot(&self, tape: &'t Tape<T>, labels: &[u32]) -> Var<'t, T> {
        let classes = self.sizes[1];
        if let Some(unknown) = labels.iter().find(|&&label| label as usize >= classes) {
            panic!("class {unknown} is not among the {classes} classes of the training examples");
        }
        let one = |i: usize| labels[i / classes] as usize == i % classes;
        tape.constant(Tensor::from_fn([labels.len(), classes], |i| if one(i) { T::one() } else { T::zero() }))
    }
}

impl<'t, T: Real> Model<'t, T> for ConditionalVae<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        let context = &mut evaluation();
        let y = self.guess(x, context).softmax(-1);
        Var::concat([self.posterior(x, y, context).mu, y], -1)
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.net.reconstruction(z)
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let y = self.classes(x, context);
        let q = self.posterior(x, y, context);
        let code = Var::concat([q.draw(context), y], -1);
        // Without labels it is the entropy of the classifier, which trains nothing.
        let surprise = self.guess(x, context).soft_cross_entropy(y.stop_gradient()).mean();
        let reconstruction = self.net.nll(code, x, context).mean();
        Loss::sum(
            Unit::Nats,
            [
                ("reconstruction", reconstruction),
                ("kl", gaussian_kl(q.mu, q.log_var)),
                ("class", self.alpha * surprise),
            ],
        )
    }

    fn sample(&self, tape: &'t Tape<T>, context: &mut Context) -> Option<Var<'t, T>> {
        let [code, classes] = self.sizes;
        let z = tape.constant(context.normal(code));
        // Without labels every class has its turn.
        let turns = context.examples().iter().map(|number| (number % classes) as u32);
        let labels = context.labels().map_or_else(|| turns.collect(), <[u32]>::to_vec);
        Some(Var::concat([z, self.one_hot(tape, &labels)], -1))
    }

    /// Of the class that the classifier expects.
    fn divergence(&self, x: Var<'t, T>) -> Option<Var<'t, T>> {
        let context = &mut evaluation();
        let y = self.guess(x, context).softmax(-1);
        Some(self.posterior(x, y, context).divergence())
    }

    fn draw(&self, z: Var<'t, T>, context: &mut Context) -> Option<Tensor<T>> {
        self.net.draw(z, context)
    }

    fn ln_likelihood(&self, z: Var<'t, T>, x: Var<'t, T>, context: &mut Context) -> Option<Var<'t, T>> {
        Some(-self.net.nll(z, x, context))
    }

    /// Of `p(x|y)`, the class being known.
    fn log_weights(&self, x: Var<'t, T>, samples: usize, context: &mut Context) -> Option<Var<'t, T>> {
        let y = self.classes(x, context);
        let q = self.posterior(x, y, context);
        let z = q.draws(samples, context);
        let shape = [y.shape()[0], samples, y.shape()[1]];
        let code = Var::concat([z, y.unsqueeze(1).expand(shape)], -1);
        Some(self.net.ln_likelihood(code, x, context) + ln_standard_normal(z) - q.ln_density(z))
    }
}
