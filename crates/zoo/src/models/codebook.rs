//! A codebook that follows what chooses it: exponential moving averages in place of a gradient (van den Oord,
//! Vinyals and Kavukcuoglu 2017, appendix A.1), as buffers of a model.

use autograd::{Buffer, Real, Tensor, Var, tree};
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
    pub fn vectors(&self) -> Tensor<T> {
        const EPSILON: f64 = 1e-5;
        let counts = self.counts.0.value();
        let (k, total) = (counts.len(), counts.sum_to([]).item().as_f64());
        let smooth = counts.map(|n| T::of((n.as_f64() + EPSILON) / (total + k as f64 * EPSILON) * total));
        self.sums.0.value().zip(&smooth.reshape([k, 1]), |sum, n| sum / n)
    }

    /// The code with each of its parts replaced by the nearest vector, and which one that is; of two that are
    /// equally near, the first.
    pub fn quantise(&self, z: &Tensor<T>) -> (Tensor<T>, Vec<usize>) {
        let vectors = self.vectors();
        let k = vectors.shape()[0];
        // ‖p − e‖² without ‖p‖², which is the same for all vectors.
        let squares = vectors.map(|e| e * e).sum_to([k, 1]).reshape([k]);
        let products = self.parts(z).matmul(&vectors.t());
        let choices = products.zip(&squares, |product, square| square - product - product).argmin_over(-1);
        (vectors.index_select(0, &choices).reshape(z.shape()), choices)
    }

    /// The vectors with these numbers.
    pub fn select(&self, choices: &[usize]) -> Tensor<T> {
        self.vectors().index_select(0, choices)
    }

    /// Notes in the context where the averages are after a step on these codes and their choices.
    pub fn follow(&self, z: &Tensor<T>, choices: &[usize], context: &mut Context) {
        let (k, dimension) = (self.counts.0.shape()[0], self.dimension());
        let parts: Vec<f64> = self.parts(z).to_vec().iter().map(|p| p.as_f64()).collect();
        let (mut counts, mut sums) = (vec![0.0; k], vec![0.0; k * dimension]);
        for (part, &choice) in parts.chunks(dimension).zip(choices) {
            counts[choice] += 1.0;
            sums[choice * dimension..][..dimension].iter_mut().zip(part).for_each(|(sum, p)| *sum += p);
        }
        let average = |old: Tensor<T>, new: &mut [f64]| {
            let moved =
                |(new, old): (&mut f64, T)| *new = self.decay * old.as_f64() + (1.0 - self.decay) * *new;
            new.iter_mut().zip(old.to_vec()).for_each(moved);
        };
        average(self.counts.0.value(), &mut counts);
        average(self.sums.0.value(), &mut sums);
        let fair = choices.len() as f64 / k as f64;
        let dead = (0..k).filter(|&k| counts[k] < self.restart * fair).collect::<Vec<_>>();
        for (k, part) in dead.into_iter().zip(donors(choices.len(), context)) {
            counts[k] = fair;
            let vector = parts[part * dimension..][..dimension].iter();
            sums[k * dimension..][..dimension].iter_mut().zip(vector).for_each(|(sum, p)| *sum = fair * p);
        }
        let tensor =
            |shape: &[usize], v: Vec<f64>| Tensor::from_vec(shape, v.into_iter().map(T::of).collect());
        context.note(self.counts.0, tensor(&[k], counts));
        context.note(self.sums.0, tensor(&[k, dimension], sums));
    }

    /// Codes as rows of parts, `[batch · parts, dimension]`.
    fn parts(&self, z: &Tensor<T>) -> Tensor<T> {
        z.contiguous().reshape([z.len() / self.dimension(), self.dimension()])
    }
}

/// All parts of a batch in a random order that belongs to the examples and not to their places: of every
/// example one part, then of every example another.
fn donors(parts: usize, context: &mut Context) -> impl Iterator<Item = usize> {
    let keys = context.uniform::<f64>(1).to_vec();
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|&a, &b| keys[a].total_cmp(&keys[b]));
    let each = parts / order.len();
    (0..parts).map(move |i| order[i % order.len()] * each + (i + i / order.len()) % each)
}
