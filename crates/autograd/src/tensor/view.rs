//! Views: other headers over the same buffer. None of them copies, except a [`reshape`] that no
//! strides can express and [`contiguous`] when it has to.
//!
//! [`reshape`]: Tensor::reshape
//! [`contiguous`]: Tensor::contiguous

use std::ops::{Bound, RangeBounds};

use smallvec::SmallVec;
use triomphe::Arc;

use super::shape::count;
use super::{Axes, Axis, Shape, Strides, Tensor, contiguous_strides, permutation, short_copy};
use crate::Real;

impl<T: Real> Tensor<T> {
    pub(super) fn view(&self, shape: Shape, strides: Strides, offset: usize) -> Self {
        let (mut len, mut contiguous) = (1, true);
        for (&size, &stride) in shape.iter().zip(&strides).rev() {
            // The stride of an axis of size 1 is never used.
            contiguous &= size == 1 || stride == len as isize;
            len *= size;
        }
        contiguous |= len == 0;
        Tensor { shape, strides, offset, len, contiguous, buffer: Arc::clone(&self.buffer) }
    }

    /// Whether the elements lie in memory in row-major order without gaps.
    pub fn is_contiguous(&self) -> bool {
        self.contiguous
    }

    /// The same tensor with its elements in row-major order, copied only if they are not so yet.
    #[track_caller]
    pub fn contiguous(&self) -> Self {
        if self.is_contiguous() { self.clone() } else { self.copied() }
    }

    /// The elements in row-major order: where they are, or, if they do not lie so, in a copy that is put into `room`.
    /// (Returned by value, a copy that is not made would be moved about too.)
    #[track_caller]
    pub(super) fn in_order<'a>(&'a self, room: &'a mut Option<Self>) -> &'a [T] {
        match self.as_slice() {
            Some(data) => data,
            None => room.insert(self.copied()).as_slice().expect("contiguous"),
        }
    }

    /// The same elements, in row-major order, in another shape.
    ///
    /// # Panics
    /// If the number of elements differs.
    #[track_caller]
    pub fn reshape(&self, shape: impl AsRef<[usize]>) -> Self {
        let shape = shape.as_ref();
        let (old, new) = (self.len(), count(shape));
        if old != new {
            panic!("reshape: {:?} has {old} elements, {shape:?} has {new}", self.shape);
        }
        match self.strides_as(shape) {
            Some(strides) => self.view(short_copy(shape), strides, self.offset),
            None => {
                let copy = self.copied();
                copy.view(short_copy(shape), contiguous_strides(shape), copy.offset)
            }
        }
    }

    /// The strides with which this memory reads as another shape of as many elements, if there are any.
    ///
    /// Both shapes are walked from their last axes. Old axes that follow each other evenly in memory are one
    /// run, and new axes are cut off its end; an axis that would need the ends of two runs cannot be had.
    fn strides_as(&self, shape: &[usize]) -> Option<Strides> {
        if self.is_empty() {
            return Some(contiguous_strides(shape));
        }
        let (mut size, mut strides) = (1, SmallVec::from_elem(1, shape.len()));
        let mut old = self.shape.iter().zip(&self.strides).rev().filter(|axis| *axis.0 != 1).peekable();
        let mut step = 1;
        for (stride, &wanted) in strides.iter_mut().zip(shape).rev().filter(|axis| *axis.1 != 1) {
            if size == 1 {
                let (&first, &apart) = old.next()?;
                (size, step) = (first, apart);
                while let Some((&more, _)) = old.next_if(|axis| *axis.1 == apart * size as isize) {
                    size *= more;
                }
            }
            if size % wanted != 0 {
                return None;
            }
            *stride = step;
            size /= wanted;
            step *= wanted as isize;
        }
        Some(strides)
    }

    /// The axes in another order: axis `i` of the result is axis `order[i]` of this tensor.
    ///
    /// # Panics
    /// If `order` is not a permutation of the axes.
    #[track_caller]
    pub fn permute(&self, order: impl Axes) -> Self {
        self.permuted(&permutation("permute", &self.shape, &order))
    }

    /// The same for an order of indices that is known to be one.
    pub(crate) fn permuted(&self, order: &[usize]) -> Self {
        let shape = order.iter().map(|&axis| self.shape[axis]).collect();
        let strides = order.iter().map(|&axis| self.strides[axis]).collect();
        self.view(shape, strides, self.offset)
    }

    /// The transpose: the last two axes swapped.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    #[track_caller]
    pub fn t(&self) -> Self {
        let rank = self.rank();
        if rank < 2 {
            panic!("t: shape {:?} has fewer than two axes to swap", self.shape);
        }
        let (mut shape, mut strides) = (short_copy(&self.shape), short_copy(&self.strides));
        shape.swap(rank - 2, rank - 1);
        strides.swap(rank - 2, rank - 1);
        self.view(shape, strides, self.offset)
    }

    /// Repeats axes of size 1 (and missing leading axes) up to `shape`, without copying.
    ///
    /// # Panics
    /// If another axis would have to change its size.
    #[track_caller]
    pub fn expand(&self, shape: impl AsRef<[usize]>) -> Self {
        let shape = shape.as_ref();
        let mut strides: Strides = SmallVec::from_elem(0, shape.len());
        let fits = shape.len().checked_sub(self.rank()).is_some_and(|lead| {
            (0..self.rank()).all(|axis| {
                let same = self.shape[axis] == shape[lead + axis];
                strides[lead + axis] = if same { self.strides[axis] } else { 0 };
                same || self.shape[axis] == 1
            })
        });
        if !fits {
            panic!("expand: {:?} does not broadcast to {shape:?}", self.shape);
        }
        count(shape); // a view needs no memory, but its elements are counted
        self.view(short_copy(shape), strides, self.offset)
    }

    /// The elements of a range along one axis (negative axes count from the end): `a.slice(1, ..3)`.
    ///
    /// # Panics
    /// If the axis or the range is out of bounds.
    #[track_caller]
    pub fn slice(&self, axis: impl Into<Axis>, range: impl RangeBounds<usize>) -> Self {
        self.slice_step(axis, range, 1)
    }

    /// Every `step`-th element of a range along one axis. A negative step walks the range backwards:
    /// `slice_step(0, .., -1)` reverses the first axis.
    ///
    /// # Panics
    /// If the axis or the range is out of bounds, or the step is 0.
    #[track_caller]
    pub fn slice_step(&self, axis: impl Into<Axis>, range: impl RangeBounds<usize>, step: isize) -> Self {
        let axis = axis.into().of("slice", &self.shape);
        let [start, end] = bounds(range, self.shape[axis]);
        self.sliced(axis, start, end, step)
    }

    #[track_caller]
    pub(crate) fn sliced(&self, axis: usize, start: usize, end: usize, step: isize) -> Self {
        assert!(step != 0, "slice: the step must not be 0");
        let size = self.shape[axis];
        if start > end || end > size {
            panic!("slice: {start}..{end} is out of range for axis {axis} of shape {:?}", self.shape);
        }
        let count = (end - start).div_ceil(step.unsigned_abs());
        let first = if step > 0 || count == 0 { start } else { end - 1 };
        let (mut shape, mut strides) = (self.shape.clone(), self.strides.clone());
        shape[axis] = count;
        strides[axis] *= step;
        // A view without elements stays where it is: the buffer may end there.
        let shift = if shape.contains(&0) { 0 } else { first as isize * self.strides[axis] };
        self.view(shape, strides, self.offset.strict_add_signed(shift))
    }
}

/// The first element of a range, and the one after its last.
pub(crate) fn bounds(range: impl RangeBounds<usize>, size: usize) -> [usize; 2] {
    let start = match range.start_bound() {
        Bound::Included(&start) => start,
        Bound::Excluded(&before) => before.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(&last) => last.saturating_add(1),
        Bound::Excluded(&end) => end,
        Bound::Unbounded => size,
    };
    [start, end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(shape: &[usize]) -> Tensor<f64> {
        Tensor::from_fn(shape, |i| i as f64)
    }

    #[test]
    fn views_share_memory() {
        let a = counting(&[2, 3]);
        for view in [a.t(), a.permute([1, 0]), a.reshape([3, 2]), a.expand([4, 2, 3]), a.slice(1, 1..3)] {
            assert!(Arc::ptr_eq(&a.buffer, &view.buffer));
        }
        assert!(!Arc::ptr_eq(&a.buffer, &a.t().contiguous().buffer));
        assert!(!Arc::ptr_eq(&a.buffer, &a.t().reshape([6]).buffer));
    }

    #[test]
    fn views_read_the_right_elements() {
        let a = counting(&[2, 3]);
        assert_eq!(a.t().reshape([6]).to_vec(), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(a.slice_step(1, ..3, 2).to_vec(), [0.0, 2.0, 3.0, 5.0]);
        assert_eq!(a.slice_step(1, ..3, -1).to_vec(), [2.0, 1.0, 0.0, 5.0, 4.0, 3.0]);
        assert_eq!(a.slice_step(1, ..3, -2).to_vec(), [2.0, 0.0, 5.0, 3.0]);
        assert_eq!(a.slice(0, 2..2).shape(), [0, 3]);
        assert_eq!(counting(&[0, 3]).slice(1, 1..3), counting(&[0, 2]));
        assert!(counting(&[3, 0]).slice_step(0, ..3, -1).slice(0, 2..3).to_vec().is_empty());
        assert_eq!(counting(&[2, 1]).expand([2, 2]).to_vec(), [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(a.slice(0, 1..2).make_mut(), [3.0, 4.0, 5.0]);
    }

    #[test]
    fn a_reshape_copies_only_what_no_strides_express() {
        let a = counting(&[4, 3, 2]);
        let shares = |x: &Tensor<f64>, shape: &[usize]| {
            let y = x.reshape(shape);
            assert_eq!(y.to_vec(), x.to_vec(), "{:?} as {shape:?}", x.shape());
            Arc::ptr_eq(&x.buffer, &y.buffer)
        };
        let last_first = a.permute([2, 0, 1]); // [2, 4, 3]: the 4 and the 3 lie evenly
        assert!(shares(&last_first, &[2, 12]) && shares(&last_first, &[2, 1, 2, 6]));
        assert!(!shares(&last_first, &[4, 6]) && !shares(&last_first, &[24]));
        assert!(!shares(&a.permute([2, 1, 0]), &[2, 12]));
        let backwards = a.slice_step(0, ..4, -1); // axis 0 runs the other way
        assert!(shares(&backwards, &[2, 2, 6]) && !shares(&backwards, &[24]));
        let repeated = counting(&[1, 3]).expand([4, 3]);
        assert!(shares(&repeated, &[2, 2, 1, 3]) && !shares(&repeated, &[12]));
        assert!(shares(&counting(&[1]).expand([4, 3]), &[12]));
        assert!(shares(&a.slice_step(2, ..2, 2), &[12]), "every second element");
        assert!(shares(&counting(&[0, 3]).t(), &[0, 7]));
        assert!(shares(&counting(&[]), &[1, 1]) && shares(&counting(&[1, 1]).t(), &[]));
    }

    #[test]
    #[should_panic(expected = "reshape: [2, 3] has 6 elements, [4] has 4")]
    fn bad_reshape() {
        counting(&[2, 3]).reshape([4]);
    }

    #[test]
    #[should_panic(expected = "expand: [2, 3] does not broadcast to [2, 4]")]
    fn bad_expand() {
        counting(&[2, 3]).expand([2, 4]);
    }
}
