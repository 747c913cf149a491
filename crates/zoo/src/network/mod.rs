//! Networks that objectives are written on: an encoder, a decoder, and a [`Head`] that says what the decoder's numbers
//! mean.
//!
//! An objective knows how an [`Autoencoder`] is trained, and not what it is made of.
//!
//! ```
//! use autograd::{Tensor, value};
//! use nn::{Activation, Context, Purpose, generator};
//! use zoo::Likelihood;
//! use zoo::network::{Autoencoder, Design};
//!
//! let data = zoo::data::digits().train;
//! let design = Design { channels: &[], hidden: &[32], activation: Activation::Relu };
//! let from = &mut generator(0, Purpose::Init, 0, 0);
//! let net = Autoencoder::new(&data, 4, 4, design, Likelihood::Bernoulli, from)?;
//! let x = data.rows(&[0, 1, 2]);
//! let nll = value(&net, |net, tape| {
//!     let (x, context) = (tape.constant(&x), &mut Context::evaluation(0, &[0, 1, 2]));
//!     let z = net.encode(x, context);
//!     net.nll(z, x, context)
//! });
//! assert_eq!(nll.shape(), [3]);
//! # Ok::<(), nn::Error>(())
//! ```

mod conv;
mod mlp;

use autograd::{Buffer, Real, Tensor, Var, tree};
use nn::layers::Layer;
use nn::{Activation, Context, Dataset, Generator, Linear, Result, Sequential};

pub(crate) use self::conv::{Stages, stages};
pub(crate) use self::mlp::Mlp;
use crate::densities::{Head, Likelihood};
use crate::evaluate;

/// The layers of an encoder; the decoder mirrors them.
#[derive(Clone, Copy, Debug)]
pub struct Design<'a> {
    /// Channels after each stage of convolutions, each of which halves a picture; none for a network that reads all
    /// features at once.
    pub channels: &'a [usize],
    /// Units in the hidden layers, which follow the convolutions.
    pub hidden: &'a [usize],
    /// Activation of all of them.
    pub activation: Activation,
}

/// Encoder, decoder and head.
#[derive(Clone, Debug)]
pub struct Autoencoder<W> {
    /// Example to code, or to the parameters of a posterior.
    pub encoder: Sequential<W>,
    /// Code to what the head reads.
    pub decoder: Sequential<W>,
    /// Meaning of the decoder's numbers.
    pub head: Head<W>,
    /// The numbers for the mean of the data, to which the decoder adds, where its last layer has no bias for each of them.
    pub mean: Option<Buffer<W>>,
    /// Numbers in a code.
    pub code: usize,
}
tree!(Autoencoder { encoder, decoder, head, mean; code });

impl Autoencoder<Tensor<f32>> {
    /// A network with initial parameters, whose encoder gives `outputs` numbers and whose decoder begins at the mean of
    /// the data.
    ///
    /// # Errors
    /// If the likelihood or the network is not for such data, or a layer has no units.
    pub fn new(
        data: &Dataset,
        outputs: usize,
        code: usize,
        design: Design<'_>,
        likelihood: Likelihood,
        from: &mut Generator,
    ) -> Result<Self> {
        let mlp = Mlp { hidden: design.hidden, activation: design.activation };
        mlp.check(code)?;
        let stages = (!design.channels.is_empty()).then(|| conv::of(&design, data)).transpose()?;
        let head = Head::new(likelihood, data)?;
        let mean = head.output_for_mean(data);
        let Some(stages) = stages else {
            let mut encoder = mlp.encoder(data.width(), outputs, from);
            centre(&mut encoder, data);
            let decoder = mlp.decoder(code, mean, from);
            return Ok(Autoencoder { encoder, decoder, head, mean: None, code });
        };
        let encoder = conv::encoder(&design, &stages, outputs, from);
        let channels = mean.len() / stages.sizes[0].iter().product::<usize>();
        let decoder = conv::decoder(&design, &stages, [code, channels], from);
        Ok(Autoencoder { encoder, decoder, head, mean: Some(Buffer(mean)), code })
    }
}

/// A pass that is no training, and draws nothing.
pub fn evaluation() -> Context<'static> {
    Context::evaluation(0, &[])
}

impl<'t, T: Real> Autoencoder<Var<'t, T>> {
    /// The encoder's output, `[batch, features]` to `[batch, outputs]`.
    pub fn encode(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        self.encoder.forward(x, context)
    }

    /// The decoder's numbers, `[rows, code]` to `[rows, parameters]`.
    pub fn output(&self, z: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        let output = self.decoder.forward(z, context);
        self.mean.map_or(output, |mean| output + mean.0)
    }

    /// The reconstruction, `[rows, code]` to `[rows, features]`.
    pub fn reconstruction(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.head.mean(self.output(z, &mut evaluation()))
    }

    /// `−ln p(x|z)` of every row, `[rows]`.
    ///
    /// # Panics
    /// If `z` and `x` have different numbers of rows.
    #[track_caller]
    pub fn nll(&self, z: Var<'t, T>, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        self.head.nll(self.output(z, context), x)
    }

    /// The reconstruction term of a loss; see [`Head::loss`].
    ///
    /// # Panics
    /// If `z` and `x` have different numbers of rows.
    #[track_caller]
    pub fn loss(&self, z: Var<'t, T>, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        self.head.loss(self.output(z, context), x)
    }

    /// `ln p(x|z)` of several draws for each example: `[batch, draws, code]` to `[batch, draws]`.
    ///
    /// # Panics
    /// If the codes have not three axes.
    #[track_caller]
    pub fn ln_likelihood(&self, z: Var<'t, T>, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        let [batch, draws, code] = z.shape()[..] else {
            panic!("codes should be [batch, draws, code], not {:?}", z.shape());
        };
        let features = x.shape()[1];
        let x = x.unsqueeze(1).expand([batch, draws, features]).reshape([batch * draws, features]);
        -self.nll(z.reshape([batch * draws, code]), x, context).reshape([batch, draws])
    }

    /// A draw from `p(x|z)` for every row, `[rows, code]` to `[rows, features]`; see [`Head::draw`].
    pub fn draw(&self, z: Var<'t, T>, context: &mut Context) -> Option<Tensor<T>> {
        self.head.draw(self.output(z, &mut evaluation()), context)
    }
}

/// The share of their usual size with which the weights of some last layers begin.
pub(crate) const SMALL: f32 = 1.0 / 32.0;

/// Lets a last layer begin with this output whatever it is given, but for a little: as its bias, beside small weights. With
/// the output for the mean of the data the first loss is that of the mean example. A layer drawn as large as the others
/// adds noise, often more than the data vary, which has to be unlearnt first; weights that are needed grow in a few steps.
pub(crate) fn begin_with(layer: &mut Linear<Tensor<f32>>, output: Tensor<f32>) {
    layer.bias = output;
    layer.weight = layer.weight.map(|w| SMALL * w);
}

/// Lets a first layer begin with 0 for the mean of the data, as if that were taken away: where all pixels are light, units
/// would otherwise be on for every example, or for none.
pub(crate) fn centre(net: &mut Sequential<Tensor<f32>>, data: &Dataset) {
    let Some(Layer::Linear(layer)) = net.layers.first_mut() else { return };
    let mean = evaluate::mean(data.x());
    let output = layer.weight.matmul(&mean.reshape([mean.len(), 1])).reshape(layer.bias.shape());
    layer.bias = output.map(|output| 0.0 - output);
}

/// The last layer of a network that ends with a linear one.
pub(crate) fn last(net: &mut Sequential<Tensor<f32>>) -> &mut Linear<Tensor<f32>> {
    match net.layers.last_mut() {
        Some(Layer::Linear(layer)) => layer,
        _ => panic!("a linear layer should be last"),
    }
}

/// Scales the initial weights of a network's outputs from this one on.
pub(crate) fn quiet(net: &mut Sequential<Tensor<f32>>, first: usize, factor: f32) {
    let weight = &mut last(net).weight;
    let columns = weight.shape()[1];
    weight.make_mut().iter_mut().skip(first * columns).for_each(|w| *w *= factor);
}
