//! Every feature on its own scale.

use autograd::{Tensor, tree};

use super::{check_rows, check_width};
use crate::Result;

/// `y = (x − shift) / scale`, with a shift and a scale for each feature.
///
/// A feature that is constant in the training data has the scale 1: it becomes 0 there, and in other
/// data its difference from the constant, in its own unit.
#[derive(Clone, Debug)]
pub struct Scaling<W> {
    /// What becomes 0, of shape `[features]`.
    pub shift: W,
    /// What becomes 1 after the shift, of shape `[features]`; positive.
    pub scale: W,
}
tree!(Scaling { shift, scale });

impl Scaling<Tensor<f32>> {
    /// Changes nothing. A checkpoint can be loaded into it.
    pub fn identity(features: usize) -> Self {
        Scaling { shift: Tensor::zeros([features]), scale: Tensor::ones([features]) }
    }

    /// Mean 0 and variance 1: the shift is the mean `μ = Σ xᵢ / n` of each column of
    /// `x: [examples, features]`, the scale its standard deviation `√(Σ (xᵢ − μ)² / n)`.
    ///
    /// # Errors
    /// If there are no examples or a value is not finite.
    ///
    /// # Panics
    /// If `x` has other than two axes.
    #[track_caller]
    pub fn standardize(x: &Tensor<f32>) -> Result<Self> {
        check_rows(x)?;
        let [examples, features] = [x.shape()[0], x.shape()[1]];
        let values = x.to_vec();
        // In double precision and around the mean, so that a large mean does not swallow the spread.
        let mut mean = vec![0.0_f64; features];
        each_row(&values, &mut mean, |sum, value| *sum += value);
        mean.iter_mut().for_each(|sum| *sum /= examples as f64);
        let mut spread: Vec<(f64, f64)> = mean.iter().map(|&mean| (mean, 0.0)).collect();
        each_row(&values, &mut spread, |(mean, sum), value| *sum += (value - *mean).powi(2));
        let deviation = spread.iter().map(|(_, sum)| (sum / examples as f64).sqrt());
        let constant = extremes(&values, features).map(|[low, high]| low == high);
        // Rounding may give a constant column a tiny spread, so that is not what is asked.
        let scale = deviation.zip(constant).map(|(deviation, constant)| scale(deviation, constant)).collect();
        let shift = mean.iter().map(|&mean| mean as f32).collect();
        Ok(Scaling { shift: Tensor::from_vec([features], shift), scale: Tensor::from_vec([features], scale) })
    }

    /// From 0 to 1: the shift is the smallest value of each column of `x: [examples, features]`, the scale
    /// the distance from there to the largest. Other data may go beyond.
    ///
    /// # Errors
    /// If there are no examples or a value is not finite.
    ///
    /// # Panics
    /// If `x` has other than two axes.
    #[track_caller]
    pub fn min_max(x: &Tensor<f32>) -> Result<Self> {
        check_rows(x)?;
        let features = x.shape()[1];
        let values = x.to_vec();
        let shift = extremes(&values, features).map(|[low, _]| low as f32).collect();
        let scale = extremes(&values, features).map(|[low, high]| scale(high - low, low == high)).collect();
        Ok(Scaling { shift: Tensor::from_vec([features], shift), scale: Tensor::from_vec([features], scale) })
    }

    /// `(x − shift) / scale`, of shape `[examples, features]` like `x`.
    ///
    /// # Panics
    /// If `x` has another number of features.
    #[track_caller]
    pub fn apply(&self, x: &Tensor<f32>) -> Tensor<f32> {
        check_width(x, self.shift.len());
        x.zip(&self.shift, |x, shift| x - shift).zip(&self.scale, |x, scale| x / scale)
    }

    /// `y scale + shift`, which undoes [`apply`](Self::apply) up to rounding.
    ///
    /// # Panics
    /// If `y` has another number of features.
    #[track_caller]
    pub fn invert(&self, y: &Tensor<f32>) -> Tensor<f32> {
        check_width(y, self.shift.len());
        y.zip(&self.scale, |y, scale| y * scale).zip(&self.shift, |y, shift| y + shift)
    }
}

/// A scale in single precision: 1 for a constant, and never 0 or infinite.
fn scale(found: f64, constant: bool) -> f32 {
    let found = if constant { 1.0 } else { found };
    found.clamp(f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX)) as f32
}

/// Calls `f` with the accumulator of the column and each value, row by row.
fn each_row<A>(values: &[f32], columns: &mut [A], mut f: impl FnMut(&mut A, f64)) {
    for row in values.chunks_exact(columns.len().max(1)) {
        columns.iter_mut().zip(row).for_each(|(column, &value)| f(column, value.into()));
    }
}

/// The smallest and the largest value of each column.
fn extremes(values: &[f32], features: usize) -> impl Iterator<Item = [f64; 2]> {
    let mut found = vec![[f64::INFINITY, f64::NEG_INFINITY]; features];
    each_row(values, &mut found, |[low, high], value| (*low, *high) = (low.min(value), high.max(value)));
    found.into_iter()
}
