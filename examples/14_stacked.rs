//! Pretraining where labels are few: all digits are seen without labels, only 60 of them with.
//!
//! The layers are trained one by one as autoencoders, and the encoder becomes a classifier. The same
//! network from random weights, trained on the same 60 labels, has to do without what the others taught. You
//! should see that it gets more test digits wrong.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use nn::losses::{self, Loss, Unit};
use nn::optim::Adam;
use nn::train::{Fit, Plan, Trainer};
use nn::{Dataset, Purpose, generator};
use zoo::AnyModel;
use zoo::Settings;
use zoo::data::{self, Split};
use zoo::models::stacked::Config;
use zoo::plot::{Series, curves, png};
use zoo::train::train_part;

const LABELS: usize = 60;
const EPOCHS: usize = 80;

/// The fraction of test digits that are wrong after each ten epochs.
fn errors(pretraining: usize, seed: u64, digits: &Split) -> nn::Result<Vec<f64>> {
    let from = &mut generator(seed, Purpose::Init, 0, 0);
    let config = Config { code: 64, hidden: vec![128], pretraining, ..Config::defaults(&digits.train) };
    let mut model = config.build(&digits.train, from)?;
    model.prepare(&digits.train, seed, &train_part)?;
    let classifier = model.0.classifier(10, from);

    let labels = digits.train.labels().expect("the digits have labels");
    let few: Vec<usize> = (0..LABELS).collect();
    let few = Dataset::new(digits.train.rows(&few)).with_labels(labels[..LABELS].to_vec());
    let mut task = Fit::new(classifier, &few, None, |model, batch, _| {
        let scores = model.forward(batch.x);
        Loss::sum(Unit::Nats, [("cross-entropy", losses::cross_entropy(scores, &batch.classes))])
    });
    let truth = digits.test.labels().expect("the digits have labels");
    let mut wrong = vec![];
    for part in 0..EPOCHS / 10 {
        let plan =
            Plan { epochs: 10, batch: 20, learning_rate: 3e-3, seed: seed + part as u64, ..Plan::default() };
        Trainer::new(plan, Adam::new(3e-3)).run(&mut task)?;
        let scores =
            autograd::value(&task.model, |model, tape| model.forward(tape.constant(digits.test.x())));
        let guesses = scores.argmax_over(-1);
        let missed = guesses.iter().zip(truth).filter(|(guess, label)| **guess != **label as usize).count();
        wrong.push(missed as f64 / truth.len() as f64);
    }
    Ok(wrong)
}

fn main() -> Result<(), Box<dyn Error>> {
    let digits = data::digits();
    let mut series = vec![];
    for (name, pretraining) in [("random start", 0), ("pretrained", 30)] {
        let runs: Vec<Vec<f64>> =
            (0..3).map(|seed| errors(pretraining, seed, &digits)).collect::<Result<_, _>>()?;
        let mean = |k: usize| 100.0 * runs.iter().map(|run| run[k]).sum::<f64>() / runs.len() as f64;
        let points: Vec<(f64, f64)> = (0..EPOCHS / 10).map(|k| (10.0 * (k as f64 + 1.0), mean(k))).collect();
        println!(
            "{name}: {:.1} % of the test digits are wrong with {LABELS} labels",
            points[points.len() - 1].1
        );
        series.push(Series { name: name.into(), points });
    }
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;
    let title = format!("A classifier from {LABELS} labels\ntest digits, mean of three runs");
    fs::write(folder.join("14_stacked.png"), png(&curves(&title, "epoch", "wrong, %", &series, &[])))?;
    println!("drawn in {}", folder.display());
    let last = |k: usize| series[k].points[EPOCHS / 10 - 1].1;
    assert!(last(1) < last(0));
    Ok(())
}
