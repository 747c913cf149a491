//! Noise that a denoising model learns to remove.

use autograd::Tensor;
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use super::{chance, for_each_example, for_each_row};
use crate::random::{Purpose, assert_not_recorded, keyed};
use crate::{Error, Result};

/// How the input of a denoising autoencoder is damaged, every value on its own (Vincent et al., 2010).
/// `ε` is standard normal. The noise is new in every epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Corruption {
    /// 0 with this probability.
    Masking(f64),
    /// `x + σ ε`, with this `σ`.
    Gaussian(f64),
    /// `x + σ ε`, where every example has a `σ` of its own, evenly drawn between these two: a model that has to do with noise
    /// of any strength (Zhang et al. 2017).
    GaussianBetween([f64; 2]),
    /// With this probability 0 or 1, either equally likely.
    SaltAndPepper(f64),
    /// `x (1 + σ ε)`, with this `σ`.
    Speckle(f64),
}

impl Corruption {
    /// Whether the number is a probability or a standard deviation.
    ///
    /// # Errors
    /// If a probability is outside `[0, 1]`, or a standard deviation negative or not finite.
    pub fn check(&self) -> Result<()> {
        match *self {
            Corruption::Masking(p) | Corruption::SaltAndPepper(p) if !(0.0..=1.0).contains(&p) => {
                Err(Error::setting(
                    "probability",
                    format!("the probability of a corruption is {p}; it must be between 0 and 1"),
                ))
            }
            Corruption::Gaussian(sigma) | Corruption::Speckle(sigma)
                if !(sigma >= 0.0 && sigma.is_finite()) =>
            {
                Err(Error::setting(
                    "sigma",
                    format!(
                        "the standard deviation of a corruption is {sigma}; it must be 0 or more, and finite"
                    ),
                ))
            }
            Corruption::GaussianBetween([low, high]) if !(low >= 0.0 && low <= high && high.is_finite()) => {
                Err(Error::setting(
                    "sigma",
                    format!(
                        "the standard deviations of a corruption lie between {low} and {high}; they must rise, from 0 or \
                         more, and be finite"
                    ),
                ))
            }
            _ => Ok(()),
        }
    }

    /// The damaged batch, of the same shape. Row `i` is example `examples[i]`.
    ///
    /// # Panics
    /// If there are not as many rows as examples.
    #[track_caller]
    pub fn apply(&self, x: &Tensor<f32>, seed: u64, epoch: u64, examples: &[usize]) -> Tensor<f32> {
        assert_not_recorded();
        self.applied(x, seed, epoch, examples)
    }

    /// The same for an operation, which damages anew at every replay.
    #[track_caller]
    pub(crate) fn applied(&self, x: &Tensor<f32>, seed: u64, epoch: u64, examples: &[usize]) -> Tensor<f32> {
        let from = |example| keyed(seed, Purpose::Corruption, epoch, example);
        match *self {
            Corruption::Masking(p) => {
                for_each_example(x, examples, from, |x, from| if chance(p, from) { 0.0 } else { x })
            }
            Corruption::SaltAndPepper(p) => for_each_example(x, examples, from, |x, from| {
                // One draw for both questions: the lower half of the lucky part is pepper.
                match from.random::<f64>() {
                    draw if draw < 0.5 * p => 0.0,
                    draw if draw < p => 1.0,
                    _ => x,
                }
            }),
            Corruption::Gaussian(sigma) => for_each_example(x, examples, from, |x, from| {
                x + (sigma * from.sample::<f64, _>(StandardNormal)) as f32
            }),
            Corruption::GaussianBetween([low, high]) => for_each_row(x, examples, from, |row, from| {
                let sigma = low + (high - low) * from.random::<f64>();
                row.iter_mut().for_each(|x| *x += (sigma * from.sample::<f64, _>(StandardNormal)) as f32);
            }),
            Corruption::Speckle(sigma) => for_each_example(x, examples, from, |x, from| {
                x * (1.0 + sigma * from.sample::<f64, _>(StandardNormal)) as f32
            }),
        }
    }
}
