//! Data sets in memory, the readers that fill them, and what happens to examples before a model sees
//! them.
//!
//! | | |
//! |---|---|
//! | [`table`] | comma- and tab-separated text |
//! | [`npy`] | NumPy's NPY and NPZ |
//! | [`idx`] | the format of MNIST |
//! | [`pictures`] | folders of PNG and JPEG files |
//! | [`split`] | parts for training, validation and test, and folds |
//! | [`transform`] | scaling, whitening, binarization and corruption |
//! | [`OnDisk`] | examples that do not fit into memory |
//! | [`prefetch`](mod@prefetch) | batches prepared in the background |
//!
//! No reader trusts its file. Damaged content is an error that says what and where, and memory grows with
//! the bytes that are there and not with what a header promises.

pub mod disk;
pub mod examples;
pub mod idx;
pub mod npy;
pub mod pictures;
pub mod prefetch;
pub(crate) mod source;
pub mod split;
pub mod table;
pub mod transform;

use autograd::Tensor;

pub use self::disk::OnDisk;
pub use self::examples::Examples;
pub use self::prefetch::{Prefetch, prefetch};
use crate::random::{Purpose, generator, permutation};

/// Examples in memory: one row of features each, perhaps with a label.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// `[examples, features]`.
    pub x: Tensor<f32>,
    /// The class of each example.
    pub labels: Option<Vec<u32>>,
    /// Height and width, if the features are the pixels of a grey image, row by row.
    pub image: Option<[usize; 2]>,
}

impl Dataset {
    /// The number of examples.
    pub fn len(&self) -> usize {
        self.x.shape()[0]
    }

    /// Whether there are no examples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of features.
    pub fn width(&self) -> usize {
        self.x.shape()[1]
    }

    /// The features of the examples with these numbers, `[numbers, features]`.
    ///
    /// # Panics
    /// If a number is out of range.
    pub fn rows(&self, numbers: &[usize]) -> Tensor<f32> {
        let width = self.width();
        let source = self.x.contiguous();
        let data = source.as_slice().expect("contiguous");
        Tensor::build([numbers.len(), width], |out| {
            for (row, &number) in out.chunks_exact_mut(width.max(1)).zip(numbers) {
                row.copy_from_slice(&data[number * width..][..width]);
            }
        })
    }

    /// The classes of the examples with these numbers, if they are known.
    ///
    /// # Panics
    /// If a number is out of range.
    pub fn labels_of(&self, numbers: &[usize]) -> Option<Vec<u32>> {
        self.labels.as_ref().map(|labels| numbers.iter().map(|&number| labels[number]).collect())
    }

    /// The features of one example.
    pub fn row(&self, number: usize) -> Vec<f32> {
        self.rows(&[number]).to_vec()
    }
}

/// The numbers of all examples in the random order of one epoch: batches are its chunks. The order
/// depends on the seed and the epoch alone.
pub fn shuffled(examples: usize, seed: u64, epoch: u64) -> Vec<usize> {
    permutation(examples, &mut generator(seed, Purpose::Shuffle, epoch, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_in_any_order() {
        let x = Tensor::from_fn([3, 2], |i| i as f32);
        let data = Dataset { x, labels: None, image: None };
        assert_eq!(data.rows(&[2, 0, 2]).to_vec(), [4.0, 5.0, 0.0, 1.0, 4.0, 5.0]);
        assert_eq!((data.len(), data.width(), data.row(1)), (3, 2, vec![2.0, 3.0]));
    }

    #[test]
    fn every_epoch_has_another_order() {
        assert_eq!(shuffled(100, 1, 0), shuffled(100, 1, 0));
        assert_ne!(shuffled(100, 1, 0), shuffled(100, 1, 1));
        assert_ne!(shuffled(100, 1, 0), shuffled(100, 2, 0));
    }
}
