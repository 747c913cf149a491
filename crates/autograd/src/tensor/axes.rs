//! Axes as users write them: `1`, `-1` for the last, lists of these, and [`Keep`].

use std::fmt;

use smallvec::SmallVec;

use super::Shape;

/// One axis: counted from the first, `0`, or from the last, `-1`. Every integer that says an axis converts to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Axis(isize);

impl fmt::Debug for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Axis {
    /// This axis as an index into `shape`.
    #[track_caller]
    pub(crate) fn of(self, op: &str, shape: &[usize]) -> usize {
        let rank = shape.len();
        let Some(axis) = self.among(rank) else {
            panic!("{op}: axis {self:?} is out of range for shape {shape:?}, which has {rank} axes");
        };
        axis
    }

    /// This axis as an index, if it is one of so many.
    pub(crate) fn among(self, rank: usize) -> Option<usize> {
        let from_start = if self.0 < 0 { self.0 + rank as isize } else { self.0 };
        usize::try_from(from_start).ok().filter(|&axis| axis < rank)
    }
}

/// Axes to reduce over: `1`, `-1` (the last), `[0, 2]`, a slice or a vector of these, or any of them in [`Keep`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say axes",
    label = "no axes",
    note = "axes are said by an integer (`-1` is the last), a list of integers, or one of these in `Keep`"
)]
pub trait Axes {
    /// The axes as the user wrote them.
    fn list(&self) -> impl Iterator<Item = Axis>;

    /// True if reduced axes stay, with size 1.
    fn keep(&self) -> bool {
        false
    }
}

// Literals become `i32`; sizes and counters are `usize`; numbers that count from both ends are `isize`.
macro_rules! integers {
    ($($Integer:ty),*) => {$(
        impl From<$Integer> for Axis {
            fn from(axis: $Integer) -> Self {
                // No tensor has so many axes that another number would do.
                Axis(isize::try_from(axis).unwrap_or(isize::MAX))
            }
        }

        impl Axes for $Integer {
            fn list(&self) -> impl Iterator<Item = Axis> {
                std::iter::once((*self).into())
            }
        }
    )*};
}

integers!(i32, isize, usize);

impl Axes for Axis {
    fn list(&self) -> impl Iterator<Item = Axis> {
        std::iter::once(*self)
    }
}

impl<A: Copy + Into<Axis>> Axes for [A] {
    fn list(&self) -> impl Iterator<Item = Axis> {
        self.iter().map(|&axis| axis.into())
    }
}

impl<A: Copy + Into<Axis>, const N: usize> Axes for [A; N] {
    fn list(&self) -> impl Iterator<Item = Axis> {
        self[..].list()
    }
}

impl<A: Copy + Into<Axis>> Axes for Vec<A> {
    fn list(&self) -> impl Iterator<Item = Axis> {
        self[..].list()
    }
}

impl<A: Axes + ?Sized> Axes for &A {
    fn list(&self) -> impl Iterator<Item = Axis> {
        (**self).list()
    }
    fn keep(&self) -> bool {
        (**self).keep()
    }
}

/// Reduced axes stay in the shape with size 1, so that the result broadcasts against the input:
/// `x - x.mean_over(Keep(1))`.
#[derive(Clone, Copy, Debug)]
pub struct Keep<A>(pub A);

impl<A: Axes> Axes for Keep<A> {
    fn list(&self) -> impl Iterator<Item = Axis> {
        self.0.list()
    }
    fn keep(&self) -> bool {
        true
    }
}

/// The listed axes as indices into `shape`.
#[track_caller]
pub(crate) fn resolve_axes(op: &str, shape: &[usize], axes: &impl Axes) -> SmallVec<[usize; 4]> {
    let mut seen: SmallVec<[usize; 4]> = SmallVec::new();
    for axis in axes.list() {
        let axis = axis.of(op, shape);
        if seen.contains(&axis) {
            panic!("{op}: axis {axis} is listed twice");
        }
        seen.push(axis);
    }
    seen
}

/// `shape` with every listed axis set to 1.
#[track_caller]
pub(crate) fn reduced_shape(op: &str, shape: &[usize], axes: &impl Axes) -> Shape {
    let mut kept = Shape::from_slice(shape);
    resolve_axes(op, shape, axes).iter().for_each(|&axis| kept[axis] = 1);
    kept
}

/// `shape` without the listed axes.
#[track_caller]
pub(crate) fn dropped_shape(shape: &[usize], axes: &impl Axes) -> Shape {
    let gone = resolve_axes("reduce", shape, axes);
    shape.iter().enumerate().filter(|(axis, _)| !gone.contains(axis)).map(|(_, &size)| size).collect()
}

/// The order of all axes that the user wrote, as indices.
#[track_caller]
pub(crate) fn permutation(op: &str, shape: &[usize], order: &impl Axes) -> SmallVec<[usize; 4]> {
    let (list, rank) = (order.list().collect::<SmallVec<[Axis; 4]>>(), shape.len());
    let order: SmallVec<[usize; 4]> = list.iter().filter_map(|axis| axis.among(rank)).collect();
    if list.len() != rank || !(0..rank).all(|axis| order.contains(&axis)) {
        panic!("{op}: {list:?} is not a permutation of the axes of {shape:?}");
    }
    order
}

/// The order that undoes an order of axes: where each axis has gone.
pub(crate) fn inverse(order: &[usize]) -> SmallVec<[usize; 4]> {
    let mut places = SmallVec::from_elem(0, order.len());
    order.iter().enumerate().for_each(|(place, &axis)| places[axis] = place);
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_written_in_many_ways() {
        let shape = [2, 3, 4];
        let list = |axes: &dyn Fn() -> SmallVec<[usize; 4]>| axes().to_vec();
        assert_eq!(list(&|| resolve_axes("sum", &shape, &-1)), [2]);
        assert_eq!(list(&|| resolve_axes("sum", &shape, &1_usize)), [1]);
        assert_eq!(list(&|| resolve_axes("sum", &shape, &-2_isize)), [1]);
        assert_eq!(list(&|| resolve_axes("sum", &shape, &[0, -1])), [0, 2]);
        assert_eq!(list(&|| resolve_axes("sum", &shape, &vec![2_usize, 0])), [2, 0]);
        assert_eq!(list(&|| resolve_axes("sum", &shape, &&[1_isize, -1][..])), [1, 2]);
        assert!(Keep(&[0, 1][..]).keep() && Keep(-1).keep());
        assert_eq!(list(&|| permutation("permute", &shape, &[-1, 0, 1])), [2, 0, 1]);
        assert_eq!(inverse(&[2, 0, 1])[..], [1, 2, 0]);
    }

    #[test]
    #[should_panic(expected = "sum: axis 9223372036854775807 is out of range for shape [2]")]
    fn no_axis_is_taken_for_another() {
        resolve_axes("sum", &[2], &usize::MAX);
    }
}
