//! The models, one file each: the paper, the equation, the settings with their defaults, the loss.

pub mod autoencoder;
pub mod capacity_vae;
pub mod codebook;
pub mod conditional_vae;
pub mod decoder;
pub mod flow_vae;
pub mod iwae;
pub mod pca;
pub mod tc_vae;
pub mod conv;
pub mod denoising;
pub mod dictionary;
pub mod jumprelu;
pub mod linear;
pub mod pca;
pub mod residual;
pub mod sparse;
pub mod sparse_kl;
pub mod topk;
pub mod vae;
pub mod vamp;
pub mod variational;
pub mod vq_vae;

use nn::{Error, Result};

/// Widths of an encoder's layers, input first; a decoder has the same in reverse.
fn widths(input: usize, hidden: &[usize], code: usize) -> Vec<usize> {
    [&[input], hidden, &[code]].concat()
}

fn reversed(mut widths: Vec<usize>) -> Vec<usize> {
    widths.reverse();
    widths
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
