//! Picking elements by index, and adding elements up where indices say. In each pair, one is the
//! other's transpose, so each is the other's derivative rule.

use super::{Case, case, wave};
use crate::attribute::Attributes;
use crate::compiled::built_in;
use crate::shortcuts::{Destination, Shortcuts, Written};
use crate::tensor::{assert_in_range, assert_picks};
use crate::{Axis, Choice, Indices, Op, Real, Scalar, Tape, Tensor, Var};

/// Places in a tensor, as [`Indices`], a list, or a variable of whole numbers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say places",
    label = "no places",
    note = "places are `&Indices`, a `&[usize]`, or a variable of whole numbers"
)]
pub trait Places<'t, T: Real> {
    /// The places as a variable.
    fn on(self, tape: &'t Tape<T>) -> Var<'t, T>;
}

impl<'t, T: Real> Places<'t, T> for Var<'t, T> {
    #[track_caller]
    fn on(self, _tape: &'t Tape<T>) -> Var<'t, T> {
        self
    }
}

impl<'t, T: Real> Places<'t, T> for &Indices {
    #[track_caller]
    fn on(self, tape: &'t Tape<T>) -> Var<'t, T> {
        tape.constant(self.numbers::<T>())
    }
}

macro_rules! lists {
    ($([$($count:tt)*] $List:ty),*) => {$(
        impl<'t, T: Real, $($count)*> Places<'t, T> for $List {
            #[track_caller]
            fn on(self, tape: &'t Tape<T>) -> Var<'t, T> {
                (&Indices::from(&self[..])).on(tape)
            }
        }
    )*};
}

lists!([] &[usize], [] &Vec<usize>, [const N: usize] &[usize; N]);

/// Row `k` of `y` is row `index[k]` of `a`, along an axis.
struct IndexSelect {
    axis: usize,
    /// The method that was called, for messages.
    method: &'static str,
}

impl<T: Real> Op<T, 2> for IndexSelect {
    const NAME: &'static str = "index_select";

    fn attributes(&self) -> Attributes {
        vec![("axis", [self.axis].as_slice().into())]
    }
    fn forward(&self, [a, index]: [&Tensor<T>; 2]) -> Tensor<T> {
        let index = Indices::of(self.method, index);
        assert_in_range(self.method, a.shape(), self.axis, index.as_slice());
        a.rows(self.axis, index.as_slice())
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [a, index]: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        match wrt {
            0 => T::record(IndexAdd { axis: self.axis, size: a.shape()[self.axis] }, [g, index]),
            _ => index.lit(0.0),
        }
    }
    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, 2>> {
        Some(self)
    }
}

impl<T: Real> Shortcuts<T, 2> for IndexSelect {
    fn vjp_to(
        &self,
        wrt: usize,
        g: &Tensor<T>,
        [_, index]: [&Tensor<T>; 2],
        _y: &Tensor<T>,
        to: Destination<T>,
    ) -> Option<Written<T>> {
        let (Destination::Sum(sum), 0) = (to, wrt) else { return None };
        sum.accumulate_index(g, self.axis, Indices::of("index_select", index).as_slice());
        Some(Written::There)
    }
}

/// Zeros of the given size along an axis, where row `k` of `a` is added to row `index[k]`.
struct IndexAdd {
    axis: usize,
    size: usize,
}

impl<T: Real> Op<T, 2> for IndexAdd {
    const NAME: &'static str = "index_add";

    fn forward(&self, [a, index]: [&Tensor<T>; 2]) -> Tensor<T> {
        let index = Indices::of("index_add", index);
        let (given, rows) = (index.len(), a.shape()[self.axis]);
        assert!(given == rows, "index_add: {given} indices for the {rows} rows of {:?}", a.shape());
        assert_in_range("index_add", &[self.size], 0, index.as_slice());
        a.index_add(self.axis, self.size, index.as_slice())
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [_, index]: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        match wrt {
            0 => T::record(IndexSelect { axis: self.axis, method: "index_select" }, [g, index]),
            _ => index.lit(0.0),
        }
    }
}

/// A row of so many numbers for each index: 1 at its place, 0 elsewhere.
struct OneHot(usize);

impl<T: Real> Choice<T, 1> for OneHot {
    const NAME: &'static str = "one_hot";

    fn attributes(&self) -> Attributes {
        vec![("places", [self.0].as_slice().into())]
    }
    fn forward(&self, [index]: [&Tensor<T>; 1]) -> Tensor<T> {
        let (places, index) = (self.0, Indices::of("one_hot", index));
        assert_in_range("one_hot", &[places], 0, index.as_slice());
        let mut rows = Tensor::zeros([index.shape(), &[places]].concat());
        let data = rows.make_mut();
        index.as_slice().iter().enumerate().for_each(|(row, place)| data[row * places + place] = T::one());
        rows
    }
}

/// Every element of `y` is one of `a`: the one at the same place, but along an axis where its index
/// says.
struct Gather {
    axis: usize,
}

impl<T: Real> Op<T, 2> for Gather {
    const NAME: &'static str = "gather";

    fn attributes(&self) -> Attributes {
        vec![("axis", [self.axis].as_slice().into())]
    }
    fn forward(&self, [a, index]: [&Tensor<T>; 2]) -> Tensor<T> {
        a.gather(self.axis, &Indices::of("gather", index))
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [a, index]: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        match wrt {
            0 => T::record(ScatterAdd { axis: self.axis }, [a.lit(0.0), index, g]),
            _ => index.lit(0.0),
        }
    }
    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, 2>> {
        Some(self)
    }
}

impl<T: Real> Shortcuts<T, 2> for Gather {
    fn vjp_to(
        &self,
        wrt: usize,
        g: &Tensor<T>,
        [_, index]: [&Tensor<T>; 2],
        _y: &Tensor<T>,
        to: Destination<T>,
    ) -> Option<Written<T>> {
        let (Destination::Sum(sum), 0) = (to, wrt) else { return None };
        sum.accumulate_scattered(g, self.axis, &Indices::of("gather", index));
        Some(Written::There)
    }
}

/// `a`, where every element of `b` is added at its index along an axis. An element that gets nothing stays as it is,
/// also −0.
struct ScatterAdd {
    axis: usize,
}

impl<T: Real> Op<T, 3> for ScatterAdd {
    const NAME: &'static str = "scatter_add";

    fn attributes(&self) -> Attributes {
        vec![("axis", [self.axis].as_slice().into())]
    }
    fn forward(&self, [a, index, b]: [&Tensor<T>; 3]) -> Tensor<T> {
        let index = Indices::of("scatter_add", index);
        assert_picks("scatter_add", a.shape(), self.axis, &index);
        if b.shape() != index.shape() {
            panic!("scatter_add: {:?} is added, but the indices have shape {:?}", b.shape(), index.shape());
        }
        a.scatter_add(self.axis, &index, b)
    }
    fn vjp<'t>(
        &self,
        wrt: usize,
        g: Var<'t, T>,
        [_, index, _]: [Var<'t, T>; 3],
        _y: Var<'t, T>,
    ) -> Var<'t, T> {
        match wrt {
            0 => g,
            1 => index.lit(0.0),
            _ => T::record(Gather { axis: self.axis }, [g, index]),
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
    /// If the axis or an index is out of range, or an index is no whole number.
    #[track_caller]
    pub fn index_select(self, axis: impl Into<Axis>, index: impl Places<'t, T>) -> Var<'t, T> {
        let axis = axis.into().of("index_select", &self.shape());
        T::record(IndexSelect { axis, method: "index_select" }, [self, index.on(self.tape())])
    }

    /// Zeros with the rows of this added up at the given indices along one axis, which has `size` rows then: the
    /// transpose of [`index_select`](Self::index_select). It sums what belongs to the same group.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([3, 1], vec![1.0, 2.0, 3.0]));
    /// assert_eq!(x.index_add(0, 4, &[1, 3, 1]).value().to_vec(), [0.0, 4.0, 0.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range, or there is not one index for each row.
    #[track_caller]
    pub fn index_add(self, axis: impl Into<Axis>, size: usize, index: impl Places<'t, T>) -> Var<'t, T> {
        let axis = axis.into().of("index_add", &self.shape());
        T::record(IndexAdd { axis, size }, [self, index.on(self.tape())])
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
    pub fn embedding(self, index: impl Places<'t, T>) -> Var<'t, T> {
        let table = self.shape();
        let &[_, features] = &table[..] else {
            panic!("embedding: the table must be [count, features], not {table:?}");
        };
        let index = index.on(self.tape());
        let mut shape = index.shape();
        let count = shape.iter().product();
        shape.push(features);
        let rows = T::record(IndexSelect { axis: 0, method: "embedding" }, [self, index.reshape([count])]);
        rows.reshape(shape)
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
    pub fn gather(self, axis: impl Into<Axis>, index: impl Places<'t, T>) -> Var<'t, T> {
        let axis = axis.into().of("gather", &self.shape());
        T::record(Gather { axis }, [self, index.on(self.tape())])
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
    pub fn scatter_add(
        self,
        axis: impl Into<Axis>,
        index: impl Places<'t, T>,
        source: Var<'t, T>,
    ) -> Var<'t, T> {
        let axis = axis.into().of("scatter_add", &self.shape());
        T::record(ScatterAdd { axis }, [self, index.on(self.tape()), source])
    }

    /// 1 at the place that each of these whole numbers says, and 0 elsewhere: `[..]` gives `[.., places]`. It has no
    /// derivative.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let classes = tape.constant(Tensor::from_vec([2], vec![2.0, 0.0]));
    /// assert_eq!(classes.one_hot(3).value().to_vec(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If a number is no whole one below `places`.
    #[track_caller]
    pub fn one_hot(self, places: usize) -> Var<'t, T> {
        T::record(OneHot(places), [self])
    }
}

/// Indices of this shape for the cases, some of them repeated.
fn places(shape: impl AsRef<[usize]>, below: usize) -> Indices {
    let len = shape.as_ref().iter().product();
    Indices::from_vec(shape, (0..len).map(|i| (i * i + 1) % below).collect())
}

built_in! {
    apply 2: IndexSelect, IndexAdd, Gather;
    apply 3: ScatterAdd;
    choose 1: OneHot;
}

pub(super) const CASES: &[Case] = &[
    case!("one_hot", |a| a.argmax_over(1).one_hot(3) * a * a, [wave([2, 3])]),
    case!("index_select", |a| (a * a * a).index_select(0, &[2, 0, 2]), [wave([3, 2])]),
    case!("index_select of columns", |a| a.index_select(-1, &[1, 1, 0]) * a, [wave([2, 3])]),
    case!("index_select in the middle", |a| (a * a * a).index_select(1, &[1, 1]), [wave([2, 2, 2])]),
    case!("index_select of nothing", |a| (a * a).index_select(0, &[]), [wave([3, 2])]),
    case!("index_add", |a| (a * a * a).index_add(0, 4, &[2, 0, 2]), [wave([3, 2])]),
    case!("index_add in the middle", |a| (a * a * a).index_add(-2, 2, &[1, 1, 0]), [wave([2, 3, 2])]),
    case!("index_add of nothing", |a| (a * a).index_add(0, 2, &[]), [wave([0, 2])]),
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
mod tests;
