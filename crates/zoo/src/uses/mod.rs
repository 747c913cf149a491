//! What codes are good for. Every use takes any model, as `&dyn` [`AnyModel`](crate::AnyModel), and
//! plain tensors; none of them knows which model it is.

pub mod anomaly;
pub mod columns;
pub mod compression;
pub mod features;
pub mod geodesic;
pub mod impute;
pub mod langevin;
pub mod latent;
pub mod manifold;
pub mod maps;
pub mod metrics;
pub mod realism;
pub mod sample;
pub mod search;
pub mod series;
pub mod sound;
pub mod stretches;
pub mod synthesize;
pub mod texts;
pub mod tiles;
