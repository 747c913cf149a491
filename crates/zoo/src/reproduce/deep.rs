//! The deep autoencoder of Hinton and Salakhutdinov (2006): 784–1000–500–250–30 and back.
//!
//! Published: an average squared error of 3.00 on the test images (figure 2B), by layers of logistic units that
//! were pretrained as restricted Boltzmann machines and fine-tuned by conjugate gradients on the cross-entropy.
//!
//! Ours has the same widths and no pretraining: the squared error itself as loss, AdamW with the one-cycle
//! schedule, 100 epochs in batches of 200. Two things close the gap between training and test images, which is
//! all that is left to close: smooth units (`x σ(x)`; rectified ones end about a seventh higher) and images
//! moved by up to one pixel, anew in every epoch.

use nn::optim::{AdamW, Optimizer};
use nn::train::Plan;
use nn::{Activation, Purpose, Result, Schedule, generator};

use super::Published::Exactly;
use super::{Bench, Margin, Needs, Row, Target};
use crate::Likelihood;
use crate::Settings;
use crate::evaluate::mean_squared_error;
use crate::models::autoencoder::Config;
use crate::network::Design;
use crate::train::Lesson;

pub(super) const TARGET: Target = Target {
    name: "deep",
    title: "deep autoencoder, code 30: test SSE/img",
    paper: "Hinton & Salakhutdinov 2006, fig. 2B",
    published: "3.00",
    minutes: 13.0,
    needs: Needs::Mnist,
    in_parts: false,
    run,
};

fn run(bench: &Bench) -> Result<Vec<Row>> {
    let data = bench.data;
    let config = Config {
        design: Design::mlp(30, &[1000, 500, 250], Activation::Silu, Likelihood::BoundedSquaredError),
        code_activation: Activation::Identity,
    };
    let mut model = config.build(&data.train, &mut generator(bench.seed, Purpose::Init, 0, 0))?;
    let (epochs, batch, learning_rate) = (100, 200, 1e-3);
    let schedule = Schedule::OneCycle { rise: 0.3, start: 0.04, last: 4e-6 };
    let plan = Plan { epochs, batch, learning_rate, schedule, ..Plan::default() };
    let optimizer = Optimizer::new(learning_rate, AdamW { weight_decay: 0.01, ..AdamW::default() });
    let mut lesson = Lesson::new(&mut model, data);
    lesson.augment.shift = 1;
    bench.train("deep autoencoder", &mut lesson, plan, optimizer)?;

    let part = data.train.len().min(data.test.len());
    let seen = data.train.range(0..part).unlabelled();
    Ok(vec![
        Row::new("test SSE/img", mean_squared_error(&model, &data.test))
            .published(Exactly(3.0))
            .margin(Margin::AtMost(3.1)),
        Row::new("training SSE/img, as many images", mean_squared_error(&model, &seen)),
    ])
}
