//! A logistic distribution in 256 bins, the outer ones open (Salimans et al. 2017, eq. 2): for pixels that were bytes.
//!
//! > `p(x) = σ((x + h − μ)/s) − σ((x − h − μ)/s)` with half a level `h`

use autograd::{Real, Tensor, Var};
use nn::Context;

use super::{Density, Part, Said, Support, ln_one_less_exp};

pub(super) struct DiscretizedLogistic;

/// The levels of a byte, 0 and 1 among them.
const LEVELS: f64 = 256.0;
/// Half the distance of two levels.
const HALF: f64 = 0.5 / (LEVELS - 1.0);
/// The initial `ln s`: a quarter of the interval.
const FIRST_LN_SCALE: f64 = -1.386;

/// `μ` and `ln s`, the latter within (−7, 7): a smaller scale puts all into one level, of which nothing more can be
/// learnt. The bound has a slope everywhere.
fn parameters<'t, T: Real>(said: Said<'t, T>) -> [Var<'t, T>; 2] {
    let [mu, ln_scale] = said.split();
    [mu, (ln_scale / 7.0).tanh() * 7.0]
}

impl Density for DiscretizedLogistic {
    const TITLE: &'static str = "logistic in 256 levels, for bytes";
    const NUMBERS: &'static [&'static str] = &["μ", "ln s"];
    const SUPPORT: Support = Support::UnitInterval;

    /// The lowest level reaches down to −∞, the highest up to ∞.
    ///
    /// With the two arguments `b > a` the difference is `σ(b) σ(−a) (1 − e^{a−b})`, in which nothing cancels.
    fn nll<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        let [mu, ln_scale] = parameters(said);
        let per_scale = (-ln_scale).exp();
        let (above, below) = (x.lt(1.0 - HALF).numbers(), x.gt(HALF).numbers());
        let upper = ((x - mu + HALF) * per_scale * -1.0).softplus() * above;
        let lower = ((x - mu - HALF) * per_scale).softplus() * below;
        upper + lower - ln_one_less_exp(per_scale * (2.0 * HALF)) * (above * below)
    }

    /// `s [ ln(1 + e^{μ/s}) − ln(1 + e^{(μ−1)/s}) ]`, the mean of the logistic distribution whose tails are moved to the
    /// ends of the interval. That of the levels differs by less than half a level. The means for `μ` and for `1 − μ` add
    /// up to 1, so the difference is only taken where both parts are small.
    fn mean<'t, T: Real>(said: Said<'t, T>) -> Var<'t, T> {
        let [mu, ln_scale] = parameters(said);
        let per_scale = (-ln_scale).exp();
        let high = mu.gt(0.5);
        let small = high.select(1.0 - mu, mu);
        let mean = ((small * per_scale).softplus() - ((small - 1.0) * per_scale).softplus()) * ln_scale.exp();
        high.select(1.0 - mean, mean)
    }

    /// The level below which a share `u` lies.
    fn draw<T: Real>(said: Said<'_, T>, context: &mut Context) -> Tensor<T> {
        said.draw_each(context, |numbers, u| {
            let scale = ((numbers[1] / 7.0).tanh() * 7.0).exp();
            let x = numbers[0] + scale * (u.ln() - (-u).ln_1p());
            ((x * (LEVELS - 1.0)).round() / (LEVELS - 1.0)).clamp(0.0, 1.0)
        })
    }

    fn first(data: &Part, _: usize) -> Tensor<f32> {
        data.numbers(|mean| mean, &[FIRST_LN_SCALE])
    }
}

#[cfg(test)]
mod tests {
    use crate::Likelihood::DiscretizedLogistic;
    use crate::densities::checks::{moments, no_output_is_too_large, one_column, shares};

    #[test]
    fn the_levels_of_a_byte_sum_to_one_and_their_mean_is_that_of_the_logistic() {
        let data = one_column(&shares());
        let numbers: Vec<f64> = (0..256).map(|level| f64::from(level) / 255.0).collect();
        for (mu, ln_scale) in [(0.4, -1.4), (0.0, -2.0), (1.3, -3.0), (-50.0, -6.9), (0.5, -30.0), (0.2, 9.0)]
        {
            let [total, first, mean] = moments(DiscretizedLogistic, &data, &[mu, ln_scale], &numbers, 1.0);
            assert!((total - 1.0).abs() < 1e-9, "{mu} {ln_scale}: {total}");
            assert!((first - mean).abs() < 0.5 / 255.0, "{mu} {ln_scale}: {first} {mean}");
        }
        no_output_is_too_large(DiscretizedLogistic, [0.0, 1.0, 100.0 / 255.0]);
    }
}
