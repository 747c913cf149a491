//! The residual autoencoder: layers that add to what they are given (He et al. 2016, *Identity mappings*),
//! with or without normalisation (Ioffe and Szegedy 2015; Ba et al. 2016).
//!
//! > `L(x) = ‖x − x̂‖²`,  with blocks `y = x + W₂ σ(norm(W₁ σ(norm(x))))`
//!
//! The way past the blocks is open for gradients, so that many of them train as easily as few.
//! With batch normalisation the blocks see batches while they learn and running means afterwards: a code
//! never depends on the other images of a batch.

use autograd::{NewBuffers, Real, Tensor, Var, tree, value_with};
use nn::layers::{BatchNorm, Layer, LayerNorm, Residual};
use nn::{Activation, Context, Dataset, Generator, Init, Linear, Result, Sequential};
use serde::{Deserialize, Serialize};

use super::{begin_with, check_widths, small_code};
use crate::registry::Entry;
use crate::{Learned, Likelihood, Loss, Model, Settings};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "residual",
    title: "residual autoencoder",
    equation: "‖x − x̂‖², blocks y = x + f(x)",
    source: "He et al. 2016; Ioffe & Szegedy 2015",
    may_copy: true,
    ..Entry::of::<Config>(include_str!("residual.rs"))
};

/// Settings of a residual autoencoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Numbers in the code.
    pub code: usize,
    /// Units in every hidden layer.
    pub width: usize,
    /// Blocks in the encoder, and as many in the decoder.
    pub blocks: usize,
    /// Activation `σ`.
    pub activation: Activation,
    /// What stands before each activation.
    pub normalization: Normalization,
    /// What the decoder's output means.
    pub likelihood: Likelihood,
}

/// What keeps the sums of a block in range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalization {
    /// Nothing.
    None,
    /// Mean and variance of each unit over the batch; over the training data afterwards.
    Batch,
    /// Mean and variance of each example over its units.
    Layer,
}

impl Normalization {
    fn layer(self, width: usize) -> Option<Layer<Tensor<f32>>> {
        match self {
            Normalization::None => None,
            Normalization::Batch => Some(BatchNorm::new(width).into()),
            Normalization::Layer => Some(LayerNorm::new([width]).into()),
        }
    }
}

/// Encoder and decoder.
#[derive(Clone, Debug)]
pub struct ResidualAutoencoder<W> {
    encoder: Sequential<W>,
    decoder: Sequential<W>,
    normalization: Normalization,
    likelihood: Likelihood,
}
tree!(ResidualAutoencoder { encoder, decoder; normalization, likelihood });

impl Settings for Config {
    type Model = Learned<ResidualAutoencoder<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        let (code, width) = if data.width() < 256 { (small_code(data), 64) } else { (32, 256) };
        let (activation, likelihood) = (Activation::Silu, Likelihood::SquaredError);
        Config { code, width, blocks: 2, activation, normalization: Normalization::Layer, likelihood }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_widths(&[self.width], self.code)?;
        let &Config { normalization, likelihood, .. } = self;
        let features = data.width();
        let encoder = self.stack(features, Linear::new(self.width, self.code, Init::Glorot, from), from);
        let mut output = Linear::new(self.width, features, Init::Glorot, from);
        begin_with(&mut output, likelihood.output_for(&crate::evaluate::mean(data.x())));
        let decoder = self.stack(self.code, output, from);
        let mut model = ResidualAutoencoder { encoder, decoder, normalization, likelihood };
        if normalization == Normalization::Batch && data.len() > 1 {
            // First running means, so that the model can be looked at before it has learnt anything.
            let some: Vec<usize> = (0..data.len().min(512)).collect();
            let context = &mut Context::training(0, 0, &some);
            let (_, statistics) = value_with(&model, |model, tape| {
                (model.loss(tape.constant(data.rows(&some)), context).total(), NewBuffers::of(&model))
            });
            statistics.store(&mut model);
        }
        Ok(Learned(model))
    }
}

impl Config {
    /// A linear layer, the blocks, and the last layer.
    fn stack(
        &self,
        inputs: usize,
        last: Linear<Tensor<f32>>,
        from: &mut Generator,
    ) -> Sequential<Tensor<f32>> {
        let mut layers = vec![Linear::new(inputs, self.width, Init::Glorot, from).into()];
        for _ in 0..self.blocks {
            let mut body: Vec<Layer<Tensor<f32>>> = vec![];
            for i in 0..2 {
                body.extend(self.normalization.layer(self.width));
                body.push(self.activation.into());
                let mut linear = Linear::new(self.width, self.width, self.activation.init(), from);
                if i == 1 {
                    // Blocks begin small, so that many of them do not add up to a large sum.
                    let share = (self.blocks as f32).sqrt().recip();
                    linear.weight = linear.weight.map(|w| w * share);
                }
                body.push(linear.into());
            }
            layers.push(Residual::new(body).into());
        }
        layers.extend(self.normalization.layer(self.width));
        layers.push(self.activation.into());
        layers.push(last.into());
        Sequential::new(layers)
    }
}

impl<'t, T: Real> Model<'t, T> for ResidualAutoencoder<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.encoder.forward(x, &mut Context::evaluation(0, &[]))
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.likelihood.mean(self.decoder.forward(z, &mut Context::evaluation(0, &[])))
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let z = self.encoder.forward(x, context);
        let output = self.decoder.forward(z, context);
        Loss::sum(self.likelihood.unit(), [("reconstruction", self.likelihood.loss(output, x))])
    }

    fn smallest_batch(model: &ResidualAutoencoder<Tensor<f32>>) -> usize {
        // A single example has no variance.
        if model.normalization == Normalization::Batch { 2 } else { 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Split, digits};
    use crate::train::{Plan, train};
    use crate::{AnyModel, evaluate};
    use nn::{Purpose, generator};

    fn built(config: &Config) -> Learned<ResidualAutoencoder<Tensor<f32>>> {
        config.build(&digits().train, &mut generator(0, Purpose::Init, 0, 0)).unwrap()
    }

    #[test]
    fn all_normalizations_learn_and_codes_do_not_depend_on_company() {
        let data = digits();
        for normalization in [Normalization::None, Normalization::Batch, Normalization::Layer] {
            let mut model = built(&Config { normalization, ..Config::defaults(&data.train) });
            train(&mut model, &data, &Plan { epochs: 40, learning_rate: 3e-3, ..Plan::default() }).unwrap();
            let sse = evaluate::mean_squared_error(&model, &data.test);
            assert!(sse < 1.5, "{normalization:?}: SSE/img {sse}");
            let alone = model.encode(&data.test.rows(&[7])).to_vec();
            let together = model.encode(data.test.x()).slice(0, 7..8).to_vec();
            assert!(alone.iter().zip(&together).all(|(a, b)| (a - b).abs() < 1e-4), "{normalization:?}");
        }
    }

    /// The walk over all models checks this one without normalisation: over three examples it curves the
    /// loss more than finite differences can follow. Over twenty, and twelve units, they can.
    #[test]
    fn gradients_pass_through_both_normalisations() {
        let examples: Vec<usize> = (0..20).collect();
        let x = Tensor::from_fn([20, 5], |i| 2.0 * (1.7 * i as f32 + 0.3 * (i / 5) as f32).sin());
        let data = Dataset::new(x.clone());
        for normalization in [Normalization::Batch, Normalization::Layer] {
            let config = Config { code: 3, width: 12, blocks: 1, normalization, ..Config::defaults(&data) };
            let model = config.build(&data, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
            for order in [1, 2] {
                let checked = model.gradcheck(&x, Context::training(0, 1, &examples), order);
                checked.unwrap_or_else(|mismatch| panic!("{normalization:?}: {mismatch}"));
            }
        }
    }

    #[test]
    fn a_last_batch_of_one_example_is_refused_or_left_out() {
        let digits = digits();
        let numbers: Vec<usize> = (0..65).collect();
        let some = digits.train.select(&numbers).unlabelled();
        let data = Split { train: some, ..digits };
        let learn = |normalization, drop_last| {
            let config = Config { normalization, ..Config::defaults(&data.train) };
            let mut model = built(&config);
            train(&mut model, &data, &Plan { epochs: 2, drop_last, ..Plan::default() })
        };
        let text = learn(Normalization::Batch, false).unwrap_err().to_string();
        assert_eq!(
            text,
            "the last batch of an epoch has 1 of the 65 training examples, but this model learns from at least 2 in \
             a step; set drop_last to true, or choose another batch than 64"
        );
        learn(Normalization::Batch, true).unwrap();
        learn(Normalization::Layer, false).unwrap();
    }

    #[test]
    fn many_blocks_still_pass_gradients_to_the_first_layer() {
        let data = digits().train;
        let x = data.rows(&[0, 1, 2, 3]);
        let first = |blocks: usize| {
            let model = built(&Config { blocks, ..Config::defaults(&data) }).0;
            let context = &mut Context::training(0, 0, &[0, 1, 2, 3]);
            let gradient =
                autograd::grad(&model, |model, tape| Model::loss(&model, tape.constant(&x), context).total());
            let mut norms = vec![];
            autograd::Tree::visit(&gradient, &mut |_, g: &Tensor<f32>| {
                norms.push(g.map(|g| g * g).sum_to([]).item().sqrt());
            });
            norms[0]
        };
        assert!(first(20) > 0.2 * first(1), "{} with 20 blocks, {} with 1", first(20), first(1));
    }
}
