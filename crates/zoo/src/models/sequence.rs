//! The sequence autoencoder (Srivastava, Mansimov and Salakhutdinov 2015; Cho et al. 2014).
//!
//! > `z = A h_T`,  `hₜ = GRU(xₜ, hₜ₋₁)`;  `x̂ₜ = C gₜ`,  `gₜ = GRU(z, gₜ₋₁)`,  `g₀ = tanh(B z)`;
//! > `L(x) = Σₜ ‖xₜ − x̂ₜ‖²`
//!
//! One recurrent layer reads the sequence step by step; what it remembers after the last step is the
//! code. Another one writes the sequence again, and reads nothing but the code. The same weights serve
//! every step, so what they learn holds wherever in the sequence it happens.
//!
//! The features of an example are its steps one after the other, each with the same number of channels:
//! `x₁₁ … x₁c x₂₁ … x₂c …`. An image is a sequence of its rows. What is written adds to the mean example.

use autograd::{Buffer, Real, Tensor, Var, tree};
use nn::layers::Gru;
use nn::{Context, Dataset, Error, Generator, Init, Linear, Result};
use serde::{Deserialize, Serialize};

use super::{begin_with, check_widths, small_code};
use crate::registry::Entry;
use crate::{Learned, Likelihood, Loss, Model, Settings};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "sequence",
    title: "sequence autoencoder",
    equation: "Σₜ ‖xₜ − x̂ₜ‖², read and written by GRUs",
    source: "Srivastava et al. 2015; Cho et al. 2014",
    may_copy: true,
    reads_all_at_once: false,
    example: Some("sequence"),
    ..Entry::of::<Config>(include_str!("sequence.rs"))
};

/// Settings of a sequence autoencoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Numbers in the code.
    pub code: usize,
    /// Units in the state of each recurrent layer.
    pub state: usize,
    /// Numbers in a step; the features are a multiple of it.
    pub channels: usize,
    /// What the decoder's output means.
    pub likelihood: Likelihood,
}

/// The reader and the writer.
#[derive(Clone, Debug)]
pub struct Sequence<W> {
    reader: Gru<W>,
    to_code: Linear<W>,
    from_code: Linear<W>,
    writer: Gru<W>,
    output: Linear<W>,
    /// The output for the mean example, `[features]`, to which the writer adds.
    mean: Buffer<W>,
    config: Config,
    steps: usize,
}
tree!(Sequence { reader, to_code, from_code, writer, output, mean; config, steps });

impl Settings for Config {
    type Model = Learned<Sequence<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        let channels = data.schema().as_grey().map_or(1, |[_, width]| width);
        let (code, state) = if data.width() < 256 { (small_code(data), 64) } else { (32, 128) };
        Config { code, state, channels, likelihood: Likelihood::SquaredError }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        let Config { code, state, channels, likelihood } = *self;
        check_widths(&[state], code)?;
        let features = data.width();
        if channels == 0 || !features.is_multiple_of(channels) {
            return Err(Error::setting(
                "channels",
                format!(
                    "{features} features are no sequence of steps with {channels} channels; choose a divisor of \
                 {features} for `channels`"
                ),
            ));
        }
        let steps = features / channels;
        let mut output = Linear::new(state, channels, Init::Glorot, from);
        begin_with(&mut output, Tensor::zeros([channels]));
        let mean = Buffer(likelihood.output_for(&crate::evaluate::mean(data.x())));
        Ok(Learned(Sequence {
            reader: Gru::new(channels, state, from),
            to_code: Linear::new(state, code, Init::Glorot, from),
            from_code: Linear::new(code, state, Init::Glorot, from),
            writer: Gru::new(code, state, from),
            output,
            mean,
            config: self.clone(),
            steps,
        }))
    }
}

impl<'t, T: Real> Sequence<Var<'t, T>> {
    /// The decoder's output, `[batch, code]` to `[batch, features]`.
    fn write(&self, z: Var<'t, T>) -> Var<'t, T> {
        let (batch, steps) = (z.shape()[0], self.steps);
        let start = self.from_code.forward(z).tanh();
        let every_step = z.unsqueeze(1).expand([batch, steps, self.config.code]);
        let states = self.writer.forward(every_step, Some(start));
        self.output.forward(states).reshape([batch, steps * self.config.channels]) + self.mean.0
    }
}

impl<'t, T: Real> Model<'t, T> for Sequence<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        let (batch, steps) = (x.shape()[0], self.steps);
        let states = self.reader.forward(x.reshape([batch, steps, self.config.channels]), None);
        self.to_code.forward(states.slice(1, steps - 1..).squeeze(1))
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.config.likelihood.mean(self.write(z))
    }

    fn loss(&self, x: Var<'t, T>, _: &mut Context) -> Loss<'t, T> {
        let likelihood = self.config.likelihood;
        let output = self.write(self.encode(x));
        Loss::sum(likelihood.unit(), [("reconstruction", likelihood.loss(output, x))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Split;
    use crate::models::pca::Pca;
    use crate::train::{Plan, train};
    use crate::{AnyModel, evaluate};
    use nn::{Purpose, Schedule, generator, random};

    /// Waves of 16 steps with a frequency, a phase and an amplitude of their own.
    fn waves(n: usize, seed: u64) -> Dataset {
        let secrets =
            random::uniform::<f32>([n, 3], 0.0, 1.0, &mut generator(seed, Purpose::Noise, 0, 0)).to_vec();
        let x = Tensor::from_fn([n, 16], |k| {
            let [f, p, a] = [0, 1, 2].map(|i| secrets[3 * (k / 16) + i]);
            (0.5 + 0.5 * a) * ((0.3 + 0.6 * f) * (k % 16) as f32 + std::f32::consts::TAU * p).sin()
        });
        Dataset::new(x)
    }

    #[test]
    fn waves_are_compressed_better_than_by_pca() {
        let data = Split { name: "waves".into(), train: waves(600, 1), test: waves(100, 2) };
        let config = Config { code: 4, state: 24, ..Config::defaults(&data.train) };
        assert_eq!(config.channels, 1);
        let mut model = config.build(&data.train, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
        let schedule = Schedule::Cosine { floor: 0.0 };
        let clip_norm = Some(1.0);
        let plan =
            Plan { epochs: 60, batch: 50, learning_rate: 1e-2, schedule, clip_norm, ..Plan::default() };
        train(&mut model, &data, &plan).unwrap();
        let ours = evaluate::mean_squared_error(&model, &data.test);
        let linear = evaluate::mean_squared_error(&Pca::fit(data.train.x(), 4), &data.test);
        assert!(ours < 0.8 * linear, "{ours}, PCA {linear}");
    }

    #[test]
    fn the_order_of_steps_matters() {
        let data = waves(10, 1);
        let model = Config::defaults(&data).build(&data, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
        let backwards = Tensor::from_fn([1, 16], |i| data.x()[[0, 15 - i]]);
        assert_ne!(model.encode(&data.rows(&[0])), model.encode(&backwards));
    }

    #[test]
    fn features_must_be_whole_steps() {
        let data = waves(10, 1);
        let config = Config { channels: 5, ..Config::defaults(&data) };
        let error = config.build(&data, &mut generator(0, Purpose::Init, 0, 0)).err().unwrap().to_string();
        assert!(error.contains("16 features are no sequence of steps with 5 channels"), "{error}");
    }
}
