//! Activation functions: relatives of `relu` that leak, bend or are smooth.

use std::f64::consts::{FRAC_2_PI, SQRT_2};

use super::special::normal_density;
use super::{Case, Elementwise, case, wave};
use crate::attribute::Attributes;
use crate::compiled::built_in;
use crate::expression::Expression;
use crate::{Real, Scalar, Var};

/// `y = x` where `x > 0`, else `c x`. At the kink, the slope is `c`.
struct LeakyRelu(f64);

impl Elementwise for LeakyRelu {
    const NAME: &'static str = "leaky_relu";

    fn constants(&self) -> Attributes {
        vec![("slope", self.0.into())]
    }
    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.where_positive(x, T::of(self.0) * x)
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(Expression::from(0.0).less(x.clone()).choose(x.clone(), x * self.0))
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.where_positive(x.lit(1.0), x.lit(self.0))
    }
}

/// `y = x` where `x > 0`, else `α (eˣ − 1)`. At the kink, the slope is `α`.
struct Elu(f64);

impl Elementwise for Elu {
    const NAME: &'static str = "elu";

    fn constants(&self) -> Attributes {
        vec![("alpha", self.0.into())]
    }
    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.where_positive(x, T::of(self.0) * x.exp_m1())
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(Expression::from(0.0).less(x.clone()).choose(x.clone(), (x.exp() - 1.0) * self.0))
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        // The exponential never sees a positive number: its overflow, though not taken here, would
        // meet a 0 in the next derivative.
        let e = x.where_positive(x.lit(0.0), x).exp();
        x.where_positive(x.lit(1.0), x.lit(self.0) * e)
    }
}

/// `y = x · min(max(x + 3, 0), 6) / 6`. Its slope is 0 below −3, 1 from 3 on, and `x/3 + ½` between; at −3 it is 0.
struct Hardswish;

impl Elementwise for Hardswish {
    const NAME: &'static str = "hardswish";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x * ((x + T::of(3.0)).clamp(0.0, 6.0) / T::of(6.0))
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.clone() * ((x + 3.0).max(0.0).min(6.0) / 6.0))
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        let inside = (x + x + x.lit(3.0)) / x.lit(6.0);
        let right = (x.lit(3.0) - x).where_positive(inside, x.lit(1.0));
        (x + x.lit(3.0)).where_positive(right, x.lit(0.0))
    }
}

/// `y = x Φ(x)`,  `dy/dx = Φ(x) + x φ(x)`, with the normal distribution function `Φ` and its
/// density `φ`.
struct Gelu;

/// Farther out than this, the gates below are open or shut to the last digit of `f64`. Their slopes are taken no farther
/// out, where a power of `x` could overflow.
const OPEN: f64 = 40.0;

impl Elementwise for Gelu {
    const NAME: &'static str = "gelu";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x * x.normal_cdf()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.clone() * ((x / SQRT_2).erf() + 1.0) * 0.5)
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        let x = x.clamp(-OPEN, OPEN);
        x.normal_cdf() + x * normal_density(x)
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
    const NAME: &'static str = "gelu_tanh";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x * gelu_gate(x).sigmoid()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some({
            let gate =
                (x.clone() + x.clone() * x.clone() * x.clone() * GELU_CUBIC) * (2.0 * FRAC_2_PI.sqrt());
            x * gate.sigmoid()
        })
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        let x = x.clamp(-OPEN, OPEN);
        let u = gelu_gate(x);
        let slope = x.lit(2.0 * FRAC_2_PI.sqrt()) * u.sigmoid_slope() * x;
        u.sigmoid() + slope + x.lit(3.0 * GELU_CUBIC) * slope * x * x
    }
}

/// `y = x σ(x)`,  `dy/dx = σ(x) + x σ(x) σ(−x)`.
struct Silu;

impl Elementwise for Silu {
    const NAME: &'static str = "silu";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x * x.sigmoid()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.clone() * x.sigmoid())
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.sigmoid() + x * x.sigmoid_slope()
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `x` where `x > 0`, else `slope · x`. At the kink the derivative is `slope`. Exact to 1 ε.
    #[track_caller]
    pub fn leaky_relu(self, slope: f64) -> Var<'t, T> {
        T::record(LeakyRelu(slope), [self])
    }

    /// `x` where `x > 0`, else `α (eˣ − 1)` (Clevert et al., 2016). At the kink the derivative is `α`. Exact to 3 ε.
    #[track_caller]
    pub fn elu(self, alpha: f64) -> Var<'t, T> {
        T::record(Elu(alpha), [self])
    }

    /// `λ elu(x)` with the constants that keep mean 0 and variance 1 from layer to layer (Klambauer
    /// et al., 2017). At the kink the derivative is `λ α`. Exact to 4 ε.
    #[track_caller]
    pub fn selu(self) -> Var<'t, T> {
        self.elu(1.673_263_242_354_377_2) * 1.050_700_987_355_480_5
    }

    /// `x · min(max(x + 3, 0), 6) / 6`, a piecewise [`silu`](Self::silu) (Howard et al., 2019). At the kinks −3 and 3 the
    /// derivative is 0 and 1. NaN at −∞. Exact to 3 ε.
    #[track_caller]
    pub fn hardswish(self) -> Var<'t, T> {
        T::record(Hardswish, [self])
    }

    /// `x Φ(x)` with the normal distribution function `Φ` (Hendrycks and Gimpel, 2016). NaN at −∞. Exact to 8 ε.
    #[track_caller]
    pub fn gelu(self) -> Var<'t, T> {
        T::record(Gelu, [self])
    }

    /// `x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2`, an approximation of [`gelu`](Self::gelu).
    /// Exact to 2000 ε, far out on the left, where an exponent of hundreds is rounded; to 8 ε elsewhere.
    #[track_caller]
    pub fn gelu_tanh(self) -> Var<'t, T> {
        T::record(GeluTanh, [self])
    }

    /// `x sigmoid(x)`, also called swish (Ramachandran et al., 2017). NaN at −∞. Exact to 16 ε.
    #[track_caller]
    pub fn silu(self) -> Var<'t, T> {
        T::record(Silu, [self])
    }

    /// `x tanh(softplus x)` (Misra, 2019). NaN at −∞. Exact to 64 ε.
    #[track_caller]
    pub fn mish(self) -> Var<'t, T> {
        self * self.softplus().tanh()
    }
}

built_in! {
    apply 1: LeakyRelu, Elu, Hardswish, Gelu, GeluTanh, Silu;
}

pub(super) const CASES: &[Case] = &[
    case!("leaky_relu", |a| a.leaky_relu(0.2) * a, [wave([5])]),
    case!("elu", |a| a.elu(1.3) * a, [wave([5])]),
    case!("selu", |a| a.selu() * a, [wave([5])]),
    case!("gelu", |a| a.gelu(), [wave([5])]),
    case!("gelu_tanh", |a| a.gelu_tanh(), [wave([5])]),
    case!("silu", |a| a.silu(), [wave([5])]),
    case!("mish", |a| a.mish(), [wave([5])]),
    case!("hardswish", |a| (a * 4.0).hardswish(), [wave([9])]),
];

#[cfg(test)]
mod tests;
