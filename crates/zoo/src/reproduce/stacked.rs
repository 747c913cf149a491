//! Layers pretrained one by one as denoising autoencoders, then trained as a classifier.
//!
//! The network 784–1000–1000–1000–10 of the deep learning tutorial (Theano, "Stacked denoising autoencoders"):
//! sigmoid units, tied weights, 10, 20 and 30 % of the inputs of the three layers set to 0, the first 50,000
//! images for training. The tutorial chooses the epoch by the errors on the last 10,000; with a rate that falls to
//! nothing we take the last one. Published: 1.3 % of the test images wrong; the paper (Vincent et al. 2010, table 3)
//! has 1.28 ± 0.22 % for three layers.
//!
//! The tutorial takes single examples in plain gradient descent, 15 epochs a layer and 36 for the classifier,
//! 17 hours on a processor of 2008. We take as many epochs, in batches of 100, and Adam. Steps along the gradients
//! of single examples keep a network from learning its examples by heart; in their place a fifth of the inputs of
//! the classifier is dropped in training (Srivastava et al. 2014), as masking does in pretraining.

use nn::layers::Dropout;
use nn::losses::{Loss, Unit, cross_entropy};
use nn::optim::Adam;
use nn::train::{Fit, Plan};
use nn::{Activation, Dataset, Error, Purpose, Result, Schedule, generator};

use super::Published::Exactly;
use super::{Bench, Margin, Needs, Row, Target};
use crate::Likelihood;
use crate::Settings;
use crate::models::stacked::{Classifier, Config};
use autograd::Tensor;

pub(super) const TARGET: Target = Target {
    name: "stacked",
    title: "stacked denoising autoencoders as a classifier: test error, %",
    paper: "Vincent et al. 2010; Theano tutorial",
    published: "1.3",
    minutes: 8.0,
    needs: Needs::Mnist,
    in_parts: false,
    run,
};

fn run(bench: &Bench) -> Result<Vec<Row>> {
    let data = bench.data;
    if data.train.labels().is_none() || data.test.labels().is_none() {
        let text = format!("{}: the images have no labels, which this target needs", data.name);
        return Err(Error::data(text));
    }
    let kept = data.train.len() - data.train.len().div_ceil(6);
    let (train, valid) = (data.train.range(0..kept), data.train.range(kept..data.train.len()));

    let config = Config {
        code: 1000,
        hidden: vec![1000, 1000],
        activation: Activation::Sigmoid,
        likelihood: Likelihood::Bernoulli,
        pretraining: 0,
        learning_rate: 1e-3,
        masking: vec![0.1, 0.2, 0.3],
    };
    let from = &mut generator(bench.seed, Purpose::Init, 0, 0);
    let mut model = config.build(&train, from)?;
    let cosine = Schedule::Cosine { floor: 0.0 };
    let plan = |epochs, learning_rate| Plan {
        epochs,
        batch: 100,
        learning_rate,
        schedule: cosine.clone(),
        ..Plan::default()
    };
    let pretraining = bench.plan(train.len(), plan(15, 1e-3));
    model.0.pretrain(&train, &pretraining, &mut |level, task, plan| {
        let what = format!("layer {}", level + 1);
        bench.train(&what, task, plan.clone(), Adam::new(plan.learning_rate))
    })?;

    let classes = 10;
    let classifier = model.0.classifier(classes, from);
    let dropout = Dropout::new(0.2);
    let mut task = Fit::new(classifier, &train, Some(&valid), |model, batch, context| {
        let scores = model.forward(dropout.forward(batch.x, context));
        Loss::sum(Unit::Nats, [("cross-entropy", cross_entropy(scores, &batch.classes))])
    });
    bench.train("classifier", &mut task, plan(36, 5e-4), Adam::new(5e-4))?;
    Ok(vec![
        Row::new("test images wrong, %", wrong(&task.model, &data.test))
            .published(Exactly(1.3))
            .margin(Margin::AtMost(1.5))
            .digits(2),
        Row::new("validation images wrong, %", wrong(&task.model, &valid)).published(Exactly(1.39)).digits(2),
    ])
}

/// The percentage of images that are given the wrong class.
fn wrong(classifier: &Classifier<Tensor<f32>>, data: &Dataset) -> f64 {
    let labels = data.labels().expect("checked before training");
    let numbers: Vec<usize> = (0..data.len()).collect();
    let mut missed = 0;
    for numbers in numbers.chunks(500) {
        let x = data.rows(numbers);
        let scores = autograd::value(classifier, |classifier, tape| classifier.forward(tape.constant(&x)));
        let guesses = scores.argmax_over(-1);
        missed += guesses.iter().zip(numbers).filter(|(guess, i)| **guess != labels[**i] as usize).count();
    }
    100.0 * missed as f64 / data.len() as f64
}
