//! Convolutions that halve a picture stage by stage, and their way back: what networks of convolutions share.
//!
//! Every stage of the encoder is a convolution of stride 2: 28 → 14 → 7. The decoder enlarges by copying pixels to exactly
//! the size that the encoder had, also if it was odd, and convolves then. A transposed convolution would do both at once,
//! but its kernel reaches some pixels more often than others and leaves a checkerboard (Odena et al. 2016).
//!
//! Weights begin as those of other networks do: so that what a code says comes through, with the last convolution small. (A
//! variational model whose decoder hardly listens at first learns that codes are not worth their price, and stays there.)
//!
//! A series is a picture one pixel high, whose channels are those of the series.

use autograd::{Conv, Tensor, Upsample};
use nn::layers::{Conv2d, Layer, Residual};
use nn::{Activation, Generator, Init, Linear, Sequential};

use super::{Norm, SMALL};

/// The layers between a picture and the numbers at the ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stages<'a> {
    /// Channels, height and width of an example.
    pub(crate) picture: [usize; 3],
    /// Channels after each stage, each of which halves the picture.
    pub(crate) channels: &'a [usize],
    /// Units in linear layers between the smallest picture and the encoder's outputs.
    pub(crate) hidden: &'a [usize],
    /// Height and width of the kernels, odd numbers.
    pub(crate) kernel: [usize; 2],
    /// Residual blocks after each stage.
    pub(crate) blocks: usize,
    /// Whether the elements of a kernel are 1, 2, 4 and so on pixels apart, from block to block of a stage.
    pub(crate) dilated: bool,
    /// Normalization after every convolution, or before every activation of a residual block.
    pub(crate) norm: Norm,
    /// Activation of all layers.
    pub(crate) activation: Activation,
}

/// The activation of many layers where an objective says which suits its one: sigmoid units pass on a quarter of a gradient at
/// most, too little from layer to layer, and smooth ones that do not saturate take their place.
pub(super) fn in_depth(activation: Activation) -> Activation {
    if activation == Activation::Sigmoid { Activation::Silu } else { activation }
}

impl Stages<'_> {
    fn count(&self) -> usize {
        self.channels.len()
    }

    /// Channels, height and width after so many stages.
    fn after(&self, stages: usize) -> [usize; 3] {
        let [planes, height, width] = self.picture;
        let halved = |side| (0..stages).fold(side, |side: usize, _| side.div_ceil(2));
        let channels = if stages == 0 { planes } else { self.channels[stages - 1] };
        [channels, halved(height), halved(width)]
    }

    /// From pictures as rows of numbers to so many outputs.
    pub(super) fn picture_encoder(&self, outputs: usize, from: &mut Generator) -> Sequential<Tensor<f32>> {
        let mut layers = vec![Layer::Unflatten(self.picture.to_vec())];
        layers.extend(self.encoder(outputs, from));
        Sequential::new(layers)
    }

    /// From codes to so many numbers for each pixel and channel, as rows.
    pub(super) fn picture_decoder(
        &self,
        code: usize,
        parts: usize,
        from: &mut Generator,
    ) -> Sequential<Tensor<f32>> {
        let mut layers = self.decoder([code, self.picture[0] * parts], from);
        layers.push(Layer::Flatten);
        Sequential::new(layers)
    }

    /// Numbers of the smallest picture.
    fn smallest(&self) -> usize {
        self.after(self.count()).iter().product()
    }

    fn padding(&self) -> [usize; 2] {
        self.kernel.map(|side| side / 2)
    }

    /// Channels, height and width of the smallest picture.
    pub(super) fn smallest_picture(&self) -> [usize; 3] {
        self.after(self.count())
    }

    /// From a picture to `outputs`.
    pub(crate) fn encoder(&self, outputs: usize, from: &mut Generator) -> Vec<Layer<Tensor<f32>>> {
        let mut layers = self.down(from);
        layers.push(Layer::Flatten);
        let widths = [&[self.smallest()], self.hidden, &[outputs]].concat();
        layers.extend(linear(&widths, self.activation, Init::Glorot, from));
        layers
    }

    /// From a picture to the smallest one.
    pub(super) fn down(&self, from: &mut Generator) -> Vec<Layer<Tensor<f32>>> {
        let mut layers = vec![];
        for stage in 0..self.count() {
            let channels = [stage, stage + 1].map(|stages| self.after(stages)[0]);
            let options = Conv { stride: [2; 2], padding: self.padding(), ..Conv::default() };
            layers.push(Conv2d::new(channels, self.kernel, options, self.activation.init(), from).into());
            layers.extend(match self.blocks {
                0 => self.activated(channels[1]),
                _ => self.residual(channels[1], from),
            });
        }
        if self.blocks > 0 {
            layers.extend(self.activated(self.after(self.count())[0]));
        }
        layers
    }

    /// From a code to a picture of so many channels.
    pub(crate) fn decoder(
        &self,
        [code, planes]: [usize; 2],
        from: &mut Generator,
    ) -> Vec<Layer<Tensor<f32>>> {
        let hidden: Vec<usize> = self.hidden.iter().rev().copied().collect();
        let widths = [&[code], &hidden[..], &[self.smallest()]].concat();
        let mut layers = linear(&widths, self.activation, self.activation.init(), from);
        if self.blocks == 0 {
            layers.push(self.activation.into());
        }
        layers.push(Layer::Unflatten(self.after(self.count()).to_vec()));
        layers.extend(self.up(planes, from));
        layers
    }

    /// From the smallest picture to one of so many channels.
    pub(super) fn up(&self, planes: usize, from: &mut Generator) -> Vec<Layer<Tensor<f32>>> {
        let mut layers = vec![];
        for stage in (0..self.count()).rev() {
            let inner = self.after(stage + 1)[0];
            if self.blocks > 0 {
                layers.extend(self.residual(inner, from));
            }
            if self.blocks > 0 && stage == 0 {
                layers.extend(self.activated(inner));
            }
            let [outer, height, width] = self.after(stage);
            layers.push(Layer::UpsampleNearest(Upsample::Size([height, width])));
            let outer = if stage == 0 { planes } else { outer };
            layers.push(self.enlarged(stage, [inner, outer], from).into());
            if self.blocks == 0 && stage > 0 {
                layers.extend(self.activated(outer));
            }
        }
        layers
    }

    /// The convolution on the way back through a stage, after the pixels were copied: a pixel of the small picture is
    /// read again by the pixels that it is copied to. The one of the first stage, which is applied last, begins small.
    fn enlarged(
        &self,
        stage: usize,
        [inputs, outputs]: [usize; 2],
        from: &mut Generator,
    ) -> Conv2d<Tensor<f32>> {
        let [_, height, width] = self.after(stage);
        let [_, low, narrow] = self.after(stage + 1);
        let copies = height.div_ceil(low) * width.div_ceil(narrow);
        let pixels: usize = self.kernel.iter().product();
        let init = if stage == 0 { Init::Glorot } else { self.activation.init() };
        let shape = [&[outputs, inputs], &self.kernel[..]].concat();
        let weight = init.tensor(shape, inputs * pixels, outputs * pixels * copies, from);
        let weight: Tensor<f32> = if stage == 0 { weight.map(|w: f32| SMALL * w) } else { weight };
        let options = Conv { padding: self.padding(), ..Conv::default() };
        Conv2d { weight, bias: Tensor::zeros([outputs]), options }
    }

    /// Normalization and activation.
    fn activated(&self, channels: usize) -> Vec<Layer<Tensor<f32>>> {
        self.norm.layer(channels).into_iter().chain([self.activation.into()]).collect()
    }

    /// The blocks of a stage, `y = x + W₂ σ(norm(W₁ σ(norm(x))))` (He et al. 2016, *Identity mappings*). They begin small,
    /// so that many of them do not add up to a large sum.
    fn residual(&self, channels: usize, from: &mut Generator) -> Vec<Layer<Tensor<f32>>> {
        let part = ((self.blocks * self.count()) as f32).sqrt().recip();
        let block = |number: usize| {
            let apart = if self.dilated { 1 << number.min(16) } else { 1 };
            let padding = self.padding().map(|side| side * apart);
            let options = Conv { padding, dilation: [apart; 2], ..Conv::default() };
            let init = self.activation.init();
            let mut body = vec![];
            for second in [false, true] {
                body.extend(self.activated(channels));
                let mut conv = Conv2d::new([channels; 2], self.kernel, options, init, from);
                if second {
                    conv.weight = conv.weight.map(|w: f32| part * w);
                }
                body.push(conv.into());
            }
            Residual::new(body).into()
        };
        (0..self.blocks).map(block).collect()
    }
}

/// Linear layers with an activation between them; the `last` one begins otherwise.
fn linear(
    widths: &[usize],
    activation: Activation,
    last: Init,
    from: &mut Generator,
) -> Vec<Layer<Tensor<f32>>> {
    let mut layers: Vec<Layer<Tensor<f32>>> = vec![];
    for (i, pair) in widths.windows(2).enumerate() {
        if i > 0 {
            layers.push(activation.into());
        }
        let init = if i + 2 == widths.len() { last } else { activation.init() };
        layers.push(Linear::new(pair[0], pair[1], init, from).into());
    }
    layers
}
