//! Sums, means, variances and products. Most are other operations in other words, and need no rule of their own.

use super::{Case, case, wave};
use crate::compiled::built_in;
use crate::tensor::{Axes, dropped_shape, reduced_shape};
use crate::{Op, Real, Shape, Tensor, Var};

/// The divisor of the sum of squared deviations in a variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correction {
    /// The number of elements `n`: the variance of exactly these numbers (PyTorch's `correction=0`).
    Population,
    /// `n − 1`: the unbiased estimate from a sample, in which the mean is itself estimated
    /// (`correction=1`). NaN for a single element.
    Sample,
}

impl Correction {
    /// The divisor for `count` elements.
    fn divisor(self, count: usize) -> f64 {
        match self {
            Correction::Population => count as f64,
            Correction::Sample => count.saturating_sub(1) as f64,
        }
    }
}

/// `y = a − mean(a)`: linear and symmetric, so `ā = ȳ − mean(ȳ)`.
struct Centre(Shape);

impl<T: Real> Op<T, 1> for Centre {
    const NAME: &'static str = "centre";

    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        centred(a, &self.0)
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        T::record(Centre(self.0.clone()), [g])
    }
}

/// `a − mean(a)`. The rounding error of the mean is the mean of the differences, and is subtracted too: so differences of
/// equal numbers are 0.
fn centred<T: Real>(a: &Tensor<T>, kept: &[usize]) -> Tensor<T> {
    let count = T::of(count(a.shape(), kept) as f64);
    let once = |a: &Tensor<T>| {
        let mean = rescued(a.sum_to(kept).map(|sum| sum / count), || a.map(|a| a / count).sum_to(kept));
        a.zip(&mean, |a, mean| a - mean)
    };
    once(&once(a))
}

/// Means whose sums may be too large for a number when they are not: those that are not finite, computed otherwise.
fn rescued<T: Real>(means: Tensor<T>, otherwise: impl Fn() -> Tensor<T>) -> Tensor<T> {
    if means.to_vec().iter().all(|mean| mean.is_finite()) {
        return means;
    }
    means.zip(&otherwise(), |mean, other| if mean.is_finite() { mean } else { other })
}

/// `y = Σ (aᵢ − mean(a))² / n`,  `āᵢ = 2 ȳ (aᵢ − mean(a)) / n`.
struct Variance {
    kept: Shape,
    divisor: f64,
}

impl<T: Real> Op<T, 1> for Variance {
    const NAME: &'static str = "variance";

    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        // Deviations first: E[x²] − E[x]² would cancel.
        let deviations = centred(a, &self.kept);
        let mean_square = |scale: f64| {
            let (scale, divisor) = (T::of(scale), T::of(self.divisor * scale * scale));
            deviations.map(|d| (scale * d) * (scale * d)).sum_to(&self.kept).map(|sum| sum / divisor)
        };
        // A power of two rounds nothing.
        rescued(mean_square(1.0), || mean_square((-0.5 * self.divisor.log2()).floor().exp2()))
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        g * a.centred(&self.kept) * (2.0 / self.divisor)
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// Of a variable that was reduced from `shape` with sizes 1 left over: drops these, unless the
    /// user wants to keep them.
    #[track_caller]
    pub(super) fn drop_axes(self, shape: &[usize], axes: &impl Axes) -> Var<'t, T> {
        if axes.keep() { self } else { self.reshape(dropped_shape(shape, axes)) }
    }

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
        self.sum_to(reduced_shape("sum_over", &shape, &axes)).drop_axes(&shape, &axes)
    }

    /// The mean of all elements, of shape `[]`: their sum, divided by their number, so it is infinite where the sum is
    /// too large for a number. NaN if there are none.
    #[track_caller]
    pub fn mean(self) -> Var<'t, T> {
        self.mean_to(&[])
    }

    /// The mean over some axes; see [`sum_over`](Self::sum_over).
    ///
    /// # Panics
    /// If an axis is out of range or listed twice.
    #[track_caller]
    pub fn mean_over(self, axes: impl Axes) -> Var<'t, T> {
        let shape = self.shape();
        self.mean_to(&reduced_shape("mean_over", &shape, &axes)).drop_axes(&shape, &axes)
    }

    #[track_caller]
    fn mean_to(self, kept: &[usize]) -> Var<'t, T> {
        self.sum_to(kept) / count(&self.shape(), kept) as f64
    }

    /// The variance of all elements, of shape `[]`: the mean squared deviation from their mean.
    ///
    /// ```
    /// # use autograd::{Correction, Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([4], vec![1.0, 2.0, 3.0, 6.0]));
    /// assert_eq!(x.var(Correction::Population).item(), 14.0 / 4.0);
    /// assert_eq!(x.var(Correction::Sample).item(), 14.0 / 3.0);
    /// ```
    ///
    /// Finite wherever the result is a number of this type, however many elements there are: of ±10¹⁸ it is 10³⁶ in
    /// `f32`. Of a single element it is 0, with derivative 0; as an estimate from a sample, NaN. NaN if there are no
    /// elements.
    #[track_caller]
    pub fn var(self, correction: Correction) -> Var<'t, T> {
        self.var_to(&[], correction)
    }

    /// The variance over some axes: `x.var_over(0, Correction::Sample)`; see [`var`](Self::var).
    ///
    /// # Panics
    /// If an axis is out of range or listed twice.
    #[track_caller]
    pub fn var_over(self, axes: impl Axes, correction: Correction) -> Var<'t, T> {
        let shape = self.shape();
        self.var_to(&reduced_shape("var_over", &shape, &axes), correction).drop_axes(&shape, &axes)
    }

    #[track_caller]
    fn var_to(self, kept: &[usize], correction: Correction) -> Var<'t, T> {
        let divisor = correction.divisor(count(&self.shape(), kept));
        T::record(Variance { kept: kept.into(), divisor }, [self])
    }

    /// `x − mean(x)`.
    #[track_caller]
    fn centred(self, kept: &[usize]) -> Var<'t, T> {
        T::record(Centre(kept.into()), [self])
    }

    #[track_caller]
    fn std_to(self, kept: &[usize], correction: Correction) -> Var<'t, T> {
        let count = count(&self.shape(), kept);
        if count <= 1 {
            return self.var_to(kept, correction); // 0 with all its derivatives, or NaN
        }
        // A norm: its squares neither overflow nor vanish.
        (self.centred(kept) / correction.divisor(count).sqrt()).norm_to(kept)
    }

    /// The standard deviation of all elements, of shape `[]`: the root of the [variance](Self::var).
    ///
    /// If all of several elements are equal, it is 0, and its first derivative is stated to be 0. Derivatives of
    /// higher order do not exist there and are NaN, as with [`norm`](Self::norm): for its square write
    /// [`var`](Self::var).
    #[track_caller]
    pub fn std(self, correction: Correction) -> Var<'t, T> {
        self.std_to(&[], correction)
    }

    /// The standard deviation over some axes; see [`std`](Self::std).
    ///
    /// # Panics
    /// If an axis is out of range or listed twice.
    #[track_caller]
    pub fn std_over(self, axes: impl Axes, correction: Correction) -> Var<'t, T> {
        let shape = self.shape();
        self.std_to(&reduced_shape("std_over", &shape, &axes), correction).drop_axes(&shape, &axes)
    }

    /// The product of all elements, of shape `[]`; 1 if there are none.
    #[track_caller]
    pub fn prod(self) -> Var<'t, T> {
        let count = count(&self.shape(), &[]);
        self.reshape([count]).prod_of_last()
    }

    /// The product over some axes; see [`sum_over`](Self::sum_over).
    ///
    /// # Panics
    /// If an axis is out of range or listed twice.
    #[track_caller]
    pub fn prod_over(self, axes: impl Axes) -> Var<'t, T> {
        let shape = self.shape();
        let kept = reduced_shape("prod_over", &shape, &axes);
        let (mut order, gone): (Vec<usize>, Vec<usize>) =
            (0..shape.len()).partition(|&axis| kept[axis] == shape[axis]);
        order.extend(gone);
        let mut rows = Shape::from_slice(&kept);
        rows.push(count(&shape, &kept));
        self.permute(order).reshape(rows).prod_of_last().drop_axes(&shape, &axes)
    }

    /// The product over the last axis, which goes. The first half times the second half, element by
    /// element, until one is left: so the rule of `×` serves, and it is right at zeros too, where the
    /// formula `ȳ y / xᵢ` is not.
    #[track_caller]
    fn prod_of_last(self) -> Var<'t, T> {
        let mut shape = self.shape();
        let mut count = shape.pop().expect("the last axis");
        let mut product = self.tape().constant(Tensor::ones(&shape));
        let mut rows = self;
        while count > 0 {
            if count % 2 == 1 {
                product = product * rows.slice(-1, count - 1..count).reshape(&shape);
            }
            count /= 2;
            if count > 0 {
                rows = rows.slice(-1, ..count) * rows.slice(-1, count..2 * count);
            }
        }
        product
    }
}

/// The number of elements of `shape` for each element of `kept`.
fn count(shape: &[usize], kept: &[usize]) -> usize {
    let lead = shape.len() - kept.len();
    let gone = |&axis: &usize| axis < lead || kept[axis - lead] != shape[axis];
    (0..shape.len()).filter(gone).map(|axis| shape[axis]).product()
}

built_in! {
    apply 1: Centre, Variance;
}

pub(super) const CASES: &[Case] = &[
    case!("sum", |a| (a * a * a).sum(), [wave([2, 3])]),
    case!("sum_over", |a| (a * a * a).sum_over([0, -1]), [wave([2, 3, 4])]),
    case!("sum_over, kept", |a| a * (a * a).sum_over(crate::Keep(1)), [wave([2, 3])]),
    case!("mean", |a| (a * a * a).mean(), [wave([2, 3])]),
    case!("mean_over", |a| (a * a * a).mean_over(1), [wave([2, 3, 4])]),
    case!("mean of one element", |a| (a * a * a).mean_over(0), [wave([1])]),
    case!("var of one element", |a| a.var_over(0, Correction::Population) + a.sum(), [wave([1, 2])]),
    case!("var", |a| a.var(Correction::Population) * a, [wave([2, 3])]),
    case!("var_over", |a| (a * a).var_over([0, 2], Correction::Sample), [wave([2, 3, 2])]),
    case!("std", |a| a.std(Correction::Sample), [wave([2, 3])]),
    case!("std_over", |a| a / a.std_over(crate::Keep(1), Correction::Population), [wave([2, 3])]),
    case!("prod", |a| a.prod(), [wave([5])]),
    case!("prod_over", |a| a.prod_over([0, 2]), [wave([2, 3, 3])]),
    case!("prod_over, kept", |a| a.prod_over(crate::Keep(0)) * a, [wave([4, 2])]),
    case!("prod of one element", |a| (a * a * a).prod(), [wave([])]),
    case!("prod_over an empty axis", |a, b| a.prod_over(0) * b * b, [wave([0, 2]), wave([2])]),
    case!("prod_over beside an empty axis", |a| a.prod_over(0) * a, [wave([3, 0])]),
];

#[cfg(test)]
mod tests;
