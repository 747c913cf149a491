//! Normal values of a score, without the model: it can be kept in a file beside the model.

use autograd::Tensor;
use nn::checkpoint::Checkpoint;
use nn::{Dataset, Error, Result};

use super::Score;
use super::gaussian::Gaussian;
use crate::evaluate::{in_masked_batches, residuals};
use crate::{AnyModel, evaluate};

/// Training scores that are kept at most. Of more scores the highest are kept, where thresholds lie, and an even
/// choice of the others.
const MOST: usize = 20_000;
const HIGHEST: usize = 5_000;

/// The scores of normal examples, and what the score measures by.
#[derive(Clone, Debug)]
pub struct Normal {
    score: Score,
    /// Of residuals or codes; none for the squared error.
    gaussian: Option<Gaussian>,
    /// The mean squared error, in which [`Score::Combined`] measures errors; 1 for other scores.
    error: f64,
    /// Normal examples.
    examples: usize,
    /// Their scores with the ranks of [`kept`], rising.
    scores: Vec<f64>,
}

impl Normal {
    /// Measures the examples: what was observed of them.
    ///
    /// # Errors
    /// If there are fewer than 2 examples, or a score is not finite.
    pub fn fit(model: &dyn AnyModel, data: &Dataset, score: Score) -> Result<Self> {
        Normal::fit_to_some(model, data, data, score)
    }

    /// The same with the mean and the covariance of `some` of the examples.
    ///
    /// # Errors
    /// If there are fewer than 2 examples, or a score is not finite.
    pub fn fit_to_some(model: &dyn AnyModel, some: &Dataset, data: &Dataset, score: Score) -> Result<Self> {
        let examples = data.len();
        if examples < 2 {
            return Err(Error::data(format!("a detector needs at least 2 normal examples, not {examples}")));
        }
        let evidence = || in_masked_batches(some, |x, mask| evidence(model, x, mask, score));
        let (gaussian, error) = match score {
            Score::SquaredError => (None, 1.0),
            Score::Combined => {
                let sums = evaluate::squared_errors(model, some);
                let error = sums.iter().sum::<f64>() / sums.len() as f64;
                (Some(Gaussian::of_mean_one(&evidence())?), if error > 0.0 { error } else { 1.0 })
            }
            _ => (Some(Gaussian::fit(&evidence())?), 1.0),
        };
        let mut normal = Normal { score, gaussian, error, examples, scores: vec![] };
        let mut all = normal.scores(model, data)?;
        all.sort_by(f64::total_cmp);
        normal.scores = kept(examples).into_iter().map(|rank| all[rank]).collect();
        Ok(normal)
    }

    /// Which score it is about.
    pub fn score(&self) -> Score {
        self.score
    }

    /// See [`Detector::scores`](super::Detector::scores).
    pub(super) fn scores(&self, model: &dyn AnyModel, data: &Dataset) -> Result<Vec<f64>> {
        let sums = in_masked_batches(data, |x, mask| {
            let parts = self.contributions(model, x, mask);
            parts.sum_to([parts.shape()[0], 1])
        })
        .to_vec();
        match sums.iter().position(|score| !score.is_finite()) {
            Some(i) => Err(Error::data(format!(
                "the score of example {i} is {}; look for missing values in it, or train the model again",
                sums[i]
            ))),
            None => Ok(sums),
        }
    }

    /// See [`Detector::contributions`](super::Detector::contributions); of a batch.
    pub(super) fn contributions(
        &self,
        model: &dyn AnyModel,
        x: &Tensor<f32>,
        mask: Option<&Tensor<f32>>,
    ) -> Tensor<f64> {
        let evidence = evidence(model, x, mask, self.score);
        let Some(gaussian) = &self.gaussian else { return evidence.map(|r| r * r) };
        let distances = gaussian.contributions(&evidence);
        match self.score {
            Score::Combined => {
                let errors = residuals(model, x, &model.encode(x), mask).map(|r| r * r / self.error);
                Tensor::concat(&[&errors, &distances], 1)
            }
            _ => distances,
        }
    }

    /// See [`Detector::threshold`](super::Detector::threshold). Where not all scores are kept, it is the next one
    /// above.
    pub(super) fn threshold(&self, contamination: f64) -> Result<f64> {
        let n = self.examples;
        if !(contamination > 0.0 && contamination < 1.0) {
            return Err(Error::setting(
                "contamination",
                format!("the contamination must be between 0 and 1, not {contamination}"),
            ));
        }
        // 0.1 · 10 is a little more than 1 in binary; that must not cost a rank.
        let rank = ((n + 1) as f64 * (1.0 - contamination) - 1e-9).ceil() as usize;
        if rank > n {
            return Err(Error::setting(
                "contamination",
                format!(
                    "a contamination of {contamination} needs at least {} normal examples, not {n}; {n} do for one \
                 of {:.3}",
                    (1.0 / contamination - 1.0 - 1e-9).ceil(),
                    // Rounded up, so that it is enough.
                    (1e3 / (n + 1) as f64).ceil() / 1e3
                ),
            ));
        }
        let at = kept(n).partition_point(|&kept| kept < rank.max(1) - 1);
        Ok(self.scores[at])
    }

    /// See [`Detector::far_out`](super::Detector::far_out).
    pub(super) fn far_out(&self) -> usize {
        let (n, kept) = (self.examples, kept(self.examples));
        let [q1, q3] = [n / 4, 3 * n / 4].map(|rank| self.scores[kept.partition_point(|&kept| kept < rank)]);
        let fence = q3 * (q3 / q1.max(f64::MIN_POSITIVE)).powi(3);
        match self.scores.partition_point(|&score| score <= fence) {
            0 => n,
            some => n - 1 - kept[some - 1],
        }
    }

    /// See [`Detector::p_values`](super::Detector::p_values). Where not all scores are kept, it is rather too large.
    pub(super) fn p_value(&self, score: f64) -> f64 {
        let n = self.examples;
        let lower = match self.scores.partition_point(|&s| s < score) {
            0 => 0,
            some => rank(n, some - 1) + 1,
        };
        (1 + n - lower) as f64 / (n + 1) as f64
    }

    /// Adds it to a file.
    pub(crate) fn save(&self, into: &mut Checkpoint<f64>) {
        let name = self.score.name();
        into.metadata.insert(name.into(), self.examples.to_string());
        into.insert(&format!("{name}.scores"), &Tensor::from_vec([self.scores.len()], self.scores.clone()));
        if let Some(gaussian) = &self.gaussian {
            let [mean, factor] = gaussian.parts();
            into.insert(&format!("{name}.mean"), &mean);
            into.insert(&format!("{name}.factor"), &factor);
        }
        into.insert(&format!("{name}.error"), &Tensor::scalar(self.error));
    }

    /// Reads what [`save`](Self::save) added; `None` if nothing is there about this score, or it does not fit.
    pub(crate) fn restore(score: Score, from: &Checkpoint<f64>) -> Option<Self> {
        let part = |what: &str| from.tensors.get(&format!("{}.{what}", score.name()));
        let examples: usize = from.metadata.get(score.name())?.parse().ok()?;
        let scores = part("scores")?.to_vec();
        let gaussian = match score {
            Score::SquaredError => None,
            _ => Some(Gaussian::of_parts([part("mean")?.clone(), part("factor")?.clone()])?),
        };
        let error = part("error")?.to_vec().first().copied()?;
        (examples >= 2 && scores.len() == examples.min(MOST)).then_some(Normal {
            score,
            gaussian,
            error,
            examples,
            scores,
        })
    }
}

/// Numbers that the score measures by its own error or Gaussian: residuals, or codes.
fn evidence(model: &dyn AnyModel, x: &Tensor<f32>, mask: Option<&Tensor<f32>>, score: Score) -> Tensor<f64> {
    let z = model.encode(x);
    match score {
        Score::LatentDistance | Score::Combined => z.cast(),
        Score::SquaredError | Score::Mahalanobis => residuals(model, x, &z, mask),
    }
}

/// The rank of the score that is kept at this place, of `n` scores, both counted from 0.
fn rank(n: usize, place: usize) -> usize {
    let (even, others) = (MOST - HIGHEST, n.saturating_sub(HIGHEST));
    match place {
        place if n <= MOST => place,
        place if place < even => (place as u128 * others as u128 / even as u128) as usize,
        place => others + (place - even),
    }
}

/// The ranks of the scores that are kept of `n`, rising from 0.
fn kept(n: usize) -> Vec<usize> {
    (0..n.min(MOST)).map(|place| rank(n, place)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;
    use crate::models::pca::Pca;

    #[test]
    fn all_scores_are_kept_or_the_highest_and_an_even_choice() {
        assert_eq!(kept(7), [0, 1, 2, 3, 4, 5, 6]);
        let ranks = kept(1_000_000);
        assert_eq!((ranks.len(), ranks[0], ranks[MOST - 1]), (MOST, 0, 999_999));
        assert!(ranks.windows(2).all(|pair| (1..=67).contains(&(pair[1] - pair[0]))));
        assert!(ranks[MOST - HIGHEST..].windows(2).all(|pair| pair[1] == pair[0] + 1));
    }

    #[test]
    fn thresholds_of_very_many_scores_are_right_to_a_few_ranks() {
        // The scores are the ranks themselves.
        let examples = 100_000;
        let scores = kept(examples).into_iter().map(|rank| rank as f64).collect();
        let normal = Normal { score: Score::SquaredError, gaussian: None, error: 1.0, examples, scores };
        for contamination in [0.5, 0.2, 0.05, 0.01, 1e-3, 1e-4] {
            let wanted = ((examples + 1) as f64 * (1.0 - contamination)).ceil() - 1.0;
            let found = normal.threshold(contamination).unwrap();
            let slack = if contamination < 0.05 { 0.0 } else { 7.0 };
            assert!((0.0..=slack).contains(&(found - wanted)), "{contamination}: {found} {wanted}");
            assert!((normal.p_value(found) - contamination).abs() < 1e-3 * contamination + 2e-5);
        }
        assert!(normal.threshold(1e-6).is_err());
        assert_eq!([normal.p_value(-1.0), normal.p_value(1e9)], [1.0, 1.0 / 100_001.0]);
    }

    #[test]
    fn it_comes_back_from_a_file_as_it_was() {
        let data = digits();
        let pca = Pca::fit(data.train.x(), 8);
        let mut file = Checkpoint::default();
        let all = Score::ALL.map(|score| Normal::fit(&pca, &data.train, score).unwrap());
        all.iter().for_each(|normal| normal.save(&mut file));
        for normal in &all {
            let again = Normal::restore(normal.score(), &file).unwrap();
            let scores = |of: &Normal| of.scores(&pca, &data.test).unwrap();
            assert_eq!(scores(&again), scores(normal));
            assert_eq!(again.threshold(0.05).unwrap(), normal.threshold(0.05).unwrap());
        }
        file.metadata.remove("mahalanobis");
        assert!(Normal::restore(Score::Mahalanobis, &file).is_none());
    }
}
