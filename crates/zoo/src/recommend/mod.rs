//! Recommendation: who chose what, or how it was rated, as data of the zoo.
//!
//! The examples are users, the features are items, and almost all of them are missing. A model learns to complete a user's
//! row from the few entries that are there. Models of the zoo do so by their own objectives, on the network
//! [`Bag`](crate::network::Bag):
//!
//! | | objective | likelihood |
//! |---|---|---|
//! | `mult-vae` | `vae` | multinomial: items compete for the next choice |
//! | `mult-dae` | `denoising` | the same |
//! | `autorec` | `ae` | squared error of the ratings that are there |
//!
//! [`Interactions`] are read from a table and kept sparse, a [`Study`] hides a part of them, a [`Recommender`] makes lists,
//! and [`metrics`] define how these are judged, beside [`popularity`] and [`Ease`].

mod biases;
mod interactions;
pub mod metrics;
mod recommender;
mod rivals;
mod study;

pub use biases::Biases;
pub use interactions::{Choices, Interactions};
pub use recommender::{Judged, Quality, Recommender};
pub use rivals::{Ease, popularity};
pub use study::{HIDDEN, Part, Study, hide};
