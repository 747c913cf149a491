//! Shapes and strides.

use smallvec::SmallVec;

/// The sizes of a tensor, outermost axis first. Up to four axes need no allocation.
pub type Shape = SmallVec<[usize; 4]>;

/// How far apart in memory two neighbours along each axis lie, in elements. Zero repeats one
/// element along an axis (broadcasting), a negative stride walks backwards.
pub(crate) type Strides = SmallVec<[isize; 4]>;

/// A copy of a shape or of strides. Up to four numbers are moved one by one: tensors are copied so often
/// that calling the machine's general copy for them takes a twentieth of the time of a small model.
#[inline]
pub(crate) fn short_copy<A: Copy + Default>(numbers: &[A]) -> SmallVec<[A; 4]> {
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

/// Whether two shapes are equal: of a few numbers each, so that calling the machine's comparison takes longer.
pub(crate) fn same_sizes(a: &[usize], b: &[usize]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a == b)
}

/// The number of elements.
#[inline]
#[track_caller]
pub(super) fn count(shape: &[usize]) -> usize {
    let product = shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size));
    let Some(product) = product else { panic!("shape {shape:?} has more elements than can be counted") };
    product
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
