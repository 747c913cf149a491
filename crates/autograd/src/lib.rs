//! Automatic differentiation on tensors: a tape, one reverse sweep, derivatives of any order.
//!
//! ```
//! use autograd::{Tape, Tensor};
//!
//! let tape = Tape::<f64>::new();
//! let x = tape.constant(Tensor::from_vec([1, 2], vec![1.0, -2.0]));
//! let w = tape.var(Tensor::from_vec([2, 1], vec![0.5, 0.25]));
//! let b = tape.var(0.1);
//! let y = (x.matmul(w) + b).tanh();
//! let loss = (y * y).mean();
//!
//! let gradients = loss.backward(); // plain tensors; nothing is recorded
//! assert_eq!(gradients.wrt(w).shape(), [2, 1]);
//!
//! let [db] = loss.grad([b]); // a variable: differentiate it again
//! let [ddb] = db.grad([b]);
//! assert_eq!(ddb.shape().len(), 0);
//! ```
//!
//! - A [`Tensor`] is a plain value: a shape over a shared buffer.
//! - A [`Tape`] is the list of everything computed in one step.
//! - A [`Var`] is a `Copy` handle to one node of that list.
//! - An [`Op`] is a forward function and one derivative rule, written on variables, so that the same
//!   rule serves the fast pass and the pass that is itself recorded.
//! - A [`Tree`] is a model: a struct whose leaves are tensors, and variables on a tape;
//!   [`value_and_grad`] takes one and returns its gradient in the same form.
//!
//! To look things up: [`ops`] lists the methods of variables, [`functions`] has the derivatives of functions
//! (`vjp`, `jvp`, `hvp`, `jacobian`, `hessian`), [`op`] shows an operation of your own, and [`gradcheck`] checks it.
//! The book in `docs/` explains all of it, from a derivative by hand on.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod attribute;
pub mod buffer;
mod check;
pub mod choice;
mod compiled;
mod display;
pub mod expression;
mod fast;
pub mod functions;
mod gradcheck;
pub mod gradient;
mod in_place;
pub mod inspect;
mod jacobian;
mod joined;
mod mirror;
pub mod op;
pub mod ops;
mod per_example;
pub mod real;
pub mod replay;
mod save;
pub mod scalar;
pub mod shortcuts;
mod special;
mod straight_through;
mod sweep;
pub mod tape;
pub mod tensor;
pub mod transform;
pub mod tree;
pub mod vector;

pub use buffer::{Buffer, NewBuffers};
/// A trait that only this crate can implement: so the traits above it may get new methods.
mod sealed {
    pub trait Sealed {}

    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl<T: crate::Real> Sealed for crate::Var<'_, T> {}
}

pub use choice::Choice;
pub use functions::{LeafUpdate, value, value_and_grad, value_and_update};
pub use functions::{gauss_newton_product, grad, hessian, hvp, jacobian, jvp, vjp};
pub use functions::{value_and_grad_with, value_and_update_with, value_with};
pub use gradcheck::{Mismatch, gradcheck, gradcheck_slice};
pub use gradient::Gradients;
pub use op::Op;
pub use ops::{
    Conv, ConvTranspose, Correction, Elementwise, Mask, Normalized, Operand, Places, Pointwise,
    SelfContained, Upsample, Window, checkpoint, in_double,
};
pub use per_example::per_example_grad;
pub use real::Real;
pub use replay::Recorded;
pub use scalar::Scalar;
pub use tape::{Tape, Var};
#[cfg(feature = "linalg")]
pub use tensor::Triangle;
pub use tensor::{Axes, Axis, Indices, Keep, Shape, SortOrder, Tensor, cost};
pub use tree::{Frozen, Leaf, Name, Tree};
pub use vector::{Combine, Vector};
