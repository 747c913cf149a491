//! Why a step is not made.

use std::cell::RefCell;

use autograd::{Name, Real, Tensor, Var};

use super::of;

/// Why a step is not made, or not made to its end: the first reason. A panic in the middle of a sweep would not point
/// at the line of whoever asked for the step.
#[derive(Default)]
pub(crate) struct Refused(RefCell<Option<String>>);

impl Refused {
    pub(super) fn because(&self, reason: String) {
        self.0.borrow_mut().get_or_insert(reason);
    }

    pub(super) fn gradient<T: Real>(&self, name: Name, gradient: &Tensor<T>) {
        if let Some((at, value)) = gradient.first_not_finite() {
            let of = of(&name.to_string());
            self.because(format!("the gradient{of} is {value} at element {at}; no step is made with it"));
        }
    }

    /// The loss, looked at.
    pub(crate) fn loss<'t, T: Real>(&self, loss: Var<'t, T>) -> Var<'t, T> {
        if let Some((_, value)) = loss.value().first_not_finite() {
            self.because(format!(
                "the loss is {value}, and no step is made; look for an empty batch, data that are no numbers, or a \
                 learning rate that is too large"
            ));
        }
        loss
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().is_none()
    }

    pub(crate) fn take(&self) -> Option<String> {
        self.0.take()
    }

    #[track_caller]
    pub(super) fn panic(&self, name: &str) {
        if let Some(reason) = self.take() {
            panic!("{name}: {reason}");
        }
    }
}
