//! Largest and smallest elements, where they are, and the smooth maximum `logsumexp`.
//!
//! One convention for NaN, here and in `maximum`, `minimum`, `max_pool2d`, `sort` and `top_k`: **NaN in, NaN out, and the
//! gradient goes to the NaN.** It counts as larger than every number, for a minimum as smaller, and as equal to NaN; so
//! several are treated as each operation treats equal numbers.

use smallvec::SmallVec;

use super::softmax::log_sum_exp;
use super::{Case, case, wave};
use crate::attribute::Attributes;
use crate::shortcuts::{Destination, Shortcuts, Written};
use crate::tensor::{Axes, reduced_shape};
use crate::{Axis, Indices, Op, Real, Scalar, Shape, Tensor, Var};

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
        let mut rows: Shape = self.0.clone();
        rows.resize(a.rank(), 1); // all axes go if none is kept
        let gone: SmallVec<[usize; 4]> =
            (0..a.rank()).filter(|&axis| rows[axis] != a.shape()[axis]).collect();
        let y = Tensor::by_rows([a], &gone, &rows, |[a], y| {
            let (max, excess) = log_sum_exp(a);
            y[0] = if max.is_finite() { max + excess } else { max };
        });
        y.reshape(&self.0)
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], y: Var<'t, T>) -> Var<'t, T> {
        // Where all is −∞, so is y; any number in its place makes all shares 0.
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

impl<T: Real> Op<T, 1> for Place {
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
    fn vjp<'t>(&self, _wrt: usize, _g: Var<'t, T>, [x]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        x.lit(0.0) // never asked: a place has no derivative
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
        Var::apply(Max(Shape::new()), [self])
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
        Var::apply(Max(kept), [self]).drop_axes(&shape, &axes)
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
        Var::apply(LogSumExp(Shape::new()), [self])
    }

    /// `ln Σ exp x` along some axes; see [`logsumexp`](Self::logsumexp).
    ///
    /// # Panics
    /// If an axis is out of range or listed twice.
    #[track_caller]
    pub fn logsumexp_over(self, axes: impl Axes) -> Var<'t, T> {
        let shape = self.shape();
        let kept = reduced_shape("logsumexp_over", &shape, &axes);
        Var::apply(LogSumExp(kept), [self]).drop_axes(&shape, &axes)
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
        Var::choose(Place { axis, largest: true }, [self])
    }

    /// The place of the smallest element along an axis; see [`Tensor::argmin_over`]. It has no derivative.
    ///
    /// # Panics
    /// If the axis is out of range or empty.
    #[track_caller]
    pub fn argmin_over(self, axis: impl Into<Axis>) -> Var<'t, T> {
        let axis = axis.into().of("argmin_over", &self.shape());
        Var::choose(Place { axis, largest: false }, [self])
    }
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
mod tests {
    use crate::{Keep, SortOrder, Tape, Tensor, Var, Window};

    /// The values and the gradient of `f` of a matrix with these rows.
    fn at<const M: usize, const N: usize>(
        rows: [[f64; N]; M],
        f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>,
    ) -> [Vec<f64>; 2] {
        let tape = Tape::new();
        let x = tape.var(Tensor::from_vec([M, N], rows.concat()));
        let y = f(x);
        [y.value().to_vec(), y.sum().backward().wrt(x).to_vec()]
    }

    #[test]
    fn ties_share_evenly() {
        let rows = [[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]];
        let third = 1.0 / 3.0;
        assert_eq!(at(rows, |x| x.max_over(1)), [vec![3.0, 2.0], vec![0.0, 0.5, 0.5, third, third, third]]);
        assert_eq!(at(rows, |x| x.min_over(1)), [vec![1.0, 2.0], vec![1.0, 0.0, 0.0, third, third, third]]);
        assert_eq!(at(rows, |x| x.max()), [vec![3.0], vec![0.0, 0.5, 0.5, 0.0, 0.0, 0.0]]);
        assert_eq!(at(rows, |x| x.min_over(0)), [vec![1.0, 2.0, 2.0], vec![1.0, 0.0, 0.0, 0.0, 1.0, 1.0]]);
    }

    #[test]
    fn infinities_are_ordinary_and_nan_stays() {
        let [values, slopes] = at([[f64::NEG_INFINITY, f64::INFINITY]], |x| x.max());
        assert_eq!((values, slopes), (vec![f64::INFINITY], vec![0.0, 1.0]));
        let nan = f64::NAN;
        for (row, expected) in [
            ([nan, 1.0, 2.0], [1.0, 0.0, 0.0]),
            ([1.0, 2.0, nan], [0.0, 0.0, 1.0]),
            ([f64::INFINITY, nan, f64::NEG_INFINITY], [0.0, 1.0, 0.0]),
            ([nan, 1.0, nan], [0.5, 0.0, 0.5]),
        ] {
            // The other row is not touched.
            let other = [2.0, 7.0, 3.0];
            for [values, slopes] in [at([row, other], |x| x.max_over(1)), at([row, other], |x| x.min_over(1))]
            {
                assert!(
                    values[0].is_nan() && values[1] != 3.0 && slopes[..3] == expected,
                    "{row:?}: {slopes:?}"
                );
                assert_eq!(slopes[3..].iter().sum::<f64>(), 1.0);
            }
            for [values, slopes] in [at([row], |x| x.max()), at([row], |x| x.min())] {
                assert!(values[0].is_nan() && slopes == expected, "{row:?}: {slopes:?}");
            }
            assert!(at([row], |x| x.logsumexp())[0][0].is_nan());
        }
    }

    #[test]
    fn nan_is_followed_by_every_operation_that_chooses() {
        let row = [1.0, f64::NAN, 3.0, 2.0];
        type Function = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;
        let functions: [(&str, Function); 9] = [
            ("max", |x| x.max()),
            ("min", |x| x.min()),
            ("max_over", |x| x.max_over(Keep(-1))),
            ("min_over", |x| x.min_over([0, 1])),
            ("maximum", |x| x.maximum(2.5).slice(1, 1..2)),
            ("minimum", |x| x.minimum(2.5).slice(1, 1..2)),
            ("max_pool2d", |x| x.reshape([1, 1, 2, 2]).max_pool2d(Window::new([2, 2]))),
            ("sort", |x| x.sort(1, SortOrder::Descending)[0].slice(1, ..1)),
            ("top_k", |x| x.top_k(1, 1)[0]),
        ];
        for (name, f) in functions {
            let [values, slopes] = at([row], f);
            assert!(values.iter().all(|y| y.is_nan()), "{name}: {values:?}");
            assert_eq!(slopes, [0.0, 1.0, 0.0, 0.0], "{name}");
        }
        let tape = Tape::new();
        let x = tape.var(Tensor::from_vec([4], row.to_vec()));
        assert_eq!(
            [x.argmax(), x.argmin(), x.argmax_over(0), x.argmin_over(0)].map(|place| place.item()),
            [1.0; 4]
        );
    }

    #[test]
    fn logsumexp_of_huge_and_infinite_numbers() {
        let half = 0.5_f64;
        let [values, slopes] = at([[1e4, 1e4], [-1e4, -1e4], [-1e4, 1e4]], |x| x.logsumexp_over(1));
        assert_eq!(values, [1e4 + 2.0_f64.ln(), -1e4 + 2.0_f64.ln(), 1e4]);
        assert_eq!(slopes, [half, half, half, half, 0.0, 1.0]);
        assert_eq!(at([[0.0, -40.0]], |x| x.logsumexp())[0], [f64::exp(-40.0)]);
        let rows = [[f64::NEG_INFINITY, f64::NEG_INFINITY], [f64::NEG_INFINITY, 2.0], [f64::INFINITY, 2.0]];
        let [values, slopes] = at(rows, |x| x.logsumexp_over(1));
        assert_eq!(values, [f64::NEG_INFINITY, 2.0, f64::INFINITY]);
        assert_eq!(slopes[..4], [0.0, 0.0, 0.0, 1.0]);
        assert!(slopes[4].is_nan());
        assert_eq!(slopes[5], 0.0);
        let tape = Tape::<f32>::new();
        for large in [1e8, 1e38, -1e38] {
            let x = tape.var(Tensor::full([2], large));
            let y = x.logsumexp();
            assert_eq!(f64::from(y.item()), f64::from(large as f32));
            assert_eq!(
                (y.backward().wrt(x).to_vec(), y.grad([x])[0].value().to_vec()),
                (vec![0.5; 2], vec![0.5; 2])
            );
        }
    }

    #[test]
    fn logsumexp_of_masked_rows_at_higher_orders() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_vec(
            [2, 2],
            vec![f64::NEG_INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY, 2.0],
        ));
        let [dy] = x.logsumexp_over(1).sum().grad([x]);
        let [ddy] = (dy * dy).sum().grad([x]);
        assert_eq!(ddy.value().to_vec(), [0.0; 4]);
    }

    #[test]
    fn no_elements() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::zeros([2, 0]));
        assert_eq!(x.logsumexp_over(1).value().to_vec(), [f64::NEG_INFINITY; 2]);
        assert_eq!(x.max_over(0).shape().as_slice(), [0]);
    }

    #[test]
    #[should_panic(expected = "max_over: shape [2, 0] has no elements to choose from")]
    fn largest_of_none() {
        let tape = Tape::<f64>::new();
        tape.var(Tensor::zeros([2, 0])).max_over(1);
    }

    #[test]
    #[should_panic(expected = "min: shape [0] has no elements to choose from")]
    fn smallest_of_none() {
        let tape = Tape::<f64>::new();
        tape.var(Tensor::zeros([0])).min();
    }
}
