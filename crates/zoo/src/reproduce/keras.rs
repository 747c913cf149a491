//! The autoencoders of the Keras blog (Chollet 2016, "Building autoencoders in Keras").
//!
//! All with grey pixels as targets of the cross-entropy, Adam at 10⁻³ with `ε = 10⁻⁷`, batches of 256 (128 for
//! the convolutional one), weights by Glorot and rectified units, the code included. The published numbers
//! are cross-entropies **per pixel**: ours divided by 784. They cannot reach 0 but only the entropy of the grey
//! values, 0.0581.
//!
//! | target | network | epochs | published |
//! |---|---|---|---|
//! | `keras` | 784–32–784 | 50 | 0.09 |
//! | `keras-sparse` | the same with a price on the code | 100 | 0.10 |
//! | `keras-deep` | 784–128–64–32–64–128–784 | 100 | 0.08 |
//! | `keras-conv` | convolutions of 16, 8, 8 channels with pooling, and back | 50 | 0.094 |
//!
//! The price is 10⁻⁴ for a unit of code, the mean over the batch, beside a cross-entropy that is a mean over
//! pixels: 0.0784 beside the sum. (The text says `10e-5`; its sum over units, 106 for an image, then costs
//! 0.0106, which is the difference of 0.01 between training and test loss that the text reports.)

use autograd::{Conv, Tensor, Upsample, Window};
use nn::layers::{Conv2d, Layer, Sequential};
use nn::losses::{Loss, Unit, bce_with_logits};
use nn::optim::{Adam, Optimizer};
use nn::train::{Fit, Plan, Task, Terms};
use nn::{Activation, Dataset, Init, Linear, Purpose, Result, generator};

use super::Published::Exactly;
use super::{Bench, Margin, Needs, Row, Target};
use crate::models::autoencoder::Config;
use crate::network::{Design, evaluation};
use crate::train::Lesson;
use crate::{Likelihood, Settings, evaluate};

pub(super) const SHALLOW: Target = Target {
    name: "keras",
    title: "one hidden layer of 32: cross-entropy per pixel",
    paper: "Keras blog (Chollet 2016)",
    published: "0.09",
    minutes: 1.0,
    needs: Needs::Mnist,
    in_parts: false,
    run: |bench| fully_connected(bench, vec![], 50, 0.09),
};

pub(super) const SPARSE: Target = Target {
    name: "keras-sparse",
    title: "the same with an L1 price on the code",
    paper: "Keras blog (Chollet 2016)",
    published: "0.10",
    minutes: 2.0,
    needs: Needs::Mnist,
    in_parts: false,
    run: sparse,
};

pub(super) const DEEP: Target = Target {
    name: "keras-deep",
    title: "five hidden layers: cross-entropy per pixel",
    paper: "Keras blog (Chollet 2016)",
    published: "0.08",
    minutes: 4.0,
    needs: Needs::Mnist,
    in_parts: false,
    run: |bench| fully_connected(bench, vec![128, 64], 100, 0.08),
};

pub(super) const CONVOLUTIONAL: Target = Target {
    name: "keras-conv",
    title: "convolutions and pooling: cross-entropy per pixel",
    paper: "Keras blog (Chollet 2016)",
    published: "0.094",
    minutes: 30.0,
    needs: Needs::Mnist,
    in_parts: false,
    run: convolutional,
};

const ROUNDING: f64 = 0.003;

fn plan(epochs: usize, batch: usize) -> Plan {
    Plan { epochs, batch, learning_rate: 1e-3, ..Plan::default() }
}

fn adam() -> Optimizer<f32, Adam> {
    Optimizer::new(1e-3, Adam { epsilon: 1e-7, ..Adam::default() })
}

/// The settings of the fully connected networks.
fn config(hidden: &[usize]) -> Config {
    let design = Design::mlp(32, hidden, Activation::Relu, Likelihood::Bernoulli);
    Config { design, code_activation: Activation::Relu }
}

fn fully_connected(bench: &Bench, hidden: Vec<usize>, epochs: usize, published: f64) -> Result<Vec<Row>> {
    let data = bench.data;
    let mut model = config(&hidden).build(&data.train, &mut generator(bench.seed, Purpose::Init, 0, 0))?;
    glorot(&mut model.0.net.encoder, bench.seed);
    glorot(&mut model.0.net.decoder, bench.seed + 1);
    let mut lesson = Lesson::new(&mut model, data);
    bench.train("autoencoder", &mut lesson, plan(epochs, 256), adam())?;
    let pixels = data.test.width() as f64;
    let loss = evaluate::loss(&model, &data.test, bench.seed).total() / pixels;
    Ok(vec![
        Row::new("test cross-entropy per pixel", loss)
            .published(Exactly(published))
            .margin(Margin::Within(published, ROUNDING))
            .digits(4),
        Row::new("test SSE/img", evaluate::mean_squared_error(&model, &data.test)),
    ])
}

fn sparse(bench: &Bench) -> Result<Vec<Row>> {
    let data = bench.data;
    let pixels = data.train.width() as f64;
    let mut model = config(&[]).build(&data.train, &mut generator(bench.seed, Purpose::Init, 0, 0))?.0;
    glorot(&mut model.net.encoder, bench.seed);
    glorot(&mut model.net.decoder, bench.seed + 1);
    let price = 1e-4 * pixels;
    let mut task = Fit::new(model, &data.train, Some(&data.test), |model, batch, _| {
        let code = crate::Model::encode(model, batch.x);
        let error = bce_with_logits(model.net.output(code, &mut evaluation()), batch.x);
        let activity = code.abs().sum() / batch.x.shape()[0] as f64;
        Loss::sum(Unit::Nats, [("reconstruction", error), ("sparsity", price * activity)])
    });
    bench.train("sparse autoencoder", &mut task, plan(100, 256), adam())?;
    let loss = terms(&task, bench.seed)?;
    let [error, activity] = [0, 1].map(|term| loss.values[term].1);
    Ok(vec![
        Row::new("test cross-entropy per pixel", error / pixels)
            .published(Exactly(0.10))
            .margin(Margin::Within(0.10, ROUNDING))
            .digits(4),
        Row::new("with the price, as in training", loss.total() / pixels).published(Exactly(0.11)).digits(4),
        Row::new("mean of a unit of the code", activity / price / 32.0).published(Exactly(3.33)).digits(2),
    ])
}

fn convolutional(bench: &Bench) -> Result<Vec<Row>> {
    let (train, test) = (square(&bench.data.train)?, square(&bench.data.test)?);
    let task = Fit::new(layers(bench.seed), train, Some(test), |layers, batch, context| {
        let logits = layers.forward(batch.x.reshape([batch.x.shape()[0], 1, SIDE, SIDE]), context).flatten(1);
        Loss::sum(Unit::Nats, [("reconstruction", bce_with_logits(logits, batch.x))])
    });
    let mut task = task;
    bench.train("convolutional autoencoder", &mut task, plan(50, 128), adam())?;
    let loss = terms(&task, bench.seed)?.total() / (SIDE * SIDE) as f64;
    Ok(vec![
        Row::new("test cross-entropy per pixel", loss)
            .published(Exactly(0.094))
            .margin(Margin::Within(0.094, ROUNDING))
            .digits(4),
    ])
}

const SIDE: usize = 28;

/// The data, if they are images of the size that the network is made for.
fn square(data: &Dataset) -> Result<&Dataset> {
    match data.schema().as_grey() {
        Some([SIDE, SIDE]) => Ok(data),
        _ => Err(nn::Error::data(format!("this network is made for images of {SIDE} × {SIDE} pixels"))),
    }
}

/// 28 → 14 → 7 → 4 pixels, a code of 4 × 4 × 8, and back; the last enlarging convolution has no padding,
/// so that 16 pixels become 14.
fn layers(seed: u64) -> Sequential<Tensor<f32>> {
    let from = &mut generator(seed, Purpose::Init, 0, 0);
    let mut layers = vec![];
    let mut conv = |layers: &mut Vec<Layer<_>>, channels, padding| {
        let options = Conv { padding: [padding; 2], ..Conv::default() };
        layers.push(Conv2d::new(channels, [3, 3], options, Init::Glorot, from).into());
    };
    // Seven pixels are pooled to four: the last window reaches over the edge.
    for (channels, padding) in [([1, 16], 0), ([16, 8], 0), ([8, 8], 1)] {
        conv(&mut layers, channels, 1);
        layers.push(Activation::Relu.into());
        layers.push(Layer::MaxPool2d(Window { padding: [padding; 2], ..Window::new([2, 2]) }));
    }
    for (channels, padding) in [([8, 8], 1), ([8, 8], 1), ([8, 16], 0)] {
        conv(&mut layers, channels, padding);
        layers.push(Activation::Relu.into());
        layers.push(Layer::UpsampleNearest(Upsample::Factor(2)));
    }
    conv(&mut layers, [16, 1], 1);
    Sequential::new(layers)
}

/// Keras's initial weights: Glorot's in every layer, and biases of 0.
fn glorot(net: &mut Sequential<Tensor<f32>>, seed: u64) {
    let from = &mut generator(seed, Purpose::Init, 1, 0);
    for layer in &mut net.layers {
        if let Layer::Linear(layer) = layer {
            let (outputs, inputs) = (layer.weight.shape()[0], layer.weight.shape()[1]);
            *layer = Linear::new(inputs, outputs, Init::Glorot, from);
        }
    }
}

/// The loss on the test images.
fn terms(task: &dyn Task<f32>, seed: u64) -> Result<Terms> {
    Ok(task.validate(seed)?.expect("the task has test images"))
}
