//! Where matrices lie in memory, and copying them from one order into another.

use crate::Real;

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
    pub(super) fn start(&self) -> *const T {
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

/// Copies a matrix, whichever way round it lies: in blocks whose lines, on both sides, stay in the cache.
///
/// # Safety
/// The matrix of this shape, with these strides, can be read at `from` and written at `to`; they do not
/// overlap, and nobody else reads or writes `to`.
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
