//! Data sets in memory, the readers that fill them, and what happens to examples before a model sees
//! them.
//!
//! | | |
//! |---|---|
//! | [`schema`] | shapes and kinds of columns |
//! | [`table`] | comma- and tab-separated text |
//! | [`npy`] | NumPy's NPY and NPZ |
//! | [`idx`] | the format of MNIST |
//! | [`pictures`] | folders of pictures: PNG, JPEG, WebP, TIFF |
//! | [`wav`] | sounds, piece by piece |
//! | [`split`] | parts for training, validation and test, and folds |
//! | [`transform`] | scaling, whitening, binarization and corruption |
//! | [`Pairs`] | examples with numbers to predict, for regression |
//! | [`SparseRows`] | examples that are almost all 0 |
//! | [`Tokens`] | texts |
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
pub mod schema;
#[cfg(feature = "data")]
pub(crate) mod source;
mod sparse;
pub mod split;
#[cfg(feature = "data")]
pub mod table;
mod tokens;
pub mod transform;
#[cfg(feature = "data")]
pub mod wav;

use std::ops::Range;

use autograd::{Real, Tensor};

#[cfg(feature = "data")]
pub use self::disk::OnDisk;
pub use self::examples::{Examples, Pairs};
pub use self::prefetch::{Prefetch, prefetch};
use self::schema::Schema;
pub use self::sparse::SparseRows;
pub use self::tokens::{END, MARKS, PADDING, Tokens, UNKNOWN};
use crate::random::{Purpose, generator, permutation};

/// Examples in memory: one row of features each, perhaps with a class. Those that have numbers to predict instead
/// are [`Pairs`].
///
/// Models learn in single precision. Numbers that come from a [`table`] are in double precision until they are
/// scaled: rounded before that, time stamps and other large numbers would lose the digits in which they differ.
///
/// ```
/// use autograd::Tensor;
/// use nn::Dataset;
/// use nn::data::schema::Schema;
///
/// let pictures = Tensor::from_fn([3, 20], |i| i as f32 / 60.0);
/// let data = Dataset::new(pictures).with_labels(vec![0, 1, 0]).with_schema(Schema::grey([4, 5]));
/// assert_eq!((data.len(), data.width(), data.schema().as_grey()), (3, 20, Some([4, 5])));
/// ```
#[derive(Clone, Debug)]
pub struct Dataset<T: Real = f32> {
    x: Tensor<T>,
    observed: Option<Tensor<T>>,
    labels: Option<Vec<u32>>,
    schema: Schema,
}

impl<T: Real> Dataset<T> {
    /// Examples of real numbers, `[examples, features]`, or `[examples, …]` where a row of features has axes of its
    /// own.
    ///
    /// # Panics
    /// If `x` is a single number, without an axis of examples.
    #[track_caller]
    pub fn new(x: Tensor<T>) -> Self {
        assert!(!x.shape().is_empty(), "Dataset: `x` must have the shape [examples, …], not []");
        let schema = Schema::real(x.shape().iter().skip(1).product());
        Dataset { x, observed: None, labels: None, schema }
    }

    /// The same with a class for each example, or without classes.
    ///
    /// # Panics
    /// If there is not one class for each example.
    #[must_use]
    #[track_caller]
    pub fn with_labels(self, labels: impl Into<Option<Vec<u32>>>) -> Self {
        let (labels, len) = (labels.into(), self.len());
        if let Some(given) = labels.as_ref().map(Vec::len) {
            assert!(given == len, "with_labels: {given} labels for {len} examples");
        }
        Dataset { labels, ..self }
    }

    /// The same with a description of the features.
    ///
    /// # Panics
    /// If it describes another number of features.
    #[must_use]
    #[track_caller]
    pub fn with_schema(self, schema: Schema) -> Self {
        let (described, width) = (schema.width(), self.width());
        assert!(
            described == width,
            "with_schema: the schema has {described} columns, and an example {width}"
        );
        Dataset { schema, ..self }
    }

    /// The same with a mask of the values that were observed: 1 for those, 0 for those that are missing and of which
    /// `x` holds a guess.
    ///
    /// # Panics
    /// If the mask has not the shape of `x`.
    #[must_use]
    #[track_caller]
    pub fn with_observed(self, observed: impl Into<Option<Tensor<T>>>) -> Self {
        let observed = observed.into();
        if let Some(mask) = observed.as_ref().map(Tensor::shape) {
            let shape = self.x.shape();
            assert!(mask == shape, "with_observed: a mask of shape {mask:?} for examples of shape {shape:?}");
        }
        Dataset { observed, ..self }
    }

    /// The same examples with other features. A schema is kept as long as it fits, and so is a mask.
    ///
    /// # Panics
    /// If there are more or fewer examples.
    #[must_use]
    #[track_caller]
    pub fn with_x(self, x: Tensor<T>) -> Self {
        let Dataset { labels, schema, observed, .. } = self;
        let new = Dataset::new(x).with_labels(labels);
        let schema = if schema.width() == new.width() { schema } else { new.schema };
        let observed = observed.filter(|mask| mask.shape() == new.x.shape());
        Dataset { schema, observed, ..new }
    }

    /// The same without classes.
    #[must_use]
    pub fn unlabelled(self) -> Self {
        Dataset { labels: None, ..self }
    }

    /// The features, `[examples, features]`, or `[examples, …]` where a row of features has axes of its own.
    pub fn x(&self) -> &Tensor<T> {
        &self.x
    }

    /// The class of each example, if classes are known.
    pub fn labels(&self) -> Option<&[u32]> {
        self.labels.as_deref()
    }

    /// The mask of the values that were observed, if some were not.
    pub fn observed(&self) -> Option<&Tensor<T>> {
        self.observed.as_ref()
    }

    /// The description of the features.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The examples with these numbers, in this order, with all that is known of them.
    ///
    /// # Panics
    /// If a number is out of range.
    #[track_caller]
    pub fn select(&self, numbers: &[usize]) -> Self {
        Dataset {
            x: self.rows(numbers),
            labels: self.labels_of(numbers),
            observed: self.observed_of(numbers),
            schema: self.schema.clone(),
        }
    }

    /// The examples of this range.
    ///
    /// # Panics
    /// If it reaches beyond the last.
    #[track_caller]
    pub fn range(&self, range: Range<usize>) -> Self {
        let part = |of: &Tensor<T>| of.slice(0, range.clone());
        Dataset {
            x: part(&self.x),
            labels: self.labels.as_ref().map(|labels| labels[range.clone()].to_vec()),
            observed: self.observed.as_ref().map(part),
            schema: self.schema.clone(),
        }
    }

    /// The features, the classes and the description.
    pub fn into_parts(self) -> (Tensor<T>, Option<Vec<u32>>, Schema) {
        (self.x, self.labels, self.schema)
    }

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
    /// If a number is out of range.
    #[track_caller]
    pub fn labels_of(&self, numbers: &[usize]) -> Option<Vec<u32>> {
        let labels = self.labels.as_ref()?;
        self.check("labels_of", numbers);
        Some(numbers.iter().map(|&number| labels[number]).collect())
    }

    /// The mask of the examples with these numbers, if some values were not observed.
    ///
    /// # Panics
    /// If a number is out of range.
    #[track_caller]
    pub fn observed_of(&self, numbers: &[usize]) -> Option<Tensor<T>> {
        let observed = self.observed.as_ref()?;
        self.check("observed_of", numbers);
        Some(observed.index_select(0, numbers))
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
        let data = Dataset::new(x);
        assert_eq!(data.rows(&[2, 0, 2]).to_vec(), [4.0, 5.0, 0.0, 1.0, 4.0, 5.0]);
        assert_eq!((data.len(), data.width(), data.row(1)), (3, 2, vec![2.0, 3.0]));
    }

    fn counting(shape: &[usize]) -> Dataset {
        Dataset::new(Tensor::from_fn(shape, |i| i as f32))
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

        let turned = Dataset::new(counting(&[2, 3]).x().t());
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
    #[should_panic(expected = "with_labels: 2 labels for 3 examples")]
    fn a_label_for_each_example() {
        let _ = counting(&[3, 2]).with_labels(vec![0, 1]);
    }

    #[test]
    #[should_panic(expected = "with_schema: the schema has 4 columns, and an example 2")]
    fn a_schema_for_each_column() {
        let _ = counting(&[3, 2]).with_schema(Schema::grey([2, 2]));
    }

    #[test]
    fn what_is_known_of_an_example_goes_where_it_goes() {
        let mask = Tensor::from_vec([3, 2], vec![1.0, 0.0, 1.0, 1.0, 0.0, 1.0]);
        let data = counting(&[3, 2])
            .with_labels(vec![7, 8, 9])
            .with_observed(mask)
            .with_schema(Schema::grey([1, 2]));
        let chosen = data.select(&[2, 0]);
        assert_eq!(chosen.labels(), Some(&[9, 7][..]));
        assert_eq!(chosen.observed().unwrap().to_vec(), [0.0, 1.0, 1.0, 0.0]);
        let last = data.range(1..3);
        assert_eq!((last.x().to_vec(), last.labels()), (vec![2.0, 3.0, 4.0, 5.0], Some(&[8, 9][..])));
        assert_eq!(last.schema().as_grey(), Some([1, 2]));
        let coded = data.with_x(Tensor::zeros([3, 1]));
        assert_eq!((coded.schema(), coded.observed()), (&Schema::real(1), None));
        assert_eq!(coded.labels(), Some(&[7, 8, 9][..]));
    }

    #[test]
    fn every_epoch_has_another_order() {
        assert_eq!(shuffled(100, 1, 0), shuffled(100, 1, 0));
        assert_ne!(shuffled(100, 1, 0), shuffled(100, 1, 1));
        assert_ne!(shuffled(100, 1, 0), shuffled(100, 2, 0));
    }
}
