//! Training: epochs, batches, evaluation, callbacks, checkpoints.
//!
//! A [`Trainer`] knows how to train, not what: that is a [`Task`]. [`Fit`] is the task of a model with
//! data in memory and a loss.
//!
//! ```
//! use autograd::{Real, Tensor};
//! use nn::losses::{self, Loss, Unit};
//! use nn::optim::Adam;
//! use nn::train::{EarlyStopping, Fit, Plan, Trainer};
//! use nn::{Activation, Dataset, Mlp, Purpose, generator};
//!
//! # fn main() -> nn::Result<()> {
//! // Which quarter of the plane is a point in?
//! let x = nn::random::uniform([400, 2], -1.0, 1.0, &mut generator(0, Purpose::Noise, 0, 0));
//! let quarter = |p: &[f32]| u32::from(p[0] > 0.0) + 2 * u32::from(p[1] > 0.0);
//! let labels: Vec<u32> = x.to_vec().chunks(2).map(quarter).collect();
//! let data = Dataset::new(x).with_labels(labels);
//!
//! let model = Mlp::new(&[2, 16, 4], Activation::Relu, &mut generator(0, Purpose::Init, 0, 0));
//! let mut task = Fit::new(model, &data, Some(&data), |model, batch, _context| {
//!     let logits = model.forward(batch.x);
//!     Loss::sum(Unit::Nats, [("cross-entropy", losses::cross_entropy(logits, &batch.classes))])
//! });
//! let plan = Plan { epochs: 30, batch: 50, learning_rate: 0.01, ..Plan::default() };
//! let mut trainer = Trainer::new(plan, Adam::new(0.01)).with(EarlyStopping::patience(5));
//! let ended = trainer.run(&mut task)?; // finished, or stopped early
//! println!("{ended:?} after {} epochs", trainer.epochs().len());
//! assert!(trainer.epochs().last().unwrap().validation.as_ref().unwrap().total() < 0.2);
//! # Ok(())
//! # }
//! ```

mod callbacks;
mod in_pieces;
mod plan;
#[cfg(feature = "progress")]
mod progress;
mod task;
mod tensorboard;
mod terms;
mod trainable;
mod trainer;

pub use callbacks::{Callback, EarlyStopping, MetricsFile, StopFlag};
pub use plan::Plan;
#[cfg(feature = "progress")]
pub use progress::ProgressBar;
pub use task::{Batch, Fit, Task, Update};
pub use tensorboard::TensorBoard;
pub use terms::Terms;
pub use trainable::Trainable;
pub use trainer::{Ended, Epoch, Step, Trainer};
