//! Data on their way in: arrays of NumPy, and tables as text.

use autograd::{Real, Tensor};
use numpy::{Element, PyReadonlyArrayDyn};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use zoo::data::{Classes, Input, Memory};
use zoo::run::IN_MEMORY;

/// Examples as Python has them.
#[derive(FromPyObject)]
pub(crate) enum Data<'py> {
    /// A table as comma-separated text with a line of names.
    Table(PyBackedBytes),
    /// An array of single precision.
    Single(PyReadonlyArrayDyn<'py, f32>),
    /// One of double precision.
    Double(PyReadonlyArrayDyn<'py, f64>),
    /// One of bytes.
    Bytes(PyReadonlyArrayDyn<'py, u8>),
}

/// The number of the class of each example, and the name of each class.
pub(crate) type Labels = Option<(Vec<u32>, Vec<String>)>;

impl Data<'_> {
    /// The data in memory of the zoo.
    pub(crate) fn input(self, labels: Labels) -> Input {
        let classes = labels.map(|(labels, names)| Classes { labels, names });
        let memory = match self {
            Data::Table(text) => Memory::Table(text.to_vec()),
            Data::Single(x) => Memory::Single(tensor(&x, |x| x), classes),
            Data::Double(x) => Memory::Double(tensor(&x, |x| x), classes),
            Data::Bytes(x) => Memory::Bytes(tensor(&x, f32::from), classes),
        };
        Input::memory(IN_MEMORY, memory)
    }
}

/// The numbers of an array, row by row: side by side as they lie, or gathered where they do not lie so.
pub(crate) fn tensor<A: Element + Copy, T: Real>(
    array: &PyReadonlyArrayDyn<'_, A>,
    number: impl Fn(A) -> T,
) -> Tensor<T> {
    let view = array.as_array();
    let numbers = match view.as_slice() {
        Some(values) => values.iter().map(|x| number(*x)).collect(),
        None => view.iter().map(|x| number(*x)).collect(),
    };
    Tensor::from_vec(view.shape(), numbers)
}
