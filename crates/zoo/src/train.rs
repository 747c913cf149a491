//! The trainer. It never knows which model it trains.

use std::ops::ControlFlow;
use std::time::Instant;

use nn::data::shuffled;
use nn::{Adam, Context, Error, Optimizer, Result, Schedule};
use serde::{Deserialize, Serialize};

use crate::AnyModel;
use crate::data::Split;
use crate::evaluate;
use crate::model::Terms;

/// How to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Passes over the training examples.
    pub epochs: usize,
    /// Examples in a step.
    pub batch: usize,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// How the rate changes.
    pub schedule: Schedule,
    /// Every random number of the run follows from it.
    pub seed: u64,
}

impl Plan {
    /// Refuses what cannot be trained.
    ///
    /// # Errors
    /// With one sentence that names the setting.
    pub fn check(&self, examples: usize) -> Result<()> {
        let invalid = |text| Err(Error::Invalid(text));
        if self.epochs == 0 {
            return invalid("training needs at least 1 epoch (--epochs 1)".into());
        }
        if self.batch == 0 {
            return invalid("a batch needs at least 1 example (--batch 1)".into());
        }
        if self.batch > examples {
            let batch = self.batch;
            return invalid(format!(
                "a batch of {batch} is larger than the {examples} training examples; choose --batch {examples} or less"
            ));
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return invalid(format!(
                "the learning rate must be a positive number, not {}",
                self.learning_rate
            ));
        }
        self.schedule.check()
    }
}

/// What one epoch came to.
#[derive(Clone, Debug)]
pub struct Epoch {
    /// Counted from 1.
    pub number: usize,
    /// The learning rate of its last step.
    pub rate: f64,
    /// Training loss: the mean over the epoch's steps, each before its update.
    pub train: Terms,
    /// Test loss after the epoch.
    pub test: Terms,
    /// Seconds since training began.
    pub seconds: f64,
}

/// What the trainer reports while it works.
pub enum Event<'a> {
    /// A step was made; `loss` is that of its batch.
    Step {
        /// Steps made so far.
        done: usize,
        /// Steps in all.
        of: usize,
        /// The loss of the batch.
        loss: f64,
    },
    /// An epoch was completed.
    Epoch(&'a Epoch),
}

/// Trains `model` with Adam and returns what every completed epoch came to. `watch` is told of every
/// step and may stop training by returning [`ControlFlow::Break`].
///
/// # Errors
/// If the plan makes no sense, or the loss is not a finite number any more.
pub fn train(
    model: &mut dyn AnyModel,
    data: &Split,
    plan: &Plan,
    watch: &mut dyn FnMut(Event) -> ControlFlow<()>,
) -> Result<Vec<Epoch>> {
    plan.check(data.train.len())?;
    let started = Instant::now();
    let mut adam = Adam::new(plan.learning_rate);
    let mut epochs = vec![];
    let steps_per_epoch = data.train.len().div_ceil(plan.batch);
    let steps = plan.epochs * steps_per_epoch;
    let mut done = 0;
    for number in 1..=plan.epochs {
        let order = shuffled(data.train.len(), plan.seed, number as u64);
        let mut sum: Option<Terms> = None;
        let mut rate = plan.learning_rate;
        for numbers in order.chunks(plan.batch) {
            rate = plan.learning_rate * plan.schedule.factor(done, steps);
            Optimizer::<f32>::set_rate(&mut adam, rate);
            let context = Context::training(plan.seed, number as u64, numbers);
            let mut terms = model.train_step(&data.train.rows(numbers), context, &mut adam);
            let loss = terms.total();
            if !loss.is_finite() {
                return Err(not_finite(&terms, number, done + 1));
            }
            done += 1;
            let weight = numbers.len() as f64 / order.len() as f64;
            terms.values.iter_mut().for_each(|term| term.1 *= weight);
            match &mut sum {
                None => sum = Some(terms),
                Some(sum) => sum.values.iter_mut().zip(&terms.values).for_each(|(sum, term)| sum.1 += term.1),
            }
            if watch(Event::Step { done, of: steps, loss }).is_break() {
                return Ok(epochs);
            }
        }
        let epoch = Epoch {
            number,
            rate,
            train: sum.expect("an epoch has a step"),
            test: evaluate::loss(model, &data.test, plan.seed),
            seconds: started.elapsed().as_secs_f64(),
        };
        let flow = watch(Event::Epoch(&epoch));
        epochs.push(epoch);
        if flow.is_break() {
            break;
        }
    }
    Ok(epochs)
}

fn not_finite(terms: &Terms, epoch: usize, step: usize) -> Error {
    let (name, value) = terms.values.iter().find(|term| !term.1.is_finite()).unwrap_or(&terms.values[0]);
    Error::Invalid(format!(
        "the {name} loss became {value} at step {step} (epoch {epoch}); a smaller --lr usually helps"
    ))
}
