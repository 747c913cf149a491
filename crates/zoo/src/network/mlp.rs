//! Layers that read all features at once.

use autograd::Tensor;
use nn::layers::Layer;
use nn::{Activation, Error, Generator, Result, Sequential};

use super::{begin_with, last};

/// Linear layers with an activation between them; the decoder mirrors the encoder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mlp<'a> {
    /// Units in the encoder's hidden layers.
    pub(crate) hidden: &'a [usize],
    /// Activation of the hidden layers.
    pub(crate) activation: Activation,
}

impl Mlp<'_> {
    /// Refuses layers without units.
    pub(crate) fn check(&self, code: usize) -> Result<()> {
        let hidden = self.hidden;
        if code == 0 {
            return Err(Error::setting("code", "the code must have at least 1 number (--code 1)"));
        }
        if hidden.contains(&0) {
            let problem = format!("a hidden layer must have at least 1 unit, not {hidden:?}");
            return Err(Error::setting("hidden", problem));
        }
        Ok(())
    }

    pub(crate) fn encoder(
        &self,
        features: usize,
        outputs: usize,
        from: &mut Generator,
    ) -> Sequential<Tensor<f32>> {
        self.layers(&[&[features], self.hidden, &[outputs]].concat(), from)
    }

    /// A decoder that begins with this output.
    pub(crate) fn decoder(
        &self,
        code: usize,
        output: Tensor<f32>,
        from: &mut Generator,
    ) -> Sequential<Tensor<f32>> {
        let hidden: Vec<usize> = self.hidden.iter().rev().copied().collect();
        let mut net = self.layers(&[&[code], &hidden[..], &[output.len()]].concat(), from);
        begin_with(last(&mut net), output);
        net
    }

    fn layers(&self, widths: &[usize], from: &mut Generator) -> Sequential<Tensor<f32>> {
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
