//! Guesses for values that were not observed.
//!
//! A variational model knows `p(x)`, so also the distribution of what is missing given what is there. Its mean is estimated
//! by importance sampling (Mattei and Frellsen 2019, MIWAE, eq. 12), with draws `zₖ ~ q(z|x)`:
//!
//! > `E[x_missing | x_observed] ≈ Σₖ wₖ E[x_missing | zₖ] / Σₖ wₖ`,  `wₖ = p(x_observed|zₖ) p(zₖ) / q(zₖ|x)`
//!
//! and single draws by choosing one `zₖ` with a probability of `wₖ / Σ w`, and then `x_missing ~ p(x|zₖ)`. Any other model
//! fills gaps with its reconstruction, and encodes what is filled again, until that changes nothing any more.
//!
//! ```
//! use autograd::Tensor;
//! use zoo::models::pca::Pca;
//! use zoo::uses::impute::{Options, impute};
//!
//! // The second number follows from the first; of the last row nobody knows it.
//! let x = Tensor::from_fn([9, 2], |i| (i / 2) as f32 * (1 + i % 2) as f32 - 4.0);
//! let pca = Pca::fit(&x.slice(0, ..8), 1);
//! let mask = Tensor::from_fn([9, 2], |i| if i == 17 { 0.0 } else { 1.0 });
//! let guess = Tensor::from_fn([9, 2], |i| if i == 17 { 4.0 } else { x.to_vec()[i] });
//! let data = nn::Dataset::new(guess).with_observed(mask);
//! let filled = impute(&pca, &data, &Options::default()).mean.to_vec();
//! assert!((filled[17] - 12.0).abs() < 0.1, "{}", filled[17]);
//! ```

use autograd::Tensor;
use nn::{Context, Dataset, Purpose, generator};
use rand::RngExt;

use crate::{AnyModel, evaluate};

/// How gaps are filled.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Draws of a code for each example, of a variational model.
    pub samples: usize,
    /// Examples that are drawn for each one with gaps.
    pub draws: usize,
    /// The seed of all draws.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options { samples: 200, draws: 0, seed: 0 }
    }
}

/// Examples without gaps; what was observed is as it was.
#[derive(Clone, Debug)]
pub struct Imputed {
    /// Means of what is missing, `[examples, features]`.
    pub mean: Tensor<f32>,
    /// Draws of what is missing, each `[examples, features]`; none of a model that is no distribution.
    pub draws: Vec<Tensor<f32>>,
}

/// Fills the gaps of examples.
pub fn impute(model: &dyn AnyModel, data: &Dataset, options: &Options) -> Imputed {
    let Some(mask) = data.observed().filter(|_| !data.is_empty()) else {
        return Imputed { mean: data.x().clone(), draws: vec![data.x().clone(); options.draws] };
    };
    match by_weights(model, data, mask, options) {
        Some(found) => found,
        None => Imputed { mean: by_reconstruction(model, data, mask), draws: vec![] },
    }
}

/// The observed numbers, and the guesses elsewhere.
fn filled(x: &Tensor<f32>, mask: &Tensor<f32>, guesses: &Tensor<f32>) -> Tensor<f32> {
    let known = x.zip(mask, |x, known| if known > 0.0 { x } else { 0.0 });
    known.zip(&guesses.zip(mask, |guess, known| if known > 0.0 { 0.0 } else { guess }), |x, guess| x + guess)
}

fn by_reconstruction(model: &dyn AnyModel, data: &Dataset, mask: &Tensor<f32>) -> Tensor<f32> {
    const MOST: usize = 100;
    const ENOUGH: f32 = 1e-4;
    let mut x = data.x().clone();
    for _ in 0..MOST {
        let guesses = evaluate::in_batches(&x, |x| model.decode(&model.encode(x)));
        let next = filled(&x, mask, &guesses);
        let change = next.zip(&x, |a, b| (a - b).abs()).to_vec().into_iter().fold(0.0, f32::max);
        x = next;
        if change.is_nan() || change <= ENOUGH {
            break;
        }
    }
    x
}

/// Numbers that are decoded at once.
const AT_ONCE: usize = 1 << 20;

fn by_weights(
    model: &dyn AnyModel,
    data: &Dataset,
    mask: &Tensor<f32>,
    options: &Options,
) -> Option<Imputed> {
    let (samples, width) = (options.samples.max(1), data.width());
    let batch = (AT_ONCE / (samples * width)).clamp(1, 100);
    let all: Vec<usize> = (0..data.len()).collect();
    let (mut means, mut draws) = (vec![], vec![vec![]; options.draws]);
    for numbers in all.chunks(batch) {
        let context = evaluate::evaluation(options.seed, numbers, data);
        let (x, known) = (data.rows(numbers), mask.index_select(0, numbers));
        let [ln_weights, codes] = model.weighted_codes(&x, samples, context)?;
        let (rows, code) = (numbers.len(), codes.shape()[2]);
        let weights = normalized(&ln_weights);
        let decoded = model.decode(&codes.reshape([rows * samples, code])).to_vec();
        let mean = Tensor::from_fn([rows, width], |i| {
            let (row, feature) = (i / width, i % width);
            (0..samples)
                .map(|k| {
                    weights[row * samples + k] * f64::from(decoded[(row * samples + k) * width + feature])
                })
                .sum::<f64>() as f32
        });
        means.push(filled(&x, &known, &mean));
        for (number, draws) in draws.iter_mut().enumerate() {
            let chosen: Vec<usize> = (0..rows)
                .map(|row| {
                    let mut from =
                        generator(options.seed, Purpose::Sample, number as u64, numbers[row] as u64);
                    let mut left: f64 = from.random();
                    let row_weights = &weights[row * samples..][..samples];
                    let place = row_weights.iter().position(|weight| {
                        left -= weight;
                        left < 0.0
                    });
                    row * samples + place.unwrap_or(samples - 1)
                })
                .collect();
            let z = codes.reshape([rows * samples, code]).index_select(0, &chosen);
            let seed = options.seed.wrapping_add(1 + number as u64);
            let x_drawn =
                model.draw(&z, Context::sampling(seed, numbers)).unwrap_or_else(|| model.decode(&z));
            draws.push(filled(&x, &known, &x_drawn));
        }
    }
    let joined = |parts: &[Tensor<f32>]| Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0);
    Some(Imputed { mean: joined(&means), draws: draws.iter().map(|parts| joined(parts)).collect() })
}

/// The weights of each row, which sum to 1.
fn normalized(ln_weights: &Tensor<f32>) -> Vec<f64> {
    let samples = ln_weights.shape()[1];
    let mut weights: Vec<f64> = ln_weights.to_vec().into_iter().map(f64::from).collect();
    for row in weights.chunks_mut(samples) {
        let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Where no draw is possible, one is as good as another.
        row.iter_mut().for_each(|w| *w = if most.is_finite() { (*w - most).exp() } else { 1.0 });
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|w| *w /= sum);
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;
    use crate::registry::find;
    use crate::train::{Plan, train};

    /// Digits with a third of their pixels hidden: a model fills them better than their means do, and draws have the spread
    /// of what is hidden.
    #[test]
    fn hidden_pixels_are_found_again() {
        let data = digits();
        let entry = find("vae").unwrap();
        let settings =
            entry.complete(&"[likelihood]\nname = 'gaussian'".parse().unwrap(), &data.train).unwrap();
        let mut model = entry.build(&settings, &data.train, 0).unwrap();
        train(&mut *model, &data, &Plan { epochs: 40, ..entry.plan(&data.train) }).unwrap();
        let some = data.test.range(0..60);
        let mask = Tensor::from_fn([60, 64], |i| if (i * 7 + i / 64) % 3 == 0 { 0.0 } else { 1.0 });
        let means = evaluate::mean(data.train.x()).expand([60, 64]);
        let gaps = Dataset::new(filled(some.x(), &mask, &means)).with_observed(mask.clone());
        let error = |x: &Tensor<f32>| -> f64 {
            x.zip(some.x(), |a, b| (a - b) * (a - b)).to_vec().into_iter().map(f64::from).sum::<f64>()
        };
        let options = Options { draws: 2, ..Options::default() };
        let found = impute(&*model, &gaps, &options);
        let [by_model, by_mean] = [&found.mean, gaps.x()].map(error);
        assert!(by_model < 0.6 * by_mean, "{by_model} of {by_mean}");
        let draw = error(&found.draws[0]);
        assert!(draw > by_model && draw < 4.0 * by_model, "a draw {draw}, the mean {by_model}");
        assert_ne!(found.draws[0], found.draws[1]);
        let again = impute(&*model, &gaps, &options);
        assert_eq!(
            (&again.mean, &again.draws[1]),
            (&found.mean, &found.draws[1]),
            "the same seed, the same bits"
        );
        let known = found.draws[1].zip(&mask, |x, m| x * m);
        assert_eq!(known, some.x().zip(&mask, |x, m| x * m), "what was observed stays");
    }
}
