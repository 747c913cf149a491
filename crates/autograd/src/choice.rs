//! Operations without a derivative: comparisons, places, sort orders.
//!
//! A [`Choice`] has no rule, because none is ever asked: no derivative passes from its result to its inputs. It is a
//! node of the tape like others, so that a [recorded function](crate::replay) chooses anew in each replay.
//!
//! ```
//! use autograd::{Choice, Real, Tape, Tensor, Var};
//!
//! /// The nearest whole number that is even.
//! struct NearestEven;
//!
//! impl<T: Real> Choice<T, 1> for NearestEven {
//!     const NAME: &'static str = "nearest_even";
//!
//!     fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
//!         let two = T::of(2.0);
//!         x.map(|x| (x / two).round() * two)
//!     }
//! }
//!
//! let tape = Tape::<f64>::new();
//! let x = tape.var(4.9);
//! let even = Var::choose(NearestEven, [x]); // 4, a constant for derivatives
//! let y = x * even;
//! assert_eq!((y.item(), y.backward().wrt(x).item()), (4.9 * 4.0, 4.0));
//! ```

use crate::attribute::Attributes;
use crate::compiled::built_in;
use crate::expression::Expression;
use crate::op::{AnyOp, all};
use crate::shortcuts::{AnyShortcuts, Destination, Shortcuts, Written};
use crate::tape::Kind;
use crate::{Real, Tensor, Var};

/// An operation with `N` inputs and one output that is a constant for derivatives.
pub trait Choice<T: Real, const N: usize>: Send + Sync + 'static {
    /// The name of the operation; see [`Op::NAME`](crate::Op::NAME).
    const NAME: &'static str;

    /// Settings beside the name; see [`Op::attributes`](crate::Op::attributes).
    fn attributes(&self) -> Attributes {
        vec![]
    }

    /// The value.
    ///
    /// # Panics
    /// If the shapes do not fit; `#[track_caller]` makes that the line of the user's program.
    #[track_caller]
    fn forward(&self, inputs: [&Tensor<T>; N]) -> Tensor<T>;

    /// The value in terms of functions that other programs know; see [`Op::expression`](crate::Op::expression).
    fn expression(&self, _inputs: [Expression; N]) -> Option<Expression> {
        None
    }

    /// Faster ways to the same numbers: none by default. See [`shortcuts`](crate::shortcuts).
    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, N>> {
        None
    }
}

/// A [`Choice`] as the tape stores it.
struct Chosen<C, const N: usize>(C);

impl<T: Real, C: Choice<T, N>, const N: usize> AnyOp<T> for Chosen<C, N> {
    fn name(&self) -> String {
        C::NAME.to_owned()
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

    fn vjp<'t>(&self, _: usize, _: Var<'t, T>, _: &[Var<'t, T>], _: Var<'t, T>) -> Var<'t, T> {
        unreachable!("no sweep asks a choice for its rule")
    }
}

impl<T: Real, C: Choice<T, N>, const N: usize> AnyShortcuts<T> for Chosen<C, N> {
    fn forward_to(&self, inputs: &[&Tensor<T>], to: Destination<T>) -> Option<Written<T>> {
        self.0.shortcuts()?.forward_to(all(inputs), to)
    }
}

/// `y = x`.
struct StopGradient;

impl<T: Real> Choice<T, 1> for StopGradient {
    const NAME: &'static str = "stop_gradient";

    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        x.clone()
    }
}

built_in! {
    choose 1: StopGradient;
}

impl<'t, T: Real> Var<'t, T> {
    /// Applies an operation without a derivative and records it: [`apply`](Self::apply) for a [`Choice`].
    ///
    /// # Panics
    /// If the inputs are on different tapes, or the operation does not fit their shapes or has no inputs.
    #[track_caller]
    pub fn choose<C: Choice<T, N>, const N: usize>(choice: C, inputs: [Var<'t, T>; N]) -> Var<'t, T> {
        Var::record(Chosen(choice), C::NAME, inputs, Kind::Choice)
    }

    /// The same value, cut off from how it was computed: for derivatives it is a constant.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(3.0);
    /// assert_eq!((x * x.stop_gradient()).backward().wrt(x).item(), 3.0);
    /// ```
    #[track_caller]
    pub fn stop_gradient(self) -> Var<'t, T> {
        T::record(StopGradient, [self])
    }
}
