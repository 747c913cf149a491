//! Activation functions, as a setting that a file can name.

use autograd::{Real, Var};
use serde::{Deserialize, Serialize};

use crate::init::Init;

/// What a unit does with its weighted sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `y = x`.
    Identity,
    /// `y = max(x, 0)`.
    Relu,
    /// `y = x` above 0, `0.01 x` below.
    LeakyRelu,
    /// `y = x` above 0, `eˣ − 1` below (Clevert et al. 2016).
    Elu,
    /// `y = 1.0507… · elu(x)` with `α = 1.6733…` (Klambauer et al. 2017): keeps mean 0 and variance 1
    /// from layer to layer.
    Selu,
    /// `y = x Φ(x)` with the normal distribution function Φ (Hendrycks and Gimpel 2016).
    Gelu,
    /// `y = x σ(x)`, also called swish.
    Silu,
    /// `y = x tanh(softplus(x))` (Misra 2019).
    Mish,
    /// `y = tanh x`.
    Tanh,
    /// `y = 1 / (1 + e⁻ˣ)`.
    Sigmoid,
    /// `y = ln(1 + eˣ)`.
    Softplus,
    /// `y = x / (1 + |x|)`.
    Softsign,
}

impl Activation {
    /// All of them, in the order above.
    pub const ALL: [Activation; 12] = [
        Activation::Identity,
        Activation::Relu,
        Activation::LeakyRelu,
        Activation::Elu,
        Activation::Selu,
        Activation::Gelu,
        Activation::Silu,
        Activation::Mish,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Softplus,
        Activation::Softsign,
    ];

    /// The function, element by element.
    #[track_caller]
    pub fn apply<'t, T: Real>(self, x: Var<'t, T>) -> Var<'t, T> {
        match self {
            Activation::Identity => x,
            Activation::Relu => x.relu(),
            Activation::LeakyRelu => x.leaky_relu(0.01),
            Activation::Elu => x.elu(1.0),
            Activation::Selu => x.selu(),
            Activation::Gelu => x.gelu(),
            Activation::Silu => x.silu(),
            Activation::Mish => x.mish(),
            Activation::Tanh => x.tanh(),
            Activation::Sigmoid => x.sigmoid(),
            Activation::Softplus => x.softplus(),
            Activation::Softsign => x.softsign(),
        }
    }

    /// The initial weights that suit it: He for the rectifiers, LeCun for SELU (as its paper asks),
    /// Glorot for the others.
    pub fn init(self) -> Init {
        match self {
            Activation::Relu
            | Activation::LeakyRelu
            | Activation::Elu
            | Activation::Gelu
            | Activation::Silu
            | Activation::Mish
            | Activation::Softplus => Init::He,
            Activation::Selu => Init::LeCun,
            Activation::Identity | Activation::Tanh | Activation::Sigmoid | Activation::Softsign => {
                Init::Glorot
            }
        }
    }
}
