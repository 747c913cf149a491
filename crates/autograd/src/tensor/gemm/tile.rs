//! One tile of a product: a few rows and a few vectors of columns, whose running sums stay in registers.

use pulp::Simd;

use super::super::matrix::{Place, fetch, scatter};
use super::super::pool::LINE;
use super::{Bias, ROWS, Run};
use crate::Real;

/// The sum of one tile: some rows of `a` from `a` on, times rows of `b`.
pub(super) struct Tile<'l, T> {
    pub(super) a: *const T,
    /// The distance between rows of `a`.
    pub(super) row: isize,
    pub(super) b: *const T,
    /// The places in `a` and in `b` at which products begin; each is the first of a run.
    pub(super) runs: &'l [[isize; 2]],
    pub(super) run: Run,
    pub(super) beside: Beside<T>,
    pub(super) bias: Bias<'l, T>,
    pub(super) out: Place<T>,
    pub(super) columns: usize,
    /// True if the result is written, false if it is added to the numbers that are there.
    pub(super) first: bool,
}

/// Work beside the arithmetic, for each row of `b`: only by tiles of `ROWS` rows, and one run.
#[derive(Clone, Copy)]
pub(super) enum Beside<T> {
    Nothing,
    /// The row is copied to a panel.
    Copy(*mut T),
    /// A cache line that the next panel will need is fetched: the first from here, the others so far apart.
    Fetch(*const T, isize),
}

#[allow(unsafe_code)]
impl<T: Real> Tile<'_, T> {
    /// Chooses the code for the size of the tile.
    ///
    /// # Safety
    /// `a` has so many rows, and `b` so many vectors in each of its rows.
    #[inline(always)]
    pub(super) unsafe fn of_size<S: Simd, const VECTORS: usize>(&self, simd: S, rows: usize, vectors: usize) {
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
                1 => self.apart::<S, 1, V>(simd),
                2 => self.apart::<S, 2, V>(simd),
                3 => self.apart::<S, 3, V>(simd),
                4 => self.apart::<S, 4, V>(simd),
                5 => self.apart::<S, 5, V>(simd),
                _ => self.apart::<S, 6, V>(simd),
            }
        }
    }

    /// [`compute`](Self::compute) as a function of its own: compiled once for both kinds of work, and each size by itself,
    /// which takes the compiler half the time that one function of all sizes does.
    #[inline(never)]
    unsafe fn apart<S: Simd, const R: usize, const V: usize>(&self, simd: S) {
        simd.vectorize(
            #[inline(always)]
            || {
                // SAFETY: passed on.
                unsafe { self.compute::<S, R, V>(simd) }
            },
        );
    }

    /// Computes a tile of `R` rows and `V` vectors of columns.
    #[inline(always)]
    unsafe fn compute<S: Simd, const R: usize, const V: usize>(&self, simd: S) {
        let lanes = size_of::<T::V<S>>() / size_of::<T>();
        let width = V * lanes;
        // What the processor cannot know that it will need: the place of the result (W2 on Zen 4: gradients of weights
        // −5 %), and the beginnings of the next tile's rows, four cache lines of each (products forward −4 %).
        if self.out.strides[1] == 1 {
            for i in 0..R {
                let row = self.out.part(0, i).start;
                (0..width * size_of::<T>() / LINE).for_each(|line| fetch(row.wrapping_byte_add(line * LINE)));
            }
        }
        if self.run.steps[0] == 1 {
            for i in R..2 * R {
                let row = self.a.wrapping_offset(i as isize * self.row);
                (0..4).for_each(|line| fetch(row.wrapping_byte_add(line * LINE)));
            }
        }
        // SAFETY: everything in the runs can be read.
        let mut tile: [[T::V<S>; V]; R] = unsafe {
            match self.beside {
                Beside::Copy(panel) if R == ROWS => self.add_up(simd, copy_to(panel.cast())),
                Beside::Fetch(mut at, step) if R == ROWS => self.add_up(simd, |_| {
                    fetch(at);
                    at = at.wrapping_offset(step);
                }),
                _ => self.add_up(simd, |_| ()),
            }
        };
        let in_vectors = self.out.strides[1] == 1 && self.columns == width;
        if !self.first {
            for (i, sums) in tile.iter_mut().enumerate() {
                let row = self.out.part(0, i);
                // SAFETY: row i of the tile has V vectors, and so have the numbers for its columns.
                let old = unsafe {
                    if in_vectors {
                        row.start.cast::<[T::V<S>; V]>().read_unaligned()
                    } else {
                        let mut old = [T::splat(simd, T::zero()); V];
                        let to = old.as_mut_ptr().cast::<T>();
                        (0..self.columns).for_each(|j| *to.add(j) = *row.part(1, j).start);
                        old
                    }
                };
                sums.iter_mut().zip(old).for_each(|(sum, old)| *sum = T::add_vectors(simd, old, *sum));
            }
        }
        match self.bias {
            Bias { numbers: [], .. } => {}
            Bias { numbers, axis: 0 } => {
                for (sums, &number) in tile.iter_mut().zip(numbers) {
                    let number = T::splat(simd, number);
                    sums.iter_mut().for_each(|sum| *sum = T::add_vectors(simd, *sum, number));
                }
            }
            Bias { numbers, .. } => {
                let mut row = [T::splat(simd, T::zero()); V];
                let numbers = &numbers[..self.columns];
                // SAFETY: V vectors have room for `columns` numbers.
                unsafe {
                    std::ptr::copy_nonoverlapping(numbers.as_ptr(), row.as_mut_ptr().cast(), self.columns);
                }
                for sums in &mut tile {
                    sums.iter_mut().zip(row).for_each(|(sum, b)| *sum = T::add_vectors(simd, *sum, b));
                }
            }
        }
        if in_vectors {
            for (i, &row) in tile.iter().enumerate() {
                // SAFETY: as above.
                unsafe { self.out.part(0, i).start.cast::<[T::V<S>; V]>().write_unaligned(row) };
            }
            return;
        }
        let tile = tile; // A copy in memory: the sums themselves stay in registers.
        // SAFETY: the tile has R rows of at least `columns` numbers, and so has its part of the result.
        unsafe { scatter::<T, R>(tile.as_ptr().cast(), width as isize, self.columns, self.out) };
    }

    /// The innermost loops of all. Every row of `b` is shown to `see`.
    #[inline(always)]
    unsafe fn add_up<S: Simd, const R: usize, const V: usize>(
        &self,
        simd: S,
        mut see: impl FnMut([T::V<S>; V]),
    ) -> [[T::V<S>; V]; R] {
        let mut sums = [[T::splat(simd, T::zero()); V]; R];
        let mut step = |a: *const T, b: *const T, row: isize, sums: &mut [[T::V<S>; V]; R]| {
            // SAFETY: a has R rows, b has V vectors.
            let b = unsafe { b.cast::<[T::V<S>; V]>().read_unaligned() };
            for (i, sums) in sums.iter_mut().enumerate() {
                let a = T::splat(simd, unsafe { *a.wrapping_offset(i as isize * row) });
                for (sum, b) in sums.iter_mut().zip(b) {
                    *sum = T::mul_add(simd, a, b, *sum);
                }
            }
            see(b);
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
        sums
    }
}

/// Copies vectors, one after the other, to where so many of them have room.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn copy_to<V>(mut to: *mut V) -> impl FnMut(V) {
    move |row| {
        // SAFETY: promised by the caller.
        unsafe { to.write_unaligned(row) };
        to = to.wrapping_add(1);
    }
}
