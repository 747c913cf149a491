//! Convolutions that halve a picture stage by stage, and their way back.
//!
//! Every stage of the encoder is a 3×3 convolution of stride 2: 28 → 14 → 7. The decoder enlarges by copying pixels to
//! exactly the size that the encoder had, also if it was odd, and convolves then. A transposed convolution would do both at
//! once, but its kernel reaches some pixels more often than others and leaves a checkerboard (Odena et al. 2016).
//!
//! Weights begin as those of other networks do: so that what a code says comes through, with the last convolution small. (A
//! variational model whose decoder hardly listens at first learns that codes are not worth their price, and stays there.)

use autograd::{Conv, Tensor, Upsample};
use nn::layers::{Conv2d, Layer};
use nn::{Activation, Dataset, Error, Generator, Init, Linear, Result, Sequential};

use super::{Design, SMALL};

/// The pictures between the stages.
#[derive(Clone, Debug)]
pub(crate) struct Stages {
    /// Height and width before the first stage and after each.
    pub(crate) sizes: Vec<[usize; 2]>,
    /// Channels before the first stage and after each.
    channels: Vec<usize>,
}

impl Stages {
    pub(crate) fn new([planes, height, width]: [usize; 3], channels: &[usize]) -> Self {
        let mut sizes = vec![[height, width]];
        for _ in channels {
            sizes.push(sizes[sizes.len() - 1].map(|side| side.div_ceil(2)));
        }
        Stages { sizes, channels: [&[planes], channels].concat() }
    }

    pub(crate) fn count(&self) -> usize {
        self.channels.len() - 1
    }

    /// Channels, height and width after the last stage.
    pub(crate) fn smallest(&self) -> [usize; 3] {
        let last = self.count();
        [self.channels[last], self.sizes[last][0], self.sizes[last][1]]
    }

    /// The convolution of the stage with this number.
    pub(crate) fn halve(&self, stage: usize, init: Init, from: &mut Generator) -> Conv2d<Tensor<f32>> {
        let options = Conv { stride: [2; 2], padding: [1; 2], ..Conv::default() };
        Conv2d::new([self.channels[stage], self.channels[stage + 1]], [3, 3], options, init, from)
    }

    /// The convolution on the way back through this stage, after the pixels were copied, to so many channels: a pixel of
    /// the small picture is read again by the four pixels that it is copied to. The one through the first stage, which is
    /// applied last, begins small.
    pub(crate) fn enlarged(
        &self,
        stage: usize,
        outputs: usize,
        init: Init,
        from: &mut Generator,
    ) -> Conv2d<Tensor<f32>> {
        let (pixels, copies, inputs) = (9, 4, self.channels[stage + 1]);
        let weight = init.tensor([outputs, inputs, 3, 3], inputs * pixels, outputs * pixels * copies, from);
        let weight: Tensor<f32> = if stage == 0 { weight.map(|w: f32| SMALL * w) } else { weight };
        let options = Conv { padding: [1; 2], ..Conv::default() };
        Conv2d { weight, bias: Tensor::zeros([outputs]), options }
    }
}

/// The number of channels of each stage for pictures of this kind when nothing is said: as many stages as bring a colour
/// picture to 8 pixels; none for grey pictures and for what is no picture, whose features are read all at once.
pub(crate) fn stages(data: &Dataset) -> Vec<usize> {
    let Some([_, height, width]) = data.schema().as_image().filter(|image| image[0] > 1) else {
        return vec![];
    };
    let (mut side, mut channels) = (height.max(width), vec![]);
    while side > 8 {
        channels.push(32 << channels.len().min(2));
        side = side.div_ceil(2);
    }
    channels
}

/// The stages of a design, or what is wrong with them.
pub(crate) fn of(design: &Design<'_>, data: &Dataset) -> Result<Stages> {
    let channels = design.channels;
    if channels.contains(&0) {
        let problem = format!("every stage needs at least 1 channel, and channels is {channels:?}");
        return Err(Error::setting("channels", problem));
    }
    let Some(image) = data.schema().as_image() else {
        return Err(Error::unsupported(format!(
            "channels = {channels:?} is for pictures of known height and width, and these examples are {}; leave \
             --net conv and --channels out",
            data.schema()
        )));
    };
    Ok(Stages::new(image, channels))
}

/// Example to `outputs`.
pub(crate) fn encoder(
    design: &Design<'_>,
    stages: &Stages,
    outputs: usize,
    from: &mut Generator,
) -> Sequential<Tensor<f32>> {
    let [height, width] = stages.sizes[0];
    let mut layers = vec![Layer::Unflatten(vec![stages.channels[0], height, width])];
    for stage in 0..stages.count() {
        layers.extend([stages.halve(stage, design.activation.init(), from).into(), design.activation.into()]);
    }
    layers.push(Layer::Flatten);
    let smallest = stages.smallest().iter().product();
    let widths = [&[smallest], design.hidden, &[outputs]].concat();
    layers.extend(linear(&widths, design.activation, Init::Glorot, from));
    Sequential::new(layers)
}

/// Code to so many channels of a picture.
pub(crate) fn decoder(
    design: &Design<'_>,
    stages: &Stages,
    [code, outputs]: [usize; 2],
    from: &mut Generator,
) -> Sequential<Tensor<f32>> {
    let hidden: Vec<usize> = design.hidden.iter().rev().copied().collect();
    let smallest = stages.smallest();
    let widths = [&[code], &hidden[..], &[smallest.iter().product()]].concat();
    let init = design.activation.init();
    let mut layers = linear(&widths, design.activation, init, from);
    layers.extend([design.activation.into(), Layer::Unflatten(smallest.to_vec())]);
    for stage in (0..stages.count()).rev() {
        layers.push(Layer::UpsampleNearest(Upsample::Size(stages.sizes[stage])));
        let (channels, init) =
            if stage == 0 { (outputs, Init::Glorot) } else { (stages.channels[stage], init) };
        layers.push(stages.enlarged(stage, channels, init, from).into());
        if stage > 0 {
            layers.push(design.activation.into());
        }
    }
    layers.push(Layer::Flatten);
    Sequential::new(layers)
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

#[cfg(test)]
mod tests {
    use autograd::{value, value_and_grad};
    use nn::data::schema::{Kind, Schema};
    use nn::{Context, Purpose, generator};

    use super::*;
    use crate::Likelihood;
    use crate::network::Autoencoder;

    fn pictures(shape: [usize; 3]) -> Dataset {
        let width = shape.iter().product::<usize>();
        let x = Tensor::from_fn([6, width], |i| 0.5 + 0.4 * (i as f32 * 0.37).sin());
        Dataset::new(x).with_schema(Schema::image(shape, Kind::UnitInterval))
    }

    #[test]
    fn any_size_and_any_channels_come_back() {
        for shape in [[3, 8, 8], [1, 28, 28], [3, 7, 5], [4, 1, 3], [3, 2, 9]] {
            for likelihood in [Likelihood::SquaredError, Likelihood::GaussianPerPixel] {
                let data = pictures(shape);
                let design = Design { channels: &[2, 3], hidden: &[5], activation: Activation::Relu };
                let from = &mut generator(0, Purpose::Init, 0, 0);
                let net = Autoencoder::new(&data, 4, 4, design, likelihood, from).unwrap();
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
        let design = Design { channels: &[4, 6], hidden: &[7], activation: Activation::Tanh };
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let net = Autoencoder::new(&data, 3, 3, design, Likelihood::Bernoulli, from).unwrap();
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
            let design = Design { channels, hidden: &[], activation: Activation::Relu };
            let net = Autoencoder::new(data, 2, 2, design, Likelihood::SquaredError, from);
            net.err().unwrap().to_string()
        };
        let table = Dataset::new(Tensor::zeros([2, 5]));
        let text = refused(&table, &[8]);
        assert!(
            text.contains("is for pictures of known height and width, and these examples are 5 columns"),
            "{text}"
        );
        let text = refused(&pictures([1, 8, 8]), &[8, 0]);
        assert!(text.contains("every stage needs at least 1 channel, and channels is [8, 0]"), "{text}");
    }

    #[test]
    fn colour_pictures_are_convolved_when_nothing_is_said() {
        for (shape, channels) in [
            ([3, 32, 32], &[32, 64][..]),
            ([3, 96, 64], &[32, 64, 128, 128]),
            ([3, 8, 8], &[]),
            ([1, 28, 28], &[]),
        ] {
            assert_eq!(stages(&pictures(shape)), channels, "{shape:?}");
        }
    }
}
