//! The general path of a kernel: the rows of strided operands, a block at a time.

use smallvec::SmallVec;

use super::map::Fill;
use super::{Shape, Strides, Tensor};
use crate::Real;

/// The rows of `N` operands of one shape, for reading them together in row-major order.
pub(super) struct Walk<const N: usize> {
    /// Outer sizes; the innermost axis is `len`.
    pub(super) outer: Shape,
    /// Strides of each operand along the outer axes.
    pub(super) strides: [Strides; N],
    pub(super) offsets: [usize; N],
    /// Length of a row, and the stride of each operand along it.
    pub(super) len: usize,
    pub(super) inner: [isize; N],
}

impl<const N: usize> Walk<N> {
    pub(super) fn new<T: Real>(operands: [&Tensor<T>; N]) -> Self {
        // Neighbouring axes that every operand steps through evenly are merged into one.
        let mut shape = Shape::new();
        let mut strides: [Strides; N] = std::array::from_fn(|_| Strides::new());
        for (axis, &size) in operands[0].shape.iter().enumerate().filter(|(_, size)| **size != 1) {
            let even = |k: usize| strides[k].last() == Some(&(operands[k].strides[axis] * size as isize));
            let merge = (0..N).all(even);
            if merge {
                *shape.last_mut().expect("an even stride has an axis before it") *= size;
            } else {
                shape.push(size);
            }
            for (strides, operand) in strides.iter_mut().zip(operands) {
                if merge {
                    strides.pop();
                }
                strides.push(operand.strides[axis]);
            }
        }
        let len = shape.pop().unwrap_or(1);
        let inner = std::array::from_fn(|k| strides[k].pop().unwrap_or(1));
        Walk { outer: shape, strides, offsets: operands.map(|t| t.offset), len, inner }
    }

    /// Calls `visit(offsets of the row's first elements)` for rows `start..end`.
    fn rows(&self, start: usize, end: usize, mut visit: impl FnMut([usize; N])) {
        let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, self.outer.len());
        let mut rest = start;
        for (position, &size) in index.iter_mut().zip(&self.outer).rev() {
            *position = rest % size;
            rest /= size;
        }
        let mut at: [isize; N] = std::array::from_fn(|k| {
            let steps = index.iter().zip(&self.strides[k]);
            self.offsets[k] as isize + steps.map(|(&i, &stride)| i as isize * stride).sum::<isize>()
        });
        for _ in start..end {
            visit(at.map(|offset| offset as usize));
            // The odometer: advance the last axis, carry into the one before.
            for axis in (0..self.outer.len()).rev() {
                index[axis] += 1;
                let wrap = index[axis] == self.outer[axis];
                for (at, strides) in at.iter_mut().zip(&self.strides) {
                    *at += strides[axis] * if wrap { 1 - self.outer[axis] as isize } else { 1 };
                }
                if !wrap {
                    break;
                }
                index[axis] = 0;
            }
        }
    }

    /// Fills `out` from the operands' elements number `start` and following, at most `BLOCK` of them at a time.
    pub(super) fn fill<T: Real, const BLOCK: usize>(
        &self,
        buffers: [&[T]; N],
        start: usize,
        mut out: &mut [T],
        fill: &Fill<T, N>,
    ) {
        let (end, mut column) = (start + out.len(), start % self.len);
        let mut scratch = [[T::zero(); BLOCK]; N];
        // Of an operand that repeats one number along the row: where the number in its scratch comes from.
        let mut repeated = [usize::MAX; N];
        self.rows(start / self.len, end.div_ceil(self.len), |at| {
            let here = out.len().min(self.len - column);
            let row = out.split_off_mut(..here).expect("as long as was asked for");
            for (block, out) in row.chunks_mut(BLOCK).enumerate() {
                let (first, mut scratch) = (column + block * BLOCK, scratch.iter_mut());
                let pieces = std::array::from_fn(|k| {
                    let scratch = scratch.next().expect("one for each");
                    if self.inner[k] != 0 {
                        return gather(buffers[k], at[k], first, self.inner[k], &mut scratch[..out.len()]);
                    }
                    if repeated[k] != at[k] {
                        repeated[k] = at[k];
                        scratch[..BLOCK.min(self.len)].fill(buffers[k][at[k]]);
                    }
                    &scratch[..out.len()]
                });
                fill(out, &pieces);
            }
            column = 0;
        });
    }
}

/// As many elements as `scratch` has of a row that starts at `start`, from number `first` on, `stride` apart in
/// memory: where they are, or gathered.
fn gather<'d, T: Real>(
    buffer: &'d [T],
    start: usize,
    first: usize,
    stride: isize,
    scratch: &'d mut [T],
) -> &'d [T] {
    let at = |i: usize| start.wrapping_add_signed((first + i) as isize * stride);
    if stride == 1 {
        return &buffer[at(0)..][..scratch.len()];
    }
    scratch.iter_mut().enumerate().for_each(|(i, y)| *y = buffer[at(i)]);
    scratch
}
