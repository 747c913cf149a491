//! Faster ways to the numbers of an operation. The engine works without them, and can be read without this page.
//!
//! [`Op::forward`] returns a new tensor, and [`Op::vjp`] is written on variables. Where numbers alone are wanted, one
//! loop over memory may be enough, and it may write where the caller needs its result. An operation that has such loops
//! offers them in [`Op::shortcuts`]:
//!
//! ```
//! use autograd::shortcuts::{Destination, Shortcuts, Written};
//! use autograd::{Op, Real, Tensor, Var, gradcheck};
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
//!
//!     fn shortcuts(&self) -> Option<&dyn Shortcuts<T, 1>> {
//!         Some(self)
//!     }
//! }
//!
//! impl<T: Real> Shortcuts<T, 1> for Cube {
//!     // One loop in place of three.
//!     fn vjp_to(
//!         &self,
//!         _wrt: usize,
//!         g: &Tensor<T>,
//!         [a]: [&Tensor<T>; 1],
//!         _y: &Tensor<T>,
//!         _to: Destination<T>,
//!     ) -> Option<Written<T>> {
//!         Some(Written::New(g.zip(a, |g, a| g * a * a * T::of(3.0))))
//!     }
//! }
//!
//! // It compares the loop with the rule, too.
//! gradcheck(|[x]| Var::apply(Cube, [x]), [Tensor::scalar(0.7)], 1).unwrap();
//! ```

pub use crate::joined::Part;
use crate::op::{Erased, all};
use crate::{Op, Real, Tensor};

/// The place where the caller of a shortcut wants the result. A shortcut may return a new tensor all the same.
pub enum Destination<'a, T: Real> {
    /// A new tensor.
    New,
    /// Memory for the numbers in row-major order, whose contents are written over.
    Memory(&'a mut [T]),
    /// A tensor of the shape of the result, to which the result is added.
    Sum(&'a mut Tensor<T>),
}

/// The place where a shortcut has left its result.
pub enum Written<T: Real> {
    /// The destination.
    There,
    /// This tensor.
    New(Tensor<T>),
}

impl<T: Real> Destination<'_, T> {
    /// A result of this shape in row-major order, which `f` writes.
    pub(crate) fn build(self, shape: impl AsRef<[usize]>, f: impl FnOnce(&mut [T])) -> Written<T> {
        match self {
            Destination::Memory(out) => {
                f(out);
                Written::There
            }
            _ => Written::New(Tensor::build(shape, f)),
        }
    }
}

impl<T: Real> Written<T> {
    /// The tensor of a shortcut that was asked for a new one.
    pub(crate) fn tensor(self) -> Tensor<T> {
        match self {
            Written::New(tensor) => tensor,
            Written::There => unreachable!("there was no other place"),
        }
    }
}

/// Loops that give the numbers of an operation with `N` inputs. A method returns `None` where it has none, as both do by
/// default; then the operation itself is asked.
pub trait Shortcuts<T: Real, const N: usize> {
    /// The numbers of [`Op::forward`], to the bit. A [recording](crate::replay) compares the two, and panics if they
    /// differ.
    fn forward_to(&self, _inputs: [&Tensor<T>; N], _to: Destination<T>) -> Option<Written<T>> {
        None
    }

    /// The part of its input that the operation gives, if it does nothing else: gradients of many parts are joined at once.
    fn part(&self) -> Option<Part> {
        None
    }

    /// The numbers of [`Op::vjp`].
    fn vjp_to(
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

/// [`Shortcuts`] without `N` in its type, as the tape stores an operation.
pub(crate) trait AnyShortcuts<T: Real> {
    fn part(&self) -> Option<Part> {
        None
    }

    fn forward_to(&self, _inputs: &[&Tensor<T>], _to: Destination<T>) -> Option<Written<T>> {
        None
    }

    fn vjp_to(
        &self,
        _wrt: usize,
        _g: &Tensor<T>,
        _inputs: &[&Tensor<T>],
        _y: &Tensor<T>,
        _to: Destination<T>,
    ) -> Option<Written<T>> {
        None
    }
}

impl<T: Real, O: Op<T, N>, const N: usize> AnyShortcuts<T> for Erased<O, N> {
    fn part(&self) -> Option<Part> {
        // A test that breaks a rule has to meet it.
        #[cfg(test)]
        if crate::ops::mutation::of(O::NAME, 0).is_some() {
            return None;
        }
        self.0.shortcuts()?.part()
    }

    fn forward_to(&self, inputs: &[&Tensor<T>], to: Destination<T>) -> Option<Written<T>> {
        self.0.shortcuts()?.forward_to(all(inputs), to)
    }

    fn vjp_to(
        &self,
        wrt: usize,
        g: &Tensor<T>,
        inputs: &[&Tensor<T>],
        y: &Tensor<T>,
        to: Destination<T>,
    ) -> Option<Written<T>> {
        // A test that breaks a rule has to meet it.
        #[cfg(test)]
        if crate::ops::mutation::of(O::NAME, wrt).is_some() {
            return None;
        }
        self.0.shortcuts()?.vjp_to(wrt, g, all(inputs), y, to)
    }
}
