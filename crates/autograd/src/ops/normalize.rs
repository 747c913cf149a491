//! Normalization to mean 0 and variance 1: layer and batch normalization, which differ only in the
//! axes. Scale and shift are left to the caller: `x.layer_norm(-1, 1e-5) * scale + shift`.

use smallvec::SmallVec;

use super::{Case, case, wave};
use crate::attribute::Attributes;
use crate::compiled::built_in;
use crate::shortcuts::{Destination, Shortcuts, Written};
use crate::tensor::{Axes, dropped_shape, resolve_axes, sum_by};
use crate::{Choice, Keep, Op, Real, Shape, Tensor, Var};

/// `y = (x − μ) r` with `r = 1 / √(σ² + ε)`, where `μ` and `σ²` are mean and (biased) variance along
/// the axes.
///
/// > `x̄ = r (ȳ − mean(ȳ) − y mean(ȳ y))`.
///
/// The second term is the contribution that passes through `μ`, the third through `σ²`: whatever would
/// only shift or scale `x` has no effect on `y`.
struct Normalize {
    axes: SmallVec<[usize; 4]>,
    epsilon: f64,
}

impl<T: Real> Op<T, 1> for Normalize {
    const NAME: &'static str = "normalize";

    fn attributes(&self) -> Attributes {
        vec![("axes", self.axes.as_slice().into()), ("epsilon", self.epsilon.into())]
    }
    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        Tensor::by_rows(
            [x],
            &x.axes_in_memory(&self.axes),
            x.shape(),
            #[inline(always)]
            |[x], y| {
                let row = Row::of(x, self.epsilon);
                let r = row.rate(self.epsilon);
                for (y, &x) in y.iter_mut().zip(x) {
                    *y = (x * row.unit - row.mean) * r;
                }
            },
        )
    }

    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [x]: [Var<'t, T>; 1], y: Var<'t, T>) -> Var<'t, T> {
        let mean = |x: Var<'t, T>| x.mean_over(Keep(self.axes.as_slice()));
        let r = T::record(Rate { axes: self.axes.clone(), epsilon: self.epsilon }, [x]);
        (g - mean(g) - y * mean(g * y)) * r
    }

    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, 1>> {
        Some(self)
    }
}

impl<T: Real> Shortcuts<T, 1> for Normalize {
    fn vjp_to(
        &self,
        _wrt: usize,
        g: &Tensor<T>,
        [x]: [&Tensor<T>; 1],
        y: &Tensor<T>,
        _to: Destination<T>,
    ) -> Option<Written<T>> {
        Some(Written::New(Tensor::by_rows(
            [g, x, y],
            &x.axes_in_memory(&self.axes),
            x.shape(),
            #[inline(always)]
            |[g, x, y], out| {
                let row = Row::of(x, self.epsilon);
                let r = row.rate(self.epsilon) * row.unit;
                let count = T::of(x.len() as f64);
                let mean_g = sum_by([g], |[g]| g) / count;
                let mean_gy = sum_by([g, y], |[g, y]| g * y) / count;
                for ((out, &g), &y) in out.iter_mut().zip(g).zip(y) {
                    *out = (g - mean_g - y * mean_gy) * r;
                }
            },
        )))
    }
}

/// `r = 1 / √(σ² + ε)`, one number for each row. With `y` from [`Normalize`] and `n` numbers in a row,
///
/// > `x̄ = −r̄ r² y / n`.
struct Rate {
    axes: SmallVec<[usize; 4]>,
    epsilon: f64,
}

impl<T: Real> Op<T, 1> for Rate {
    const NAME: &'static str = "rate";

    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        of_rows(
            x,
            &self.axes,
            #[inline(always)]
            |x| {
                let row = Row::of(x, self.epsilon);
                row.rate(self.epsilon) * row.unit
            },
        )
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [x]: [Var<'t, T>; 1], r: Var<'t, T>) -> Var<'t, T> {
        let y = T::record(Normalize { axes: self.axes.clone(), epsilon: self.epsilon }, [x]);
        let count: usize = self.axes.iter().map(|&axis| x.shape()[axis]).product();
        y * (g * r * r / -(count as f64))
    }
}

/// The mean and the biased variance of each row, one after the other, `[2, …]`: for running statistics.
struct Moments {
    axes: SmallVec<[usize; 4]>,
    /// The shape of each.
    kept: Shape,
    epsilon: f64,
}

impl<T: Real> Choice<T, 1> for Moments {
    const NAME: &'static str = "moments";

    fn attributes(&self) -> Attributes {
        vec![("axes", self.axes.as_slice().into())]
    }
    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        // With a last axis of the two numbers.
        let mut pairs = Shape::from_slice(x.shape());
        self.axes.iter().for_each(|&axis| pairs[axis] = 1);
        pairs.push(2);
        let mut axes = x.axes_in_memory(&self.axes);
        axes.push(x.rank());
        let x = x.reshape(x.shape().iter().copied().chain([1]).collect::<Shape>());
        let moments = Tensor::by_rows(
            [&x],
            &axes,
            &pairs,
            #[inline(always)]
            |[x], out| {
                let row = Row::of(x, self.epsilon);
                out.copy_from_slice(&[row.mean / row.unit, row.variance / row.unit / row.unit]);
            },
        );
        let shape: Shape = [2].into_iter().chain(self.kept.iter().copied()).collect();
        let order: SmallVec<[usize; 4]> = [x.rank() - 1].into_iter().chain(0..x.rank() - 1).collect();
        moments.permute(order.as_slice()).reshape(&shape)
    }
}

/// The number by which a row is normalized.
struct Row<T> {
    /// A power of 2 that the row is multiplied by: 1, unless the squares of its numbers are too large or too small.
    unit: T,
    /// The mean of the numbers, times the unit.
    mean: T,
    /// Their biased variance, times the square of the unit.
    variance: T,
}

impl<T: Real> Row<T> {
    #[inline(always)]
    fn of(x: &[T], epsilon: f64) -> Row<T> {
        let (mean, variance) = mean_and_variance(x, T::one());
        let all = variance + T::of(epsilon);
        if all.is_finite() && all > T::EPSILON.powi(4) {
            return Row { unit: T::one(), mean, variance };
        }
        Row::of_extremes(x)
    }

    #[cold]
    fn of_extremes(x: &[T]) -> Row<T> {
        // The exponent of the largest number, as far as its reciprocal exists.
        let largest = x.iter().fold(T::zero(), |largest, x| Real::max(largest, x.abs()));
        let exponents = if T::EPSILON.as_f64() < 1e-10 { 1000.0 } else { 120.0 };
        let exponent = largest.as_f64().log2().floor().clamp(-exponents, exponents);
        let unit = if largest.is_finite() { T::of((-exponent).exp2()) } else { T::one() };
        let (mean, variance) = mean_and_variance(x, unit);
        Row { unit, mean, variance }
    }

    /// `1 / √(σ² + ε)`, all times the unit.
    #[inline(always)]
    fn rate(&self, epsilon: f64) -> T {
        T::one() / (self.variance + T::of(epsilon) * self.unit * self.unit).sqrt()
    }
}

/// A number for each row, where the other axes are kept.
fn of_rows<T: Real>(x: &Tensor<T>, axes: &[usize], f: impl Fn(&[T]) -> T + Sync) -> Tensor<T> {
    let mut kept = Shape::from_slice(x.shape());
    axes.iter().for_each(|&axis| kept[axis] = 1);
    Tensor::by_rows(
        [x],
        &x.axes_in_memory(axes),
        &kept,
        #[inline(always)]
        |[x], out| out[0] = f(x),
    )
}

/// Mean and biased variance of a row times `unit`, in passes of their own: `mean(x²) − mean(x)²` would cancel. What the mean has lost by
/// rounding is the mean of the deviations: so those of equal numbers are 0.
#[inline(always)]
fn mean_and_variance<T: Real>(x: &[T], unit: T) -> (T, T) {
    let count = T::of(x.len() as f64);
    let mean = sum_by([x], |[x]| x * unit) / count;
    let mean = mean + sum_by([x], |[x]| x * unit - mean) / count;
    let square = |x: T| x * x;
    (mean, sum_by([x], |[x]| square(x * unit - mean)) / count)
}

/// The result of [`Var::batch_norm`].
pub struct Normalized<'t, T: Real> {
    /// The normalized input.
    pub y: Var<'t, T>,
    /// The mean over the normalized axes, which are dropped: a number for each channel, without a derivative.
    pub mean: Var<'t, T>,
    /// The biased variance (the sum of squares is divided by the count `n`). Running statistics
    /// traditionally keep the unbiased one: multiply by `n / (n − 1)`.
    pub variance: Var<'t, T>,
}

impl<'t, T: Real> Var<'t, T> {
    /// `(x − mean) / √(variance + ε)`, with mean and (biased) variance over some axes: the last for
    /// layer normalization, `[-2, -1]` for instance normalization of images.
    ///
    /// If all elements are equal, the result is 0; with `ε = 0` it is NaN. The squares of the elements may be
    /// larger than the largest number or smaller than the smallest.
    ///
    /// # Panics
    /// If an axis is out of range or listed twice.
    #[track_caller]
    pub fn layer_norm(self, axes: impl Axes, epsilon: f64) -> Var<'t, T> {
        self.normalize("layer_norm", &axes, epsilon)
    }

    /// Batch normalization in training: like [`layer_norm`](Self::layer_norm), over the batch and
    /// all axes but the channels (`[0, 2, 3]` for images). Also returns mean and variance, without a derivative, for
    /// running statistics.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([4, 1], vec![1.0, 3.0, 1.0, 3.0]));
    /// let normalized = x.batch_norm(0, 0.0);
    /// assert_eq!(normalized.y.value().to_vec(), [-1.0, 1.0, -1.0, 1.0]);
    /// assert_eq!([normalized.mean, normalized.variance].map(|x| x.value().to_vec()), [vec![2.0], vec![1.0]]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range or listed twice.
    #[track_caller]
    pub fn batch_norm(self, axes: impl Axes, epsilon: f64) -> Normalized<'t, T> {
        let (shape, y) = (self.shape(), self.normalize("batch_norm", &axes, epsilon));
        let (axes, kept) = (resolve_axes("batch_norm", &shape, &axes), dropped_shape(&shape, &axes));
        let moments = T::record(Moments { axes, kept: kept.clone(), epsilon }, [self]);
        let [mean, variance] = [0, 1].map(|k| moments.slice(0, k..k + 1).reshape(&kept));
        Normalized { y, mean, variance }
    }

    #[track_caller]
    fn normalize(self, op: &str, axes: &impl Axes, epsilon: f64) -> Var<'t, T> {
        let axes = resolve_axes(op, &self.shape(), axes);
        T::record(Normalize { axes, epsilon }, [self])
    }
}

const SMALL: f64 = 1e-5;

built_in! {
    apply 1: Normalize, Rate;
    choose 1: Moments;
}

pub(super) const CASES: &[Case] = &[
    case!("layer_norm", |x| x.layer_norm(-1, SMALL), [wave([3, 5])]).fused(),
    case!("layer_norm over two axes", |x| (x * x).layer_norm([-2, -1], SMALL), [wave([2, 2, 3])]).fused(),
    case!("layer_norm over the first axis", |x| x.layer_norm(0, 0.1), [wave([4, 2])]).fused(),
    case!("layer_norm of one", |x| x.layer_norm(0, 0.1) + x, [wave([1])]).fused(),
    case!("layer_norm of nothing", |x| (x * x).layer_norm(1, SMALL), [wave([2, 0])]).fused(),
    case!("layer_norm over no axes", |x| x.layer_norm([0_usize; 0], 0.1) + x * x, [wave([2])]).fused(),
    case!("batch_norm", |x| x.batch_norm([0, 2, 3], SMALL).y, [wave([3, 2, 2, 2])]).fused(),
    case!("batch_norm of rows", |x| (x * x).batch_norm(0, SMALL).y, [wave([4, 3])]).fused(),
    case!("batch_norm of no channels", |x| (x * x).batch_norm(0, SMALL).y, [wave([4, 0])]).fused(),
];

#[cfg(test)]
mod tests;
