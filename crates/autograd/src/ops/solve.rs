//! Systems of linear equations with any square matrix, the inverse and the determinant. Leading axes count matrices.
//!
//! A solution loses about as many digits as the condition of the matrix has; for symmetric positive definite matrices
//! [`cholesky`](Var::cholesky) is faster and more exact.

use super::arithmetic::common_shape;
use super::{Case, case, wave};
use crate::compiled::built_in;
use crate::tensor::square_size;
use crate::{Op, Real, Tensor, Var};

/// `A X = B`.  From `dA X + A dX = dB`:
///
/// > `B̄ = A⁻ᵀ X̄`  and  `Ā = −B̄ Xᵀ`.
struct Solve;

impl<T: Real> Op<T, 2> for Solve {
    const NAME: &'static str = "solve";

    fn forward(&self, [a, b]: [&Tensor<T>; 2]) -> Tensor<T> {
        a.solve(b)
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [a, _]: [Var<'t, T>; 2], x: Var<'t, T>) -> Var<'t, T> {
        let wrt_b = a.t().solve(g);
        if wrt == 0 { -wrt_b.matmul(x.t()) } else { wrt_b }
    }
}

/// `y = det A`,  `Ā = ȳ y A⁻ᵀ`.
struct Det;

impl<T: Real> Op<T, 1> for Det {
    const NAME: &'static str = "det";

    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.det()
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], y: Var<'t, T>) -> Var<'t, T> {
        (g * y).unsqueeze(-1).unsqueeze(-1) * a.inverse().t()
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The solution `X` of `A X = B` for a square matrix `A`, which is this one: `[.., n, n]` and `[.., n, k]` give
    /// `[.., n, k]`. Leading axes count matrices, and broadcast. By factors `P A = L U` in double precision.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let a = tape.var(Tensor::from_vec([2, 2], vec![0.0, 2.0, 4.0, 0.0]));
    /// let b = tape.var(Tensor::from_vec([2, 1], vec![6.0, 4.0]));
    /// let x = a.solve(b);
    /// assert_eq!(x.value().to_vec(), [1.0, 3.0]);
    /// assert_eq!(x.sum().backward().wrt(b).to_vec(), [0.5, 0.25]);
    /// ```
    ///
    /// # Panics
    /// If `A` is not square or is singular, `B` does not have as many rows, or the leading axes do not broadcast.
    #[track_caller]
    pub fn solve(self, b: Var<'t, T>) -> Var<'t, T> {
        let (left, right) = (self.shape(), b.shape());
        let n = square_size("solve", &left);
        let [lead @ .., rows, _] = &right[..] else {
            panic!("solve: the right side must be [.., {n}, columns], not {right:?}");
        };
        assert!(*rows == n, "solve: {left:?} needs {n} rows on the right side, not {right:?}");
        let batch = common_shape("solve", &left[..left.len() - 2], lead);
        let stack = |matrix: &[usize]| [&batch, &matrix[matrix.len() - 2..]].concat();
        T::record(Solve, [self.expand(stack(&left)), b.expand(stack(&right))])
    }

    /// The inverse of square matrices `[.., n, n]`. To solve equations, [`solve`](Self::solve) is faster and more exact.
    ///
    /// # Panics
    /// If a matrix is not square, or is singular.
    #[track_caller]
    pub fn inverse(self) -> Var<'t, T> {
        let n = square_size("inverse", &self.shape());
        self.solve(self.tape().constant(Tensor::eye(n)))
    }

    /// The determinant of square matrices: `[.., n, n]` gives `[..]`. Of large matrices it may overflow or vanish; see
    /// [`logdet`](Self::logdet).
    ///
    /// # Panics
    /// If a matrix is not square. The derivative panics where a matrix is singular.
    #[track_caller]
    pub fn det(self) -> Var<'t, T> {
        square_size("det", &self.shape());
        T::record(Det, [self])
    }
}

/// A matrix for the cases that is far from singular, made of any.
#[track_caller]
fn regular<'t, T: Real>(a: Var<'t, T>) -> Var<'t, T> {
    let n = a.shape()[a.shape().len() - 1];
    a + a.tape().constant(Tensor::eye(n) * 3.0)
}

built_in! {
    apply 1: Det;
    apply 2: Solve;
}

pub(super) const CASES: &[Case] = &[
    case!("solve", |a, b| regular(a).solve(b), [wave([3, 3]), wave([3, 2])]),
    case!("solve, broadcast", |a, b| regular(a).solve(b * b), [wave([2, 1, 2, 2]), wave([2, 2, 1])]),
    case!("solve of nothing", |a, b| regular(a).solve(b), [wave([2, 2]), wave([2, 0])]),
    case!("inverse", |a| regular(a).inverse(), [wave([2, 3, 3])]),
    case!("det", |a| regular(a).det(), [wave([3, 3])]),
    case!("det of many", |a| regular(a).det(), [wave([2, 2, 2])]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tape;

    #[test]
    fn large_systems_and_rows_in_another_order() {
        let n = 120;
        let tape = Tape::<f64>::new();
        // No order of rows is the right one from the start.
        let a = tape.var(Tensor::from_fn([n, n], |i| (0.37 * (i * i) as f64).sin()));
        let b = tape.var(Tensor::from_fn([n, 2], |i| (i as f64).sin()));
        let left = (a.matmul(a.solve(b)) - b).value();
        assert!(left.norm().item() < 1e-9, "{:?}", left.norm());
        let identity = a.inverse().matmul(a).value() - Tensor::eye(n);
        assert!(identity.norm().item() < 1e-9);
    }

    #[test]
    fn a_determinant_changes_its_sign_with_two_rows() {
        let tape = Tape::<f64>::new();
        let a = tape.var(Tensor::from_vec([2, 2, 2], vec![1.0, 2.0, 3.0, 4.0, 3.0, 4.0, 1.0, 2.0]));
        let y = a.det();
        assert!((y.value() - Tensor::from_vec([2], vec![-2.0, 2.0])).norm().item() < 1e-14);
        assert_eq!(tape.constant(Tensor::zeros([3, 3])).det().item(), 0.0);
        assert_eq!(tape.constant(Tensor::zeros([0, 0])).det().item(), 1.0);
    }

    #[test]
    #[should_panic(expected = "solve: matrix 1 of shape [2, 2, 2] is singular")]
    fn no_solution() {
        let tape = Tape::<f64>::new();
        let a = tape.var(Tensor::from_vec([2, 2, 2], vec![1.0, 0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 4.0]));
        a.solve(tape.constant(Tensor::ones([2, 1])));
    }
}
