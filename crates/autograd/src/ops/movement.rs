//! Operations that only move elements: `reshape`, `permute`, `t`, `slice` and its transpose `embed`.

use std::ops::{Bound, RangeBounds};

use smallvec::SmallVec;

use super::{Case, case, wave};
use crate::tensor::resolve_axis;
use crate::{Op, Real, Shape, Tensor, Var};

/// The same elements in another shape; the gradient takes the old shape back.
struct Reshape(Shape);

impl<T: Real> Op<T, 1> for Reshape {
    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.reshape(&self.0)
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        g.reshape(a.shape())
    }
}

/// The axes in another order; the gradient takes the inverse order.
struct Permute(SmallVec<[usize; 4]>);

impl<T: Real> Op<T, 1> for Permute {
    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.permute(&self.0)
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        let mut inverse = self.0.clone();
        for (axis, &from) in self.0.iter().enumerate() {
            inverse[from] = axis;
        }
        g.permute(inverse)
    }
}

/// Some of the elements along one axis; the others receive no gradient.
struct Slice {
    axis: usize,
    start: usize,
    end: usize,
    step: isize,
}

impl<T: Real> Op<T, 1> for Slice {
    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.slice(self.axis, self.start, self.end, self.step)
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        let Slice { axis, start, end, step } = *self;
        Var::apply(Embed { size: a.shape()[axis], slice: Slice { axis, start, end, step } }, [g])
    }
}

/// Zeros of the given size along the axis, with `a` written into the slice: the transpose of
/// [`Slice`].
struct Embed {
    size: usize,
    slice: Slice,
}

impl<T: Real> Op<T, 1> for Embed {
    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        let Slice { axis, start, end, step } = self.slice;
        let mut shape = Shape::from_slice(a.shape());
        shape[axis] = self.size;
        // Seen as [outer, size, inner], row k of the slice goes to row `place(k)`.
        let inner: usize = shape[axis + 1..].iter().product();
        let count = a.shape()[axis];
        let place = |k: usize| match step > 0 {
            true => start + k * step as usize,
            false => end - 1 - k * step.unsigned_abs(),
        };
        let source = a.contiguous();
        let data = source.as_slice().expect("contiguous");
        Tensor::build(shape, |out| {
            out.fill(T::zero());
            if inner > 0 && count > 0 {
                for (row, piece) in data.chunks_exact(inner).enumerate() {
                    let to = (row / count * self.size + place(row % count)) * inner;
                    out[to..to + inner].copy_from_slice(piece);
                }
            }
        })
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        let Slice { axis, start, end, step } = self.slice;
        Var::apply(Slice { axis, start, end, step }, [g])
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The same elements in another shape.
    ///
    /// # Panics
    /// If the number of elements differs.
    #[track_caller]
    pub fn reshape(self, shape: impl AsRef<[usize]>) -> Var<'t, T> {
        let shape = Shape::from_slice(shape.as_ref());
        if shape == self.shape() { self } else { Var::apply(Reshape(shape), [self]) }
    }

    /// The axes in another order: axis `i` of the result is axis `order[i]` of this one.
    ///
    /// # Panics
    /// If `order` is not a permutation of the axes.
    #[track_caller]
    pub fn permute(self, order: impl AsRef<[usize]>) -> Var<'t, T> {
        Var::apply(Permute(SmallVec::from_slice(order.as_ref())), [self])
    }

    /// The transpose: the last two axes swapped.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    #[track_caller]
    pub fn t(self) -> Var<'t, T> {
        let shape = self.shape();
        let rank = shape.len();
        if rank < 2 {
            panic!("t: shape {shape:?} has fewer than two axes to swap");
        }
        let mut order: SmallVec<[usize; 4]> = (0..rank).collect();
        order.swap(rank - 2, rank - 1);
        self.permute(order)
    }

    /// The elements of a range along one axis (negative axes count from the end):
    /// `x.slice(1, ..3)`, `x.slice(-1, 2..)`.
    ///
    /// # Panics
    /// If the axis or the range is out of bounds.
    #[track_caller]
    pub fn slice(self, axis: isize, range: impl RangeBounds<usize>) -> Var<'t, T> {
        self.slice_step(axis, range, 1)
    }

    /// Every `step`-th element of a range along one axis; a negative step walks the range backwards.
    ///
    /// # Panics
    /// If the axis or the range is out of bounds, or the step is 0.
    #[track_caller]
    pub fn slice_step(self, axis: isize, range: impl RangeBounds<usize>, step: isize) -> Var<'t, T> {
        let shape = self.shape();
        let axis = resolve_axis("slice", axis, &shape);
        let start = match range.start_bound() {
            Bound::Included(&start) => start,
            Bound::Excluded(&before) => before + 1,
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&last) => last + 1,
            Bound::Excluded(&end) => end,
            Bound::Unbounded => shape[axis],
        };
        Var::apply(Slice { axis, start, end, step }, [self])
    }
}

pub(super) const CASES: &[Case] = &[
    case!("reshape", |a| a.reshape([3, 2]).matmul(a), [wave([2, 3])]),
    case!("reshape of a view", |a| a.t().reshape([2, 3]) * a, [wave([2, 3])]),
    case!("permute", |a| (a * a).permute([2, 0, 1]), [wave([2, 3, 4])]),
    case!("t", |a| a.t() * a.t() * a.t(), [wave([2, 3])]),
    case!("slice", |a| a.slice(1, 1..3) * a.slice(1, ..2), [wave([2, 3])]),
    case!("slice by steps", |a| (a * a).slice_step(0, .., 2), [wave([5, 2])]),
    case!("slice backwards", |a| a.slice_step(-1, .., -1) * a, [wave([2, 4])]),
    case!("slice backwards by steps", |a| (a * a).slice_step(-1, 1.., -2), [wave([2, 5])]),
    case!("slice of nothing", |a| (a * a).slice(0, 1..1), [wave([2, 3])]),
];
