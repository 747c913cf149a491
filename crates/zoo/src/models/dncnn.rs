//! DnCNN, a network of convolutions that removes noise (Zhang, Zuo, Chen, Meng and Zhang 2017).
//!
//! > `L(x) = E ‖x − (x̃ − R(x̃))‖²`,  `x̃ = x + σ ε`
//!
//! `R` predicts the *noise*, not the picture: convolutions with batch normalization and rectifiers, all as large as the
//! picture. To predict noise is easier than to copy a picture, and taking it away keeps what is fine. The noise of every
//! example has a σ of its own, so one network has to do with noise of any strength in between.
//!
//! There is no bottleneck: the code is the damaged picture itself, and the decoder takes its noise away. Nothing in it
//! depends on the size of a picture, so one that learnt from small pictures cleans large ones.

use autograd::{Conv, NewBuffers, Real, Tensor, Var, tree, value_with};
use nn::data::transform::Corruption;
use nn::layers::{Conv2d, Layer};
use nn::losses::squared_error;
use nn::{Activation, Context, Dataset, Error, Generator, Result, Sequential};
use serde::{Deserialize, Serialize};

use crate::network::{Norm, evaluation, normalizes_batches};
use crate::registry::Entry;
use crate::{Learned, Loss, Model, Settings, Unit};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "dncnn",
    title: "residual denoising network",
    equation: "E ‖x − (x̃ − R(x̃))‖², R convolutions",
    source: "Zhang et al. 2017",
    may_copy: true,
    reads_all_at_once: false,
    ..Entry::of::<Config>(include_str!("dncnn.rs"))
};

/// Settings of DnCNN.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Convolutions, at least 2. Each lets a pixel see one more neighbour on every side; the paper has 17.
    pub depth: usize,
    /// Channels between them; the paper has 64.
    pub channels: usize,
    /// Normalization after every convolution but the first and the last.
    pub norm: Norm,
    /// Activation after every convolution but the last.
    pub activation: Activation,
    /// How pictures are damaged. The usual noise has a σ of up to 55/255, that of the paper's blind network.
    pub corruption: Corruption,
}

/// The layers that predict noise.
#[derive(Clone, Debug)]
pub struct DnCnn<W> {
    /// `R`, `[batch, features]` to the same shape.
    pub noise: Sequential<W>,
    corruption: Corruption,
}
tree!(DnCnn { noise; corruption });

impl Settings for Config {
    type Model = Learned<DnCnn<Tensor<f32>>>;

    fn usual(_: &Dataset) -> Self {
        Config {
            depth: 10,
            channels: 32,
            norm: Norm::Batch,
            activation: Activation::Relu,
            corruption: Corruption::GaussianBetween([0.0, 55.0 / 255.0]),
        }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        self.corruption.check()?;
        let Some(shape @ [planes, ..]) = data.schema().as_image() else {
            let problem = format!(
                "the model `dncnn` reads pictures of known height and width, and these examples are {}; `denoising` reads \
                 them",
                data.schema()
            );
            return Err(Error::unsupported(problem));
        };
        if self.depth < 2 || self.channels == 0 {
            let [name, least] = if self.channels == 0 { ["channels", "1"] } else { ["depth", "2"] };
            return Err(Error::setting(name, format!("{name} must be at least {least}, not less")));
        }
        let options = Conv { padding: [1; 2], ..Conv::default() };
        let mut layers = vec![Layer::Unflatten(shape.to_vec())];
        for number in 1..self.depth {
            let inputs = if number == 1 { planes } else { self.channels };
            let init = self.activation.init();
            layers.push(Conv2d::new([inputs, self.channels], [3, 3], options, init, from).into());
            layers.extend(self.norm.layer(self.channels).filter(|_| number > 1));
            layers.push(self.activation.into());
        }
        // It begins small: a picture is left as it is.
        let mut last = Conv2d::new([self.channels, planes], [3, 3], options, self.activation.init(), from);
        last.weight = last.weight.map(|w: f32| 0.01 * w);
        layers.extend([last.into(), Layer::Flatten]);
        let mut model = DnCnn { noise: Sequential::new(layers), corruption: self.corruption };
        model.begin_statistics(data);
        Ok(Learned(model))
    }
}

impl DnCnn<Tensor<f32>> {
    /// Gives batch normalization its first running statistics, of damaged pictures.
    fn begin_statistics(&mut self, data: &Dataset) {
        /// As many pictures as are looked at.
        const ENOUGH: usize = 64;
        if !normalizes_batches(self) || data.len() < 2 {
            return;
        }
        let some: Vec<usize> = (0..data.len().min(ENOUGH)).collect();
        let context = &mut Context::training(0, 0, &some);
        let damaged = context.corrupt(&data.rows(&some), self.corruption);
        let (_, statistics) = value_with(&*self, |net, tape| {
            (net.noise.forward(tape.constant(&damaged), context), NewBuffers::of(&net))
        });
        statistics.store(self);
    }
}

impl<'t, T: Real> Model<'t, T> for DnCnn<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        x
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        z - self.noise.forward(z, &mut evaluation())
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let damaged = context.on(x.tape()).corrupt(x, self.corruption);
        let clean = damaged - self.noise.forward(damaged, context);
        Loss::sum(Unit::SquaredError, [("denoising", squared_error(clean, x))])
    }
}

#[cfg(test)]
mod tests {
    use nn::data::schema::{Kind, Schema};
    use nn::{Purpose, generator};

    use super::*;
    use crate::data::Split;
    use crate::train::{Plan, train};
    use crate::{AnyModel, evaluate};

    /// Smooth pictures, of which noise differs plainly.
    fn waves(count: usize, shape: [usize; 3]) -> Dataset {
        let width: usize = shape.iter().product();
        let x = Tensor::from_fn([count, width], |i| {
            let (row, place) = (i / width, i % width);
            let [x, y] = [place % shape[2], place / shape[2]].map(|v| v as f32);
            0.5 + 0.4 * (0.3 * x + 0.2 * (row % 7) as f32 * y + row as f32).sin()
        });
        Dataset::new(x).with_schema(Schema::image(shape, Kind::UnitInterval))
    }

    fn config(shape: [usize; 3]) -> Config {
        let usual = Config::usual(&waves(1, shape));
        Config { depth: 4, channels: 8, corruption: Corruption::Gaussian(0.2), ..usual }
    }

    #[test]
    fn it_leaves_pictures_alone_at_first_and_removes_noise_after_training() {
        let shape = [1, 12, 12];
        let data = Split { name: "waves".into(), train: waves(96, shape), test: waves(16, shape) };
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let mut model = config(shape).build(&data.train, from).unwrap();
        assert!(evaluate::mean_squared_error(&model, &data.test) < 0.05);
        let numbers: Vec<usize> = (0..16).collect();
        let noisy = Context::evaluation(0, &numbers).corrupt(data.test.x(), Corruption::Gaussian(0.2));
        let error = |x: &Tensor<f32>| x.zip(data.test.x(), |a, b| (a - b) * (a - b)).sum_to([]).item();
        train(&mut model, &data, &Plan { epochs: 25, learning_rate: 3e-3, batch: 8, ..Plan::default() })
            .unwrap();
        let left = error(&model.decode(&model.encode(&noisy))) / error(&noisy);
        assert!(left < 0.25, "of the noise {left} is left");
    }

    #[test]
    fn its_parameters_do_not_depend_on_the_size() {
        let parameters = |shape| {
            let from = &mut generator(3, Purpose::Init, 0, 0);
            let model = config(shape).build(&waves(2, shape), from).unwrap();
            let mut shapes = vec![];
            model.parameters(&mut |name, tensor| shapes.push((name.to_string(), tensor.shape().to_vec())));
            shapes
        };
        assert_eq!(parameters([3, 8, 8]), parameters([3, 20, 12]));
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let table = Dataset::new(Tensor::zeros([2, 5]));
        let text = config([1, 2, 2]).build(&table, from).err().unwrap().to_string();
        assert!(text.contains("reads pictures of known height and width"), "{text}");
    }
}
