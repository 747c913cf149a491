//! Sorting and the largest elements. Where an element goes is found once, as plain indices; the
//! values are then gathered, and the rule of `gather` takes every gradient back to its place.

use super::{Case, case, wave};
use crate::tensor::resolve_axis;
use crate::{Indices, Real, SortOrder, Var};

impl<'t, T: Real> Var<'t, T> {
    /// The elements along one axis (negative axes count from the end) in sorted order, and where they
    /// were.
    ///
    /// Of equal elements the one with the lower index comes first, in both orders, and each keeps its
    /// own gradient. NaN counts as larger than every number. The indices are plain numbers, without
    /// a derivative.
    ///
    /// ```
    /// # use autograd::{SortOrder, Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([3], vec![3.0, 1.0, 2.0]));
    /// let (sorted, places) = x.sort(0, SortOrder::Ascending);
    /// assert_eq!(sorted.value().to_vec(), [1.0, 2.0, 3.0]);
    /// assert_eq!(places.as_slice(), [1, 2, 0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn sort(self, axis: isize, order: SortOrder) -> (Var<'t, T>, Indices) {
        let axis = resolve_axis("sort", axis, &self.shape());
        let places = self.seen_by("sort").argsort(axis as isize, order);
        (self.gather(axis as isize, &places), places)
    }

    /// The `k` largest elements along one axis, the largest first, and where they were; see
    /// [`sort`](Self::sort).
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([4], vec![0.3, 0.9, 0.1, 0.5]));
    /// let (largest, places) = x.top_k(0, 2);
    /// assert_eq!(largest.value().to_vec(), [0.9, 0.5]);
    /// assert_eq!(places.as_slice(), [1, 3]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, or has fewer than `k` elements.
    #[track_caller]
    pub fn top_k(self, axis: isize, k: usize) -> (Var<'t, T>, Indices) {
        let shape = self.shape();
        let axis = resolve_axis("top_k", axis, &shape);
        if k > shape[axis] {
            panic!("top_k: axis {axis} of shape {shape:?} has fewer than {k} elements");
        }
        let places = self.seen_by("top_k").first_places(axis, k, SortOrder::Descending);
        (self.gather(axis as isize, &places), places)
    }
}

pub(super) const CASES: &[Case] = &[
    case!("sort", |a| a.sort(0, SortOrder::Ascending).0 * a * a, [wave([4])]),
    case!("sort of rows", |a| a.sort(-1, SortOrder::Descending).0 * a * a, [wave([2, 3])]),
    case!("sort of columns", |a| a.sort(0, SortOrder::Ascending).0 * a * a, [wave([3, 2])]),
    case!("sort of nothing", |a| a.sort(1, SortOrder::Ascending).0 * a, [wave([2, 0])]),
    case!(
        "top_k",
        |a| {
            let b = a.top_k(1, 2).0;
            b * b * b
        },
        [wave([2, 3])]
    ),
    case!("top_k, none", |a| (a * a).top_k(0, 0).0, [wave([3])]),
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
            (SortOrder::Ascending, [1, 0, 2, 3], [10.0, 1.0, 100.0, 1000.0]),
            (SortOrder::Descending, [3, 0, 2, 1], [10.0, 1000.0, 100.0, 1.0]),
        ] {
            let (sorted, found) = x.sort(0, order);
            assert_eq!(found.as_slice(), places);
            assert_eq!((sorted * weights).sum().backward().wrt(x).to_vec(), gradient);
        }
        let (largest, places) = x.top_k(0, 2);
        assert_eq!((largest.value().to_vec()[1], places.as_slice()), (2.0, &[3, 0][..]));
        assert_eq!(largest.sum().backward().wrt(x).to_vec(), [1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    #[should_panic(expected = "top_k: axis 1 of shape [2, 3] has fewer than 4 elements")]
    fn more_than_there_are() {
        let tape = Tape::<f64>::new();
        tape.var(Tensor::zeros([2, 3])).top_k(-1, 4);
    }
}
