//! Lengths of vectors.

use super::{Case, case, wave};
use crate::tensor::{Axes, reduced_shape};
use crate::{Op, Real, Shape, Tensor, Var};

/// `y = √Σ aᵢ²`,  `āᵢ = ȳ aᵢ / y`. At `a = 0` the derivatives of all orders are stated to be 0.
struct Norm(Shape);

impl<T: Real> Op<T, 1> for Norm {
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
        let zero = y.eq(0.0);
        g.masked_fill(&zero, 0.0) * (a / y.masked_fill(&zero, 1.0))
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The Euclidean norm `√Σ x²` of all elements, of shape `[]`, without overflow. At `x = 0` its
    /// derivatives are stated to be 0.
    #[track_caller]
    pub fn norm(self) -> Var<'t, T> {
        self.norm_to(&[])
    }

    #[track_caller]
    pub(super) fn norm_to(self, kept: &[usize]) -> Var<'t, T> {
        Var::apply(Norm(kept.into()), [self])
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

    /// The sum of absolute values `Σ |x|` of all elements, of shape `[]`. At `x = 0` the derivative
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
mod tests {
    use crate::{Tape, Tensor};

    #[test]
    fn zero_has_derivative_zero_at_every_order() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_vec([2, 2], vec![0.0, 0.0, 3.0, 4.0]));
        let y = x.norm_over(1);
        assert_eq!(y.value().to_vec(), [0.0, 5.0]);
        let [dy] = y.sum().grad([x]);
        assert_eq!(dy.value().to_vec(), [0.0, 0.0, 0.6, 0.8]);
        let [ddy] = dy.sum().grad([x]);
        let [dddy] = ddy.sum().grad([x]);
        assert_eq!(ddy.value().to_vec()[..2], [0.0, 0.0]);
        assert_eq!(dddy.value().to_vec()[..2], [0.0, 0.0]);
        assert_eq!(x.l1_norm().backward().wrt(x).to_vec(), [0.0, 0.0, 1.0, 1.0]);
    }

    #[test]
    fn huge_and_tiny_vectors() {
        let tape = Tape::<f32>::new();
        for size in [1e-40_f32, 1e-25, 1e25, 6e37] {
            let x = tape.var(Tensor::from_vec([2], vec![3.0 * size, 4.0 * size]));
            let y = x.norm();
            assert!((y.item() / size - 5.0).abs() < 1e-4, "{} of {size}", y.item());
            assert!((y.backward().wrt(x).to_vec()[0] - 0.6).abs() < 1e-4);
        }
    }

    #[test]
    fn infinity_and_nan() {
        let tape = Tape::<f64>::new();
        let norm = |a: f64| tape.var(Tensor::from_vec([2], vec![a, 1.0])).norm().item();
        assert_eq!(norm(f64::NEG_INFINITY), f64::INFINITY);
        assert!(norm(f64::NAN).is_nan());
    }
}
