//! Reproducible random numbers.
//!
//! There is no global generator. Every draw comes from a [`Generator`] that is keyed by what it is
//! for: the seed of the run, the purpose, the epoch and the example. A key names its numbers
//! outright, so results do not depend on the number of threads, on how examples are put into
//! batches, or on whether a run was interrupted and resumed.
//!
//! ```
//! use nn::{Purpose, generator};
//! use rand::RngExt;
//!
//! let draw = |example| generator(7, Purpose::Noise, 0, example).random::<f64>();
//! assert_eq!(draw(3), draw(3));
//! assert_ne!(draw(3), draw(4));
//! ```

use std::convert::Infallible;

use autograd::{Real, Tensor};
use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng, TryRng};
use rand_distr::StandardNormal;

/// A source of random numbers: ChaCha with 8 rounds, a counter-based generator whose algorithm will not change. With
/// the traits of the crate `rand` it draws from any distribution.
#[derive(Debug, PartialEq, Eq)]
pub struct Generator(ChaCha8Rng);

impl Generator {
    /// Goes to the beginning of another sequence with the same key.
    pub(crate) fn set_stream(&mut self, stream: u64) {
        self.0.set_stream(stream);
    }
}

impl TryRng for Generator {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(bytes)
    }
}

/// What random numbers are for. Different purposes never share numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Initial weights.
    Init = 1,
    /// The order of the training examples.
    Shuffle = 2,
    /// Noise inside a model while it trains: dropout, reparameterization.
    Noise = 3,
    /// Noise inside a model while it is evaluated.
    Evaluation = 4,
    /// Samples from a trained model.
    Sample = 5,
    /// Splits of a data set.
    Split = 6,
    /// Random bits in place of grey values.
    Binarize = 7,
    /// Noise on the inputs of a denoising model.
    Corruption = 8,
    /// Changes to training examples that leave them what they are.
    Augment = 9,
}

/// The generator for one purpose, epoch and example of the run with this seed.
///
/// # Panics
/// In a function that is [recorded to be replayed](autograd::replay): all replays would have the same numbers.
#[track_caller]
pub fn generator(seed: u64, purpose: Purpose, epoch: u64, example: u64) -> Generator {
    assert_not_recorded();
    keyed(seed, purpose, epoch, example)
}

/// Panics in a function that is recorded to be replayed.
#[track_caller]
pub(crate) fn assert_not_recorded() {
    assert!(
        !autograd::replay::is_recording(),
        "generator: a function that is recorded to be replayed would have the same random numbers in all replays; draw \
         them with `context.on(tape)`, or outside as an input"
    );
}

/// The same for operations, which draw anew at every replay.
pub(crate) fn keyed(seed: u64, purpose: Purpose, epoch: u64, example: u64) -> Generator {
    // ChaCha's key has 256 bits: room for all four numbers as they are.
    let mut key = [0; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, purpose as u64, epoch, example]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    Generator(ChaCha8Rng::from_seed(key))
}

/// A tensor of numbers from the uniform distribution on `[low, high)`.
#[track_caller]
pub fn uniform<T: Real>(shape: impl AsRef<[usize]>, low: f64, high: f64, from: &mut Generator) -> Tensor<T> {
    Tensor::from_fn(shape, |_| between(low, high, from))
}

/// A number from the uniform distribution on `[low, high)`.
pub(crate) fn between<T: Real>(low: f64, high: f64, from: &mut impl Rng) -> T {
    let x = T::of(low + (high - low) * from.random::<f64>());
    if x.as_f64() < high || low >= high {
        return x;
    }
    // What is nearly `high` has been rounded to it.
    T::of(if size_of::<T>() == 4 { (x.as_f64() as f32).next_down().into() } else { x.as_f64().next_down() })
}

/// A tensor of numbers from the standard normal distribution.
#[track_caller]
pub fn normal<T: Real>(shape: impl AsRef<[usize]>, from: &mut Generator) -> Tensor<T> {
    Tensor::from_fn(shape, |_| T::of(from.sample::<f64, _>(StandardNormal)))
}

/// `0, 1, … n − 1` in random order (Fisher–Yates).
pub fn permutation(n: usize, from: &mut Generator) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, from.random_range(0..=i));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_fixed_forever() {
        // Recorded runs rely on these numbers; they must not change between versions.
        let mut from = generator(1, Purpose::Init, 2, 3);
        let first: [u64; 2] = [from.random(), from.random()];
        assert_eq!(first, [14_483_171_256_779_454_040, 14_042_188_402_261_770_878]);
    }

    #[test]
    fn uniform_numbers_stay_below_the_end() {
        /// All bits are 1.
        struct Ones;

        impl TryRng for Ones {
            type Error = Infallible;

            fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
                Ok(u32::MAX)
            }
            fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
                Ok(u64::MAX)
            }
            fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
                bytes.fill(u8::MAX);
                Ok(())
            }
        }

        assert_eq!(between::<f32>(0.0, 1.0, &mut Ones), 1.0_f32.next_down());
        assert_eq!(between::<f64>(0.0, 1.0, &mut Ones), 1.0_f64.next_down());
        assert_eq!(between::<f32>(-2.0, -1.0, &mut Ones), (-1.0_f32).next_down());
        // Here already the sum is rounded to the end.
        assert_eq!(between::<f64>(1.0, 2.0, &mut Ones), 2.0_f64.next_down());
        assert_eq!(between::<f32>(0.5, 0.5, &mut Ones), 0.5);
    }

    #[test]
    #[should_panic(expected = "generator: a function that is recorded to be replayed")]
    fn noise_is_not_recorded() {
        let w = Tensor::<f64>::ones([3]);
        let noise = || normal([3], &mut generator(0, Purpose::Noise, 0, 0));
        autograd::Recorded::new(&w, &w, move |w, x, tape| w * x + tape.constant(noise())).value(&w, &w);
    }

    #[test]
    fn every_part_of_the_key_matters() {
        let keys = [(0, Purpose::Init, 0, 0), (1, Purpose::Init, 0, 0), (0, Purpose::Noise, 0, 0)];
        let more = [(0, Purpose::Init, 1, 0), (0, Purpose::Init, 0, 1)];
        let mut draws: Vec<u64> =
            keys.iter().chain(&more).map(|&(s, p, e, i)| generator(s, p, e, i).random()).collect();
        draws.sort_unstable();
        draws.dedup();
        assert_eq!(draws.len(), 5);
    }

    #[test]
    fn normal_draws_have_the_right_moments() {
        let draws = normal::<f64>([100_000], &mut generator(0, Purpose::Noise, 0, 0)).to_vec();
        let moment = |k| draws.iter().map(|x: &f64| x.powi(k)).sum::<f64>() / draws.len() as f64;
        // Standard errors: 0.003, 0.0045, 0.012, 0.031.
        assert!(moment(1).abs() < 0.012 && (moment(2) - 1.0).abs() < 0.018, "{} {}", moment(1), moment(2));
        assert!(moment(3).abs() < 0.05 && (moment(4) - 3.0).abs() < 0.125, "{} {}", moment(3), moment(4));
    }

    #[test]
    fn a_permutation_holds_every_number_once() {
        let mut order = permutation(1000, &mut generator(0, Purpose::Shuffle, 0, 0));
        assert_ne!(order, (0..1000).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }
}
