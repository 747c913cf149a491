//! Linear layers on a bag of items: an example says which of very many things somebody has chosen, or how they were rated,
//! and almost all of its numbers are 0 (Sedhain et al. 2015; Liang et al. 2018).
//!
//! The first layer is a table with a vector for each item, and adds up those of a bag. Whoever has chosen much has a long
//! row; scaled to length 1 it says the same of taste. In training a share of the items is dropped, so that the network has
//! to restore choices that it does not see, which is what recommending is.

use autograd::Tensor;
use nn::layers::{Dropout, Layer};
use nn::{Activation, Dataset, Error, Generator, Result, Sequential};
use serde::{Deserialize, Serialize};

use super::{Architecture, Mlp, check_units};

/// Linear layers on a bag of items, with an activation between them; the decoder mirrors the encoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bag {
    /// Units in the encoder's hidden layers; the decoder mirrors them.
    pub hidden: Vec<usize>,
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// Share of an example's items that the encoder does not see in training, from 0 to below 1.
    pub dropout: f64,
    /// Whether examples are scaled to length 1.
    pub unit_length: bool,
}

impl Architecture for Bag {
    const TITLE: &'static str = "linear layers on a bag of items, a part of them dropped";
    const TEXT: &'static str = include_str!("bag.rs");
    const ADDS_TO_MEAN: bool = false;

    fn usual(_: &Dataset, _: &Mlp) -> Self {
        Bag { hidden: vec![600], activation: Activation::Tanh, dropout: 0.5, unit_length: true }
    }

    fn encoder(
        &self,
        data: &Dataset,
        outputs: usize,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        check_units(&self.hidden)?;
        if !(0.0..1.0).contains(&self.dropout) {
            let problem = format!("dropout is a share from 0 to below 1, not {}", self.dropout);
            return Err(Error::setting("network.dropout", problem));
        }
        let first = self.unit_length.then_some(Layer::UnitLength);
        let dropped = (self.dropout > 0.0).then(|| Dropout::new(self.dropout).into());
        let widths = [&[data.width()], &self.hidden[..], &[outputs]].concat();
        let linear = self.mlp().layers(&widths, from).layers;
        Ok(Sequential::new(first.into_iter().chain(dropped).chain(linear).collect::<Vec<_>>()))
    }

    fn decoder(
        &self,
        data: &Dataset,
        code: usize,
        mean: &Tensor<f32>,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        self.mlp().decoder(data, code, mean, from)
    }
}

impl Bag {
    fn mlp(&self) -> Mlp {
        Mlp { hidden: self.hidden.clone(), activation: self.activation }
    }
}
