//! Neural networks on the [`autograd`] crate: layers, losses, optimizers, data and checkpoints.
//!
//! ```
//! use autograd::{Tensor, value_and_grad};
//! use nn::{Activation, Adam, Mlp, Purpose, generator, losses};
//!
//! // Learn the exclusive or.
//! let x = Tensor::<f64>::from_vec([4, 2], vec![0., 0., 0., 1., 1., 0., 1., 1.]);
//! let y = Tensor::from_vec([4, 1], vec![0., 1., 1., 0.]);
//! let mut model = Mlp::new(&[2, 8, 1], Activation::Tanh, &mut generator(0, Purpose::Init, 0, 0));
//! let mut adam = Adam::new(0.05);
//! for _ in 0..200 {
//!     let (_, gradient) = value_and_grad(&model, |model, tape| {
//!         losses::bce_with_logits(model.forward(tape.constant(&x)), tape.constant(&y))
//!     });
//!     adam.step(&mut model, &gradient);
//! }
//! let logits = autograd::value(&model, |model, tape| model.forward(tape.constant(&x)));
//! assert!(logits.to_vec().iter().zip(y.to_vec()).all(|(&logit, y)| (logit > 0.0) == (y > 0.5)));
//! ```
//!
//! - [`layers`]: structs of parameters with a `forward`, and how to write one; [`init`]: their first values.
//! - [`losses`]: what is minimized; [`optim`]: optimizers, schedules of the rate, clipping.
//! - [`data`]: data sets, readers, splits, scaling.
//! - [`sound`]: spectrograms with derivatives, other rates.
//! - [`train`]: the trainer, for those who do not want to write loops.
//! - [`pieces`]: a step shared among threads and processes, with the same bytes for any number of them.
//! - [`checkpoint`]: models in files that PyTorch reads as well.
//! - [`guide`]: recipes, each a program: a task, an optimizer and a layer of your own, two models against each other,
//!   frozen parameters, gradients of single examples, threads, replays.
//! - [`error`]: what can go wrong, by kinds that a program can tell apart.
//! - [`random`] and [`Context`]: random numbers that depend on seed, epoch and example, and on nothing else.
#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod checkpoint;
pub mod context;
pub mod data;
pub mod error;
pub mod files;
pub mod guide;
pub mod init;
pub mod layers;
pub mod losses;
pub mod optim;
pub mod pieces;
pub mod random;
pub mod sound;
pub mod train;

pub use context::Context;
pub use data::Dataset;
pub use error::{Error, Result};
pub use init::Init;
pub use layers::{Activation, Linear, Mlp, Sequential};
pub use optim::{Adam, Optimizer, Schedule, Sgd};
pub use random::{Generator, Purpose, generator};
