//! Picking elements by index, and adding elements up where indices say. In each pair, one is the
//! other's transpose, so each is the other's derivative rule.

use super::{Case, case, wave};
use crate::tensor::{assert_in_range, assert_picks, resolve_axis};
use crate::{Indices, Op, Real, Shape, Tensor, Var};

/// Row `k` of `y` is row `index[k]` of `a`, along an axis.
struct IndexSelect {
    axis: usize,
    index: Indices,
}

impl<T: Real> Op<T, 1> for IndexSelect {
    fn name(&self) -> String {
        "index_select".into()
    }
    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.index_select(self.axis as isize, self.index.as_slice())
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        Var::apply(IndexAdd { axis: self.axis, size: a.shape()[self.axis], index: self.index.clone() }, [g])
    }
}

/// Zeros of the given size along an axis, where row `k` of `a` is added to row `index[k]`.
struct IndexAdd {
    axis: usize,
    size: usize,
    index: Indices,
}

impl<T: Real> Op<T, 1> for IndexAdd {
    fn name(&self) -> String {
        "index_add".into()
    }
    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.index_add(self.axis, self.size, self.index.as_slice())
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        Var::apply(IndexSelect { axis: self.axis, index: self.index.clone() }, [g])
    }
}

/// Every element of `y` is one of `a`: the one at the same place, but along an axis where its index
/// says.
struct Gather {
    axis: usize,
    index: Indices,
}

impl<T: Real> Op<T, 1> for Gather {
    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.gather(self.axis as isize, &self.index)
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        let zeros = g.tape().constant(Tensor::scalar(T::zero()).expand(a.shape()));
        Var::apply(ScatterAdd { axis: self.axis, index: self.index.clone() }, [zeros, g])
    }
}

/// `a`, where every element of `b` is added at its index along an axis. An element that gets nothing stays as it is,
/// also −0.
struct ScatterAdd {
    axis: usize,
    index: Indices,
}

impl<T: Real> Op<T, 2> for ScatterAdd {
    fn name(&self) -> String {
        "scatter_add".into()
    }
    fn forward(&self, [a, b]: [&Tensor<T>; 2]) -> Tensor<T> {
        a.scatter_add(self.axis, &self.index, b)
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        match wrt {
            0 => g,
            _ => Var::apply(Gather { axis: self.axis, index: self.index.clone() }, [g]),
        }
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The rows with the given indices, in that order, along one axis (negative axes count from the
    /// end). An index may be repeated; then the gradient adds up.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([3, 2], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    /// let rows = x.index_select(0, &[2, 0, 2]);
    /// assert_eq!(rows.value().to_vec(), [5.0, 6.0, 1.0, 2.0, 5.0, 6.0]);
    /// assert_eq!(rows.sum().backward().wrt(x).to_vec(), [1.0, 1.0, 0.0, 0.0, 2.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range.
    #[track_caller]
    pub fn index_select(self, axis: isize, index: &[usize]) -> Var<'t, T> {
        let axis = resolve_axis("index_select", axis, &self.shape());
        Var::apply(IndexSelect { axis, index: index.into() }, [self])
    }

    /// One row of this table `[count, features]` for each index: indices `[..]` give
    /// `[.., features]`. The gradient of a row is the sum over all places where it was used.
    ///
    /// ```
    /// # use autograd::{Indices, Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let table = tape.var(Tensor::from_vec([3, 1], vec![0.5, 1.5, 2.5]));
    /// let words = Indices::from_vec([2, 2], vec![2, 0, 2, 2]);
    /// let vectors = table.embedding(&words); // [2, 2, 1]
    /// assert_eq!(vectors.value().to_vec(), [2.5, 0.5, 2.5, 2.5]);
    /// assert_eq!(vectors.sum().backward().wrt(table).to_vec(), [1.0, 0.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If this is not a matrix, or an index is out of range.
    #[track_caller]
    pub fn embedding(self, index: &Indices) -> Var<'t, T> {
        let table = self.shape();
        let &[_, features] = &table[..] else {
            panic!("embedding: the table must be [count, features], not {table:?}");
        };
        assert_in_range("embedding", &table, 0, index.as_slice());
        let mut shape = Shape::from_slice(index.shape());
        shape.push(features);
        self.index_select(0, index.as_slice()).reshape(shape)
    }

    /// One element for each index: the one at the same place, except along `axis` (negative axes
    /// count from the end), where the index says. For a matrix and axis 1,
    /// `y[i, j] = x[i, index[i, j]]`.
    ///
    /// ```
    /// # use autograd::{Indices, Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    /// let chosen = x.gather(1, &Indices::from_vec([2, 1], vec![2, 0])); // one of each row
    /// assert_eq!(chosen.value().to_vec(), [3.0, 4.0]);
    /// assert_eq!(chosen.sum().backward().wrt(x).to_vec(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, or `index` has another shape outside the axis.
    #[track_caller]
    pub fn gather(self, axis: isize, index: &Indices) -> Var<'t, T> {
        let axis = resolve_axis("gather", axis, &self.shape());
        Var::apply(Gather { axis, index: index.clone() }, [self])
    }

    /// This with every element of `source` added to one of its elements: the one at the same place,
    /// except along `axis`, where the index says. For a matrix and axis 1,
    /// `y[i, index[i, j]] += source[i, j]`. Equal indices add up, in order; an element that gets nothing keeps its bits.
    ///
    /// ```
    /// # use autograd::{Indices, Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let counts = tape.constant(Tensor::zeros([3]));
    /// let ones = tape.constant(Tensor::ones([4]));
    /// let bins = Indices::from_vec([4], vec![0, 2, 2, 2]);
    /// assert_eq!(counts.scatter_add(0, &bins, ones).value().to_vec(), [1.0, 0.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, `index` has another shape outside the axis, or there
    /// is not one index for each element of `source`.
    #[track_caller]
    pub fn scatter_add(self, axis: isize, index: &Indices, source: Var<'t, T>) -> Var<'t, T> {
        let (shape, given) = (self.shape(), source.shape());
        let axis = resolve_axis("scatter_add", axis, &shape);
        assert_picks("scatter_add", &shape, axis, index);
        if given[..] != *index.shape() {
            panic!("scatter_add: {given:?} is added, but the indices have shape {:?}", index.shape());
        }
        Var::apply(ScatterAdd { axis, index: index.clone() }, [self, source])
    }
}

/// Indices of this shape for the cases, some of them repeated.
fn places(shape: impl AsRef<[usize]>, below: usize) -> Indices {
    let len = shape.as_ref().iter().product();
    Indices::from_vec(shape, (0..len).map(|i| (i * i + 1) % below).collect())
}

pub(super) const CASES: &[Case] = &[
    case!("index_select", |a| (a * a * a).index_select(0, &[2, 0, 2]), [wave([3, 2])]),
    case!("index_select of columns", |a| a.index_select(-1, &[1, 1, 0]) * a, [wave([2, 3])]),
    case!("index_select in the middle", |a| (a * a * a).index_select(1, &[1, 1]), [wave([2, 2, 2])]),
    case!("index_select of nothing", |a| (a * a).index_select(0, &[]), [wave([3, 2])]),
    case!(
        "embedding",
        |a| {
            let b = a.embedding(&places([2, 3], 3));
            b * b * b
        },
        [wave([3, 2])]
    ),
    case!("embedding of one", |a| (a * a * a).embedding(&places([], 1)), [wave([1, 2])]),
    case!(
        "gather",
        |a| {
            let b = a.gather(1, &places([2, 4], 3));
            b * b * b
        },
        [wave([2, 3])]
    ),
    case!("gather rows", |a| (a * a * a).gather(0, &places([3, 2], 2)), [wave([2, 2])]),
    case!("gather in the middle", |a| (a * a * a).gather(-2, &places([2, 3, 2], 2)), [wave([2, 2, 2])]),
    case!("gather of nothing", |a| (a * a).gather(0, &places([0, 2], 1)), [wave([2, 2])]),
    case!(
        "scatter_add",
        |a, b| {
            let c = a.scatter_add(1, &places([2, 4], 3), b * b);
            c * c * c
        },
        [wave([2, 3]), wave([2, 4])]
    ),
    case!(
        "scatter_add of rows",
        |a, b| a.scatter_add(0, &places([3, 2], 2), b) * a,
        [wave([2, 2]), wave([3, 2])]
    ),
    case!(
        "scatter_add of nothing",
        |a, b| (a * a).scatter_add(0, &places([0], 1), b),
        [wave([2]), wave([0])]
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tape;

    fn counting<'t>(tape: &'t Tape<f64>, shape: &[usize]) -> Var<'t, f64> {
        tape.var(Tensor::from_fn(shape, |i| i as f64))
    }

    #[test]
    fn repeated_indices_add_up() {
        let tape = Tape::new();
        let (x, source) = (counting(&tape, &[2, 3]), counting(&tape, &[2, 2]));
        let index = Indices::from_vec([2, 2], vec![1, 1, 0, 2]);
        let y = x.scatter_add(1, &index, source);
        assert_eq!(y.value().to_vec(), [0.0, 2.0, 2.0, 5.0, 4.0, 8.0]);
        let weights = tape.constant(Tensor::from_fn([2, 3], |i| i as f64));
        let gradients = (y * weights).sum().backward();
        assert_eq!(gradients.wrt(source).to_vec(), [1.0, 1.0, 3.0, 5.0]);
        assert_eq!(gradients.wrt(x).to_vec(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(x.gather(1, &index).sum().backward().wrt(x).to_vec(), [0.0, 2.0, 0.0, 1.0, 0.0, 1.0]);
    }

    #[test]
    fn what_gets_nothing_keeps_its_bits() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_vec([3], vec![-0.0, -0.0, f64::INFINITY]));
        let y = x.scatter_add(0, &Indices::from_vec([1], vec![1]), tape.var(Tensor::zeros([1]))).value();
        assert_eq!(y.to_vec().iter().map(|y| y.is_sign_negative()).collect::<Vec<_>>(), [true, false, false]);
        // Added up in order, to the element itself: from the other end 1 would be lost.
        let x = tape.var(Tensor::from_vec([1], vec![-1e16]));
        let y = x.scatter_add(
            0,
            &Indices::from_vec([2], vec![0, 0]),
            tape.var(Tensor::from_vec([2], vec![1e16, 1.0])),
        );
        assert_eq!(y.item(), 1.0);
    }

    #[test]
    #[should_panic(
        expected = "embedding: index 5 is out of range for axis 0 of shape [5, 2], which has size 5"
    )]
    fn a_word_that_is_not_in_the_table() {
        counting(&Tape::new(), &[5, 2]).embedding(&Indices::from([0, 5]));
    }

    #[test]
    #[should_panic(expected = "embedding: the table must be [count, features], not [5]")]
    fn a_table_without_features() {
        counting(&Tape::new(), &[5]).embedding(&Indices::from([0]));
    }

    #[test]
    #[should_panic(
        expected = "scatter_add: index 3 is out of range for axis 1 of shape [2, 3], which has size 3"
    )]
    fn scattering_out_of_range() {
        let tape = Tape::new();
        let x = counting(&tape, &[2, 3]);
        x.scatter_add(1, &Indices::from_vec([2, 1], vec![0, 3]), x.slice(1, ..1));
    }

    #[test]
    #[should_panic(expected = "scatter_add: [2, 3] is added, but the indices have shape [2, 1]")]
    fn scattering_without_an_index_for_each() {
        let tape = Tape::new();
        let x = counting(&tape, &[2, 3]);
        x.scatter_add(1, &Indices::from_vec([2, 1], vec![0, 1]), x);
    }
}
