//! Choosing between two variables element by element.

use super::arithmetic::{common_shape, expanded};
use super::{Case, Mask, Operand, Pointwise, case, wave};
use crate::compiled::built_in;
use crate::expression::Expression;
use crate::{Choice, Real, Scalar, Tensor, Var};

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
            1 => T::record(Select, [mask, g, g.lit(0.0)]),
            2 => T::record(Select, [mask, g.lit(0.0), g]),
            _ => g.lit(0.0), // never asked: a mask has no derivative
        }
    }
}

/// The first element that a mask accepts, and 1 if it accepts none.
struct FirstAccepted;

impl<T: Real> Choice<T, 2> for FirstAccepted {
    const NAME: &'static str = "first_accepted";

    fn forward(&self, [mask, x]: [&Tensor<T>; 2]) -> Tensor<T> {
        let first = mask.to_vec().iter().position(|&yes| yes == T::one());
        Tensor::scalar(first.map_or(T::one(), |first| x.to_vec()[first]))
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
        T::record(Select, [mask, a, b].map(|x| x.expand(&shape)))
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
        let first = T::record(FirstAccepted, [mask, elements]);
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

built_in! {
    apply 3: Select;
    choose 2: FirstAccepted;
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
mod tests;
