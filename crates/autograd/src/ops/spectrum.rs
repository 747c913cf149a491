//! Eigenvalues of symmetric matrices and singular values of any. Leading axes count matrices.
//!
//! ```
//! use autograd::{Tape, Tensor};
//!
//! let tape = Tape::<f64>::new();
//! let a = tape.var(Tensor::from_vec([2, 2], vec![2.0, 1.0, 1.0, 2.0]));
//! let [values, vectors] = a.eigh();
//! assert!((values.value() - Tensor::from_vec([2], vec![1.0, 3.0])).norm().item() < 1e-15);
//! let again = vectors.matmul(values.unsqueeze(-1) * vectors.t());
//! assert!((again.value() - a.value()).norm().item() < 1e-15);
//! // The derivative of an eigenvalue is the square of its vector: dλ = vᵀ dA v.
//! let slope = values.slice(-1, 1..).sum().backward().wrt(a);
//! assert!((slope - Tensor::full([2, 2], 0.5)).norm().item() < 1e-15);
//! ```
//!
//! # Equal values
//!
//! The vectors of two equal values are any basis of a plane, and have no derivative. The rules divide by
//! differences of values, so near such a place derivatives of vectors are large and lose digits. At such a place:
//!
//! - the gradient of a function of the *values* alone is finite: that of each value along its own vector;
//! - the gradient of a function of the vectors is infinite or NaN, unless the difference that it depends on is exactly 0;
//! - derivatives of higher order are infinite or NaN.
//!
//! The same holds for singular values of which one is 0: it is the kink of an absolute value.

use super::{Case, case, wave};
use crate::compiled::built_in;
use crate::tensor::square_size;
use crate::{Op, Real, Scalar, Tensor, Var};

/// `½ (A + Aᵀ) = V diag(λ) Vᵀ`, as one matrix `[.., n + 1, n]`: `λ` in the first row, below it `V`.
///
/// With `K = Vᵀ V̄`:
///
/// > `S = V ( diag(λ̄) + E ) Vᵀ`,  `Eᵢⱼ = ½ (Kᵢⱼ − Kⱼᵢ) / (λⱼ − λᵢ)`,  `Ā = ½ (S + Sᵀ)`.
///
/// Giles, "An extended collection of matrix derivative results for forward and reverse mode algorithmic
/// differentiation" (2008), section 3.1; `K − Kᵀ` in place of `K` is the same for a symmetric `A`.
struct Eigh;

impl<T: Real> Op<T, 1> for Eigh {
    const NAME: &'static str = "eigh";

    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.eigh()
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], y: Var<'t, T>) -> Var<'t, T> {
        let [values, v] = rows(y, [1]);
        let [by_values, by_vectors] = rows(g, [1]);
        let k = v.t().matmul(by_vectors);
        let e = ratio((k - k.t()) * 0.5, on_diagonal(values - values.t()));
        let s = v.matmul(by_values.squeeze(-2).diag_embed() + e).matmul(v.t());
        (s + s.t()) * 0.5
    }
}

/// `A = U diag(σ) Vᵀ`, as one matrix `[.., 1 + m + n, k]` with `k = min(m, n)`: `σ` in the first row, below it `U` and `V`.
///
/// With `Fᵢⱼ = 1 / (σⱼ² − σᵢ²)`, 0 on the diagonal, and `Σ = diag(σ)`:
///
/// > `Ā = U ( diag(σ̄) + (F ∘ (UᵀŪ − ŪᵀU)) Σ + Σ (F ∘ (VᵀV̄ − V̄ᵀV)) ) Vᵀ + (I − UUᵀ) Ū Σ⁻¹ Vᵀ + U Σ⁻¹ V̄ᵀ (I − VVᵀ)`.
///
/// Townsend, "Differentiating the singular value decomposition" (2016); Ionescu, Vantzos and Sminchisescu, "Matrix
/// backpropagation for deep networks with structured layers" (2015).
struct Svd {
    /// The size of `A`.
    size: [usize; 2],
}

impl<T: Real> Op<T, 1> for Svd {
    const NAME: &'static str = "svd";

    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.svd()
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], y: Var<'t, T>) -> Var<'t, T> {
        let [m, n] = self.size;
        let [values, u, v] = rows(y, [1, 1 + m]);
        let [by_values, by_u, by_v] = rows(g, [1, 1 + m]);
        // σⱼ² − σᵢ², without the squares: they lose digits.
        let gaps = on_diagonal((values - values.t()) * (values + values.t()));
        let [p, q] = [(u, by_u), (v, by_v)].map(|(of, by)| {
            let k = of.t().matmul(by);
            ratio(k - k.t(), gaps)
        });
        let inner = by_values.squeeze(-2).diag_embed() + p * values + values.t() * q;
        let mut a = u.matmul(inner).matmul(v.t());
        // What lies beside the vectors: only the longer ones leave room for it.
        let beside = |of: Var<'t, T>, by: Var<'t, T>| ratio(by - of.matmul(of.t().matmul(by)), values);
        if m > n {
            a = a + beside(u, by_u).matmul(v.t());
        }
        if n > m {
            a = a + u.matmul(beside(v, by_v).t());
        }
        a
    }
}

/// The rows of a matrix from one of these places to the next.
fn rows<'t, T: Real, const N: usize, const P: usize>(y: Var<'t, T>, ends: [usize; N]) -> [Var<'t, T>; P] {
    let last = y.shape()[y.shape().len() - 2];
    let at = |i: usize| if i == 0 { 0 } else { ends.get(i - 1).copied().unwrap_or(last) };
    std::array::from_fn(|i| y.slice(-2, at(i)..at(i + 1)))
}

/// `a / d` for a difference `d` of two values, or one of them. Where `d` is 0 it is 0 if `a` is 0, with derivatives NaN, and
/// otherwise infinite.
fn ratio<'t, T: Real>(a: Var<'t, T>, d: Var<'t, T>) -> Var<'t, T> {
    let equal = d.eq(0.0);
    // The root of the square is steep at 0. Elsewhere it is of 1, because no derivative of it may come from there.
    let tip = equal.select(a, 1.0).square().sqrt() / equal.select(a.eq(0.0).numbers(), 1.0);
    equal.select(tip, a / equal.select(d.lit(1.0), d))
}

/// Differences with 1 on the diagonal, where a value is compared with itself: there `a` is 0 in `a / d`.
fn on_diagonal<'t, T: Real>(of: Var<'t, T>) -> Var<'t, T> {
    of + of.tape().constant(Tensor::eye(of.shape()[of.shape().len() - 1]))
}

impl<'t, T: Real> Var<'t, T> {
    /// Eigenvalues and eigenvectors `[λ, V]` of symmetric matrices, `A = V diag(λ) Vᵀ`: `[.., n, n]` gives `[.., n]` and
    /// `[.., n, n]`. The values ascend; column `k` of `V` is the unit vector of value `k`. By `nalgebra`, in double
    /// precision.
    ///
    /// Of the two signs of a vector the one is taken that makes its largest component positive; among components that are
    /// equally large, to 1e-8 of the largest, it is the first. Of a matrix that is not symmetric, the symmetric part
    /// `½ (A + Aᵀ)` is taken. Values that are equal have no derivatives of their vectors; see below.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let a = tape.var(Tensor::from_vec([2, 2], vec![3.0, 0.0, 0.0, 1.0]));
    /// let [values, vectors] = a.eigh();
    /// assert_eq!(values.value().to_vec(), [1.0, 3.0]);
    /// assert_eq!(vectors.value().to_vec(), [0.0, 1.0, 1.0, 0.0]);
    /// ```
    ///
    /// At equal values (`λᵢ = λⱼ`) the gradient of a function of the values alone is finite; that of a function
    /// of the vectors is infinite or NaN, and so are derivatives of higher order. Near such a place derivatives of
    /// vectors grow like `1 / (λⱼ − λᵢ)`.
    ///
    /// # Panics
    /// If a matrix is not square, or a number in it is not finite.
    #[track_caller]
    pub fn eigh(self) -> [Var<'t, T>; 2] {
        square_size("eigh", &self.shape());
        let [values, vectors] = rows(T::record(Eigh, [self]), [1]);
        [values.squeeze(-2), vectors]
    }

    /// The singular value decomposition `[U, σ, V]` of matrices, `A = U diag(σ) Vᵀ`: `[.., m, n]` gives `[.., m, k]`,
    /// `[.., k]` and `[.., n, k]` with `k = min(m, n)`. The values descend; the columns of `U` and of `V` are orthonormal.
    /// By `nalgebra`, in double precision.
    ///
    /// A column of `U` and that of `V` may change their signs together: they have those that make the largest component
    /// of the column of `U` positive, as for [`eigh`](Self::eigh).
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let a = tape.var(Tensor::from_vec([2, 3], vec![0.0, -2.0, 0.0, 5.0, 0.0, 0.0]));
    /// let [u, values, v] = a.svd();
    /// let expected = Tensor::from_vec([2], vec![5.0, 2.0]);
    /// assert!((values.value() - expected).norm().item() < 1e-14);
    /// let again = u.matmul(values.unsqueeze(-1) * v.t());
    /// assert!((again.value() - a.value()).norm().item() < 1e-14);
    /// ```
    ///
    /// At equal values, and at 0, derivatives are as for [`eigh`](Self::eigh): the gradient of a function of
    /// the values alone is finite, others are not.
    ///
    /// # Panics
    /// If there are fewer than two axes, or a number is not finite.
    #[track_caller]
    pub fn svd(self) -> [Var<'t, T>; 3] {
        let shape = self.shape();
        let &[.., m, n] = &shape[..] else { panic!("svd: it needs matrices [.., m, n], not {shape:?}") };
        let [values, u, v] = rows(T::record(Svd { size: [m, n] }, [self]), [1, 1 + m]);
        [u, values.squeeze(-2), v]
    }
}

/// A matrix for the cases whose values are far from each other, made of any.
#[track_caller]
fn spread<'t, T: Real>(a: Var<'t, T>) -> Var<'t, T> {
    let shape = a.shape();
    let [m, n] = [shape[shape.len() - 2], shape[shape.len() - 1]];
    let scale =
        Tensor::from_fn([m, n], |i| if i / n == i % n { T::of(2.0 * (1 + i % n) as f64) } else { T::zero() });
    a * 0.4 + a.tape().constant(scale)
}

built_in! {
    apply 1: Eigh, Svd;
}

pub(super) const CASES: &[Case] = &[
    case!("eigh, values", |a| spread(a).eigh()[0], [wave([3, 3])]),
    case!("eigh, vectors", |a| spread(a).eigh()[1], [wave([3, 3])]),
    case!(
        "eigh, the square root of a matrix",
        |a| {
            let [values, v] = spread(a).eigh();
            v.matmul(values.square().sqrt().unsqueeze(-1) * v.t())
        },
        [wave([2, 2, 2])]
    ),
    case!("eigh of a number", |a| a.eigh()[0] * a.eigh()[1].squeeze(0) * a.squeeze(0), [wave([1, 1])]),
    case!("eigh of nothing", |a| a.eigh()[1], [wave([2, 0, 0])]),
    case!("svd, values", |a| spread(a).svd()[1], [wave([3, 2])]),
    case!(
        "svd, vectors",
        |a| {
            let [u, values, v] = spread(a).svd();
            u.matmul(v.t()) + u.matmul(values.square().unsqueeze(-1) * v.t())
        },
        [wave([3, 3])]
    ),
    case!(
        "svd of tall matrices",
        |a| {
            let [u, _, v] = spread(a).svd();
            Var::concat([u, v], -2)
        },
        [wave([2, 3, 2])]
    ),
    case!(
        "svd of wide matrices",
        |a| {
            let [u, _, v] = spread(a).svd();
            Var::concat([u, v], 0)
        },
        [wave([2, 4])]
    ),
    case!("svd of nothing", |a| a.svd()[2], [wave([0, 2])]),
];

#[cfg(test)]
mod tests;
