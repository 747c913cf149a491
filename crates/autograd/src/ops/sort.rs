//! Sorting and the largest elements. The place of each element is a number on the tape, without a derivative; the
//! values are then gathered, and the rule of `gather` takes every gradient back to its place.

use super::{Case, case, wave};
use crate::attribute::Attributes;
use crate::compiled::built_in;
use crate::{Axis, Choice, Real, SortOrder, Tensor, Var};

/// The places of the first elements in sorted order, along an axis.
struct Argsort {
    axis: usize,
    count: usize,
    order: SortOrder,
}

impl<T: Real> Choice<T, 1> for Argsort {
    const NAME: &'static str = "argsort";

    fn attributes(&self) -> Attributes {
        let descending = usize::from(self.order == SortOrder::Descending);
        vec![
            ("axis", [self.axis].as_slice().into()),
            ("count", [self.count].as_slice().into()),
            ("descending", [descending].as_slice().into()),
        ]
    }
    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        x.first_places(self.axis, self.count, self.order).numbers()
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The elements along one axis (negative axes count from the end) in sorted order, and where they
    /// were.
    ///
    /// Of equal elements the one with the lower index comes first, in both orders, and each keeps its
    /// own gradient. NaN counts as larger than every number. The places are numbers without a derivative.
    ///
    /// ```
    /// # use autograd::{SortOrder, Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([3], vec![3.0, 1.0, 2.0]));
    /// let [sorted, places] = x.sort(0, SortOrder::Ascending);
    /// assert_eq!(sorted.value().to_vec(), [1.0, 2.0, 3.0]);
    /// assert_eq!(places.value().to_vec(), [1.0, 2.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn sort(self, axis: impl Into<Axis>, order: SortOrder) -> [Var<'t, T>; 2] {
        let shape = self.shape();
        let axis = axis.into().of("sort", &shape);
        self.first(Argsort { axis, count: shape[axis], order })
    }

    /// The `k` largest elements along one axis, the largest first, and where they were; see
    /// [`sort`](Self::sort).
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([4], vec![0.3, 0.9, 0.1, 0.5]));
    /// let [largest, places] = x.top_k(0, 2);
    /// assert_eq!(largest.value().to_vec(), [0.9, 0.5]);
    /// assert_eq!(places.value().to_vec(), [1.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, or has fewer than `k` elements.
    #[track_caller]
    pub fn top_k(self, axis: impl Into<Axis>, k: usize) -> [Var<'t, T>; 2] {
        let shape = self.shape();
        let axis = axis.into().of("top_k", &shape);
        if k > shape[axis] {
            panic!("top_k: axis {axis} of shape {shape:?} has fewer than {k} elements");
        }
        self.first(Argsort { axis, count: k, order: SortOrder::Descending })
    }

    #[track_caller]
    fn first(self, places: Argsort) -> [Var<'t, T>; 2] {
        let axis = places.axis;
        let places = T::record(places, [self]);
        [self.gather(axis, places), places]
    }
}

built_in! {
    choose 1: Argsort;
}

pub(super) const CASES: &[Case] = &[
    case!("sort", |a| a.sort(0, SortOrder::Ascending)[0] * a * a, [wave([4])]),
    case!("sort of rows", |a| a.sort(-1, SortOrder::Descending)[0] * a * a, [wave([2, 3])]),
    case!("sort of columns", |a| a.sort(0, SortOrder::Ascending)[0] * a * a, [wave([3, 2])]),
    case!("sort of nothing", |a| a.sort(1, SortOrder::Ascending)[0] * a, [wave([2, 0])]),
    case!(
        "top_k",
        |a| {
            let b = a.top_k(1, 2)[0];
            b * b * b
        },
        [wave([2, 3])]
    ),
    case!("top_k, none", |a| (a * a).top_k(0, 0)[0], [wave([3])]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tape, Tensor};

    #[test]
    fn ties_keep_their_own_gradients() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_vec([4], vec![2.0, 1.0, 2.0, f64::NAN]));
        let weights = tape.constant(Tensor::from_vec([4], vec![1.0, 10.0, 100.0, 1000.0]));
        for (order, places, gradient) in [
            (SortOrder::Ascending, [1.0, 0.0, 2.0, 3.0], [10.0, 1.0, 100.0, 1000.0]),
            (SortOrder::Descending, [3.0, 0.0, 2.0, 1.0], [10.0, 1000.0, 100.0, 1.0]),
        ] {
            let [sorted, found] = x.sort(0, order);
            assert_eq!(found.value().to_vec(), places);
            assert_eq!((sorted * weights).sum().backward().wrt(x).to_vec(), gradient);
        }
        let [largest, places] = x.top_k(0, 2);
        assert_eq!((largest.value().to_vec()[1], places.value().to_vec()), (2.0, vec![3.0, 0.0]));
        assert_eq!(largest.sum().backward().wrt(x).to_vec(), [1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    #[should_panic(expected = "top_k: axis 1 of shape [2, 3] has fewer than 4 elements")]
    fn more_than_there_are() {
        let tape = Tape::<f64>::new();
        tape.var(Tensor::zeros([2, 3])).top_k(-1, 4);
    }
}
