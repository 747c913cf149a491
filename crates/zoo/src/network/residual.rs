//! Residual layers over all features at once (He et al. 2016, *Identity mappings*): blocks
//! `y = x + W₂ σ(norm(W₁ σ(norm(x))))` of one width between two linear layers. The way past the blocks is open for
//! gradients, so that many of them train as easily as few.

use autograd::Tensor;
use nn::layers::{Layer, Residual as Block};
use nn::{Activation, Dataset, Generator, Init, Linear, Result, Sequential};
use serde::{Deserialize, Serialize};

use super::shapes::check_positive;
use super::{Architecture, Mlp, Norm, begin_with, centre};

/// Residual blocks between two linear layers that read and write all features at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Residual {
    /// Units in every hidden layer.
    pub width: usize,
    /// Blocks in the encoder, and as many in the decoder.
    pub blocks: usize,
    /// Normalization before each activation.
    pub norm: Norm,
    /// Activation `σ`.
    pub activation: Activation,
}

impl Architecture for Residual {
    const TITLE: &'static str = "residual layers that read all features at once";
    const TEXT: &'static str = include_str!("residual.rs");
    const ADDS_TO_MEAN: bool = false;

    fn usual(data: &Dataset, _: &Mlp) -> Self {
        let width = if data.width() < 256 { 64 } else { 256 };
        Residual { width, blocks: 2, norm: Norm::Layer, activation: Activation::Silu }
    }

    fn encoder(
        &self,
        data: &Dataset,
        outputs: usize,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        check_positive("width", &[self.width])?;
        let to_code = Linear::new(self.width, outputs, Init::Glorot, from);
        let mut net = self.stack(data.width(), to_code, from);
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
        let mut output = Linear::new(self.width, mean.len(), Init::Glorot, from);
        begin_with(&mut output, mean.clone());
        Ok(self.stack(code, output, from))
    }
}

impl Residual {
    /// A linear layer, the blocks, and the last layer.
    fn stack(
        &self,
        inputs: usize,
        last: Linear<Tensor<f32>>,
        from: &mut Generator,
    ) -> Sequential<Tensor<f32>> {
        let mut layers = vec![Linear::new(inputs, self.width, Init::Glorot, from).into()];
        for _ in 0..self.blocks {
            let mut body: Vec<Layer<Tensor<f32>>> = vec![];
            for second in [false, true] {
                body.extend(self.norm.layer(self.width));
                body.push(self.activation.into());
                let mut linear = Linear::new(self.width, self.width, self.activation.init(), from);
                if second {
                    // Blocks begin small, so that many of them do not add up to a large sum.
                    let part = (self.blocks as f32).sqrt().recip();
                    linear.weight = linear.weight.map(|w| w * part);
                }
                body.push(linear.into());
            }
            layers.push(Block::new(body).into());
        }
        layers.extend(self.norm.layer(self.width));
        layers.push(self.activation.into());
        layers.push(last.into());
        Sequential::new(layers)
    }
}

#[cfg(test)]
mod tests {
    use autograd::Tree;
    use nn::{Context, Purpose, generator};

    use super::*;
    use crate::data::digits;
    use crate::network::{Autoencoder, Design};
    use crate::{Likelihood, network};

    #[test]
    fn many_blocks_still_pass_gradients_to_the_first_layer() {
        let data = digits().train;
        let x = data.rows(&[0, 1, 2, 3]);
        let first = |blocks: usize| {
            let mlp = Mlp { hidden: vec![], activation: Activation::Relu };
            let network = network::Network::from(Residual { blocks, ..Residual::usual(&data, &mlp) });
            let design = Design { code: 8, network, likelihood: Likelihood::SquaredError };
            let net = Autoencoder::new(&data, &design, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
            let gradient = autograd::grad(&net, |net, tape| {
                let (x, context) = (tape.constant(&x), &mut Context::training(0, 0, &[0, 1, 2, 3]));
                net.loss(net.encode(x, context), x, context)
            });
            let mut norms = vec![];
            gradient.visit(&mut |_, g: &Tensor<f32>| norms.push(g.map(|g| g * g).sum_to([]).item().sqrt()));
            norms[0]
        };
        assert!(first(20) > 0.2 * first(1), "{} with 20 blocks, {} with 1", first(20), first(1));
    }
}
