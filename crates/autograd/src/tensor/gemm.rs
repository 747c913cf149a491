//! The kernel of the matrix product, `cᵢⱼ = Σₚ aᵢₚ bₚⱼ`.
//!
//! A processor multiplies and adds whole vectors, faster than it can fetch them, so a vector that has been fetched is
//! used many times. The result is made of *tiles* of a few rows and a few vectors of columns, small enough
//! that their running sums stay in registers. One step of a tile,
//!
//! > `tile += (one column of a) (one row of b)`,
//!
//! reads 6 numbers and 4 vectors and does 24 vector multiplications. The rows of `b` that a tile walks
//! through are copied, so that they lie one after the other (a *panel*): by the first tile, on the way, where they
//! are contiguous, which hides the reading behind the arithmetic (products of W1 to W4: 4 to 6 % faster); else
//! beforehand. The tiles after it fetch the numbers of the next panel (gradients of W2's inputs: 6 %). `a` is
//! read where it is, unless its numbers lie so that this is slow (`strips.rs`).
//!
//! Products that are too small for that are computed without panels, by `dots.rs` (few rows) and `small.rs`.
//!
//! Every element is the sum of its products in the order of `p`, in equal stretches of at most [`DEPTH`], wherever its
//! tile lies. So the bits do not depend on how a product is divided among threads.
//!
//! Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008.

mod dots;
mod small;
mod strips;
mod tile;

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::matrix::copy;
pub(super) use super::matrix::{Matrix, Place};
use super::pool::{Buffer, LINE, too_large};
use crate::Real;
use strips::Strips;
use tile::{Beside, Tile};

/// Rows of a tile.
pub(super) const ROWS: usize = 6;

/// The most products added up in registers before the result is visited: a panel of so many rows stays in
/// the second-level cache.
const DEPTH: usize = 832;

/// Lanes of the widest vectors.
pub(super) const LANES: usize = 16;

/// At most so many rows are done as dot products.
pub(super) const FEW: usize = 2;

/// So many multiplications are too few for tiles.
const SMALL: usize = 1 << 11;

/// A task of this file.
pub enum Work<'w, T> {
    /// A product of matrices.
    Product(&'w Product<'w, T>),
    /// Products of listed rows.
    Listed(&'w Listed<'w, T>),
}

impl<T: Real> WithSimd for Work<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self {
            Work::Product(product) => product.with_simd(simd),
            Work::Listed(listed) => listed.with_simd(simd),
        }
    }
}

/// The numbers that are added to a product at last: one for each row (axis 0) or for each column (axis 1). If there
/// are no numbers, nothing is added. (Not an enum: bytes that a variant leaves undefined are reported by memory
/// checkers, because the compiler may look at it before it looks at the variant.)
#[derive(Clone, Copy)]
pub(super) struct Bias<'b, T> {
    pub(super) axis: usize,
    pub(super) numbers: &'b [T],
}

impl<T: Real> Bias<'_, T> {
    pub(super) const NONE: Self = Bias { axis: 0, numbers: &[] };

    pub(super) fn t(self) -> Self {
        Bias { axis: 1 - self.axis, ..self }
    }

    /// For rows (axis 0) or columns (axis 1) from number `start` on.
    pub(super) fn part(self, axis: usize, start: usize) -> Self {
        let here = axis == self.axis && !self.numbers.is_empty();
        if here { Bias { numbers: &self.numbers[start..], ..self } } else { self }
    }

    /// Added to element `(i, j)`.
    #[inline(always)]
    fn to(self, i: usize, j: usize, sum: T) -> T {
        match self.axis {
            _ if self.numbers.is_empty() => sum,
            0 => sum + self.numbers[i],
            _ => sum + self.numbers[j],
        }
    }
}

/// The ways to a product. They may add up in different orders, so all parts of a product go the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernel {
    /// Tiles of rows and columns.
    Tiles,
    /// A dot product for each element: for few rows, where both matrices are contiguous along the sum.
    Dots,
    /// One vector after the other: for few multiplications, where rows of the right factor and of the result are
    /// contiguous.
    Small,
}

impl Kernel {
    /// The better one for these matrices.
    pub(super) fn of<T>(a: &Matrix<T>, b: &Matrix<T>, out: &Place<T>) -> Self {
        let ([m, k], [_, n]) = (a.shape, b.shape);
        if m <= FEW && a.strides[1] == 1 && b.strides[0] == 1 {
            Kernel::Dots
        } else if m * k * n <= SMALL && b.strides[1] == 1 && out.strides[1] == 1 {
            Kernel::Small
        } else {
            Kernel::Tiles
        }
    }
}

/// A product of matrices, `out = a b + bias`.
pub struct Product<'p, T> {
    pub(super) kernel: Kernel,
    pub(super) a: Matrix<'p, T>,
    pub(super) b: Matrix<'p, T>,
    pub(super) bias: Bias<'p, T>,
    pub(super) out: Place<T>,
}

impl<T: Real> Product<'_, T> {
    /// Computes it on this thread.
    ///
    /// # Safety
    /// No size is 0. `out` has room for as many rows as `a` has and columns as `b` has, and nothing else reads or writes
    /// them. The kernel is that of these matrices, or of those whose parts they are.
    #[allow(unsafe_code)]
    pub(super) unsafe fn multiply(&self) {
        assert_eq!(self.a.shape[1], self.b.shape[0]);
        T::run(Work::Product(self));
    }
}

impl<T: Real> WithSimd for &Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.kernel {
            // As functions of their own, whose variables stay in registers.
            Kernel::Dots => simd.vectorize(
                #[inline(always)]
                || self.dots(simd),
            ),
            Kernel::Small => simd.vectorize(
                #[inline(always)]
                || self.small(simd),
            ),
            // 6 × 4 running sums, 4 vectors of b and 1 of a need 29 registers of 32; 6 × 2 need 15 of 16.
            Kernel::Tiles if S::REGISTER_COUNT >= 32 => self.run::<S, 4>(simd),
            Kernel::Tiles => self.run::<S, 2>(simd),
        }
    }
}

#[allow(unsafe_code)]
impl<T: Real> Product<'_, T> {
    #[inline(always)]
    fn run<S: Simd, const VECTORS: usize>(&self, simd: S) {
        let ([m, k], [_, n]) = (self.a.shape, self.b.shape);
        let stretch = k.div_ceil(k.div_ceil(DEPTH));
        let (a, b) = (self.a.start(), self.b.start());
        let lanes = size_of::<T::V<S>>() / size_of::<T>();
        let room = stretch * (VECTORS * lanes).min(n.next_multiple_of(lanes));
        let Some(mut panel) = Buffer::stale(room) else { too_large::<T>(&[room]) };
        let mut strips = Strips::of(self, stretch);
        for p in (0..k).step_by(stretch) {
            let depth = stretch.min(k - p);
            if let Some(strips) = &mut strips {
                // SAFETY: columns p .. p + depth are inside a.
                unsafe { strips.fill(a.wrapping_offset(self.a.at(0, p)), self.a, depth) };
            }
            for part in even(n.div_ceil(lanes), VECTORS) {
                let (j, vectors, width) = (part.start * lanes, part.len(), part.len() * lanes);
                let columns = width.min(n - j);
                let from = b.wrapping_offset(self.b.at(p, j));
                // The first tile, if it has all rows, can copy the numbers that it reads.
                let on_the_way =
                    self.b.strides[1] == 1 && columns == width && m.div_ceil(m.div_ceil(ROWS)) == ROWS;
                if !on_the_way {
                    // SAFETY: rows p .. p + depth and columns j .. j + columns are inside b.
                    unsafe {
                        pack(from, self.b.strides, [depth, columns], panel.as_mut_slice(), width);
                    }
                }
                let panel = panel.as_mut_slice().as_mut_ptr();
                // Each tile after it fetches one cache line of every row that the next panel will be made of, until all
                // are there: one more than a row has numbers for, because it need not begin where a line does.
                let last = part.end * lanes >= n;
                let next =
                    b.wrapping_offset(if last { self.b.at(p + depth, 0) } else { self.b.at(p, j + width) });
                let lines = width * size_of::<T>() / LINE + 1;
                for (number, rows) in even(m, ROWS).enumerate() {
                    let i = rows.start;
                    // Where the tile reads rows of b, and how far it is from one to the next.
                    let (where_they_are, in_panel) =
                        ((from, self.b.strides[0]), (panel.cast_const(), width as isize));
                    let ((b, step), beside) = match number {
                        0 if on_the_way => (where_they_are, Beside::Copy(panel)),
                        1.. if on_the_way && number <= lines => {
                            let line = next.wrapping_byte_add((number - 1) * LINE);
                            (in_panel, Beside::Fetch(line, self.b.strides[0]))
                        }
                        _ => (in_panel, Beside::Nothing),
                    };
                    let (a, [row, along]) = match &strips {
                        Some(strips) => strips.of_tile(number),
                        None => (a.wrapping_offset(self.a.at(i, p)), self.a.strides),
                    };
                    let tile = Tile {
                        a,
                        row,
                        b,
                        runs: &[[0, 0]],
                        run: Run { length: depth, steps: [along, step] },
                        beside,
                        bias: if p + depth == k { self.bias.part(0, i).part(1, j) } else { Bias::NONE },
                        first: p == 0,
                        out: self.out.part(0, i).part(1, j),
                        columns,
                    };
                    // SAFETY: rows i .. i + rows and columns j .. j + columns are inside a, b and out.
                    unsafe { tile.of_size::<S, VECTORS>(simd, rows.len(), vectors) };
                }
            }
        }
    }
}

/// Divides a length into parts of at most so many, the first of them the longest: the fewest parts, about
/// equally long. A tile that is much smaller than the others would take more time than its share.
fn even(length: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let parts = length.div_ceil(most);
    (0..parts).map(move |i| (i * length).div_ceil(parts)..((i + 1) * length).div_ceil(parts))
}

/// Many products at once, whose rows and columns are not where they are in a matrix:
///
/// > `out[i, j] = Σ a[row · i + runs[s][0] + r · steps[0]] · b[runs[s][1] + r · steps[1] + j]`
///
/// summed over `s` and over `r` below the length of a run.
pub struct Listed<'l, T> {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) a: *const T,
    pub(super) row: isize,
    pub(super) b: *const T,
    pub(super) runs: &'l [[isize; 2]],
    pub(super) run: Run,
    pub(super) out: Place<T>,
    /// True if `out` is written, false if it is added to.
    pub(super) first: bool,
}

/// The products that follow each place of a list: so many, so far apart in `a` and `b`.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) length: usize,
    pub(super) steps: [isize; 2],
}

impl<T: Real> Listed<'_, T> {
    /// Computes them on this thread.
    ///
    /// # Safety
    /// Everything that the equation mentions can be read, for `columns` rounded up to a multiple of
    /// [`LANES`]; `out` can be written, and nothing else reads or writes it.
    #[allow(unsafe_code)]
    pub(super) unsafe fn add_up(&self) {
        T::run(Work::Listed(self));
    }
}

impl<T: Real> WithSimd for &Listed<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::REGISTER_COUNT {
            32.. => self.all::<S, 4>(simd),
            _ => self.all::<S, 2>(simd),
        }
    }
}

#[allow(unsafe_code)]
impl<T: Real> Listed<'_, T> {
    #[inline(always)]
    fn all<S: Simd, const VECTORS: usize>(&self, simd: S) {
        let lanes = size_of::<T::V<S>>() / size_of::<T>();
        let width = VECTORS * lanes;
        for j in (0..self.columns).step_by(width) {
            let columns = width.min(self.columns - j);
            for i in (0..self.rows).step_by(ROWS) {
                let tile = Tile {
                    a: self.a.wrapping_offset(i as isize * self.row),
                    row: self.row,
                    b: self.b.wrapping_add(j),
                    runs: self.runs,
                    run: self.run,
                    beside: Beside::Nothing,
                    bias: Bias::NONE,
                    first: self.first,
                    out: self.out.part(0, i).part(1, j),
                    columns,
                };
                // SAFETY: promised to `add_up`.
                unsafe {
                    tile.of_size::<S, VECTORS>(simd, ROWS.min(self.rows - i), columns.div_ceil(lanes));
                }
            }
        }
    }
}

/// Copies a part of `b` into a panel whose rows are `width` numbers, filled up with zeros.
///
/// # Safety
/// The part with this shape and these strides, from `from` on, can be read.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn pack<T: Real>(
    from: *const T,
    strides: [isize; 2],
    [depth, columns]: [usize; 2],
    panel: &mut [T],
    width: usize,
) {
    let panel = &mut panel[..depth * width];
    if columns < width {
        panel.chunks_exact_mut(width).for_each(|row| row[columns..].fill(T::zero()));
    }
    let to = Place { start: panel.as_mut_ptr(), strides: [width as isize, 1] };
    // SAFETY: the panel has `depth` rows of at least `columns` numbers, and is borrowed mutably.
    unsafe { copy(from, strides, [depth, columns], to) };
}

#[cfg(test)]
mod tests;
