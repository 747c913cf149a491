//! Gated recurrent units (Cho et al. 2014): see [`recurrent`](super::recurrent).

use autograd::Tensor;
use nn::layers::{self, TokenWriter};
use nn::{Dataset, Generator, Result, Sequential};
use serde::{Deserialize, Serialize};

use super::recurrent::{Cells, step_of};
use super::shapes::parts;
use super::texts::{is_zero, text_of, usual_dropout};
use super::{Architecture, Mlp};

/// Gated recurrent units that read and write a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gru {
    /// Units in the state of each recurrent layer.
    pub state: usize,
    /// Recurrent layers, each of which reads what the one before it says.
    pub layers: usize,
    /// Numbers in a step: as many as a series has channels; of a table a divisor of its columns; of a text 1.
    pub step: usize,
    /// Share of the tokens of a text that the decoder does not see in training, from 0 to below 1: so it asks the code.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub word_dropout: f64,
}

impl Architecture for Gru {
    const TITLE: &'static str = "gated recurrent units, for series and texts";
    const TEXT: &'static str = include_str!("gru.rs");
    const ADDS_TO_MEAN: bool = true;

    fn usual(data: &Dataset, _: &Mlp) -> Self {
        let state = match data.width() {
            _ if text_of(data.schema()).is_some() => 256,
            ..256 => 64,
            _ => 128,
        };
        Gru { state, layers: 1, step: step_of(data), word_dropout: usual_dropout(data) }
    }

    fn encoder(
        &self,
        data: &Dataset,
        outputs: usize,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        Ok(self.cells(data)?.reader(outputs, from))
    }

    fn decoder(
        &self,
        data: &Dataset,
        code: usize,
        mean: &Tensor<f32>,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        Ok(self.cells(data)?.writer(code, parts(mean, data), from))
    }

    fn writer(
        &self,
        data: &Dataset,
        code: usize,
        mean: &Tensor<f32>,
        from: &mut Generator,
    ) -> Result<Option<TokenWriter<Tensor<f32>>>> {
        self.cells(data)?.text_writer(code, mean, self.word_dropout, from)
    }
}

impl Gru {
    fn cells(&self, data: &Dataset) -> Result<Cells> {
        let sizes = [self.state, self.layers, self.step];
        Cells::new("gru", sizes, data, |[inputs, state], from| layers::Gru::new(inputs, state, from).into())
    }
}

#[cfg(test)]
mod tests {
    use nn::train::Plan;
    use nn::{Purpose, Schedule, generator, random};

    use super::*;
    use crate::data::Split;
    use crate::models::autoencoder::Config;
    use crate::models::pca::Pca;
    use crate::network::Design;
    use crate::train::train;
    use crate::{AnyModel, Likelihood, Settings, evaluate};

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

    fn config(data: &Dataset, state: usize) -> Config {
        let network = Gru { state, layers: 1, step: step_of(data), word_dropout: 0.0 }.into();
        let design = Design { code: 4, network, likelihood: Likelihood::SquaredError };
        Config { design, ..Config::usual(data) }
    }

    #[test]
    fn waves_are_compressed_better_than_by_pca() {
        let data = Split { name: "waves".into(), train: waves(600, 1), test: waves(100, 2) };
        let config = config(&data.train, 24);
        let mut model = config.build(&data.train, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
        let schedule = Schedule::Cosine { floor: 0.0 };
        let clip_norm = Some(1.0);
        let plan =
            Plan { epochs: 160, batch: 50, learning_rate: 1e-2, schedule, clip_norm, ..Plan::default() };
        train(&mut model, &data, &plan).unwrap();
        let ours = evaluate::mean_squared_error(&model, &data.test);
        let linear = evaluate::mean_squared_error(&Pca::fit(data.train.x(), 4), &data.test);
        assert!(ours < 0.8 * linear, "{ours}, PCA {linear}");
    }

    #[test]
    fn the_order_of_steps_matters() {
        let data = waves(10, 1);
        let model = config(&data, 8).build(&data, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
        let backwards = Tensor::from_fn([1, 16], |i| data.x()[[0, 15 - i]]);
        assert_ne!(model.encode(&data.rows(&[0])), model.encode(&backwards));
    }
}
