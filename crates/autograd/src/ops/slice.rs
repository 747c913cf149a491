//! Parts along an axis: `slice`, its transpose `embed`, and methods composed of them.

use std::ops::RangeBounds;

use super::{Case, case, wave};
use crate::attribute::{Attribute, Attributes};
use crate::compiled::built_in;
use crate::shortcuts::{Destination, Part, Shortcuts, Written};
use crate::tensor::{bounds, resolve_axes};
use crate::{Axes, Axis, Op, Real, Tensor, Var};

/// Some of the elements along one axis; the others receive no gradient.
#[derive(Clone, Copy)]
struct Slice {
    axis: usize,
    start: usize,
    end: usize,
    step: isize,
}

impl<T: Real> Op<T, 1> for Slice {
    const NAME: &'static str = "slice";

    fn attributes(&self) -> Attributes {
        vec![
            ("axis", [self.axis].as_slice().into()),
            ("start", [self.start].as_slice().into()),
            ("end", [self.end].as_slice().into()),
            ("step", Attribute::Integers(vec![self.step as i64])),
        ]
    }
    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.sliced(self.axis, self.start, self.end, self.step)
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        T::record(Embed { slice: *self, size: a.shape()[self.axis], value: 0.0 }, [g])
    }
    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, 1>> {
        Some(self)
    }
}

/// A gradient that is nearly all zeros is added where it belongs: at the cost of the part, not of the whole.
impl<T: Real> Shortcuts<T, 1> for Slice {
    fn part(&self) -> Option<Part> {
        let Slice { axis, start, end, step } = *self;
        (step == 1 && start < end).then_some(Part { axis, start, end })
    }

    fn vjp_to(
        &self,
        _wrt: usize,
        g: &Tensor<T>,
        _: [&Tensor<T>; 1],
        _y: &Tensor<T>,
        to: Destination<T>,
    ) -> Option<Written<T>> {
        let Destination::Sum(sum) = to else { return None };
        sum.accumulate_rows(g, self.axis, |k| self.place(k));
        Some(Written::There)
    }
}

impl Slice {
    /// The index in the input of element `k` of the slice.
    fn place(&self, k: usize) -> usize {
        match self.step > 0 {
            true => self.start + k * self.step as usize,
            false => self.end - 1 - k * self.step.unsigned_abs(),
        }
    }
}

/// A tensor of the given size along the axis, filled with a value, with `a` written into the slice.
/// With the value 0 it is the transpose of [`Slice`].
struct Embed {
    slice: Slice,
    size: usize,
    value: f64,
}

impl<T: Real> Op<T, 1> for Embed {
    const NAME: &'static str = "embed";

    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.embed(self.slice.axis, self.size, |k| self.slice.place(k), T::of(self.value))
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        T::record(self.slice, [g])
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The elements of a range along one axis (negative axes count from the end):
    /// `x.slice(1, ..3)`, `x.slice(-1, 2..)`.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    /// let last = x.slice(-1, 2..);
    /// assert_eq!(last.value().to_vec(), [3.0, 6.0]); // [2, 1]
    /// assert_eq!(last.sum().backward().wrt(x).to_vec(), [0.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis or the range is out of bounds.
    #[track_caller]
    pub fn slice(self, axis: impl Into<Axis>, range: impl RangeBounds<usize>) -> Var<'t, T> {
        self.slice_step(axis, range, 1)
    }

    /// Every `step`-th element of a range along one axis; a negative step walks the range backwards.
    ///
    /// # Panics
    /// If the axis or the range is out of bounds, or the step is 0.
    #[track_caller]
    pub fn slice_step(
        self,
        axis: impl Into<Axis>,
        range: impl RangeBounds<usize>,
        step: isize,
    ) -> Var<'t, T> {
        let shape = self.shape();
        let axis = axis.into().of("slice", &shape);
        let [start, end] = bounds(range, shape[axis]);
        T::record(Slice { axis, start, end, step }, [self])
    }

    /// Every `step`-th element of a new axis of this size, which takes the place of `axis`, with
    /// zeros in between: the transpose of `slice_step(axis, .., step)`.
    #[track_caller]
    pub(super) fn spread(self, axis: usize, step: usize, size: usize) -> Var<'t, T> {
        let slice = Slice { axis, start: 0, end: size, step: step as isize };
        T::record(Embed { slice, size, value: 0.0 }, [self])
    }

    /// With `value` around it: for each axis, how many before and how many after.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::ones([1, 2]));
    /// let y = x.pad([[0, 1], [1, 0]], 7.0); // one row below, one column on the left
    /// assert_eq!(y.value().to_vec(), [7.0, 1.0, 1.0, 7.0, 7.0, 7.0]);
    /// ```
    ///
    /// # Panics
    /// If there is not one pair for each axis.
    #[track_caller]
    pub fn pad(self, padding: impl AsRef<[[usize; 2]]>, value: f64) -> Var<'t, T> {
        let (shape, padding) = (self.shape(), padding.as_ref());
        let (axes, pairs) = (shape.len(), padding.len());
        assert!(axes == pairs, "pad: {pairs} pairs for the {axes} axes of {shape:?}");
        let mut padded = self;
        for (axis, &[start, after]) in padding.iter().enumerate().filter(|(_, pair)| **pair != [0, 0]) {
            let end = start + shape[axis];
            let slice = Slice { axis, start, end, step: 1 };
            padded = T::record(Embed { slice, size: end + after, value }, [padded]);
        }
        padded
    }

    /// The consecutive parts of the given sizes along one axis:
    /// `let [mean, rest] = x.split(-1, [1, 3]);`
    ///
    /// # Panics
    /// If the axis is out of range, or the sizes do not add up to its size.
    #[track_caller]
    pub fn split<const N: usize>(self, axis: impl Into<Axis>, sizes: [usize; N]) -> [Var<'t, T>; N] {
        let shape = self.shape();
        let axis = axis.into().of("split", &shape);
        let (size, total) = (shape[axis], sizes.iter().sum::<usize>());
        if size != total {
            panic!("split: {sizes:?} add up to {total}, but axis {axis} of shape {shape:?} has size {size}");
        }
        let (mut parts, mut end) = ([self; N], 0);
        for (part, size) in parts.iter_mut().zip(sizes) {
            end += size;
            *part = self.slice(axis, end - size..end);
        }
        parts
    }

    /// `N` equal parts along one axis: `let [mu, log_var] = h.chunk(-1);`
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let h = tape.var(Tensor::from_vec([1, 4], vec![1.0, 2.0, 3.0, 4.0]));
    /// let [mu, log_var] = h.chunk(-1);
    /// assert_eq!((mu.value().to_vec(), log_var.value().to_vec()), (vec![1.0, 2.0], vec![3.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range, or `N` does not divide its size.
    #[track_caller]
    pub fn chunk<const N: usize>(self, axis: impl Into<Axis>) -> [Var<'t, T>; N] {
        let shape = self.shape();
        let axis = axis.into().of("chunk", &shape);
        if N == 0 || !shape[axis].is_multiple_of(N) {
            panic!("chunk: axis {axis} of shape {shape:?} cannot be cut into {N} equal parts");
        }
        self.split(axis, [shape[axis] / N; N])
    }

    /// The parts of size 1 along one axis, without that axis, as many as it has: the inverse of
    /// [`stack`](Var::stack). The steps of a series `[batch, time, features]` are `x.unbind(1)`.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    /// let last = x.unbind(1)[2];
    /// assert_eq!((last.shape().as_slice(), last.value().to_vec()), (&[2][..], vec![3.0, 6.0]));
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn unbind(self, axis: impl Into<Axis>) -> Vec<Var<'t, T>> {
        let shape = self.shape();
        let axis = axis.into().of("unbind", &shape);
        let mut parts = Vec::with_capacity(shape[axis]);
        for k in 0..shape[axis] {
            parts.push(self.slice(axis, k..k + 1).squeeze(axis));
        }
        parts
    }

    /// Backwards along some axes: `x.flip(0)`, `x.flip([0, -1])`.
    ///
    /// # Panics
    /// If an axis is out of range or listed twice.
    #[track_caller]
    pub fn flip(self, axes: impl Axes) -> Var<'t, T> {
        let mut flipped = self;
        for axis in resolve_axes("flip", &self.shape(), &axes) {
            flipped = flipped.slice_step(axis, .., -1);
        }
        flipped
    }
}

built_in! {
    apply 1: Slice, Embed;
}

pub(super) const CASES: &[Case] = &[
    case!("slice", |a| a.slice(1, 1..3) * a.slice(1, ..2), [wave([2, 3])]),
    case!("slice by steps", |a| (a * a).slice_step(0, .., 2), [wave([5, 2])]),
    case!("slice backwards", |a| a.slice_step(-1, .., -1) * a, [wave([2, 4])]),
    case!("slice backwards by steps", |a| (a * a).slice_step(-1, 1.., -2), [wave([2, 5])]),
    case!("slice of nothing", |a| (a * a).slice(0, 1..1), [wave([2, 3])]),
    case!(
        "pad",
        |a| {
            let b = a.pad([[1, 0], [0, 2]], 0.5);
            b * b * b
        },
        [wave([2, 2])]
    ),
    case!("pad of nothing", |a| (a * a).pad([[1, 1]], 2.0), [wave([0])]),
    case!("pad of a number", |a| (a * a * a).pad([], 2.0), [wave([])]),
    case!(
        "split",
        |a| {
            let [b, c] = a.split(-1, [1, 3]);
            b * c * c
        },
        [wave([2, 4])]
    ),
    case!(
        "chunk",
        |a| {
            let [b, c] = a.chunk(0);
            b * b * c
        },
        [wave([4, 2])]
    ),
    case!(
        "slices of one variable in several layouts",
        |a| {
            let b = a * a;
            b.slice(0, 1..)
                * b.t().slice(1, ..2).t()
                * b.slice_step(0, .., -2)
                * b.slice(-1, 1..2).slice(0, ..2)
        },
        [wave([3, 2])]
    ),
    case!(
        "unbind",
        |a| {
            let parts = a.unbind(-1);
            parts[0] * parts[2] * parts[1] + parts[1]
        },
        [wave([2, 3])]
    ),
    case!("unbind into numbers", |a| a.unbind(0)[1].square() * a, [wave([2])]),
    case!("flip", |a| a.flip([0, -1]) * a * a, [wave([2, 3])]),
    case!("flip of nothing", |a| a.flip(1) * a, [wave([2, 0])]),
    case!("slice of an empty batch", |a| (a * a).slice_step(1, 1.., -2), [wave([0, 4])]),
    case!("flip of an empty batch", |a| a.flip([0, 1]) * a, [wave([0, 3])]),
    case!(
        "chunk of an empty batch",
        |a| {
            let [b, c] = a.chunk(-1);
            b * b * c
        },
        [wave([0, 4])]
    ),
];

#[cfg(test)]
mod tests;
