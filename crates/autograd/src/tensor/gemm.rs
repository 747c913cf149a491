//! The kernel of the matrix product, `cᵢⱼ = Σₚ aᵢₚ bₚⱼ`.
//!
//! A processor multiplies and adds whole vectors, faster than it can fetch them, so what has been fetched is
//! used many times. The result is made of *tiles* of a few rows and a few vectors of columns, small enough
//! that their running sums stay in registers. One step of a tile,
//!
//! > `tile += (one column of a) (one row of b)`,
//!
//! reads 6 numbers and 4 vectors and does 24 vector multiplications. The rows of `b` that a tile walks
//! through are copied beforehand, so that they lie one after the other (a *panel*); `a` is read where it
//! is.
//!
//! Every element is the sum of its products in the order of `p`, in equal stretches of at most [`DEPTH`], wherever its
//! tile lies. So the bits do not depend on how a product is divided among threads.
//!
//! Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008.

use pulp::{Arch, Simd, WithSimd};

use super::pool::Buffer;
use crate::Real;

/// Rows of a tile.
pub(super) const ROWS: usize = 6;

/// The most products added up in registers before the result is visited: a panel of so many rows stays in
/// the second-level cache.
const DEPTH: usize = 832;

/// Lanes of the widest vectors.
pub(super) const LANES: usize = 16;

/// At most so many rows are done as dot products.
pub(super) const FEW: usize = 2;

/// Vectors of `f32` or `f64`, as wide as the machine's.
pub trait Lanes: Copy {
    /// A vector.
    type V<S: Simd>: Copy;

    /// All lanes the same.
    fn splat<S: Simd>(simd: S, x: Self) -> Self::V<S>;
    /// `a b + c`.
    fn mul_add<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>, c: Self::V<S>) -> Self::V<S>;
    /// `a + b`.
    fn add_vectors<S: Simd>(simd: S, a: Self::V<S>, b: Self::V<S>) -> Self::V<S>;
    /// The sum of all lanes.
    fn sum_lanes<S: Simd>(simd: S, a: Self::V<S>) -> Self;

    /// Does the work with the machine's vectors. For one type it is one function: the kernels are compiled
    /// here, and not again in every crate that multiplies.
    #[doc(hidden)]
    fn run(work: Work<Self>);
}

/// What this file computes.
pub enum Work<'w, T> {
    /// A product of matrices.
    Product(Product<'w, T>),
    /// Products of listed rows.
    Listed(Listed<'w, T>),
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

macro_rules! lanes {
    ($t:ident, $v:ident, $splat:ident, $mul_add:ident, $add:ident, $sum:ident) => {
        impl Lanes for $t {
            type V<S: Simd> = S::$v;

            #[inline(always)]
            fn splat<S: Simd>(simd: S, x: Self) -> S::$v {
                simd.$splat(x)
            }
            #[inline(always)]
            fn mul_add<S: Simd>(simd: S, a: S::$v, b: S::$v, c: S::$v) -> S::$v {
                simd.$mul_add(a, b, c)
            }
            #[inline(always)]
            fn add_vectors<S: Simd>(simd: S, a: S::$v, b: S::$v) -> S::$v {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn sum_lanes<S: Simd>(simd: S, a: S::$v) -> Self {
                simd.$sum(a)
            }
            #[inline(never)]
            fn run(work: Work<$t>) {
                Arch::new().dispatch(work);
            }
        }
    };
}

lanes!(f32, f32s, splat_f32s, mul_add_e_f32s, add_f32s, reduce_sum_f32s);
lanes!(f64, f64s, splat_f64s, mul_add_e_f64s, add_f64s, reduce_sum_f64s);

/// Where a matrix lies: element `(i, j)` is `buffer[offset + i · strides[0] + j · strides[1]]`.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a, T> {
    pub(super) buffer: &'a [T],
    pub(super) offset: isize,
    pub(super) shape: [usize; 2],
    pub(super) strides: [isize; 2],
}

impl<T> Matrix<'_, T> {
    pub(super) fn t(mut self) -> Self {
        self.shape.reverse();
        self.strides.reverse();
        self
    }

    /// `count` rows (axis 0) or columns (axis 1) from number `start` on.
    pub(super) fn part(mut self, axis: usize, start: usize, count: usize) -> Self {
        assert!(start + count <= self.shape[axis]);
        self.offset += start as isize * self.strides[axis];
        self.shape[axis] = count;
        self
    }

    /// Copies the elements, row by row.
    ///
    /// # Panics
    /// If `out` has another number of them.
    #[allow(unsafe_code)]
    pub(super) fn copy_to(self, out: &mut [T])
    where
        T: Real,
    {
        let [rows, columns] = self.shape;
        assert_eq!(out.len(), rows * columns);
        let to = Place { start: out.as_mut_ptr(), strides: [columns as isize, 1] };
        // SAFETY: `start` makes sure of the one side, the assertion of the other.
        unsafe { copy(self.start(), self.strides, self.shape, to) };
    }

    /// The address of the first element, after making sure that all of them are inside the buffer: the
    /// extremes of a linear function over a box are at its corners.
    fn start(&self) -> *const T {
        assert!(!self.shape.contains(&0), "an empty matrix has no corners");
        let reach = |axis: usize| (self.shape[axis] as isize - 1) * self.strides[axis];
        let corners = [0, reach(0), reach(1), reach(0) + reach(1)].map(|r| self.offset + r);
        let inside = 0..self.buffer.len() as isize;
        assert!(corners.iter().all(|corner| inside.contains(corner)), "matrix outside its buffer");
        self.buffer.as_ptr().wrapping_offset(self.offset)
    }
}

/// Where a result is written: element `(i, j)` at `start + i · strides[0] + j · strides[1]`.
#[derive(Clone, Copy)]
pub(super) struct Place<T> {
    pub(super) start: *mut T,
    pub(super) strides: [isize; 2],
}

impl<T> Place<T> {
    pub(super) fn t(mut self) -> Self {
        self.strides.reverse();
        self
    }

    /// The place of what begins at row or column number `start`.
    pub(super) fn part(self, axis: usize, start: usize) -> Self {
        Place { start: self.start.wrapping_offset(start as isize * self.strides[axis]), ..self }
    }
}

// SAFETY: a place is only written to by `product`, whose callers give every task a part of its own.
#[allow(unsafe_code)]
unsafe impl<T: Send> Sync for Place<T> {}

/// What is added to a product at last: a number for each row (axis 0) or for each column (axis 1). If there
/// are no numbers, nothing is added. (Not an enum: what a variant leaves undefined is reported by memory
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
        if self.numbers.is_empty() { sum } else { sum + self.numbers[[i, j][self.axis]] }
    }
}

/// `out = a b + bias` on this thread, for sizes above 0.
///
/// # Safety
/// `out` has room for as many rows as `a` has and columns as `b` has, and nobody else reads or writes them.
#[allow(unsafe_code)]
pub(super) unsafe fn product<T: Real>(
    kernel: Kernel,
    a: Matrix<T>,
    b: Matrix<T>,
    bias: Bias<T>,
    out: Place<T>,
) {
    assert_eq!(a.shape[1], b.shape[0]);
    T::run(Work::Product(Product { kernel, a, b, bias, out }));
}

/// The two ways to a product. They add up in different orders, so all parts of a product go the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernel {
    /// Tiles of rows and columns.
    Tiles,
    /// A dot product for each element: for few rows, where both matrices are contiguous along the sum.
    Dots,
}

impl Kernel {
    /// The better one for these matrices.
    pub(super) fn of<T>(a: &Matrix<T>, b: &Matrix<T>) -> Self {
        let contiguous = a.strides[1] == 1 && b.strides[0] == 1;
        if a.shape[0] <= FEW && contiguous { Kernel::Dots } else { Kernel::Tiles }
    }
}

/// A product of matrices.
pub struct Product<'a, T> {
    kernel: Kernel,
    a: Matrix<'a, T>,
    b: Matrix<'a, T>,
    bias: Bias<'a, T>,
    out: Place<T>,
}

impl<T: Real> WithSimd for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if self.kernel == Kernel::Dots {
            return self.dots(simd);
        }
        // 6 × 4 running sums, 4 vectors of b and 1 of a need 29 registers of 32; 6 × 2 need 15 of 16.
        match S::REGISTER_COUNT {
            32.. => self.run::<S, 4>(simd),
            _ => self.run::<S, 2>(simd),
        }
    }
}

#[allow(unsafe_code)]
impl<T: Real> Product<'_, T> {
    #[inline(always)]
    fn run<S: Simd, const VECTORS: usize>(self, simd: S) {
        let ([m, k], [_, n]) = (self.a.shape, self.b.shape);
        let stretch = k.div_ceil(k.div_ceil(DEPTH));
        let (a, b) = (self.a.start(), self.b.start());
        let lanes = size_of::<T::V<S>>() / size_of::<T>();
        let width = VECTORS * lanes;
        let mut panel = Buffer::stale(stretch * width);
        for p in (0..k).step_by(stretch) {
            let depth = stretch.min(k - p);
            for j in (0..n).step_by(width) {
                let columns = width.min(n - j);
                let vectors = columns.div_ceil(lanes);
                // SAFETY: row p + depth − 1 and column j + columns − 1 are inside b.
                unsafe {
                    let from = b.offset(p as isize * self.b.strides[0] + j as isize * self.b.strides[1]);
                    pack(from, self.b.strides, [depth, columns], panel.as_mut_slice(), vectors * lanes);
                }
                for i in (0..m).step_by(ROWS) {
                    let tile = Tile {
                        a: a.wrapping_offset(i as isize * self.a.strides[0] + p as isize * self.a.strides[1]),
                        row: self.a.strides[0],
                        b: panel.as_slice().as_ptr(),
                        runs: &[[0, 0]],
                        run: Run { length: depth, steps: [self.a.strides[1], (vectors * lanes) as isize] },
                        bias: if p + depth == k { self.bias.part(0, i).part(1, j) } else { Bias::NONE },
                        first: p == 0,
                        out: self.out.part(0, i).part(1, j),
                        columns,
                    };
                    // SAFETY: rows i .. i + rows and columns j .. j + columns are inside a, b and out.
                    unsafe { tile.of_size::<S, VECTORS>(simd, ROWS.min(m - i), vectors) };
                }
            }
        }
    }
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
    /// Whether `out` is written, not added to.
    pub(super) first: bool,
}

/// What follows from each place of a list: so many products, so far apart in `a` and `b`.
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
    /// [`LANES`]; `out` can be written, and nobody else reads or writes it.
    #[allow(unsafe_code)]
    pub(super) unsafe fn add_up(self) {
        T::run(Work::Listed(self));
    }
}

impl<T: Real> WithSimd for Listed<'_, T> {
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
    fn all<S: Simd, const VECTORS: usize>(self, simd: S) {
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

#[allow(unsafe_code)]
impl<T: Real> Product<'_, T> {
    /// Few rows and long columns, both contiguous along the sum: every element is a dot product. Panels would
    /// be used too rarely to be worth making; the time is that of reading `b` once.
    #[inline(always)]
    fn dots<S: Simd>(self, simd: S) {
        /// Columns at a time, so that additions need not wait for each other.
        const COLUMNS: usize = 4;
        let ([m, k], [_, n]) = (self.a.shape, self.b.shape);
        let (a, b) = (self.a.start(), self.b.start());
        let lanes = size_of::<T::V<S>>() / size_of::<T>();
        let whole = k / lanes * lanes;
        for i in 0..m {
            let a = a.wrapping_offset(i as isize * self.a.strides[0]);
            for j in (0..n).step_by(COLUMNS) {
                // The last columns may be done twice, but never beyond the end.
                let column = |c: usize| (j + c).min(n - 1);
                let start = |c: usize| b.wrapping_offset(column(c) as isize * self.b.strides[1]);
                let starts: [*const T; COLUMNS] = std::array::from_fn(start);
                let mut sums = [T::splat(simd, T::zero()); COLUMNS];
                // SAFETY: row i of a and the columns of b have k contiguous numbers.
                unsafe {
                    for p in (0..whole).step_by(lanes) {
                        let a = a.add(p).cast::<T::V<S>>().read_unaligned();
                        for (sum, start) in sums.iter_mut().zip(starts) {
                            let b = start.add(p).cast::<T::V<S>>().read_unaligned();
                            *sum = T::mul_add(simd, a, b, *sum);
                        }
                    }
                    for (c, (sum, start)) in sums.into_iter().zip(starts).enumerate() {
                        let rest = (whole..k).fold(T::zero(), |rest, p| rest + *a.add(p) * *start.add(p));
                        *self.out.part(0, i).part(1, column(c)).start =
                            self.bias.to(i, column(c), T::sum_lanes(simd, sum) + rest);
                    }
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

/// Copies a matrix, whichever way round it lies: in blocks whose lines, on both sides, stay in the cache.
///
/// # Safety
/// The matrix of this shape, with these strides, can be read at `from` and written at `to`; they do not
/// overlap, and nobody else reads or writes `to`.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn copy<T: Real>(from: *const T, strides: [isize; 2], [rows, columns]: [usize; 2], to: Place<T>) {
    if strides[1] == 1 && to.strides[1] == 1 {
        for i in 0..rows {
            // SAFETY: row i of both.
            unsafe {
                let from = from.offset(i as isize * strides[0]);
                std::ptr::copy_nonoverlapping(from, to.part(0, i).start, columns);
            }
        }
        return;
    }
    const BLOCK: usize = 16;
    for i in (0..rows).step_by(BLOCK) {
        for j in (0..columns).step_by(BLOCK) {
            let from = from.wrapping_offset(i as isize * strides[0] + j as isize * strides[1]);
            let to = to.part(0, i).part(1, j);
            let (rows, columns) = (BLOCK.min(rows - i), BLOCK.min(columns - j));
            // SAFETY: rows i .. i + rows and columns j .. j + columns are inside. The loops of a whole block
            // have lengths that the compiler knows.
            unsafe {
                match [rows, columns] {
                    [BLOCK, BLOCK] => block(from, strides, [BLOCK, BLOCK], to),
                    shape => block(from, strides, shape, to),
                }
            }
        }
    }
}

/// Copies one block, element by element.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn block<T: Real>(from: *const T, strides: [isize; 2], [rows, columns]: [usize; 2], to: Place<T>) {
    for i in 0..rows {
        for j in 0..columns {
            // SAFETY: see `copy`.
            unsafe {
                *to.part(0, i).part(1, j).start =
                    *from.offset(i as isize * strides[0] + j as isize * strides[1]);
            }
        }
    }
}

/// What one tile adds up: some rows of `a` from `a` on, times rows of `b`.
struct Tile<'l, T> {
    a: *const T,
    /// The distance between rows of `a`.
    row: isize,
    b: *const T,
    /// Where products begin, in `a` and in `b`; each is the first of a run.
    runs: &'l [[isize; 2]],
    run: Run,
    bias: Bias<'l, T>,
    out: Place<T>,
    columns: usize,
    /// Whether the result is written, not added to what is there.
    first: bool,
}

#[allow(unsafe_code)]
impl<T: Real> Tile<'_, T> {
    /// Chooses the code for the size of the tile.
    ///
    /// # Safety
    /// `a` has so many rows, and `b` so many vectors in each of its rows.
    #[inline(always)]
    unsafe fn of_size<S: Simd, const VECTORS: usize>(&self, simd: S, rows: usize, vectors: usize) {
        // SAFETY: passed on.
        unsafe {
            match vectors {
                1 => self.of_height::<S, 1>(simd, rows),
                2 => self.of_height::<S, 2>(simd, rows),
                3 if VECTORS > 2 => self.of_height::<S, 3>(simd, rows),
                _ if VECTORS > 2 => self.of_height::<S, 4>(simd, rows),
                _ => unreachable!("tiles are at most {VECTORS} vectors wide"),
            }
        }
    }

    #[inline(always)]
    unsafe fn of_height<S: Simd, const V: usize>(&self, simd: S, rows: usize) {
        // SAFETY: passed on.
        unsafe {
            match rows {
                1 => self.compute::<S, 1, V>(simd),
                2 => self.compute::<S, 2, V>(simd),
                3 => self.compute::<S, 3, V>(simd),
                4 => self.compute::<S, 4, V>(simd),
                5 => self.compute::<S, 5, V>(simd),
                _ => self.compute::<S, 6, V>(simd),
            }
        }
    }

    /// Computes a tile of `R` rows and `V` vectors of columns.
    #[inline(always)]
    unsafe fn compute<S: Simd, const R: usize, const V: usize>(&self, simd: S) {
        let lanes = size_of::<T::V<S>>() / size_of::<T>();
        let mut tile = [[T::splat(simd, T::zero()); V]; R];
        // SAFETY: everything in the runs can be read.
        unsafe { self.add_up(simd, &mut tile) };
        if self.out.strides[1] == 1 && self.columns == V * lanes {
            for (i, row) in tile.iter().enumerate() {
                let to = self.out.part(0, i).start.cast::<T::V<S>>();
                for (v, &sum) in row.iter().enumerate() {
                    // SAFETY: row i of the tile has V vectors, and so have the numbers for its columns.
                    unsafe {
                        let to = to.add(v);
                        let mut sum = sum;
                        if !self.first {
                            sum = T::add_vectors(simd, to.read_unaligned(), sum);
                        }
                        match self.bias {
                            Bias { numbers: [], .. } => {}
                            Bias { numbers, axis: 0 } => {
                                sum = T::add_vectors(simd, sum, T::splat(simd, numbers[i]));
                            }
                            Bias { numbers, .. } => {
                                let numbers = numbers[..V * lanes].as_ptr().cast::<T::V<S>>().add(v);
                                sum = T::add_vectors(simd, sum, numbers.read_unaligned());
                            }
                        }
                        to.write_unaligned(sum);
                    }
                }
            }
            return;
        }
        let sums = tile.as_ptr().cast::<T>();
        for j in 0..self.columns {
            let column = self.out.part(1, j);
            for i in 0..R {
                // SAFETY: i < R and j < columns ≤ V · lanes.
                unsafe {
                    let (to, sum) = (column.part(0, i).start, *sums.add(i * V * lanes + j));
                    *to = self.bias.to(i, j, if self.first { sum } else { *to + sum });
                }
            }
        }
    }

    /// The innermost loops of all.
    #[inline(always)]
    unsafe fn add_up<S: Simd, const R: usize, const V: usize>(&self, simd: S, tile: &mut [[T::V<S>; V]; R]) {
        let mut sums = *tile; // A copy that the compiler keeps in registers.
        let step = |a: *const T, b: *const T, row: isize, sums: &mut [[T::V<S>; V]; R]| {
            // SAFETY: a has R rows, b has V vectors.
            let b = unsafe { b.cast::<[T::V<S>; V]>().read_unaligned() };
            for (i, sums) in sums.iter_mut().enumerate() {
                let a = T::splat(simd, unsafe { *a.wrapping_offset(i as isize * row) });
                for (sum, b) in sums.iter_mut().zip(b) {
                    *sum = T::mul_add(simd, a, b, *sum);
                }
            }
        };
        let Run { length, steps } = self.run;
        if length == 1 {
            for &[at_a, at_b] in self.runs {
                step(self.a.wrapping_offset(at_a), self.b.wrapping_offset(at_b), self.row, &mut sums);
            }
        } else {
            for &[at_a, at_b] in self.runs {
                let (mut a, mut b) = (self.a.wrapping_offset(at_a), self.b.wrapping_offset(at_b));
                for _ in 0..length {
                    step(a, b, self.row, &mut sums);
                    a = a.wrapping_offset(steps[0]);
                    b = b.wrapping_offset(steps[1]);
                }
            }
        }
        *tile = sums;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A matrix in a buffer of its own, row by row or column by column, with room to spare around it.
    struct Owned {
        buffer: Vec<f32>,
        shape: [usize; 2],
        strides: [isize; 2],
    }

    impl Owned {
        fn new([rows, columns]: [usize; 2], upright: bool, f: impl Fn(usize, usize) -> f32) -> Self {
            let strides = if upright { [columns as isize + 3, 1] } else { [1, rows as isize + 2] };
            let mut buffer = vec![f32::NAN; 7 + (rows + 2) * (columns + 3)];
            for i in 0..rows {
                for j in 0..columns {
                    buffer[5 + i * strides[0] as usize + j * strides[1] as usize] = f(i, j);
                }
            }
            Owned { buffer, shape: [rows, columns], strides }
        }

        fn matrix(&self) -> Matrix<'_, f32> {
            Matrix { buffer: &self.buffer, offset: 5, shape: self.shape, strides: self.strides }
        }
    }

    /// Small whole numbers: every sum is exact, so every order of adding gives the same.
    fn number(i: usize, j: usize) -> f32 {
        ((i * 7 + j * 5) % 9) as f32 - 4.0
    }

    fn computed(a: &Owned, b: &Owned, bias: Bias<f32>, run: impl FnOnce(Product<f32>)) -> Vec<f32> {
        let [m, n] = [a.shape[0], b.shape[1]];
        let mut out = vec![f32::NAN; m * n];
        let place = Place { start: out.as_mut_ptr(), strides: [n as isize, 1] };
        let (a, b) = (a.matrix(), b.matrix());
        run(Product { kernel: Kernel::of(&a, &b), a, b, bias, out: place });
        out
    }

    fn by_definition(a: &Owned, b: &Owned) -> Vec<f32> {
        let at = |x: &Owned, i: usize, j: usize| {
            x.buffer[5 + i * x.strides[0] as usize + j * x.strides[1] as usize]
        };
        let [m, k, n] = [a.shape[0], a.shape[1], b.shape[1]];
        (0..m * n).map(|e| (0..k).map(|p| at(a, e / n, p) * at(b, p, e % n)).sum()).collect()
    }

    /// Sizes around every border of tiles and stretches.
    fn shapes() -> impl Iterator<Item = [usize; 3]> {
        let [ms, ks, ns] = [
            &[1, 2, 3, 5, 6, 7, 13][..],
            &[1, 2, 16, 37, DEPTH, DEPTH + 1],
            &[1, 4, 15, 16, 17, 64, 65, 100, 131],
        ];
        ms.iter().flat_map(move |&m| ks.iter().flat_map(move |&k| ns.iter().map(move |&n| [m, k, n])))
    }

    #[test]
    fn every_size_layout_and_instruction_set() {
        for [m, k, n] in shapes() {
            for (left, right) in [(true, true), (true, false), (false, true), (false, false)] {
                let (a, b) = (Owned::new([m, k], left, number), Owned::new([k, n], right, number));
                let expected = by_definition(&a, &b);
                let native = computed(&a, &b, Bias::NONE, |p| Arch::new().dispatch(p));
                assert!(native == expected, "{m}×{k}×{n} {left} {right}");
                if k < DEPTH {
                    // Without any vector instructions, as on a processor that has none of ours.
                    let portable = computed(&a, &b, Bias::NONE, |p| p.with_simd(pulp::Scalar::new()));
                    assert!(portable == expected, "{m}×{k}×{n} {left} {right}, portable");
                }
            }
        }
    }

    #[test]
    fn a_bias_is_added_once() {
        let numbers: Vec<f32> = (0..200).map(|i| i as f32).collect();
        for [m, k, n] in shapes() {
            let (a, b) = (Owned::new([m, k], true, number), Owned::new([k, n], true, number));
            let plain = by_definition(&a, &b);
            let rows =
                computed(&a, &b, Bias { axis: 0, numbers: &numbers[..m] }, |p| Arch::new().dispatch(p));
            let columns =
                computed(&a, &b, Bias { axis: 1, numbers: &numbers[..n] }, |p| Arch::new().dispatch(p));
            assert!((0..m * n).all(|e| rows[e] == plain[e] + numbers[e / n]), "{m}×{k}×{n}");
            assert!((0..m * n).all(|e| columns[e] == plain[e] + numbers[e % n]), "{m}×{k}×{n}");
        }
    }

    #[test]
    fn copies_in_blocks() {
        for shape in [[1, 1], [15, 17], [16, 16], [33, 50]] {
            for upright in [true, false] {
                let x = Owned::new(shape, upright, number);
                let mut out = vec![f32::NAN; shape[0] * shape[1]];
                x.matrix().copy_to(&mut out);
                assert!(out.iter().enumerate().all(|(e, &y)| y == number(e / shape[1], e % shape[1])));
            }
        }
    }

    #[test]
    #[should_panic(expected = "matrix outside its buffer")]
    fn a_matrix_beyond_its_buffer() {
        let buffer = [0.0_f32; 11];
        Matrix { buffer: &buffer, offset: 0, shape: [3, 4], strides: [4, 1] }.copy_to(&mut [0.0; 12]);
    }
}
