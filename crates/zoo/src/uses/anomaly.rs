//! Anomaly detection: a model that has only seen normal examples reconstructs others badly.
//!
//! A [`Detector`] wraps any trained model. [`fit`](Detector::fit) measures the scores of normal
//! examples; after that everything is deterministic: the same example always has the same score.
//!
//! ```
//! use zoo::uses::anomaly::{Detector, Score};
//! use zoo::{data, models::pca::Pca};
//!
//! let digits = data::digits();
//! let model = Pca::fit(digits.train.x(), 8);
//! let detector = Detector::fit(&model, &digits.train, Score::SquaredError)?;
//! // A threshold that about 1 of 20 normal examples exceed.
//! let flagged = detector.labels(&digits.test, 0.05)?.iter().filter(|&&anomalous| anomalous).count();
//! assert!((10..=30).contains(&flagged), "{flagged} of 359");
//! # Ok::<(), nn::Error>(())
//! ```
//!
//! Always compare with PCA of equal rank ([`against_pca`]): on many data sets it is hard to beat.

mod gaussian;
pub(crate) mod neighbours;
mod normal;
mod ranks;

pub use normal::Normal;

use autograd::Tensor;
use nn::{Dataset, Result};
use serde::{Deserialize, Serialize};

use super::metrics::{auroc, average_precision};
use crate::AnyModel;
use crate::evaluate::in_masked_batches;
use crate::models::pca::Pca;

/// How strange an example `x` with code `z` and reconstruction `x̂` is: the higher, the stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Score {
    /// `‖x − x̂‖²`.
    SquaredError,
    /// `(r − μ)ᵀ Σ⁻¹ (r − μ)` of the residual `r = x − x̂`, with mean and covariance of the training
    /// residuals: an error counts for much where errors are usually small.
    Mahalanobis,
    /// `(z − μ)ᵀ Σ⁻¹ (z − μ)`, with mean and covariance of the training codes: it sees examples that
    /// are reconstructed well but have an unusual code.
    LatentDistance,
    /// `‖r‖² / E‖r‖² + d² / E d²`: the squared error and the latent distance `d²`, each measured by its mean over the
    /// training examples. An example is strange if it is reconstructed badly or has an unusual code, and a model that
    /// also learnt from anomalies, and so reconstructs them, still has to give them codes of their own.
    Combined,
    /// The mean of `‖x − r̂‖²` over the nearest fifth of the training examples, as the model reconstructs them, `r̂`. An
    /// anomaly that the model learnt from is far from most others all the same, and where it is not reconstructed, it makes
    /// none like it ordinary.
    Neighbours,
}

impl Score {
    /// Every score.
    pub const ALL: [Score; 5] =
        [Score::SquaredError, Score::Mahalanobis, Score::LatentDistance, Score::Combined, Score::Neighbours];

    /// The name in files.
    fn name(self) -> &'static str {
        match self {
            Score::SquaredError => "squared_error",
            Score::Mahalanobis => "mahalanobis",
            Score::LatentDistance => "latent_distance",
            Score::Combined => "combined",
            Score::Neighbours => "neighbours",
        }
    }
}

/// A model with a score, and the scores of the normal examples it was fitted to.
pub struct Detector<'a> {
    model: &'a dyn AnyModel,
    normal: Normal,
}

impl<'a> Detector<'a> {
    /// Measures what is normal on examples, best those that the model has learnt from. What was not observed of
    /// them has no part in it, as in all scores.
    ///
    /// # Errors
    /// If there are fewer than 2 examples, or a score is not finite.
    pub fn fit(model: &'a dyn AnyModel, data: &Dataset, score: Score) -> Result<Self> {
        Ok(Detector { model, normal: Normal::fit(model, data, score)? })
    }

    /// A detector by what was measured before.
    pub fn new(model: &'a dyn AnyModel, normal: Normal) -> Self {
        Detector { model, normal }
    }

    /// The score of every example.
    ///
    /// # Errors
    /// If a score is not finite: the example has values that are no numbers, or the model diverged.
    pub fn scores(&self, data: &Dataset) -> Result<Vec<f64>> {
        self.normal.scores(self.model, data)
    }

    /// What every feature contributes to the scores: their sum over a row is the score. Of shape
    /// `[examples, features]`, or `[examples, code]` for [`Score::LatentDistance`], or both side by side for
    /// [`Score::Combined`].
    ///
    /// For the squared error these are `(xⱼ − x̂ⱼ)²`, for neighbours the means of `(xⱼ − r̂ⱼ)²`; for the others `dⱼ (Σ⁻¹ d)ⱼ` with the distance
    /// `d` from the mean, which may be negative where features are correlated.
    pub fn contributions(&self, data: &Dataset) -> Tensor<f64> {
        in_masked_batches(data, |x, mask| self.normal.contributions(self.model, x, mask))
    }

    /// The score that a new normal example exceeds with a probability of at most `contamination`: of
    /// `n` training scores the one with rank `⌈(n + 1)(1 − contamination)⌉`. The new example is as
    /// likely to fall into any of the `n + 1` gaps between them, hence `n + 1` (Vovk et al. 2005; it
    /// holds exactly for examples that the model has not learnt from).
    ///
    /// # Errors
    /// If `contamination` is not between 0 and 1, or so small that the rank would be above `n`.
    pub fn threshold(&self, contamination: f64) -> Result<f64> {
        self.normal.threshold(contamination)
    }

    /// How many training examples score so high that they hardly belong to the others: above `q₃ (q₃/q₁)³`, with the
    /// quartiles `q₁` and `q₃` of the scores. That is Tukey's outer fence of their logarithms. Many of them mean that the
    /// model was trained with anomalies.
    pub fn far_out(&self) -> usize {
        self.normal.far_out()
    }

    /// Which examples score above the threshold.
    ///
    /// # Errors
    /// As [`threshold`](Self::threshold) and [`scores`](Self::scores).
    pub fn labels(&self, data: &Dataset, contamination: f64) -> Result<Vec<bool>> {
        let threshold = self.threshold(contamination)?;
        Ok(self.scores(data)?.into_iter().map(|score| score > threshold).collect())
    }

    /// For every example the fraction of normal ones that score as high: `(1 + #{sᵢ ≥ s}) / (n + 1)`,
    /// a p-value of "this is normal".
    ///
    /// # Errors
    /// As [`scores`](Self::scores).
    pub fn p_values(&self, data: &Dataset) -> Result<Vec<f64>> {
        Ok(self.scores(data)?.into_iter().map(|score| self.normal.p_value(score)).collect())
    }
}

/// How well a detector separates, and PCA of equal rank with the same score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Area under the ROC curve of the model.
    pub auroc: f64,
    /// Average precision of the model.
    pub average_precision: f64,
    /// Area under the ROC curve of PCA.
    pub pca_auroc: f64,
    /// Average precision of PCA.
    pub pca_average_precision: f64,
}

/// Fits detectors to normal examples, one with the model and one with PCA of equal rank, and measures
/// how well they tell the anomalous test examples.
///
/// # Errors
/// As [`Detector::fit`], [`Detector::scores`] and [`auroc`].
///
/// # Panics
/// If there are not as many marks as test examples.
#[track_caller]
pub fn against_pca(
    model: &dyn AnyModel,
    normal: &Dataset,
    test: &Dataset,
    anomalous: &[bool],
    score: Score,
) -> Result<Comparison> {
    let code = model.encode(&normal.x().slice(0, ..normal.len().min(1))).shape()[1];
    let pca = Pca::fit(normal.x(), code);
    let judge = |model: &dyn AnyModel| -> Result<(f64, f64)> {
        let scores = Detector::fit(model, normal, score)?.scores(test)?;
        Ok((auroc(&scores, anomalous)?, average_precision(&scores, anomalous)?))
    };
    let ((auroc, average_precision), (pca_auroc, pca_average_precision)) = (judge(model)?, judge(&pca)?);
    Ok(Comparison { auroc, average_precision, pca_auroc, pca_average_precision })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;
    use crate::evaluate;

    fn class(data: &Dataset, class: u32) -> Dataset {
        let labels = data.labels().unwrap();
        data.select(&(0..data.len()).filter(|&i| labels[i] == class).collect::<Vec<_>>())
    }

    #[test]
    fn known_areas_of_pca_on_the_digits() {
        // One class is normal, the other nine are not; PCA of rank 8, squared error.
        let data = digits();
        let areas: Vec<f64> = (0..10)
            .map(|c| {
                let normal = class(&data.train, c);
                let pca = Pca::fit(normal.x(), 8);
                let anomalous: Vec<bool> = data.test.labels().unwrap().iter().map(|&l| l != c).collect();
                let score = Score::SquaredError;
                let found = against_pca(&pca, &normal, &data.test, &anomalous, score).unwrap();
                assert_eq!(found.auroc, found.pca_auroc);
                found.auroc
            })
            .collect();
        let mean = areas.iter().sum::<f64>() / 10.0;
        assert!((mean - 0.9952).abs() < 5e-5, "{mean} {areas:?}");
        assert!((areas[8] - 0.970).abs() < 5e-4, "{areas:?}");
    }

    #[test]
    fn contributions_sum_to_the_score() {
        let data = digits();
        let pca = Pca::fit(data.train.x(), 8);
        for score in Score::ALL {
            let detector = Detector::fit(&pca, &data.train, score).unwrap();
            let scores = detector.scores(&data.test).unwrap();
            let parts = detector.contributions(&data.test).to_vec();
            let width = parts.len() / scores.len();
            let expected = match score {
                Score::LatentDistance => 8,
                Score::Combined => 72,
                _ => 64,
            };
            assert_eq!(width, expected);
            for (score, parts) in scores.iter().zip(parts.chunks(width)) {
                assert!((score - parts.iter().sum::<f64>()).abs() < 1e-9 * score);
            }
            assert_eq!(scores, detector.scores(&data.test).unwrap(), "deterministic");
            let errors = evaluate::squared_errors(&pca, &data.test);
            let same = scores.iter().zip(&errors).all(|(a, b)| (a - b).abs() < 1e-5 * b);
            assert_eq!(same, score == Score::SquaredError);
        }
    }

    #[test]
    fn two_scores_are_combined_in_units_of_their_means() {
        let data = digits();
        let pca = Pca::fit(data.train.x(), 8);
        let scores = |score| {
            let detector = Detector::fit(&pca, &data.train, score).unwrap();
            [&data.train, &data.test].map(|x| detector.scores(x).unwrap())
        };
        let [[errors, new_errors], [distances, new_distances], [combined, new_combined]] =
            [Score::SquaredError, Score::LatentDistance, Score::Combined].map(scores);
        let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
        assert!((mean(&combined) - 2.0).abs() < 1e-9);
        let [error, distance] = [mean(&errors), mean(&distances)];
        for ((sum, e), d) in new_combined.iter().zip(new_errors).zip(new_distances) {
            assert!((sum - (e / error + d / distance)).abs() < 1e-9 * sum, "{sum}");
        }
        // Codes that are all the same say nothing, and are no reason to refuse.
        let constant = Pca { components: Tensor::zeros([8, 64]), ..pca.clone() };
        let detector = Detector::fit(&constant, &data.train, Score::Combined).unwrap();
        let [a, b] = [Score::SquaredError, Score::Combined]
            .map(|score| Detector::fit(&constant, &data.train, score).unwrap().scores(&data.test).unwrap());
        let error = mean(
            &Detector::fit(&constant, &data.train, Score::SquaredError).unwrap().scores(&data.train).unwrap(),
        );
        assert!(a.iter().zip(&b).all(|(a, b)| (a / error - b).abs() < 1e-9 * b) && detector.far_out() < 15);
    }

    /// A fifth of the training examples are anomalies that lie together: PCA learns to reconstruct them.
    #[test]
    fn anomalies_that_were_learnt_are_found_by_their_codes() {
        let noise: Tensor<f32> =
            nn::random::normal([500, 6], &mut nn::generator(1, nn::Purpose::Sample, 0, 0));
        let noise = noise.to_vec();
        let strange = |row: usize| row.is_multiple_of(10);
        let x = Tensor::from_fn([500, 6], |i| match (strange(i / 6), i % 6) {
            (true, 0) => 9.0 + 0.3 * noise[i],
            (_, j) => noise[i] * [1.0, 1.0, 0.5, 0.5, 0.5, 0.5][j],
        });
        let pca = Pca::fit(&x, 2);
        let x = Dataset::new(x);
        let anomalous: Vec<bool> = (0..500).map(strange).collect();
        let area = |score| {
            let detector = Detector::fit(&pca, &x, score).unwrap();
            (auroc(&detector.scores(&x).unwrap(), &anomalous).unwrap(), detector.far_out())
        };
        let [errors, combined, neighbours] =
            [Score::SquaredError, Score::Combined, Score::Neighbours].map(area);
        assert!(errors.0 < 0.6 && combined.0 > 0.95, "{errors:?} {combined:?}");
        assert!(neighbours.0 > 0.95, "{neighbours:?}");
    }

    #[test]
    fn the_threshold_is_the_n_plus_first_quantile() {
        let data = digits();
        let pca = Pca::fit(data.train.x(), 8);
        let nine = data.test.range(0..9);
        let detector = Detector::fit(&pca, &nine, Score::SquaredError).unwrap();
        let mut scores = detector.scores(&nine).unwrap();
        scores.sort_by(f64::total_cmp);
        // ⌈10 · 0.9⌉ = 9 and ⌈10 · 0.75⌉ = 8, counted from 1.
        assert_eq!(detector.threshold(0.1).unwrap(), scores[8]);
        assert_eq!(detector.threshold(0.25).unwrap(), scores[7]);
        assert_eq!(detector.labels(&nine, 0.25).unwrap().iter().filter(|&&a| a).count(), 1);
        let text = detector.threshold(0.05).unwrap_err().to_string();
        assert_eq!(
            text,
            "a contamination of 0.05 needs at least 19 normal examples, not 9; 9 do for one of 0.100"
        );
        assert!(detector.threshold(f64::NAN).is_err() && detector.threshold(1.0).is_err());
        let p = detector.p_values(&nine).unwrap();
        assert!(p.iter().all(|p| (0.2..=1.0).contains(p)), "{p:?}"); // (1 + 1) / 10 for the highest
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        let data = digits();
        let pca = Pca::fit(data.train.x(), 8);
        let detector = Detector::fit(&pca, &data.train, Score::SquaredError).unwrap();
        let mut pixels = data.test.row(3);
        pixels[7] = f32::NAN;
        let text = detector.scores(&Dataset::new(Tensor::from_vec([1, 64], pixels))).unwrap_err().to_string();
        assert!(text.starts_with("the score of example 0 is NaN; look for missing values"), "{text}");
        let constant = Dataset::new(Tensor::ones([5, 64]));
        let text = Detector::fit(&pca, &constant, Score::Mahalanobis).err().unwrap().to_string();
        assert!(text.ends_with("use squared_error"), "{text}");
        assert!(Detector::fit(&pca, &data.test.range(0..1), Score::SquaredError).is_err());
    }

    #[test]
    fn gaps_are_no_reason_to_be_strange() {
        let data = digits();
        let pca = Pca::fit(data.train.x(), 8);
        let hidden = |i: usize| i % 64 == 20;
        let mask = Tensor::from_fn(data.test.x().shape(), |i| if hidden(i) { 0.0 } else { 1.0 });
        let masked = data.test.clone().with_observed(mask);
        for score in [Score::SquaredError, Score::Combined, Score::Neighbours] {
            let detector = Detector::fit(&pca, &data.train, score).unwrap();
            let [all, known] = [&data.test, &masked].map(|data| detector.contributions(data).to_vec());
            let width = all.len() / data.test.len();
            for (i, (all, known)) in all.iter().zip(&known).enumerate() {
                // Whom a row is near to may depend on what is known of it.
                if i % width == 20 || score != Score::Neighbours {
                    assert_eq!(*known, if i % width == 20 { 0.0 } else { *all });
                }
            }
            let sums: Vec<f64> = known.chunks(width).map(|row| row.iter().sum()).collect();
            let scores = detector.scores(&masked).unwrap();
            assert!(sums.iter().zip(scores).all(|(sum, score)| (sum - score).abs() < 1e-9 * score));
        }
    }
}
