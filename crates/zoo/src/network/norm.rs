//! Normalization between layers, as a setting.

use autograd::Tensor;
use nn::layers::{BatchNorm, GroupNorm, Layer};
use serde::{Deserialize, Serialize};

/// The normalization that keeps the sums of a layer in range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Norm {
    /// None.
    None,
    /// By mean and variance of each unit or channel over the batch; over the training data afterwards (Ioffe and Szegedy
    /// 2015). Codes then never depend on the other examples of a batch, but training does, and needs at least two.
    Batch,
    /// By mean and variance of all units of an example, whatever its channel and place (Ba et al. 2016).
    Layer,
    /// By mean and variance of each group of neighbouring channels of an example (Wu and He 2018): 8 groups, or fewer so
    /// that each has at least 4 channels.
    Group,
}

impl Norm {
    /// A layer for `[batch, channels, …]`.
    pub(crate) fn layer(self, channels: usize) -> Option<Layer<Tensor<f32>>> {
        match self {
            Norm::None => None,
            Norm::Batch => Some(BatchNorm::new(channels).into()),
            Norm::Layer => Some(GroupNorm::new(1, channels).into()),
            Norm::Group => Some(GroupNorm::new(groups(channels), channels).into()),
        }
    }
}

/// The largest number of groups up to 8 that divides the channels and leaves at least 4 to each: where a picture has
/// shrunk to one pixel, a group of a single channel would be nothing but its mean.
fn groups(channels: usize) -> usize {
    (2..=8).rev().find(|&groups| channels.is_multiple_of(groups) && channels / groups >= 4).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_several_channels() {
        let found = [1, 2, 4, 8, 16, 24, 32, 36, 64].map(groups);
        assert_eq!(found, [1, 1, 1, 2, 4, 6, 8, 6, 8]);
    }
}
