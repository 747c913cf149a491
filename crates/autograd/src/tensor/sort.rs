//! Sorting.

use std::cmp::Ordering;

use smallvec::SmallVec;

use super::chunks::{CHUNK, for_each_chunk};
use super::{Axis, Indices, Tensor};
use crate::Real;

/// Which elements come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortOrder {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

/// Compares numbers; NaN counts as larger than every number, like in a maximum.
fn compare<T: Real>(a: T, b: T) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

impl<T: Real> Tensor<T> {
    /// Along one axis (negative axes count from the end): the places of the elements in sorted order.
    ///
    /// Of equal elements the one with the lower index comes first, in both orders. NaN counts as
    /// larger than every number.
    ///
    /// ```
    /// # use autograd::{SortOrder, Tensor};
    /// let a = Tensor::from_vec([4], vec![3.0, 1.0, 2.0, 1.0]);
    /// assert_eq!(a.argsort(0, SortOrder::Ascending).as_slice(), [1, 3, 2, 0]);
    /// assert_eq!(a.argsort(0, SortOrder::Descending).as_slice(), [0, 2, 1, 3]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn argsort(&self, axis: impl Into<Axis>, order: SortOrder) -> Indices {
        let axis = axis.into().of("argsort", &self.shape);
        self.first_places(axis, self.shape[axis], order)
    }

    /// The first `count` places of [`argsort`](Self::argsort).
    pub(crate) fn first_places(&self, axis: usize, count: usize, order: SortOrder) -> Indices {
        let size = self.shape[axis];
        let inner: usize = self.shape[axis + 1..].iter().product();
        let mut last: SmallVec<[usize; 4]> = (0..self.rank()).filter(|&a| a != axis).collect();
        last.push(axis);
        let source = self.permuted(&last).contiguous();
        let data = source.as_slice().expect("contiguous");
        let mut shape = self.shape.clone();
        shape[axis] = count;
        let mut places = vec![0; shape.iter().product()];
        let rows = (CHUNK / size.max(1)).max(1);
        for_each_chunk(&mut places, rows * count, |i, out| {
            let data = data[i * rows * size..].chunks_exact(size);
            for (out, row) in out.chunks_exact_mut(count).zip(data) {
                let before = |&a: &usize, &b: &usize| {
                    let by_value = match order {
                        SortOrder::Ascending => compare(row[a], row[b]),
                        SortOrder::Descending => compare(row[b], row[a]),
                    };
                    by_value.then(a.cmp(&b))
                };
                let mut candidates: Vec<usize> = (0..size).collect();
                if count < size {
                    candidates.select_nth_unstable_by(count, before);
                    candidates.truncate(count);
                }
                candidates.sort_unstable_by(before);
                out.copy_from_slice(&candidates);
            }
        });
        if inner > 1 {
            // From [outer, inner, count] to [outer, count, inner].
            let at = |i: usize| {
                let (block, row, column) = (i / (count * inner), i / inner % count, i % inner);
                (block * inner + column) * count + row
            };
            places = (0..places.len()).map(|i| places[at(i)]).collect();
        }
        Indices::from_vec(shape, places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SortOrder::{Ascending, Descending};

    #[test]
    fn ties_infinities_and_nan() {
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        let a = Tensor::from_vec([8], vec![nan, 2.0, -inf, 0.0, 2.0, nan, inf, -0.0]);
        assert_eq!(a.argsort(0, Ascending).as_slice(), [2, 3, 7, 1, 4, 6, 0, 5]);
        assert_eq!(a.argsort(0, Descending).as_slice(), [0, 5, 6, 1, 4, 3, 7, 2]);
        assert_eq!(a.first_places(0, 4, Descending).as_slice(), [0, 5, 6, 1]);
        assert_eq!(a.first_places(0, 0, Descending).as_slice(), [0; 0]);
    }

    #[test]
    fn along_any_axis() {
        let a = Tensor::from_vec([2, 3], vec![3.0, 1.0, 2.0, 0.0, 5.0, 2.0]);
        assert_eq!(a.argsort(1, Ascending), Indices::from_vec([2, 3], vec![1, 2, 0, 0, 2, 1]));
        assert_eq!(a.argsort(0, Ascending), Indices::from_vec([2, 3], vec![1, 0, 0, 0, 1, 1]));
        assert_eq!(a.first_places(0, 1, Descending), Indices::from_vec([1, 3], vec![0, 1, 0]));
        assert_eq!(a.t().argsort(0, Descending).as_slice(), [0, 1, 2, 2, 1, 0]);
        assert_eq!(Tensor::<f64>::zeros([2, 0]).argsort(1, Ascending).shape(), [2, 0]);
        assert_eq!(Tensor::<f64>::zeros([0, 2]).argsort(1, Ascending).shape(), [0, 2]);
    }

    #[test]
    fn long_rows_and_many_rows() {
        let a = Tensor::<f32>::from_fn([3, 40_000], |i| ((i * 7919) % 1013) as f32);
        let sorted = a.gather(1, &a.argsort(1, Ascending)).to_vec();
        assert!(sorted.chunks(40_000).all(|row| row.is_sorted()));
        let a = a.t();
        let sorted = a.gather(1, &a.argsort(1, Descending)).to_vec();
        assert!(sorted.chunks(3).all(|row| row.is_sorted_by(|a, b| a >= b)));
    }
}
