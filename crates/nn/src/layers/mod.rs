//! Layers: structs whose leaves `W` are tensors at rest and variables on a tape.

mod activation;
mod linear;
mod mlp;

pub use activation::Activation;
pub use linear::Linear;
pub use mlp::Mlp;
