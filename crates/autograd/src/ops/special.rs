//! Special functions: the error function and the logarithm of the gamma function.

use std::f64::consts::{FRAC_2_SQRT_PI, PI, SQRT_2};

use super::{Case, Elementwise, case, wave};
use crate::attribute::Attributes;
use crate::compiled::built_in;
use crate::expression::Expression;
use crate::{Real, Scalar, Var};

/// `y = erf x`,  `dy/dx = 2/√π e^−x²`.
struct Erf;

impl Elementwise for Erf {
    const NAME: &'static str = "erf";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.erf()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(x.erf())
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.lit(FRAC_2_SQRT_PI) * x.gaussian(1.0)
    }
}

/// `y = 1 − erf x`,  `dy/dx = −2/√π e^−x²`.
struct Erfc;

impl Elementwise for Erfc {
    const NAME: &'static str = "erfc";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.erfc()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(1.0 - x.erf())
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.lit(-FRAC_2_SQRT_PI) * x.gaussian(1.0)
    }
}

/// `y = e^(−r x²)`,  `dy/dx = −2 r x y`.
struct Gaussian(f64);

impl Elementwise for Gaussian {
    const NAME: &'static str = "gaussian";

    fn constants(&self) -> Attributes {
        vec![("rate", self.0.into())]
    }
    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.gaussian(self.0)
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, y: S) -> S {
        // In this order x² does not overflow where y has vanished.
        x.lit(-2.0 * self.0) * x * y
    }
}

/// `y = Φ(x)`, the normal distribution function,  `dy/dx = φ(x)`, its density.
struct NormalCdf;

impl Elementwise for NormalCdf {
    const NAME: &'static str = "normal_cdf";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.normal_cdf()
    }
    fn expression(&self, x: Expression) -> Option<Expression> {
        Some(((x / SQRT_2).erf() + 1.0) * 0.5)
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        normal_density(x)
    }
}

/// `φ(x) = e^(−x²/2) / √(2π)`.
pub(super) fn normal_density<S: Scalar>(x: S) -> S {
    x.lit((2.0 * PI).sqrt().recip()) * x.gaussian(0.5)
}

/// `y = ln |Γ(x)|`,  `dy/dx = ψ₀(x)`.
struct LnGamma;

impl Elementwise for LnGamma {
    const NAME: &'static str = "ln_gamma";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.ln_gamma()
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.polygamma(0)
    }
}

/// `y = ψₙ(x)`,  `dy/dx = ψₙ₊₁(x)`.
struct Polygamma(u32);

impl Elementwise for Polygamma {
    const NAME: &'static str = "polygamma";

    #[inline(always)]
    fn f<T: Real>(&self, x: T) -> T {
        x.polygamma(self.0)
    }
    #[inline(always)]
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.polygamma(self.0 + 1)
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The error function `erf x = 2/√π ∫₀ˣ e^−s² ds`. Exact to 4 ε.
    #[track_caller]
    pub fn erf(self) -> Var<'t, T> {
        T::record(Erf, [self])
    }

    /// The complementary error function `1 − erf x`, exact also where it is tiny. Exact to 4 ε.
    #[track_caller]
    pub fn erfc(self) -> Var<'t, T> {
        T::record(Erfc, [self])
    }

    #[track_caller]
    pub(super) fn gaussian(self, rate: f64) -> Var<'t, T> {
        T::record(Gaussian(rate), [self])
    }

    #[track_caller]
    pub(super) fn normal_cdf(self) -> Var<'t, T> {
        T::record(NormalCdf, [self])
    }

    /// `ln |Γ(x)|`; `ln_gamma(n + 1) = ln n!`. It is `+∞` at the poles 0, −1, −2 … Exact to 32 ε.
    #[track_caller]
    pub fn ln_gamma(self) -> Var<'t, T> {
        T::record(LnGamma, [self])
    }

    /// `ψ₀(x)`, the derivative of `ln |Γ(x)|`. NaN at the poles 0, −1, −2 … Exact to 32 ε.
    #[track_caller]
    pub fn digamma(self) -> Var<'t, T> {
        self.polygamma(0)
    }

    /// `ψₙ(x)`, the derivative of order `n + 1` of `ln |Γ(x)|`. At the poles 0, −1, −2 … it is `+∞`
    /// for odd `n` and NaN for even `n`, where the sign jumps. Exact to 16 ε.
    #[track_caller]
    pub fn polygamma(self, n: u32) -> Var<'t, T> {
        T::record(Polygamma(n), [self])
    }
}

built_in! {
    apply 1: Erf, Erfc, Gaussian, NormalCdf, LnGamma, Polygamma;
}

pub(super) const CASES: &[Case] = &[
    case!("erf", |a| a.erf(), [wave([5])]),
    case!("erfc", |a| a.erfc(), [wave([5])]),
    case!("gaussian", |a| a.gaussian(0.5) + a.gaussian(1.0), [wave([5])]),
    case!("normal_cdf", |a| a.normal_cdf(), [wave([5])]),
    case!("ln_gamma", |a| a.ln_gamma(), [wave([5]).between(0.6, 4.0)]),
    case!("ln_gamma of negative numbers", |a| a.ln_gamma(), [wave([5]).between(-0.6, -0.4)]),
    case!("digamma", |a| a.digamma(), [wave([5]).between(0.6, 4.0)]),
    case!("polygamma", |a| a.polygamma(2), [wave([5]).between(0.8, 4.0)]),
];

#[cfg(test)]
mod tests;
