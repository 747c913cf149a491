//! Activation functions.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_PI, PI};

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

/// `y = x` where `x > 0`, else `c x`. At the kink, the slope is `c`.
struct LeakyRelu(f64);

impl Elementwise for LeakyRelu {
    fn f<T: Real>(&self, x: T) -> T {
        x.where_positive(x, T::of(self.0) * x)
    }
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.where_positive(x.lit(1.0), x.lit(self.0))
    }
}

/// `y = x` where `x > 0`, else `α (eˣ − 1)`. At the kink, the slope is `α`.
struct Elu(f64);

impl Elementwise for Elu {
    fn f<T: Real>(&self, x: T) -> T {
        x.where_positive(x, T::of(self.0) * x.exp_m1())
    }
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        // The exponential never sees a positive number: its overflow, though not taken here, would
        // meet a 0 in the next derivative.
        let e = x.where_positive(x.lit(0.0), x).exp();
        x.where_positive(x.lit(1.0), x.lit(self.0) * e)
    }
}

/// `y = x Φ(x)`,  `dy/dx = Φ(x) + x φ(x)`, with the normal distribution function `Φ` and its
/// density `φ`.
struct Gelu;

/// `Φ(x)`, exact also in the lower tail, where `1 + erf` cancels.
fn normal_cdf<S: Scalar>(x: S) -> S {
    x.lit(0.5) * (x.lit(-FRAC_1_SQRT_2) * x).erfc()
}

impl Elementwise for Gelu {
    fn f<T: Real>(&self, x: T) -> T {
        x * normal_cdf(x)
    }
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        let density = x.lit((2.0 * PI).sqrt().recip()) * (x.lit(-0.5) * x * x).exp();
        normal_cdf(x) + x * density
    }
}

/// `y = x σ(u)` with `u = √(8/π) (x + 0.044715 x³)`,
/// `dy/dx = σ(u) + x σ(u) σ(−u) du/dx`. Here `σ(u)` is `(1 + tanh(u/2)) / 2`, as the formula is
/// usually written, without the cancellation.
struct GeluTanh;

const GELU_CUBIC: f64 = 0.044715;

fn gelu_gate<S: Scalar>(x: S) -> S {
    x.lit(2.0 * FRAC_2_PI.sqrt()) * (x + x.lit(GELU_CUBIC) * x * x * x)
}

impl Elementwise for GeluTanh {
    fn f<T: Real>(&self, x: T) -> T {
        x * gelu_gate(x).sigmoid()
    }
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        let u = gelu_gate(x);
        let s = u.sigmoid();
        // From left to right, so that the vanishing factor comes before x³ can overflow.
        let slope = x.lit(2.0 * FRAC_2_PI.sqrt()) * s * (-u).sigmoid() * x;
        s + slope + x.lit(3.0 * GELU_CUBIC) * slope * x * x
    }
}

/// `y = x / (1 + |x|)`,  `dy/dx = 1 / (1 + |x|)²`.
struct Softsign;

impl Elementwise for Softsign {
    fn f<T: Real>(&self, x: T) -> T {
        x / (T::one() + x.abs())
    }
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        let r = x.lit(1.0) / (x.lit(1.0) + x.abs());
        r * r
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

    /// `ln sigmoid(x) = −softplus(−x)`, which neither underflows nor overflows.
    #[track_caller]
    pub fn log_sigmoid(self) -> Var<'t, T> {
        -(-self).softplus()
    }

    /// `x` where `x > 0`, else `slope · x`. At the kink the derivative is `slope`.
    #[track_caller]
    pub fn leaky_relu(self, slope: f64) -> Var<'t, T> {
        Var::apply(LeakyRelu(slope), [self])
    }

    /// `x` where `x > 0`, else `α (eˣ − 1)` (Clevert et al., 2016). At the kink the derivative is `α`.
    #[track_caller]
    pub fn elu(self, alpha: f64) -> Var<'t, T> {
        Var::apply(Elu(alpha), [self])
    }

    /// `λ elu(x)` with the constants that keep mean 0 and variance 1 from layer to layer (Klambauer
    /// et al., 2017). At the kink the derivative is `λ α`.
    #[track_caller]
    pub fn selu(self) -> Var<'t, T> {
        self.elu(1.673_263_242_354_377_2) * 1.050_700_987_355_480_5
    }

    /// `x Φ(x)` with the normal distribution function `Φ` (Hendrycks and Gimpel, 2016). NaN at −∞,
    /// and its derivative at ±∞.
    #[track_caller]
    pub fn gelu(self) -> Var<'t, T> {
        Var::apply(Gelu, [self])
    }

    /// `x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2`, an approximation of [`gelu`](Self::gelu).
    #[track_caller]
    pub fn gelu_tanh(self) -> Var<'t, T> {
        Var::apply(GeluTanh, [self])
    }

    /// `x sigmoid(x)`, also called swish (Ramachandran et al., 2017). NaN at −∞.
    #[track_caller]
    pub fn silu(self) -> Var<'t, T> {
        self * self.sigmoid()
    }

    /// `x tanh(softplus x)` (Misra, 2019). NaN at −∞.
    #[track_caller]
    pub fn mish(self) -> Var<'t, T> {
        self * self.softplus().tanh()
    }

    /// `x / (1 + |x|)`, in (−1, 1).
    #[track_caller]
    pub fn softsign(self) -> Var<'t, T> {
        Var::apply(Softsign, [self])
    }
}

pub(super) const CASES: &[Case] = &[
    case!("tanh", |a| a.tanh(), [wave([5])]),
    case!("sigmoid", |a| a.sigmoid(), [wave([5])]),
    case!("relu", |a| a.relu() * a, [wave([5])]),
    case!("step", |a| a.step() * a, [wave([5])]),
    case!("softplus", |a| a.softplus(), [wave([5])]),
    case!("log_sigmoid", |a| a.log_sigmoid(), [wave([5])]),
    case!("leaky_relu", |a| a.leaky_relu(0.2) * a, [wave([5])]),
    case!("elu", |a| a.elu(1.3) * a, [wave([5])]),
    case!("selu", |a| a.selu() * a, [wave([5])]),
    case!("gelu", |a| a.gelu(), [wave([5])]),
    case!("gelu_tanh", |a| a.gelu_tanh(), [wave([5])]),
    case!("silu", |a| a.silu(), [wave([5])]),
    case!("mish", |a| a.mish(), [wave([5])]),
    case!("softsign", |a| a.softsign(), [wave([5])]),
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
