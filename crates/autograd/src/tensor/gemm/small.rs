//! Products so small that making a panel would take longer than the arithmetic.

use pulp::Simd;

use super::{Bias, Product};
use crate::Real;

#[allow(unsafe_code)]
impl<T: Real> Product<'_, T> {
    /// One vector of the result after the other, in the order of additions that tiles have.
    #[inline(always)]
    pub(super) fn small<S: Simd>(&self, simd: S) {
        let ([m, k], [_, n]) = (self.a.shape, self.b.shape);
        let (a, b) = (self.a.start(), self.b.start());
        let lanes = size_of::<T::V<S>>() / size_of::<T>();
        for i in 0..m {
            let bias = self.bias.part(0, i);
            for j in (0..n).step_by(lanes) {
                let columns = lanes.min(n - j);
                let mut sum = T::splat(simd, T::zero());
                for p in 0..k {
                    // SAFETY: `start` has made sure that these elements are inside a and b, and `Kernel::of` that rows
                    // of b and of the result are contiguous; nothing else reads or writes the result.
                    let (a, b) = unsafe {
                        let row = b.offset(self.b.at(p, j));
                        let vector = match columns == lanes {
                            true => row.cast::<T::V<S>>().read_unaligned(),
                            false => T::load_some(simd, std::slice::from_raw_parts(row, columns)),
                        };
                        (*a.offset(self.a.at(i, p)), vector)
                    };
                    sum = T::mul_add(simd, T::splat(simd, a), b, sum);
                }
                match bias {
                    Bias { numbers: [], .. } => {}
                    Bias { numbers, axis: 0 } => sum = T::add_vectors(simd, sum, T::splat(simd, numbers[0])),
                    Bias { numbers, .. } => {
                        sum = T::add_vectors(simd, sum, T::load_some(simd, &numbers[j..j + columns]));
                    }
                }
                // SAFETY: as above.
                let out =
                    unsafe { std::slice::from_raw_parts_mut(self.out.part(0, i).part(1, j).start, columns) };
                T::store_some(simd, out, sum);
            }
        }
    }
}
