//! Samples judged: do they look like real examples, and are all kinds of real examples among them?
//!
//! Both questions are answered by nearest neighbours (Kynkäänniemi et al. 2019). Around every example of a set lies a ball
//! that reaches to its third nearest neighbour in the set, and a set covers whatever lies in one of its balls:
//!
//! > *precision* is the fraction of samples that the real examples cover,
//! > *recall* the fraction of real examples that the samples cover.
//!
//! The squared *maximum mean discrepancy* (Gretton et al. 2012) is 0 if and only if the two distributions are the same,
//!
//! > `MMD² = E k(x, x′) + E k(y, y′) − 2 E k(x, y)`,  `k(x, y) = exp(−‖x − y‖² / 2s²)`
//!
//! with the median distance of real examples for `s`; its unbiased estimate may fall below 0. Distances are those of the
//! first principal components of training examples: no other network has a say, so figures compare models on the same data
//! and are not those of papers, which measure in the features of a network that learnt from millions of photos.
//!
//! ```
//! use zoo::uses::realism::Judge;
//!
//! let digits = zoo::data::digits();
//! let judge = Judge::fit(digits.train.x(), digits.test.x())?;
//! let real = judge.of(digits.train.range(0..359).x());
//! let grey = judge.of(&digits.train.range(0..359).x().map(|v| 0.5 * v));
//! assert!(real.precision > 0.8 && real.recall > 0.7 && real.mmd.abs() < 0.01);
//! assert!(grey.recall < 0.3 && grey.mmd > 10.0 * real.mmd.abs());
//! # Ok::<(), nn::Error>(())
//! ```

use autograd::Tensor;
use nn::{Error, Result};
use serde::Serialize;

use crate::AnyModel;
use crate::models::pca::Pca;

/// Neighbours to which the ball around an example reaches, as in the paper.
const NEIGHBOURS: usize = 3;
/// Principal components at most.
const COMPONENTS: usize = 64;

/// How samples compare with real examples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Realism {
    /// The fraction of samples that lie among real examples.
    pub precision: f64,
    /// The fraction of real examples that lie among samples.
    pub recall: f64,
    /// The squared maximum mean discrepancy.
    pub mmd: f64,
}

/// Real examples to compare samples with, best those that no model has learnt from.
pub struct Judge {
    pca: Pca<Tensor<f32>>,
    /// `[examples, components]`.
    real: Tensor<f64>,
    /// The squared radius of the ball around each.
    balls: Vec<f64>,
    /// `2s²`.
    width: f64,
}

impl Judge {
    /// With the principal components of `train`, `[examples, features]`.
    ///
    /// # Errors
    /// If there are not more real examples than a ball has neighbours, or all are the same.
    pub fn fit(train: &Tensor<f32>, real: &Tensor<f32>) -> Result<Self> {
        let count = real.shape()[0];
        if count <= NEIGHBOURS {
            let problem =
                format!("samples are judged by more than {NEIGHBOURS} real examples, and there are {count}");
            return Err(Error::data(problem));
        }
        let pca = Pca::fit(train, COMPONENTS.min(train.shape()[1]).min(train.shape()[0]));
        let real = pca.encode(real).cast::<f64>();
        let distances = squared_distances(&real, &real);
        let mut pairs: Vec<f64> =
            (0..count).flat_map(|i| distances[i * count + i + 1..(i + 1) * count].to_vec()).collect();
        let middle = pairs.len() / 2;
        let (_, median, _) = pairs.select_nth_unstable_by(middle, f64::total_cmp);
        if !(*median > 0.0 && median.is_finite()) {
            return Err(Error::data(
                "more than half of the real examples are the same, so samples cannot be judged",
            ));
        }
        Ok(Judge { pca, balls: balls(&distances, count), width: 2.0 * *median, real })
    }

    /// The number of principal components.
    pub fn components(&self) -> usize {
        self.real.shape()[1]
    }

    /// The figures of samples, `[samples, features]`, best as many as there are real examples.
    ///
    /// # Panics
    /// If there are not more samples than a ball has neighbours.
    #[track_caller]
    pub fn of(&self, samples: &Tensor<f32>) -> Realism {
        let [count, reals] = [samples.shape()[0], self.balls.len()];
        assert!(count > NEIGHBOURS, "Judge: {count} samples are too few");
        let samples = self.pca.encode(samples).cast::<f64>();
        let (across, within) =
            (squared_distances(&samples, &self.real), squared_distances(&samples, &samples));
        let radii = balls(&within, count);
        let among_real = |i: usize| (0..reals).any(|j| across[i * reals + j] <= self.balls[j]);
        let among_samples = |j: usize| (0..count).any(|i| across[i * reals + j] <= radii[i]);
        let share = |hits: usize, of: usize| hits as f64 / of as f64;
        let kernel = |distances: &[f64]| distances.iter().map(|d| (-d / self.width).exp()).sum::<f64>();
        // An example is not compared with itself, which would always be the same.
        let among = |sum: f64, n: usize| (sum - n as f64) / (n * (n - 1)) as f64;
        let real = squared_distances(&self.real, &self.real);
        Realism {
            precision: share((0..count).filter(|&i| among_real(i)).count(), count),
            recall: share((0..reals).filter(|&j| among_samples(j)).count(), reals),
            mmd: among(kernel(&within), count) + among(kernel(&real), reals)
                - 2.0 * kernel(&across) / (count * reals) as f64,
        }
    }
}

/// Squared distances of all rows of `a` from all rows of `b`, row by row.
fn squared_distances(a: &Tensor<f64>, b: &Tensor<f64>) -> Vec<f64> {
    let squares = |x: &Tensor<f64>| -> Vec<f64> {
        x.to_vec().chunks(x.shape()[1].max(1)).map(|row| row.iter().map(|v| v * v).sum()).collect()
    };
    let (of_a, of_b, products) = (squares(a), squares(b), a.matmul(&b.t()).to_vec());
    let columns = of_b.len();
    let distance =
        |(i, product): (usize, f64)| (of_a[i / columns] + of_b[i % columns] - 2.0 * product).max(0.0);
    products.into_iter().enumerate().map(distance).collect()
}

/// The squared distance of each example from its neighbour with the number [`NEIGHBOURS`], itself not counted.
fn balls(distances: &[f64], count: usize) -> Vec<f64> {
    let radius = |(i, row): (usize, &[f64])| {
        let mut others: Vec<f64> = row.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, d)| *d).collect();
        *others.select_nth_unstable_by(NEIGHBOURS - 1, f64::total_cmp).1
    };
    distances.chunks(count).enumerate().map(radius).collect()
}

#[cfg(test)]
mod tests {
    use nn::{Purpose, generator, random};

    use super::*;

    fn normal(count: usize, seed: u64) -> Vec<f32> {
        random::normal::<f32>([count, 2], &mut generator(seed, Purpose::Sample, 0, 0)).to_vec()
    }

    /// Two heaps, of which samples may miss one, or mix in what is none.
    #[test]
    fn what_is_missing_costs_recall_and_what_is_wrong_costs_precision() {
        let heaps = |seed: u64, centres: &[f32]| {
            let noise = normal(400, seed);
            Tensor::from_fn([400, 2], |i| {
                0.5 * noise[i] + if i % 2 == 0 { centres[i / 2 % centres.len()] } else { 0.0 }
            })
        };
        let judge = Judge::fit(&heaps(1, &[-5.0, 5.0]), &heaps(2, &[-5.0, 5.0])).unwrap();
        let found = |centres: &[f32]| judge.of(&heaps(3, centres));
        let (same, half, wrong) = (found(&[-5.0, 5.0]), found(&[-5.0]), found(&[-5.0, 5.0, 40.0, 60.0]));
        assert!(same.precision > 0.9 && same.recall > 0.9 && same.mmd.abs() < 0.01, "{same:?}");
        assert!(half.precision > 0.9 && (half.recall - 0.5).abs() < 0.08 && half.mmd > 0.1, "{half:?}");
        assert!((wrong.precision - 0.5).abs() < 0.08 && wrong.recall > 0.85, "{wrong:?}");
    }

    #[test]
    fn figures_by_hand() {
        // On a line: 0, 1, 2, 3, 4. The third neighbour of the ends is 3 away, that of the others 2.
        let line = |places: &[f32]| Tensor::from_vec([places.len(), 1], places.to_vec());
        let judge = Judge::fit(&line(&[0., 1., 2., 3., 4.]), &line(&[0., 1., 2., 3., 4.])).unwrap();
        assert_eq!(judge.balls.iter().map(|b| b.sqrt().round()).collect::<Vec<_>>(), [3., 2., 2., 2., 3.]);
        let found = judge.of(&line(&[-2.5, 8.0, 9.0, 30.0]));
        // −2.5 lies in the ball of 0. The samples' radii are 32.5, 22, 21 and 32.5.
        assert_eq!((found.precision, found.recall), (0.25, 1.0));
        assert!(Judge::fit(&line(&[0., 1.]), &line(&[0., 1., 2.])).is_err());
        assert!(Judge::fit(&line(&[0., 1.]), &line(&[1.; 9])).is_err());
    }
}
