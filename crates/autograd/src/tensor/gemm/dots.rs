//! Products of few rows and long columns, both contiguous along the sum: every element is a dot product. Panels
//! would be used too rarely to be worth making. The time is that of reading `b` once, straight through.

use pulp::Simd;

use super::super::matrix::fetch;
use super::super::pool::{Buffer, SMALLEST};
use super::Product;
use crate::Real;

/// From so many numbers on, `b` does not come out of the nearest cache.
const FAR: usize = 1 << 14;

#[allow(unsafe_code)]
impl<T: Real> Product<'_, T> {
    #[inline(always)]
    pub(super) fn dots<S: Simd>(&self, simd: S) {
        let ([m, k], [_, n]) = (self.a.shape, self.b.shape);
        let mut aligned = (k * n >= FAR).then(|| Buffer::<T>::stale(k.max(SMALLEST))).flatten();
        for i in 0..m {
            let mut a = self.a.row(i);
            if let Some(aligned) = &mut aligned {
                // To where every vector is in one cache line: W7 with one image would take 12 % longer.
                let row = &mut aligned.as_mut_slice()[..k];
                row.copy_from_slice(a);
                a = row;
            }
            let (bias, out, mut column) = (self.bias.part(0, i), self.out.part(0, i), self.b.start());
            for j in 0..n {
                // SAFETY: `start` has made sure that b has these columns, and `Kernel::of` that each of them is
                // contiguous; element (i, j) is inside `out`.
                unsafe { *out.part(1, j).start = bias.to(0, j, dot(simd, a, column)) };
                column = column.wrapping_offset(self.b.strides[1]);
            }
        }
    }
}

/// `Σ aₚ bₚ`.
///
/// A processor that reads straight on fetches the next numbers by itself, but not far enough ahead, and not beyond
/// the next page. Asked for it (and with `a` aligned), W7 with one image went from 0.140 to 0.120 ms.
///
/// # Safety
/// As many numbers as `a` has can be read at `b`.
#[allow(unsafe_code)]
#[inline(always)]
unsafe fn dot<T: Real, S: Simd>(simd: S, a: &[T], b: *const T) -> T {
    /// Vectors of running sums, so that additions need not wait for each other.
    const SUMS: usize = 4;
    /// The distance at which memory is asked for ahead, in bytes.
    const AHEAD: usize = 4096;
    let lanes = size_of::<T::V<S>>() / size_of::<T>();
    let vectors = a.len() / lanes;
    let few = vectors % SUMS;
    let vector = |numbers: *const T, v: usize| {
        // SAFETY: vector v is among the `vectors` that there are.
        unsafe { numbers.add(v * lanes).cast::<T::V<S>>().read_unaligned() }
    };
    // SAFETY: number p is below the length of `a`. (Its test would take time in every column.)
    let product = |p| unsafe { *a.as_ptr().add(p) * *b.add(p) };
    let rest = || (vectors * lanes..a.len()).fold(T::zero(), |sum, p| sum + product(p));
    if vectors == 0 {
        return rest();
    }
    let plus = |sum, v| T::mul_add(simd, vector(a.as_ptr(), v), vector(b, v), sum);
    let mut sums = [T::splat(simd, T::zero()); SUMS];
    for first in (0..vectors - few).step_by(SUMS) {
        for (s, sum) in sums.iter_mut().enumerate() {
            fetch(b.wrapping_add((first + s) * lanes).wrapping_byte_add(AHEAD));
            *sum = plus(*sum, first + s);
        }
    }
    for (s, sum) in sums.iter_mut().enumerate() {
        if s < few {
            *sum = plus(*sum, vectors - few + s);
        }
    }
    let [s, t, u, v] = sums;
    let sum = T::add_vectors(simd, T::add_vectors(simd, s, t), T::add_vectors(simd, u, v));
    T::sum_lanes(simd, sum) + rest()
}
