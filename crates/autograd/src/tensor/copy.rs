//! Copies in row-major order.

use smallvec::SmallVec;

use super::chunks::for_each_chunk;
use super::gemm::Matrix;
use super::walk::Walk;
use super::{Tensor, cost};
use crate::Real;

/// The number of lines of a matrix that one task transposes.
const LINES: usize = 64;

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
                let (mut rest, mut offset) = (task * together / lines, walk.offsets[0] as isize);
                for (&size, &stride) in outer.iter().zip(&walk.strides[0]).rev() {
                    offset += (rest % size) as isize * stride;
                    rest /= size;
                }
                let (buffer, strides) = (self.buffer.as_slice(), [1, walk.inner[0]]);
                let matrix = Matrix { buffer, offset, shape: [lines, walk.len], strides };
                matrix.part(0, task * together % lines, out.len() / walk.len).copy_to(out);
            });
        })
    }
}
