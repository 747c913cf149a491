//! Networks that objectives are written on: an encoder, a decoder, and a [`Head`](crate::densities::Head) that says
//! what the decoder's numbers mean.
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

mod autoencoder;
mod bag;
mod beginning;
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
mod stages;
#[cfg(test)]
mod tests;
pub(crate) mod texts;
mod transformer;

use autograd::Tensor;
use nn::checkpoint::nearest;
use nn::data::schema::Shape;
use nn::layers::TokenWriter;
use nn::{Activation, Context, Dataset, Error, Generator, Result, Sequential};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use self::autoencoder::Autoencoder;
pub use self::bag::Bag;
pub(crate) use self::beginning::{
    SMALL, begin_with, centre, centre_outputs, last, normalizes_batches, quiet,
};
pub use self::conv::Conv;
pub use self::conv1d::Conv1d;
pub use self::grid::Grid;
pub use self::gru::Gru;
pub use self::lstm::Lstm;
pub use self::mlp::Mlp;
pub use self::norm::Norm;
pub use self::residual::Residual;
pub use self::resnet::ResNet;
pub(crate) use self::shapes::series_of;
pub use self::transformer::Transformer;
use crate::densities::Likelihood;

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

    // ANCHOR: architecture
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
    // ANCHOR_END: architecture

    /// The [encoder](Self::encoder) for a code of so many numbers, of which the outputs are several kinds, such as means and
    /// variances, one kind after the other.
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
