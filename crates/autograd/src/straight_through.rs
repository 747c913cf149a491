//! The straight-through estimator: a value from one function, a gradient from another.
//!
//! It is no derivative, so it is not in the gradient table, and asking for a derivative of it beyond
//! the first is refused instead of answered wrongly.

use crate::compiled::built_in;
use crate::shortcuts::{Destination, Shortcuts, Written};
use crate::{Op, Real, Tensor, Var};

/// `y = value`,  `x̄ = ȳ` by decree (Bengio, Léonard and Courville 2013).
struct StraightThrough;

impl<T: Real> Op<T, 2> for StraightThrough {
    const NAME: &'static str = "straight_through";

    fn forward(&self, [x, value]: [&Tensor<T>; 2]) -> Tensor<T> {
        let (given, expected) = (value.shape(), x.shape());
        assert!(
            given == expected,
            "straight_through: the value has shape {given:?}, the variable {expected:?}"
        );
        value.clone()
    }
    fn vjp<'t>(&self, _wrt: usize, _g: Var<'t, T>, _: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        panic!(
            "straight_through: it has a first derivative by decree and no second; use `backward` instead of \
             `grad`, or `stop_gradient` before it"
        );
    }
    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, 2>> {
        Some(self)
    }
}

/// The first derivative, in numbers. It is not asked for that of the value, which is a constant.
impl<T: Real> Shortcuts<T, 2> for StraightThrough {
    fn vjp_to(
        &self,
        _wrt: usize,
        g: &Tensor<T>,
        _: [&Tensor<T>; 2],
        _y: &Tensor<T>,
        _to: Destination<T>,
    ) -> Option<Written<T>> {
        Some(Written::New(g.clone()))
    }
}

built_in! {
    apply 2: StraightThrough;
}

impl<'t, T: Real> Var<'t, T> {
    /// Has the given value, but passes gradients on as if it were this variable: for rounding,
    /// thresholds and other steps whose derivative is zero. The value itself gets no gradient.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(2.7);
    /// let y = x.straight_through(x.round());
    /// assert_eq!((y.item(), (y * y).backward().wrt(x).item()), (3.0, 6.0));
    /// ```
    ///
    /// # Panics
    /// If the shapes differ; and a sweep that is recorded ([`Var::grad`]) panics when it comes here.
    #[track_caller]
    pub fn straight_through(self, value: Var<'t, T>) -> Var<'t, T> {
        T::record(StraightThrough, [self, value.stop_gradient()])
    }
}

#[cfg(test)]
mod tests {
    use crate::Tape;

    #[test]
    #[should_panic(expected = "straight_through: it has a first derivative by decree and no second")]
    fn a_second_derivative_is_refused() {
        let tape = Tape::<f64>::new();
        let x = tape.var(2.7);
        let _ = (x.straight_through(x.round()) * x).grad([x]);
    }

    #[test]
    fn stop_gradient_cuts() {
        let tape = Tape::<f64>::new();
        let x = tape.var(3.0);
        assert_eq!((x * x.stop_gradient()).backward().wrt(x).item(), 3.0);
    }
}
