//! Training any model of the zoo on a split data set, by the trainer of [`nn::train`].
//!
//! ```
//! use zoo::registry::find;
//! use zoo::train::{Plan, train};
//! use zoo::{data, evaluate};
//!
//! # fn main() -> nn::Result<()> {
//! let digits = data::digits();
//! let entry = find("ae")?;
//! let settings = entry.complete(&toml::Table::new(), &digits.train)?;
//! let mut model = entry.build(&settings, &digits.train, 0)?;
//! let before = evaluate::mean_squared_error(&*model, &digits.test);
//! let epochs = train(&mut *model, &digits, &Plan { epochs: 2, ..entry.plan(&digits.train) })?;
//! assert_eq!(epochs.len(), 2);
//! assert!(evaluate::mean_squared_error(&*model, &digits.test) < before);
//! # Ok(())
//! # }
//! ```

use autograd::Tensor;
use nn::checkpoint::Checkpoint;
use nn::optim::{self, Adam, Optimizer};
pub use nn::train::{Epoch, Plan, Terms, Trainer};
use nn::train::{Task, Update};
use nn::{Context, Result};

use crate::data::Split;
use crate::{AnyModel, evaluate};

/// A model that learns from the training examples and is judged by the test examples.
pub struct Lesson<'a> {
    /// What learns.
    pub model: &'a mut dyn AnyModel,
    /// What from.
    pub data: &'a Split,
}

impl Task<f32> for Lesson<'_> {
    fn examples(&self) -> usize {
        self.data.train.len()
    }

    fn step(&mut self, numbers: &[usize], context: Context, update: &mut Update<f32>) -> Result<Terms> {
        let x: Tensor<f32> = self.data.train.rows(numbers);
        self.model.train_step(&x, context.with_labels(self.data.train.labels_of(numbers)), update)
    }

    fn validate(&self, seed: u64) -> Option<Terms> {
        Some(evaluate::loss(self.model, &self.data.test, seed))
    }

    fn save(&self, into: &mut Checkpoint<f32>) {
        self.model.insert("model", into);
    }

    fn restore(&mut self, from: &Checkpoint<f32>) -> Result<(), String> {
        self.model.restore("model", from)
    }

    fn restore_optimizer(&self, optimizer: &mut dyn Optimizer<f32>, state: optim::State<f32>) -> Result<()> {
        self.model.restore_optimizer(optimizer, state)
    }
}

/// The trainer of the zoo: Adam by this plan.
pub fn trainer<'a>(plan: &Plan) -> Trainer<'a, f32> {
    Trainer::new(plan.clone(), Adam::new(plan.learning_rate))
}

/// Trains `model` with Adam and returns what every epoch came to.
///
/// # Errors
/// If the plan makes no sense, or the loss is not a finite number any more.
pub fn train(model: &mut dyn AnyModel, data: &Split, plan: &Plan) -> Result<Vec<Epoch>> {
    let mut trainer = trainer(plan);
    trainer.run(&mut Lesson { model, data })?;
    Ok(trainer.epochs().to_vec())
}
