//! Largest and smallest elements, where they are, and the smooth maximum `logsumexp`.
//!
//! One convention for NaN, here and in `maximum`, `minimum`, `max_pool2d`, `sort` and `top_k`: **NaN in, NaN out, and the
//! gradient goes to the NaN.** It counts as larger than every number, for a minimum as smaller, and as equal to NaN; so
//! several are treated as each operation treats equal numbers.

use smallvec::SmallVec;

use super::softmax::log_sum_exp;
use super::{Case, case, wave};
use crate::attribute::Attributes;
use crate::compiled::built_in;
use crate::shortcuts::{Destination, Shortcuts, Written};
use crate::tensor::{Axes, reduced_shape};
use crate::{Axis, Choice, Indices, Op, Real, Shape, Tensor, Var};

/// `y = max aᵢ`;  `ȳ` goes to the largest element, in equal parts if there are several.
struct Max(Shape);

impl<T: Real> Op<T, 1> for Max {
    const NAME: &'static str = "max";

    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.max_to(&self.0)
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], y: Var<'t, T>) -> Var<'t, T> {
        let largest = a.eq(y).or(a.ne(a)); // where there is a NaN, nothing equals y
        let ties = largest.numbers().sum_to(&self.0);
        largest.select(g / ties, 0.0)
    }
}

/// `y = ln Σ exp aᵢ`,  `āᵢ = ȳ pᵢ / Σ p` with `pᵢ = exp(aᵢ − y)`: the softmax of `a`. (The sum would be 1, were `y`
/// not rounded: of large numbers, `y` loses all that it is above the largest.)
struct LogSumExp(Shape);

impl<T: Real> Op<T, 1> for LogSumExp {
    const NAME: &'static str = "logsumexp";

    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        // All axes go if none is kept.
        let rows: Shape = self.0.iter().copied().chain(std::iter::repeat(1)).take(a.rank()).collect();
        let gone: SmallVec<[usize; 4]> =
            (0..a.rank()).filter(|&axis| rows[axis] != a.shape()[axis]).collect();
        let y = Tensor::by_rows(
            [a],
            &a.axes_in_memory(&gone),
            &rows,
            #[inline(always)]
            |[a], y| {
                let (max, excess) = log_sum_exp(a);
                y[0] = if max.is_finite() { max + excess } else { max };
            },
        );
        y.reshape(&self.0)
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], y: Var<'t, T>) -> Var<'t, T> {
        // Where all is −∞, so is y; any number in its place makes all contributions 0.
        let p = (a - y.masked_fill(y.eq(f64::NEG_INFINITY), 0.0)).exp();
        g / p.sum_to(&self.0).masked_fill(y.abs().eq(f64::INFINITY), 1.0) * p
    }
    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, 1>> {
        Some(self)
    }
}

impl<T: Real> Shortcuts<T, 1> for LogSumExp {
    fn vjp_to(
        &self,
        _: usize,
        g: &Tensor<T>,
        [a]: [&Tensor<T>; 1],
        y: &Tensor<T>,
        _to: Destination<T>,
    ) -> Option<Written<T>> {
        let p = a.zip(y, |a, y| if y == -T::INFINITY { T::zero() } else { (a - y).exp() });
        let divided = |[g, sum, y]: [T; 3]| if y.abs() == T::INFINITY { g } else { g / sum };
        let g = Tensor::combine([g, &p.sum_to(&self.0), y], divided);
        Some(Written::New(p.zip(&g, |p, g| g * p)))
    }
}

/// The place of the largest or of the smallest element along an axis.
struct Place {
    axis: usize,
    largest: bool,
}

impl<T: Real> Choice<T, 1> for Place {
    const NAME: &'static str = "place";

    fn attributes(&self) -> Attributes {
        vec![
            ("axis", [self.axis].as_slice().into()),
            ("largest", [usize::from(self.largest)].as_slice().into()),
        ]
    }
    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        let places = if self.largest { x.argmax_over(self.axis) } else { x.argmin_over(self.axis) };
        let mut shape = Shape::from_slice(x.shape());
        shape.remove(self.axis);
        Indices::from_vec(shape, places).numbers()
    }
}

#[track_caller]
fn assert_any(name: &str, shape: &[usize], kept: &[usize]) {
    if shape.contains(&0) && !kept.contains(&0) {
        panic!("{name}: shape {shape:?} has no elements to choose from");
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The largest of all elements, of shape `[]`. If several are equally large, they share the gradient evenly.
    ///
    /// NaN if one is NaN; then that one gets the whole gradient, and several share it.
    ///
    /// # Panics
    /// If there are no elements.
    #[track_caller]
    pub fn max(self) -> Var<'t, T> {
        assert_any("max", &self.shape(), &[]);
        T::record(Max(Shape::new()), [self])
    }

    /// The largest element along some axes: `x.max_over(1)`, `x.max_over(Keep([0, -1]))`; see
    /// [`max`](Self::max).
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([2, 2], vec![1.0, 4.0, 3.0, 2.0]));
    /// let largest = x.max_over(1);
    /// assert_eq!(largest.value().to_vec(), [4.0, 3.0]);
    /// assert_eq!(largest.sum().backward().wrt(x).to_vec(), [0.0, 1.0, 1.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If an axis is out of range, listed twice or empty.
    #[track_caller]
    pub fn max_over(self, axes: impl Axes) -> Var<'t, T> {
        let shape = self.shape();
        let kept = reduced_shape("max_over", &shape, &axes);
        assert_any("max_over", &shape, &kept);
        T::record(Max(kept), [self]).drop_axes(&shape, &axes)
    }

    /// The smallest of all elements, of shape `[]`. If several are equally small, they share the gradient evenly.
    ///
    /// NaN if one is NaN; then that one gets the whole gradient, and several share it.
    ///
    /// # Panics
    /// If there are no elements.
    #[track_caller]
    pub fn min(self) -> Var<'t, T> {
        assert_any("min", &self.shape(), &[]);
        -(-self).max()
    }

    /// The smallest element along some axes; see [`min`](Self::min).
    ///
    /// # Panics
    /// If an axis is out of range, listed twice or empty.
    #[track_caller]
    pub fn min_over(self, axes: impl Axes) -> Var<'t, T> {
        let shape = self.shape();
        assert_any("min_over", &shape, &reduced_shape("min_over", &shape, &axes));
        -(-self).max_over(axes)
    }

    /// `ln Σ exp x` over all elements, of shape `[]`, without overflow.
    ///
    /// `−∞` if all elements are `−∞`, with gradient 0, or if there are none. `+∞` if one is `+∞`;
    /// then the gradient is 0 at the others and NaN at that one.
    #[track_caller]
    pub fn logsumexp(self) -> Var<'t, T> {
        T::record(LogSumExp(Shape::new()), [self])
    }

    /// `ln Σ exp x` along some axes; see [`logsumexp`](Self::logsumexp).
    ///
    /// # Panics
    /// If an axis is out of range or listed twice.
    #[track_caller]
    pub fn logsumexp_over(self, axes: impl Axes) -> Var<'t, T> {
        let shape = self.shape();
        let kept = reduced_shape("logsumexp_over", &shape, &axes);
        T::record(LogSumExp(kept), [self]).drop_axes(&shape, &axes)
    }

    /// The place of the largest of all elements, of shape `[]`; see [`Tensor::argmax`]. It has no derivative.
    ///
    /// # Panics
    /// If there are no elements.
    #[track_caller]
    pub fn argmax(self) -> Var<'t, T> {
        assert_any("argmax", &self.shape(), &[]);
        self.reshape([self.shape().iter().product()]).argmax_over(0)
    }

    /// The place of the smallest of all elements, of shape `[]`; see [`Tensor::argmin`]. It has no derivative.
    ///
    /// # Panics
    /// If there are no elements.
    #[track_caller]
    pub fn argmin(self) -> Var<'t, T> {
        assert_any("argmin", &self.shape(), &[]);
        self.reshape([self.shape().iter().product()]).argmin_over(0)
    }

    /// The place of the largest element along an axis; see [`Tensor::argmax_over`]. It has no derivative.
    ///
    /// # Panics
    /// If the axis is out of range or empty.
    #[track_caller]
    pub fn argmax_over(self, axis: impl Into<Axis>) -> Var<'t, T> {
        let axis = axis.into().of("argmax_over", &self.shape());
        T::record(Place { axis, largest: true }, [self])
    }

    /// The place of the smallest element along an axis; see [`Tensor::argmin_over`]. It has no derivative.
    ///
    /// # Panics
    /// If the axis is out of range or empty.
    #[track_caller]
    pub fn argmin_over(self, axis: impl Into<Axis>) -> Var<'t, T> {
        let axis = axis.into().of("argmin_over", &self.shape());
        T::record(Place { axis, largest: false }, [self])
    }
}

built_in! {
    apply 1: Max, LogSumExp;
    choose 1: Place;
}

pub(super) const CASES: &[Case] = &[
    case!("max", |a| (a * a * a).max(), [wave([3])]),
    case!("max_over", |a| (a * a * a).max_over(1), [wave([2, 3])]),
    case!("max_over, kept", |a| a.max_over(crate::Keep([0, -1])) * a, [wave([1, 2, 2])]),
    case!("max_over the first axis", |a, b| (a * b).max_over(0), [wave([2, 3]), wave([])]),
    case!("max of one", |a| (a * a * a).max(), [wave([])]),
    case!("max_over, empty", |a| (a * a).max_over(1), [wave([0, 2])]),
    case!("min", |a| (a * a * a).min(), [wave([3])]),
    case!("min_over", |a| (a * a * a).min_over(-1), [wave([2, 3])]),
    case!("logsumexp", |a| a.logsumexp(), [wave([2, 3])]),
    case!("logsumexp_over", |a| a.logsumexp_over([0, 2]), [wave([2, 3, 2])]),
    case!("logsumexp_over, kept", |a| a - a.logsumexp_over(crate::Keep(1)), [wave([2, 3])]),
    case!("logsumexp of one", |a| (a * a * a).logsumexp(), [wave([])]),
    case!("logsumexp_over, empty", |a| (a * a).logsumexp_over(0), [wave([2, 0])]),
];

#[cfg(test)]
mod tests;
