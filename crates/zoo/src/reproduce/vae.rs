//! The likelihood of a variational autoencoder on binary digits.
//!
//! The network 784–400–40–400–784 with rectified units, a Gaussian posterior and Bernoulli pixels. Published:
//! 89.9 nats (Rezende and Mohamed 2015, as quoted by Chadebec et al. 2022, who reach 89.78), by importance
//! sampling with 200 draws for each test image, the mean of 5 runs of the estimator.
//!
//! Grey values become bits at random: anew in every epoch for training (*dynamic* binarization, which keeps the
//! network from learning the bits by heart), once for the images that are judged. That is the same distribution as
//! the fixed file of Larochelle and Murray (2011), but not the same bits, so the last decimals cannot be
//! compared. The last sixth of the training images judges when to stop. We train with 200 epochs in place of 500,
//! at a rate that is higher at first and falls to 0.

use nn::data::transform::Binarize;
use nn::optim::Adam;
use nn::train::Plan;
use nn::{Activation, Dataset, Purpose, Result, Schedule, generator};

use super::Published::Exactly;
use super::{Bench, Margin, Needs, Row, Target};
use crate::Likelihood;
use crate::Settings;
use crate::data::Split;
use crate::likelihood::{active_units, elbo, nll};
use crate::models::vae::Config;
use crate::network::Design;
use crate::train::{Augment, Lesson};

pub(super) const TARGET: Target = Target {
    name: "vae",
    title: "VAE on binary MNIST, 784-400-40: NLL by 200 samples, nats/img",
    paper: "Rezende & Mohamed 2015; Chadebec et al. 2022",
    published: "89.9",
    minutes: 10.0,
    needs: Needs::Mnist,
    in_parts: false,
    run,
};

/// Draws of an image in the estimate of its likelihood.
const SAMPLES: usize = 200;

fn run(bench: &Bench) -> Result<Vec<Row>> {
    let test = bits(&bench.data.test, bench.seed + 1);
    let all = &bench.data.train;
    let kept = all.len() - all.len().div_ceil(6);
    let part = |from, to| all.range(from..to).unlabelled();
    let (train, judge) = (part(0, kept), bits(&part(kept, all.len()), bench.seed));
    let data = Split { name: "binary MNIST".into(), train, test: judge };

    let design = Design::mlp(40, &[400], Activation::Relu, Likelihood::Bernoulli);
    let config = Config { design, beta: 1.0, warm_up: 0.0, free_bits: 0.0 };
    let mut model = config.build(&data.train, &mut generator(bench.seed, Purpose::Init, 0, 0))?;
    let (epochs, batch, learning_rate, schedule) = (200, 100, 1e-3, Schedule::Cosine { floor: 0.0 });
    let plan = Plan { epochs, batch, learning_rate, schedule, ..Plan::default() };
    let augment = Augment { binarize: Binarize::Dynamic, ..Augment::default() };
    let mut lesson = Lesson { augment, ..Lesson::new(&mut model, &data) };
    bench.train_to_best("VAE", &mut lesson, plan, Adam::new(learning_rate))?;

    bench.watch.say("estimating the likelihood of the test images");
    let seeds: Vec<u64> = (0..5).map(|run| bench.seed + run).collect();
    let found = nll(&model, &test, SAMPLES, &seeds).expect("a VAE is a distribution");
    let bound = elbo(&model, &test, 1, bench.seed).expect("a VAE is a distribution");
    Ok(vec![
        Row::new("NLL, 200 samples, nats/img", found.nats)
            .published(Exactly(89.9))
            .margin(Margin::AtMost(90.5))
            .digits(2),
        Row::new("standard error of the 5 estimates", found.standard_error),
        Row::new("median effective sample size, of 200", found.effective_samples).digits(1),
        Row::new("minus the evidence lower bound, nats/img", -bound).digits(2),
        Row::new("active units, of 40", active_units(&model, &test) as f64).digits(0),
    ])
}

/// The images with bits in place of grey values, drawn once.
fn bits(data: &Dataset, seed: u64) -> Dataset {
    let numbers: Vec<usize> = (0..data.len()).collect();
    let x = Binarize::Static { seed }.apply(data.x(), seed, 0, &numbers);
    data.clone().with_x(x).unlabelled()
}
