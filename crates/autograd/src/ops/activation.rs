//! Activation functions: the classical ones. For relatives of `relu` see `rectifier.rs`.

use super::{Case, Elementwise, case, wave};
use crate::compiled::built_in;
use crate::expression::Expression;
use crate::{Real, Scalar, Var};

// ANCHOR: tanh
/// `y = tanh x`,  `dy/dx = 1 / cosh² x`, which is `1 − y²` without its cancellation: where `y` rounds to 1, that is 0.
struct Tanh;

impl Elementwise for Tanh {
    const NAME: &'static str = "tanh";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.tanh()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.tanh())
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.sech2()
    }
}
// ANCHOR_END: tanh

/// `y = 1 / cosh² x`,  `dy/dx = −2 y tanh x`.
struct Sech2;

impl Elementwise for Sech2 {
    const NAME: &'static str = "sech2";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.sech2()
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, y: S) -> S {
        x.lit(-2.0) * x.tanh() * y
    }
}

/// `y = 1 / (1 + e⁻ˣ)`,  `dy/dx = σ(x) σ(−x)`, which is `y (1 − y)` without its cancellation.
struct Sigmoid;

impl Elementwise for Sigmoid {
    const NAME: &'static str = "sigmoid";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.sigmoid()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.sigmoid())
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.sigmoid_slope()
    }
}

/// `y = σ(x) σ(−x)`,  `dy/dx = −y tanh(x/2)`.
struct SigmoidSlope;

impl Elementwise for SigmoidSlope {
    const NAME: &'static str = "sigmoid_slope";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.sigmoid_slope()
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, y: S) -> S {
        -(x.lit(0.5) * x).tanh() * y
    }
}

/// `y = max(x, 0)`,  `dy/dx = 1` where `x > 0`, else 0. At the kink, `relu′(0) = 0`.
struct Relu;

impl Elementwise for Relu {
    const NAME: &'static str = "relu";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        Real::max(x, T::zero())
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.max(0.0))
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.step()
    }
}

/// `y = 1` where `x > 0`, else 0. The derivative is stated to be 0.
struct Step;

impl Elementwise for Step {
    const NAME: &'static str = "step";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.step()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(Expression::from(0.0).less(x))
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.lit(0.0)
    }
}

/// `y = ln(1 + eˣ)`,  `dy/dx = sigmoid x`.
struct Softplus;

impl Elementwise for Softplus {
    const NAME: &'static str = "softplus";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        // ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|): no overflow, and exact for very negative x.
        x.softplus()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.clone().max(0.0) + ((-x.abs()).exp() + 1.0).ln())
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.sigmoid()
    }
}

/// `y = x / (1 + |x|)`,  `dy/dx = 1 / (1 + |x|)²`.
struct Softsign;

impl Elementwise for Softsign {
    const NAME: &'static str = "softsign";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x / (T::one() + x.abs())
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.clone() / (x.abs() + 1.0))
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        let r = x.lit(1.0) / (x.lit(1.0) + x.abs());
        r * r
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `tanh x`, in (−1, 1). Exact to 8 ε.
    #[track_caller]
    pub fn tanh(self) -> Var<'t, T> {
        T::record(Tanh, [self])
    }

    #[track_caller]
    pub(super) fn sech2(self) -> Var<'t, T> {
        T::record(Sech2, [self])
    }

    /// The logistic function `1 / (1 + e⁻ˣ)`, in (0, 1). Exact to 8 ε.
    #[track_caller]
    pub fn sigmoid(self) -> Var<'t, T> {
        T::record(Sigmoid, [self])
    }

    #[track_caller]
    pub(super) fn sigmoid_slope(self) -> Var<'t, T> {
        T::record(SigmoidSlope, [self])
    }

    /// `max(x, 0)`. At the kink, `relu′(0) = 0`. Exact to 0 ε.
    #[track_caller]
    pub fn relu(self) -> Var<'t, T> {
        T::record(Relu, [self])
    }

    /// `1` where `x > 0`, else `0`. Its derivative is 0 everywhere, also at the jump. Exact to 0 ε.
    #[track_caller]
    pub fn step(self) -> Var<'t, T> {
        T::record(Step, [self])
    }

    /// `ln(1 + eˣ)`, a smooth `relu`. Exact to 8 ε.
    #[track_caller]
    pub fn softplus(self) -> Var<'t, T> {
        T::record(Softplus, [self])
    }

    /// `ln sigmoid(x) = −softplus(−x)`, which neither underflows nor overflows. Exact to 8 ε.
    #[track_caller]
    pub fn log_sigmoid(self) -> Var<'t, T> {
        -(-self).softplus()
    }

    /// `x / (1 + |x|)`, in (−1, 1). Exact to 4 ε.
    #[track_caller]
    pub fn softsign(self) -> Var<'t, T> {
        T::record(Softsign, [self])
    }
}

built_in! {
    apply 1: Tanh, Sech2, Sigmoid, SigmoidSlope, Relu, Step, Softplus, Softsign;
}

pub(super) const CASES: &[Case] = &[
    case!("tanh", |a| a.tanh(), [wave([5])]),
    case!("sech2", |a| a.sech2(), [wave([5])]),
    case!("sigmoid", |a| a.sigmoid(), [wave([5])]),
    case!("sigmoid_slope", |a| a.sigmoid_slope(), [wave([5])]),
    case!("relu", |a| a.relu() * a, [wave([5])]),
    case!("step", |a| a.step() * a, [wave([5])]),
    case!("softplus", |a| a.softplus(), [wave([5])]),
    case!("log_sigmoid", |a| a.log_sigmoid(), [wave([5])]),
    case!("softsign", |a| a.softsign(), [wave([5])]),
];

#[cfg(test)]
mod tests {
    use crate::{Tape, Tensor, Var};

    /// The values of `f` at `x`, and its derivatives of orders 1, 2 and 3, element by element.
    fn derivatives(x: &[f64], f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>) -> [Vec<f64>; 4] {
        let tape = Tape::new();
        let x = tape.var(Tensor::from_vec([x.len()], x.to_vec()));
        let y = f(x);
        let [dy] = y.sum().grad([x]);
        let [ddy] = dy.sum().grad([x]);
        let [dddy] = ddy.sum().grad([x]);
        [y, dy, ddy, dddy].map(|y| y.value().to_vec())
    }

    #[test]
    fn extreme_inputs_give_exact_limits() {
        let x = [f64::NEG_INFINITY, -1e4, -800.0, 800.0, 1e4, f64::INFINITY];
        let (no, yes) = ([0.0; 3], [1.0; 3]);
        let sigmoid = derivatives(&x, |x| x.sigmoid());
        assert_eq!(sigmoid, [[no, yes].concat(), vec![0.0; 6], vec![0.0; 6], vec![0.0; 6]]);
        let tanh = derivatives(&x, |x| x.tanh());
        assert_eq!(tanh, [[[-1.0; 3], yes].concat(), vec![0.0; 6], vec![0.0; 6], vec![0.0; 6]]);
        let softplus = derivatives(&x, |x| x.softplus());
        let values = [no, [800.0, 1e4, f64::INFINITY]].concat();
        assert_eq!(softplus, [values, [no, yes].concat(), vec![0.0; 6], vec![0.0; 6]]);
        let log_sigmoid = derivatives(&x, |x| x.log_sigmoid());
        let values = [[f64::NEG_INFINITY, -1e4, -800.0], no].concat();
        assert_eq!(log_sigmoid, [values, [yes, no].concat(), vec![0.0; 6], vec![0.0; 6]]);
    }

    #[test]
    fn tails_keep_their_digits() {
        let [values, slopes, ..] = derivatives(&[-40.0], |x| x.softplus());
        let tail = (-40.0_f64).exp();
        assert_eq!((values[0], slopes[0]), (tail, tail));
    }

    #[test]
    fn kinks_are_as_stated_and_nan_stays() {
        assert_eq!(derivatives(&[0.0], |x| x.relu())[..2], [[0.0], [0.0]]);
        assert_eq!(derivatives(&[0.0], |x| x.step())[..2], [[0.0], [0.0]]);
        assert_eq!(derivatives(&[0.0], |x| x.softsign())[..3], [[0.0], [1.0], [0.0]]);
        let tape = Tape::<f64>::new();
        let x = tape.var(f64::NAN);
        for y in [x.tanh(), x.sigmoid(), x.relu(), x.softplus(), x.log_sigmoid(), x.softsign()] {
            assert!(y.item().is_nan());
        }
    }
}
