//! The Wasserstein autoencoder (Tolstikhin, Bousquet, Gelly and Schölkopf 2018), with the maximum mean
//! discrepancy or the sliced Wasserstein distance (Kolouri, Pope, Martin and Rohde 2019).
//!
//! > `L = ‖x − x̂‖² + λ D(q(z), N(0, I))`,  `q(z) = E_x δ(z − f(x))`
//!
//! A variational autoencoder pulls the code of *every* example towards the prior, so codes of different
//! examples overlap. This model asks that of the codes of *all* examples together: as a crowd they have
//! to look like draws from the prior, while each may stay where it is. Encoder and decoder are
//! deterministic.
//!
//! `D` is estimated from the codes of a batch and as many draws from the prior, so it needs batches of a
//! hundred or more, and two losses compare only at the same batch size.

use autograd::{Real, SortOrder, Tensor, Var, tree};
use nn::{Activation, Context, Dataset, Error, Generator, Result};
use serde::{Deserialize, Serialize};

use super::{check_weight, small_code};
use crate::network::{Autoencoder, Design, evaluation};
use crate::registry::Entry;
use crate::{Learned, Likelihood, Loss, Model, Settings};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "wae",
    title: "Wasserstein autoencoder",
    equation: "‖x − x̂‖² + λ MMD²(q(z), N(0, I))",
    source: "Tolstikhin et al. 2018; Kolouri et al. 2019",
    leaves_gaps_out: true,
    reads_texts: true,
    ..Entry::of::<Config>(include_str!("wae.rs"))
};

/// Settings of a Wasserstein autoencoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Code, network and likelihood.
    pub design: Design,
    /// `D`, how far the codes are from the prior: by kernels or by projections on random directions.
    pub divergence: Divergence,
    /// `λ`, the weight of `D`, ≥ 0.
    pub lambda: f64,
    /// Random directions for the sliced Wasserstein distance, ≥ 1.
    pub projections: usize,
}

/// How the codes of a batch are compared with draws from the prior.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Divergence {
    /// [`mmd`].
    Mmd,
    /// [`sliced_wasserstein`].
    SlicedWasserstein,
}

/// A network and how its codes are compared with the prior.
#[derive(Clone, Debug)]
pub struct Wae<W> {
    net: Autoencoder<W>,
    config: Config,
}
tree!(Wae { net; config });

impl Settings for Config {
    const LIKELIHOODS: &[Likelihood] = Likelihood::ALL;

    type Model = Learned<Wae<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        let (code, hidden) =
            if data.width() < 256 { (small_code(data), vec![128]) } else { (16, vec![512, 128]) };
        let design = Design::mlp(code, &hidden, Activation::Relu, Likelihood::SquaredError);
        Config { design, divergence: Divergence::Mmd, lambda: 10.0, projections: 50 }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_weight("lambda", self.lambda)?;
        if self.projections == 0 {
            return Err(Error::setting("projections", "projections is 0; the distance needs at least 1"));
        }
        let net = Autoencoder::new(data, &self.design, from)?;
        Ok(Learned(Wae { net, config: self.clone() }))
    }
}

impl<'t, T: Real> Model<'t, T> for Wae<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.net.encode(x, &mut evaluation())
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.net.reconstruction(z)
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let Config { lambda, projections, .. } = self.config;
        let z = self.net.encode(x, context);
        let prior = context.on(x.tape()).normal(self.net.code);
        let samples = [z, prior].map(|sample| context.whole(sample));
        let (name, divergence) = match self.config.divergence {
            Divergence::Mmd => ("mmd", mmd(samples[0], samples[1])),
            Divergence::SlicedWasserstein => {
                let directions = context.on(x.tape()).normal_for_batch([self.net.code, projections]);
                ("sliced wasserstein", sliced_wasserstein(samples[0], samples[1], directions))
            }
        };
        let reconstruction = self.net.loss(z, x, context);
        Loss::sum(self.net.head.unit(), [("reconstruction", reconstruction), (name, lambda * divergence)])
    }
}

/// The squared maximum mean discrepancy of two samples, `[n, k]` each (Gretton et al. 2012, eq. 3):
///
/// > `1/(n(n−1)) Σ_{i≠j} [κ(aᵢ, aⱼ) + κ(bᵢ, bⱼ)] − 2/n² Σᵢⱼ κ(aᵢ, bⱼ)`,
/// > `κ(a, b) = Σₛ s C / (s C + ‖a − b‖²)`,  `C = 2k`,
///
/// with inverse multiquadric kernels of the scales `s` from 0.1 to 10 (Tolstikhin et al. 2018, section 4).
/// It is 0 on average if both come from one distribution, and so may be negative. Without a pair (`n = 1`)
/// the first sum is 0.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn mmd<'t, T: Real>(a: Var<'t, T>, b: Var<'t, T>) -> Var<'t, T> {
    const SCALES: [f64; 7] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
    let (shape, other) = (a.shape(), b.shape());
    assert!(shape == other, "mmd: the samples have shapes {shape:?} and {other:?}");
    let (n, width) = (shape[0] as f64, shape[1] as f64);
    let sum = |a: Var<'t, T>, b: Var<'t, T>| {
        // A shift changes no distance; without it, codes far from 0 would lose theirs in the differences below.
        let centre = a.mean_over(0).stop_gradient();
        let (a, b) = (a - centre, b - centre);
        let squares = |x: Var<'t, T>| x.square().sum_over(1);
        let distances = squares(a).unsqueeze(1) + squares(b) - a.matmul(b.t()) * 2.0;
        // Rounding makes a distance of almost 0 negative, and 1/κ must not vanish.
        let distances = distances.clamp(0.0, f64::INFINITY);
        let kernel = |scale: f64| ((distances / (2.0 * width * scale) + 1.0).recip()).sum();
        SCALES.into_iter().map(kernel).reduce(|a, b| a + b).expect("there are scales")
    };
    // A point's kernel with itself is 1 for each scale.
    let own = n * SCALES.len() as f64;
    let pairs = (n * (n - 1.0)).max(1.0);
    (sum(a, a) + sum(b, b) - 2.0 * own) / pairs - sum(a, b) * (2.0 / (n * n))
}

/// The squared sliced 2-Wasserstein distance of two samples `[n, k]` (Kolouri et al. 2019, eq. 13): the
/// mean over the columns `θ` of `directions`, `[k, projections]`, and over `i`, of the squared difference
/// between the `i`-th smallest `⟨a, θ⟩ / ‖θ‖` and the `i`-th smallest `⟨b, θ⟩ / ‖θ‖`.
///
/// On a line the cheapest way to move one heap onto another is to keep the order, so sorting solves it.
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn sliced_wasserstein<'t, T: Real>(a: Var<'t, T>, b: Var<'t, T>, directions: Var<'t, T>) -> Var<'t, T> {
    let directions = directions / directions.norm_over(0);
    let sorted = |x: Var<'t, T>| x.matmul(directions).sort(0, SortOrder::Ascending)[0];
    (sorted(a) - sorted(b)).square().mean()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;
    use crate::evaluate;
    use crate::train::{Plan, train};
    use autograd::{Tape, gradcheck};
    use nn::random::normal;
    use nn::{Purpose, generator};

    fn sample(n: usize, width: usize, epoch: u64) -> Tensor<f64> {
        normal([n, width], &mut generator(0, Purpose::Noise, epoch, 0))
    }

    #[test]
    fn the_discrepancy_is_its_double_sum() {
        let (a, b) = (sample(4, 2, 1), sample(4, 2, 2).map(|x| x + 0.5));
        let kernel = |p: &[f64], q: &[f64]| {
            let distance: f64 = p.iter().zip(q).map(|(p, q)| (p - q).powi(2)).sum();
            [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0].map(|s| s * 4.0 / (s * 4.0 + distance)).iter().sum::<f64>()
        };
        let rows = |x: &Tensor<f64>| x.to_vec().chunks(2).map(<[f64]>::to_vec).collect::<Vec<_>>();
        let (p, q) = (rows(&a), rows(&b));
        let mut expected = 0.0;
        for i in 0..4 {
            for j in 0..4 {
                if i != j {
                    expected += (kernel(&p[i], &p[j]) + kernel(&q[i], &q[j])) / 12.0;
                }
                expected -= 2.0 * kernel(&p[i], &q[j]) / 16.0;
            }
        }
        let tape = Tape::new();
        let ours = mmd(tape.constant(&a), tape.constant(&b)).item();
        assert!((ours - expected).abs() < 1e-12, "{ours} {expected}");
    }

    #[test]
    fn equal_distributions_are_near_and_others_far() {
        let tape = Tape::new();
        let of =
            |epoch, scale: f64, shift: f64| tape.constant(sample(500, 3, epoch).map(|x| scale * x + shift));
        let directions = tape.constant(sample(3, 50, 9));
        let both = |scale: f64, shift: f64| {
            let (a, b) = (of(1, scale, shift), of(2, 1.0, 0.0));
            [mmd(a, b).item(), sliced_wasserstein(a, b, directions).item()]
        };
        let same = both(1.0, 0.0);
        for (scale, shift) in [(1.0, 1.0), (2.0, 0.0), (0.4, 0.0)] {
            let other = both(scale, shift);
            for (other, same) in other.iter().zip(same) {
                assert!(*other > 10.0 * same.abs(), "at {scale}, {shift}: {other} {same}");
            }
        }
    }

    #[test]
    fn on_a_line_the_distance_is_that_of_the_sorted_numbers() {
        let tape = Tape::<f64>::new();
        let column = |x: [f64; 3]| tape.constant(Tensor::from_vec([3, 1], x.to_vec()));
        let direction = tape.constant(Tensor::from_vec([1, 1], vec![7.0]));
        let distance = sliced_wasserstein(column([3.0, 1.0, 2.0]), column([2.5, 3.0, 0.0]), direction);
        assert!((distance.item() - (1.0 + 0.25 + 0.0) / 3.0).abs() < 1e-15);
    }

    #[test]
    fn gradients_of_both_measures() {
        let inputs = || [sample(4, 2, 1), sample(4, 2, 2)];
        for order in 1..=2 {
            gradcheck(|[a, b]| mmd(a, b), inputs(), order).unwrap();
            gradcheck(|[a, b]| sliced_wasserstein(a, b, a.tape().constant(sample(2, 3, 3))), inputs(), order)
                .unwrap();
        }
    }

    #[test]
    fn codes_become_normal() {
        let data = digits();
        for divergence in [Divergence::Mmd, Divergence::SlicedWasserstein] {
            let spread = |lambda: f64| {
                let mut config = Config { divergence, lambda, ..Config::defaults(&data.train) };
                config.design.code = 4;
                let mut model = config.build(&data.train, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
                // First codes that are far from normal: what draws them there is the divergence.
                let weight = &mut crate::network::last(&mut model.0.net.encoder).weight;
                *weight = weight.map(|w| 3.0 * w);
                let plan = Plan { epochs: 30, batch: 128, learning_rate: 3e-3, ..Plan::default() };
                train(&mut model, &data, &plan).unwrap();
                let codes = evaluate::codes(&model, &data.test);
                let mean = evaluate::mean(&codes);
                let covariance = evaluate::covariance(&codes, &mean).to_vec();
                let distance = |i: usize, c: f64| (c - if i / 4 == i % 4 { 1.0 } else { 0.0 }).abs();
                covariance.iter().enumerate().map(|(i, &c)| distance(i, c)).fold(0.0, f64::max)
            };
            let [free, held] = [0.0, 20.0].map(spread);
            assert!(held < 0.5 && held < 0.5 * free, "{divergence:?}: {free} became {held}");
        }
    }
}
