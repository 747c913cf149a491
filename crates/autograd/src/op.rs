//! What an operation is: a forward function and one derivative rule.
//!
//! The rule is written *on variables*, in the vocabulary users have. On the fast pass the lines that it
//! makes are forgotten; when a gradient is itself to be differentiated the same rule is recorded.
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
//!
//! # A rule that differentiates
//!
//! A rule may call [`Var::vjp`] and [`Var::grad`]. Its inputs and its output depend on each other on the tape, and a
//! derivative follows every path. So the rule starts from an [alias](Var::alias) of each: from there on, the only paths
//! are those that it makes itself.
//!
//! ```
//! use autograd::{Op, Real, Tensor, Var, gradcheck};
//!
//! /// The `y` with `y = ½ cos(a + y)`, by iteration. With `f` for the right side, `ā = ȳ ∂f/∂a / (1 − ∂f/∂y)`.
//! struct Solution;
//!
//! impl<T: Real> Op<T, 1> for Solution {
//!     fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
//!         a.map(|a| (0..100).fold(T::zero(), |y, _| T::of(0.5) * (a + y).cos()))
//!     }
//!
//!     fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], y: Var<'t, T>) -> Var<'t, T> {
//!         let [a, y] = [a, y].map(Var::alias);
//!         let [by_a, by_y] = ((a + y).cos() * 0.5).sum().grad([a, y]);
//!         g * by_a / (1.0 - by_y)
//!     }
//! }
//!
//! for order in 1..=3 {
//!     gradcheck(|[x]| Var::apply(Solution, [x]), [Tensor::from_vec([2], vec![0.7, -2.0])], order).unwrap();
//! }
//! ```

use crate::attribute::Attributes;
use crate::{Real, Tensor, Var, check};

// ANCHOR: op
/// An operation with `N` inputs and one output.
pub trait Op<T: Real, const N: usize>: 'static {
    /// The name shown in messages and printed tapes: by default the type's name in lower case, without its
    /// parameters.
    fn name(&self) -> String {
        last_name(std::any::type_name::<Self>()).to_lowercase()
    }

    /// What the name does not say, for those who [read a tape](crate::inspect): nothing by default.
    fn attributes(&self) -> Attributes {
        vec![]
    }

    /// The value.
    ///
    /// # Panics
    /// If the shapes do not fit; `#[track_caller]` makes that the user's line.
    #[track_caller]
    fn forward(&self, inputs: [&Tensor<T>; N]) -> Tensor<T>;

    /// The vector-Jacobian product: given `g = ∂L/∂y`, returns `∂L/∂inputs[wrt]`, of the same shape
    /// as that input. `y` is the output, for rules that are simplest in terms of it. The rule may itself
    /// [differentiate](self#a-rule-that-differentiates).
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, inputs: [Var<'t, T>; N], y: Var<'t, T>) -> Var<'t, T>;
    // ANCHOR_END: op

    /// An optional shortcut for the pass that is not recorded: the same numbers as
    /// [`vjp`](Self::vjp) in one loop over memory.
    fn fused_vjp(
        &self,
        _wrt: usize,
        _g: &Tensor<T>,
        _inputs: [&Tensor<T>; N],
        _y: &Tensor<T>,
    ) -> Option<Tensor<T>> {
        None
    }

    /// Another shortcut for that pass, for a share that is nearly all zeros, as that of a slice: adds it to `sum`, what
    /// other lines gave to this input, and says whether it did. So the cost is that of the part and not of the whole.
    fn accumulate_vjp(&self, _wrt: usize, _g: &Tensor<T>, _sum: &mut Tensor<T>) -> bool {
        false
    }

    /// A shortcut for [replays](crate::replay): writes what [`forward`](Self::forward) gives, to the bit and in row-major
    /// order, into `out`, which has room for it and may hold anything before, and says whether it did. If it did not,
    /// `forward` is called. A recording tries it, and panics if it gives other numbers than `forward`.
    fn forward_into(&self, _inputs: [&Tensor<T>; N], _out: &mut [T]) -> bool {
        false
    }

    /// The same for [`fused_vjp`](Self::fused_vjp).
    fn fused_vjp_into(
        &self,
        _wrt: usize,
        _g: &Tensor<T>,
        _inputs: [&Tensor<T>; N],
        _y: &Tensor<T>,
        _out: &mut [T],
    ) -> bool {
        false
    }
}

/// [`Op`] without `N` in its type, as the tape stores it.
pub(crate) trait AnyOp<T: Real> {
    fn name(&self) -> String;
    fn attributes(&self) -> Attributes;
    fn forward(&self, inputs: &[&Tensor<T>]) -> Tensor<T>;
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, inputs: &[Var<'t, T>], y: Var<'t, T>) -> Var<'t, T>;
    fn forward_into(&self, inputs: &[&Tensor<T>], out: &mut [T]) -> bool;
    fn fused_vjp(&self, wrt: usize, g: &Tensor<T>, inputs: &[&Tensor<T>], y: &Tensor<T>)
    -> Option<Tensor<T>>;
    fn accumulate_vjp(&self, wrt: usize, g: &Tensor<T>, sum: &mut Tensor<T>) -> bool;
    fn fused_vjp_into(
        &self,
        wrt: usize,
        g: &Tensor<T>,
        inputs: &[&Tensor<T>],
        y: &Tensor<T>,
        out: &mut [T],
    ) -> bool;
}

pub(crate) struct Erased<O, const N: usize>(pub(crate) O);

impl<T: Real, O: Op<T, N>, const N: usize> AnyOp<T> for Erased<O, N> {
    fn name(&self) -> String {
        self.0.name()
    }

    fn attributes(&self) -> Attributes {
        self.0.attributes()
    }

    fn forward(&self, inputs: &[&Tensor<T>]) -> Tensor<T> {
        self.0.forward(all(inputs))
    }

    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, inputs: &[Var<'t, T>], y: Var<'t, T>) -> Var<'t, T> {
        let share = self.0.vjp(wrt, g, all(inputs), y);
        check::shape(self, share, inputs[wrt], wrt);
        #[cfg(test)]
        let share = match mutation::of(&self.name(), wrt) {
            None => share,
            Some([factor, offset]) => share * factor + offset,
        };
        share
    }

    fn fused_vjp(
        &self,
        wrt: usize,
        g: &Tensor<T>,
        inputs: &[&Tensor<T>],
        y: &Tensor<T>,
    ) -> Option<Tensor<T>> {
        let share = self.0.fused_vjp(wrt, g, all(inputs), y);
        #[cfg(test)]
        let share = match mutation::of(&self.name(), wrt) {
            None => share,
            Some(by) => share.map(|share| share.map(|x| x * T::of(by[0]) + T::of(by[1]))),
        };
        share
    }

    fn accumulate_vjp(&self, wrt: usize, g: &Tensor<T>, sum: &mut Tensor<T>) -> bool {
        #[cfg(test)]
        if mutation::of(&self.name(), wrt).is_some() {
            return false;
        }
        self.0.accumulate_vjp(wrt, g, sum)
    }

    fn forward_into(&self, inputs: &[&Tensor<T>], out: &mut [T]) -> bool {
        self.0.forward_into(all(inputs), out)
    }

    fn fused_vjp_into(
        &self,
        wrt: usize,
        g: &Tensor<T>,
        inputs: &[&Tensor<T>],
        y: &Tensor<T>,
        out: &mut [T],
    ) -> bool {
        self.0.fused_vjp_into(wrt, g, all(inputs), y, out)
    }
}

/// `Wrap` of `program::Wrap<program::Inner>`: the last part of a path, without what stands in angle brackets.
pub(crate) fn last_name(path: &str) -> String {
    let (mut name, mut depth, mut before) = (String::new(), 0, ' ');
    for letter in path.chars() {
        match letter {
            '<' => depth += 1,
            '>' if before != '-' => depth -= 1, // not the arrow of a function's type
            ':' if depth == 0 => name.clear(),
            _ if depth == 0 => name.push(letter),
            _ => (),
        }
        before = letter;
    }
    name
}

/// The items of a slice of this length.
fn all<I: Copy, const N: usize>(items: &[I]) -> [I; N] {
    std::array::from_fn(|i| items[i])
}

/// Breaking rules on purpose, to see whether the tests notice.
#[cfg(test)]
pub(crate) mod mutation {
    use std::cell::RefCell;

    thread_local! {
        static BROKEN: RefCell<Option<(String, usize, [f64; 2])>> = const { RefCell::new(None) };
    }

    /// Runs `f` while the rule of this operation for this input is wrong by this factor and offset.
    pub(crate) fn with_broken<R>(op: &str, wrt: usize, by: [f64; 2], f: impl FnOnce() -> R) -> R {
        BROKEN.set(Some((op.to_owned(), wrt, by)));
        let result = f();
        BROKEN.set(None);
        result
    }

    /// By what factor and offset the rule is wrong: `None` for almost all.
    pub(crate) fn of(op: &str, wrt: usize) -> Option<[f64; 2]> {
        BROKEN.with_borrow(|broken| match broken {
            Some((name, input, by)) if name == op && *input == wrt => Some(*by),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `y = x`, with something beside.
    struct Same<F>(F);

    impl<T: Real, F: 'static, const N: usize> Op<T, N> for Same<F> {
        fn forward(&self, inputs: [&Tensor<T>; N]) -> Tensor<T> {
            inputs[0].clone()
        }
        fn vjp<'t>(&self, _: usize, g: Var<'t, T>, _: [Var<'t, T>; N], _y: Var<'t, T>) -> Var<'t, T> {
            g
        }
    }

    #[test]
    fn names_have_no_parameters() {
        fn name<F: 'static>(op: Same<F>) -> String {
            Op::<f64, 1>::name(&op)
        }
        assert_eq!(name(Same(Same(1.0))), "same");
        assert_eq!(name(Same(|x: f64| x + 1.0)), "same");
        assert_eq!(name(Same::<fn(Vec<f64>) -> Option<f64>>(|x| x.first().copied())), "same");
        assert_eq!(last_name("<a::B<c::D> as e::F>::g::Wrap<h::I>"), "Wrap");
    }

    #[test]
    #[should_panic(expected = "same: an operation without inputs is on no tape")]
    fn an_operation_needs_an_input() {
        Var::<f64>::apply::<_, 0>(Same(()), []);
    }
}
