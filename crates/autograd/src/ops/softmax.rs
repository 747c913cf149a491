//! Softmax and its logarithm.
//!
//! The gradient of a row of logits adds up to 0, since a shift of all of them changes nothing. So the gradient of the
//! largest is minus the sum of the others (`Balance`): its own formula has a factor `1 − y`, which is 0 where `y` rounds
//! to 1.
//!
//! Extreme numbers are safe: the largest logit of each row is subtracted first. A logit of `−∞` has
//! probability 0 and passes no gradient (a mask). A row that contains `+∞` or NaN, or nothing but
//! `−∞`, describes no distribution, and all of it becomes NaN.

use super::{Case, case, wave};
use crate::attribute::Attributes;
use crate::compiled::built_in;
use crate::shortcuts::{Destination, Shortcuts, Written};
use crate::tensor::{largest_of, map_row, place_of, sum_by, sum_of_terms};
use crate::{Axis, Keep, Op, Real, Scalar, Tensor, Var};

/// `y = eˣ / Σ eˣ`,  `x̄ = y (ȳ − Σ ȳ y)`, with sums along one axis.
struct Softmax {
    axis: usize,
}

impl<T: Real> Op<T, 1> for Softmax {
    const NAME: &'static str = "softmax";

    fn attributes(&self) -> Attributes {
        vec![("axis", [self.axis].as_slice().into())]
    }
    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        Tensor::by_rows(
            [x],
            &[self.axis],
            x.shape(),
            #[inline(always)]
            |[x], y| softmax_row(x, y),
        )
    }

    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], y: Var<'t, T>) -> Var<'t, T> {
        balanced(y * (g - (g * y).sum_over(Keep(self.axis))), y, self.axis)
    }

    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, 1>> {
        Some(self)
    }
}

impl<T: Real> Shortcuts<T, 1> for Softmax {
    fn vjp_to(
        &self,
        _wrt: usize,
        g: &Tensor<T>,
        [x]: [&Tensor<T>; 1],
        y: &Tensor<T>,
        _to: Destination<T>,
    ) -> Option<Written<T>> {
        Some(Written::New(Tensor::by_rows(
            [g, y],
            &[self.axis],
            x.shape(),
            #[inline(always)]
            |[g, y], out| {
                let mean = sum_by([g, y], |[g, y]| g * y);
                for ((out, &g), &y) in out.iter_mut().zip(g).zip(y) {
                    *out = y * (g - mean);
                }
                balance_row(y, out);
            },
        )))
    }
}

/// `y = x − ln Σ eˣ`,  `x̄ = ȳ − eʸ Σ ȳ`, with sums along one axis.
struct LogSoftmax {
    axis: usize,
}

impl<T: Real> Op<T, 1> for LogSoftmax {
    const NAME: &'static str = "log_softmax";

    fn attributes(&self) -> Attributes {
        vec![("axis", [self.axis].as_slice().into())]
    }
    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        Tensor::by_rows(
            [x],
            &[self.axis],
            x.shape(),
            #[inline(always)]
            |[x], y| {
                let (max, excess) = log_sum_exp(x);
                for (y, &x) in y.iter_mut().zip(x) {
                    *y = (x - max) - excess;
                }
            },
        )
    }

    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], y: Var<'t, T>) -> Var<'t, T> {
        balanced(g - y.exp() * g.sum_over(Keep(self.axis)), y, self.axis)
    }

    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, 1>> {
        Some(self)
    }
}

impl<T: Real> Shortcuts<T, 1> for LogSoftmax {
    fn vjp_to(
        &self,
        _wrt: usize,
        g: &Tensor<T>,
        [x]: [&Tensor<T>; 1],
        y: &Tensor<T>,
        _to: Destination<T>,
    ) -> Option<Written<T>> {
        Some(Written::New(Tensor::by_rows(
            [g, y],
            &[self.axis],
            x.shape(),
            #[inline(always)]
            |[g, y], out| {
                let total = sum_by([g], |[g]| g);
                for ((out, &g), &y) in out.iter_mut().zip(g).zip(y) {
                    *out = g - y.exp() * total;
                }
                balance_row(y, out);
            },
        )))
    }
}

/// A row `a` that should add up to 0, made to: at the place of the largest element of a row `y` stands minus the sum of
/// the others. To `y` there is no gradient, for the choice is one of rounding.
///
/// The transpose takes the element at that place away from all.
struct Balance {
    axis: usize,
    transposed: bool,
}

impl<T: Real> Op<T, 2> for Balance {
    const NAME: &'static str = "balance";

    fn forward(&self, [a, y]: [&Tensor<T>; 2]) -> Tensor<T> {
        Tensor::by_rows([a, y], &[self.axis], a.shape(), |[a, y], out| {
            out.copy_from_slice(a);
            if !self.transposed {
                balance_row(y, out);
            } else if let Some(place) = largest(y) {
                out.iter_mut().zip(a).for_each(|(out, &x)| *out = x - a[place]);
            }
        })
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [_, y]: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        match wrt {
            0 => T::record(Balance { transposed: !self.transposed, ..*self }, [g, y]),
            _ => y.lit(0.0),
        }
    }
}

fn balanced<'t, T: Real>(a: Var<'t, T>, y: Var<'t, T>, axis: usize) -> Var<'t, T> {
    T::record(Balance { axis, transposed: false }, [a, y])
}

#[inline(always)]
fn balance_row<T: Real>(y: &[T], row: &mut [T]) {
    if let Some(place) = largest(y) {
        row[place] = T::zero();
        row[place] = -sum_by([row], |[x]| x);
    }
}

/// The place of the largest number; `None` of none or NaN.
#[inline(always)]
fn largest<T: Real>(row: &[T]) -> Option<usize> {
    place_of(largest_of(row), row)
}

/// `y = eˣ / Σ eˣ`.
#[inline(always)]
fn softmax_row<T: Real>(x: &[T], y: &mut [T]) {
    let max = largest_of(x);
    map_row(x, y, |x| (x - max).exp());
    let total = sum_by([y], |[y]| y);
    for y in y {
        *y /= total;
    }
}

/// `ln Σ eˣ = max + excess`, in two parts: the excess, between 0 and `ln n`, keeps its digits where
/// one logit exceeds all others by far, and a sum with a large maximum would swallow it.
#[inline(always)]
pub(super) fn log_sum_exp<T: Real>(x: &[T]) -> (T, T) {
    let max = largest_of(x);
    // One of the largest contributes e⁰ = 1, which ln_1p adds; or NaN, if it is infinite.
    let first = place_of(max, x).unwrap_or(x.len());
    let others = sum_of_terms(
        x.len(),
        #[inline(always)]
        |start, terms| {
            for (term, &x) in terms.iter_mut().zip(&x[start..]) {
                *term = (x - max).exp();
            }
            if let Some(term) = first.checked_sub(start).and_then(|place| terms.get_mut(place)) {
                *term = max * T::zero();
            }
        },
    );
    (max, others.ln_1p())
}

impl<'t, T: Real> Var<'t, T> {
    /// `eˣ / Σ eˣ` along one axis: positive numbers that add up to 1.
    ///
    /// A logit of `−∞` gives 0; a row with `+∞` or NaN, or of nothing but `−∞`, gives NaN.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([2], vec![1e4, f64::NEG_INFINITY]));
    /// assert_eq!(x.softmax(-1).value().to_vec(), [1.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn softmax(self, axis: impl Into<Axis>) -> Var<'t, T> {
        T::record(Softmax { axis: axis.into().of("softmax", &self.shape()) }, [self])
    }

    /// `x − ln Σ eˣ` along one axis: the logarithm of [`softmax`](Self::softmax), finite and with
    /// all its digits where that is too small to be represented.
    ///
    /// A logit of `−∞` gives `−∞`; a row with `+∞` or NaN, or of nothing but `−∞`, gives NaN.
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn log_softmax(self, axis: impl Into<Axis>) -> Var<'t, T> {
        T::record(LogSoftmax { axis: axis.into().of("log_softmax", &self.shape()) }, [self])
    }
}

built_in! {
    apply 1: Softmax, LogSoftmax;
    apply 2: Balance;
}

pub(super) const CASES: &[Case] = &[
    case!("softmax", |x| x.softmax(-1), [wave([3, 4])]).fused(),
    case!("softmax along an inner axis", |x| (x * x).softmax(1), [wave([2, 3, 2])]).fused(),
    case!("softmax of one", |x| x.softmax(0) * x, [wave([1])]).fused(),
    case!("softmax along an empty axis", |x| (x * x).softmax(1), [wave([2, 0])]).fused(),
    case!("softmax of long rows", |x| x.softmax(0), [wave([300]).between(-1.0, 4.0)]).fused(),
    case!("log_softmax", |x| x.log_softmax(-1), [wave([3, 4])]).fused(),
    case!("log_softmax along an inner axis", |x| (x * x).log_softmax(1), [wave([2, 3, 2])]).fused(),
    case!("log_softmax of one", |x| x.log_softmax(0) * x, [wave([1])]).fused(),
    case!("log_softmax along an empty axis", |x| (x * x).log_softmax(0), [wave([0, 2])]).fused(),
];

#[cfg(test)]
mod tests;
