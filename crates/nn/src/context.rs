//! What a forward pass may do besides computing: draw noise, and know whether it is training.

use autograd::{Real, Tensor};

use crate::random::{self, Purpose, generator};

/// Passed explicitly to every loss. There is no hidden train/eval flag and no hidden generator.
///
/// The noise of an example depends on the seed, the epoch and the example alone, not on the batch it
/// is in.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    seed: u64,
    purpose: Purpose,
    epoch: u64,
    examples: &'a [usize],
    draws: u64,
}

impl<'a> Context<'a> {
    /// A training pass in the given epoch over the examples with these numbers.
    pub fn training(seed: u64, epoch: u64, examples: &'a [usize]) -> Self {
        Context { seed, purpose: Purpose::Noise, epoch, examples, draws: 0 }
    }

    /// An evaluation pass. Noise that belongs to the definition of a loss (the sample in an evidence
    /// lower bound) is the same every time.
    pub fn evaluation(seed: u64, examples: &'a [usize]) -> Self {
        Context { seed, purpose: Purpose::Evaluation, epoch: 0, examples, draws: 0 }
    }

    /// Whether this is a training pass.
    pub fn is_training(&self) -> bool {
        self.purpose == Purpose::Noise
    }

    /// Standard normal noise of shape `[batch, width]`; other numbers at every call.
    pub fn normal<T: Real>(&mut self, width: usize) -> Tensor<T> {
        let stream = self.draws;
        self.draws += 1;
        Tensor::build([self.examples.len(), width], |out| {
            for (row, &example) in out.chunks_exact_mut(width.max(1)).zip(self.examples) {
                let mut from = generator(self.seed, self.purpose, self.epoch, example as u64);
                from.set_stream(stream);
                row.copy_from_slice(random::normal([width], &mut from).as_slice().expect("contiguous"));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_belongs_to_the_example_not_to_the_batch() {
        let together = Context::training(1, 2, &[5, 6]).normal::<f32>(3).to_vec();
        let alone = Context::training(1, 2, &[6]).normal::<f32>(3).to_vec();
        assert_eq!(together[3..], alone);
    }

    #[test]
    fn calls_epochs_and_passes_differ() {
        let mut context = Context::training(1, 2, &[5]);
        let draws = [
            context.normal::<f64>(1),
            context.normal(1),
            Context::training(1, 3, &[5]).normal(1),
            Context::evaluation(1, &[5]).normal(1),
        ];
        for (i, a) in draws.iter().enumerate() {
            assert!(draws[..i].iter().all(|b| a != b));
        }
    }
}
