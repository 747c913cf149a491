//! Convolutions along a series (Waibel et al. 1989; dilated in residual blocks: Bai et al. 2018), for any number of steps
//! and channels.
//!
//! Every stage halves the number of steps, as those of pictures do: see [`Stages`]. Blocks after a stage see further: the
//! steps that a kernel reads are 1, 2, 4 and so on apart, from block to block.

use autograd::Tensor;
use nn::layers::Layer;
use nn::{Activation, Dataset, Error, Generator, Result, Sequential};
use serde::{Deserialize, Serialize};

use super::shapes::{check_positive, from_channels, parts, series, series_of, to_channels};
use super::stages::{Stages, in_depth};
use super::{Architecture, Mlp, Norm};

/// Stages that halve the number of steps of a series, and the way back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv1d {
    /// Channels after each stage, each of which halves the number of steps.
    pub channels: Vec<usize>,
    /// Steps that a kernel reads, an odd number.
    pub kernel: usize,
    /// Residual blocks with dilated kernels after each stage; 0 for none.
    pub blocks: usize,
    /// Normalization after each convolution; in blocks before each activation.
    pub norm: Norm,
    /// Activation of all layers but the last.
    pub activation: Activation,
}

impl Architecture for Conv1d {
    const TITLE: &'static str = "convolutions that halve a series stage by stage";
    const TEXT: &'static str = include_str!("conv1d.rs");
    const ADDS_TO_MEAN: bool = true;

    /// As many stages as bring a series to 8 steps, one at least and five at most.
    fn usual(data: &Dataset, mlp: &Mlp) -> Self {
        let [mut steps, _] = series_of(data.schema()).unwrap_or([data.width(), 1]);
        let mut channels = vec![];
        while channels.len() < 5 && (steps > 8 || channels.is_empty()) {
            channels.push(32 << channels.len().min(1));
            steps = steps.div_ceil(2);
        }
        Conv1d { channels, kernel: 5, blocks: 0, norm: Norm::None, activation: in_depth(mlp.activation) }
    }

    fn encoder(
        &self,
        data: &Dataset,
        outputs: usize,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        let series = series("conv1d", data)?;
        let mut layers = to_channels(series);
        layers.extend(self.stages(series)?.encoder(outputs, from));
        Ok(Sequential::new(layers))
    }

    fn decoder(
        &self,
        data: &Dataset,
        code: usize,
        mean: &Tensor<f32>,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        let series @ [steps, channels] = series("conv1d", data)?;
        let parts = parts(mean, data);
        let mut layers = self.stages(series)?.decoder([code, parts * channels], from);
        layers.push(Layer::Unflatten(vec![parts * channels, steps]));
        layers.extend(from_channels(parts, series));
        Ok(Sequential::new(layers))
    }
}

impl Conv1d {
    fn stages(&self, [steps, planes]: [usize; 2]) -> Result<Stages<'_>> {
        check_positive("channels", &self.channels)?;
        if self.kernel.is_multiple_of(2) {
            let problem =
                format!("a kernel reads an odd number of steps, such as 5, and not {}", self.kernel);
            return Err(Error::setting("kernel", problem));
        }
        let &Conv1d { ref channels, kernel, blocks, norm, activation } = self;
        let (picture, hidden, kernel, dilated) = ([planes, 1, steps], &[][..], [1, kernel], true);
        Ok(Stages { picture, channels, hidden, kernel, blocks, dilated, norm, activation })
    }
}
