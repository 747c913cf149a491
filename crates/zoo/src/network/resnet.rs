//! Residual convolutions (He et al. 2016, *Identity mappings*): stages that halve a picture, each followed by blocks
//! `y = x + W₂ σ(norm(W₁ σ(norm(x))))`, whose way past is open for gradients. For pictures of any size and any channels.

use autograd::Tensor;
use nn::{Activation, Dataset, Generator, Result, Sequential};
use serde::{Deserialize, Serialize};

use super::shapes::{check_positive, parts, picture};
use super::stages::Stages;
use super::{Architecture, Mlp, Norm};

/// Stages that halve a picture, residual blocks after each, and the way back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResNet {
    /// Channels after each stage, each of which halves a picture.
    pub channels: Vec<usize>,
    /// Residual blocks after each stage.
    pub blocks: usize,
    /// Normalization before each activation.
    pub norm: Norm,
    /// Activation in the blocks.
    pub activation: Activation,
}

impl Architecture for ResNet {
    const TITLE: &'static str = "residual convolutions, for pictures";
    const TEXT: &'static str = include_str!("resnet.rs");
    const ADDS_TO_MEAN: bool = true;

    /// As many stages as bring a picture to 8 pixels, one at least.
    fn usual(data: &Dataset, _: &Mlp) -> Self {
        let [_, height, width] = data.schema().as_image().unwrap_or([1, 8, 8]);
        let (mut side, mut channels) = (height.max(width), vec![]);
        while side > 8 || channels.is_empty() {
            channels.push(32 << channels.len().min(2));
            side = side.div_ceil(2);
        }
        ResNet { channels, blocks: 1, norm: Norm::Group, activation: Activation::Silu }
    }

    fn encoder(
        &self,
        data: &Dataset,
        outputs: usize,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        Ok(self.stages(data)?.picture_encoder(outputs, from))
    }

    fn decoder(
        &self,
        data: &Dataset,
        code: usize,
        mean: &Tensor<f32>,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        Ok(self.stages(data)?.picture_decoder(code, parts(mean, data), from))
    }
}

impl ResNet {
    fn stages(&self, data: &Dataset) -> Result<Stages<'_>> {
        let picture = picture("resnet", data)?;
        check_positive("channels", &self.channels)?;
        check_positive("blocks", &[self.blocks])?;
        let &ResNet { ref channels, blocks, norm, activation } = self;
        let (hidden, kernel, dilated) = (&[][..], [3, 3], false);
        Ok(Stages { picture, channels, hidden, kernel, blocks, dilated, norm, activation })
    }
}
