//! The places of matrices in memory, and copies from one order into another.

use crate::Real;

/// The place of a matrix: element `(i, j)` is `buffer[offset + i · strides[0] + j · strides[1]]`.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a, T> {
    pub(super) buffer: &'a [T],
    pub(super) offset: isize,
    pub(super) shape: [usize; 2],
    pub(super) strides: [isize; 2],
}

impl<'a, T> Matrix<'a, T> {
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

    /// The distance of element `(i, j)` from the first; it need not exist.
    pub(super) fn at(&self, i: usize, j: usize) -> isize {
        i as isize * self.strides[0] + j as isize * self.strides[1]
    }

    /// Row number `i`, whose elements are neighbours.
    ///
    /// # Panics
    /// If they are not, or not inside the buffer.
    pub(super) fn row(&self, i: usize) -> &'a [T] {
        assert_eq!(self.strides[1], 1);
        let start = self.offset + i as isize * self.strides[0];
        &self.buffer[start as usize..][..self.shape[1]]
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
    pub(super) fn start(&self) -> *const T {
        assert!(!self.shape.contains(&0), "an empty matrix has no corners");
        let [last_row, last_column] = self.shape.map(|size| size - 1);
        let corners =
            [self.at(0, 0), self.at(last_row, 0), self.at(0, last_column), self.at(last_row, last_column)]
                .map(|distance| self.offset + distance);
        let inside = 0..self.buffer.len() as isize;
        assert!(corners.iter().all(|corner| inside.contains(corner)), "matrix outside its buffer");
        self.buffer.as_ptr().wrapping_offset(self.offset)
    }
}

/// Asks the processor to fetch the memory at an address, which need not exist, and does not wait for it. Where
/// there is no such instruction, nothing is done.
#[inline(always)]
pub(super) fn fetch<T>(at: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: nothing is read.
    #[allow(unsafe_code)]
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

/// The place for a result: element `(i, j)` at `start + i · strides[0] + j · strides[1]`.
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

    /// The place of the part that begins at row or column number `start`.
    pub(super) fn part(self, axis: usize, start: usize) -> Self {
        Place { start: self.start.wrapping_offset(start as isize * self.strides[axis]), ..self }
    }
}

// SAFETY: a place is only written to by `product`, whose callers give every task a part of its own.
#[allow(unsafe_code)]
unsafe impl<T: Send> Sync for Place<T> {}

/// Copies a matrix, whichever way round it lies: in blocks whose lines, on both sides, stay in the cache.
///
/// # Safety
/// The matrix of this shape, with these strides, can be read at `from` and written at `to`; they do not
/// overlap, and nothing else reads or writes `to`.
#[allow(unsafe_code)]
#[inline(always)]
pub(super) unsafe fn copy<T: Real>(
    from: *const T,
    strides: [isize; 2],
    [rows, columns]: [usize; 2],
    to: Place<T>,
) {
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
    let turns = strides[0] == 1 && to.strides[1] == 1;
    let at = |i: usize, j: usize| from.wrapping_offset(i as isize * strides[0] + j as isize * strides[1]);
    // Down the columns, as they are read: across them, every block would begin sixteen others.
    for j in (0..columns).step_by(BLOCK) {
        for i in (0..rows).step_by(BLOCK) {
            let (from, to) = (at(i, j), to.part(0, i).part(1, j));
            // SAFETY: these rows and columns are inside. The loops of a whole block have lengths that the compiler
            // knows.
            unsafe {
                match [BLOCK.min(rows - i), BLOCK.min(columns - j)] {
                    [BLOCK, BLOCK] if turns => {
                        // What comes so many rows later: further down, or at the top of the next columns. Below
                        // the last ones lies what the caller may turn after this.
                        let (ahead, last) = (i + AHEAD, j + BLOCK >= columns);
                        let below = ahead < rows || last;
                        let next = if below { at(ahead, j) } else { at(ahead % rows, j + BLOCK) };
                        turn(from, next, strides[1], to);
                    }
                    [BLOCK, BLOCK] => block(from, strides, [BLOCK, BLOCK], to),
                    shape => block(from, strides, shape, to),
                }
            }
        }
    }
}

/// Rows and columns of a block.
const BLOCK: usize = 16;

/// So many rows are fetched before they are turned round.
const AHEAD: usize = 4 * BLOCK;

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

/// Copies a whole block whose columns are contiguous where it is read, `column` apart, and whose rows are
/// contiguous where it is written. The block at `next` is fetched for later (with the order of the blocks: weights
/// from the third-level cache in half the time, W7 with 1024 images −1.2 % on Zen 4).
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn turn<T: Real>(from: *const T, next: *const T, column: isize, to: Place<T>) {
    (0..BLOCK as isize).for_each(|j| fetch(next.wrapping_offset(j * column)));
    #[cfg(target_arch = "x86_64")]
    if size_of::<T>() == size_of::<f32>() && std::arch::is_x86_feature_detected!("avx512f") {
        // SAFETY: passed on; the processor has these instructions.
        return unsafe { turn_sixteen(from.cast(), column, to.start.cast(), to.strides[0]) };
    }
    for i in (0..BLOCK).step_by(4) {
        for j in (0..BLOCK).step_by(4) {
            // SAFETY: see `copy`.
            unsafe { turn_four(from.add(i).offset(j as isize * column), column, to.part(0, i).part(1, j)) };
        }
    }
}

/// The same with vectors of four times four elements, each four of which are turned as in [`turn_four`]: their rows
/// are whole rows of the block (0.04 ns an element instead of 0.09).
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f")]
unsafe fn turn_sixteen(from: *const f32, column: isize, to: *mut f32, row: isize) {
    use std::arch::x86_64::*;
    for i in 0..BLOCK as isize / 4 {
        // SAFETY: see `copy`. The instructions move bits and need no alignment.
        unsafe {
            let four = |j: isize| _mm_loadu_ps(from.offset(4 * i + j * column));
            let [a, b, c, d] = [0, 1, 2, 3].map(|j| {
                let x = _mm512_castps128_ps512(four(j));
                let x = _mm512_insertf32x4::<1>(x, four(j + 4));
                let x = _mm512_insertf32x4::<2>(x, four(j + 8));
                _mm512_insertf32x4::<3>(x, four(j + 12))
            });
            let pairs =
                |x, y| [_mm512_unpacklo_ps(x, y), _mm512_unpackhi_ps(x, y)].map(|x| _mm512_castps_pd(x));
            let ([ab, ab2], [cd, cd2]) = (pairs(a, b), pairs(c, d));
            let rows = [
                _mm512_unpacklo_pd(ab, cd),
                _mm512_unpackhi_pd(ab, cd),
                _mm512_unpacklo_pd(ab2, cd2),
                _mm512_unpackhi_pd(ab2, cd2),
            ];
            for (r, x) in (0..).zip(rows) {
                _mm512_storeu_ps(to.offset((4 * i + r) * row), _mm512_castpd_ps(x));
            }
        }
    }
}

/// Four by four elements of it, which are turned in registers, in half the time that single elements take
/// (0.09 ns instead of 0.17).
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn turn_four<T: Real>(from: *const T, column: isize, to: Place<T>) {
    #[cfg(target_arch = "x86_64")]
    if size_of::<T>() == size_of::<f32>() {
        use std::arch::x86_64::{_MM_TRANSPOSE4_PS, _mm_loadu_ps, _mm_storeu_ps};
        // SAFETY: see `copy`. The instructions move bits, belong to every processor of this kind, and need no
        // alignment.
        unsafe {
            let from = from.cast::<f32>();
            let mut four = [0, 1, 2, 3].map(|c| _mm_loadu_ps(from.offset(c * column)));
            let [a, b, c, d] = &mut four;
            _MM_TRANSPOSE4_PS(a, b, c, d);
            for (r, row) in four.into_iter().enumerate() {
                _mm_storeu_ps(to.part(0, r).start.cast(), row);
            }
        }
        return;
    }
    // SAFETY: passed on.
    unsafe { block(from, [1, column], [4, 4], to) };
}

/// Copies a few rows, which are contiguous where they are read, `row` apart.
///
/// # Safety
/// That of [`copy`].
#[allow(unsafe_code)]
#[inline(always)]
pub(super) unsafe fn scatter<T: Real, const ROWS: usize>(
    from: *const T,
    row: isize,
    columns: usize,
    to: Place<T>,
) {
    // Four rows at a time; if they are six, the two in the middle twice.
    let whole = if to.strides[0] == 1 && ROWS >= 4 { columns / 4 * 4 } else { 0 };
    for j in (0..whole).step_by(4) {
        for i in (0..ROWS).step_by(4).map(|i| i.min(ROWS - 4)) {
            // SAFETY: rows i .. i + 4 and columns j .. j + 4 are inside.
            unsafe { turn_four(from.add(j).offset(i as isize * row), row, to.part(1, j).part(0, i).t()) };
        }
    }
    // SAFETY: the columns that are left.
    unsafe { block(from.add(whole), [row, 1], [ROWS, columns - whole], to.part(1, whole)) };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every way round, with and without parts of blocks, in both precisions; the numbers around stay as they are.
    #[test]
    fn copies_equal_the_definition() {
        fn check<T: Real + std::fmt::Debug>() {
            let sizes = [1, 3, 4, 15, 16, 17, 32, 37];
            for (rows, columns) in sizes.iter().flat_map(|&m| sizes.map(|n| (m, n))) {
                let ways = [[columns as isize + 2, 1], [1, rows as isize + 3], [2, 2 * rows as isize + 1]];
                for (from, to) in ways.iter().flat_map(|from| ways.map(|to| (*from, to))) {
                    let at =
                        |i: usize, j: usize, s: [isize; 2]| (i as isize * s[0] + j as isize * s[1]) as usize;
                    let room = |s| at(rows - 1, columns - 1, s) + 1;
                    let buffer: Vec<T> = (0..room(from)).map(|i| T::of(i as f64)).collect();
                    let mut copied = vec![T::of(-1.0); room(to)];
                    let place = Place { start: copied.as_mut_ptr(), strides: to };
                    // SAFETY: both have room for the last element, and all strides are positive.
                    #[allow(unsafe_code)]
                    unsafe {
                        copy(buffer.as_ptr(), from, [rows, columns], place);
                    }
                    let mut expected = vec![T::of(-1.0); room(to)];
                    for (i, j) in (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))) {
                        expected[at(i, j, to)] = buffer[at(i, j, from)];
                    }
                    assert_eq!(copied, expected, "{rows} × {columns}, {from:?} to {to:?}");
                }
            }
        }
        check::<f32>();
        check::<f64>();
    }
}
