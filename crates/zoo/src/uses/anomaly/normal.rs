//! Normal values of a score, without the model: it can be kept in a file beside the model.

use autograd::Tensor;
use nn::checkpoint::Checkpoint;
use nn::{Dataset, Error, Result};

use super::Score;
use super::gaussian::Gaussian;
use super::neighbours::Neighbours;
use super::ranks::Ranks;
use crate::evaluate::{in_batches, in_masked_batches, residuals};
use crate::{AnyModel, evaluate};

/// Held-out examples that are enough for thresholds.
const ENOUGH: usize = 100;

/// The scores of normal examples, and what the score measures by.
#[derive(Clone, Debug)]
pub struct Normal {
    score: Score,
    /// Of residuals or codes, for the scores that are distances from their mean.
    gaussian: Option<Gaussian>,
    /// For [`Score::Neighbours`].
    neighbours: Option<Neighbours>,
    /// The mean squared error, in which [`Score::Combined`] measures errors; 1 for other scores.
    error: f64,
    /// Of the examples it was fitted to.
    train: Ranks,
    /// Of examples that the model did not learn from, if there are enough.
    held_out: Option<Ranks>,
}

impl Normal {
    /// Measures the examples: what was observed of them.
    ///
    /// # Errors
    /// If there are fewer than 2 examples, or a score is not finite.
    pub fn fit(model: &dyn AnyModel, data: &Dataset, score: Score) -> Result<Self> {
        Normal::fit_to_some(model, data, data, score)
    }

    /// The same with the mean and the covariance, or the neighbours, of `some` of the examples.
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
            Score::SquaredError | Score::Neighbours => (None, 1.0),
            Score::Combined => {
                let sums = evaluate::squared_errors(model, some);
                let error = sums.iter().sum::<f64>() / sums.len() as f64;
                (Some(Gaussian::of_mean_one(&evidence())?), if error > 0.0 { error } else { 1.0 })
            }
            _ => (Some(Gaussian::fit(&evidence())?), 1.0),
        };
        let neighbours = (score == Score::Neighbours).then(|| {
            let kept = Neighbours::kept(some.len(), some.width());
            let numbers: Vec<usize> = (0..kept).map(|i| i * some.len() / kept).collect();
            Neighbours::new(in_batches(&some.rows(&numbers), |x| model.decode(&model.encode(x))).cast())
        });
        let train = Ranks::of(vec![]);
        let mut normal = Normal { score, gaussian, neighbours, error, train, held_out: None };
        normal.train = Ranks::of(normal.scores(model, data)?);
        Ok(normal)
    }

    /// The same with thresholds by examples that the model did not learn from, if there are at least 100: a model that learnt its
    /// examples by heart gives them lower scores than any others.
    ///
    /// # Errors
    /// If a score is not finite.
    pub fn held_out(self, model: &dyn AnyModel, data: &Dataset) -> Result<Self> {
        if data.len() < ENOUGH {
            return Ok(self);
        }
        let held_out = Some(Ranks::of(self.scores(model, data)?));
        Ok(Normal { held_out, ..self })
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
        if let Some(neighbours) = &self.neighbours {
            return neighbours.contributions(&x.cast(), mask.map(Tensor::cast).as_ref());
        }
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

    /// The scores that tell what is ordinary: those of examples that were not learnt from, if there are any.
    fn ordinary(&self) -> &Ranks {
        self.held_out.as_ref().unwrap_or(&self.train)
    }

    /// See [`Detector::threshold`](super::Detector::threshold).
    pub(super) fn threshold(&self, contamination: f64) -> Result<f64> {
        self.ordinary().threshold(contamination)
    }

    /// See [`Detector::far_out`](super::Detector::far_out).
    pub(super) fn far_out(&self) -> usize {
        self.train.far_out()
    }

    /// See [`Detector::p_values`](super::Detector::p_values).
    pub(super) fn p_value(&self, score: f64) -> f64 {
        self.ordinary().p_value(score)
    }

    /// Adds it to a file.
    pub(crate) fn save(&self, into: &mut Checkpoint<f64>) {
        let name = self.score.name();
        for (of, ranks) in [("", Some(&self.train)), (".held_out", self.held_out.as_ref())] {
            let Some(Ranks { count, scores }) = ranks else { continue };
            into.metadata.insert(format!("{name}{of}"), count.to_string());
            into.insert(&format!("{name}{of}.scores"), &Tensor::from_vec([scores.len()], scores.clone()));
        }
        if let Some(gaussian) = &self.gaussian {
            let [mean, factor] = gaussian.parts();
            into.insert(&format!("{name}.mean"), &mean);
            into.insert(&format!("{name}.factor"), &factor);
        }
        if let Some(neighbours) = &self.neighbours {
            into.insert(&format!("{name}.ordinary"), neighbours.ordinary());
        }
        into.insert(&format!("{name}.error"), &Tensor::scalar(self.error));
    }

    /// Reads what [`save`](Self::save) added; `None` if nothing is there about this score, or it does not fit.
    pub(crate) fn restore(score: Score, from: &Checkpoint<f64>) -> Option<Self> {
        let part = |what: &str| from.tensors.get(&format!("{}.{what}", score.name()));
        let ranks = |of: &str| {
            let name = format!("{}{of}", score.name());
            let scores = from.tensors.get(&format!("{name}.scores"))?.to_vec();
            Ranks::restore(from.metadata.get(&name)?.parse().ok()?, scores)
        };
        let gaussian = match score {
            Score::SquaredError | Score::Neighbours => None,
            _ => Some(Gaussian::of_parts([part("mean")?.clone(), part("factor")?.clone()])?),
        };
        let neighbours = match score {
            Score::Neighbours => Some(Neighbours::new(part("ordinary")?.clone())),
            _ => None,
        };
        let error = part("error")?.to_vec().first().copied()?;
        let (train, held_out) = (ranks("")?, ranks(".held_out"));
        Some(Normal { score, gaussian, neighbours, error, train, held_out })
    }
}

/// Numbers that the score measures by its own error or Gaussian: residuals, or codes.
fn evidence(model: &dyn AnyModel, x: &Tensor<f32>, mask: Option<&Tensor<f32>>, score: Score) -> Tensor<f64> {
    let z = model.encode(x);
    match score {
        Score::LatentDistance | Score::Combined => z.cast(),
        Score::SquaredError | Score::Mahalanobis | Score::Neighbours => residuals(model, x, &z, mask),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;
    use crate::models::pca::Pca;

    #[test]
    fn it_comes_back_from_a_file_as_it_was() {
        let data = digits();
        let pca = Pca::fit(data.train.x(), 8);
        let mut file = Checkpoint::default();
        let all = Score::ALL.map(|score| Normal::fit(&pca, &data.train, score).unwrap());
        let all = all.map(|normal| normal.held_out(&pca, &data.test).unwrap());
        all.iter().for_each(|normal| normal.save(&mut file));
        for normal in &all {
            let again = Normal::restore(normal.score(), &file).unwrap();
            let scores = |of: &Normal| of.scores(&pca, &data.test).unwrap();
            assert_eq!(scores(&again), scores(normal));
            assert_eq!(again.threshold(0.05).unwrap(), normal.threshold(0.05).unwrap());
        }
        let of_train = Normal::fit(&pca, &data.train, Score::Mahalanobis).unwrap();
        let [own, others] = [&of_train, &all[1]].map(|normal| normal.threshold(0.05).unwrap());
        assert!(own < others, "residuals of examples that were learnt are smaller: {own} {others}");
        assert_eq!(of_train.far_out(), all[1].far_out());
        let few = of_train.clone().held_out(&pca, &data.test.range(0..99)).unwrap();
        assert_eq!(few.threshold(0.05).unwrap(), own, "too few to tell");
        file.metadata.remove("mahalanobis");
        assert!(Normal::restore(Score::Mahalanobis, &file).is_none());
    }
}
