//! The matrix product, by the `gemm` crate.

use gemm::Parallelism;

use super::{Tensor, cost};
use crate::Real;

impl<T: Real> Tensor<T> {
    /// Matrix product of `[m, k]` and `[k, n]`, giving `[m, n]`. Transposed views cost nothing.
    ///
    /// # Panics
    /// If either is not a matrix or the inner sizes differ.
    #[track_caller]
    pub fn matmul(&self, other: &Self) -> Self {
        let (&[m, k], &[k2, n]) = (self.shape(), other.shape()) else {
            panic!("matmul: both must be matrices, not {:?} times {:?}", self.shape, other.shape);
        };
        if k != k2 {
            let hint = if k == n { "; did you mean `b.t()`?" } else { "" };
            panic!("matmul: inner sizes differ: {:?} times {:?}{hint}", self.shape, other.shape);
        }
        Tensor::build([m, n], |out| self.matmul_into(other, out))
    }

    /// Writes the matrix product, row by row, into `out`. The shapes have been checked.
    pub(super) fn matmul_into(&self, other: &Self, out: &mut [T]) {
        let [m, k, n] = [self.shape[0], self.shape[1], other.shape[1]];
        cost::work(2 * m * k * n);
        if k == 0 {
            out.fill(T::zero());
        } else if !out.is_empty() {
            multiply(&self.for_gemm(), &other.for_gemm(), out, [m, k, n]);
        }
    }

    /// `gemm` reads matrices with any non-zero strides; expanded ones are copied.
    fn for_gemm(&self) -> Self {
        let repeats = self.shape.iter().zip(&self.strides).any(|(&size, &stride)| size > 1 && stride == 0);
        if repeats { self.contiguous() } else { self.clone() }
    }
}

/// `out = a b`, row-major. The split among threads does not change the order of any sum, so the
/// bits are the same for any number of threads.
#[allow(unsafe_code)]
fn multiply<T: Real>(a: &Tensor<T>, b: &Tensor<T>, out: &mut [T], [m, k, n]: [usize; 3]) {
    let parallelism = match rayon::current_num_threads() {
        1 => Parallelism::None,
        threads => Parallelism::Rayon(threads),
    };
    for (matrix, shape) in [(a, [m, k]), (b, [k, n])] {
        assert_eq!(matrix.shape(), shape);
        let reach = |axis: usize| (shape[axis] as isize - 1) * matrix.strides[axis];
        let corners = [0, reach(0), reach(1), reach(0) + reach(1)].map(|r| matrix.offset as isize + r);
        let inside = 0..matrix.buffer.as_slice().len() as isize;
        assert!(corners.iter().all(|corner| inside.contains(corner)), "matrix outside its buffer");
    }
    assert_eq!(out.len(), m * n);
    // SAFETY: the asserts above show that every element `offset + i·stride₀ + j·stride₁` of `a` and
    // `b` lies inside its buffer (the extremes of a linear function over a box are at its corners)
    // and that `out` holds m·n elements. `out` is borrowed mutably, so it overlaps neither.
    // `read_dst` is false: what `out` held before is not read.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            n as isize,
            false,
            a.buffer.as_slice().as_ptr().add(a.offset),
            a.strides[1],
            a.strides[0],
            b.buffer.as_slice().as_ptr().add(b.offset),
            b.strides[1],
            b.strides[0],
            T::zero(),
            T::one(),
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(shape: &[usize]) -> Tensor<f64> {
        Tensor::from_fn(shape, |i| i as f64 - 3.0)
    }

    fn by_definition(a: &Tensor<f64>, b: &Tensor<f64>) -> Tensor<f64> {
        let (&[m, k], &[_, n]) = (a.shape(), b.shape()) else { panic!() };
        let (a, b) = (a.to_vec(), b.to_vec());
        Tensor::from_fn([m, n], |i| (0..k).map(|l| a[i / n * k + l] * b[l * n + i % n]).sum())
    }

    #[test]
    fn equals_the_definition_for_every_layout() {
        let shapes = [[1, 1, 1], [2, 3, 4], [17, 5, 33], [0, 3, 2], [3, 0, 2], [3, 2, 0], [64, 64, 64]];
        for [m, k, n] in shapes {
            let (a, b) = (counting(&[m, k]), counting(&[k, n]));
            let expected = by_definition(&a, &b);
            assert_eq!(a.matmul(&b), expected);
            assert_eq!(a.t().contiguous().t().matmul(&b.t().contiguous().t()), expected);
        }
        let a = counting(&[6, 4]);
        assert_eq!(a.slice(0, 0, 6, -2).matmul(&a.t()), by_definition(&a.slice(0, 0, 6, -2), &a.t()));
        let row = counting(&[1, 4]).expand([6, 4]);
        assert_eq!(row.matmul(&a.t()), by_definition(&row, &a.t()));
    }

    #[test]
    fn bits_do_not_depend_on_threads() {
        let wave = |shape: [usize; 2]| Tensor::<f32>::from_fn(shape, |i| (i as f32 * 0.37).sin());
        for [m, k, n] in [[128, 784, 400], [500, 30, 250], [1, 784, 100]] {
            let (a, b) = (wave([m, k]), wave([k, n]));
            let run = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| (a.matmul(&b), a.t().matmul(&a.matmul(&b))))
            };
            let one = run(1);
            for threads in [2, 3, 4] {
                assert!(run(threads) == one, "{m}×{k}×{n} with {threads} threads");
            }
        }
    }

    #[test]
    #[should_panic(
        expected = "matmul: inner sizes differ: [32, 784] times [512, 784]; did you mean `b.t()`?"
    )]
    fn inner_sizes() {
        Tensor::<f32>::zeros([32, 784]).matmul(&Tensor::zeros([512, 784]));
    }
}
