//! Normalization of activations: over the batch, over the features, over groups of channels.

use autograd::replay::is_recording;
use autograd::{Buffer, Normalized, Real, Tensor, Var, tree};

use super::convolution::per_channel;
use crate::Context;

/// Batch normalization (Ioffe and Szegedy 2015, algorithm 1), for `[batch, channels]` and for
/// `[batch, channels, …]`:
///
/// > `y = w · (x − μ) / √(σ² + ε) + b`, for every channel.
///
/// In training μ and σ² are those of the batch, over all its examples and places, with gradients. In
/// evaluation they are the running ones, so that an example's result does not depend on its
/// companions. A training pass [sets](Buffer::set) the new running statistics, one update for each use of the layer,
/// and the model has them after the step ([`autograd::value_and_update`], which optimizers and trainers use) or by
/// [`autograd::NewBuffers`].
///
/// ```
/// # use autograd::{NewBuffers, Tensor, value_with};
/// # use nn::{Context, layers::BatchNorm};
/// let mut norm = BatchNorm::<Tensor<f64>>::new(1);
/// let x = Tensor::from_vec([4, 1], vec![1.0, 2.0, 3.0, 4.0]);
///
/// let mut training = Context::training(0, 0, &[0, 1, 2, 3]);
/// let (y, statistics) = value_with(&norm, |norm, tape| {
///     (norm.forward(tape.constant(&x), &mut training), NewBuffers::of(&norm))
/// });
/// assert!(y.to_vec().iter().sum::<f64>().abs() < 1e-12); // the batch's own mean is 0 now
/// statistics.store(&mut norm);
/// assert!((norm.running_mean.0[[0]] - 0.25).abs() < 1e-12); // a tenth of the way from 0 to 2.5
/// ```
#[derive(Clone, Debug)]
pub struct BatchNorm<W> {
    /// `w`, of shape `[channels]`.
    pub weight: W,
    /// `b`, of shape `[channels]`.
    pub bias: W,
    /// The running μ: an exponential average over batches.
    pub running_mean: Buffer<W>,
    /// The running σ², of the unbiased estimates.
    pub running_var: Buffer<W>,
    /// Training batches seen.
    pub num_batches_tracked: Buffer<W>,
    /// How much a batch changes the running statistics, in `(0, 1]`.
    pub momentum: f64,
    /// Added to the variance, so that nothing is divided by 0.
    pub epsilon: f64,
}
tree!(BatchNorm { weight, bias, running_mean, running_var, num_batches_tracked; momentum, epsilon });

impl<T: Real> BatchNorm<Tensor<T>> {
    /// Normalizes this many channels: `w = 1`, `b = 0`, momentum 0.1 and ε = 10⁻⁵ as in PyTorch.
    pub fn new(channels: usize) -> Self {
        BatchNorm {
            weight: Tensor::ones([channels]),
            bias: Tensor::zeros([channels]),
            running_mean: Buffer(Tensor::zeros([channels])),
            running_var: Buffer(Tensor::ones([channels])),
            num_batches_tracked: Buffer(Tensor::zeros([])),
            momentum: 0.1,
            epsilon: 1e-5,
        }
    }
}

impl<'t, T: Real> BatchNorm<Var<'t, T>> {
    /// `[batch, channels, …]` to the same shape.
    ///
    /// # Panics
    /// If the shape does not fit; in training if there is only one number for each channel, whose
    /// variance would be 0; in evaluation if no statistics were ever stored.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        let shape = x.shape();
        let channels = self.weight.shape()[0];
        assert!(
            shape.len() >= 2 && shape[1] == channels,
            "BatchNorm: expected [batch, {channels}, …], but the input has shape {shape:?}"
        );
        let broadcast = |v: Var<'t, T>| per_channel(v, shape.len() - 2);
        let normalized = if context.is_training() {
            let count = context.batch_of(shape[0]) * shape[2..].iter().product::<usize>();
            assert!(
                count > 1,
                "BatchNorm: training needs more than one number for each channel of {shape:?}; if this is what \
                 was left for the last batch of an epoch, set `drop_last`, or choose another size of batches"
            );
            let axes: Vec<usize> = (0..shape.len()).filter(|&axis| axis != 1).collect();
            let normalized = match self.of_pieces(x, count, &axes, context) {
                Some(normalized) => normalized,
                None => x.batch_norm(&axes[..], self.epsilon),
            };
            let toward = |old: Buffer<Var<'t, T>>, new: Var<'t, T>, factor: f64| {
                old.set(
                    old.latest() * (1.0 - self.momentum) + new.stop_gradient() * (self.momentum * factor),
                );
            };
            let unbiased = count as f64 / (count - 1) as f64;
            toward(self.running_mean, normalized.mean, 1.0);
            toward(self.running_var, normalized.variance, unbiased);
            self.num_batches_tracked.set(self.num_batches_tracked.latest() + 1.0);
            normalized.y
        } else {
            assert!(
                is_recording() || self.num_batches_tracked.0.item() > T::zero(),
                "BatchNorm: there are no running statistics yet; a step of training sets them, with \
                 `value_and_update` or an optimizer's `minimize`, or with `NewBuffers`"
            );
            let [mean, variance] = [self.running_mean, self.running_var].map(|v| v.0.stop_gradient());
            (x - broadcast(mean)) * broadcast((variance + self.epsilon).rsqrt())
        };
        normalized * broadcast(self.weight) + broadcast(self.bias)
    }
}

impl<'t, T: Real> BatchNorm<Var<'t, T>> {
    /// By the statistics of all [pieces](crate::pieces) of a batch, of `count` numbers for each channel; `None` if it is not
    /// cut. First the mean, then the squares around it: their difference would lose its digits.
    fn of_pieces(
        &self,
        x: Var<'t, T>,
        count: usize,
        axes: &[usize],
        context: &Context,
    ) -> Option<Normalized<'t, T>> {
        let broadcast = |v: Var<'t, T>| per_channel(v, x.shape().len() - 2);
        let mean = context.over_pieces(x.sum_over(axes))? / count as f64;
        let centred = x - broadcast(mean);
        let variance = context.over_pieces(centred.square().sum_over(axes))? / count as f64;
        let y = centred * broadcast((variance + self.epsilon).rsqrt());
        Some(Normalized { y, mean, variance })
    }
}

/// Layer normalization (Ba, Kiros and Hinton 2016): every example by its own mean and variance, over
/// its last axes, the same in training and evaluation.
///
/// > `y = w · (x − μ) / √(σ² + ε) + b`
#[derive(Clone, Debug)]
pub struct LayerNorm<W> {
    /// `w`, of the shape of the last axes.
    pub weight: W,
    /// `b`, of the shape of the last axes.
    pub bias: W,
    /// Added to the variance.
    pub epsilon: f64,
}
tree!(LayerNorm { weight, bias; epsilon });

impl<T: Real> LayerNorm<Tensor<T>> {
    /// Normalizes over last axes of this shape: `w = 1`, `b = 0`, ε = 10⁻⁵.
    pub fn new(shape: impl AsRef<[usize]>) -> Self {
        let shape = shape.as_ref();
        LayerNorm { weight: Tensor::ones(shape), bias: Tensor::zeros(shape), epsilon: 1e-5 }
    }
}

impl<'t, T: Real> LayerNorm<Var<'t, T>> {
    /// `[…, shape]` to the same shape.
    ///
    /// # Panics
    /// If the last axes of `x` are others.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        let (shape, over) = (x.shape(), self.weight.shape());
        assert!(
            shape.ends_with(&over),
            "LayerNorm: expected […, {over:?}], but the input has shape {shape:?}"
        );
        let axes: Vec<usize> = (shape.len() - over.len()..shape.len()).collect();
        x.layer_norm(&axes[..], self.epsilon) * self.weight + self.bias
    }
}

/// Group normalization (Wu and He 2018): every example by the mean and variance of each group of its
/// channels. With one group, all channels together; with as many groups as channels, instance
/// normalization.
#[derive(Clone, Debug)]
pub struct GroupNorm<W> {
    /// `w`, of shape `[channels]`.
    pub weight: W,
    /// `b`, of shape `[channels]`.
    pub bias: W,
    /// Groups of neighbouring channels.
    pub groups: usize,
    /// Added to the variance.
    pub epsilon: f64,
}
tree!(GroupNorm { weight, bias; groups, epsilon });

impl<T: Real> GroupNorm<Tensor<T>> {
    /// `w = 1`, `b = 0`, ε = 10⁻⁵.
    ///
    /// # Panics
    /// If the groups do not divide the channels.
    #[track_caller]
    pub fn new(groups: usize, channels: usize) -> Self {
        let divides = groups > 0 && channels.is_multiple_of(groups);
        assert!(divides, "GroupNorm: {groups} groups do not divide {channels} channels");
        GroupNorm { weight: Tensor::ones([channels]), bias: Tensor::zeros([channels]), groups, epsilon: 1e-5 }
    }
}

impl<'t, T: Real> GroupNorm<Var<'t, T>> {
    /// `[batch, channels, …]` to the same shape.
    ///
    /// # Panics
    /// If the second axis is not the channels.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        let (shape, channels) = (x.shape(), self.weight.shape()[0]);
        assert!(
            shape.len() >= 2 && shape[1] == channels,
            "GroupNorm: expected [batch, {channels}, …], but the input has shape {shape:?}"
        );
        let in_group = shape[1..].iter().product::<usize>() / self.groups;
        let grouped = x.reshape([shape[0], self.groups, in_group]).layer_norm(-1, self.epsilon);
        let broadcast = |v: Var<'t, T>| per_channel(v, shape.len() - 2);
        grouped.reshape(&shape) * broadcast(self.weight) + broadcast(self.bias)
    }
}

#[cfg(test)]
mod tests {
    use autograd::{NewBuffers, value_with};

    use super::*;

    #[test]
    fn a_layer_that_is_used_twice_sees_two_batches() {
        let mut norm = BatchNorm::<Tensor<f64>>::new(1);
        let mut context = Context::training(0, 1, &[0, 1]);
        let (_, statistics) = value_with(&norm, |norm, tape| {
            let x = |mean: f64| tape.constant(Tensor::from_vec([2, 1], vec![mean - 1.0, mean + 1.0]));
            (
                norm.forward(x(10.0), &mut context) + norm.forward(x(-10.0), &mut context),
                NewBuffers::of(&norm),
            )
        });
        statistics.store(&mut norm);
        // 0.9 · (0.9 · 0 + 0.1 · 10) − 0.1 · 10, and both batches have the variance 2.
        assert!((norm.running_mean.0[[0]] + 0.1).abs() < 1e-12);
        assert!((norm.running_var.0[[0]] - (0.81 + 0.19 * 2.0)).abs() < 1e-12);
        assert_eq!(norm.num_batches_tracked.0.item(), 2.0);
    }
}
