//! New examples of a distribution, and new examples with given features.
//!
//! A model that is a distribution draws a code, `z ~ p(z)`, and then an example, `x ~ p(x|z)`. If some features are given, codes
//! are wanted from `p(z|x_given) ∝ p(x_given|z) p(z)`. They are drawn by importance resampling (Rubin 1988): of many codes of
//! the prior, each is taken with a probability
//!
//! > `wₖ = p(x_given|zₖ) / Σⱼ p(x_given|zⱼ)`,
//!
//! and the rest of the example is drawn from `p(x|z)`. No example is thrown away; how many different codes have a say is
//! the effective number `1 / Σ wₖ²` (Kong 1992).

pub mod likeness;

use autograd::Tensor;
use nn::random::permutation;
use nn::{Context, Purpose, generator};
use rand::RngExt;

use crate::AnyModel;

/// Features that new examples are to have.
#[derive(Clone, Debug)]
pub struct Given {
    /// `[features]`; what is not given is not looked at.
    pub x: Tensor<f32>,
    /// 1 where a feature is given, else 0: `[features]`.
    pub mask: Tensor<f32>,
}

/// New examples.
#[derive(Clone, Debug)]
pub struct Synthesized {
    /// `[rows, features]`, as the model sees examples.
    pub x: Tensor<f32>,
    /// The code of each, `[rows, code]`.
    pub codes: Tensor<f32>,
    /// The effective number of codes that were chosen among, if features were given.
    pub effective: Option<f64>,
}

/// Rows that are decoded together.
const BATCH: usize = 1 << 10;

/// Codes to choose among for so many rows with given features.
pub fn candidates(rows: usize) -> usize {
    (20 * rows).clamp(2_000, 200_000).max(rows)
}

/// `rows` new examples from codes of the prior, `[candidates, code]`: from the first of them, or, if features are given, from those
/// that these suit. `None` if the model is no distribution.
///
/// # Panics
/// If there are fewer codes than rows.
#[track_caller]
pub fn synthesize(
    model: &dyn AnyModel,
    codes: &Tensor<f32>,
    given: Option<&Given>,
    rows: usize,
    seed: u64,
) -> Option<Synthesized> {
    let count = codes.shape()[0];
    assert!(count >= rows, "synthesize: {rows} rows from {count} codes");
    let (codes, effective) = match given {
        None => (codes.slice(0, ..rows), None),
        Some(given) => {
            let weights = weights(model, codes, given)?;
            let effective = 1.0 / weights.iter().map(|w| w * w).sum::<f64>();
            (codes.index_select(0, &resampled(&weights, rows, seed)), Some(effective))
        }
    };
    let mut parts = vec![];
    for from in (0..rows).step_by(BATCH) {
        let numbers: Vec<usize> = (from..rows.min(from + BATCH)).collect();
        let z = codes.slice(0, from..from + numbers.len());
        // Another generator than that of the codes, or both would have the same noise.
        let x = model.draw(&z, Context::evaluation(seed, &numbers))?;
        parts.push(match given {
            None => x,
            Some(Given { x: wanted, mask }) => {
                let drawn = x.zip(mask, |x, given| if given > 0.0 { 0.0 } else { x });
                drawn.zip(&wanted.zip(mask, |x, given| if given > 0.0 { x } else { 0.0 }), |x, w| x + w)
            }
        });
    }
    let x = Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0);
    Some(Synthesized { x, codes, effective })
}

/// The weight of each code, which sum to 1.
fn weights(model: &dyn AnyModel, codes: &Tensor<f32>, given: &Given) -> Option<Vec<f64>> {
    let (count, width) = (codes.shape()[0], given.x.len());
    let mut ln_weights = Vec::with_capacity(count);
    for from in (0..count).step_by(BATCH) {
        let numbers: Vec<usize> = (from..count.min(from + BATCH)).collect();
        let of_each = |of: &Tensor<f32>| of.expand([numbers.len(), width]);
        let context = Context::evaluation(0, &numbers).with_observed(Some(of_each(&given.mask)));
        let z = codes.slice(0, from..from + numbers.len());
        ln_weights.extend(model.ln_likelihood(&z, &of_each(&given.x), context)?.to_vec());
    }
    let most = ln_weights.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    // Where no code is possible, one is as good as another.
    let weight = |ln: f32| if most.is_finite() { f64::from(ln - most).exp() } else { 1.0 };
    let weights: Vec<f64> = ln_weights.into_iter().map(weight).collect();
    let sum: f64 = weights.iter().sum();
    Some(weights.into_iter().map(|w| w / sum).collect())
}

/// Places that are drawn with these probabilities, by one draw for all: place `k` comes `rows wₖ` times, rounded up or down
/// (systematic resampling, Kitagawa 1996). In a random order.
fn resampled(weights: &[f64], rows: usize, seed: u64) -> Vec<usize> {
    let mut from = generator(seed, Purpose::Sample, 1, 0);
    let first: f64 = from.random();
    let (mut place, mut sum) = (0, weights[0]);
    let places: Vec<usize> = (0..rows)
        .map(|row| {
            let at = (row as f64 + first) / rows as f64;
            while sum <= at && place + 1 < weights.len() {
                place += 1;
                sum += weights[place];
            }
            place
        })
        .collect();
    permutation(rows, &mut from).into_iter().map(|row| places[row]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;
    use crate::registry::find;
    use crate::train::{Plan, train};

    #[test]
    fn places_come_as_often_as_their_weights_say() {
        let places = resampled(&[0.1, 0.0, 0.6, 0.3], 1000, 3);
        let count = |place| places.iter().filter(|&&other| other == place).count();
        assert_eq!([0, 1, 2, 3].map(count), [100, 0, 600, 300]);
        assert_ne!(places, {
            let mut sorted = places.clone();
            sorted.sort_unstable();
            sorted
        });
        assert_eq!(places, resampled(&[0.1, 0.0, 0.6, 0.3], 1000, 3), "the same seed, the same draws");
    }

    /// Pixels that are dark in a zero and light in a one decide what the other pixels are.
    #[test]
    fn what_is_given_decides_what_is_drawn() {
        let data = digits();
        let entry = find("vae").unwrap();
        let settings =
            entry.complete(&"[likelihood]\nname = 'gaussian'".parse().unwrap(), &data.train).unwrap();
        let mut model = entry.build(&settings, &data.train, 0).unwrap();
        train(&mut *model, &data, &Plan { epochs: 40, ..entry.plan(&data.train) }).unwrap();
        let numbers: Vec<usize> = (0..4000).collect();
        let codes = model.sample(Context::sampling(0, &numbers)).unwrap();
        // The middle of the picture, in which a zero has its hole.
        let middle = |i: usize| [27, 28, 35, 36].contains(&i);
        let mask = Tensor::from_fn([64], |i| if middle(i) { 1.0 } else { 0.0 });
        let means = |value: f32| {
            let given = Given { x: Tensor::full([64], f64::from(value)), mask: mask.clone() };
            let found = synthesize(&*model, &codes, Some(&given), 200, 5).unwrap();
            let effective = found.effective.unwrap();
            assert!(effective > 1.0 && effective < 4000.0, "{effective}");
            let x = found.x.to_vec();
            assert!(x.chunks(64).all(|x| x[27] == value && x[36] == value), "what is given stays");
            // The sides of the picture, where a zero is and a one is not.
            x.chunks(64).map(|x| f64::from(x[26] + x[29] + x[34] + x[37])).sum::<f64>() / 200.0
        };
        let [hole, filled] = [means(0.0), means(1.0)];
        let of_data = |wanted: f32| {
            let x = data.train.x().to_vec();
            let near = |x: &&[f32]| (x[27] + x[28] + x[35] + x[36] - 4.0 * wanted).abs() < 0.8;
            let rows: Vec<&[f32]> = x.chunks(64).filter(near).collect();
            rows.iter().map(|x| f64::from(x[26] + x[29] + x[34] + x[37])).sum::<f64>() / rows.len() as f64
        };
        let [real_hole, real_filled] = [of_data(0.0), of_data(1.0)];
        assert!(
            (hole - filled).signum() == (real_hole - real_filled).signum()
                && (hole - filled).abs() > 0.4 * (real_hole - real_filled).abs(),
            "{hole} and {filled}, in the data {real_hole} and {real_filled}"
        );
    }
}
