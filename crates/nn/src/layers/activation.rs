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
    /// `y = tanh x`.
    Tanh,
    /// `y = 1 / (1 + e⁻ˣ)`.
    Sigmoid,
    /// `y = ln(1 + eˣ)`.
    Softplus,
}

impl Activation {
    /// The function, element by element.
    #[track_caller]
    pub fn apply<'t, T: Real>(self, x: Var<'t, T>) -> Var<'t, T> {
        match self {
            Activation::Identity => x,
            Activation::Relu => x.relu(),
            Activation::Tanh => x.tanh(),
            Activation::Sigmoid => x.sigmoid(),
            Activation::Softplus => x.softplus(),
        }
    }

    /// The initial weights that suit it: He for the rectifiers, Glorot for the others.
    pub fn init(self) -> Init {
        match self {
            Activation::Relu | Activation::Softplus => Init::He,
            Activation::Identity | Activation::Tanh | Activation::Sigmoid => Init::Glorot,
        }
    }
}
