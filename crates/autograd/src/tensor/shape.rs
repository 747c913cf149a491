//! Shapes and strides.

use std::fmt;
use std::ops::{Deref, DerefMut};

use smallvec::SmallVec;

use super::cost;

/// The sizes of a tensor, outermost axis first. It is used like a slice. Up to four axes need no allocation.
#[derive(Default, PartialEq, Eq, Hash)]
pub struct Shape(SmallVec<[usize; 4]>);

impl Shape {
    /// The shape of a single number: no axes.
    pub fn new() -> Self {
        Shape::default()
    }

    /// These sizes.
    #[inline]
    pub fn from_slice(sizes: &[usize]) -> Self {
        Shape(short_copy(sizes))
    }

    /// The sizes as a slice.
    #[inline]
    pub fn as_slice(&self) -> &[usize] {
        &self.0
    }

    /// Adds an axis of this size at the end.
    pub fn push(&mut self, size: usize) {
        self.0.push(size);
    }

    /// Takes the last axis away, if there is one, and returns its size.
    #[inline]
    pub fn pop(&mut self) -> Option<usize> {
        self.0.pop()
    }

    /// Adds an axis of this size before another.
    ///
    /// # Panics
    /// If there are fewer axes.
    pub fn insert(&mut self, axis: usize, size: usize) {
        self.0.insert(axis, size);
    }

    /// Takes an axis out.
    ///
    /// # Panics
    /// If there is no such axis.
    pub fn remove(&mut self, axis: usize) -> usize {
        self.0.remove(axis)
    }
}

impl Clone for Shape {
    #[inline]
    fn clone(&self) -> Self {
        Shape::from_slice(self)
    }
}

impl Deref for Shape {
    type Target = [usize];

    #[inline]
    fn deref(&self) -> &[usize] {
        &self.0
    }
}

impl DerefMut for Shape {
    #[inline]
    fn deref_mut(&mut self) -> &mut [usize] {
        &mut self.0
    }
}

impl AsRef<[usize]> for Shape {
    #[inline]
    fn as_ref(&self) -> &[usize] {
        &self.0
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<&[usize]> for Shape {
    fn from(sizes: &[usize]) -> Self {
        Shape::from_slice(sizes)
    }
}

impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(sizes: I) -> Self {
        Shape(sizes.into_iter().collect())
    }
}

impl Extend<usize> for Shape {
    fn extend<I: IntoIterator<Item = usize>>(&mut self, sizes: I) {
        self.0.extend(sizes);
    }
}

impl<'a> IntoIterator for &'a Shape {
    type Item = &'a usize;
    type IntoIter = std::slice::Iter<'a, usize>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq<[usize]> for Shape {
    fn eq(&self, other: &[usize]) -> bool {
        self[..] == *other
    }
}

impl<const N: usize> PartialEq<[usize; N]> for Shape {
    fn eq(&self, other: &[usize; N]) -> bool {
        self[..] == *other
    }
}

/// The distance in memory of two neighbours along each axis, in elements. Zero repeats one
/// element along an axis (broadcasting), a negative stride walks backwards.
pub(crate) type Strides = SmallVec<[isize; 4]>;

/// A copy of a shape or of strides. Up to four numbers are moved one by one: tensors are copied so often
/// that calling the machine's general copy for them takes a twentieth of the time of a small model.
#[inline]
pub(super) fn short_copy<A: Copy + Default>(numbers: &[A]) -> SmallVec<[A; 4]> {
    let none = A::default();
    let few = match *numbers {
        [] => [none; 4],
        [a] => [a, none, none, none],
        [a, b] => [a, b, none, none],
        [a, b, c] => [a, b, c, none],
        [a, b, c, d] => [a, b, c, d],
        _ => return SmallVec::from_slice(numbers),
    };
    SmallVec::from_buf_and_len(few, numbers.len())
}

/// True if two shapes are equal. They have so few numbers that calling the machine's comparison takes longer.
pub(crate) fn same_sizes(a: &[usize], b: &[usize]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b)
}

/// The number of elements.
#[inline]
#[track_caller]
pub(super) fn count(shape: &[usize]) -> usize {
    let product = shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size));
    // No closure: the panic is to name the line of the caller.
    match product {
        Some(product) => product,
        None => uncountable(shape),
    }
}

#[cold]
#[track_caller]
fn uncountable(shape: &[usize]) -> ! {
    cost::end(size_of::<f32>() as f64 * shape.iter().map(|&size| size as f64).product::<f64>());
    panic!("shape {shape:?} has more elements than can be counted")
}

/// Strides of a tensor stored row by row.
#[inline]
pub(crate) fn contiguous_strides(shape: &[usize]) -> Strides {
    let size = |axis: usize| shape[axis] as isize;
    match shape.len() {
        0 => Strides::new(),
        1 => short_copy(&[1]),
        2 => short_copy(&[size(1), 1]),
        3 => short_copy(&[size(1) * size(2), size(2), 1]),
        4 => short_copy(&[size(1) * size(2) * size(3), size(2) * size(3), size(3), 1]),
        _ => {
            let inner = contiguous_strides(&shape[1..]);
            std::iter::once(inner[0] * size(1)).chain(inner).collect()
        }
    }
}

/// The shape that both `a` and `b` broadcast to: aligned at the last axis, where sizes are equal
/// or one of them is 1. `None` if there is none.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Option<Shape> {
    let rank = a.len().max(b.len());
    let size = |shape: &[usize], axis: usize| {
        // Missing leading axes count as size 1.
        (axis + shape.len()).checked_sub(rank).map_or(1, |axis| shape[axis])
    };
    (0..rank)
        .map(|axis| match (size(a, axis), size(b, axis)) {
            (1, n) | (n, 1) => Some(n),
            (m, n) => (m == n).then_some(m),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_follows_numpy() {
        assert_eq!(broadcast(&[3, 1], &[4]).unwrap().as_slice(), [3, 4]);
        assert_eq!(broadcast(&[], &[2, 2]).unwrap().as_slice(), [2, 2]);
        assert_eq!(broadcast(&[0], &[1]).unwrap().as_slice(), [0]);
        assert_eq!(broadcast(&[2], &[3]), None);
    }

    #[test]
    fn strides_of_rows() {
        assert_eq!(contiguous_strides(&[2, 3, 4]).as_slice(), [12, 4, 1]);
        assert_eq!(contiguous_strides(&[]).as_slice(), [0isize; 0]);
    }
}
