//! Lengths of vectors.

use super::arithmetic::expanded;
use super::{Case, Pointwise, case, wave};
use crate::compiled::built_in;
use crate::tensor::{Axes, reduced_shape};
use crate::{Op, Real, Shape, Tensor, Var};

/// `y = √Σ aᵢ²`,  `āᵢ = ȳ aᵢ / y`, the [`share`] of each element.
struct Norm(Shape);

impl<T: Real> Op<T, 1> for Norm {
    const NAME: &'static str = "norm";

    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        if a.is_empty() {
            return Tensor::zeros(&self.0);
        }
        // Measured in units of the largest element, no square overflows or vanishes.
        let usable = |m: T| m.is_finite() && m > T::zero();
        let unit = a.map(|a| a.abs()).max_to(&self.0).map(|m| if usable(m) { m } else { T::one() });
        let squares = a.zip(&unit, |a, unit| (a / unit) * (a / unit)).sum_to(&self.0);
        squares.zip(&unit, |sum, unit| sum.sqrt() * unit)
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], y: Var<'t, T>) -> Var<'t, T> {
        g * share(a, y)
    }
}

/// `y = a / b`, and 0 where `b` is 0;  `ā = ȳ / b`,  `b̄ = −ȳ y / b`.
///
/// This is the slope of a length `b` by a leg `a`. A length of 0 is the tip of a cone: 0 is one of its slopes, and what a
/// training needs. But the slope jumps there, so it has no derivative, and the rules give NaN or an infinity. A 0 would
/// be a wrong answer without a warning: `‖x‖²` has the second derivative 2.
struct Share;

impl Pointwise<2> for Share {
    const NAME: &'static str = "share";

    #[inline(always)]
    fn f<T: Real>(&self, [a, b]: [T; 2]) -> T {
        if b == T::zero() { b } else { a / b }
    }
    fn vjp<'t, T: Real>(
        &self,
        wrt: usize,
        g: Var<'t, T>,
        [_, b]: [Var<'t, T>; 2],
        y: Var<'t, T>,
    ) -> Var<'t, T> {
        match wrt {
            0 => g / b,
            _ => -(g * (y / b)),
        }
    }
}

/// The slope of a length by one of its legs: 0 where the length is 0, but without a derivative there.
pub(super) fn share<'t, T: Real>(leg: Var<'t, T>, length: Var<'t, T>) -> Var<'t, T> {
    T::record(Share, expanded("share", leg, length))
}

impl<'t, T: Real> Var<'t, T> {
    /// The Euclidean norm `√Σ x²` of all elements, of shape `[]`, without overflow.
    ///
    /// At `x = 0`, the tip of a cone, the first derivative is stated to be 0. Derivatives of higher order do not exist
    /// there and are NaN, also those of a function that is smooth again: of `‖x‖²` write
    /// `x.square().sum()`, which has the second derivative 2 everywhere.
    #[track_caller]
    pub fn norm(self) -> Var<'t, T> {
        self.norm_to(&[])
    }

    #[track_caller]
    pub(super) fn norm_to(self, kept: &[usize]) -> Var<'t, T> {
        T::record(Norm(kept.into()), [self])
    }

    /// The Euclidean norm along some axes: `x.norm_over(1)`, `x.norm_over(Keep([0, -1]))`; see
    /// [`norm`](Self::norm).
    ///
    /// ```
    /// # use autograd::{Keep, Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([2, 2], vec![3.0, 4.0, 0.0, 2.0]));
    /// assert_eq!(x.norm_over(1).value().to_vec(), [5.0, 2.0]);
    /// let rows = x / x.norm_over(Keep(1)); // of length 1
    /// assert_eq!(rows.value().to_vec(), [0.6, 0.8, 0.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or listed twice.
    #[track_caller]
    pub fn norm_over(self, axes: impl Axes) -> Var<'t, T> {
        let shape = self.shape();
        self.norm_to(&reduced_shape("norm_over", &shape, &axes)).drop_axes(&shape, &axes)
    }

    /// The sum of absolute values `Σ |x|` of all elements, of shape `[]`. Where an element is 0, its derivative
    /// is 0, as that of [`abs`](Self::abs).
    #[track_caller]
    pub fn l1_norm(self) -> Var<'t, T> {
        self.abs().sum()
    }

    /// The sum of absolute values along some axes; see [`l1_norm`](Self::l1_norm).
    ///
    /// # Panics
    /// If an axis is out of range or listed twice.
    #[track_caller]
    pub fn l1_norm_over(self, axes: impl Axes) -> Var<'t, T> {
        self.abs().sum_over(axes)
    }
}

built_in! {
    apply 1: Norm;
    apply 2: Share;
}

pub(super) const CASES: &[Case] = &[
    case!("norm", |a| a.norm(), [wave([2, 3])]),
    case!("norm_over", |a| a.norm_over([0, 2]), [wave([2, 3, 2])]),
    case!("norm_over, kept", |a| a / a.norm_over(crate::Keep(-1)), [wave([2, 3])]),
    case!("norm of one", |a| a.norm() * a, [wave([])]),
    case!("norm_over, empty", |a| (a * a).norm_over(0), [wave([2, 0])]),
    case!("norm of nothing", |a| (a * a).norm(), [wave([0])]),
    case!("l1_norm", |a| a.l1_norm() * a, [wave([3])]),
    case!("l1_norm_over", |a| (a * a).l1_norm_over(1), [wave([2, 3])]),
];

#[cfg(test)]
mod tests;
