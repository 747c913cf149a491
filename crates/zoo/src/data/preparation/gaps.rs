//! Gaps: where they are, what stands in them, and that a model is told of them.

use std::path::Path;

use autograd::Tensor;
use nn::{Error, Result};

use super::super::Impute;
use super::super::numbers::Numbers;
use super::super::pipeline;
use super::{Preparation, place, unusable};

impl Preparation {
    /// The same preparation for data of which the gaps are filled this way, if it is not to be that of training.
    pub(in crate::data) fn filling(&self, path: &Path, impute: Impute) -> Result<Self> {
        let mut other = self.clone();
        if impute != Impute::Keep {
            other.reading.impute = impute;
        } else if self.fill.is_empty() && !self.has_kinds() {
            other.reading.impute = Impute::Keep;
        }
        other.fill = if self.has_kinds() { vec![] } else { self.fill_by(path, other.reading.impute)? };
        Ok(other)
    }

    /// Values for the gaps of each feature: those of the training, if gaps are refused here.
    pub(super) fn fill_by(&self, path: &Path, impute: Impute) -> Result<Vec<f64>> {
        let [means, medians] = &self.centres;
        let values = match impute {
            Impute::Refuse => &vec![],
            Impute::Keep => means,
            Impute::Zero => &vec![0.0; self.features],
            Impute::Mean => means,
            Impute::Median => medians,
        };
        match values.is_empty() && !matches!(impute, Impute::Refuse | Impute::Keep) {
            false => Ok(values.clone()),
            true => Err(Error::file(
                path,
                "means and medians of the training data were not kept; fill the gaps in the file, or with \
                 --impute zero",
            )),
        }
    }

    /// Fills the gaps of a row, or refuses them.
    pub(super) fn fill_row(&self, path: &Path, row: &mut [f64], name: impl Fn() -> String) -> Result<()> {
        for (feature, value) in row.iter_mut().enumerate().filter(|(_, value)| !value.is_finite()) {
            match self.fill.get(feature).filter(|_| value.is_nan()) {
                Some(fill) => *value = *fill,
                None => {
                    let place = place(&self.columns, self.image().is_some(), feature);
                    return Err(Error::file(path, unusable(*value, &name(), &place)));
                }
            }
        }
        Ok(())
    }

    /// Row and feature of each feature that is a guess.
    pub(in crate::data) fn gaps(&self, x: &Numbers, places: &[usize]) -> Result<Vec<[usize; 2]>> {
        let mut gaps = vec![];
        if self.fill.is_empty() && !self.has_kinds() {
            return Ok(gaps);
        }
        let mut row = 0;
        x.each_row(places.iter().copied(), |_, cells| {
            match self.has_kinds() {
                false => {
                    let missing = cells.iter().enumerate().filter(|(_, cell)| cell.is_nan());
                    gaps.extend(missing.map(|(feature, _)| [row, feature]));
                }
                true => {
                    let missing =
                        cells.iter().zip(pipeline::ranges(&self.steps)).filter(|(cell, _)| cell.is_nan());
                    gaps.extend(
                        missing.flat_map(|(_, (_, features))| features.map(|feature| [row, feature])),
                    );
                }
            }
            row += 1;
            Ok::<(), Error>(())
        })?;
        Ok(gaps)
    }

    /// The mask of what was observed in examples: none if all was. A gap counts as observed if it is to count as what it is
    /// filled with, and a number that another feature says does not.
    pub(crate) fn mask(&self, gaps: &[[usize; 2]], x: &Tensor<f32>) -> Option<Tensor<f32>> {
        let counts = self.reading.impute == Impute::Keep;
        let doubled = self.learnt().any(|(step, _)| step.frequent.is_some());
        if (gaps.is_empty() || !counts) && !doubled {
            return None;
        }
        let mut mask = vec![1.0; x.len()];
        gaps.iter().filter(|_| counts).for_each(|[row, feature]| mask[row * self.features + feature] = 0.0);
        if doubled {
            for (x, mask) in x.to_vec().chunks(self.features).zip(mask.chunks_mut(self.features)) {
                let silent = self.learnt().filter(|(step, features)| step.silent(&x[features.clone()]));
                silent.for_each(|(_, features)| mask[features.start] = 0.0);
            }
        }
        Some(Tensor::from_vec(x.shape(), mask))
    }
}
