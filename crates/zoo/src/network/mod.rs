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
//! let design = Design::mlp(4, &[32], Activation::Relu, Likelihood::Bernoulli);
//! let from = &mut generator(0, Purpose::Init, 0, 0);
//! let net = Autoencoder::new(&data, &design, from)?;
//! let x = data.rows(&[0, 1, 2]);
//! let nll = value(&net, |net, tape| {
//!     let (x, context) = (tape.constant(&x), &mut Context::evaluation(0, &[0, 1, 2]));
//!     let z = net.encode(x, context);
//!     net.nll(z, x, context)
//! });
//! assert_eq!(nll.shape(), [3]);
//! # Ok::<(), nn::Error>(())
//! ```

mod bag;
mod conv;
mod conv1d;
#[cfg(test)]
mod gaps;
mod grid;
mod gru;
mod lstm;
mod mlp;
mod norm;
mod recurrent;
mod residual;
mod resnet;
mod shapes;
pub(crate) use self::shapes::series_of;
mod stages;
#[cfg(test)]
mod tests;
pub(crate) mod texts;
mod transformer;

use autograd::{Buffer, NewBuffers, Real, Tensor, Tree, Var, cost, tree, value, value_with};
use nn::checkpoint::nearest;
use nn::data::schema::Shape;
use nn::layers::{Layer, TokenWriter};
use nn::{Activation, Context, Dataset, Error, Generator, Linear, Result, Sequential};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use self::bag::Bag;
pub use self::conv::Conv;
pub use self::conv1d::Conv1d;
pub use self::grid::Grid;
pub use self::gru::Gru;
pub use self::lstm::Lstm;
pub use self::mlp::Mlp;
pub use self::norm::Norm;
pub use self::residual::Residual;
pub use self::resnet::ResNet;
pub use self::transformer::Transformer;
use crate::densities::{Head, Likelihood};
use crate::evaluate;

// ANCHOR: architecture
/// The settings of a network, and the encoder and decoder that they make: what the file of a network implements.
pub trait Architecture: Serialize + DeserializeOwned {
    /// Its purpose in a few words, for `zoo list --networks`.
    const TITLE: &'static str;

    /// Its file, from whose comments `zoo describe` takes the meaning of its settings.
    const TEXT: &'static str;

    /// The settings for these data when nothing is said. An objective says which layers suit it by an `mlp`.
    fn usual(data: &Dataset, mlp: &Mlp) -> Self;

    /// Whether the decoder adds to the numbers for the mean of the data, because its last layer has no bias for each of
    /// them.
    const ADDS_TO_MEAN: bool;

    /// Layers with initial parameters, `[batch, features]` to `[batch, outputs]`, for examples like these. The last layer with
    /// parameters is [linear](nn::Linear): objectives scale its weights.
    ///
    /// # Errors
    /// If it cannot read such examples, or a setting makes no sense.
    fn encoder(
        &self,
        data: &Dataset,
        outputs: usize,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>>;

    /// The same for a code of so many numbers, of which the outputs are several kinds, such as means and variances, one kind
    /// after the other.
    ///
    /// # Errors
    /// Those of [`encoder`](Self::encoder).
    fn encoder_of_code(
        &self,
        data: &Dataset,
        _code: usize,
        outputs: usize,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        self.encoder(data, outputs, from)
    }

    /// Layers with initial parameters, `[rows, code]` to `[rows, parameters]`, of which there are as many for each feature
    /// as `mean` has, the numbers for the mean of the data. What it makes of any code in the beginning should be near
    /// them, or near 0 if it [adds to them](Self::ADDS_TO_MEAN).
    ///
    /// # Errors
    /// Those of [`encoder`](Self::encoder).
    fn decoder(
        &self,
        data: &Dataset,
        code: usize,
        mean: &Tensor<f32>,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>>;

    /// In place of the decoder for texts, the layers that read what stands before each place besides a code; `None` for a
    /// network that reads no texts. `mean` has the logits of the tokens, as often as they are, for each place.
    ///
    /// # Errors
    /// Those of [`encoder`](Self::encoder).
    fn writer(
        &self,
        _data: &Dataset,
        _code: usize,
        _mean: &Tensor<f32>,
        _from: &mut Generator,
    ) -> Result<Option<TokenWriter<Tensor<f32>>>> {
        Ok(None)
    }
}
// ANCHOR_END: architecture

/// Every network is a line here, and a file.
macro_rules! networks {
    ($($name:ident $word:literal,)+) => {
        /// The layers of an encoder and of its decoder.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "name")]
        #[non_exhaustive]
        pub enum Network {
            $(
                #[doc = concat!("[`", stringify!($name), "`].")]
                #[serde(rename = $word)]
                $name($name),
            )+
        }

        impl Network {
            /// Name and purpose of every network.
            pub const ALL: &[(&'static str, &'static str)] = &[$(($word, $name::TITLE)),+];

            /// The network of this name, with its settings for these data.
            ///
            /// # Errors
            /// If there is none; the message names the nearest.
            pub fn named(name: &str, data: &Dataset, mlp: &Mlp) -> Result<Self> {
                match name {
                    $($word => Ok(Network::$name($name::usual(data, mlp))),)+
                    _ => Err(unknown(name)),
                }
            }

            /// The file of the network of this name, and the line in it where its settings begin.
            pub(crate) fn text(name: &str) -> Option<[&'static str; 2]> {
                match name {
                    $($word => Some([$name::TEXT, concat!("pub struct ", stringify!($name), " {")]),)+
                    _ => None,
                }
            }

            /// An encoder; see [`Architecture::encoder`].
            ///
            /// # Errors
            /// If it cannot read such examples, or a setting makes no sense.
            pub fn encoder(
                &self,
                data: &Dataset,
                outputs: usize,
                from: &mut Generator,
            ) -> Result<Sequential<Tensor<f32>>> {
                match self {
                    $(Network::$name(network) => network.encoder(data, outputs, from),)+
                }
            }

            fn encoder_of_code(
                &self,
                data: &Dataset,
                code: usize,
                outputs: usize,
                from: &mut Generator,
            ) -> Result<Sequential<Tensor<f32>>> {
                match self {
                    $(Network::$name(network) => network.encoder_of_code(data, code, outputs, from),)+
                }
            }

            fn decoder(
                &self,
                data: &Dataset,
                code: usize,
                mean: &Tensor<f32>,
                from: &mut Generator,
            ) -> Result<Sequential<Tensor<f32>>> {
                match self {
                    $(Network::$name(network) => network.decoder(data, code, mean, from),)+
                }
            }

            fn writer(
                &self,
                data: &Dataset,
                code: usize,
                mean: &Tensor<f32>,
                from: &mut Generator,
            ) -> Result<Option<TokenWriter<Tensor<f32>>>> {
                match self {
                    $(Network::$name(network) => network.writer(data, code, mean, from),)+
                }
            }

            /// Its name.
            fn name(&self) -> &'static str {
                match self {
                    $(Network::$name(_) => $word,)+
                }
            }

            fn adds_to_mean(&self) -> bool {
                match self {
                    $(Network::$name(_) => $name::ADDS_TO_MEAN,)+
                }
            }
        }

        $(
            impl From<$name> for Network {
                fn from(network: $name) -> Self {
                    Network::$name(network)
                }
            }
        )+
    };
}

networks! {
    Mlp "mlp",
    Bag "bag",
    Residual "residual",
    Conv "conv",
    ResNet "resnet",
    Grid "grid",
    Conv1d "conv1d",
    Gru "gru",
    Lstm "lstm",
    Transformer "transformer",
}

impl Network {
    /// The name of the network that suits these data when nothing is said: convolutions for colour pictures and for series
    /// of more than 8 pixels or steps, attention for texts, else layers that read all features at once.
    pub fn suited(data: &Dataset) -> &'static str {
        match data.schema().shape() {
            Some(Shape::Image { channels, height, width }) if channels > 1 && height.max(width) > 8 => "conv",
            Some(Shape::Series { steps, .. }) if steps > 8 => "conv1d",
            Some(Shape::Tokens { .. }) => "transformer",
            _ => "mlp",
        }
    }
}

fn unknown(name: &str) -> Error {
    let names = || Network::ALL.iter().map(|network| network.0);
    let near = nearest(name, names()).map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    let known = names().collect::<Vec<_>>().join(", ");
    Error::setting("network.name", format!("there is no network `{name}`{near} (networks: {known})"))
}

/// Settings that all objectives share: the numbers in a code, the network, and what its decoder's numbers mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// Numbers in the code; for a variational model its latent variables.
    pub code: usize,
    /// Encoder and decoder.
    pub network: Network,
    /// Meaning of the decoder's output: for a variational model its distribution `p(x|z)`.
    pub likelihood: Likelihood,
}

impl Design {
    /// A design of layers that read all features at once.
    pub fn mlp(code: usize, hidden: &[usize], activation: Activation, likelihood: Likelihood) -> Self {
        Design { code, network: Mlp { hidden: hidden.to_vec(), activation }.into(), likelihood }
    }
}

/// Encoder, decoder and head.
#[derive(Clone, Debug)]
pub struct Autoencoder<W> {
    /// Example to code, or to the parameters of a posterior.
    pub encoder: Sequential<W>,
    /// Code to what the head reads.
    pub decoder: Sequential<W>,
    /// The decoder of texts, in place of `decoder`, which has no layers then.
    pub writer: Option<TokenWriter<W>>,
    /// Meaning of the decoder's numbers.
    pub head: Head<W>,
    /// The numbers for the mean of the data, to which the decoder adds, where its last layer has no bias for each of them.
    pub mean: Option<Buffer<W>>,
    /// Numbers in a code.
    pub code: usize,
}
tree!(Autoencoder { encoder, decoder, writer, head, mean; code });

impl Autoencoder<Tensor<f32>> {
    /// A network with initial parameters, whose encoder gives the code and whose decoder begins at the mean of the data.
    ///
    /// # Errors
    /// If the likelihood or the network is not for such data, or a layer has no units.
    pub fn new(data: &Dataset, design: &Design, from: &mut Generator) -> Result<Self> {
        Autoencoder::with_outputs(data, design, design.code, from)
    }

    /// The same with so many numbers from the encoder.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn with_outputs(
        data: &Dataset,
        design: &Design,
        outputs: usize,
        from: &mut Generator,
    ) -> Result<Self> {
        let code = design.code;
        if code == 0 {
            return Err(Error::setting("code", "the code must have at least 1 number (--code 1)"));
        }
        let head = Head::new(design.likelihood, data)?;
        let mean = head.output_for_mean(data);
        let network = &design.network;
        let encoder = network.encoder_of_code(data, code, outputs, from)?;
        let (decoder, writer, mean) = match texts::text_of(data.schema()) {
            None => {
                let decoder = network.decoder(data, code, &mean, from)?;
                (decoder, None, network.adds_to_mean().then_some(Buffer(mean)))
            }
            Some(_) => {
                let writer = network.writer(data, code, &mean, from)?;
                let writer = writer.ok_or_else(|| texts::refused(network.name()))?;
                (Sequential::new([]), Some(writer), None)
            }
        };
        let mut net = Autoencoder { encoder, decoder, writer, head, mean, code };
        net.begin_statistics(data);
        Ok(net)
    }

    /// Gives batch normalisation its first running statistics, so that a network can be looked at before it has learnt
    /// anything.
    fn begin_statistics(&mut self, data: &Dataset) {
        /// As many examples as are looked at.
        const ENOUGH: usize = 256;
        if !normalizes_batches(self) || data.len() < 2 {
            return;
        }
        let some: Vec<usize> = (0..data.len().min(ENOUGH)).collect();
        let context = &mut Context::training(0, 0, &some);
        let (_, statistics) = value_with(&*self, |net, tape| {
            (net.there_and_back(tape.constant(data.rows(&some)), context), NewBuffers::of(&net))
        });
        statistics.store(self);
    }

    /// Bytes that an example takes in a pass through encoder and decoder: what a step of training keeps for each example
    /// of its batch until the gradients are known, which take up to as much again. Found by passes over one example and
    /// over two, so it takes as long as they do.
    pub fn bytes_of_example(&self) -> usize {
        let pass = |rows: usize| {
            let x = Tensor::zeros([rows, self.head.columns()]);
            let pass = || value(self, |net, tape| net.there_and_back(tape.constant(&x), &mut evaluation()));
            cost::peak_of(pass).1
        };
        pass(2).saturating_sub(pass(1))
    }
}

/// Whether a model normalises over its batches, so that a single example teaches it nothing.
pub(crate) fn normalizes_batches(model: &impl Tree<Tensor<f32>>) -> bool {
    let mut found = false;
    model.visit(&mut |name, _| found |= name.to_string().ends_with("num_batches_tracked"));
    found
}

/// Refuses layers without units.
pub(crate) fn check_units(hidden: &[usize]) -> Result<()> {
    if hidden.contains(&0) {
        let problem = format!("a hidden layer must have at least 1 unit, not {hidden:?}");
        return Err(Error::setting("hidden", problem));
    }
    Ok(())
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

    /// The decoder's numbers for the first numbers of the encoder's output, of which a model may take others for its code.
    fn there_and_back(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        let outputs = self.encode(x, context);
        let count = outputs.shape()[1].min(self.code);
        let codes = outputs.slice(1, ..count).pad([[0, 0], [0, self.code - count]], 0.0);
        self.output_for(codes, x, context)
    }

    /// The decoder's numbers for these examples, `[rows, code]` to `[rows, parameters]`: of a text, at each place given what
    /// stands before it in `x`.
    #[track_caller]
    pub fn output_for(&self, z: Var<'t, T>, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        match &self.writer {
            Some(writer) => writer.forward(z, x, context).flatten(1),
            None => self.output(z, context),
        }
    }

    /// The decoder's numbers, `[rows, code]` to `[rows, parameters]`, where they follow from the code alone.
    ///
    /// # Panics
    /// If the examples are texts, whose decoder reads what stands before each place; see [`output_for`](Self::output_for).
    #[track_caller]
    pub fn output(&self, z: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        assert!(self.writer.is_none(), "output: the decoder of texts reads the examples besides a code");
        let output = self.decoder.forward(z, context);
        self.mean.map_or(output, |mean| output + mean.0)
    }

    /// The reconstruction, `[rows, code]` to `[rows, features]`: of a text, token by token the most likely next one.
    pub fn reconstruction(&self, z: Var<'t, T>) -> Var<'t, T> {
        if let Some(writer) = &self.writer {
            return writer.write(z, None);
        }
        self.head.mean(self.output(z, &mut evaluation()))
    }

    /// `−ln p(x|z)` of every row, `[rows]`: of what the context says was observed.
    ///
    /// # Panics
    /// If `z` and `x` have different numbers of rows, or a mask not the shape of `x`.
    #[track_caller]
    pub fn nll(&self, z: Var<'t, T>, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        let output = self.output_for(z, x, context);
        match context.on(x.tape()).observed() {
            None => self.head.nll(output, x),
            Some(mask) => self.head.nll_of_observed(output, x, mask),
        }
    }

    /// The reconstruction term of a loss; see [`Head::loss`]. Gaps have no part in it.
    ///
    /// # Panics
    /// Those of [`nll`](Self::nll).
    #[track_caller]
    pub fn loss(&self, z: Var<'t, T>, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        let output = self.output_for(z, x, context);
        match context.on(x.tape()).observed() {
            None => self.head.loss(output, x),
            Some(mask) => self.head.nll_of_observed(output, x, mask).mean(),
        }
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
        let for_draws = |of: Var<'t, T>| {
            of.unsqueeze(1).expand([batch, draws, features]).reshape([batch * draws, features])
        };
        let (z, of_draws) = (z.reshape([batch * draws, code]), for_draws(x));
        let output = match &self.writer {
            // Dropout is drawn for the examples of the context, and there are several rows for each.
            Some(writer) => writer.forward(z, of_draws, &mut evaluation()).flatten(1),
            None => self.output(z, context),
        };
        let nll = match context.on(x.tape()).observed() {
            None => self.head.nll(output, of_draws),
            Some(mask) => self.head.nll_of_observed(output, of_draws, for_draws(mask)),
        };
        -nll.reshape([batch, draws])
    }

    /// A draw from `p(x|z)` for every row, `[rows, code]` to `[rows, features]`; see [`Head::draw`].
    pub fn draw(&self, z: Var<'t, T>, context: &mut Context) -> Option<Tensor<T>> {
        if let Some(writer) = &self.writer {
            return Some(writer.write(z, Some(context)).value());
        }
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

/// Lets a network begin with 0 for the mean of the data, by the bias of its last layer. Where all pixels are light, its
/// outputs would otherwise be far from 0 and much the same for every example, and a decoder would add a picture of them to
/// the mean. (Batch normalisation does as much, and has no statistics yet.)
pub(crate) fn centre_outputs(net: &mut Sequential<Tensor<f32>>, data: &Dataset) {
    if normalizes_batches(net) {
        return;
    }
    let mean = evaluate::mean(data.x());
    let outputs = value(&*net, |net, tape| {
        net.forward(tape.constant(mean.reshape([1, mean.len()])), &mut evaluation())
    });
    let bias = &mut last(net).bias;
    *bias = bias.zip(&outputs.reshape(bias.shape()), |bias, output| bias - output);
}

/// The last layer with parameters of a network in which that is a linear one.
pub(crate) fn last(net: &mut Sequential<Tensor<f32>>) -> &mut Linear<Tensor<f32>> {
    let moves =
        |layer: &&mut Layer<_>| matches!(layer, Layer::Flatten | Layer::Unflatten(_) | Layer::Transpose);
    match net.layers.iter_mut().rev().find(|layer| !moves(layer)) {
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
