//! Convolutions that halve a picture of any size and any channels, stage by stage: see [`Stages`](super::stages::Stages).

use autograd::Tensor;
use nn::{Activation, Dataset, Generator, Result, Sequential};
use serde::{Deserialize, Serialize};

use super::shapes::{check_positive, parts, picture};
use super::stages::{Stages, in_depth};
use super::{Architecture, Mlp, Norm, centre_outputs, check_units};

/// Stages of convolutions, linear layers between the smallest picture and the code, and the way back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv {
    /// Channels after each stage of convolutions, each of which halves a picture.
    pub channels: Vec<usize>,
    /// Units in the linear layers that follow the convolutions; the decoder mirrors them.
    pub hidden: Vec<usize>,
    /// Normalization after every convolution but the last.
    pub norm: Norm,
    /// Activation of all layers but the last.
    pub activation: Activation,
}

impl Architecture for Conv {
    const TITLE: &'static str = "convolutions that halve a picture stage by stage";
    const TEXT: &'static str = include_str!("conv.rs");
    const ADDS_TO_MEAN: bool = true;

    /// As many stages as bring a picture to 8 pixels; two where it has no more, or is none.
    fn usual(data: &Dataset, mlp: &Mlp) -> Self {
        let Mlp { hidden, activation } = mlp.clone();
        let activation = in_depth(activation);
        let mut side = data.schema().as_image().map_or(0, |[_, height, width]| height.max(width));
        let mut channels = vec![];
        while side > 8 {
            channels.push(32 << channels.len().min(2));
            side = side.div_ceil(2);
        }
        if channels.is_empty() {
            channels = vec![16, 32];
        }
        Conv { channels, hidden, norm: Norm::None, activation }
    }

    fn encoder(
        &self,
        data: &Dataset,
        outputs: usize,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        let mut net = self.stages(data)?.picture_encoder(outputs, from);
        centre_outputs(&mut net, data);
        Ok(net)
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

impl Conv {
    /// The stages for pictures like these, or what is wrong with them.
    fn stages(&self, data: &Dataset) -> Result<Stages<'_>> {
        let picture = picture("conv", data)?;
        check_units(&self.hidden)?;
        check_positive("channels", &self.channels)?;
        let &Conv { ref channels, ref hidden, norm, activation } = self;
        let (kernel, blocks, dilated) = ([3, 3], 0, false);
        Ok(Stages { picture, channels, hidden, kernel, blocks, dilated, norm, activation })
    }
}

#[cfg(test)]
mod tests {
    use autograd::{value, value_and_grad};
    use nn::data::schema::{Kind, Schema};
    use nn::{Context, Purpose, generator};

    use super::*;
    use crate::Likelihood;
    use crate::network::{Autoencoder, Design, Network};

    fn pictures(shape: [usize; 3]) -> Dataset {
        let width = shape.iter().product::<usize>();
        let x = Tensor::from_fn([6, width], |i| 0.5 + 0.4 * (i as f32 * 0.37).sin());
        Dataset::new(x).with_schema(Schema::image(shape, Kind::UnitInterval))
    }

    fn conv(channels: &[usize], hidden: &[usize], activation: Activation) -> Network {
        Conv { channels: channels.to_vec(), hidden: hidden.to_vec(), norm: Norm::None, activation }.into()
    }

    #[test]
    fn any_size_and_any_channels_come_back() {
        for shape in [[3, 8, 8], [1, 28, 28], [3, 7, 5], [4, 1, 3], [3, 2, 9]] {
            for likelihood in [Likelihood::SquaredError, Likelihood::GaussianPerPixel] {
                let data = pictures(shape);
                let design = Design { code: 4, network: conv(&[2, 3], &[5], Activation::Relu), likelihood };
                let from = &mut generator(0, Purpose::Init, 0, 0);
                let net = Autoencoder::new(&data, &design, from).unwrap();
                let rebuilt = value(&net, |net, tape| {
                    let z = net.encode(tape.constant(data.x()), &mut crate::network::evaluation());
                    net.reconstruction(z)
                });
                assert_eq!(rebuilt.shape(), data.x().shape(), "{shape:?}");
                // It begins near the mean picture.
                let mean = crate::evaluate::mean(data.x());
                let far = rebuilt.zip(&mean, |a, b| (a - b).abs()).to_vec().into_iter().fold(0.0, f32::max);
                assert!(far < 0.1, "{shape:?}, {likelihood:?}: {far}");
            }
        }
    }

    #[test]
    fn every_parameter_gets_a_gradient() {
        let data = pictures([3, 8, 8]);
        let network = conv(&[4, 6], &[7], Activation::Tanh);
        let design = Design { code: 3, network, likelihood: Likelihood::Bernoulli };
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let net = Autoencoder::new(&data, &design, from).unwrap();
        let (_, gradient) = value_and_grad(&net, |net, tape| {
            let (x, context) = (tape.constant(data.x()), &mut Context::evaluation(0, &[]));
            let z = net.encode(x, context);
            net.loss(z, x, context)
        });
        autograd::Tree::visit(&gradient, &mut |name, leaf: &Tensor<f32>| {
            assert!(!name.is_trained() || leaf.to_vec().iter().any(|g| *g != 0.0), "{name}");
        });
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let mut refused = |data: &Dataset, channels: &[usize]| {
            let network = conv(channels, &[], Activation::Relu);
            let design = Design { code: 2, network, likelihood: Likelihood::SquaredError };
            let net = Autoencoder::new(data, &design, from);
            net.err().unwrap().to_string()
        };
        let table = Dataset::new(Tensor::zeros([2, 5]));
        let text = refused(&table, &[8]);
        assert!(
            text.contains("reads pictures of known height and width, and these examples are 5 columns"),
            "{text}"
        );
        let text = refused(&pictures([1, 8, 8]), &[8, 0]);
        assert!(text.ends_with("none that is 0, not [8, 0]"), "{text}");
        assert!(refused(&pictures([1, 8, 8]), &[]).ends_with("none that is 0, not []"));
    }

    #[test]
    fn colour_pictures_are_convolved_when_nothing_is_said() {
        let mlp = Mlp { hidden: vec![5], activation: Activation::Silu };
        for (shape, name, channels) in [
            ([3, 32, 32], "conv", &[32, 64][..]),
            ([3, 96, 64], "conv", &[32, 64, 128, 128]),
            ([3, 8, 8], "mlp", &[16, 32]),
            ([1, 28, 28], "mlp", &[32, 64]),
        ] {
            let data = pictures(shape);
            assert_eq!(Network::suited(&data), name, "{shape:?}");
            assert_eq!(Conv::usual(&data, &mlp).channels, channels, "{shape:?}");
        }
        // Sigmoid units suit an objective of one layer, and many layers of them learn nothing.
        let one = Mlp { hidden: vec![], activation: Activation::Sigmoid };
        assert_eq!(Conv::usual(&pictures([3, 32, 32]), &one).activation, Activation::Silu);
    }
}
