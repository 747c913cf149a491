//! The vector-quantized autoencoder, VQ-VAE (van den Oord, Vinyals and Kavukcuoglu 2017, eq. 3), with the
//! codebook of its appendix A.1.
//!
//! > `L = ‖x − x̂(z_q)‖² + β ‖z_e − sg(z_q)‖²`,  `z_q = e_k`,  `k = argminⱼ ‖z_e − eⱼ‖`
//!
//! The code is made of parts of a few numbers, and each part is replaced by the nearest vector of a codebook.
//! The replacement has no derivative, so the gradient of the decoder is handed to the encoder as it is
//! (*straight through*); a second derivative does not exist and is refused. The codebook is not learnt by
//! gradient: each vector follows the mean of the parts that choose it, with a decay. A vector that few
//! choose is dead, and starts again at a part of the batch.

use autograd::{Name, Real, Tape, Tensor, Tree, Var, tree, value};
use nn::random::permutation;
use nn::{Activation, Context, Dataset, Error, Generator, Result};
use serde::{Deserialize, Serialize};

use super::check_weight;
use super::codebook::{Codebook, Usage};
use crate::network::{Autoencoder, Design, centre, evaluation, quiet};
use crate::registry::Entry;
use crate::{Learned, Likelihood, Loss, Model, Settings};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "vq-vae",
    title: "vector-quantized autoencoder",
    equation: "‖x − x̂(e)‖² + β ‖z − sg(e)‖²",
    source: "van den Oord et al. 2017",
    leaves_gaps_out: true,
    ..Entry::of::<Config>(include_str!("vq_vae.rs"))
};

/// Settings of a VQ-VAE.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Code, network and likelihood.
    pub design: Design,
    /// Numbers in a part, which together become one vector of the codebook.
    pub dimension: usize,
    /// Vectors in the codebook `K`, from 1 up.
    pub codebook: usize,
    /// Weight `β` that keeps the encoder near the codebook, ≥ 0.
    pub commitment: f64,
    /// Share of the old averages that a step keeps, 0 to less than 1.
    pub decay: f64,
    /// A vector starts again when it is chosen less often than this share of a fair part, ≥ 0. 0 for never.
    pub restart: f64,
}

/// A network and a codebook.
#[derive(Clone, Debug)]
pub struct VqVae<W> {
    net: Autoencoder<W>,
    codebook: Codebook<W>,
    commitment: f64,
}
tree!(VqVae { net, codebook; commitment });

/// A VQ-VAE at rest.
pub type Trained = Learned<VqVae<Tensor<f32>>>;

impl Settings for Config {
    const LIKELIHOODS: &[Likelihood] = Likelihood::ALL;

    type Model = Trained;

    fn usual(data: &Dataset) -> Self {
        let (code, hidden) = if data.width() < 256 { (32, vec![256]) } else { (64, vec![400]) };
        let design = Design::mlp(code, &hidden, Activation::Relu, Likelihood::SquaredError);
        let (dimension, codebook) = (4, 64);
        let (commitment, decay, restart) = (0.25, 0.99, 0.1);
        Config { design, dimension, codebook, commitment, decay, restart }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        let Config { dimension, codebook, commitment, decay, restart, .. } = *self;
        let code = self.design.code;
        check_weight("commitment", commitment)?;
        check_weight("restart", restart)?;
        if dimension == 0 || !code.is_multiple_of(dimension) {
            let text =
                format!("the code has {code} numbers, which are no whole parts of {dimension} (dimension)");
            return Err(Error::setting("code", text));
        }
        if codebook == 0 {
            return Err(Error::setting("codebook", "codebook is 0; it needs at least 1 vector"));
        }
        if !(0.0..1.0).contains(&decay) {
            return Err(Error::setting("decay", format!("decay must be from 0 to less than 1, not {decay}")));
        }
        let mut net = Autoencoder::new(data, &self.design, from)?;
        // The codebook begins at codes, and codes near 0 are near each other: the first loss is that of the mean.
        quiet(&mut net.encoder, 0, 0.1 * (64.0 / code as f32).sqrt().min(1.0));
        centre(&mut net.encoder, data);
        // The codebook begins at parts of training examples.
        let examples: Vec<usize> = permutation(data.len(), from).into_iter().cycle().take(codebook).collect();
        let codes =
            value(&net, |net, tape| net.encode(tape.constant(data.rows(&examples)), &mut evaluation()));
        let each = code / dimension;
        let chosen: Vec<usize> = (0..codebook).map(|k| k * each + k % each).collect();
        let vectors = codes.reshape([codebook * each, dimension]).index_select(0, &chosen);
        let codebook = Codebook::new(vectors, decay, restart);
        Ok(Learned(VqVae { net, codebook, commitment }))
    }
}

impl VqVae<Tensor<f32>> {
    /// How many vectors the codes of these examples use, as if all were chosen equally often:
    /// `exp(−Σₖ pₖ ln pₖ)`, from 1 to `K`.
    pub fn perplexity(&self, x: &Tensor<f32>) -> f64 {
        let tape = Tape::new();
        let model = self.map(Name::Root, &mut |_, leaf: &Tensor<f32>| tape.constant(leaf));
        model.usage(tape.constant(x)).expect("it has a codebook").perplexity()
    }
}

impl<'t, T: Real> Model<'t, T> for VqVae<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        let z = self.net.encode(x, &mut evaluation());
        z.straight_through(self.codebook.quantize(z).0)
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.net.reconstruction(z)
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let z = self.net.encode(x, context);
        let (quantized, choices) = self.codebook.quantize(z);
        if context.is_training() {
            self.codebook.follow(z, choices, context);
        }
        let reconstruction = self.net.loss(z.straight_through(quantized), x, context);
        let distance = nn::losses::squared_error(z, quantized);
        Loss::sum(
            self.net.head.unit(),
            [("reconstruction", reconstruction), ("commitment", self.commitment * distance)],
        )
    }

    fn usage(&self, x: Var<'t, T>) -> Option<Usage> {
        let z = self.net.encode(x, &mut evaluation());
        let mut counts = vec![0; self.codebook.counts.0.shape()[0]];
        self.codebook.quantize(z).1.value().to_vec().iter().for_each(|k| counts[k.as_f64() as usize] += 1);
        Some(Usage(counts))
    }

    /// Parts drawn independently, each vector as often as the training examples choose it.
    fn sample(&self, _tape: &'t Tape<T>, context: &mut Context) -> Option<Var<'t, T>> {
        let code = self.net.code;
        let counts: Vec<f64> = self.codebook.counts.0.value().to_vec().iter().map(|n| n.as_f64()).collect();
        let total: f64 = counts.iter().sum();
        let choose = |u: &f64| {
            let mut left = u * total;
            let fits = |n: &f64| {
                left -= n;
                left < 0.0
            };
            // Rounding may leave a rest behind the last.
            counts.iter().position(fits).unwrap_or(counts.len() - 1)
        };
        let draws = context.uniform::<f64>(code / self.codebook.dimension()).to_vec();
        let choices: Vec<usize> = draws.iter().map(choose).collect();
        Some(self.codebook.vectors().index_select(0, &choices).reshape([context.batch(), code]))
    }
}
