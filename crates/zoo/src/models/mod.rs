//! The models, one file each: the paper, the equation, the settings with their defaults, the loss.

pub mod autoencoder;
pub mod autorec;
pub mod body;
pub mod capacity_vae;
pub mod codebook;
pub mod conditional_vae;
pub mod contractive;
pub mod denoising;
pub mod dictionary;
pub mod dncnn;
pub mod flow_vae;
pub mod ica;
pub mod iwae;
pub mod jumprelu;
pub mod linear;
pub mod mirror;
pub mod mult_dae;
pub mod mult_vae;
pub mod pca;
pub mod presets;
mod principal;
pub mod rae;
pub mod sparse;
pub mod sparse_kl;
pub mod spectral_mask;
pub mod stacked;
pub mod tc_vae;
pub mod topk;
pub mod vae;
pub mod vamp;
pub mod variational;
pub mod vq_vae;
pub mod wae;

use autograd::Tensor;
use nn::{Dataset, Error, Result};

use crate::network::texts::text_of;
use crate::{AnyModel, evaluate};

/// Widths of an encoder's layers, input first; a decoder has the same in reverse.
fn widths(input: usize, hidden: &[usize], code: usize) -> Vec<usize> {
    [&[input], hidden, &[code]].concat()
}

/// Numbers in the code of a small data set where nothing is said: 8, but fewer than there are features, for a
/// code that can hold everything need not learn anything.
fn small_code(data: &Dataset) -> usize {
    if text_of(data.schema()).is_some() {
        // A letter has one to two bits beside those before it, and a number has room for as many.
        return data.width().min(64);
    }
    data.width().div_ceil(2).min(8)
}

/// The factor, at most 1, by which what a model adds to the mean comes nearest to what training examples add to it:
/// `s = Σ (x − m)(x̂ − m) / Σ (x̂ − m)²`. Scaled so, a first reconstruction is no worse than the mean.
fn best_share(model: &dyn AnyModel, data: &Dataset) -> f32 {
    /// As many examples as are looked at.
    const ENOUGH: usize = 256;
    let some = data.x().slice(0, ..data.len().min(ENOUGH));
    let mean = evaluate::mean(data.x());
    let from_mean = |x: &Tensor<f32>| x.zip(&mean, |x, m| x - m).cast::<f64>();
    let (wanted, found) = (from_mean(&some), from_mean(&model.decode(&model.encode(&some))));
    let [with, itself] = [&wanted, &found].map(|other| found.zip(other, |a, b| a * b).sum_to([]).item());
    if itself > 0.0 { (with / itself).clamp(0.0, 1.0) as f32 } else { 1.0 }
}

/// Refuses layers without units.
fn check_widths(hidden: &[usize], code: usize) -> Result<()> {
    if code == 0 {
        return Err(Error::setting("code", "the code must have at least 1 number (--code 1)"));
    }
    if hidden.contains(&0) {
        return Err(Error::setting(
            "hidden",
            format!("a hidden layer must have at least 1 unit, not {hidden:?}"),
        ));
    }
    Ok(())
}

/// Refuses weights of terms that are negative or no numbers.
fn check_weight(name: &str, weight: f64) -> Result<()> {
    if weight >= 0.0 && weight.is_finite() {
        return Ok(());
    }
    Err(Error::setting(name, format!("{name} must be a number from 0 up, not {weight}")))
}

/// Refuses a setting that is no share of the training.
fn check_share(name: &str, value: f64) -> Result<()> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(Error::setting(
        name,
        format!("{name} is a share of the training, from 0 to 1, and cannot be {value}"),
    ))
}
