//! Numbers as they were read, before anything is done to them.

use autograd::{Real, Tensor};
use nn::Dataset;

use super::Ids;

/// Rows of numbers, `[examples, features]`. Pixels need only single precision; all other numbers are in double
/// precision until they are scaled, because rounded before that, time stamps or identifiers would become equal.
#[derive(Clone, Debug)]
pub(super) enum Numbers {
    Single(Tensor<f32>),
    Double(Tensor<f64>),
}

impl From<Tensor<f32>> for Numbers {
    fn from(x: Tensor<f32>) -> Self {
        Numbers::Single(x.contiguous())
    }
}

impl From<Tensor<f64>> for Numbers {
    fn from(x: Tensor<f64>) -> Self {
        Numbers::Double(x.contiguous())
    }
}

/// The same call on the tensor of either precision.
macro_rules! either {
    ($numbers:expr, $x:ident => $call:expr) => {
        match $numbers {
            Numbers::Single($x) => $call,
            Numbers::Double($x) => $call,
        }
    };
}

impl Numbers {
    /// How many rows, and how many numbers in each.
    pub(super) fn shape(&self) -> [usize; 2] {
        either!(self, x => [x.shape()[0], x.shape()[1]])
    }

    /// Those of some columns, in this order.
    pub(super) fn columns(&self, order: &[usize]) -> Self {
        either!(self, x => x.index_select(1, order).into())
    }

    /// These rows and then the others.
    pub(super) fn and(self, others: Numbers) -> Self {
        match (self, others) {
            (Numbers::Single(a), Numbers::Single(b)) => Tensor::concat(&[&a, &b], 0).into(),
            (a, b) => Tensor::concat(&[&a.double(), &b.double()], 0).into(),
        }
    }

    /// `f` of every number.
    pub(super) fn map(self, f: impl Fn(f64) -> f64 + Sync) -> Self {
        self.double().map(f).into()
    }

    fn double(self) -> Tensor<f64> {
        either!(self, x => x.cast())
    }

    /// The rows before this one, and the others.
    pub(super) fn split_at(&self, row: usize) -> [Self; 2] {
        either!(self, x => [x.slice(0, ..row).into(), x.slice(0, row..x.shape()[0]).into()])
    }

    /// Some of the rows, if they are in double precision.
    pub(super) fn double_rows(&self, rows: &[usize]) -> Option<Tensor<f64>> {
        match self {
            Numbers::Single(_) => None,
            Numbers::Double(x) if rows.iter().copied().eq(0..x.shape()[0]) => Some(x.clone()),
            Numbers::Double(x) => Some(x.index_select(0, rows)),
        }
    }

    /// Calls `f` with some of the rows, one after the other, each with its number.
    pub(super) fn each_row<E>(
        &self,
        rows: impl IntoIterator<Item = usize>,
        mut f: impl FnMut(usize, &[f64]) -> Result<(), E>,
    ) -> Result<(), E> {
        fn row<T: Real>(x: &Tensor<T>, number: usize, out: &mut Vec<f64>) {
            let width = x.shape()[1];
            let values = x.as_slice().expect("contiguous");
            out.clear();
            out.extend(values[number * width..][..width].iter().map(|value| value.as_f64()));
        }
        let mut out = vec![];
        rows.into_iter().try_for_each(|number| {
            either!(self, x => row(x, number, &mut out));
            f(number, &out)
        })
    }

    /// The numbers of a column in some of the rows.
    pub(super) fn column(&self, column: usize, rows: impl Iterator<Item = usize>) -> Vec<f64> {
        fn of<T: Real>(x: &Tensor<T>, column: usize, rows: impl Iterator<Item = usize>) -> Vec<f64> {
            let (width, values) = (x.shape()[1], x.as_slice().expect("contiguous"));
            rows.map(|row| values[row * width + column].as_f64()).collect()
        }
        either!(self, x => of(x, column, rows))
    }

    /// The smallest and the largest of all numbers that are not missing.
    pub(super) fn range(&self) -> [f64; 2] {
        let wider = |[low, high]: [f64; 2], value: f64| [low.min(value), high.max(value)];
        either!(self, x => {
            let values = x.as_slice().expect("contiguous").iter();
            values.fold(NOTHING, |range, value| wider(range, value.as_f64()))
        })
    }

    /// Whether these can only be bytes: whole numbers from 0 to 255, and not only 0 and 1.
    pub(super) fn look_like_bytes(&self) -> bool {
        let is_byte = |value: f64| (0.0..=255.0).contains(&value) && value.fract() == 0.0;
        let [_, high] = self.range();
        high > 1.0
            && either!(self, x => x.as_slice().expect("contiguous").iter().all(|value| is_byte(value.as_f64())))
    }
}

/// The range of no numbers.
pub(super) const NOTHING: [f64; 2] = [f64::INFINITY, f64::NEG_INFINITY];

/// Examples with such numbers.
pub(super) struct Found {
    pub(super) x: Numbers,
    pub(super) labels: Option<Vec<u32>>,
    /// Channels, height and width, if the features are the pixels of a picture, one channel after the other.
    pub(super) shape: Option<[usize; 3]>,
    /// A column that is carried along.
    pub(super) ids: Option<Ids>,
}

impl Found {
    pub(super) fn len(&self) -> usize {
        self.x.shape()[0]
    }

    pub(super) fn width(&self) -> usize {
        self.x.shape()[1]
    }

    /// The examples before this one, and the others.
    pub(super) fn split_at(self, example: usize) -> (Found, Found) {
        let [first, rest] = self.x.split_at(example);
        let labels =
            self.labels.map(|labels| (labels[..example].to_vec(), labels[example..].to_vec())).unzip();
        let with = |x, labels| Found { x, labels, shape: self.shape, ids: None };
        (with(first, labels.0), with(rest, labels.1))
    }

    /// These examples and then the others.
    pub(super) fn and(self, others: Found) -> Self {
        let labels = self.labels.zip(others.labels).map(|(a, b)| [a, b].concat());
        let ids = self.ids.zip(others.ids).map(|((name, a), (_, b))| (name, [a, b].concat()));
        Found { x: self.x.and(others.x), labels, shape: self.shape, ids }
    }
}

impl<T: Real> From<Dataset<T>> for Found
where
    Numbers: From<Tensor<T>>,
{
    fn from(data: Dataset<T>) -> Self {
        let (x, labels, schema) = data.into_parts();
        Found { x: x.into(), labels, shape: schema.as_image(), ids: None }
    }
}
