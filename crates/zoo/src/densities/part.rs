//! Columns of the data that are distributed in one way.

use std::ops::Range;

use autograd::Tensor;
use nn::{Dataset, Error, Result};

use crate::evaluate;

/// The columns of a block, and their mean.
pub(super) struct Part {
    /// The columns.
    pub(super) data: Dataset,
    /// The mean of what was observed of each, `[columns]`.
    pub(super) mean: Tensor<f32>,
}

impl Part {
    /// These columns of the data.
    pub(super) fn of(data: &Dataset, columns: Range<usize>) -> Self {
        let whole = columns.len() == data.width();
        let cut = |x: &Tensor<f32>| if whole { x.clone() } else { x.slice(1, columns.clone()) };
        let part = Dataset::new(cut(data.x())).with_observed(data.observed().map(cut));
        let mean = match part.observed() {
            None => evaluate::mean(part.x()),
            Some(mask) => {
                let width = part.width();
                let sum = |of: &Tensor<f32>| of.sum_to([1, width]).reshape([width]);
                let known = part.x().zip(mask, |x, known| x * known);
                sum(&known).zip(&sum(mask), |sum, count| sum / count.max(1.0))
            }
        };
        Part { data: part, mean }
    }

    /// `ln` of the variance around the mean of each column, `[]`.
    pub(super) fn log_var(&self) -> Tensor<f32> {
        let variance = match self.data.observed() {
            None => evaluate::variance_around(&self.mean, &self.data) / self.data.width() as f64,
            Some(mask) => {
                let squares = self.data.x().zip(&self.mean, |x, m| (x - m) * (x - m)).zip(mask, |s, m| s * m);
                let [squares, known] = [&squares, mask].map(|of| f64::from(of.sum_to([]).item()));
                squares / known.max(1.0)
            }
        };
        // Constant data have no variance; the floor is far above this.
        Tensor::scalar(variance.max(1e-8).ln() as f32)
    }

    /// Numbers of a decoder for every column: one by its mean, and behind them the same ones for all columns.
    pub(super) fn numbers(&self, by_mean: fn(f64) -> f64, others: &[f64]) -> Tensor<f32> {
        let first = self.mean.cast::<f64>().map(by_mean).cast::<f32>();
        let others: Vec<_> = others.iter().map(|&number| Tensor::full(self.mean.shape(), number)).collect();
        Tensor::concat(&std::iter::once(&first).chain(&others).collect::<Vec<_>>(), 0)
    }

    /// One more than the largest whole number.
    ///
    /// # Errors
    /// If the data are no whole numbers from 0 up.
    pub(super) fn levels(&self) -> Result<usize> {
        let values = self.data.x().to_vec();
        if let Some(value) = values.iter().find(|&&x| x < 0.0 || x.fract() != 0.0 || x > 1e6) {
            let problem = format!(
                "likelihood = ordinal (or token) is for whole numbers, 0, 1, 2 and so on; these data have the value {value}"
            );
            return Err(Error::setting("likelihood", problem));
        }
        Ok(values.iter().fold(1.0, |most: f32, &x| most.max(x)) as usize + 1)
    }
}
