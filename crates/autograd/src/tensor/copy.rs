//! Copies in row-major order.

use smallvec::SmallVec;

use super::chunks::{CHUNK, for_each_chunk};
use super::gemm::Matrix;
use super::walk::Walk;
use super::{Tensor, cost};
use crate::Real;

/// The number of lines of a matrix that one task transposes.
const LINES: usize = 64;

/// The largest number of equal neighbours that are written in one loop with others.
const REPEATS: usize = 16;

impl<T: Real> Tensor<T> {
    /// True if it repeats a single number.
    pub(super) fn is_one_number(&self) -> bool {
        self.strides.iter().all(|&stride| stride == 0)
    }

    /// The axes from the slowest to the fastest in memory, if in that order the tensor is contiguous.
    pub(super) fn order_in_memory(&self) -> Option<SmallVec<[usize; 4]>> {
        let mut order: SmallVec<[usize; 4]> = (0..self.rank()).collect();
        order.sort_by_key(|&axis| -self.strides[axis]);
        self.permuted(&order).is_contiguous().then_some(order)
    }

    /// The walk through this tensor if it consists of transposed matrices: reading them
    /// element by element would waste the cache.
    pub(super) fn turned(&self) -> Option<Walk<1>> {
        let walk = Walk::new([self]);
        (walk.strides[0].last() == Some(&1) && walk.inner[0].abs() > 1).then_some(walk)
    }

    /// A contiguous copy.
    #[track_caller]
    pub(super) fn copied(&self) -> Self {
        if let Some(walk) = self.repeats_elements() {
            return self.with_repeats(&walk);
        }
        let Some(walk) = self.turned() else {
            return Tensor::combine_in_order([self], &|out, [piece]| {
                out.copy_from_slice(&piece[..out.len()])
            });
        };
        let (&lines, outer) = walk.outer.split_last().expect("an axis for every stride");
        // In blocks, so that the cache serves both sides.
        cost::work(self.len());
        let together = if outer.is_empty() || lines.is_multiple_of(LINES) { LINES } else { lines };
        Tensor::build(&self.shape, |out| {
            for_each_chunk(out, together * walk.len, |task, out| {
                let row = task * together / lines;
                let offset = row_start(row, outer, &walk.strides[0], walk.offsets[0]) as isize;
                let (buffer, strides) = (self.buffer.as_slice(), [1, walk.inner[0]]);
                let matrix = Matrix { buffer, offset, shape: [lines, walk.len], strides };
                matrix.part(0, task * together % lines, out.len() / walk.len).copy_to(out);
            });
        })
    }

    /// The walk through this tensor if it repeats each element a few times, as a picture whose pixels are enlarged does.
    fn repeats_elements(&self) -> Option<Walk<1>> {
        let walk = Walk::new([self]);
        (!self.is_empty() && walk.inner == [0] && walk.len <= REPEATS && !walk.outer.is_empty())
            .then_some(walk)
    }

    /// A copy that repeats each element, in one loop for all elements of a row. (As rows of two equal elements an enlarged
    /// picture takes nine times as long.)
    #[track_caller]
    fn with_repeats(&self, walk: &Walk<1>) -> Self {
        let (&count, outer) = walk.outer.split_last().expect("an axis that is repeated");
        let stride = *walk.strides[0].last().expect("one for every axis");
        let (times, buffer) = (walk.len, self.buffer.as_slice());
        let width = count * times;
        let together = (CHUNK / width).max(1);
        cost::work(self.len());
        Tensor::build(&self.shape, |out| {
            for_each_chunk(out, together * width, |task, out| {
                for (row, out) in out.chunks_exact_mut(width).enumerate() {
                    let first = row_start(task * together + row, outer, &walk.strides[0], walk.offsets[0]);
                    let elements = (0..count).map(|i| buffer[first.wrapping_add_signed(i as isize * stride)]);
                    if times == 2 {
                        let (pairs, _) = out.as_chunks_mut::<2>();
                        pairs.iter_mut().zip(elements).for_each(|(pair, x)| *pair = [x; 2]);
                    } else {
                        out.chunks_exact_mut(times).zip(elements).for_each(|(same, x)| same.fill(x));
                    }
                }
            });
        })
    }
}

/// Where in memory row number `row` starts, of rows counted along axes of these sizes and strides.
fn row_start(mut row: usize, sizes: &[usize], strides: &[isize], offset: usize) -> usize {
    let mut start = offset;
    for (&size, &stride) in sizes.iter().zip(strides).rev() {
        start = start.wrapping_add_signed((row % size) as isize * stride);
        row /= size;
    }
    start
}
