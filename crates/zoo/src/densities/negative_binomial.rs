//! Counts that vary more than those at a rate: mean `μ`, variance `μ + μ²/r`.
//!
//! A decoder gives `ln μ` and `ln r`. With `a = ln μ − ln r`
//!
//! > `ln p(x) = x ln μ − (x + r) ln(1 + eᵃ) + R(x, r) − ln x!`,  `R = ln Γ(x + r) − ln Γ(r) − x ln r`
//!
//! No exponential of `ln μ` is needed, so no rate is too large. `R` is a difference of large numbers where `r` is large;
//! there Stirling's series says what is left of it, and the distribution becomes that of Poisson.

use autograd::{Real, Tensor, Var};
use nn::{Context, Generator};
use rand::RngExt;
use rand_distr::Gamma;

use super::{Density, Part, Said, Support, poisson};

pub(super) struct NegativeBinomial;

/// The first `ln r`: a count that varies about twice as much as one at a rate of 3.
pub(super) const FIRST_LN_R: f64 = 1.0;

impl Density for NegativeBinomial {
    const TITLE: &'static str = "counts that vary more than those at a rate";
    const NUMBERS: &'static [&'static str] = &["ln μ", "ln r"];
    const SUPPORT: Support = Support::Counts;

    fn nll<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        let [ln_mu, ln_r] = said.split();
        -ln_probability(ln_mu, bounded(ln_r), x)
    }

    fn mean<'t, T: Real>(said: Said<'t, T>) -> Var<'t, T> {
        said.split::<2>()[0].exp()
    }

    fn draw<T: Real>(said: Said<'_, T>, context: &mut Context) -> Tensor<T> {
        said.draw_each(context, |numbers, u| count(numbers[0], numbers[1], u))
    }

    fn first(data: &Part, _: usize) -> Tensor<f32> {
        data.numbers(|mean| mean.max(1e-2).ln(), &[FIRST_LN_R])
    }
}

/// `ln r` within (−10, 10), where counts are those of Poisson for all practical purposes. The bound has a slope
/// everywhere.
pub(super) fn bounded<'t, T: Real>(ln_r: Var<'t, T>) -> Var<'t, T> {
    (ln_r * 0.1).tanh() * 10.0
}

/// `ln p(x)`.
pub(super) fn ln_probability<'t, T: Real>(ln_mu: Var<'t, T>, ln_r: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
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

/// A count at a rate that is itself drawn from a gamma distribution of mean `μ` and shape `r`.
pub(super) fn count(ln_mu: f64, ln_r: f64, u: f64) -> f64 {
    let rate = |mu: f64, from: &mut Generator| {
        let r = ((ln_r * 0.1).tanh() * 10.0).exp();
        Gamma::new(r, mu / r).map_or(mu, |gamma| from.sample(gamma))
    };
    poisson::count(ln_mu, rate, u)
}

#[cfg(test)]
mod tests {
    use autograd::{Tape, Tensor};

    use super::FIRST_LN_R;
    use crate::Likelihood::NegativeBinomial;
    use crate::densities::checks::{levels, no_output_is_too_large, sums_to_one, variance_of_draws};

    #[test]
    fn counts() {
        sums_to_one(NegativeBinomial, &[2.0, 0.3], 4000);
        // Nearly Poisson, on both sides of the change of formulas, and very long in the tail.
        sums_to_one(NegativeBinomial, &[3.0, 12.0], 4000);
        sums_to_one(NegativeBinomial, &[3.0, 2.1], 4000);
        sums_to_one(NegativeBinomial, &[3.0, 2.12], 4000);
        sums_to_one(NegativeBinomial, &[2.0, -2.5], 40_000);
        let r = (10.0 * (0.1 * FIRST_LN_R).tanh()).exp();
        variance_of_draws(NegativeBinomial, &levels(), |mean| mean + mean * mean / r);
        no_output_is_too_large(NegativeBinomial, [0.0, 2.0, 1.0]);
    }

    /// The difference of two `ln Γ` would have lost its digits: at `r = e⁹` they are near 65,000.
    #[test]
    fn a_count_that_is_nearly_poisson_is_right_in_single_precision() {
        let (tape, double) = (Tape::<f32>::new(), Tape::<f64>::new());
        for (ln_mu, ln_r, x) in
            [(2.0_f32, 14.0_f32, 9.0), (2.0, 40.0, 3.0), (5.0, 30.0, 170.0), (3.0, 4.0, 30.0)]
        {
            let single = NegativeBinomial.nll_alone(
                tape.constant(Tensor::from_vec([1, 2], vec![ln_mu, ln_r])),
                tape.constant(Tensor::full([1, 1], x)),
            );
            let ours = NegativeBinomial.nll_alone(
                double.constant(Tensor::from_vec([1, 2], vec![f64::from(ln_mu), f64::from(ln_r)])),
                double.constant(Tensor::full([1, 1], x)),
            );
            // The sum of logarithms that the difference stands for.
            let r = (10.0 * (f64::from(ln_r) * 0.1).tanh()).exp();
            let a = f64::from(ln_mu) - r.ln();
            let terms: f64 = (0..x as usize).map(|i| (i as f64 / r).ln_1p() - (i as f64 + 1.0).ln()).sum();
            let exact = -(x * f64::from(ln_mu) - (x + r) * a.exp().ln_1p() + terms);
            let [single, ours] = [f64::from(single.item()), ours.item()];
            assert!((ours - exact).abs() < 1e-8, "{ln_mu} {ln_r} {x}: {ours} {exact}");
            assert!((single - exact).abs() < 1e-3, "{ln_mu} {ln_r} {x}: {single} {exact}");
        }
    }
}
