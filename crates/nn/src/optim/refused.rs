//! Why a step is not made.

use std::cell::RefCell;

use autograd::{Name, Real, Tensor, Var};

use crate::error::{Diverged, Number};

/// Why a step is not made, or not made to its end: the first reason. A panic in the middle of a sweep would not point
/// at the line of whoever asked for the step.
#[derive(Default)]
pub(crate) struct Refused(RefCell<Option<Diverged>>);

impl Refused {
    fn because(&self, number: Number, value: impl Real) {
        self.0.borrow_mut().get_or_insert_with(|| Diverged::new(number, value.as_f64()));
    }

    pub(crate) fn gradient<T: Real>(&self, name: Name, gradient: &Tensor<T>) {
        if let Some((at, value)) = gradient.first_not_finite() {
            self.because(Number::Gradient { parameter: name.to_string(), element: Some(at) }, value);
        }
    }

    /// The loss, looked at.
    pub(crate) fn loss<'t, T: Real>(&self, loss: Var<'t, T>) -> Var<'t, T> {
        if let Some((_, value)) = loss.value().first_not_finite() {
            self.because(Number::Loss, value);
        }
        loss
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().is_none()
    }

    pub(crate) fn take(&self) -> Option<Diverged> {
        self.0.take()
    }

    #[track_caller]
    pub(super) fn panic(&self, name: &str) {
        if let Some(reason) = self.take() {
            panic!("{name}: {reason}");
        }
    }
}
