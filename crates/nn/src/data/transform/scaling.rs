//! Every feature on its own scale.

use autograd::{Real, Tensor, tree};

use super::{check_rows, check_width};
use crate::Result;

/// `y = (x − shift) / scale`, with a shift and a scale for each feature.
///
/// All of it is computed in double precision and rounded at the end, to the single precision in which models
/// learn. Rounded before that, numbers that are far from 0 for their spread (time stamps, pressures around
/// 101325) would lose the digits in which they differ.
///
/// A feature that is constant in the training data has the scale 1: it becomes 0 there, and in other
/// data its difference from the constant, in its own unit.
///
/// ```
/// use autograd::Tensor;
/// use nn::data::transform::Scaling;
///
/// let seconds = Tensor::<f64>::from_vec([3, 1], vec![1_700_000_000.0, 1_700_000_001.0, 1_700_000_002.0]);
/// let scaling = Scaling::min_max(&seconds)?;
/// let x = scaling.apply(&seconds);
/// assert_eq!(x.to_vec(), [0.0, 0.5, 1.0]);
/// assert_eq!(scaling.invert::<f64>(&x).to_vec(), seconds.to_vec());
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scaling<W> {
    /// What becomes 0, of shape `[features]`.
    pub shift: W,
    /// What becomes 1 after the shift, of shape `[features]`; positive.
    pub scale: W,
}
tree!(Scaling { shift, scale });

impl Scaling<Tensor<f64>> {
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
    pub fn standardize<T: Real>(x: &Tensor<T>) -> Result<Self> {
        check_rows(x)?;
        let examples = x.shape()[0] as f64;
        let ends = extremes(x);
        let unit_of = |size: fn(f64, f64) -> f64| ends.iter().map(move |&[low, high]| unit(size(low, high)));
        let mut mean: Vec<_> =
            unit_of(|low, high| low.abs().max(high.abs())).map(|unit| (unit, 0.0)).collect();
        each_row(x, &mut mean, |(unit, sum), value| *sum += value / *unit);
        let mean = mean.iter().map(|(unit, sum)| unit * (sum / examples));
        // A constant is its own mean; a sum would have been rounded.
        let shift: Vec<f64> =
            mean.zip(&ends).map(|(mean, [low, high])| if low == high { *low } else { mean }).collect();
        // Around the mean, so that a large mean does not swallow the spread.
        let mut spread: Vec<_> = unit_of(|low, high| high / 2.0 - low / 2.0)
            .zip(&shift)
            .map(|(unit, mean)| (unit, mean / unit, 0.0))
            .collect();
        each_row(x, &mut spread, |(unit, mean, sum), value| *sum += (value / *unit - *mean).powi(2));
        let deviation = spread.iter().map(|(unit, _, sum)| unit * (sum / examples).sqrt());
        let scale = deviation.zip(&ends).map(|(deviation, ends)| scale(deviation, *ends)).collect();
        Ok(Scaling::of(shift, scale))
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
    pub fn min_max<T: Real>(x: &Tensor<T>) -> Result<Self> {
        check_rows(x)?;
        let ends = extremes(x);
        let shift = ends.iter().map(|[low, _]| *low).collect();
        Ok(Scaling::of(shift, ends.iter().map(|&[low, high]| scale(high - low, [low, high])).collect()))
    }

    fn of(shift: Vec<f64>, scale: Vec<f64>) -> Self {
        let features = [shift.len()];
        Scaling { shift: Tensor::from_vec(features, shift), scale: Tensor::from_vec(features, scale) }
    }

    /// `(x − shift) / scale`, of shape `[examples, features]` like `x`.
    ///
    /// # Panics
    /// If `x` has another number of features.
    #[track_caller]
    pub fn apply<T: Real>(&self, x: &Tensor<T>) -> Tensor<f32> {
        check_width(x, self.shift.len());
        self.each(x, |x, shift, scale| {
            let difference = x - shift;
            let y = if difference.is_finite() { difference / scale } else { x / scale - shift / scale };
            y as f32
        })
    }

    /// `y scale + shift`, which undoes [`apply`](Self::apply) up to rounding. In double precision nothing is lost
    /// but what the `y` in single precision do not have.
    ///
    /// # Panics
    /// If `y` has another number of features.
    #[track_caller]
    pub fn invert<T: Real>(&self, y: &Tensor<f32>) -> Tensor<T> {
        check_width(y, self.shift.len());
        self.each(y, |y, shift, scale| T::of(y * scale + shift))
    }

    /// `f` of every number with its shift and scale.
    fn each<T: Real, U: Real>(&self, x: &Tensor<T>, f: impl Fn(f64, f64, f64) -> U) -> Tensor<U> {
        let (shift, scale) = (self.shift.to_vec(), self.scale.to_vec());
        let x = x.contiguous();
        let values = x.as_slice().expect("contiguous");
        Tensor::build(x.shape(), |out| {
            let width = shift.len().max(1);
            for (out, row) in out.chunks_exact_mut(width).zip(values.chunks_exact(width)) {
                for (j, (out, x)) in out.iter_mut().zip(row).enumerate() {
                    *out = f(x.as_f64(), shift[j], scale[j]);
                }
            }
        })
    }
}

/// A scale: 1 for a constant (rounding may give it a tiny spread), and never 0 or infinite.
fn scale(found: f64, [low, high]: [f64; 2]) -> f64 {
    let found = if low == high { 1.0 } else { found };
    found.clamp(f64::MIN_POSITIVE, f64::MAX)
}

/// In this unit numbers of such a size have squares and sums within the range of double precision. A power of two,
/// so that no digit changes.
fn unit(size: f64) -> f64 {
    match size {
        _ if size > 1e150 => 2.0_f64.powi(600),
        _ if size > 0.0 && size < 1e-150 => 2.0_f64.powi(-600),
        _ => 1.0,
    }
}

/// Calls `f` with the accumulator of the column and each value, row by row.
fn each_row<T: Real, A>(x: &Tensor<T>, columns: &mut [A], mut f: impl FnMut(&mut A, f64)) {
    let x = x.contiguous();
    for row in x.as_slice().expect("contiguous").chunks_exact(columns.len().max(1)) {
        columns.iter_mut().zip(row).for_each(|(column, &value)| f(column, value.as_f64()));
    }
}

/// The smallest and the largest value of each column.
fn extremes<T: Real>(x: &Tensor<T>) -> Vec<[f64; 2]> {
    let mut found = vec![[f64::INFINITY, f64::NEG_INFINITY]; x.shape()[1]];
    each_row(x, &mut found, |[low, high], value| (*low, *high) = (low.min(value), high.max(value)));
    found
}
