//! Functions of one number, applied to every element.
//!
//! Such an operation needs two formulas, the function and its derivative:
//!
//! ```
//! use autograd::{Elementwise, Real, Scalar, Tape, Var};
//!
//! /// `y = x / (1 + |x|)`,  `dy/dx = (1 − |y|)²`.
//! struct Softsign;
//!
//! impl Elementwise for Softsign {
//!     const NAME: &'static str = "softsign";
//!
//!     fn f<T: Real>(&self, x: T) -> T {
//!         x / (T::one() + x.abs())
//!     }
//!     fn df<S: Scalar>(&self, _x: S, y: S) -> S {
//!         let d = y.lit(1.0) - y.abs();
//!         d * d
//!     }
//! }
//!
//! let tape = Tape::<f64>::new();
//! let x = tape.var(3.0);
//! assert_eq!(Var::apply(Softsign, [x]).backward().wrt(x).item(), 0.0625);
//! ```

use crate::attribute::Attributes;
use crate::expression::Expression;
use crate::shortcuts::{Destination, Shortcuts, Written};
use crate::{Op, Real, Scalar, Tensor, Var};

/// A function of one number and its derivative.
pub trait Elementwise: Send + Sync + 'static {
    /// The name of the operation; see [`Op::NAME`].
    const NAME: &'static str;

    /// `y = f(x)`.
    fn f<T: Real>(&self, x: T) -> T;

    /// `dy/dx`, as a formula in `x` and `y`. On numbers it is one fused loop; on variables it is
    /// recorded and can be differentiated again.
    fn df<S: Scalar>(&self, x: S, y: S) -> S;

    /// Whether function and derivative of this number have few steps. If they call a function for others, a loop over
    /// numbers that are near can still be vectorized.
    #[doc(hidden)]
    #[inline(always)]
    fn is_near<T: Real>(&self, _x: T) -> bool {
        true
    }

    /// `f(x)` in terms of the [functions](crate::expression::Function) that other programs know, if it can be said so.
    fn expression(&self, _x: Expression) -> Option<Expression> {
        None
    }

    /// The constants of the formula, for those who [read a tape](crate::inspect): none by default.
    fn constants(&self) -> Attributes {
        vec![]
    }
}

/// > `x̄ = ȳ · f′(x)`, element by element.
#[diagnostic::do_not_recommend]
impl<E: Elementwise> Pointwise<1> for E {
    const NAME: &'static str = E::NAME;

    fn attributes(&self) -> Attributes {
        self.constants()
    }

    #[inline(always)]
    fn f<T: Real>(&self, [x]: [T; 1]) -> T {
        Elementwise::f(self, x)
    }

    #[inline(always)]
    fn is_near<T: Real>(&self, [x]: [T; 1]) -> bool {
        Elementwise::is_near(self, x)
    }

    fn expression(&self, [x]: [Expression; 1]) -> Option<Expression> {
        Elementwise::expression(self, x)
    }

    fn vjp<'t, T: Real>(
        &self,
        _wrt: usize,
        g: Var<'t, T>,
        [x]: [Var<'t, T>; 1],
        y: Var<'t, T>,
    ) -> Var<'t, T> {
        g * self.df(x, y)
    }

    // ANCHOR: fused
    fn vjp_to<T: Real>(
        &self,
        _wrt: usize,
        g: &Tensor<T>,
        [x]: [&Tensor<T>; 1],
        y: &Tensor<T>,
        to: Destination<T>,
    ) -> Option<Written<T>> {
        Some(Tensor::combine_near_to(
            [g, x, y],
            to,
            #[inline(always)]
            |[_, x, _]| Elementwise::is_near(self, x),
            #[inline(always)]
            |[g, x, y]| g * self.df(x, y),
        ))
    }
    // ANCHOR_END: fused
}

/// A function of the `N` numbers at the same place of `N` tensors of one shape, and its derivative rule.
pub trait Pointwise<const N: usize>: Send + Sync + 'static {
    /// The name of the operation; see [`Op::NAME`].
    const NAME: &'static str;

    /// Settings beside the name; see [`Op::attributes`].
    fn attributes(&self) -> Attributes {
        vec![]
    }

    /// `y = f(x₁ … x_N)`.
    fn f<T: Real>(&self, x: [T; N]) -> T;

    /// See [`Elementwise`].
    #[doc(hidden)]
    #[inline(always)]
    fn is_near<T: Real>(&self, _x: [T; N]) -> bool {
        true
    }

    /// The loop over all numbers. An operation that stands for several functions may have one for each.
    #[doc(hidden)]
    #[track_caller]
    fn forward_to<T: Real>(&self, inputs: [&Tensor<T>; N], to: Destination<T>) -> Written<T> {
        Tensor::combine_near_to(
            inputs,
            to,
            #[inline(always)]
            |x| self.is_near(x),
            #[inline(always)]
            |x| self.f(x),
        )
    }

    /// `f(x)` in terms of the [functions](crate::expression::Function) that other programs know, if it can be said so.
    fn expression(&self, _x: [Expression; N]) -> Option<Expression> {
        None
    }

    /// The derivative rule; see [`Op::vjp`].
    fn vjp<'t, T: Real>(
        &self,
        wrt: usize,
        g: Var<'t, T>,
        inputs: [Var<'t, T>; N],
        y: Var<'t, T>,
    ) -> Var<'t, T>;

    /// The rule as one loop, if there is one; see [`Shortcuts::vjp_to`].
    fn vjp_to<T: Real>(
        &self,
        _wrt: usize,
        _g: &Tensor<T>,
        _inputs: [&Tensor<T>; N],
        _y: &Tensor<T>,
        _to: Destination<T>,
    ) -> Option<Written<T>> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl<T: Real, P: Pointwise<N>, const N: usize> Op<T, N> for P {
    const NAME: &'static str = P::NAME;

    fn attributes(&self) -> Attributes {
        Pointwise::attributes(self)
    }

    fn expression(&self, x: [Expression; N]) -> Option<Expression> {
        Pointwise::expression(self, x)
    }

    fn forward(&self, inputs: [&Tensor<T>; N]) -> Tensor<T> {
        Pointwise::forward_to(self, inputs, Destination::New).tensor()
    }

    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, inputs: [Var<'t, T>; N], y: Var<'t, T>) -> Var<'t, T> {
        Pointwise::vjp(self, wrt, g, inputs, y)
    }

    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, N>> {
        Some(self)
    }
}

impl<T: Real, P: Pointwise<N>, const N: usize> Shortcuts<T, N> for P {
    fn forward_to(&self, inputs: [&Tensor<T>; N], to: Destination<T>) -> Option<Written<T>> {
        Some(Pointwise::forward_to(self, inputs, to))
    }

    fn vjp_to(
        &self,
        wrt: usize,
        g: &Tensor<T>,
        inputs: [&Tensor<T>; N],
        y: &Tensor<T>,
        to: Destination<T>,
    ) -> Option<Written<T>> {
        Pointwise::vjp_to(self, wrt, g, inputs, y, to)
    }
}
