//! Normalisation to mean 0 and variance 1: layer and batch normalisation, which differ only in the
//! axes. Scale and shift are left to the caller: `x.layer_norm(-1, 1e-5) * scale + shift`.

use smallvec::SmallVec;

use super::{Case, case, wave};
use crate::attribute::Attributes;
use crate::shortcuts::{Destination, Shortcuts, Written};
use crate::tensor::{Axes, dropped_shape, resolve_axes, sum_by};
use crate::{Keep, Op, Real, Scalar, Shape, Tensor, Var};

/// `y = (x − μ) r` with `r = 1 / √(σ² + ε)`, where `μ` and `σ²` are mean and (biased) variance along
/// the axes.
///
/// > `x̄ = r (ȳ − mean(ȳ) − y mean(ȳ y))`.
///
/// The second term is the share that passes through `μ`, the third through `σ²`: whatever would
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
        Tensor::by_rows([x], &self.axes, x.shape(), |[x], y| {
            let row = Row::of(x, self.epsilon);
            let r = row.rate(self.epsilon);
            y.iter_mut().zip(x).for_each(|(y, &x)| *y = (x * row.unit - row.mean) * r);
        })
    }

    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [x]: [Var<'t, T>; 1], y: Var<'t, T>) -> Var<'t, T> {
        let mean = |x: Var<'t, T>| x.mean_over(Keep(self.axes.as_slice()));
        let r = Var::apply(Rate { axes: self.axes.clone(), epsilon: self.epsilon }, [x]);
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
        Some(Written::New(Tensor::by_rows([g, x, y], &self.axes, x.shape(), |[g, x, y], out| {
            let row = Row::of(x, self.epsilon);
            let r = row.rate(self.epsilon) * row.unit;
            let count = T::of(x.len() as f64);
            let mean_g = sum_by(g.len(), |i| g[i]) / count;
            let mean_gy = sum_by(g.len(), |i| g[i] * y[i]) / count;
            for ((out, &g), &y) in out.iter_mut().zip(g).zip(y) {
                *out = (g - mean_g - y * mean_gy) * r;
            }
        })))
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
        of_rows(x, &self.axes, |x| {
            let row = Row::of(x, self.epsilon);
            row.rate(self.epsilon) * row.unit
        })
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [x]: [Var<'t, T>; 1], r: Var<'t, T>) -> Var<'t, T> {
        let y = Var::apply(Normalize { axes: self.axes.clone(), epsilon: self.epsilon }, [x]);
        let count: usize = self.axes.iter().map(|&axis| x.shape()[axis]).product();
        y * (g * r * r / -(count as f64))
    }
}

/// The mean of each row (order 1) or its biased variance (order 2), for running statistics.
struct Moment {
    axes: SmallVec<[usize; 4]>,
    /// The shape of the result.
    kept: Shape,
    epsilon: f64,
    order: usize,
}

impl<T: Real> Op<T, 1> for Moment {
    const NAME: &'static str = "moment";

    fn attributes(&self) -> Attributes {
        vec![("axes", self.axes.as_slice().into()), ("order", [self.order].as_slice().into())]
    }
    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        let moments = of_rows(x, &self.axes, |x| {
            let row = Row::of(x, self.epsilon);
            if self.order == 1 { row.mean / row.unit } else { row.variance / row.unit / row.unit }
        });
        moments.reshape(&self.kept)
    }
    fn vjp<'t>(&self, _wrt: usize, _g: Var<'t, T>, [x]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        x.lit(0.0) // never asked: a running statistic has no derivative
    }
}

/// The number by which a row is normalised.
struct Row<T> {
    /// A power of 2 that the row is multiplied by: 1, unless the squares of its numbers are too large or too small.
    unit: T,
    /// The mean of the numbers, times the unit.
    mean: T,
    /// Their biased variance, times the square of the unit.
    variance: T,
}

impl<T: Real> Row<T> {
    fn of(x: &[T], epsilon: f64) -> Row<T> {
        let (mean, variance) = mean_and_variance(x, T::one());
        let all = variance + T::of(epsilon);
        if all.is_finite() && all > T::EPSILON.powi(4) {
            return Row { unit: T::one(), mean, variance };
        }
        // The exponent of the largest number, as far as its reciprocal exists.
        let largest = x.iter().fold(T::zero(), |largest, x| Real::max(largest, x.abs()));
        let exponents = if T::EPSILON.as_f64() < 1e-10 { 1000.0 } else { 120.0 };
        let exponent = largest.as_f64().log2().floor().clamp(-exponents, exponents);
        let unit = if largest.is_finite() { T::of((-exponent).exp2()) } else { T::one() };
        let (mean, variance) = mean_and_variance(x, unit);
        Row { unit, mean, variance }
    }

    /// `1 / √(σ² + ε)`, all times the unit.
    fn rate(&self, epsilon: f64) -> T {
        T::one() / (self.variance + T::of(epsilon) * self.unit * self.unit).sqrt()
    }
}

/// A number for each row, where the other axes are kept.
fn of_rows<T: Real>(x: &Tensor<T>, axes: &[usize], f: impl Fn(&[T]) -> T + Sync) -> Tensor<T> {
    let mut kept = Shape::from_slice(x.shape());
    axes.iter().for_each(|&axis| kept[axis] = 1);
    Tensor::by_rows([x], axes, &kept, |[x], out| out[0] = f(x))
}

/// Mean and biased variance of a row times `unit`, in passes of their own: `mean(x²) − mean(x)²` would cancel. What the mean has lost by
/// rounding is the mean of the deviations: so those of equal numbers are 0.
fn mean_and_variance<T: Real>(x: &[T], unit: T) -> (T, T) {
    let count = T::of(x.len() as f64);
    let mean = sum_by(x.len(), |i| x[i] * unit) / count;
    let mean = mean + sum_by(x.len(), |i| x[i] * unit - mean) / count;
    let square = |x: T| x * x;
    (mean, sum_by(x.len(), |i| square(x[i] * unit - mean)) / count)
}

/// The result of [`Var::batch_norm`].
pub struct Normalized<'t, T: Real> {
    /// The normalised input.
    pub y: Var<'t, T>,
    /// The mean over the normalised axes, which are dropped: a number for each channel, without a derivative.
    pub mean: Var<'t, T>,
    /// The biased variance (the sum of squares is divided by the count `n`). Running statistics
    /// traditionally keep the unbiased one: multiply by `n / (n − 1)`.
    pub variance: Var<'t, T>,
}

impl<'t, T: Real> Var<'t, T> {
    /// `(x − mean) / √(variance + ε)`, with mean and (biased) variance over some axes: the last for
    /// layer normalisation, `[-2, -1]` for instance normalisation of images.
    ///
    /// Where all elements are equal the result is 0; with `ε = 0` it is NaN there. The squares of the elements may be
    /// larger than the largest number or smaller than the smallest.
    ///
    /// # Panics
    /// If an axis is out of range or listed twice.
    #[track_caller]
    pub fn layer_norm(self, axes: impl Axes, epsilon: f64) -> Var<'t, T> {
        self.normalize("layer_norm", &axes, epsilon)
    }

    /// Batch normalisation in training: like [`layer_norm`](Self::layer_norm), over the batch and
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
        let moment =
            |order| Var::choose(Moment { axes: axes.clone(), kept: kept.clone(), epsilon, order }, [self]);
        Normalized { y, mean: moment(1), variance: moment(2) }
    }

    #[track_caller]
    fn normalize(self, op: &str, axes: &impl Axes, epsilon: f64) -> Var<'t, T> {
        let axes = resolve_axes(op, &self.shape(), axes);
        Var::apply(Normalize { axes, epsilon }, [self])
    }
}

const SMALL: f64 = 1e-5;

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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Tape;
    use crate::ops::table::assert_equals_its_parts;

    fn parts<'t>(x: Var<'t, f64>, axes: &[usize]) -> Var<'t, f64> {
        let centred = x - x.mean_over(Keep(axes));
        centred / (centred.square().mean_over(Keep(axes)) + SMALL).sqrt()
    }

    #[test]
    fn layer_norm_equals_its_parts() {
        let x = [wave([3, 4, 5]).tensor(0)];
        assert_equals_its_parts(&|x| x[0].layer_norm(-1, SMALL), &|x| parts(x[0], &[2]), &x);
        assert_equals_its_parts(&|x| x[0].layer_norm([1, 2], SMALL), &|x| parts(x[0], &[1, 2]), &x);
    }

    #[test]
    fn batch_norm_equals_its_parts() {
        let x = [wave([3, 2, 2, 4]).tensor(0)];
        assert_equals_its_parts(&|x| x[0].batch_norm([0, 2, 3], SMALL).y, &|x| parts(x[0], &[0, 2, 3]), &x);
    }

    #[test]
    fn statistics_of_channels() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_fn([2, 3, 2], |i| (i as f64).powi(2)));
        let Normalized { mean, variance, .. } = x.batch_norm([0, 2], SMALL);
        let [mean, variance] = [mean, variance].map(|x| x.value());
        assert_eq!((mean.shape(), variance.shape()), ([3].as_slice(), [3].as_slice()));
        assert_eq!(mean.to_vec(), [(36.0 + 49.0 + 1.0) / 4.0, 158.0 / 4.0, 262.0 / 4.0]);
        let squares = [0.0, 1.0, 36.0, 49.0].map(|x: f64| (x - 21.5).powi(2));
        assert_eq!(variance.to_vec()[0], squares.iter().sum::<f64>() / 4.0);
    }

    #[test]
    fn equal_elements() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::full([1, 4], 7.0));
        let weights = tape.constant(Tensor::from_vec([1, 4], vec![1.0, 0.0, 0.0, 3.0]));
        let y = x.layer_norm(-1, 0.25);
        assert_eq!(y.value().to_vec(), [0.0; 4]);
        // The slope is 1 / √ε, less the mean.
        let dx = (y * weights).sum().backward().wrt(x);
        assert_eq!(dx.to_vec(), [0.0, -2.0, -2.0, 4.0]);
        let y = x.layer_norm(-1, 0.0);
        assert!(y.value().to_vec().iter().all(|y| y.is_nan()));
        assert!(y.sum().backward().wrt(x).to_vec().iter().all(|dx| dx.is_nan()));
        // Also where their sum is rounded.
        let y = Tape::<f32>::new().var(Tensor::full([10], 1234.567)).layer_norm(0, 1e-12).value();
        assert_eq!(y.to_vec(), [0.0; 10]);
        // One element alone is always 0 and has no slope.
        let y = x.layer_norm(0, 0.25);
        assert_eq!(y.value().to_vec(), [0.0; 4]);
        assert_eq!((y * weights).sum().backward().wrt(x).to_vec(), [0.0; 4]);
    }

    #[test]
    fn numbers_whose_squares_overflow_or_vanish() {
        let (r, tape) = (0.5_f64.sqrt(), Tape::<f64>::new());
        for size in [1e200, 1e308, 3e-200] {
            let x = tape.var(Tensor::from_vec([3], vec![-size, size, size]));
            let y = x.layer_norm(0, 0.0);
            for (y, expected) in y.value().to_vec().into_iter().zip([-2.0 * r, r, r]) {
                assert!((y / expected - 1.0).abs() < 1e-15, "{y}");
            }
            // Stretching x has no effect: only what is orthogonal to 1 and y passes, here (0, 1, −1).
            let weights = tape.constant(Tensor::from_vec([3], vec![3.0, 4.0, 1.0]));
            let [dx] = (y * weights).sum().grad([x]);
            let expected = 1.5 / size / (8.0_f64 / 9.0).sqrt();
            let fast = (y * weights).sum().backward().wrt(x).to_vec();
            for dx in [dx.value().to_vec(), fast] {
                assert!(
                    (dx[1] / expected - 1.0).abs() < 1e-14 && (dx[2] / expected + 1.0).abs() < 1e-14,
                    "{dx:?}"
                );
            }
        }
        let tape = Tape::<f32>::new();
        let x = tape.var(Tensor::from_fn([1000, 1], |i| if i % 2 == 0 { 1e18 } else { -1e18 }));
        let normalized = x.batch_norm(0, 1e-5);
        assert!(
            (normalized.y.value().to_vec()[0] - 1.0).abs() < 1e-6
                && normalized.mean.value().to_vec() == [0.0]
        );
        assert!((normalized.variance.value().to_vec()[0] / 1e36 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn offsets_and_nan() {
        // A large common offset costs digits of x itself, but no more.
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_vec([1, 4], [1.0, 3.0, 1.0, 3.0].map(|x| x + 1e9).to_vec()));
        assert_eq!(x.layer_norm(-1, 0.0).value().to_vec(), [-1.0, 1.0, -1.0, 1.0]);
        let x = tape.var(Tensor::from_vec([2, 2], vec![f64::NAN, 0.0, 1.0, 3.0]));
        let y = x.layer_norm(-1, 0.0).value().to_vec();
        assert!(y[0].is_nan() && y[1].is_nan() && y[2..] == [-1.0, 1.0]);
    }

    proptest! {
        /// Shifting x changes nothing; stretching it changes nothing but the weight of ε. So the
        /// gradient is orthogonal to 1, and to `y` up to the factor `1 − mean(y²) = ε r²`.
        #[test]
        fn the_gradient_is_orthogonal_to_shift_and_scale(
            rows in prop::collection::vec((-3.0..3.0_f64, -3.0..3.0_f64), 2..40),
            epsilon in 1e-6..0.1_f64,
        ) {
            let (x, g): (Vec<f64>, Vec<f64>) = rows.iter().copied().unzip();
            let (_, variance) = mean_and_variance(&x, 1.0);
            prop_assume!(variance > 1e-3);
            let tape = Tape::new();
            let x = tape.var(Tensor::from_vec([x.len()], x));
            let y = x.layer_norm(0, epsilon);
            let dx = (y * tape.constant(Tensor::from_vec([g.len()], g.clone()))).sum().backward().wrt(x);
            let (dx, y) = (dx.to_vec(), y.value().to_vec());
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let r = 1.0 / (variance + epsilon).sqrt();
            let bound = 64.0 * f64::EPSILON * r * g.iter().map(|g| g.abs() + 1.0).sum::<f64>();
            prop_assert!(dx.iter().sum::<f64>().abs() <= bound, "{dx:?}");
            let expected = dot(&g, &y) * r * (epsilon * r * r);
            prop_assert!((dot(&dx, &y) - expected).abs() <= 8.0 * bound, "{dx:?} {y:?}");
        }
    }

    #[test]
    #[should_panic(expected = "layer_norm: axis 1 is listed twice")]
    fn an_axis_twice() {
        Tape::<f64>::new().var(Tensor::ones([2, 3])).layer_norm([1, -1], SMALL);
    }
}
