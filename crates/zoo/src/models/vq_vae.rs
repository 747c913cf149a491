//! The vector-quantised autoencoder, VQ-VAE (van den Oord, Vinyals and Kavukcuoglu 2017, eq. 3), with the
//! codebook of its appendix A.1.
//!
//! > `L = ‖x − x̂(z_q)‖² + β ‖z_e − sg(z_q)‖²`,  `z_q = e_k`,  `k = argminⱼ ‖z_e − eⱼ‖`
//!
//! The code is made of parts of a few numbers, and each part is replaced by the nearest vector of a codebook.
//! The replacement has no derivative, so the gradient of the decoder is handed to the encoder as it is
//! (*straight through*); a second derivative does not exist and is refused. The codebook is not learnt by
//! gradient: each vector follows the mean of the parts that choose it, with a decay. A vector that few
//! choose is dead, and starts again at a part of the batch.

use autograd::{Buffer, Real, Tape, Tensor, Var, tree, value};
use nn::random::permutation;
use nn::{Activation, Context, Dataset, Error, Generator, Mlp, Result};
use serde::{Deserialize, Serialize};

use super::variational::check_weight;
use super::{check_widths, reversed, widths};
use crate::registry::Settings;
use crate::{Learned, Likelihood, Loss, Model};

/// Settings of a VQ-VAE.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Numbers in the code: a multiple of `dimension`.
    pub code: usize,
    /// Units in the encoder's hidden layers; the decoder mirrors them.
    pub hidden: Vec<usize>,
    /// Activation of the hidden layers.
    pub activation: Activation,
    /// What the decoder's output means.
    pub likelihood: Likelihood,
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

/// Encoder, decoder and codebook.
#[derive(Clone, Debug)]
pub struct VqVae<W> {
    encoder: Mlp<W>,
    decoder: Mlp<W>,
    /// How often each vector is chosen in a step, averaged with the decay, `[K]`.
    counts: Buffer<W>,
    /// The sum of the parts that choose it, averaged in the same way, `[K, dimension]`.
    sums: Buffer<W>,
    likelihood: Likelihood,
    settings: Averages,
}
tree!(VqVae { encoder, decoder, counts, sums; likelihood, settings });

#[derive(Clone, Copy, Debug)]
struct Averages {
    commitment: f64,
    decay: f64,
    restart: f64,
}

impl Settings for Config {
    type Model = Learned<VqVae<Tensor<f32>>>;

    fn defaults(data: &Dataset) -> Self {
        let (code, hidden) = if data.width() < 256 { (32, vec![256]) } else { (64, vec![400]) };
        let (activation, likelihood) = (Activation::Relu, Likelihood::SquaredError);
        let (dimension, codebook) = (4, 64);
        let (commitment, decay, restart) = (0.25, 0.99, 0.1);
        Config { code, hidden, activation, likelihood, dimension, codebook, commitment, decay, restart }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        let Config { code, dimension, codebook, commitment, decay, restart, likelihood, .. } = *self;
        check_widths(&self.hidden, code)?;
        check_weight("commitment", commitment)?;
        check_weight("restart", restart)?;
        if dimension == 0 || code % dimension != 0 {
            let text = format!("the code has {code} numbers, which are no whole parts of {dimension} (dimension)");
            return Err(Error::Invalid(text));
        }
        if codebook == 0 {
            return Err(Error::Invalid("codebook is 0; it needs at least 1 vector".into()));
        }
        if !(0.0..1.0).contains(&decay) {
            return Err(Error::Invalid(format!("decay must be from 0 to less than 1, not {decay}")));
        }
        let widths = widths(data.width(), &self.hidden, code);
        let encoder = Mlp::new(&widths, self.activation, from);
        let mut decoder = Mlp::new(&reversed(widths), self.activation, from);
        let output = decoder.layers.last_mut().expect("at least one layer");
        output.bias = likelihood.output_for(&crate::evaluate::mean(&data.x));
        // The codebook begins at parts of training examples.
        let examples: Vec<usize> = permutation(data.len(), from).into_iter().cycle().take(codebook).collect();
        let codes = value(&encoder, |encoder, tape| encoder.forward(tape.constant(data.rows(&examples))));
        let parts = codes.reshape([codebook * (code / dimension), dimension]);
        let chosen: Vec<usize> = (0..codebook).map(|k| k * (code / dimension) + k % (code / dimension)).collect();
        let (counts, sums) = (Buffer(Tensor::ones([codebook])), Buffer(parts.index_select(0, &chosen)));
        let settings = Averages { commitment, decay, restart };
        Ok(Learned(VqVae { encoder, decoder, counts, sums, likelihood, settings }))
    }
}

impl VqVae<Tensor<f32>> {
    /// How many vectors the codes of these examples use, as if all were chosen equally often:
    /// `exp(−Σₖ pₖ ln pₖ)`, from 1 to `K`.
    pub fn perplexity(&self, x: &Tensor<f32>) -> f64 {
        let tape = Tape::new();
        let model = autograd::Tree::map(self, autograd::Name::Root, &mut |_, leaf: &Tensor<f32>| tape.constant(leaf));
        let parts = model.parts(model.encoder.forward(tape.constant(x)));
        let choices = nearest(&parts, &model.codebook());
        let mut shares = vec![0.0; self.counts.0.len()];
        choices.iter().for_each(|&k| shares[k] += 1.0 / choices.len() as f64);
        let entropy: f64 = shares.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
        entropy.exp()
    }
}

impl<'t, T: Real> VqVae<Var<'t, T>> {
    /// The vectors `eₖ`, `[K, dimension]`: the averaged sums over the averaged counts. A count is moved
    /// towards an equal share by ε = 10⁻⁵ (Laplace smoothing), so that none is 0.
    fn codebook(&self) -> Tensor<T> {
        const EPSILON: f64 = 1e-5;
        let counts = self.counts.0.value();
        let (k, total) = (counts.len(), counts.sum_to([]).item().as_f64());
        let smooth = counts.map(|n| T::of((n.as_f64() + EPSILON) / (total + k as f64 * EPSILON) * total));
        self.sums.0.value().zip(&smooth.reshape([k, 1]), |sum, n| sum / n)
    }

    /// Codes as rows of parts, `[batch · parts, dimension]`.
    fn parts(&self, z: Var<'t, T>) -> Tensor<T> {
        let dimension = self.sums.0.shape()[1];
        z.value().contiguous().reshape([z.value().len() / dimension, dimension])
    }

    /// The codes with every part replaced, and which vector each part chose.
    fn quantised(&self, z: Var<'t, T>) -> (Tensor<T>, Vec<usize>) {
        let codebook = self.codebook();
        let choices = nearest(&self.parts(z), &codebook);
        (codebook.index_select(0, &choices).reshape(z.shape()), choices)
    }

    /// Moves the averages by one step (van den Oord et al. 2017, eq. 6 to 8), and restarts dead vectors.
    fn follow(&self, z: Var<'t, T>, choices: &[usize], context: &mut Context) {
        let parts = self.parts(z);
        let (k, dimension) = (self.counts.0.shape()[0], parts.shape()[1]);
        let (mut counts, mut sums) = (vec![0.0; k], vec![0.0; k * dimension]);
        let parts = parts.to_vec();
        for (part, &choice) in parts.chunks(dimension).zip(choices) {
            counts[choice] += 1.0;
            let sum = &mut sums[choice * dimension..][..dimension];
            sum.iter_mut().zip(part).for_each(|(sum, x)| *sum += x.as_f64());
        }
        let Averages { decay, restart, .. } = self.settings;
        let average = |old: Tensor<T>, new: &mut [f64]| {
            let old = old.to_vec();
            new.iter_mut().zip(old).for_each(|(new, old)| *new = decay * old.as_f64() + (1.0 - decay) * *new);
        };
        average(self.counts.0.value(), &mut counts);
        average(self.sums.0.value(), &mut sums);
        // Examples in a random order that does not depend on the batch they are in; each gives one part.
        let order = context.uniform::<f64>(1).to_vec();
        let mut donors: Vec<usize> = (0..order.len()).collect();
        donors.sort_by(|&a, &b| order[a].total_cmp(&order[b]));
        let per_example = choices.len() / donors.len();
        let fair = choices.len() as f64 / k as f64;
        let dead: Vec<usize> = (0..k).filter(|&k| counts[k] < restart * fair).collect();
        for (i, &k) in dead.iter().enumerate().take(choices.len()) {
            let part = donors[i % donors.len()] * per_example + (k + i / donors.len()) % per_example;
            counts[k] = fair;
            let place = sums[k * dimension..][..dimension].iter_mut();
            place.zip(&parts[part * dimension..]).for_each(|(sum, x)| *sum = fair * x.as_f64());
        }
        let tensor = |shape: &[usize], v: Vec<f64>| Tensor::from_vec(shape, v.into_iter().map(T::of).collect());
        context.note(self.counts.0, tensor(&[k], counts));
        context.note(self.sums.0, tensor(&[k, dimension], sums));
    }
}

/// The nearest vector of each part; of two that are equally near, the first. `‖p‖²` is the same for all.
fn nearest<T: Real>(parts: &Tensor<T>, codebook: &Tensor<T>) -> Vec<usize> {
    let squares = codebook.map(|e| e * e).sum_to([codebook.shape()[0], 1]).reshape([codebook.shape()[0]]);
    parts.matmul(&codebook.t()).zip(&squares, |product, square| square - product - product).argmin_over(-1)
}

impl<'t, T: Real> Model<'t, T> for VqVae<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        let z = self.encoder.forward(x);
        z.straight_through(self.quantised(z).0)
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.likelihood.mean(self.decoder.forward(z))
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let z = self.encoder.forward(x);
        let (quantised, choices) = self.quantised(z);
        if context.is_training() {
            self.follow(z, &choices, context);
        }
        let output = self.decoder.forward(z.straight_through(quantised.clone()));
        let distance = nn::losses::squared_error(z, x.tape().constant(quantised));
        Loss::sum(
            self.likelihood.unit(),
            [
                ("reconstruction", self.likelihood.loss(output, x)),
                ("commitment", self.settings.commitment * distance),
            ],
        )
    }

    /// Parts drawn independently, each vector as often as the training examples choose it.
    fn sample(&self, tape: &'t Tape<T>, context: &mut Context) -> Option<Var<'t, T>> {
        let code = self.decoder.layers[0].weight.shape()[1];
        let parts = code / self.sums.0.shape()[1];
        let counts: Vec<f64> = self.counts.0.value().to_vec().iter().map(|n| n.as_f64()).collect();
        let total: f64 = counts.iter().sum();
        let choose = |u: &f64| {
            let mut left = u * total;
            let fits = |n: &f64| {
                left -= n;
                left < 0.0
            };
            counts.iter().position(fits).unwrap_or(counts.len() - 1)
        };
        let choices: Vec<usize> = context.uniform::<f64>(parts).to_vec().iter().map(choose).collect();
        Some(tape.constant(self.codebook().index_select(0, &choices).reshape([context.batch(), code])))
    }
}
