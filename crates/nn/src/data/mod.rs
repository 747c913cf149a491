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
//! | [`Pairs`] | examples with numbers to predict, for regression |
//! | [`OnDisk`] | examples that do not fit into memory |
//! | [`prefetch`](mod@prefetch) | batches prepared in the background |
//!
//! No reader trusts its file. Damaged content is an error that says what and where, and memory grows with
//! the bytes that are there and not with what a header promises.

#[cfg(feature = "data")]
pub mod disk;
pub mod examples;
#[cfg(feature = "data")]
pub mod idx;
#[cfg(feature = "data")]
pub mod npy;
#[cfg(feature = "data")]
pub mod pictures;
pub mod prefetch;
#[cfg(feature = "data")]
pub(crate) mod source;
pub mod split;
#[cfg(feature = "data")]
pub mod table;
pub mod transform;

use autograd::{Real, Tensor};

#[cfg(feature = "data")]
pub use self::disk::OnDisk;
pub use self::examples::{Examples, Pairs};
pub use self::prefetch::{Prefetch, prefetch};
use crate::random::{Purpose, generator, permutation};

/// Examples in memory: one row of features each, perhaps with a class. Those that have numbers to predict instead
/// are [`Pairs`].
///
/// Models learn in single precision. Numbers that come from a [`table`] are in double precision until they are
/// scaled: rounded before that, time stamps and other large numbers would lose the digits in which they differ.
#[derive(Clone, Debug)]
pub struct Dataset<T: Real = f32> {
    /// `[examples, features]`, or `[examples, …]` where a row of features has axes of its own.
    pub x: Tensor<T>,
    /// The class of each example.
    pub labels: Option<Vec<u32>>,
    /// Height and width, if the features are the pixels of a grey image, row by row.
    pub image: Option<[usize; 2]>,
}

impl<T: Real> Dataset<T> {
    /// The number of examples.
    ///
    /// # Panics
    /// If `x` is a single number, without an axis of examples.
    #[track_caller]
    pub fn len(&self) -> usize {
        let Some(&len) = self.x.shape().first() else {
            panic!("Dataset: `x` must have the shape [examples, …], not []");
        };
        len
    }

    /// Whether there are no examples.
    #[track_caller]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of features.
    pub fn width(&self) -> usize {
        self.x.shape().iter().skip(1).product()
    }

    /// The features of the examples with these numbers, `[numbers, features]` or `[numbers, …]`.
    ///
    /// # Panics
    /// If a number is out of range.
    #[track_caller]
    pub fn rows(&self, numbers: &[usize]) -> Tensor<T> {
        self.check("rows", numbers);
        let (width, mut shape) = (self.width(), self.x.shape().to_vec());
        shape[0] = numbers.len();
        Tensor::build(shape, |out| {
            for (row, &number) in out.chunks_exact_mut(width.max(1)).zip(numbers) {
                // Only this row is put in order, if `x` is a view, and not all of them for each batch.
                let source = self.x.slice(0, number..number + 1).contiguous();
                row.copy_from_slice(source.as_slice().expect("contiguous"));
            }
        })
    }

    /// The classes of the examples with these numbers, if they are known.
    ///
    /// # Panics
    /// If a number is out of range, or there is not one class for each example.
    #[track_caller]
    pub fn labels_of(&self, numbers: &[usize]) -> Option<Vec<u32>> {
        let labels = self.labels.as_ref()?;
        let (given, len) = (labels.len(), self.len());
        assert!(given == len, "labels_of: {given} labels for {len} examples");
        self.check("labels_of", numbers);
        Some(numbers.iter().map(|&number| labels[number]).collect())
    }

    /// The features of one example.
    ///
    /// # Panics
    /// If the number is out of range.
    #[track_caller]
    pub fn row(&self, number: usize) -> Vec<T> {
        self.rows(&[number]).to_vec()
    }

    /// Insists that there are examples with these numbers.
    #[track_caller]
    fn check(&self, name: &str, numbers: &[usize]) {
        let len = self.len();
        if let Some(number) = numbers.iter().find(|&&number| number >= len) {
            panic!("{name}: there is no example {number} among {len}");
        }
    }
}

/// The numbers of all examples in the random order of one epoch: batches are its
/// [`chunks`](slice::chunks), or its [`chunks_exact`](slice::chunks_exact) if a last batch of fewer examples is to
/// be left out. The order depends on the seed and the epoch alone.
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

    fn counting(shape: &[usize]) -> Dataset {
        Dataset { x: Tensor::from_fn(shape, |i| i as f32), labels: None, image: None }
    }

    #[test]
    fn rows_of_any_rank_and_of_views() {
        let images = counting(&[10, 1, 2, 2]);
        assert_eq!((images.len(), images.width()), (10, 4));
        let two = images.rows(&[9, 1]);
        assert_eq!(two.shape(), [2, 1, 2, 2]);
        assert_eq!(two.to_vec(), [36.0, 37.0, 38.0, 39.0, 4.0, 5.0, 6.0, 7.0]);
        assert_eq!((counting(&[3]).width(), counting(&[3]).rows(&[2, 0]).to_vec()), (1, vec![2.0, 0.0]));
        assert_eq!(counting(&[3, 0]).rows(&[2, 0]).shape(), [2, 0]);

        let mut turned = counting(&[2, 3]);
        turned.x = turned.x.t();
        assert_eq!(turned.rows(&[2, 0]).to_vec(), [2.0, 5.0, 0.0, 3.0]);
    }

    #[test]
    #[should_panic(expected = "rows: there is no example 3 among 3")]
    fn a_row_out_of_range() {
        counting(&[3, 2]).rows(&[0, 3]);
    }

    #[test]
    #[should_panic(expected = "Dataset: `x` must have the shape [examples, …], not []")]
    fn a_number_is_no_data_set() {
        counting(&[]).rows(&[0]);
    }

    #[test]
    #[should_panic(expected = "labels_of: 2 labels for 3 examples")]
    fn a_label_for_each_example() {
        Dataset { labels: Some(vec![0, 1]), ..counting(&[3, 2]) }.labels_of(&[0]);
    }

    #[test]
    fn every_epoch_has_another_order() {
        assert_eq!(shuffled(100, 1, 0), shuffled(100, 1, 0));
        assert_ne!(shuffled(100, 1, 0), shuffled(100, 1, 1));
        assert_ne!(shuffled(100, 1, 0), shuffled(100, 2, 0));
    }
}
