//! Numbers by which uses of a code are judged, each with its definition.
//!
//! ```
//! use zoo::uses::metrics::{auroc, average_precision};
//!
//! let scores = [0.1, 0.4, 0.35, 0.8];
//! let anomalous = [false, false, true, true];
//! assert_eq!(auroc(&scores, &anomalous)?, 0.75); // 3 of the 4 pairs are in order
//! assert_eq!(average_precision(&scores, &anomalous)?, 0.5 * (1.0 + 2.0 / 3.0));
//! # Ok::<(), nn::Error>(())
//! ```

use autograd::Tensor;
use nn::{Dataset, Error, Result};
use serde::{Deserialize, Serialize};

use crate::data::Split;
use crate::models::pca::Pca;
use crate::{AnyModel, evaluate};

/// Reconstruction errors of a model and of PCA with a code of the same size, on test examples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fidelity {
    /// Squared error of the model (SSE): `1/n Σᵢ ‖xᵢ − x̂ᵢ‖²`, summed over features, the mean over examples.
    pub sse: f64,
    /// SSE of PCA, fitted to the training examples.
    pub pca_sse: f64,
    /// Components of that PCA: the size of the code, or all features if the code is larger.
    pub rank: usize,
    /// SSE of always answering the mean of the training examples.
    pub variance: f64,
}

impl Fidelity {
    /// Measures a model on the test examples of `data`.
    pub fn of(model: &dyn AnyModel, data: &Split) -> Self {
        let code = model.encode(&data.train.rows(&[0])).shape()[1];
        Fidelity::beside(&Pca::fit(data.train.x(), code), model, &data.test)
    }

    /// Measures a model on test examples, beside a PCA of the training examples.
    pub fn beside(pca: &Pca<Tensor<f32>>, model: &dyn AnyModel, test: &Dataset) -> Self {
        Fidelity {
            sse: evaluate::mean_squared_error(model, test),
            pca_sse: evaluate::mean_squared_error(pca, test),
            rank: pca.components.shape()[0],
            variance: evaluate::variance_around(&pca.mean, test),
        }
    }

    /// `R² = 1 − SSE / SSE(mean)`: the share of the variance that the model explains.
    pub fn r_squared(&self) -> f64 {
        1.0 - self.sse / self.variance
    }

    /// `R²` of PCA.
    pub fn pca_r_squared(&self) -> f64 {
        1.0 - self.pca_sse / self.variance
    }

    /// `1 − SSE / SSE(PCA)`: the share of what PCA leaves unexplained that the model explains. Above 0
    /// the model is worth its training.
    pub fn gain_over_pca(&self) -> f64 {
        1.0 - self.sse / self.pca_sse
    }
}

/// The area under the ROC curve: the probability that a positive example scores higher than a negative
/// one, where ties count half. Computed by mid-ranks (Mann and Whitney 1947):
///
/// > `AUROC = (Σ ranks of positives − p (p + 1) / 2) / (p n)`
///
/// # Errors
/// If there are no positive or no negative examples, or a score is not a number.
///
/// # Panics
/// If there are not as many marks as scores.
#[track_caller]
pub fn auroc(scores: &[f64], positive: &[bool]) -> Result<f64> {
    let steps = steps(scores, positive)?;
    let Step { positives, negatives } = *steps.last().expect("both classes are there");
    // Area by trapezia between distinct scores: a group of ties contributes half of its rectangle.
    let mut area = 0.0;
    let mut before = Step { positives: 0, negatives: 0 };
    for step in steps {
        area += (step.negatives - before.negatives) as f64 * (step.positives + before.positives) as f64 / 2.0;
        before = step;
    }
    Ok(area / (positives as f64 * negatives as f64))
}

/// The average precision `Σₖ (Rₖ − Rₖ₋₁) Pₖ` over distinct thresholds from the highest score down, with
/// recall `R` and precision `P`. Unlike the area under a drawn curve it interpolates nothing.
///
/// # Errors
/// As [`auroc`].
///
/// # Panics
/// If there are not as many marks as scores.
#[track_caller]
pub fn average_precision(scores: &[f64], positive: &[bool]) -> Result<f64> {
    let steps = steps(scores, positive)?;
    let all = steps.last().expect("both classes are there").positives;
    let (mut sum, mut before) = (0.0, 0);
    for Step { positives, negatives } in steps {
        sum += (positives - before) as f64 * positives as f64 / (positives + negatives) as f64;
        before = positives;
    }
    Ok(sum / all as f64)
}

/// The ROC curve from (0, 0) to (1, 1): the rates of false and of true positives for every threshold.
///
/// # Errors
/// As [`auroc`].
///
/// # Panics
/// If there are not as many marks as scores.
#[track_caller]
pub fn roc_curve(scores: &[f64], positive: &[bool]) -> Result<Vec<(f64, f64)>> {
    let steps = steps(scores, positive)?;
    let Step { positives, negatives } = *steps.last().expect("both classes are there");
    let rate =
        |step: &Step| (step.negatives as f64 / negatives as f64, step.positives as f64 / positives as f64);
    Ok(std::iter::once((0.0, 0.0)).chain(steps.iter().map(rate)).collect())
}

/// The mean number of codes of an example that are not zero, for `[examples, code]`.
///
/// # Panics
/// If there are no examples.
#[track_caller]
pub fn l0(codes: &Tensor<f32>) -> f64 {
    let examples = codes.shape()[0];
    assert!(examples > 0, "l0: codes of shape {:?}", codes.shape());
    codes.to_vec().iter().filter(|&&z| z != 0.0).count() as f64 / examples as f64
}

/// The units that are zero for every example of `[examples, code]`, in ascending order.
pub fn dead_units(codes: &Tensor<f32>) -> Vec<usize> {
    let width = codes.shape()[1];
    let values = codes.to_vec();
    (0..width).filter(|&unit| values.iter().skip(unit).step_by(width).all(|&z| z == 0.0)).collect()
}

/// How many examples score at least as much as some threshold.
#[derive(Clone, Copy)]
struct Step {
    positives: usize,
    negatives: usize,
}

/// One step for every distinct score, from the highest down.
#[track_caller]
fn steps(scores: &[f64], positive: &[bool]) -> Result<Vec<Step>> {
    assert_eq!(scores.len(), positive.len(), "one mark for every score");
    let invalid = |text: String| Err(Error::data(text));
    if let Some(i) = scores.iter().position(|score| score.is_nan()) {
        return invalid(format!("score {i} is not a number; examples cannot be ranked by it"));
    }
    let count = positive.iter().filter(|&&positive| positive).count();
    if count == 0 || count == positive.len() {
        let all = if count == 0 { "negative" } else { "positive" };
        return invalid(format!("all {} examples are {all}; a ranking needs both kinds", positive.len()));
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut step = Step { positives: 0, negatives: 0 };
    let mut steps = vec![];
    // Equal numbers, not equal bits: 0 and −0 are a tie.
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let positives = tied.iter().filter(|&&i| positive[i]).count();
        step = Step {
            positives: step.positives + positives,
            negatives: step.negatives + tied.len() - positives,
        };
        steps.push(step);
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;
    use nn::{Purpose, generator};
    use rand::RngExt;

    #[test]
    fn auroc_counts_pairs_and_ties_half() {
        let mut from = generator(0, Purpose::Sample, 0, 0);
        let scores: Vec<f64> = (0..60).map(|_| f64::from(from.random_range(0..9))).collect();
        let positive: Vec<bool> = (0..60).map(|_| from.random()).collect();
        let (mut won, mut pairs) = (0.0, 0.0);
        for (a, _) in scores.iter().zip(&positive).filter(|(_, positive)| **positive) {
            for (b, _) in scores.iter().zip(&positive).filter(|(_, positive)| !**positive) {
                won += if a > b { 1.0 } else { f64::from(a == b) * 0.5 };
                pairs += 1.0;
            }
        }
        assert!((auroc(&scores, &positive).unwrap() - won / pairs).abs() < 1e-12);
        // The area under the drawn curve is the same number.
        let curve = roc_curve(&scores, &positive).unwrap();
        let area: f64 = curve.windows(2).map(|w| (w[1].0 - w[0].0) * (w[1].1 + w[0].1) / 2.0).sum();
        assert!((area - won / pairs).abs() < 1e-12);
        assert_eq!((curve[0], curve[curve.len() - 1]), ((0.0, 0.0), (1.0, 1.0)));
    }

    #[test]
    fn perfect_constant_and_reversed_rankings() {
        let positive = [false, false, false, true];
        assert_eq!(auroc(&[1.0, 2.0, 3.0, 4.0], &positive).unwrap(), 1.0);
        assert_eq!(auroc(&[4.0, 3.0, 2.0, 1.0], &positive).unwrap(), 0.0);
        assert_eq!(auroc(&[0.0, -0.0, 0.0, 0.0], &positive).unwrap(), 0.5);
        assert_eq!(average_precision(&[1.0, 2.0, 3.0, 4.0], &positive).unwrap(), 1.0);
        assert_eq!(average_precision(&[7.0; 4], &positive).unwrap(), 0.25);
    }

    #[test]
    fn impossible_rankings_are_refused() {
        let text = auroc(&[1.0, 2.0], &[true, true]).unwrap_err().to_string();
        assert_eq!(text, "all 2 examples are positive; a ranking needs both kinds");
        let text = average_precision(&[1.0, f64::NAN], &[true, false]).unwrap_err().to_string();
        assert_eq!(text, "score 1 is not a number; examples cannot be ranked by it");
    }

    #[test]
    fn code_usage() {
        let codes = Tensor::from_vec([2, 4], vec![0.0, 1.0, 0.0, 2.0, 0.0, 0.0, 0.0, -3.0]);
        assert_eq!((l0(&codes), dead_units(&codes)), (1.5, vec![0, 2]));
    }

    #[test]
    fn pca_is_as_good_as_pca() {
        let data = digits();
        let fidelity = Fidelity::of(&Pca::fit(data.train.x(), 8), &data);
        assert_eq!((fidelity.rank, fidelity.gain_over_pca()), (8, 0.0));
        assert!((fidelity.sse - 1.5620).abs() < 5e-5 && fidelity.r_squared() > 0.6, "{fidelity:?}");
        assert_eq!(fidelity.r_squared(), fidelity.pca_r_squared());
    }
}
