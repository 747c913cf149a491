//! The undercomplete autoencoder (Rumelhart, Hinton and Williams 1986; deep: Hinton and
//! Salakhutdinov 2006).
//!
//! > `L(x) = ‖x − x̂‖²`,  `x̂ = g(f(x))`
//!
//! The code is linear and narrower than the input, so the network has to find what varies. With one
//! linear layer on each side the best it can do is PCA; hidden layers let it bend.
//!
//! With a code *wider* than the input (128 numbers for digits of 64 pixels) it can copy, and does: the
//! error goes to 0 and nothing is learnt about the data. Such a model is the control for the sparse,
//! denoising and contractive ones, which make a wide code useful.

use autograd::{Real, Tensor, Var, tree};
use nn::{Activation, Context, Dataset, Generator, Result};
use serde::{Deserialize, Serialize};

use super::small_code;
use crate::network::texts::text_of;
use crate::network::{self, Design, evaluation};
use crate::registry::Entry;
use crate::{Learned, Likelihood, Loss, Model, Settings};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "ae",
    title: "autoencoder",
    equation: "‖x − x̂‖²",
    source: "Rumelhart et al. 1986; Hinton & Salakhutdinov 2006",
    may_copy: true,
    leaves_gaps_out: true,
    reads_texts: true,
    ..Entry::of::<Config>(include_str!("autoencoder.rs"))
};

/// Settings of an autoencoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Code, network and likelihood.
    pub design: Design,
    /// Activation of the code; `identity` for a linear one.
    pub code_activation: Activation,
}

/// A network, and the activation of its code.
#[derive(Clone, Debug)]
pub struct Autoencoder<W> {
    /// Its encoder ends before the code's activation.
    pub net: network::Autoencoder<W>,
    code_activation: Activation,
}
tree!(Autoencoder { net; code_activation });

impl Settings for Config {
    const LIKELIHOODS: &[Likelihood] = Likelihood::ALL;

    type Model = Learned<Autoencoder<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        // Small sets are served better by smooth units; wide images by rectifiers, which learn faster.
        let (code, hidden, activation) = match data.width() {
            _ if text_of(data.schema()).is_some() => (small_code(data), vec![], Activation::Tanh),
            ..256 => (small_code(data), vec![64], Activation::Tanh),
            _ => (32, vec![512, 128], Activation::Relu),
        };
        let design = Design::mlp(code, &hidden, activation, Likelihood::SquaredError);
        Config { design, code_activation: Activation::Identity }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        let net = network::Autoencoder::new(data, &self.design, from)?;
        Ok(Learned(Autoencoder { net, code_activation: self.code_activation }))
    }
}

impl Config {
    /// The negative control: a code twice as wide as the data, and no hidden layer.
    pub fn overcomplete(data: &Dataset) -> Self {
        let likelihood = Likelihood::SquaredError;
        let design = Design::mlp(2 * data.width(), &[], Activation::Tanh, likelihood);
        Config { design, code_activation: Activation::Identity }
    }
}

// ANCHOR: model
impl<'t, T: Real> Model<'t, T> for Autoencoder<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.code_activation.apply(self.net.encode(x, &mut evaluation()))
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.net.reconstruction(z)
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let z = self.code_activation.apply(self.net.encode(x, context));
        Loss::sum(self.net.head.unit(), [("reconstruction", self.net.loss(z, x, context))])
    }
}
// ANCHOR_END: model

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;
    use crate::models::denoising;
    use crate::train::{Plan, train};
    use crate::{AnyModel, evaluate};
    use nn::data::transform::Corruption;
    use nn::{Purpose, generator};

    #[test]
    fn a_wide_code_copies_its_input_noise_and_all() {
        let data = digits();
        let plan = Plan { epochs: 90, learning_rate: 2e-3, ..Plan::default() };
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let mut copy = Config::overcomplete(&data.train).build(&data.train, from).unwrap();
        train(&mut copy, &data, &plan).unwrap();
        let sse = evaluate::mean_squared_error(&copy, &data.test);
        assert!(sse < 0.05, "it copies: SSE/img {sse} of 4.7");

        // It gives back what it is given, so noise stays; a model that learnt to remove it does.
        let corruption = Corruption::Gaussian(0.3);
        let settings = denoising::Config { corruption, ..denoising::Config::defaults(&data.train) };
        let mut denoising = settings.build(&data.train, from).unwrap();
        train(&mut denoising, &data, &plan).unwrap();
        let numbers: Vec<usize> = (0..data.test.len()).collect();
        let noisy = Context::evaluation(0, &numbers).corrupt(data.test.x(), corruption);
        let error = |x: &Tensor<f32>| x.zip(data.test.x(), |a, b| (a - b) * (a - b)).sum_to([]).item();
        let left = |model: &dyn AnyModel| error(&model.decode(&model.encode(&noisy))) / error(&noisy);
        let (copied, cleaned) = (left(&copy), left(&denoising));
        assert!(copied > 0.9 && cleaned < 0.5, "of the noise {copied} and {cleaned} are left");
    }
}
