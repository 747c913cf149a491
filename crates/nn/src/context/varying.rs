//! The parts of a context that differ between the steps of a training, as inputs of a recorded function.

use autograd::{Real, Tensor, Var, tree};

use super::Context;
use crate::random::Purpose;

/// The digits that a number of 64 bits is written with, so that single precision holds them exactly.
pub(super) const DIGITS: usize = 4;
/// Bits of a digit.
const BITS: usize = 64 / DIGITS;
/// The width of a key: the number of an example and the epoch.
pub(super) const KEY: usize = 2 * DIGITS;

/// The parts of a [`Context`] that differ between the steps of a training, as tensors: an input of a loss that is
/// [recorded](autograd::Recorded) once and replayed. Noise is then drawn anew in every replay, and weights warm up.
///
/// ```
/// use autograd::{Recorded, Tensor};
/// use nn::Context;
/// use nn::context::Varying;
///
/// let (w, numbers) = (Tensor::<f64>::ones([2]), [5, 6, 7]);
/// let context = |epoch| Context::training(0, epoch, &numbers);
/// let mut loss = Recorded::new(&w, &Varying::of(&context(1)), |w, varying, tape| {
///     (varying.context().on(tape).normal(2) * w).sum()
/// });
/// for epoch in 1..4 {
///     let noise = context(epoch).normal::<f64>(2);
///     assert_eq!(loss.value(&w, &Varying::of(&context(epoch))).item(), noise.sum_to([]).item());
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Varying<W> {
    /// The number of every example and the epoch, `[batch, KEY]`.
    keys: W,
    /// The progress of the training, `[DIGITS]`.
    progress: W,
    /// The classes of the examples, `[batch]`.
    labels: Option<W>,
    /// The mask of the values that were observed, `[batch, features]`.
    observed: Option<W>,
    /// The seed of the run, the same in all steps.
    seed: u64,
    purpose: Purpose,
}
tree!(Varying { keys, progress, labels, observed; seed, purpose });

/// The nodes of a tape with the parts of [`Varying`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Nodes {
    pub(super) keys: usize,
    pub(super) progress: usize,
    pub(super) labels: Option<usize>,
    pub(super) observed: Option<usize>,
    pub(super) batch: usize,
}

impl<T: Real> Varying<Tensor<T>> {
    /// The parts of this context.
    pub fn of(context: &Context) -> Self {
        let (keys, progress, labels) = (keys(context), progress(context), labels(context));
        let observed = observed(context);
        Varying { keys, progress, labels, observed, seed: context.seed, purpose: context.purpose }
    }
}

impl<T: Real> Varying<Var<'_, T>> {
    /// The context of the step, for the same tape. What it draws with [`Context::on`] is drawn anew in every replay;
    /// its other methods panic if what they return would be another number at another step.
    pub fn context(&self) -> Context<'static> {
        let [labels, observed] = [self.labels, self.observed].map(|of| of.map(Var::node));
        let (keys, progress, batch) = (self.keys.node(), self.progress.node(), self.keys.shape()[0]);
        let nodes = Some(Nodes { keys, progress, labels, observed, batch });
        Context { nodes, ..Context::new(self.seed, self.purpose, 0, &[]) }
    }
}

/// The keys of a context's examples.
pub(super) fn keys<T: Real>(context: &Context) -> Tensor<T> {
    keys_of(context.examples, context.epoch)
}

/// The key of the noise that belongs to a batch as a whole: that of its first example.
pub(super) fn key_of_batch<T: Real>(context: &Context) -> Tensor<T> {
    keys_of(&[context.first()], context.epoch)
}

fn keys_of<T: Real>(examples: &[usize], epoch: u64) -> Tensor<T> {
    let key = |&example: &usize| [digits::<T>(example as u64), digits(epoch)].concat();
    Tensor::from_vec([examples.len(), KEY], examples.iter().flat_map(key).collect())
}

/// The number of each example, and the epoch, from their keys.
pub(super) fn numbers<T: Real>(keys: &Tensor<T>) -> Vec<[u64; 2]> {
    let part = |key: &[T], at: usize| number(&key[at..at + DIGITS]);
    keys.to_vec().chunks_exact(KEY).map(|key| [part(key, 0), part(key, DIGITS)]).collect()
}

/// The progress of a context, as digits of its bits.
pub(super) fn progress<T: Real>(context: &Context) -> Tensor<T> {
    Tensor::from_vec([DIGITS], digits(context.progress.to_bits()).to_vec())
}

/// The way back from [`progress`].
pub(super) fn progress_of<T: Real>(digits: &Tensor<T>) -> f64 {
    f64::from_bits(number(&digits.to_vec()))
}

/// The classes of a context's examples.
pub(super) fn labels<T: Real>(context: &Context) -> Option<Tensor<T>> {
    let labels = context.labels.as_ref()?;
    Some(Tensor::from_fn([labels.len()], |i| T::of(f64::from(labels[i]))))
}

/// The mask of a context's examples.
pub(super) fn observed<T: Real>(context: &Context) -> Option<Tensor<T>> {
    context.observed.as_ref().map(Tensor::cast)
}

fn digits<T: Real>(number: u64) -> [T; DIGITS] {
    std::array::from_fn(|i| T::of((number >> (BITS * i) & ((1 << BITS) - 1)) as f64))
}

fn number<T: Real>(digits: &[T]) -> u64 {
    digits.iter().enumerate().map(|(i, digit)| (digit.as_f64() as u64) << (BITS * i)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_from_single_precision() {
        for number in [0, 1, 65_535, 65_536, 123_456_789_012_345, u64::MAX, 0.1_f64.to_bits()] {
            assert_eq!(super::number(&digits::<f32>(number)), number);
        }
        let examples = [7, 1 << 40];
        let context = Context::training(3, 1_000_000_007, &examples).with_progress(0.3);
        assert_eq!(numbers(&keys::<f32>(&context)), [[7, 1_000_000_007], [1 << 40, 1_000_000_007]]);
        assert_eq!(progress_of(&progress::<f32>(&context)), 0.3);
    }
}
