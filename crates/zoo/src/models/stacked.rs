//! The stacked autoencoder, pretrained layer by layer (Bengio, Lamblin, Popovici and Larochelle 2007;
//! with noise: Vincent et al. 2010).
//!
//! > stage `l`: `min ‖hₗ₋₁ − g(f(h̃ₗ₋₁))‖²`,  then all layers together: `min ‖x − x̂‖²`
//!
//! A deep network of sigmoid units learns slowly from random weights. So every layer is first trained
//! alone, as an autoencoder with one hidden layer on the codes of the layers below; `h̃` is `h` with a
//! fraction of its numbers set to 0. The noise belongs to that level: the codes below are clean.
//!
//! Then the stages are put together. From there on, and so from one checkpoint,
//!
//! - the unrolled autoencoder is fine-tuned like any model: encoders upwards, decoders downwards. Each
//!   decoder is a copy of its own, although a stage has tied weights (Hinton and Salakhutdinov 2006);
//! - or the decoder is dropped and a [classifier](Stacked::classifier) is trained from the encoder.

use autograd::{Real, Tensor, Var, tree};
use nn::train::Plan;
use nn::{Activation, Context, Dataset, Error, Generator, Init, Linear, Purpose, Result, generator};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::mirror::{Back, Mirror};
use super::{check_widths, widths};
use crate::data::Split;
use crate::registry::Settings;
use crate::train::train;
use crate::{Learned, Likelihood, Loss, Model, evaluate};

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
}
tree!(Stacked { mirror; likelihood });

/// One layer as an autoencoder of the codes below it.
#[derive(Clone, Debug)]
pub struct Stage<W> {
    mirror: Mirror<W>,
    likelihood: Likelihood,
    masking: f64,
}
tree!(Stage { mirror; likelihood, masking });

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

    fn defaults(data: &Dataset) -> Self {
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

    /// Pretrains, if the settings say so: the initial parameters come from the data.
    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_widths(&self.hidden, self.code)?;
        if let Some(wrong) = self.masking.iter().find(|masking| !(0.0..=1.0).contains(*masking)) {
            return Err(Error::Invalid(format!("masking is a fraction from 0 to 1, not {wrong}")));
        }
        let plan = Plan {
            epochs: self.pretraining,
            batch: 64.min(data.len()),
            learning_rate: self.learning_rate,
            ..Plan::default()
        };
        let stages = self.pretrain(data, &plan, from)?;
        let (up, down) = stages.into_iter().map(|stage| unrolled(stage.mirror)).unzip();
        let mirror = Mirror { up, down, activation: self.activation };
        Ok(Learned(Stacked { mirror, likelihood: self.likelihood }))
    }

    fn outline(&self, like: &Dataset, _: usize) -> Result<Self::Model> {
        let plain = Config { pretraining: 0, ..self.clone() };
        plain.build(like, &mut generator(0, Purpose::Init, 0, 0))
    }
}

impl Config {
    /// Trains the layers one after the other, each on the codes of those below, which are computed once.
    /// The plan is for each of them; 0 epochs leave it as it is.
    ///
    /// # Errors
    /// If the plan makes no sense, or a loss is not a finite number any more.
    pub fn pretrain(
        &self,
        data: &Dataset,
        plan: &Plan,
        from: &mut Generator,
    ) -> Result<Vec<Stage<Tensor<f32>>>> {
        let mut codes = data.clone();
        let mut stages = vec![];
        for (level, pair) in widths(data.width(), &self.hidden, self.code).windows(2).enumerate() {
            // Codes of other units than sigmoid ones are not probabilities.
            let likelihood = match level > 0 && self.activation != Activation::Sigmoid {
                true => Likelihood::SquaredError,
                false => self.likelihood,
            };
            let masking = self.masking.get(level).or(self.masking.last()).copied().unwrap_or(0.0);
            let output = likelihood.output_for(&evaluate::mean(&codes.x));
            let mirror = Mirror::new(pair, self.activation, true, output, from);
            let mut stage = Learned(Stage { mirror, likelihood, masking });
            let plan = Plan { seed: from.random(), ..plan.clone() };
            if plan.epochs > 0 {
                let name = format!("codes of level {level}");
                // Nobody looks at the loss of a stage after every epoch, so few examples will do.
                let test = codes.x.slice(0, 0, codes.len().min(100), 1);
                let test = Dataset { x: test, labels: None, image: None };
                train(&mut stage, &Split { name, train: codes.clone(), test }, &plan)?;
            }
            codes = Dataset { x: evaluate::codes(&stage, &codes), labels: None, image: None };
            stages.push(stage.0);
        }
        Ok(stages)
    }
}

/// The layer of a stage, and its way back with a matrix of its own.
fn unrolled<T: Real>(mut stage: Mirror<Tensor<T>>) -> (Linear<Tensor<T>>, Back<Tensor<T>>) {
    let (layer, mut back) = (stage.up.remove(0), stage.down.remove(0));
    back.weight = Some(layer.weight.clone());
    (layer, back)
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
}

impl<'t, T: Real> Model<'t, T> for Stage<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.mirror.encode(x)
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.likelihood.mean(self.mirror.decode(z))
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        // The model has to restore what was there before the noise.
        let seen = if context.is_training() && self.masking > 0.0 {
            let kept = context.uniform::<T>(x.shape()[1]);
            let masking = T::of(self.masking);
            x * x.tape().constant(kept.map(|u| if u < masking { T::zero() } else { T::one() }))
        } else {
            x
        };
        let output = self.mirror.decode(self.mirror.encode(seen));
        Loss::sum(self.likelihood.unit(), [("reconstruction", self.likelihood.loss(output, x))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AnyModel;
    use crate::data::digits;
    use nn::checkpoint::Metadata;

    fn built(pretraining: usize) -> Learned<Stacked<Tensor<f32>>> {
        let data = digits().train;
        let config = Config { code: 12, hidden: vec![40, 24], pretraining, ..Config::defaults(&data) };
        config.build(&data, &mut generator(0, Purpose::Init, 0, 0)).unwrap()
    }

    #[test]
    fn pretraining_helps_before_any_fine_tuning() {
        let data = digits();
        let [random, pretrained] =
            [0, 10].map(|epochs| evaluate::mean_squared_error(&built(epochs), &data.test));
        assert!(pretrained < 0.7 * random, "{random} became {pretrained}");
    }

    #[test]
    fn every_stage_learns_the_codes_below_it() {
        let data = digits().train;
        let config = Config { code: 12, hidden: vec![40, 24], ..Config::defaults(&data) };
        let plan = |epochs| Plan { epochs, batch: 64, learning_rate: 5e-3, ..Plan::default() };
        let stages =
            |epochs| config.pretrain(&data, &plan(epochs), &mut generator(0, Purpose::Init, 0, 0)).unwrap();
        let mut x = data.clone();
        let untrained = stages(0);
        for (level, stage) in stages(10).into_iter().enumerate() {
            let stage = Learned(stage);
            let mean = evaluate::mean(&x.x);
            let error = evaluate::mean_squared_error(&stage, &x);
            let start = evaluate::mean_squared_error(&Learned(untrained[level].clone()), &x);
            assert!(
                error < 0.8 * start.min(evaluate::variance_around(&mean, &x)),
                "level {level}: {error} {start}"
            );
            x = Dataset { x: evaluate::codes(&stage, &x), labels: None, image: None };
        }
    }

    #[test]
    fn one_checkpoint_serves_the_autoencoder_and_the_classifier() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pretrained.safetensors");
        let pretrained = built(2);
        pretrained.save(&path, Metadata::default()).unwrap();
        let mut loaded = built(0);
        loaded.load(&path).unwrap();
        let x = digits().test.rows(&[0, 1, 2]);
        assert_eq!(loaded.encode(&x), pretrained.encode(&x));
        let classifier = loaded.0.classifier(10, &mut generator(1, Purpose::Init, 0, 0));
        assert_eq!(classifier.encoder[2].weight, pretrained.0.mirror.up[2].weight);
        let scores = autograd::value(&classifier, |classifier, tape| classifier.forward(tape.constant(&x)));
        assert_eq!(scores.shape(), [3, 10]);
    }

    #[test]
    fn decoders_are_copies() {
        let mut model = built(1).0;
        let back = model.mirror.down[0].weight.clone().unwrap();
        assert_eq!(back, model.mirror.up[0].weight);
        model.mirror.up[0].weight = Tensor::zeros([40, 64]);
        assert_eq!(model.mirror.down[0].weight, Some(back));
    }

    #[test]
    fn noise_is_for_training_and_the_target_is_clean() {
        let data = digits().train;
        let config = Config { masking: vec![1.0], pretraining: 0, ..Config::defaults(&data) };
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let stage = config.pretrain(&data, &Plan { epochs: 0, ..Plan::default() }, from).unwrap().remove(0);
        let stage = Learned(stage);
        let x = data.rows(&[5]);
        let loss = |context| stage.loss(&x, context).total();
        // With everything masked the code is that of an empty image, but the loss is that of the digit.
        let x_hat = stage.decode(&stage.encode(&Tensor::zeros([1, 64]))).to_vec();
        let nats = |(p, x): (&f32, &f32)| {
            -f64::from(*x) * f64::from(*p).ln() - f64::from(1.0 - x) * f64::from(1.0 - p).ln()
        };
        let expected: f64 = x_hat.iter().zip(&x.to_vec()).map(nats).sum();
        assert!((loss(Context::training(0, 1, &[5])) - expected).abs() < 1e-4 * expected);
        assert!((loss(Context::evaluation(0, &[5])) - expected).abs() > 1e-3 * expected);
    }
}
