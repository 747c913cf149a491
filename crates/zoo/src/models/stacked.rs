//! The stacked autoencoder, trained layer by layer (Bengio, Lamblin, Popovici and Larochelle 2007;
//! with noise: Vincent et al. 2010).
//!
//! > stage `l`: `min ‖hₗ₋₁ − g(f(h̃ₗ₋₁))‖²`,  then all layers together: `min ‖x − x̂‖²`
//!
//! A deep network of sigmoid units learns slowly from random weights. So training begins with every layer
//! alone ([`stage`]), each as an autoencoder with one hidden layer on the codes of the layers below; `h̃` is
//! `h` with a fraction of its numbers set to 0.
//!
//! Then the stages are put together. From there on, and so from one checkpoint,
//!
//! - the unrolled autoencoder is fine-tuned like any model: encoders upwards, decoders downwards. Each
//!   decoder is a copy of its own, although a stage has tied weights (Hinton and Salakhutdinov 2006);
//! - or the decoder is dropped and a [classifier](Stacked::classifier) is trained from the encoder.

pub mod stage;

use autograd::{Real, Tensor, Var, tree};
use nn::train::{Ended, Plan};
use nn::{Activation, Context, Dataset, Error, Generator, Init, Linear, Result};
use serde::{Deserialize, Serialize};

use super::mirror::Mirror;
use super::{check_widths, widths};
use crate::registry::Entry;
use crate::train::TrainPart;
use crate::{Learned, Likelihood, Loss, Model, Settings, evaluate};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "stacked",
    title: "stacked autoencoder, trained layer by layer",
    equation: "−ln p(x|z)",
    source: "Bengio et al. 2007; Vincent et al. 2010",
    may_copy: true,
    ..Entry::of::<Config>(include_str!("stacked.rs"))
};

/// Settings of a stacked autoencoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Numbers in the code.
    pub code: usize,
    /// Units in the hidden layers between input and code; the decoder mirrors them.
    pub hidden: Vec<usize>,
    /// Activation of the hidden layers and the code.
    pub activation: Activation,
    /// What the decoder's output means.
    pub likelihood: Likelihood,
    /// Epochs of pretraining for each layer, with batches of 64; 0 for none.
    pub pretraining: usize,
    /// The learning rate of pretraining, > 0.
    pub learning_rate: f64,
    /// The fraction of a stage's input that is set to 0, from 0 to 1: one for every layer, of which the
    /// last also serves for all that follow.
    pub masking: Vec<f64>,
}

/// The layers, unrolled.
#[derive(Clone, Debug)]
pub struct Stacked<W> {
    mirror: Mirror<W>,
    likelihood: Likelihood,
    pretraining: usize,
    learning_rate: f64,
    masking: Vec<f64>,
}
tree!(Stacked { mirror; likelihood, pretraining, learning_rate, masking });

/// The encoder with a linear layer of class scores on top.
#[derive(Clone, Debug)]
pub struct Classifier<W> {
    /// The layers of the encoder.
    pub encoder: Vec<Linear<W>>,
    /// The scores.
    pub output: Linear<W>,
    /// The activation after every layer of the encoder.
    pub activation: Activation,
}
tree!(Classifier { encoder, output; activation });

impl Settings for Config {
    type Model = Learned<Stacked<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        let (code, hidden) =
            if data.width() < 256 { (16, vec![128, 64]) } else { (30, vec![1000, 500, 250]) };
        Config {
            code,
            hidden,
            activation: Activation::Sigmoid,
            likelihood: Likelihood::Bernoulli,
            pretraining: 15,
            learning_rate: 5e-3,
            masking: vec![0.1, 0.2, 0.3],
        }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_widths(&self.hidden, self.code)?;
        if let Some(wrong) = self.masking.iter().find(|masking| !(0.0..=1.0).contains(*masking)) {
            return Err(Error::setting("masking", format!("masking is a fraction from 0 to 1, not {wrong}")));
        }
        let Config { activation, likelihood, pretraining, learning_rate, .. } = *self;
        if pretraining > 0 && !(learning_rate > 0.0 && learning_rate.is_finite()) {
            return Err(Error::setting(
                "learning_rate",
                format!("learning_rate must be above 0, not {learning_rate}"),
            ));
        }
        let mean = evaluate::mean(data.x());
        let output: Tensor<f32> = likelihood.output_for(&mean);
        let widths = widths(data.width(), &self.hidden, self.code);
        let mut mirror = Mirror::new(&widths, activation, true, output.clone(), from);
        for (layer, back) in mirror.up.iter().zip(&mut mirror.down) {
            back.weight = Some(layer.weight.clone());
        }
        mirror.begin_with(&mean, &output);
        let masking = self.masking.clone();
        Ok(Learned(Stacked { mirror, likelihood, pretraining, learning_rate, masking }))
    }
}

impl<T: Real> Stacked<Tensor<T>> {
    /// The encoder as it is now, with a new layer of `classes` scores on top.
    pub fn classifier(&self, classes: usize, from: &mut Generator) -> Classifier<Tensor<T>> {
        let encoder = self.mirror.up.clone();
        let code = encoder.last().expect("at least one layer").weight.shape()[0];
        let output = Linear::new(code, classes, Init::Glorot, from);
        Classifier { encoder, output, activation: self.mirror.activation }
    }
}

impl<'t, T: Real> Classifier<Var<'t, T>> {
    /// The scores, `[batch, features]` to `[batch, classes]`: logits for
    /// [`cross_entropy`](nn::losses::cross_entropy).
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        let code = self.encoder.iter().fold(x, |x, layer| self.activation.apply(layer.forward(x)));
        self.output.forward(code)
    }
}

impl<'t, T: Real> Model<'t, T> for Stacked<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.mirror.encode(x)
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.likelihood.mean(self.mirror.decode(z))
    }

    fn loss(&self, x: Var<'t, T>, _: &mut Context) -> Loss<'t, T> {
        let output = self.mirror.decode(self.mirror.encode(x));
        Loss::sum(self.likelihood.unit(), [("reconstruction", self.likelihood.loss(output, x))])
    }

    fn prepare(
        model: &mut Stacked<Tensor<f32>>,
        data: &Dataset,
        seed: u64,
        train: &TrainPart<'_>,
    ) -> Result<Ended> {
        if model.pretraining == 0 {
            return Ok(Ended::Finished);
        }
        let (epochs, batch, learning_rate) = (model.pretraining, 64.min(data.len()), model.learning_rate);
        let plan = Plan { epochs, batch, learning_rate, seed, ..Plan::default() };
        model.pretrain(data, &plan, &mut |_, task, plan| train(task, plan))
    }
}

#[cfg(test)]
#[path = "stacked_tests.rs"]
mod tests;
