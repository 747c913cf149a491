//! Activation functions.

use super::{Case, Elementwise, case, wave};
use crate::{Real, Scalar, Var};

/// `y = tanh x`,  `dy/dx = 1 − y²`.
struct Tanh;

impl Elementwise for Tanh {
    fn f<T: Real>(&self, x: T) -> T {
        x.tanh()
    }
    fn df<S: Scalar>(&self, _x: S, y: S) -> S {
        y.lit(1.0) - y * y
    }
}

/// `y = 1 / (1 + e⁻ˣ)`,  `dy/dx = y (1 − y)`.
struct Sigmoid;

impl Elementwise for Sigmoid {
    fn f<T: Real>(&self, x: T) -> T {
        x.sigmoid()
    }
    fn df<S: Scalar>(&self, _x: S, y: S) -> S {
        y * (y.lit(1.0) - y)
    }
}

/// `y = max(x, 0)`,  `dy/dx = 1` where `x > 0`, else 0. At the kink, `relu′(0) = 0`.
struct Relu;

impl Elementwise for Relu {
    fn f<T: Real>(&self, x: T) -> T {
        Real::max(x, T::zero())
    }
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.step()
    }
}

/// `y = 1` where `x > 0`, else 0. The derivative is stated to be 0.
struct Step;

impl Elementwise for Step {
    fn f<T: Real>(&self, x: T) -> T {
        x.step()
    }
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.lit(0.0)
    }
}

/// `y = ln(1 + eˣ)`,  `dy/dx = sigmoid x`.
struct Softplus;

impl Elementwise for Softplus {
    fn f<T: Real>(&self, x: T) -> T {
        // ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|): no overflow, and exact for very negative x.
        Real::max(x, T::zero()) + (-x.abs()).exp().ln_1p()
    }
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.sigmoid()
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `tanh x`, in (−1, 1).
    #[track_caller]
    pub fn tanh(self) -> Var<'t, T> {
        Var::apply(Tanh, [self])
    }

    /// The logistic function `1 / (1 + e⁻ˣ)`, in (0, 1).
    #[track_caller]
    pub fn sigmoid(self) -> Var<'t, T> {
        Var::apply(Sigmoid, [self])
    }

    /// `max(x, 0)`. At the kink, `relu′(0) = 0`.
    #[track_caller]
    pub fn relu(self) -> Var<'t, T> {
        Var::apply(Relu, [self])
    }

    /// `1` where `x > 0`, else `0`. Its derivative is 0 everywhere, also at the jump.
    #[track_caller]
    pub fn step(self) -> Var<'t, T> {
        Var::apply(Step, [self])
    }

    /// `ln(1 + eˣ)`, a smooth `relu`.
    #[track_caller]
    pub fn softplus(self) -> Var<'t, T> {
        Var::apply(Softplus, [self])
    }
}

pub(super) const CASES: &[Case] = &[
    case!("tanh", |a| a.tanh(), [wave([5])]),
    case!("sigmoid", |a| a.sigmoid(), [wave([5])]),
    case!("relu", |a| a.relu() * a, [wave([5])]),
    case!("step", |a| a.step() * a, [wave([5])]),
    case!("softplus", |a| a.softplus(), [wave([5])]),
];

#[cfg(test)]
mod tests {
    use crate::{Tape, Tensor};

    #[test]
    fn extreme_inputs_give_exact_limits() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_vec([4], vec![-1e4, -800.0, 800.0, 1e4]));
        assert_eq!(x.sigmoid().value().to_vec(), [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(x.softplus().value().to_vec(), [0.0, 0.0, 800.0, 1e4]);
        for y in [x.sigmoid(), x.softplus(), x.tanh()] {
            assert!(y.sum().backward().wrt(x).to_vec().iter().all(|g| g.is_finite()));
        }
    }

    #[test]
    fn kinks_are_as_stated_and_nan_stays() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_vec([2], vec![0.0, f64::NAN]));
        let y = x.relu();
        assert_eq!(y.value().to_vec()[0], 0.0);
        assert!(y.value().to_vec()[1].is_nan());
        assert_eq!(y.sum().backward().wrt(x).to_vec()[0], 0.0);
    }
}
