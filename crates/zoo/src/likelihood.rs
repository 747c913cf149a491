//! What a model of a distribution is judged by, each with its exact definition: the likelihood of the
//! test examples, the bound on it, and how many latents are in use.

use autograd::Tensor;
use nn::Dataset;

use crate::{AnyModel, evaluate};

/// An estimated negative log-likelihood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nll {
    /// `NLL_K` in nats an example, the mean over the seeds. Positive numbers are good only for densities;
    /// smaller is better.
    pub nats: f64,
    /// The deviation over the seeds, divided by the root of their number: what the noise of the estimator
    /// contributes. 0 for one seed.
    pub standard_error: f64,
    /// The median over examples of the effective sample size `(Σ w)² / Σ w²`, from 1 to K: near 1 a single
    /// draw decides, and the estimate is too large.
    pub effective_samples: f64,
}

/// The negative log-likelihood by importance sampling (Burda et al. 2016, eq. 8):
///
/// > `NLL_K = −1/N Σᵢ [ ln Σₖ wᵢₖ − ln K ]`,  `w = p(x|z) p(z) / q(z|x)`,  `z ~ q(z|x)`,
///
/// an upper bound of `−ln p(x)` in expectation that falls with the number `K` of samples. Exactly `K`
/// samples are drawn, whatever the batches are. `None` if the model is no distribution.
///
/// # Panics
/// If there are no samples or no seeds.
#[track_caller]
pub fn nll(model: &dyn AnyModel, data: &Dataset, samples: usize, seeds: &[u64]) -> Option<Nll> {
    assert!(samples > 0 && !seeds.is_empty(), "nll: at least 1 sample and 1 seed are needed");
    let mut estimates = vec![];
    let mut sizes = vec![];
    for &seed in seeds {
        let mut sum = 0.0;
        for_each_log_weights(model, data, samples, seed, |weights| {
            let [ln_mean, size] = ln_mean_and_size(weights);
            sum -= ln_mean;
            sizes.push(size);
        })?;
        estimates.push(sum / data.len() as f64);
    }
    let n = estimates.len() as f64;
    let nats = estimates.iter().sum::<f64>() / n;
    let spread: f64 = estimates.iter().map(|e| (e - nats).powi(2)).sum();
    let standard_error = if n > 1.0 { (spread / (n - 1.0) / n).sqrt() } else { 0.0 };
    sizes.sort_by(f64::total_cmp);
    Some(Nll { nats, standard_error, effective_samples: sizes[sizes.len() / 2] })
}

/// The logarithm of the mean of weights that are known by theirs, and their effective sample size: 1 where all draws are
/// impossible or one of them is infinitely likely.
fn ln_mean_and_size(ln_weights: &[f64]) -> [f64; 2] {
    let largest = ln_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_infinite() && !ln_weights.iter().any(|w| w.is_nan()) {
        return [largest, 1.0]; // ∞ − ∞ would be NaN
    }
    let scaled: Vec<f64> = ln_weights.iter().map(|w| (w - largest).exp()).collect();
    let total: f64 = scaled.iter().sum();
    [
        largest + (total / ln_weights.len() as f64).ln(),
        total * total / scaled.iter().map(|w| w * w).sum::<f64>(),
    ]
}

/// The evidence lower bound, `1/N Σᵢ E[ln w]` in nats an example, with the expectation over this many
/// samples: `−(reconstruction + KL)` at the full weight, whatever the loss weighs. At most the
/// log-likelihood. `None` if the model is no distribution.
pub fn elbo(model: &dyn AnyModel, data: &Dataset, samples: usize, seed: u64) -> Option<f64> {
    let mut sum = 0.0;
    for_each_log_weights(model, data, samples, seed, |weights| sum += weights.iter().sum::<f64>())?;
    Some(sum / (data.len() * samples) as f64)
}

/// The number of active units (Burda et al. 2016, section 5.2): latents `u` with
/// `Var_x( E_{q(z|x)}[z_u] ) > 0.01` over the examples.
pub fn active_units(model: &dyn AnyModel, data: &Dataset) -> usize {
    const THRESHOLD: f64 = 0.01;
    let codes = evaluate::codes(model, data);
    let covariance = evaluate::covariance(&codes, &evaluate::mean(&codes));
    let code = covariance.shape()[0];
    covariance.to_vec().iter().step_by(code + 1).filter(|&&variance| variance > THRESHOLD).count()
}

/// Calls `f` with the logarithms of all weights of each example in turn. Their noise depends on the seed
/// and the example alone. `None` if the model has no weights.
fn for_each_log_weights(
    model: &dyn AnyModel,
    data: &Dataset,
    samples: usize,
    seed: u64,
    mut f: impl FnMut(&[f64]),
) -> Option<()> {
    // Draws decoded together at most: some ten thousand images fit into memory, all of them may not.
    const EXAMPLES: usize = 100;
    const DRAWS: usize = 100;
    let all: Vec<usize> = (0..data.len()).collect();
    let examples = evaluate::at_once(data.len(), EXAMPLES, |rows| {
        let (numbers, draws) = (&all[..rows], DRAWS.min(samples));
        let mut context = evaluate::evaluation(seed, numbers, data);
        drop(model.log_weights(&data.rows(numbers), draws, &mut context));
    });
    for numbers in all.chunks(examples) {
        let x: Tensor<f32> = data.rows(numbers);
        let mut context = evaluate::evaluation(seed, numbers, data);
        let mut weights = vec![Vec::with_capacity(samples); numbers.len()];
        for done in (0..samples).step_by(DRAWS) {
            let draws = DRAWS.min(samples - done);
            let part = model.log_weights(&x, draws, &mut context)?.to_vec();
            for (weights, part) in weights.iter_mut().zip(part.chunks(draws)) {
                weights.extend(part.iter().map(|&w| f64::from(w)));
            }
        }
        weights.iter().for_each(|weights| f(weights));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::ln_mean_and_size;

    #[test]
    fn weights_that_no_number_holds() {
        const INF: f64 = f64::INFINITY;
        assert_eq!(ln_mean_and_size(&[-1e4, -1e4]), [-1e4, 2.0]);
        assert_eq!(ln_mean_and_size(&[-INF, 1e4]), [1e4 - 2.0_f64.ln(), 1.0]);
        assert_eq!(ln_mean_and_size(&[-INF, -INF]), [-INF, 1.0]);
        assert_eq!(ln_mean_and_size(&[INF, -INF]), [INF, 1.0]);
        assert!(ln_mean_and_size(&[f64::NAN, -INF]).iter().all(|n| n.is_nan()));
    }
}
