//! The models, one file each: the paper, the equation, the settings with their defaults, the loss.

pub mod autoencoder;
pub mod capacity_vae;
pub mod codebook;
pub mod conditional_vae;
pub mod contractive;
pub mod conv;
pub mod decoder;
pub mod denoising;
pub mod dictionary;
pub mod flow_vae;
pub mod ica;
pub mod iwae;
pub mod jumprelu;
pub mod linear;
pub mod mirror;
pub mod pca;
mod principal;
pub mod rae;
pub mod residual;
pub mod sequence;
pub mod sparse;
pub mod sparse_kl;
pub mod stacked;
pub mod tc_vae;
pub mod topk;
pub mod vae;
pub mod vamp;
pub mod variational;
pub mod vq_vae;
pub mod wae;

use nn::{Error, Result};

/// Widths of an encoder's layers, input first; a decoder has the same in reverse.
fn widths(input: usize, hidden: &[usize], code: usize) -> Vec<usize> {
    [&[input], hidden, &[code]].concat()
}

fn reversed(mut widths: Vec<usize>) -> Vec<usize> {
    widths.reverse();
    widths
}

/// Numbers in the code of a small data set where nothing is said: 8, but fewer than there are features, for a
/// code that can hold everything need not learn anything.
fn small_code(data: &nn::Dataset) -> usize {
    data.width().div_ceil(2).min(8)
}

/// Refuses layers without units.
fn check_widths(hidden: &[usize], code: usize) -> Result<()> {
    if code == 0 {
        return Err(Error::Invalid("the code must have at least 1 number (--code 1)".into()));
    }
    if hidden.contains(&0) {
        return Err(Error::Invalid(format!("a hidden layer must have at least 1 unit, not {hidden:?}")));
    }
    Ok(())
}

/// Refuses weights of terms that are negative or no numbers.
fn check_weight(name: &str, weight: f64) -> Result<()> {
    if weight >= 0.0 && weight.is_finite() {
        return Ok(());
    }
    Err(Error::Invalid(format!("{name} must be a number from 0 up, not {weight}")))
}

/// Refuses a setting that is no share of the training.
fn check_share(name: &str, value: f64) -> Result<()> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(Error::Invalid(format!("{name} is a share of the training, from 0 to 1, and cannot be {value}")))
}
