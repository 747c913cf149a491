//! Operations: a forward function and one derivative rule.
//!
//! The rule is written *on variables*, in the vocabulary users have. On the fast pass the nodes that it
//! adds are removed at once; when a gradient is itself to be differentiated, the same rule is recorded.
//! So one line of mathematics serves derivatives of every order.
//!
//! # A custom operation
//!
//! ```
//! use autograd::{Op, Real, Tape, Tensor, Var};
//!
//! /// `y = a³`,  `ā = ȳ · 3a²`.
//! struct Cube;
//!
//! impl<T: Real> Op<T, 1> for Cube {
//!     const NAME: &'static str = "cube";
//!
//!     fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
//!         a.map(|a| a * a * a)
//!     }
//!
//!     fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
//!         g * a * a * 3.0
//!     }
//! }
//!
//! let tape = Tape::<f64>::new();
//! let x = tape.var(2.0);
//! let y = Var::apply(Cube, [x]);
//! let [dy] = y.grad([x]); // 3x²
//! let [ddy] = dy.grad([x]); // 6x, without another rule
//! assert_eq!((y.item(), dy.item(), ddy.item()), (8.0, 12.0, 12.0));
//!
//! // The same check that every operation of this crate passes, at orders 1, 2 and 3.
//! for order in 1..=3 {
//!     autograd::gradcheck(|[x]| Var::apply(Cube, [x]), [Tensor::scalar(0.7)], order).unwrap();
//! }
//! ```

use crate::attribute::Attributes;
use crate::expression::Expression;
use crate::shortcuts::{AnyShortcuts, Shortcuts};
use crate::{Real, Tensor, Var, check};

// ANCHOR: op
/// An operation with `N` inputs and one output.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no operation on {N} inputs with elements `{T}`",
    label = "no such operation",
    note = "implement `Op<T, {N}>` for all `T: Real`; for a function of single numbers, `Elementwise` or `Pointwise<{N}>`"
)]
pub trait Op<T: Real, const N: usize>: Send + Sync + 'static {
    /// The name in messages and printed tapes: that of the method by which users call it.
    const NAME: &'static str;

    /// Settings beside the name, for those who [read a tape](crate::inspect): none by default.
    fn attributes(&self) -> Attributes {
        vec![]
    }

    /// The value.
    ///
    /// # Panics
    /// If the shapes do not fit; `#[track_caller]` makes that the line of the user's program.
    #[track_caller]
    fn forward(&self, inputs: [&Tensor<T>; N]) -> Tensor<T>;

    /// The vector-Jacobian product: given `g = ∂L/∂y`, returns `∂L/∂inputs[wrt]`, of the same shape
    /// as that input. `y` is the output, for rules that are simplest in terms of it. The rule may itself
    /// differentiate, from an [alias](Var::alias) of its inputs.
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, inputs: [Var<'t, T>; N], y: Var<'t, T>) -> Var<'t, T>;
    // ANCHOR_END: op

    /// The value in terms of the [functions](crate::expression::Function) that other programs know, for an operation of
    /// the single numbers at each place, if it can be said so.
    fn expression(&self, _inputs: [Expression; N]) -> Option<Expression> {
        None
    }

    /// Faster ways to the same numbers: none by default. See [`shortcuts`](crate::shortcuts).
    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, N>> {
        None
    }
}

/// [`Op`] without `N` in its type, as the tape stores it.
pub(crate) trait AnyOp<T: Real>: AnyShortcuts<T> + Send + Sync {
    fn name(&self) -> String;
    fn attributes(&self) -> Attributes {
        vec![]
    }

    fn expression(&self) -> Option<Expression> {
        None
    }

    /// A shape that does not fit panics at the line of the user's program.
    #[track_caller]
    fn forward(&self, inputs: &[&Tensor<T>]) -> Tensor<T>;
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, inputs: &[Var<'t, T>], y: Var<'t, T>) -> Var<'t, T>;
}

pub(crate) struct Erased<O, const N: usize>(pub(crate) O);

impl<T: Real, O: Op<T, N>, const N: usize> AnyOp<T> for Erased<O, N> {
    fn name(&self) -> String {
        O::NAME.to_owned()
    }

    fn attributes(&self) -> Attributes {
        self.0.attributes()
    }

    fn expression(&self) -> Option<Expression> {
        self.0.expression(std::array::from_fn(Expression::Input))
    }

    fn forward(&self, inputs: &[&Tensor<T>]) -> Tensor<T> {
        self.0.forward(all(inputs))
    }

    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, inputs: &[Var<'t, T>], y: Var<'t, T>) -> Var<'t, T> {
        check::contribution(self, self.0.vjp(wrt, g, all(inputs), y), inputs, wrt)
    }
}

/// The items of a slice of this length.
pub(crate) fn all<I: Copy, const N: usize>(items: &[I]) -> [I; N] {
    std::array::from_fn(|i| items[i])
}
