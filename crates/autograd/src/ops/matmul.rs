//! Matrix products.

use super::{Case, case, wave};
use crate::{Op, Real, Tensor, Var};

/// `Y = A B`.  Each element of `Y` is a dot product, so
///
/// > `Ā = Ȳ Bᵀ`  and  `B̄ = Aᵀ Ȳ`.
///
/// A bar means "gradient of the loss with respect to": `Ȳ` arrives, `Ā` leaves.
struct MatMul;

impl<T: Real> Op<T, 2> for MatMul {
    fn forward(&self, [a, b]: [&Tensor<T>; 2]) -> Tensor<T> {
        a.matmul(b)
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [a, b]: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        match wrt {
            0 => g.matmul(b.t()),
            _ => a.t().matmul(g),
        }
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// Matrix product `A B` of `[m, k]` and `[k, n]`, giving `[m, n]`.
    ///
    /// # Panics
    /// If either is not a matrix or the inner sizes differ.
    #[track_caller]
    pub fn matmul(self, b: Var<'t, T>) -> Var<'t, T> {
        Var::apply(MatMul, [self, b])
    }
}

pub(super) const CASES: &[Case] = &[
    case!("matmul", |a, b| a.matmul(b), [wave([2, 3]), wave([3, 4])]),
    case!("matmul of a view", |a, b| a.t().matmul(b.t()), [wave([3, 2]), wave([4, 3])]),
    case!("matmul with itself", |a| a.matmul(a).matmul(a.t()), [wave([3, 3])]),
    case!("matmul of rows and columns", |a, b| a.matmul(b) * b.matmul(a), [wave([1, 1]), wave([1, 1])]),
    case!("matmul over an empty axis", |a, b| a.matmul(b), [wave([2, 0]), wave([0, 3])]),
];
