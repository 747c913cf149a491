//! Positive definite and triangular matrices. Leading axes count matrices.
//!
//! ```
//! use autograd::{Tape, Tensor, Triangle};
//!
//! // The logarithm of a Gaussian density with covariance `A`, up to a constant:
//! // −½ xᵀ A⁻¹ x − ½ ln det A.
//! let tape = Tape::<f64>::new();
//! let a = tape.var(Tensor::from_vec([2, 2], vec![4.0, 2.0, 2.0, 5.0]));
//! let x = tape.var(Tensor::from_vec([2, 1], vec![2.0, 3.0]));
//! let l = a.cholesky();
//! assert_eq!(l.value().to_vec(), [2.0, 0.0, 1.0, 2.0]);
//! let white = l.solve_triangular(x, Triangle::Lower);
//! let log_density = -0.5 * (white * white).sum() - l.diagonal().ln().sum();
//! assert_eq!(log_density.item(), -1.0 - 4.0_f64.ln());
//! ```

use super::arithmetic::common_shape;
use super::{Case, case, wave};
use crate::compiled::built_in;
use crate::tensor::square_size;
use crate::{Op, Real, Tensor, Triangle, Var};

/// `L Lᵀ = ½ (A + Aᵀ)`, `L` lower triangular.
///
/// Differentiating gives `dA = dL Lᵀ + L dLᵀ`, so `L⁻¹ dA L⁻ᵀ = L⁻¹ dL + (L⁻¹ dL)ᵀ` is the sum of a
/// lower triangular matrix and its transpose. Hence `dL = L Φ(L⁻¹ dA L⁻ᵀ)`, where `Φ` takes the lower
/// triangle and half the diagonal. The transpose of this linear map is the rule:
///
/// > `S = L⁻ᵀ Φ(Lᵀ L̄) L⁻¹`,  `Ā = ½ (S + Sᵀ)`.
///
/// Murray, "Differentiation of the Cholesky decomposition" (2016), equations 8 to 10.
struct Cholesky;

impl<T: Real> Op<T, 1> for Cholesky {
    const NAME: &'static str = "cholesky";

    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.cholesky()
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], l: Var<'t, T>) -> Var<'t, T> {
        let product = l.t().matmul(g);
        let phi = (product.tril(0) + product.tril(-1)) * 0.5;
        // S or its transpose, which makes no difference in the sum below: L⁻ᵀ (L⁻ᵀ Φ)ᵀ.
        let half = l.t().solve_triangular(phi, Triangle::Upper);
        let s = l.t().solve_triangular(half.t(), Triangle::Upper);
        (s + s.t()) * 0.5
    }
}

/// `A X = B`, `A` triangular.  From `dA X + A dX = dB`:
///
/// > `B̄ = A⁻ᵀ X̄`  and  `Ā = −B̄ Xᵀ`, in the triangle.
struct SolveTriangular(Triangle);

impl<T: Real> Op<T, 2> for SolveTriangular {
    const NAME: &'static str = "solve_triangular";

    fn forward(&self, [a, b]: [&Tensor<T>; 2]) -> Tensor<T> {
        a.solve_triangular(b, self.0)
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [a, _]: [Var<'t, T>; 2], x: Var<'t, T>) -> Var<'t, T> {
        let wrt_b = a.t().solve_triangular(g, self.0.flipped());
        match (wrt, self.0) {
            (0, Triangle::Lower) => -wrt_b.matmul(x.t()).tril(0),
            (0, Triangle::Upper) => -wrt_b.matmul(x.t()).triu(0),
            _ => wrt_b,
        }
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The Cholesky factor of symmetric positive definite matrices `[.., n, n]`: the lower triangular
    /// `L` with `L Lᵀ = A`.
    ///
    /// Of a matrix that is not symmetric, the symmetric part `½ (A + Aᵀ)` is taken, so the gradient
    /// is always symmetric.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let a = tape.var(Tensor::from_vec([2, 2], vec![4.0, 2.0, 2.0, 10.0]));
    /// assert_eq!(a.cholesky().value().to_vec(), [2.0, 0.0, 1.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// If a matrix is not square or not positive definite; a matrix with a NaN is not.
    #[track_caller]
    pub fn cholesky(self) -> Var<'t, T> {
        T::record(Cholesky, [self])
    }

    /// The solution `X` of `A X = B` for a triangular matrix `A`, which is this one: `[.., n, n]` and
    /// `[.., n, k]` give `[.., n, k]`. Leading axes count matrices, and broadcast.
    ///
    /// Only the triangle is read, and only it receives a gradient. A zero on the diagonal makes
    /// infinities or NaN.
    ///
    /// # Panics
    /// If `A` is not square, `B` does not have as many rows, or the leading axes do not broadcast.
    #[track_caller]
    pub fn solve_triangular(self, b: Var<'t, T>, triangle: Triangle) -> Var<'t, T> {
        let (left, right) = (self.shape(), b.shape());
        let n = square_size("solve_triangular", &left);
        let [lead @ .., rows, _] = &right[..] else {
            panic!("solve_triangular: the right side must be [.., {n}, columns], not {right:?}");
        };
        assert!(*rows == n, "solve_triangular: {left:?} needs {n} rows on the right side, not {right:?}");
        let batch = common_shape("solve_triangular", &left[..left.len() - 2], lead);
        let stack = |matrix: &[usize]| [&batch, &matrix[matrix.len() - 2..]].concat();
        T::record(SolveTriangular(triangle), [self.expand(stack(&left)), b.expand(stack(&right))])
    }

    /// `ln det A` of symmetric positive definite matrices: `[.., n, n]` gives `[..]`. Twice the sum of
    /// the logarithms of the diagonal of the [Cholesky factor](Self::cholesky), so it neither
    /// overflows nor vanishes like the determinant itself.
    ///
    /// # Panics
    /// If a matrix is not square or not positive definite.
    #[track_caller]
    pub fn logdet(self) -> Var<'t, T> {
        square_size("logdet", &self.shape());
        self.cholesky().diagonal().ln().sum_over(-1) * 2.0
    }
}

/// A positive definite matrix for the cases, made of any.
#[track_caller]
fn definite<'t, T: Real>(a: Var<'t, T>) -> Var<'t, T> {
    let n = a.shape()[a.shape().len() - 2];
    a.matmul(a.t()) + a.tape().constant(Tensor::eye(n))
}

built_in! {
    apply 1: Cholesky;
    apply 2: SolveTriangular;
}

pub(super) const CASES: &[Case] = &[
    case!("cholesky", |a| definite(a).cholesky(), [wave([3, 3])]),
    case!("cholesky of many", |a| definite(a).cholesky(), [wave([2, 2, 2])]),
    case!("cholesky of a number", |a| (a * a).cholesky(), [wave([1, 1])]),
    case!("cholesky of nothing", |a| a.cholesky(), [wave([2, 0, 0])]),
    case!("cholesky of the symmetric part", |a| (a + definite(a) * 4.0).cholesky(), [wave([2, 2])]),
    case!(
        "solve_triangular",
        |a, b| (a + definite(a)).solve_triangular(b, Triangle::Lower),
        [wave([3, 3]), wave([3, 2])]
    ),
    case!(
        "solve_triangular, upper",
        |a, b| (a + definite(a)).solve_triangular(b * b, Triangle::Upper),
        [wave([3, 3]), wave([3, 1])]
    ),
    case!(
        "solve_triangular, broadcast",
        |a, b| definite(a).solve_triangular(b, Triangle::Lower),
        [wave([2, 1, 2, 2]), wave([2, 2, 1])]
    ),
    case!(
        "solve_triangular of nothing",
        |a, b| a.solve_triangular(b, Triangle::Lower),
        [wave([2, 2]).between(0.5, 1.0), wave([2, 0])]
    ),
    case!("logdet", |a| definite(a).logdet(), [wave([3, 3])]),
    case!("logdet of many", |a| definite(a).logdet(), [wave([2, 2, 2])]),
];

#[cfg(test)]
mod tests;
