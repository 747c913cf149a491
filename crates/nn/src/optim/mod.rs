//! Optimizers: rules that move parameters `w` against the gradient `g` of a loss.
//!
//! | rule | step of every element | paper |
//! |---|---|---|
//! | [`Sgd`] | `v ← μ v + g`, `w ← w − η v` | Polyak 1964; Sutskever et al. 2013 |
//! | [`Adagrad`] | `w ← w − η g / √Σ g²` | Duchi et al. 2011 |
//! | [`RmsProp`] | `w ← w − η g / √mean(g²)` | Hinton 2012; Graves 2013 |
//! | [`Adadelta`] | `w ← w − η g √mean(Δ²) / √mean(g²)` | Zeiler 2012 |
//! | [`Adam`] | `w ← w − η mean(g) / √mean(g²)` | Kingma and Ba 2015 |
//! | [`AdamW`] | Adam and `w ← (1 − η λ) w` | Loshchilov and Hutter 2019 |
//! | [`Adamax`] | `w ← w − η mean(g) / max(β₂ᵏ ∣g∣)` | Kingma and Ba 2015 |
//! | [`NAdam`] | Adam that looks ahead, as Nesterov | Dozat 2016 |
//! | [`Lion`] | `w ← w − η (sign mean(g) + λ w)` | Chen et al. 2023 |
//!
//! Each of them is a [`Rule`], one pass over memory ([`Tensor::update`](autograd::Tensor::update)), for an [`Optimizer`]. With the
//! whole data at hand, [`Lbfgs`] and [`ConjugateGradient`] search along a line for every step: they
//! are [`FullBatch`] optimizers.
//!
//! Around them: a [`Schedule`] for the rate, [`Groups`] of parameters with settings of their own,
//! gradients [clipped](clip) or [accumulated](Accumulator), [averaged](Average) weights, and a [`State`]
//! to save and restore everything, bit for bit.
//!
//! ```
//! use autograd::Tensor;
//! use nn::optim::{AdamW, Group, Groups, Schedule};
//! use nn::{Activation, Mlp, Purpose, generator};
//!
//! # fn main() -> nn::Result<()> {
//! let mut model = Mlp::<Tensor<f64>>::new(&[3, 8, 1], Activation::Tanh, &mut generator(0, Purpose::Init, 0, 0));
//! let mut adam = AdamW::new(0.01);
//! // Biases are not decayed.
//! adam.set_groups(Groups::of(&model, vec![Group::new("*.bias").with_weight_decay(0.0)])?);
//! let schedule = Schedule::warmup(0.1, Schedule::Cosine { floor: 0.0 });
//! let x = Tensor::ones([5, 3]);
//! for step in 0..100 {
//!     adam.set_rate(0.01 * schedule.factor(step, 100));
//!     adam.minimize(&mut model, |model, tape| model.forward(tape.constant(&x)).square().mean());
//! }
//! # Ok(())
//! # }
//! ```

mod accumulate;
mod adadelta;
mod adagrad;
mod adam;
mod adamax;
mod adamw;
pub mod clip;
mod conjugate_gradient;
mod ema;
mod full_batch;
mod groups;
mod lbfgs;
mod line_search;
mod lion;
mod memory;
mod nadam;
mod optimizer;
mod plateau;
mod refused;
mod rmsprop;
mod rule;
mod schedule;
mod schedule_text;
mod sgd;

pub use accumulate::Accumulator;
pub use adadelta::Adadelta;
pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adamax::Adamax;
pub use adamw::AdamW;
pub use conjugate_gradient::ConjugateGradient;
pub use ema::Average;
pub use full_batch::{Descent, FullBatch, Outcome, Point, Progress};
pub use groups::{Group, Groups};
pub use lbfgs::Lbfgs;
pub use line_search::LineSearch;
pub use lion::Lion;
use memory::Memory;
pub use memory::State;
pub use nadam::NAdam;
pub use optimizer::Optimizer;
use optimizer::{each_parameter, each_parameter_mut};
pub use plateau::Plateau;
pub(crate) use refused::Refused;
pub use rmsprop::RmsProp;
pub use rule::{Kept, Numbers, Rule, Slot};
pub use schedule::{Phase, Schedule};
pub use sgd::Sgd;
