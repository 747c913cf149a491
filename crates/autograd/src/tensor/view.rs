//! Views: other headers over the same buffer. None of them copies, except a [`reshape`] that no
//! strides can express and [`contiguous`] when it has to.
//!
//! [`reshape`]: Tensor::reshape
//! [`contiguous`]: Tensor::contiguous

use std::ops::{Bound, Range, RangeBounds};

use smallvec::SmallVec;
use triomphe::Arc;

use super::shape::count;
use super::{Axes, Axis, Shape, Strides, Tensor, contiguous_strides, inverse, permutation, short_copy};
use crate::Real;

/// Axes of a new shape, each with the old axes that are merged to it.
type Groups = SmallVec<[(usize, Range<usize>); 4]>;

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

    /// True if the elements lie in memory in row-major order without gaps.
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
            Some(strides) => self.view(Shape::from_slice(shape), strides, self.offset),
            None => {
                let copy = self.copied();
                copy.view(Shape::from_slice(shape), contiguous_strides(shape), copy.offset)
            }
        }
    }

    /// The same for an operation, whose result need not lie in memory in row-major order: where axes are merged, and a copy has
    /// to be made in which neighbours in memory would not stay neighbours, the new axes keep the order of the old ones in
    /// memory. (Enlarged pictures of a batch so stay as a convolution reads them: networks that enlarge by copying pixels,
    /// trained on colour pictures of 32 × 32, 1.6 times as fast.)
    #[track_caller]
    pub(crate) fn reshaped(&self, shape: &[usize]) -> Self {
        if self.len() != count(shape) {
            return self.reshape(shape); // which says what is wrong
        }
        if let Some(strides) = self.strides_as(shape) {
            return self.view(Shape::from_slice(shape), strides, self.offset);
        }
        let Some(groups) = self.groups_in_memory(shape) else { return self.reshape(shape) };
        let axes: SmallVec<[usize; 8]> = groups.iter().flat_map(|(_, axes)| axes.clone()).collect();
        let copy = self.permuted(&axes).copied();
        let order: SmallVec<[usize; 4]> = groups.iter().map(|&(axis, _)| axis).collect();
        let sizes: Shape = order.iter().map(|&axis| shape[axis]).collect();
        copy.view(sizes.clone(), contiguous_strides(&sizes), copy.offset).permuted(&inverse(&order))
    }

    /// The axes of a shape that come about by merging those of this one, from the slowest to the fastest in memory; `None` if
    /// they come about otherwise, or if the order of memory is no help: the last axis has neighbours in memory, or those
    /// would be parted.
    fn groups_in_memory(&self, shape: &[usize]) -> Option<Groups> {
        let mut groups = Groups::new();
        let mut first = 0;
        for (axis, &wanted) in shape.iter().enumerate() {
            let (mut size, mut next) = (1, first);
            while next < self.rank() && (size < wanted || self.shape[next] == 1) {
                size *= self.shape[next];
                next += 1;
            }
            if size != wanted {
                return None;
            }
            groups.push((axis, first..next));
            first = next;
        }
        let fastest = (0..self.rank()).find(|&axis| self.shape[axis] > 1 && self.strides[axis] == 1)?;
        let last = |axes: &Range<usize>| axes.clone().rev().find(|&axis| self.shape[axis] > 1);
        let kept = groups.iter().any(|(_, axes)| last(axes) == Some(fastest));
        if first != self.rank() || !kept || last(&(0..self.rank())) == Some(fastest) {
            return None;
        }
        let slowest = |axes: &Range<usize>| {
            axes.clone().filter(|&axis| self.shape[axis] > 1).map(|axis| self.strides[axis].abs()).max()
        };
        groups.sort_by_key(|(_, axes)| std::cmp::Reverse(slowest(axes)));
        Some(groups)
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
        let (mut shape, mut strides) = (self.shape.clone(), short_copy(&self.strides));
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
        self.view(Shape::from_slice(shape), strides, self.offset)
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
mod tests;
