//! Choosing between two variables element by element.

use super::arithmetic::{common_shape, expanded};
use super::{Case, Mask, Operand, Pointwise, case, wave};
use crate::expression::Expression;
use crate::{Op, Real, Scalar, Tensor, Var};

/// `y = a` or `b`, as the mask says;  `ȳ` goes to the one that was taken, 0 to the other.
struct Select;

impl Pointwise<3> for Select {
    const NAME: &'static str = "select";

    #[inline(always)]
    fn f<T: Real>(&self, [yes, a, b]: [T; 3]) -> T {
        if yes == T::one() { a } else { b }
    }
    fn expression(&self, [yes, a, b]: [Expression; 3]) -> Option<Expression> {
        Some(yes.choose(a, b))
    }
    fn vjp<'t, T: Real>(
        &self,
        wrt: usize,
        g: Var<'t, T>,
        [mask, ..]: [Var<'t, T>; 3],
        _y: Var<'t, T>,
    ) -> Var<'t, T> {
        match wrt {
            1 => Var::apply(Select, [mask, g, g.lit(0.0)]),
            2 => Var::apply(Select, [mask, g.lit(0.0), g]),
            _ => g.lit(0.0), // never asked: a mask has no derivative
        }
    }
}

/// The first element that a mask accepts, and 1 if it accepts none.
struct FirstAccepted;

impl<T: Real> Op<T, 2> for FirstAccepted {
    const NAME: &'static str = "first_accepted";

    fn forward(&self, [mask, x]: [&Tensor<T>; 2]) -> Tensor<T> {
        let first = mask.to_vec().iter().position(|&yes| yes == T::one());
        Tensor::scalar(first.map_or(T::one(), |first| x.to_vec()[first]))
    }
    fn vjp<'t>(&self, _wrt: usize, _g: Var<'t, T>, [_, x]: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        x.lit(0.0) // never asked: a choice has no derivative
    }
}

impl<'t, T: Real> Mask<'t, T> {
    /// `a` where the mask says yes, `b` elsewhere; all three broadcast.
    ///
    /// The gradient is chosen in the same way: the branch not taken receives 0, and whatever it
    /// holds, even NaN, stays out of the result and of the other branch's gradient.
    ///
    /// But 0 is not nothing: if the branch not taken was computed by a function of *infinite slope*,
    /// its rule multiplies that 0 by infinity. `x.gt(0.0).select(x.sqrt(), 0.0)` has the gradient NaN
    /// at `x = 0`, here as in any such system, for no rule can know that this zero means "not
    /// taken". [`select_map`](Self::select_map) avoids it.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([3], vec![-2.0, 0.5, 3.0]));
    /// let y = x.gt(0.0).select(x.square(), -x); // x² above 0, −x below
    /// assert_eq!(y.value().to_vec(), [2.0, 0.25, 9.0]);
    /// assert_eq!(y.sum().backward().wrt(x).to_vec(), [-1.0, 1.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn select(self, a: Var<'t, T>, b: impl Operand<'t, T>) -> Var<'t, T> {
        let b = b.beside(a);
        let mask = self.numbers();
        let shape = common_shape("select", &common_shape("select", &a.shape(), &b.shape()), &mask.shape());
        Var::apply(Select, [mask, a, b].map(|x| x.expand(&shape)))
    }

    /// `f(x)` where the mask says yes, `otherwise` elsewhere, for an `f` of single elements that may
    /// be infinite, NaN or infinitely steep where the mask says no.
    ///
    /// There `f` never sees `x`: it is given the first element that the mask accepts instead, or 1 if it accepts none.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([3], vec![-1.0, 0.0, 4.0]));
    /// let root = x.gt(0.0).select_map(x, |x| x.sqrt(), 0.0);
    /// assert_eq!(root.value().to_vec(), [0.0, 0.0, 2.0]);
    /// assert_eq!(root.sum().backward().wrt(x).to_vec(), [0.0, 0.0, 0.25]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn select_map(
        self,
        x: Var<'t, T>,
        f: impl FnOnce(Var<'t, T>) -> Var<'t, T>,
        otherwise: impl Operand<'t, T>,
    ) -> Var<'t, T> {
        let [mask, elements] = expanded("select_map", self.numbers(), x);
        let first = Var::choose(FirstAccepted, [mask, elements]);
        self.select(f(self.select(x, first)), otherwise)
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// This with `value` where the mask says yes; see [`Mask::select`].
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn masked_fill(self, mask: Mask<'t, T>, value: f64) -> Var<'t, T> {
        mask.select(self.lit(value), self)
    }
}

pub(super) const CASES: &[Case] = &[
    case!("select", |a, b| a.gt(b).select(a * a * a, b * b), [wave([2, 3]), wave([2, 3])]),
    case!("select, broadcast", |a, b| a.lt(0.0).select(a * b, a * a), [wave([2, 1]), wave([3])]),
    case!("select of numbers", |a| a.gt(0.0).select(a * a, 0.5), [wave([])]),
    case!("select of nothing", |a| a.gt(0.0).select(a * a, a), [wave([0, 2])]),
    case!("select_map", |a| a.gt(0.0).select_map(a, |a| a.ln(), -1.0), [wave([5])]),
    case!("masked_fill", |a| (a * a * a).masked_fill(a.lt(0.0), 2.0), [wave([2, 3])]),
];

#[cfg(test)]
mod tests {
    use crate::{Tape, Tensor, Var};

    /// The value of `f` at `x` and its derivatives of orders 1, 2 and 3 (of the sum, element by
    /// element).
    fn derivatives(x: &[f64], f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>) -> [Vec<f64>; 4] {
        let tape = Tape::new();
        let x = tape.var(Tensor::from_vec([x.len()], x.to_vec()));
        let y = f(x);
        let [dy] = y.sum().grad([x]);
        let [ddy] = dy.sum().grad([x]);
        let [dddy] = ddy.sum().grad([x]);
        [y, dy, ddy, dddy].map(|y| y.value().to_vec())
    }

    #[test]
    fn the_branch_not_taken_has_no_influence() {
        let orders = derivatives(&[1.0, 2.0, 3.0], |x| {
            let bad = x.tape().var(Tensor::from_vec([3], vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]));
            let y = x.gt(0.0).select(x.powi(3), bad);
            assert_eq!(y.sum().backward().wrt(bad).to_vec(), [0.0; 3]);
            y
        });
        let cube = [vec![1.0, 8.0, 27.0], vec![3.0, 12.0, 27.0], vec![6.0, 12.0, 18.0], vec![6.0; 3]];
        assert_eq!(orders, cube);
    }

    #[test]
    fn select_map_is_finite_at_every_order() {
        let roots = derivatives(&[-1.0, 0.0, 4.0], |x| x.gt(0.0).select_map(x, |x| x.sqrt(), 0.0));
        let expected = [2.0, 0.25, -1.0 / 32.0, 3.0 / 256.0];
        for (order, expected) in roots.iter().zip(expected) {
            assert_eq!(order, &[0.0, 0.0, expected]);
        }
        let inverses = derivatives(&[0.0, 1.0, 2.0], |x| x.ne(0.0).select_map(x, |x| x.recip(), x));
        assert_eq!(inverses[0], [0.0, 1.0, 0.5]);
        assert_eq!(inverses[1], [1.0, -1.0, -0.25]);
        assert_eq!(inverses[2], [0.0, 2.0, 0.25]);
        assert_eq!(inverses[3], [0.0, -6.0, -0.375]);
        let none = derivatives(&[-1.0, 0.0], |x| x.gt(0.0).select_map(x, |x| x.ln(), -7.0));
        assert_eq!(none, [vec![-7.0; 2], vec![0.0; 2], vec![0.0; 2], vec![0.0; 2]]);
    }

    #[test]
    fn an_infinite_slope_behind_a_plain_select_is_loud() {
        let orders = derivatives(&[0.0], |x| x.gt(0.0).select(x.sqrt(), 0.0));
        assert_eq!(orders[0], [0.0]);
        assert!(orders[1][0].is_nan());
    }

    #[test]
    fn infinite_gradients_go_to_the_branch_taken_only() {
        let tape = Tape::<f64>::new();
        let (a, b) = (tape.var(0.0), tape.var(3.0));
        let gradients = a.lt(b).select(a, b).sqrt().backward();
        assert_eq!((gradients.wrt(a).item(), gradients.wrt(b).item()), (f64::INFINITY, 0.0));
    }

    #[test]
    #[should_panic(expected = "select: shapes [2] and [3] do not broadcast")]
    fn selecting_with_a_mask_that_does_not_fit() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::ones([2]));
        let _ = tape.constant(Tensor::ones([3])).ne(0.0).select(x, 0.0);
    }
}
