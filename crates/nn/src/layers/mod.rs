//! Layers: structs whose leaves `W` are tensors at rest and variables on a tape.
//!
//! A layer at rest is made by `new` (parameters drawn from an explicit generator), on a tape it is
//! applied by `forward`. Only layers that do something else in training than in evaluation take a
//! [`Context`](crate::Context), which says so: [`Dropout`], [`BatchNorm`], and layers that may contain them.
//!
//! A layer of your own is a struct of layers, one line, and a `forward`:
//!
//! ```
//! use autograd::{Real, Tensor, Var, tree};
//! use nn::Linear;
//!
//! /// `y = σ(V x) · (W x)` (Dauphin et al. 2017).
//! struct Gated<W> {
//!     gate: Linear<W>,
//!     linear: Linear<W>,
//! }
//! tree!(Gated { gate, linear });
//!
//! impl<'t, T: Real> Gated<Var<'t, T>> {
//!     fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
//!         self.gate.forward(x).sigmoid() * self.linear.forward(x)
//!     }
//! }
//! ```
//!
//! Layers one after the other are a [`Sequential`], or, with layers of your own among them, a tuple: see [`Forward`].

mod activation;
mod attention;
mod convolution;
mod dropout;
mod embedding;
mod embedding_bag;
mod forward;
mod gru;
mod linear;
mod lstm;
mod mlp;
mod normalization;
mod positions;
mod recurrent;
mod rms_norm;
mod separable;
mod sequential;
mod tied;
mod token_reader;
mod token_writer;
mod transformer;

pub use activation::Activation;
pub use attention::{Attention, Visible};
pub use convolution::{Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d};
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use embedding_bag::{EmbeddingBag, Pooling};
pub use forward::Forward;
pub use gru::Gru;
pub use linear::Linear;
pub use lstm::Lstm;
pub use mlp::Mlp;
pub use normalization::{BatchNorm, GroupNorm, LayerNorm};
pub use positions::{LearnedPositions, SinusoidalPositions};
pub use recurrent::{Bidirectional, Direction, Recurrent};
pub use rms_norm::RmsNorm;
pub use separable::SeparableConv2d;
pub use sequential::{Layer, Residual, Sequential};
pub use tied::Tied;
pub use token_reader::TokenReader;
pub use token_writer::TokenWriter;
pub use transformer::{NormPlace, TransformerBlock};
