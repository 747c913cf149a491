//! Convolutions whose code is a small picture: each place of it says what is there, and no linear layer mixes them. So
//! `vq-vae` gives each place a vector of its codebook (van den Oord et al. 2017), as in `--code 1024 --set dimension=16` for
//! a picture that is halved to 8 × 8 places.
//!
//! The code of `h × w` places with `c` numbers each is ordered by place. Stages and blocks are those of `resnet`.

use autograd::Tensor;
use nn::layers::Layer;
use nn::{Activation, Dataset, Error, Generator, Init, Linear, Result, Sequential};
use serde::{Deserialize, Serialize};

use super::shapes::{check_positive, parts, picture};
use super::stages::Stages;
use super::{Architecture, Mlp, Norm};

/// Stages that halve a picture, residual blocks after each, and the way back from the smallest picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Channels after each stage, each of which halves a picture.
    pub channels: Vec<usize>,
    /// Residual blocks after each stage.
    pub blocks: usize,
    /// Normalization before each activation.
    pub norm: Norm,
    /// Activation in the blocks.
    pub activation: Activation,
}

impl Architecture for Grid {
    const TITLE: &'static str = "residual convolutions to a code that is a small picture";
    const TEXT: &'static str = include_str!("grid.rs");
    const ADDS_TO_MEAN: bool = true;

    /// As many stages as bring a picture to 8 pixels, one at least.
    fn usual(data: &Dataset, _: &Mlp) -> Self {
        let [_, height, width] = data.schema().as_image().unwrap_or([1, 8, 8]);
        let (mut side, mut channels) = (height.max(width), vec![]);
        while side > 8 || channels.is_empty() {
            channels.push(32 << channels.len().min(2));
            side = side.div_ceil(2);
        }
        Grid { channels, blocks: 1, norm: Norm::Group, activation: Activation::Silu }
    }

    fn encoder(
        &self,
        data: &Dataset,
        outputs: usize,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        self.encoder_of_code(data, outputs, outputs, from)
    }

    fn encoder_of_code(
        &self,
        data: &Dataset,
        code: usize,
        outputs: usize,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        let stages = self.stages(data)?;
        let each = self.each(&stages, code)?;
        if !outputs.is_multiple_of(code) {
            let problem = "the network `grid` gives all places of a code the same numbers, and this model asks for more; \
                           take --net resnet";
            return Err(Error::unsupported(problem));
        }
        let ([channels, height, width], kinds) = (stages.smallest_picture(), outputs / code);
        let mut layers = vec![Layer::Unflatten(stages.picture.to_vec())];
        layers.extend(stages.down(from));
        layers.extend([Layer::Unflatten(vec![channels, height * width]), Layer::Transpose]);
        layers.push(Linear::new(channels, kinds * each, Init::Glorot, from).into());
        if kinds > 1 {
            // Means of all places first, then their variances.
            layers.extend([
                Layer::Transpose,
                Layer::Unflatten(vec![kinds, each, height * width]),
                Layer::Transpose,
            ]);
        }
        layers.push(Layer::Flatten);
        Ok(Sequential::new(layers))
    }

    fn decoder(
        &self,
        data: &Dataset,
        code: usize,
        mean: &Tensor<f32>,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        let stages = self.stages(data)?;
        let each = self.each(&stages, code)?;
        let [channels, height, width] = stages.smallest_picture();
        let mut layers: Vec<Layer<Tensor<f32>>> = vec![
            Layer::Unflatten(vec![height * width, each]),
            Linear::new(each, channels, self.activation.init(), from).into(),
            Layer::Transpose,
            Layer::Unflatten(vec![channels, height, width]),
        ];
        layers.extend(stages.up(stages.picture[0] * parts(mean, data), from));
        layers.push(Layer::Flatten);
        Ok(Sequential::new(layers))
    }
}

impl Grid {
    fn stages(&self, data: &Dataset) -> Result<Stages<'_>> {
        let picture = picture("grid", data)?;
        check_positive("channels", &self.channels)?;
        check_positive("blocks", &[self.blocks])?;
        let &Grid { ref channels, blocks, norm, activation } = self;
        let (hidden, kernel, dilated) = (&[][..], [3, 3], false);
        Ok(Stages { picture, channels, hidden, kernel, blocks, dilated, norm, activation })
    }

    /// The numbers of each place.
    fn each(&self, stages: &Stages, code: usize) -> Result<usize> {
        let [_, height, width] = stages.smallest_picture();
        let places = height * width;
        if code > 0 && code.is_multiple_of(places) {
            return Ok(code / places);
        }
        let problem = format!(
            "the code of the network `grid` is a picture of {height} × {width} places, so it must be a multiple of {places} \
             numbers, and not {code}; with `vq-vae`, --code {} --set dimension=16 gives each place a vector",
            16 * places
        );
        Err(Error::setting("code", problem))
    }
}

#[cfg(test)]
mod tests {
    use autograd::value;
    use nn::data::schema::{Kind, Schema};
    use nn::{Purpose, generator};

    use super::*;
    use crate::Likelihood;
    use crate::network::{Autoencoder, Design, evaluation};

    fn data(shape: [usize; 3]) -> Dataset {
        let width = shape.iter().product::<usize>();
        let x = Tensor::from_fn([6, width], |i| 0.5 + 0.4 * (i as f32 * 0.37).sin());
        Dataset::new(x).with_schema(Schema::image(shape, Kind::UnitInterval))
    }

    fn grid() -> Grid {
        Grid { channels: vec![4, 6], blocks: 1, norm: Norm::None, activation: Activation::Silu }
    }

    /// The numbers of a place do not change with pixels that are far from it.
    #[test]
    fn a_place_of_the_code_is_a_place_of_the_picture() {
        let data = data([1, 32, 32]);
        let from = &mut generator(0, Purpose::Init, 0, 0);
        for (code, outputs) in [(3 * 64, 3 * 64), (3 * 64, 6 * 64)] {
            let net = grid().encoder_of_code(&data, code, outputs, from).unwrap();
            let encode = |x: &Tensor<f32>| {
                value(&net, |net, tape| net.forward(tape.constant(x), &mut evaluation())).to_vec()
            };
            let x = data.rows(&[0]);
            let mut other = x.clone();
            other.make_mut()[31 * 32 + 31] = 9.0;
            let changed: Vec<usize> = encode(&x)
                .iter()
                .zip(encode(&other))
                .enumerate()
                .filter(|(_, (a, b))| **a != *b)
                .map(|(i, _)| i % code / 3)
                .collect();
            assert!(
                changed.contains(&63) && changed.iter().all(|place| place / 8 > 3 && place % 8 > 3),
                "{changed:?}"
            );
            assert!(changed.len() >= outputs / code * 3, "all numbers of the place");
        }
    }

    #[test]
    fn pictures_come_back_and_codes_that_do_not_fit_are_refused() {
        let from = &mut generator(0, Purpose::Init, 0, 0);
        for shape in [[3, 8, 8], [1, 7, 5]] {
            let data = data(shape);
            let design = |code| Design { code, network: grid().into(), likelihood: Likelihood::SquaredError };
            let net = Autoencoder::new(&data, &design(8), from).unwrap();
            let rebuilt = value(&net, |net, tape| {
                net.reconstruction(net.encode(tape.constant(data.x()), &mut evaluation()))
            });
            assert_eq!(rebuilt.shape(), data.x().shape());
            let text = Autoencoder::new(&data, &design(7), from).err().unwrap().to_string();
            assert!(
                text.contains("2 × 2 places, so it must be a multiple of 4 numbers, and not 7"),
                "{text}"
            );
        }
    }
}
