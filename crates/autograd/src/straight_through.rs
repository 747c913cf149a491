//! The straight-through estimator: a value from one function, a gradient from another.
//!
//! It is no derivative, so it is not in the gradient table, and asking for a derivative of it beyond
//! the first is refused instead of answered wrongly.

use crate::{Op, Real, Tensor, Var};

/// `y = value`,  `x̄ = ȳ` by decree (Bengio, Léonard and Courville 2013).
struct StraightThrough<T: Real>(Tensor<T>);

impl<T: Real> Op<T, 1> for StraightThrough<T> {
    fn name(&self) -> String {
        "straight_through".into()
    }
    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        let (given, expected) = (self.0.shape(), x.shape());
        assert!(
            given == expected,
            "straight_through: the value has shape {given:?}, the variable {expected:?}"
        );
        self.0.clone()
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        assert!(
            !g.tape().is_recording(),
            "straight_through: it has a first derivative by decree and no second; use `backward` instead of \
             `grad`, or `stop_gradient` before it"
        );
        g
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// Has the given value, but passes gradients on as if it were this variable: for rounding,
    /// thresholds and other steps whose derivative is zero.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(2.7);
    /// let y = x.straight_through(x.value().map(f64::round));
    /// assert_eq!((y.item(), (y * y).backward().wrt(x).item()), (3.0, 6.0));
    /// ```
    ///
    /// # Panics
    /// If the shapes differ; and a sweep that is recorded ([`Var::grad`]) panics when it comes here.
    #[track_caller]
    pub fn straight_through(self, value: Tensor<T>) -> Var<'t, T> {
        Var::apply(StraightThrough(value), [self])
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
        let _ = (x.straight_through(x.value().map(f64::round)) * x).grad([x]);
    }

    #[test]
    fn stop_gradient_cuts() {
        let tape = Tape::<f64>::new();
        let x = tape.var(3.0);
        assert_eq!((x * x.stop_gradient()).backward().wrt(x).item(), 3.0);
    }
}
