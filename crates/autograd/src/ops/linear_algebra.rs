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
        // S or its transpose, which is all the same in the last line: L⁻ᵀ (L⁻ᵀ Φ)ᵀ.
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
        Var::apply(Cholesky, [self])
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
        Var::apply(SolveTriangular(triangle), [self.expand(stack(&left)), b.expand(stack(&right))])
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
mod tests {
    use super::*;
    use crate::Tape;

    fn matrix<const N: usize>(rows: [[f64; N]; N]) -> Tensor<f64> {
        Tensor::from_vec([N, N], rows.concat())
    }

    fn difference(a: &Tensor<f64>, b: &Tensor<f64>) -> f64 {
        a.zip(b, |a, b| (a - b).abs()).to_vec().into_iter().fold(0.0, f64::max)
    }

    #[test]
    fn large_factors_and_solutions() {
        let n = 150;
        let tape = Tape::new();
        let noise = tape.constant(Tensor::from_fn([n, n], |i| ((i * 7919) % 1013) as f64 / 1013.0 - 0.5));
        let a = definite(noise);
        let l = a.cholesky();
        assert_eq!(l.triu(1).value(), Tensor::zeros([n, n]));
        assert!(difference(&l.matmul(l.t()).value(), &a.value()) < 1e-12);
        let x = l.solve_triangular(noise, Triangle::Lower);
        assert!(difference(&l.matmul(x).value(), &noise.value()) < 1e-12);
        // What is in the other triangle is not read.
        let dirty = l + tape.constant(Tensor::full([n, n], f64::NAN)).triu(1);
        assert_eq!(dirty.solve_triangular(noise, Triangle::Lower).value(), x.value());
    }

    #[test]
    fn the_derivative_of_logdet_is_the_inverse() {
        let tape = Tape::new();
        let a = tape.var(matrix([[4.0, 2.0], [2.0, 5.0]]));
        let y = a.logdet();
        assert_eq!(y.item(), 2.0 * (2.0_f64.ln() + 2.0_f64.ln()));
        let inverse = matrix([[5.0, -2.0], [-2.0, 4.0]]).map(|x| x / 16.0);
        assert!(difference(&y.backward().wrt(a), &inverse) < 1e-16);
        // A determinant that is no floating-point number.
        let tiny = tape.var(Tensor::eye(200).map(|x| x * 1e-10));
        assert!((tiny.logdet().item() / (200.0 * 1e-10_f64.ln()) - 1.0).abs() < 1e-14);
    }

    #[test]
    fn bits_do_not_depend_on_threads() {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let tape = Tape::<f32>::new();
                let noise = tape.constant(Tensor::from_fn([50, 30, 30], |i| (i as f32 * 0.37).sin()));
                let l = definite(noise).cholesky();
                (l.value(), l.solve_triangular(noise, Triangle::Lower).value())
            })
        };
        let one = run(1);
        for threads in [2, 3, 8] {
            assert!(run(threads) == one, "{threads} threads");
        }
    }

    #[test]
    fn a_zero_on_the_diagonal_is_loud() {
        let tape = Tape::new();
        let (a, b) = (tape.var(matrix([[1.0, 0.0], [1.0, 0.0]])), tape.var(Tensor::ones([2, 1])));
        let x = a.solve_triangular(b, Triangle::Lower).value();
        assert!(!x.to_vec()[1].is_finite(), "{x:?}");
    }

    #[test]
    #[should_panic(
        expected = "cholesky: the matrix of shape [2, 2] is not positive definite; a multiple of the \
                               identity added to it, such as 1e-6, may help"
    )]
    fn an_indefinite_matrix() {
        Tape::new().var(matrix([[1.0, 2.0], [2.0, 1.0]])).cholesky();
    }

    #[test]
    #[should_panic(expected = "cholesky: matrix 1 of shape [3, 2, 2] is not positive definite")]
    fn one_indefinite_matrix_among_many() {
        let numbers = vec![1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, f64::NAN, 0.0, 1.0];
        Tape::new().var(Tensor::from_vec([3, 2, 2], numbers)).cholesky();
    }

    #[test]
    #[should_panic(expected = "is not positive definite")]
    fn nan_is_not_positive_definite() {
        Tape::new().var(matrix([[1.0, 0.0], [f64::NAN, 1.0]])).logdet();
    }

    #[test]
    #[should_panic(expected = "logdet: the matrix must be square, not [2, 3]")]
    fn a_matrix_that_is_not_square() {
        Tape::<f64>::new().var(Tensor::ones([2, 3])).logdet();
    }

    #[test]
    #[should_panic(expected = "solve_triangular: [2, 2] needs 2 rows on the right side, not [3, 1]")]
    fn too_many_rows() {
        let tape = Tape::<f64>::new();
        tape.var(Tensor::ones([2, 2])).solve_triangular(tape.var(Tensor::ones([3, 1])), Triangle::Lower);
    }
}
