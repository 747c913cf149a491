//! A classifier for the embedded digits, by the trainer: a plan, a loss, callbacks.
//!
//! You should see the share of test digits that are right, 97 % or more.

use std::error::Error;

use nn::layers::{BatchNorm, Dropout};
use nn::losses::{self, Loss, Unit};
use nn::optim::{AdamW, Schedule};
use nn::train::{Fit, Plan, ProgressBar, Trainer};
use nn::{Activation, Context, Init, Linear, Purpose, Sequential, generator};
use zoo::data;

fn main() -> Result<(), Box<dyn Error>> {
    let digits = data::digits();
    let from = &mut generator(1, Purpose::Init, 0, 0);
    let model = Sequential::new([
        Linear::new(64, 128, Init::He, from).into(),
        BatchNorm::new(128).into(),
        Activation::Relu.into(),
        Dropout::new(0.3).into(),
        Linear::new(128, 10, Init::Glorot, from).into(),
    ]);

    let mut task = Fit::new(model, &digits.train, Some(&digits.test), |model, batch, context| {
        let logits = model.forward(batch.x, context); // [batch, 10]
        Loss::sum(Unit::Nats, [("cross-entropy", losses::cross_entropy(logits, &batch.classes))])
    });
    let schedule = Schedule::Cosine { floor: 0.0 };
    let plan = Plan { epochs: 60, batch: 64, learning_rate: 5e-3, schedule, ..Plan::default() };
    let mut trainer = Trainer::new(plan, AdamW::new(5e-3)).with(ProgressBar::new());
    trainer.run(&mut task)?;

    let examples: Vec<usize> = (0..digits.test.len()).collect();
    let logits = autograd::value(&task.model, |model, tape| {
        model.forward(tape.constant(digits.test.x()), &mut Context::evaluation(0, &examples))
    });
    let labels = digits.test.labels().expect("the digits have labels");
    let guesses = logits.argmax_over(-1);
    let right = guesses.iter().zip(labels).filter(|(guess, label)| **guess == **label as usize).count();
    let accuracy = right as f64 / labels.len() as f64;
    println!("{:.1} % of {} test digits are right", 100.0 * accuracy, labels.len());
    assert!(accuracy >= 0.97);
    Ok(())
}
