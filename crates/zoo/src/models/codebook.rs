//! A codebook that follows what chooses it: exponential moving averages in place of a gradient (van den Oord,
//! Vinyals and Kavukcuoglu 2017, appendix A.1), as buffers of a model.

use autograd::{Buffer, Choice, Real, Tensor, Var, tree};
use nn::Context;

/// `K` vectors of a few numbers each.
///
/// > `Nₖ ← γ Nₖ + (1 − γ) nₖ`,  `mₖ ← γ mₖ + (1 − γ) Σ p`,  `eₖ = mₖ / Nₖ`
///
/// where `nₖ` parts `p` of a batch chose vector `k`. A vector that few choose is dead, and starts again at a
/// part of the batch.
#[derive(Clone, Debug)]
pub struct Codebook<W> {
    /// `N`, `[K]`.
    pub counts: Buffer<W>,
    /// `m`, `[K, dimension]`.
    sums: Buffer<W>,
    /// `γ`, from 0 to less than 1.
    decay: f64,
    /// A vector is dead when it is chosen less often than this share of a fair part.
    restart: f64,
}
tree!(Codebook { counts, sums; decay, restart });

/// How often each vector of a codebook is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage(pub Vec<usize>);

impl Usage {
    /// The number of vectors that are chosen at all.
    pub fn used(&self) -> usize {
        self.0.iter().filter(|count| **count > 0).count()
    }

    /// As many vectors as are used, if all were chosen equally often: `exp(−Σₖ pₖ ln pₖ)`, from 1 to `K`.
    pub fn perplexity(&self) -> f64 {
        let total = self.0.iter().sum::<usize>() as f64;
        let shares = self.0.iter().filter(|count| **count > 0).map(|count| *count as f64 / total);
        shares.map(|p| -p * p.ln()).sum::<f64>().exp()
    }
}

impl Codebook<Tensor<f32>> {
    /// A codebook that begins with these vectors, `[K, dimension]`.
    pub fn new(vectors: Tensor<f32>, decay: f64, restart: f64) -> Self {
        let counts = Tensor::ones([vectors.shape()[0]]);
        Codebook { counts: Buffer(counts), sums: Buffer(vectors), decay, restart }
    }
}

impl<'t, T: Real> Codebook<Var<'t, T>> {
    /// Numbers in a vector.
    pub fn dimension(&self) -> usize {
        self.sums.0.shape()[1]
    }

    /// The vectors `eₖ`, `[K, dimension]`. Counts are moved towards an equal share by `ε = 10⁻⁵` (Laplace
    /// smoothing), so that none is 0.
    pub fn vectors(&self) -> Var<'t, T> {
        let counts = Var::choose(Smoothed, [self.counts.0]);
        self.sums.0.stop_gradient() / counts.unsqueeze(1)
    }

    /// The code with each of its parts replaced by the nearest vector, and the number of that vector for each part; of
    /// two that are equally near, the first. For derivatives both are constants.
    pub fn quantize(&self, z: Var<'t, T>) -> (Var<'t, T>, Var<'t, T>) {
        let vectors = self.vectors();
        // ‖p − e‖² without ‖p‖², which is the same for all vectors.
        let squares = vectors.square().sum_over(1);
        let products = self.parts(z).matmul(vectors.t());
        let choices = (squares - products - products).argmin_over(-1);
        (vectors.index_select(0, choices).reshape(z.shape()), choices)
    }

    /// Sets the averages after a step on these codes and their choices.
    pub fn follow(&self, z: Var<'t, T>, choices: Var<'t, T>, context: &mut Context) {
        let draws = context.on(z.tape()).uniform(1);
        // Of the whole batch, so that all its pieces set the same averages.
        let [z, choices, draws] = [z.stop_gradient(), choices, draws].map(|of| context.whole(of));
        let follow = Follow { decay: self.decay, restart: self.restart };
        let moved = Var::choose(follow, [self.counts.0, self.sums.0, self.parts(z), choices, draws]);
        self.counts.set(moved.slice(1, ..1).squeeze(1));
        self.sums.set(moved.slice(1, 1..));
    }

    /// Codes as rows of parts, `[batch · parts, dimension]`, without a derivative.
    fn parts(&self, z: Var<'t, T>) -> Var<'t, T> {
        let dimension = self.dimension();
        z.stop_gradient().reshape([z.shape().iter().product::<usize>() / dimension, dimension])
    }
}

/// Counts with Laplace smoothing, in double precision: the sum over many of them is large beside the smallest.
struct Smoothed;

impl<T: Real> Choice<T, 1> for Smoothed {
    const NAME: &'static str = "smoothed counts";

    fn forward(&self, [counts]: [&Tensor<T>; 1]) -> Tensor<T> {
        const EPSILON: f64 = 1e-5;
        let (k, total) = (counts.len(), counts.sum_to([]).item().as_f64());
        counts.map(|n| T::of((n.as_f64() + EPSILON) / (total + k as f64 * EPSILON) * total))
    }
}

/// The averages after a step, `[K, 1 + dimension]`: counts and sums. Its inputs are the averages before it, the parts and
/// their choices, and a random number for each example, by which dead vectors find their parts.
struct Follow {
    decay: f64,
    restart: f64,
}

impl<T: Real> Choice<T, 5> for Follow {
    const NAME: &'static str = "moving averages of a codebook";

    fn forward(&self, [counts, sums, parts, choices, draws]: [&Tensor<T>; 5]) -> Tensor<T> {
        let numbers = |x: &Tensor<T>| x.to_vec().iter().map(|x| x.as_f64()).collect::<Vec<_>>();
        let (k, dimension) = (sums.shape()[0], sums.shape()[1]);
        let (parts, choices) = (numbers(parts), numbers(choices));
        let (mut new_counts, mut new_sums) = (vec![0.0; k], vec![0.0; k * dimension]);
        for (part, choice) in parts.chunks(dimension).zip(choices.iter().map(|&choice| choice as usize)) {
            new_counts[choice] += 1.0;
            new_sums[choice * dimension..][..dimension].iter_mut().zip(part).for_each(|(sum, p)| *sum += p);
        }
        let average = |old: &Tensor<T>, new: &mut [f64]| {
            let moved = |(new, old): (&mut f64, f64)| *new = self.decay * old + (1.0 - self.decay) * *new;
            new.iter_mut().zip(numbers(old)).for_each(moved);
        };
        average(counts, &mut new_counts);
        average(sums, &mut new_sums);
        let fair = choices.len() as f64 / k as f64;
        let dead = (0..k).filter(|&k| new_counts[k] < self.restart * fair).collect::<Vec<_>>();
        for (k, part) in dead.into_iter().zip(donors(choices.len(), &numbers(draws))) {
            new_counts[k] = fair;
            let vector = parts[part * dimension..][..dimension].iter();
            new_sums[k * dimension..][..dimension]
                .iter_mut()
                .zip(vector)
                .for_each(|(sum, p)| *sum = fair * p);
        }
        let row = |k: usize| std::iter::once(&new_counts[k]).chain(&new_sums[k * dimension..][..dimension]);
        Tensor::from_vec([k, 1 + dimension], (0..k).flat_map(row).map(|&x| T::of(x)).collect())
    }
}

/// All parts of a batch in a random order that belongs to the examples and not to their places: of every
/// example one part, then of every example another. `draws` has a random number for each example.
fn donors(parts: usize, draws: &[f64]) -> impl Iterator<Item = usize> {
    let mut order: Vec<usize> = (0..draws.len()).collect();
    order.sort_by(|&a, &b| draws[a].total_cmp(&draws[b]));
    let each = parts / order.len();
    (0..parts).map(move |i| order[i % order.len()] * each + (i + i / order.len()) % each)
}
