//! What training asks of data, wherever they are.

use autograd::Tensor;

use super::Dataset;
use crate::Result;

/// Numbered examples, all with the same number of features.
///
/// [`Dataset`] has them in memory. Data that do not fit there, or that are made when they are needed,
/// implement this trait as well; reading them can fail.
///
/// ```
/// use autograd::Tensor;
/// use nn::data::Examples;
///
/// /// The binary digits of 0, 1, … 255: data that nobody has to store.
/// struct Bits;
///
/// impl Examples for Bits {
///     fn len(&self) -> usize {
///         256
///     }
///     fn width(&self) -> usize {
///         8
///     }
///     fn rows(&self, numbers: &[usize]) -> nn::Result<Tensor<f32>> {
///         Ok(Tensor::from_fn([numbers.len(), 8], |i| (numbers[i / 8] >> (i % 8) & 1) as f32))
///     }
///     fn label(&self, number: usize) -> Option<u32> {
///         Some(number.count_ones())
///     }
/// }
///
/// assert_eq!(Bits.rows(&[5])?.to_vec(), [1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
/// # Ok::<(), nn::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` holds no examples",
    label = "no examples",
    note = "`nn::Dataset` does, and so does `nn::data::Pairs` with a target for each"
)]
pub trait Examples {
    /// The number of examples.
    fn len(&self) -> usize;

    /// The number of features.
    fn width(&self) -> usize;

    /// The features of the examples with these numbers, `[numbers, features]`.
    ///
    /// # Errors
    /// If they cannot be read.
    ///
    /// # Panics
    /// If a number is out of range.
    #[track_caller]
    fn rows(&self, numbers: &[usize]) -> Result<Tensor<f32>>;

    /// The same, and a mask of the values that were observed: 1 for those, 0 for those of which the features hold a
    /// guess. No mask if all were observed.
    ///
    /// # Errors
    /// If they cannot be read.
    ///
    /// # Panics
    /// If a number is out of range.
    #[track_caller]
    fn rows_and_mask(&self, numbers: &[usize]) -> Result<(Tensor<f32>, Option<Tensor<f32>>)> {
        Ok((self.rows(numbers)?, None))
    }

    /// The class of an example, if it has one.
    ///
    /// # Panics
    /// If there are classes and the number is out of range.
    #[track_caller]
    fn label(&self, number: usize) -> Option<u32>;

    /// The classes of the examples with these numbers, if they have one.
    ///
    /// # Panics
    /// If there are classes and a number is out of range.
    #[track_caller]
    fn labels_of(&self, numbers: &[usize]) -> Option<Vec<u32>> {
        let mut labels = Vec::with_capacity(numbers.len());
        // A panic in a closure would not name the caller's line.
        for &number in numbers {
            labels.push(self.label(number)?);
        }
        Some(labels)
    }

    /// The numbers to predict for the examples with these numbers, `[numbers, targets]`, if there are such
    /// targets, as in [`Pairs`].
    ///
    /// # Errors
    /// If they cannot be read.
    ///
    /// # Panics
    /// If there are targets and a number is out of range.
    #[track_caller]
    fn targets(&self, _numbers: &[usize]) -> Result<Option<Tensor<f32>>> {
        Ok(None)
    }

    /// Whether there are no examples.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Examples for Dataset {
    fn len(&self) -> usize {
        Dataset::len(self)
    }

    fn width(&self) -> usize {
        Dataset::width(self)
    }

    fn rows(&self, numbers: &[usize]) -> Result<Tensor<f32>> {
        Ok(Dataset::rows(self, numbers))
    }

    fn rows_and_mask(&self, numbers: &[usize]) -> Result<(Tensor<f32>, Option<Tensor<f32>>)> {
        Ok((Dataset::rows(self, numbers), self.observed_of(numbers)))
    }

    fn label(&self, number: usize) -> Option<u32> {
        Dataset::labels_of(self, &[number]).map(|labels| labels[0])
    }

    fn labels_of(&self, numbers: &[usize]) -> Option<Vec<u32>> {
        Dataset::labels_of(self, numbers)
    }
}

/// Examples in memory, each with the numbers that a model is to predict: data for regression, as
/// [`Fit`](crate::train::Fit) shows. For classes see [`Dataset`].
///
/// ```
/// use autograd::Tensor;
/// use nn::data::{Examples, Pairs, table};
///
/// // The last column is what the others are to predict.
/// let text = "rooms,area,price\n2,54,310\n3,80,405\n1,38,260\n";
/// let x: Tensor<f32> = table::parse("flats.csv".as_ref(), text.as_bytes(), &Default::default())?.data.x().cast();
/// let data = Pairs { x: x.slice(1, ..2), targets: x.slice(1, 2..3) };
/// assert_eq!(data.rows(&[1])?.to_vec(), [3.0, 80.0]);
/// assert_eq!(data.targets(&[1])?.unwrap().to_vec(), [405.0]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pairs {
    /// The features, `[examples, features]`, or `[examples, …]` where a row of features has axes of its own.
    pub x: Tensor<f32>,
    /// The numbers to predict, `[examples, targets]`, or `[examples, …]` like the output of the model.
    pub targets: Tensor<f32>,
}

impl Pairs {
    fn features(&self) -> Dataset {
        Dataset::new(self.x.clone())
    }
}

impl Examples for Pairs {
    #[track_caller]
    fn len(&self) -> usize {
        self.features().len()
    }

    fn width(&self) -> usize {
        self.features().width()
    }

    fn rows(&self, numbers: &[usize]) -> Result<Tensor<f32>> {
        Ok(self.features().rows(numbers))
    }

    fn label(&self, _: usize) -> Option<u32> {
        None
    }

    fn targets(&self, numbers: &[usize]) -> Result<Option<Tensor<f32>>> {
        let targets = Dataset::new(self.targets.clone());
        let (given, len) = (targets.len(), self.len());
        assert!(given == len, "targets: {given} rows of targets for {len} examples");
        Ok(Some(targets.rows(numbers)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_together() {
        let (x, targets) = (Tensor::from_fn([3, 2], |i| i as f32), Tensor::from_fn([3, 1], |i| -(i as f32)));
        let data = Pairs { x, targets };
        assert_eq!((data.len(), data.width(), data.labels_of(&[0])), (3, 2, None));
        assert_eq!(data.rows(&[2, 0]).unwrap().to_vec(), [4.0, 5.0, 0.0, 1.0]);
        let targets = data.targets(&[2, 0]).unwrap().unwrap();
        assert_eq!((targets.shape(), targets.to_vec()), (&[2, 1][..], vec![-2.0, 0.0]));
    }

    #[test]
    #[should_panic(expected = "targets: 2 rows of targets for 3 examples")]
    fn a_row_of_targets_for_each_example() {
        let _ = Pairs { x: Tensor::zeros([3, 2]), targets: Tensor::zeros([2, 1]) }.targets(&[0]);
    }

    #[test]
    fn a_data_set_in_memory_never_fails() {
        let x = Tensor::from_fn([3, 2], |i| i as f32);
        let data = Dataset::new(x).with_labels(vec![7, 8, 9]);
        let examples: &dyn Examples = &data;
        assert_eq!((examples.len(), examples.width(), examples.is_empty()), (3, 2, false));
        assert_eq!(examples.rows(&[2, 0]).unwrap().to_vec(), [4.0, 5.0, 0.0, 1.0]);
        assert_eq!(examples.label(1), Some(8));
        assert_eq!(Examples::label(&data.clone().unlabelled(), 1), None);
    }
}
