//! The expectation of a model at each step.

use autograd::Tensor;
use nn::Result;

use super::shape_of;
use crate::AnyModel;
use crate::data::Preparation;
use crate::data::series::filled;
use crate::uses::latent::reconstruct;

/// A model of windows, and how it sees what was not observed.
pub(super) struct Expectation<'a> {
    pub(super) model: &'a dyn AnyModel,
    pub(super) length: usize,
    /// From a window to the next.
    pub(super) stride: usize,
    /// In place of what was not observed, of each channel.
    pub(super) fill: Vec<f32>,
}

impl<'a> Expectation<'a> {
    /// Windows overlap by three quarters at least, so that no step is seen at the end of windows alone.
    pub(super) fn new(model: &'a dyn AnyModel, preparation: &Preparation) -> Result<Self> {
        let [length, _] = shape_of(preparation)?;
        let stride = preparation.reading.windows.as_ref().map_or(1, |windows| windows.stride);
        let stride = stride.min(length / 4).max(1);
        Ok(Expectation { model, length, stride, fill: preparation.fill_of_channels() })
    }

    pub(super) fn channels(&self) -> usize {
        self.fill.len()
    }

    /// Reconstructions of windows that begin at these steps of `values`. Behind the end of a short stretch nothing was
    /// observed.
    pub(super) fn windows(&self, values: &[f32], starts: &[usize]) -> Vec<f32> {
        let width = self.length * self.channels();
        let mut x = Vec::with_capacity(starts.len() * width);
        for start in starts {
            let window = values.iter().skip(start * self.channels()).take(width).copied();
            let before = x.len();
            x.extend(window);
            x.resize(before + width, f32::NAN);
        }
        filled(&mut x, &self.fill);
        reconstruct(self.model, &Tensor::from_vec([starts.len(), width], x)).to_vec()
    }
}

/// The values that a model expects at each step of a stretch: the mean over the windows that hold the step. Windows begin at every
/// `stride`-th step; the steps behind the last of them are those of the window that ends with the stretch.
pub(super) fn expected(of: &Expectation, values: &[f32]) -> Vec<f32> {
    const AT_ONCE: usize = 256;
    let channels = of.channels();
    let steps = values.len() / channels;
    let last = steps.saturating_sub(of.length);
    let starts: Vec<usize> = (0..=last).step_by(of.stride).collect();
    let covered = (starts[starts.len() - 1] + of.length).min(steps);
    let mut sums = vec![0.0_f64; values.len()];
    for starts in starts.chunks(AT_ONCE) {
        let windows = of.windows(values, starts);
        for (window, start) in windows.chunks(of.length * channels).zip(starts) {
            let place = start * channels;
            sums[place..].iter_mut().zip(window).for_each(|(sum, x)| *sum += f64::from(*x));
        }
    }
    let count = |step: usize| windows_over(step, steps.max(of.length), of);
    let mut means: Vec<f32> =
        sums.iter().enumerate().map(|(i, sum)| (sum / count(i / channels).max(1) as f64) as f32).collect();
    if covered < steps {
        let window = of.windows(values, &[last]);
        means[covered * channels..].copy_from_slice(&window[(covered - last) * channels..]);
    }
    means
}

/// The number of windows that hold a step of a stretch.
pub(super) fn windows_over(step: usize, steps: usize, of: &Expectation) -> usize {
    let first = (step + 1).saturating_sub(of.length).div_ceil(of.stride);
    let last = step.min(steps - of.length) / of.stride;
    (last + 1).saturating_sub(first)
}
