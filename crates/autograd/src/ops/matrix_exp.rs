//! The exponential of square matrices. Leading axes count matrices.

use super::{Case, case, wave};
use crate::compiled::built_in;
use crate::tensor::square_size;
use crate::{Op, Real, Scalar, Tensor, Var};

/// `Y = exp A = Σ Aᵏ / k!`.  The derivative along a matrix is a block of a larger exponential (Van Loan 1978):
///
/// > `exp [[A, E], [0, A]] = [[exp A, D], [0, exp A]]`, where `D` is the derivative of `exp` at `A` along `E`.
///
/// Its transpose is the derivative at `Aᵀ`: so `Ā` is the upper right block of `exp [[Aᵀ, Ȳ], [0, Aᵀ]]`.
struct MatrixExp;

impl<T: Real> Op<T, 1> for MatrixExp {
    const NAME: &'static str = "matrix_exp";

    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        let n = a.shape()[a.rank() - 1];
        if a.is_empty() {
            return a.clone();
        }
        let a = a.cast::<f64>();
        // exp A = (exp 2⁻ˢA)²ˢ, with so many squarings that the norm of 2⁻ˢA is at most ½. The terms that the series lacks
        // are then below 2⁻⁷⁶.
        let norm = a.abs().sum_over(-1).max().item();
        if !norm.is_finite() {
            return Tensor::full(a.shape(), f64::NAN);
        }
        let squarings = (norm.log2().ceil() + 1.0).max(0.0) as i32;
        let (a, identity) = (a * 0.5_f64.powi(squarings), Tensor::eye(n));
        let series = (1..=18).rev().fold(identity.clone(), |y, k| &identity + a.matmul(&y) / f64::from(k));
        (0..squarings).fold(series.expand(a.shape()), |y, _| y.matmul(&y)).cast()
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        let (n, a) = (a.shape()[a.shape().len() - 1], a.t());
        let upper = Var::concat([a, g], -1);
        let lower = Var::concat([a.lit(0.0), a], -1);
        Var::concat([upper, lower], -2).matrix_exp().slice(-2, ..n).slice(-1, n..)
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The exponential `Σ Aᵏ / k!` of square matrices `[.., n, n]`: `exp(tA) x` solves `dy/dt = A y` from `y = x`, and that of
    /// an antisymmetric matrix is a rotation. In double precision, by scaling and squaring of the series.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let angle = tape.var(0.5);
    /// let turn = tape.constant(Tensor::from_vec([2, 2], vec![0.0, -1.0, 1.0, 0.0]));
    /// let rotation = (turn * angle).matrix_exp();
    /// let expected = Tensor::from_vec([2, 2], [0.5_f64.cos(), -0.5_f64.sin(), 0.5_f64.sin(), 0.5_f64.cos()].to_vec());
    /// assert!((rotation.value() - expected).norm().item() < 1e-15);
    /// ```
    ///
    /// A matrix with a number that is not finite gives NaN, in the whole result.
    ///
    /// # Panics
    /// If a matrix is not square.
    #[track_caller]
    pub fn matrix_exp(self) -> Var<'t, T> {
        square_size("matrix_exp", &self.shape());
        T::record(MatrixExp, [self])
    }
}

built_in! {
    apply 1: MatrixExp;
}

pub(super) const CASES: &[Case] = &[
    case!("matrix_exp", |a| (a * 0.7).matrix_exp(), [wave([3, 3])]),
    case!("matrix_exp of many", |a| a.matrix_exp(), [wave([2, 2, 2])]),
    case!("matrix_exp of a number", |a| a.matrix_exp(), [wave([1, 1])]),
    case!("matrix_exp of nothing", |a| a.matrix_exp(), [wave([2, 0, 0])]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tape;

    #[test]
    fn large_matrices_and_many_squarings() {
        let tape = Tape::<f64>::new();
        // A = V diag(λ) V⁻¹, so exp A = V diag(e^λ) V⁻¹.
        let v = tape.constant(Tensor::from_fn([6, 6], |i| (0.37 * (i * i) as f64).sin()));
        let values = tape.constant(Tensor::from_vec([6], vec![-30.0, -2.0, 0.0, 1.0, 3.0, 5.0]));
        let [a, expected] = [values, values.exp()].map(|values| v.matmul(values.unsqueeze(-1) * v.inverse()));
        let error = ((a.matrix_exp() - expected).norm() / expected.norm()).item();
        assert!(error < 1e-11, "{error}");
    }

    #[test]
    fn zeros_have_the_identity_and_infinities_nothing() {
        let tape = Tape::<f64>::new();
        assert_eq!(tape.constant(Tensor::zeros([3, 3])).matrix_exp().value(), Tensor::eye(3));
        let y = tape.constant(Tensor::full([2, 2], f64::INFINITY)).matrix_exp();
        assert!(y.value().to_vec().iter().all(|y| y.is_nan()));
    }
}
