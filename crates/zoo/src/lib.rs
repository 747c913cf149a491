//! A zoo of autoencoders, each true to its paper and measured against PCA with a code of the same
//! size.
//!
//! An autoencoder learns to copy its input through a narrow or noisy place, and so learns what the
//! input is made of. Every model here encodes (`x → z`) and decodes (`z → x̂`); they differ in their
//! loss, which each model's file states with its source.
//!
//! ```
//! use zoo::{data, models::pca::Pca};
//!
//! let digits = data::digits();
//! let pca = Pca::fit(digits.train.x(), 8);
//! let errors = zoo::evaluate::squared_errors(&pca, &digits.test);
//! let sse = errors.iter().sum::<f64>() / errors.len() as f64;
//! assert!((sse - 1.5620).abs() < 5e-5); // the summed squared error of an image
//! ```
//!
//! - [`models`]: one file for each model; [`registry`]: their names; [`describe`]: what they are, in words.
//! - [`estimator`]: any of them with `fit`, `transform`, `inverse_transform`.
//! - [`Model`]: what a model of your own implements; [`AnyModel`]: what everything below takes.
//! - [`train`](mod@train), [`evaluate`], [`likelihood`], [`pictures`], [`report`]: training, metrics, pictures, pages.
//! - [`uses`]: what codes are good for, from anomalies to compression.
//! - [`recommend`], [`flows`], [`graph`], [`onnx`], [`reproduce`]: recommendation, normalizing flows, models as graphs and
//!   for other programs, published results.
#![deny(clippy::print_stdout, clippy::print_stderr)]

#[cfg(doctest)]
mod book;
pub mod config;
pub mod data;
pub mod densities;
pub mod describe;
pub mod disentangle;
pub mod estimator;
pub mod evaluate;
pub mod flows;
pub mod forecast;
pub mod graph;
pub mod likelihood;
pub mod mixture;
pub mod model;
pub mod models;
pub mod network;
pub mod onnx;
#[cfg(feature = "plot")]
pub mod pictures;
pub mod plot;
pub mod recommend;
pub mod reference;
pub mod registry;
#[cfg(feature = "report")]
pub mod report;
pub mod reproduce;
pub mod run;
pub mod settings;
pub mod tendency;
pub mod terms;
pub mod together;
pub mod train;
pub mod uses;

/// The README's programs, which are run with the other examples of this documentation.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

pub use densities::Likelihood;
pub use model::{AnyModel, Learned, Model};
pub use settings::Settings;
pub use terms::{Loss, Unit};
