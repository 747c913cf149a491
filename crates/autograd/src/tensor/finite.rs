//! The search for numbers that are none.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Tensor;
use super::chunks::{CHUNK, piece};
use super::simd::vectorized;
use super::threads::share;
use crate::Real;

impl<T: Real> Tensor<T> {
    /// The first element in row-major order that is NaN or infinite, with its place. One pass over memory, in parallel
    /// for large tensors.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// let a = Tensor::from_vec([2, 2], vec![1.0, 2.0, f64::INFINITY, 4.0]);
    /// assert_eq!(a.first_not_finite(), Some((2, f64::INFINITY)));
    /// assert_eq!(a.slice(0, ..1).first_not_finite(), None);
    /// ```
    #[track_caller]
    pub fn first_not_finite(&self) -> Option<(usize, T)> {
        let room = &mut None;
        let data = self.in_order(room);
        if all_finite(data) {
            return None;
        }
        data.iter().copied().enumerate().find(|(_, x)| !x.is_finite())
    }
}

/// Elements that are looked at together: some vectors.
const BLOCK: usize = 64;

/// True if no element is NaN or infinite.
fn all_finite<T: Real>(data: &[T]) -> bool {
    let finite = |piece: &[T]| {
        vectorized(
            #[inline(always)]
            || {
                // Times 0 a finite number is 0, and all others are NaN, which stays in a sum. So no element is compared.
                let (blocks, rest) = piece.as_chunks::<BLOCK>();
                let mut sums = [T::zero(); BLOCK];
                for block in blocks {
                    sums.iter_mut().zip(block).for_each(|(sum, &x)| *sum += x * T::zero());
                }
                sums.iter_mut().zip(rest).for_each(|(sum, &x)| *sum += x * T::zero());
                sums.iter().all(|&sum| sum == T::zero())
            },
        )
    };
    if data.len() <= CHUNK {
        return finite(data);
    }
    let chunk = piece(data.len(), CHUNK, 1);
    let all = AtomicBool::new(true);
    share(data.len().div_ceil(chunk), |i| {
        if !finite(&data[i * chunk..data.len().min((i + 1) * chunk)]) {
            all.store(false, Ordering::Relaxed);
        }
    });
    all.into_inner()
}
