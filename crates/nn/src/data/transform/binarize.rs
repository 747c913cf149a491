//! Bits in place of grey values.

use autograd::Tensor;
use serde::{Deserialize, Serialize};

use super::{chance, for_each_example};
use crate::random::{Purpose, generator};
use crate::{Error, Result};

/// How grey values in `[0, 1]` become bits, 0 or 1. Likelihoods of binary images can only be compared
/// between models for which they were binarized in the same way.
///
/// At random, a value `x` becomes 1 with probability `x`; values outside `[0, 1]` count as the nearer end.
/// Bits drawn once have been usual since Salakhutdinov and Murray (2008), new bits in every epoch since
/// Burda et al. (2016).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binarize {
    /// They do not.
    #[default]
    None,
    /// 1 if the value is above this threshold.
    Threshold(f32),
    /// At random, with the same bits for an example in every epoch and in every run.
    Static {
        /// Another seed gives other bits.
        seed: u64,
    },
    /// At random, with new bits in every epoch.
    Dynamic,
}

impl Binarize {
    /// Whether the threshold is one.
    ///
    /// # Errors
    /// If it is outside `[0, 1)`, so that all bits would be the same.
    pub fn check(&self) -> Result<()> {
        match *self {
            Binarize::Threshold(threshold) if !(0.0..1.0).contains(&threshold) => Err(Error::setting(
                "threshold",
                format!("the threshold of binarization is {threshold}; it must be at least 0 and below 1"),
            )),
            _ => Ok(()),
        }
    }

    /// The bits of a batch, of the same shape. Row `i` is example `examples[i]`; `seed` is that of the run.
    ///
    /// # Panics
    /// If there are not as many rows as examples.
    #[track_caller]
    pub fn apply(&self, x: &Tensor<f32>, seed: u64, epoch: u64, examples: &[usize]) -> Tensor<f32> {
        let (seed, epoch) = match *self {
            Binarize::None => return x.clone(),
            Binarize::Threshold(threshold) => return x.map(|x| bit(x > threshold)),
            Binarize::Static { seed } => (seed, 0),
            Binarize::Dynamic => (seed, epoch),
        };
        let from = |example| generator(seed, Purpose::Binarize, epoch, example);
        for_each_example(x, examples, from, |x, from| bit(chance(x.into(), from)))
    }
}

fn bit(set: bool) -> f32 {
    if set { 1.0 } else { 0.0 }
}
