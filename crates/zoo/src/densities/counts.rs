//! Counts.
//!
//! A negative binomial count has the mean `μ` and the variance `μ + μ²/r`; a decoder gives `ln μ` and `ln r`. With
//! `a = ln μ − ln r`
//!
//! > `ln p(x) = x ln μ − (x + r) ln(1 + eᵃ) + R(x, r) − ln x!`,  `R = ln Γ(x + r) − ln Γ(r) − x ln r`
//!
//! No exponential of `ln μ` is needed, so no rate is too large. `R` is a difference of large numbers where `r` is large;
//! there Stirling's series says what is left of it, and the distribution becomes that of Poisson.

use autograd::{Real, Var};
use nn::{Purpose, generator};
use rand::RngExt;
use rand_distr::{Gamma, Poisson};

/// The first `ln r`: a count that varies about twice as much as one at a rate of 3.
pub(super) const FIRST_LN_R: f64 = 1.0;
/// The first logit of a count that is 0 whatever the rate.
pub(super) const FIRST_LOGIT: f64 = -2.0;

/// `ln r` within (−10, 10), where counts are those of Poisson for all practical purposes. The bound has a slope
/// everywhere.
fn bounded<'t, T: Real>(ln_r: Var<'t, T>) -> Var<'t, T> {
    (ln_r * 0.1).tanh() * 10.0
}

/// `−ln p(x)` of a negative binomial count.
pub(super) fn negative_binomial_nll<'t, T: Real>(output: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    let [ln_mu, ln_r] = output.chunk(-1);
    -ln_probability(ln_mu, bounded(ln_r), x)
}

fn ln_probability<'t, T: Real>(ln_mu: Var<'t, T>, ln_r: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    let r = ln_r.exp();
    x * ln_mu - (x + r) * (ln_mu - ln_r).softplus() + rising(x, r, ln_r) - (x + 1.0).ln_gamma()
}

/// `ln Γ(x + r) − ln Γ(r) − x ln r`.
fn rising<'t, T: Real>(x: Var<'t, T>, r: Var<'t, T>, ln_r: Var<'t, T>) -> Var<'t, T> {
    /// From here on the series errs by less than 3·10⁻¹⁰.
    const LARGE: f64 = 8.0;
    // What `ln Γ(z)` is more than `(z − ½) ln z − z + ½ ln 2π`.
    let rest = |z: Var<'t, T>| {
        let per = z.recip();
        let square = per.square();
        per * (((square / 1260.0 - 1.0 / 360.0) * square) + 1.0 / 12.0)
    };
    let far = r.clamp(LARGE, f64::INFINITY);
    let series = (x + far - 0.5) * (x / far).ln_1p() - x + rest(x + far) - rest(far);
    // The other formula is computed for all, so `r` must not be too large for it either.
    let near = r.clamp(0.0, LARGE);
    let direct = (x + near).ln_gamma() - near.ln_gamma() - x * ln_r;
    r.gt(LARGE).select(series, direct)
}

/// `−ln p(x)` of a count that is 0 with probability `π = σ(l)` and else negative binomial:
///
/// > `p(0) = π + (1 − π) p₀(0)`,  `p(x) = (1 − π) p₀(x)`
pub(super) fn zero_inflated_nll<'t, T: Real>(output: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    let [ln_mu, ln_r, logit] = output.chunk(-1);
    let ln_r = bounded(ln_r);
    let ln_p = ln_probability(ln_mu, ln_r, x);
    let ln_p_of_zero = -(ln_r.exp() * (ln_mu - ln_r).softplus());
    // Two ways to the same, each without a difference of large numbers on its side.
    let likely = (-logit).softplus() - (ln_p_of_zero - logit).softplus();
    let unlikely = logit.softplus() - ln_p_of_zero - (logit - ln_p_of_zero).softplus();
    let zero = logit.gt(0.0).select(likely, unlikely);
    x.eq(0.0).select(zero, logit.softplus() - ln_p)
}

/// `(1 − π) μ`.
pub(super) fn zero_inflated_mean<'t, T: Real>(output: Var<'t, T>) -> Var<'t, T> {
    let [ln_mu, _, logit] = output.chunk(-1);
    ln_mu.exp() * (-logit).sigmoid()
}

/// A negative binomial count (or, without `ln r`, one of Poisson), drawn from a generator that the number `u` stands for:
/// at a rate that is itself drawn from a gamma distribution of mean `μ` and shape `r`.
pub(super) fn draw(ln_mu: f64, ln_r: Option<f64>, u: f64) -> f64 {
    let from = &mut generator(u.to_bits(), Purpose::Sample, 0, 0);
    // No count is larger than 10¹³.
    let mu = ln_mu.min(30.0).exp();
    let rate = match ln_r {
        None => mu,
        Some(ln_r) => {
            let r = ((ln_r * 0.1).tanh() * 10.0).exp();
            Gamma::new(r, mu / r).map_or(mu, |gamma| from.sample(gamma))
        }
    };
    // At a rate of 0 nothing happens.
    Poisson::new(rate).map_or(0.0, |poisson| from.sample(poisson))
}
