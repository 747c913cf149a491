//! The convolutional autoencoder (Masci et al. 2011), with strides in place of pooling.
//!
//! > `L(x) = ‖x − x̂‖²`,  `z = A · conv(… conv(x))`
//!
//! Every stage of the encoder is a 3×3 convolution of stride 2, which halves the image: 28 → 14 → 7, or
//! 8 → 4 → 2. A linear layer makes the code. The decoder enlarges by copying pixels to exactly the size
//! that the encoder had, also if it was odd, and convolves then. A transposed convolution would do both
//! at once, but its kernel reaches some pixels more often than others and leaves a checkerboard
//! (Odena et al. 2016).
//!
//! The decoder adds to the mean image of the training data, and all weights begin small: with the variance of Glorot and
//! Bengio (2010) for the numbers that a unit really reads and feeds. A pixel of a small image is read again by the four
//! pixels that it is copied to, and the layer after the code feeds thousands of units from a few, so the first output is
//! little more than the mean. The larger weights of He et al. (2015) keep the variance of such a decoder, and begin
//! images of 64×64 with ten times the error of the mean image, from where Adam's first steps switch rectifiers off for
//! good.

use autograd::{Buffer, Real, Tensor, Upsample, Var, tree};
use nn::layers::Conv2d;
use nn::{Activation, Context, Dataset, Error, Generator, Init, Linear, Result};
use serde::{Deserialize, Serialize};

use super::check_widths;
use crate::network::Stages;
use crate::registry::Entry;
use crate::{Learned, Likelihood, Loss, Model, Settings, evaluate};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "conv",
    title: "convolutional autoencoder",
    equation: "‖x − x̂‖², strided convolutions",
    source: "Masci et al. 2011; Odena et al. 2016",
    may_copy: true,
    reads_all_at_once: false,
    ..Entry::of::<Config>(include_str!("conv.rs"))
};

/// Settings of a convolutional autoencoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Numbers in the code.
    pub code: usize,
    /// Channels after each stage of the encoder, each of which halves the image.
    pub channels: Vec<usize>,
    /// Activation after every convolution but the last.
    pub activation: Activation,
    /// What the decoder's output means.
    pub likelihood: Likelihood,
}

/// Convolutions and the two linear layers around the code.
#[derive(Clone, Debug)]
pub struct ConvAutoencoder<W> {
    /// One for each stage, from the image down.
    pub encoder: Vec<Conv2d<W>>,
    /// Smallest image to code.
    pub to_code: Linear<W>,
    /// Code to smallest image.
    pub from_code: Linear<W>,
    /// One for each stage, from the image down: the last is applied first.
    pub decoder: Vec<Conv2d<W>>,
    /// The output for the mean image, `[pixels]`, to which the decoder adds.
    pub mean: Buffer<W>,
    /// Height and width of the image and after each stage.
    sizes: Vec<[usize; 2]>,
    /// Channels of the image.
    planes: usize,
    activation: Activation,
    likelihood: Likelihood,
}
tree!(ConvAutoencoder { encoder, to_code, from_code, decoder, mean; sizes, planes, activation, likelihood });

impl Settings for Config {
    type Model = Learned<ConvAutoencoder<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        let (code, channels) = if data.width() < 256 { (8, vec![16, 32]) } else { (32, vec![32, 64]) };
        Config { code, channels, activation: Activation::Relu, likelihood: Likelihood::SquaredError }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_widths(&self.channels, self.code)?;
        let Some(image) = data.schema().as_image() else {
            let text = "a convolutional autoencoder needs images of known height and width: pictures, IDX files, or an \
                        array [images, height, width]; `ae` takes any";
            return Err(Error::unsupported(text));
        };
        if self.channels.is_empty() {
            return Err(Error::setting(
                "channels",
                "channels must list at least one stage, as in `channels = [16]`",
            ));
        }
        let stages = Stages::new(image, &self.channels);
        let (activation, likelihood) = (self.activation, self.likelihood);
        let encoder = (0..stages.count()).map(|stage| stages.halve(stage, Init::Glorot, from)).collect();
        let back = |stage: usize| if stage == 0 { image[0] } else { self.channels[stage - 1] };
        let decoder = (0..stages.count())
            .map(|stage| stages.enlarged(stage, back(stage), Init::Glorot, from))
            .collect();
        let mean = Buffer(likelihood.output_for(&evaluate::mean(data.x())));
        let smallest = stages.smallest().iter().product();
        let to_code = Linear::new(smallest, self.code, Init::Glorot, from);
        let from_code = Linear::new(self.code, smallest, Init::Glorot, from);
        Ok(Learned(ConvAutoencoder {
            encoder,
            to_code,
            from_code,
            decoder,
            mean,
            planes: image[0],
            sizes: stages.sizes,
            activation,
            likelihood,
        }))
    }
}

impl<'t, T: Real> ConvAutoencoder<Var<'t, T>> {
    /// The decoder's output for a code, `[batch, pixels]`.
    fn output(&self, z: Var<'t, T>) -> Var<'t, T> {
        let (batch, stages) = (z.shape()[0], self.decoder.len());
        let [height, width] = self.sizes[stages];
        let smallest = self.activation.apply(self.from_code.forward(z));
        let mut y = smallest.reshape([batch, self.decoder[stages - 1].weight.shape()[1], height, width]);
        for (i, conv) in self.decoder.iter().enumerate().rev() {
            y = conv.forward(y.upsample_nearest2d(Upsample::Size(self.sizes[i])));
            if i > 0 {
                y = self.activation.apply(y);
            }
        }
        y.flatten(1) + self.mean.0
    }
}

impl<'t, T: Real> Model<'t, T> for ConvAutoencoder<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        let [height, width] = self.sizes[0];
        let image = x.reshape([x.shape()[0], self.planes, height, width]);
        let y = self.encoder.iter().fold(image, |y, conv| self.activation.apply(conv.forward(y)));
        self.to_code.forward(y.flatten(1))
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.likelihood.mean(self.output(z))
    }

    fn loss(&self, x: Var<'t, T>, _: &mut Context) -> Loss<'t, T> {
        let output = self.output(self.encode(x));
        Loss::sum(self.likelihood.unit(), [("reconstruction", self.likelihood.loss(output, x))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AnyModel;
    use crate::data::digits;
    use nn::data::schema::Schema;
    use nn::{Purpose, generator};

    #[test]
    fn any_size_comes_back() {
        for image in [[8, 8], [28, 28], [7, 5], [1, 3], [2, 9]] {
            let x = Tensor::full([2, image[0] * image[1]], 0.3);
            let data = Dataset::new(x.clone()).with_schema(Schema::grey(image));
            let config = Config { channels: vec![2, 3, 4], ..Config::defaults(&data) };
            let model = config.build(&data, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
            assert_eq!(model.decode(&model.encode(&x)).shape(), x.shape(), "{image:?}");
        }
    }

    #[test]
    fn what_is_no_image_is_refused() {
        let data = Dataset::new(digits().train.x().clone());
        let built =
            |config: Config, data: &Dataset| config.build(data, &mut generator(0, Purpose::Init, 0, 0));
        let error = built(Config::defaults(&data), &data).err().unwrap().to_string();
        assert!(error.contains("needs images of known height and width"), "{error}");
        let config = Config { channels: vec![], ..Config::defaults(&data) };
        let error = built(config, &digits().train).err().unwrap().to_string();
        assert!(error.contains("at least one stage"), "{error}");
    }
}
