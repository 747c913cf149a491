//! Sums and means. All of them are `sum_to` in other words, so none needs a rule of its own.

use super::{Case, case, wave};
use crate::tensor::{Axes, dropped_shape, reduced_shape};
use crate::{Real, Var};

impl<'t, T: Real> Var<'t, T> {
    /// The sum of all elements, of shape `[]`.
    #[track_caller]
    pub fn sum(self) -> Var<'t, T> {
        self.sum_to([])
    }

    /// The sum over some axes: `x.sum_over(1)`, `x.sum_over([0, -1])`, `x.sum_over(Keep(1))`.
    ///
    /// # Panics
    /// If an axis is out of range or listed twice.
    #[track_caller]
    pub fn sum_over(self, axes: impl Axes) -> Var<'t, T> {
        let shape = self.shape();
        let sum = self.sum_to(reduced_shape("sum_over", &shape, &axes));
        if axes.keep() { sum } else { sum.reshape(dropped_shape(&shape, &axes)) }
    }

    /// The mean of all elements, of shape `[]`. NaN if there are none.
    #[track_caller]
    pub fn mean(self) -> Var<'t, T> {
        let count = self.shape().iter().product::<usize>();
        self.sum() / count as f64
    }

    /// The mean over some axes; see [`sum_over`](Self::sum_over).
    ///
    /// # Panics
    /// If an axis is out of range or listed twice.
    #[track_caller]
    pub fn mean_over(self, axes: impl Axes) -> Var<'t, T> {
        let count: usize = self.shape().iter().product();
        let sum = self.sum_over(axes);
        let kept: usize = sum.shape().iter().product();
        sum / (count as f64 / kept as f64)
    }
}

pub(super) const CASES: &[Case] = &[
    case!("sum", |a| (a * a * a).sum(), [wave([2, 3])]),
    case!("sum_over", |a| (a * a * a).sum_over([0, -1]), [wave([2, 3, 4])]),
    case!("sum_over, kept", |a| a * (a * a).sum_over(crate::Keep(1)), [wave([2, 3])]),
    case!("mean", |a| (a * a * a).mean(), [wave([2, 3])]),
    case!("mean_over", |a| (a * a * a).mean_over(1), [wave([2, 3, 4])]),
    case!("mean of one element", |a| (a * a * a).mean_over(0), [wave([1])]),
];
