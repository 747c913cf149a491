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

/// `out = a b` on this thread, for sizes above 0.
///
/// # Safety
/// `out` has room for as many rows as `a` has and columns as `b` has, and nobody else reads or writes them.
#[allow(unsafe_code)]
pub(super) unsafe fn product<T: Real>(a: Matrix<T>, b: Matrix<T>, out: Place<T>) {
    assert_eq!(a.shape[1], b.shape[0]);
    Arch::new().dispatch(Product { a, b, out });
}

struct Product<'a, T> {
    a: Matrix<'a, T>,
    b: Matrix<'a, T>,
    out: Place<T>,
}

impl<T: Real> WithSimd for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
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
                    let step = Step {
                        a: a.wrapping_offset(i as isize * self.a.strides[0] + p as isize * self.a.strides[1]),
                        strides: self.a.strides,
                        panel: panel.as_slice().as_ptr(),
                        depth,
                        out: self.out.part(0, i).part(1, j),
                        columns,
                        first: p == 0,
                    };
                    // SAFETY: rows i .. i + rows and columns j .. j + columns are inside a, b and out.
                    unsafe { step.of_size::<S, VECTORS>(simd, ROWS.min(m - i), vectors) };
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
    // SAFETY: p < depth and j < columns.
    let at = |p: usize, j: usize| unsafe { *from.offset(p as isize * strides[0] + j as isize * strides[1]) };
    let rows = panel[..depth * width].chunks_exact_mut(width);
    if strides[0] == 1 && columns > 1 {
        // The columns are contiguous: 16 × 16 blocks keep both sides in the cache.
        const BLOCK: usize = 16;
        for p0 in (0..depth).step_by(BLOCK) {
            for j0 in (0..columns).step_by(BLOCK) {
                let (p1, j1) = (depth.min(p0 + BLOCK), columns.min(j0 + BLOCK));
                for p in p0..p1 {
                    for j in j0..j1 {
                        panel[p * width + j] = at(p, j);
                    }
                }
            }
        }
        panel[..depth * width].chunks_exact_mut(width).for_each(|row| row[columns..].fill(T::zero()));
        return;
    }
    for (p, row) in rows.enumerate() {
        for (j, x) in row[..columns].iter_mut().enumerate() {
            *x = at(p, j);
        }
        row[columns..].fill(T::zero());
    }
}

/// What one tile adds up: some rows of `a` from `a` on, times a panel.
struct Step<T> {
    a: *const T,
    strides: [isize; 2],
    panel: *const T,
    depth: usize,
    out: Place<T>,
    columns: usize,
    /// Whether the result is written, not added to what is there.
    first: bool,
}

#[allow(unsafe_code)]
impl<T: Real> Step<T> {
    /// Chooses the code for the size of the tile.
    ///
    /// # Safety
    /// `a` has so many rows, `panel` so many vectors in each of its rows.
    #[inline(always)]
    unsafe fn of_size<S: Simd, const VECTORS: usize>(&self, simd: S, rows: usize, vectors: usize) {
        // SAFETY: passed on.
        unsafe {
            match vectors {
                1 => self.of_height::<S, 1>(simd, rows),
                2 => self.of_height::<S, 2>(simd, rows),
                3 if VECTORS > 2 => self.of_height::<S, 3>(simd, rows),
                _ if VECTORS > 2 => self.of_height::<S, 4>(simd, rows),
                _ => unreachable!("panels are at most {VECTORS} vectors wide"),
            }
        }
    }

    #[inline(always)]
    unsafe fn of_height<S: Simd, const V: usize>(&self, simd: S, rows: usize) {
        // SAFETY: passed on.
        unsafe {
            match rows {
                1 => self.tile::<S, 1, V>(simd),
                2 => self.tile::<S, 2, V>(simd),
                3 => self.tile::<S, 3, V>(simd),
                4 => self.tile::<S, 4, V>(simd),
                5 => self.tile::<S, 5, V>(simd),
                _ => self.tile::<S, 6, V>(simd),
            }
        }
    }

    /// Computes a tile of `R` rows and `V` vectors of columns.
    #[inline(always)]
    unsafe fn tile<S: Simd, const R: usize, const V: usize>(&self, simd: S) {
        let mut tile = [[T::splat(simd, T::zero()); V]; R];
        // SAFETY: `depth` columns of a and rows of the panel can be read.
        unsafe {
            // A stride that the compiler knows saves it the multiplications.
            match self.strides {
                [1, step] => self.add_up(simd, [1, step], &mut tile),
                [step, 1] => self.add_up(simd, [step, 1], &mut tile),
                strides => self.add_up(simd, strides, &mut tile),
            }
        }
        let lanes = size_of::<T::V<S>>() / size_of::<T>();
        if self.out.strides[1] == 1 && self.columns == V * lanes {
            for (i, row) in tile.iter().enumerate() {
                let to = self.out.part(0, i).start.cast::<T::V<S>>();
                for (v, &sum) in row.iter().enumerate() {
                    // SAFETY: row i of the tile has V vectors.
                    unsafe {
                        let to = to.add(v);
                        let sum =
                            if self.first { sum } else { T::add_vectors(simd, to.read_unaligned(), sum) };
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
                    *to = if self.first { sum } else { *to + sum };
                }
            }
        }
    }

    /// The innermost loop of all.
    #[inline(always)]
    unsafe fn add_up<S: Simd, const R: usize, const V: usize>(
        &self,
        simd: S,
        strides: [isize; 2],
        tile: &mut [[T::V<S>; V]; R],
    ) {
        let mut sums = *tile; // A copy that the compiler keeps in registers.
        let (mut a, mut panel) = (self.a, self.panel.cast::<[T::V<S>; V]>());
        for _ in 0..self.depth {
            // SAFETY: see `tile`.
            let b = unsafe { panel.read_unaligned() };
            for (i, row) in sums.iter_mut().enumerate() {
                // SAFETY: i < R.
                let a = T::splat(simd, unsafe { *a.wrapping_offset(i as isize * strides[0]) });
                for (sum, b) in row.iter_mut().zip(b) {
                    *sum = T::mul_add(simd, a, b, *sum);
                }
            }
            a = a.wrapping_offset(strides[1]);
            panel = panel.wrapping_add(1);
        }
        *tile = sums;
    }
}
