//! A copy of the left factor of a product, where its rows are columns in memory.
//!
//! Such a tile takes six numbers from each of hundreds of places, too many for the nearest cache; the next tile of these columns
//! comes to the same places again, and so do the tiles of all further columns of the result.

use smallvec::SmallVec;

use super::super::matrix::Matrix;
use super::super::pool::{Buffer, LINE};
use super::{Product, ROWS, even};
use crate::Real;

/// The copy is worth its time where the numbers of a row of `a` are so many bytes apart, and where the result has so many columns,
/// each a sum of so many products. (`aᵀ b` of 1024 × 1024 numbers: 24 → 14.5 ms on Sapphire Rapids; gradients of a layer from 512
/// to 128 numbers by 2048 examples: 2.6 → 2.1 ms. Nearer numbers would take a tenth longer.)
const APART: usize = 2048;
const COLUMNS: usize = 128;
pub(super) const PRODUCTS: usize = 384;

/// Rows of `a` as tiles read them: for each tile a strip, with the numbers of its rows for the first product of a sum, then those
/// for the second, and so on.
pub(super) struct Strips<T: Real> {
    buffer: Buffer<T>,
    /// Rows of the highest tile, which is the first.
    height: usize,
    /// The distance from strip to strip: an odd number of cache lines, so that the beginnings of all strips have a place in the
    /// nearest cache at once.
    apart: usize,
}

#[allow(unsafe_code)]
impl<T: Real> Strips<T> {
    /// Room for stretches of this length, if they are worth it.
    #[inline(always)]
    pub(super) fn of(product: &Product<T>, stretch: usize) -> Option<Self> {
        let ([m, _], [_, n]) = (product.a.shape, product.b.shape);
        let bytes = product.a.strides[1].unsigned_abs() * size_of::<T>();
        if bytes < APART || n < COLUMNS || stretch < PRODUCTS {
            return None;
        }
        let height = even(m, ROWS).next()?.len();
        let line = LINE / size_of::<T>();
        let apart = ((height * stretch).div_ceil(line) | 1) * line;
        let buffer = Buffer::stale(m.div_ceil(ROWS) * apart)?;
        Some(Strips { buffer, height, apart })
    }

    /// Copies a stretch of `a`, whose first number is at `from`.
    ///
    /// # Safety
    /// `depth` columns can be read.
    #[inline(always)]
    pub(super) unsafe fn fill(&mut self, from: *const T, a: Matrix<T>, depth: usize) {
        let ([m, _], [row, column]) = (a.shape, a.strides);
        let Strips { height, apart, .. } = *self;
        let starts: SmallVec<[usize; 64]> = even(m, ROWS).map(|rows| rows.start).collect();
        let room = self.buffer.as_mut_slice();
        assert!(height * depth <= apart && room.len() >= starts.len() * apart);
        for q in 0..depth {
            let from = from.wrapping_offset(q as isize * column);
            let mut to = room.as_mut_ptr().wrapping_add(q * height);
            for &start in &starts {
                // SAFETY: rows `start .. start + height`, as far as they are there, are inside a, and the strip has room for
                // `height` numbers from q · height on.
                unsafe {
                    if row == 1 && height == ROWS && start + ROWS <= m {
                        *to.cast::<[T; ROWS]>() = from.add(start).cast::<[T; ROWS]>().read_unaligned();
                    } else {
                        for i in 0..height.min(m - start) {
                            *to.add(i) = *from.wrapping_offset((start + i) as isize * row);
                        }
                    }
                }
                to = to.wrapping_add(apart);
            }
        }
    }

    /// Where a tile finds its numbers, and how far it is from row to row and from product to product.
    #[inline(always)]
    pub(super) fn of_tile(&self, number: usize) -> (*const T, [isize; 2]) {
        let start = &self.buffer.as_slice()[number * self.apart..];
        (start.as_ptr(), [1, self.height as isize])
    }
}
