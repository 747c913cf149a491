//! Layers that read all features at once.

use autograd::Tensor;
use nn::layers::Layer;
use nn::{Activation, Dataset, Generator, Result, Sequential};
use serde::{Deserialize, Serialize};

use super::{Architecture, begin_with, centre, check_units, last};

/// Linear layers with an activation between them; the decoder mirrors the encoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mlp {
    /// Units in the encoder's hidden layers; the decoder mirrors them.
    pub hidden: Vec<usize>,
    /// Activation of the hidden layers.
    pub activation: Activation,
}

impl Architecture for Mlp {
    const TITLE: &'static str = "linear layers that read all features at once";
    const TEXT: &'static str = include_str!("mlp.rs");
    const ADDS_TO_MEAN: bool = false;

    fn usual(_: &Dataset, mlp: &Mlp) -> Self {
        mlp.clone()
    }

    fn encoder(
        &self,
        data: &Dataset,
        outputs: usize,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        check_units(&self.hidden)?;
        let mut net = self.layers(&[&[data.width()], &self.hidden[..], &[outputs]].concat(), from);
        centre(&mut net, data);
        Ok(net)
    }

    fn decoder(
        &self,
        _: &Dataset,
        code: usize,
        mean: &Tensor<f32>,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        let hidden: Vec<usize> = self.hidden.iter().rev().copied().collect();
        let mut net = self.layers(&[&[code], &hidden[..], &[mean.len()]].concat(), from);
        begin_with(last(&mut net), mean.clone());
        Ok(net)
    }
}

impl Mlp {
    /// Layers of these widths, whatever the hidden ones are.
    pub(super) fn layers(&self, widths: &[usize], from: &mut Generator) -> Sequential<Tensor<f32>> {
        let linear = nn::Mlp::new(widths, self.activation, from).layers;
        let mut layers: Vec<Layer<Tensor<f32>>> = vec![];
        for linear in linear {
            if !layers.is_empty() {
                layers.push(self.activation.into());
            }
            layers.push(linear.into());
        }
        Sequential::new(layers)
    }
}
