//! Decompositions, by the `nalgebra` crate. Computed in double precision for both types.

use std::sync::atomic::{AtomicUsize, Ordering};

use nalgebra::{DMatrix, SVD, SymmetricEigen};

use super::Tensor;
use super::chunks::{CHUNK, for_each_chunk};
use crate::Real;

/// Which half of a matrix holds its numbers; the other half counts as zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Triangle {
    /// The diagonal and the numbers below it.
    Lower,
    /// The diagonal and the numbers above it.
    Upper,
}

impl Triangle {
    /// That of the transposed matrix.
    pub(crate) fn flipped(self) -> Self {
        match self {
            Triangle::Lower => Triangle::Upper,
            Triangle::Upper => Triangle::Lower,
        }
    }
}

/// The size `n` of square matrices `[.., n, n]`.
#[track_caller]
pub(crate) fn square_size(op: &str, shape: &[usize]) -> usize {
    match shape {
        [.., n, columns] if n == columns => *n,
        _ => panic!("{op}: the matrix must be square, not {shape:?}"),
    }
}

impl<T: Real> Tensor<T> {
    /// The lower triangular `L` with `L Lᵀ = ½ (A + Aᵀ)`, for each matrix `A` of `[.., n, n]`.
    ///
    /// # Panics
    /// If a matrix is not square or not positive definite.
    #[track_caller]
    pub fn cholesky(&self) -> Self {
        let n = square_size("cholesky", &self.shape);
        let source = self.contiguous();
        let data = source.as_slice().expect("contiguous");
        let size = n * n;
        let matrices = (CHUNK / size.max(1)).max(1);
        // A panic must come from here, where the user's line is known, not from a thread.
        let failed = AtomicUsize::new(usize::MAX);
        let factors = Tensor::build(&self.shape, |out| {
            for_each_chunk(out, matrices * size, |task, out| {
                for (i, out) in out.chunks_exact_mut(size).enumerate() {
                    let number = task * matrices + i;
                    let a = &data[number * size..][..size];
                    let element = |i: usize, j: usize| a[i * n + j].as_f64();
                    let symmetric = DMatrix::from_fn(n, n, |i, j| 0.5 * (element(i, j) + element(j, i)));
                    match symmetric.cholesky() {
                        Some(factor) => write(&factor.unpack(), out),
                        None => {
                            failed.fetch_min(number, Ordering::Relaxed);
                        }
                    }
                }
            });
        });
        let failed = failed.into_inner();
        if failed != usize::MAX {
            let which = if self.rank() == 2 { "the matrix".into() } else { format!("matrix {failed}") };
            panic!(
                "cholesky: {which} of shape {:?} is not positive definite; a multiple of the identity added to \
                 it, such as 1e-6, may help",
                self.shape
            );
        }
        factors
    }

    /// The solution `X` of `A X = B`, where all matrices `A` are triangular. Leading axes are the
    /// same.
    #[track_caller]
    pub(crate) fn solve_triangular(&self, b: &Self, triangle: Triangle) -> Self {
        let (n, columns) = (self.shape[self.rank() - 1], b.shape[b.rank() - 1]);
        let (left, right) = (self.contiguous(), b.contiguous());
        let (left, right) = (left.as_slice().expect("contiguous"), right.as_slice().expect("contiguous"));
        let size = n * columns;
        let matrices = (CHUNK / (n * n.max(columns)).max(1)).max(1);
        Tensor::build(&b.shape, |out| {
            for_each_chunk(out, matrices * size, |task, out| {
                for (i, out) in out.chunks_exact_mut(size).enumerate() {
                    let number = task * matrices + i;
                    let (a, b) = (&left[number * n * n..], &right[number * size..]);
                    let a = DMatrix::from_fn(n, n, |i, j| a[i * n + j].as_f64());
                    let mut x = DMatrix::from_fn(n, columns, |i, j| b[i * columns + j].as_f64());
                    match triangle {
                        Triangle::Lower => a.solve_lower_triangular_unchecked_mut(&mut x),
                        Triangle::Upper => a.solve_upper_triangular_unchecked_mut(&mut x),
                    }
                    write(&x, out);
                }
            });
        })
    }

    /// The solution `X` of `A X = B` for square matrices `A`. Leading axes are the same.
    #[track_caller]
    pub(crate) fn solve(&self, b: &Self) -> Self {
        let (n, columns) = (self.shape[self.rank() - 1], b.shape[b.rank() - 1]);
        let right = b.to_vec();
        let mut x = Vec::with_capacity(right.len());
        for (number, a) in self.matrices(n).enumerate() {
            let b = &right[number * n * columns..];
            let mut solution = DMatrix::from_fn(n, columns, |i, j| b[i * columns + j].as_f64());
            if !a.lu().solve_mut(&mut solution) {
                let which = if self.rank() == 2 { "the matrix".into() } else { format!("matrix {number}") };
                panic!("solve: {which} of shape {:?} is singular", self.shape);
            }
            x.extend(solution.transpose().iter().map(|&x| T::of(x)));
        }
        Tensor::from_vec(&b.shape, x)
    }

    /// The determinants of square matrices, without the last two axes.
    #[track_caller]
    pub(crate) fn det(&self) -> Self {
        let (n, lead) = (self.shape[self.rank() - 1], &self.shape[..self.rank() - 2]);
        Tensor::from_vec(lead, self.matrices(n).map(|a| T::of(a.lu().determinant())).collect())
    }

    /// The eigenvalues `λ` of `½ (A + Aᵀ)`, ascending, in the first row of `[.., n + 1, n]`; below it the eigenvectors.
    #[track_caller]
    pub(crate) fn eigh(&self) -> Self {
        let n = self.shape[self.rank() - 1];
        self.decomposed("eigh", n + 1, n, |a| {
            let eigen = SymmetricEigen::new((&a + a.transpose()) * 0.5);
            let mut order: Vec<usize> = (0..n).collect();
            order.sort_by(|&a, &b| eigen.eigenvalues[a].total_cmp(&eigen.eigenvalues[b]));
            let signs: Vec<f64> = order.iter().map(|&k| sign(eigen.eigenvectors.column(k).iter())).collect();
            DMatrix::from_fn(n + 1, n, |i, j| match i {
                0 => eigen.eigenvalues[order[j]],
                _ => signs[j] * eigen.eigenvectors[(i - 1, order[j])],
            })
        })
    }

    /// The singular values of matrices `[.., m, n]`, descending, in the first row of `[.., 1 + m + n, k]`; below it `U` and
    /// `V`.
    #[track_caller]
    pub(crate) fn svd(&self) -> Self {
        let [m, n] = [self.shape[self.rank() - 2], self.shape[self.rank() - 1]];
        self.decomposed("svd", 1 + m + n, m.min(n), |a| {
            let svd = SVD::new(a, true, true); // its values descend
            let (u, v) = (svd.u.expect("asked for"), svd.v_t.expect("asked for"));
            let signs: Vec<f64> = u.column_iter().map(|column| sign(column.iter())).collect();
            DMatrix::from_fn(1 + m + n, m.min(n), |i, j| match i {
                0 => svd.singular_values[j],
                _ if i <= m => signs[j] * u[(i - 1, j)],
                _ => signs[j] * v[(j, i - 1 - m)],
            })
        })
    }

    /// A matrix `[rows, columns]` for each of the last two axes.
    #[track_caller]
    fn decomposed(
        &self,
        op: &str,
        rows: usize,
        columns: usize,
        f: impl Fn(DMatrix<f64>) -> DMatrix<f64>,
    ) -> Self {
        let [lead @ .., _, n] = &self.shape[..] else { unreachable!("it was checked") };
        let mut out = vec![];
        for (number, a) in self.matrices(*n).enumerate().filter(|_| columns > 0) {
            if a.iter().any(|x| !x.is_finite()) {
                let which = if lead.is_empty() { "the matrix".into() } else { format!("matrix {number}") };
                panic!("{op}: {which} of shape {:?} holds a number that is not finite", self.shape);
            }
            out.extend(f(a).transpose().iter().map(|&x| T::of(x)));
        }
        Tensor::from_vec([lead, &[rows, columns]].concat(), out)
    }

    /// The matrices with `n` columns of the last two axes.
    fn matrices(&self, n: usize) -> impl Iterator<Item = DMatrix<f64>> {
        let (data, rows) = (self.to_vec(), self.shape[self.rank() - 2]);
        let count = self.shape[..self.rank() - 2].iter().product();
        (0..count)
            .map(move |number| DMatrix::from_fn(rows, n, |i, j| data[(number * rows + i) * n + j].as_f64()))
    }
}

/// The sign of a vector's largest component; of several that are equally large, to 1e-8, that of the first.
fn sign<'a>(vector: impl Iterator<Item = &'a f64>) -> f64 {
    let mut largest = 0.0_f64;
    for &x in vector {
        if x.abs() > largest.abs() * (1.0 + 1e-8) {
            largest = x;
        }
    }
    if largest < 0.0 { -1.0 } else { 1.0 }
}

/// Copies a matrix, row by row.
fn write<T: Real>(matrix: &DMatrix<f64>, out: &mut [T]) {
    for (i, row) in out.chunks_exact_mut(matrix.ncols()).enumerate() {
        row.iter_mut().enumerate().for_each(|(j, y)| *y = T::of(matrix[(i, j)]));
    }
}
