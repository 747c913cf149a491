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
    fn rows(&self, numbers: &[usize]) -> Result<Tensor<f32>>;

    /// The class of an example, if it has one.
    ///
    /// # Panics
    /// If there are classes and the number is out of range.
    fn label(&self, number: usize) -> Option<u32>;

    /// The classes of the examples with these numbers, if they have one.
    ///
    /// # Panics
    /// If there are classes and a number is out of range.
    fn labels_of(&self, numbers: &[usize]) -> Option<Vec<u32>> {
        numbers.iter().map(|&number| self.label(number)).collect()
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

    #[track_caller]
    fn rows(&self, numbers: &[usize]) -> Result<Tensor<f32>> {
        Ok(Dataset::rows(self, numbers))
    }

    #[track_caller]
    fn label(&self, number: usize) -> Option<u32> {
        Dataset::labels_of(self, &[number]).map(|labels| labels[0])
    }

    #[track_caller]
    fn labels_of(&self, numbers: &[usize]) -> Option<Vec<u32>> {
        Dataset::labels_of(self, numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_set_in_memory_never_fails() {
        let x = Tensor::from_fn([3, 2], |i| i as f32);
        let data = Dataset { x, labels: Some(vec![7, 8, 9]), image: None };
        let examples: &dyn Examples = &data;
        assert_eq!((examples.len(), examples.width(), examples.is_empty()), (3, 2, false));
        assert_eq!(examples.rows(&[2, 0]).unwrap().to_vec(), [4.0, 5.0, 0.0, 1.0]);
        assert_eq!(examples.label(1), Some(8));
        assert_eq!(Examples::label(&Dataset { labels: None, ..data.clone() }, 1), None);
    }
}
