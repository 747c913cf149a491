//! Distributions on `[0, 1]`.

use autograd::{Real, Var};

use super::ln_one_less_exp;

/// `½ + ½ coth(l/2) − 1/l`, the mean of the continuous Bernoulli with the logit `l` (Loaiza-Ganem and
/// Cunningham 2019, eq. 8), and its series where that is `∞ − ∞`.
pub(super) fn continuous_bernoulli_mean<'t, T: Real>(logits: Var<'t, T>) -> Var<'t, T> {
    const NEAR: f64 = 0.3;
    let l = logits.clamp(-NEAR, NEAR);
    let square = l.square();
    // The term after the last is l⁹ / 47 900 160: below 10⁻¹² here.
    let series =
        l * (((square / -1_209_600.0 + 1.0 / 30_240.0) * square - 1.0 / 720.0) * square + 1.0 / 12.0);
    let exact = |l: Var<'t, T>| (l * 0.5).tanh().recip() * 0.5 - l.recip() + 0.5;
    logits.abs().gt(NEAR).select_map(logits, exact, series + 0.5)
}

/// The number in `[0, 1]` below which a share `u` of the continuous Bernoulli distribution with this logit `l` lies: the
/// solution of `(e^{l x} − 1) / (eˡ − 1) = u`.
pub(super) fn continuous(l: f64, u: f64) -> f64 {
    match l {
        // The distribution is nearly uniform.
        l if l.abs() < 1e-6 => u,
        // Where the logarithm is of a number near 0, that number is a sum and not 1 less its complement.
        l if l < -0.5 && u > 0.5 => ((1.0 - u) + u * l.exp()).ln() / l,
        l if l < 0.0 => (u * l.exp_m1()).ln_1p() / l,
        // `eˡ` may be beyond all numbers.
        l => 1.0 + (u + (1.0 - u) * (-l).exp()).ln() / l,
    }
    .clamp(0.0, 1.0)
}

/// The levels of a byte, 0 and 1 among them.
const LEVELS: f64 = 256.0;
/// Half the distance of two levels.
const HALF: f64 = 0.5 / (LEVELS - 1.0);

/// The initial `ln s`: a quarter of the interval.
pub(super) const FIRST_LN_SCALE: f64 = -1.386;

/// `μ` and `ln s`, the latter within (−7, 7): a smaller scale puts all into one level, of which nothing more can be
/// learnt. The bound has a slope everywhere.
fn logistic<'t, T: Real>(output: Var<'t, T>) -> [Var<'t, T>; 2] {
    let [mu, ln_scale] = output.chunk(-1);
    [mu, (ln_scale / 7.0).tanh() * 7.0]
}

/// `−ln [ σ((x + h − μ)/s) − σ((x − h − μ)/s) ]` with half a level `h`; the lowest level reaches down to −∞, the highest
/// up to ∞.
///
/// With the two arguments `b > a` the difference is `σ(b) σ(−a) (1 − e^{a−b})`, in which nothing cancels.
pub(super) fn logistic_nll<'t, T: Real>(output: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    let [mu, ln_scale] = logistic(output);
    let per_scale = (-ln_scale).exp();
    let (above, below) = (x.lt(1.0 - HALF).numbers(), x.gt(HALF).numbers());
    let upper = ((x - mu + HALF) * per_scale * -1.0).softplus() * above;
    let lower = ((x - mu - HALF) * per_scale).softplus() * below;
    upper + lower - ln_one_less_exp(per_scale * (2.0 * HALF)) * (above * below)
}

/// `s [ ln(1 + e^{μ/s}) − ln(1 + e^{(μ−1)/s}) ]`, the mean of the logistic distribution whose tails are moved to the ends
/// of the interval. That of the levels differs by less than half a level. The means for `μ` and for `1 − μ` add up to 1,
/// so the difference is only taken where both parts are small.
pub(super) fn logistic_mean<'t, T: Real>(output: Var<'t, T>) -> Var<'t, T> {
    let [mu, ln_scale] = logistic(output);
    let per_scale = (-ln_scale).exp();
    let high = mu.gt(0.5);
    let small = high.select(1.0 - mu, mu);
    let mean = ((small * per_scale).softplus() - ((small - 1.0) * per_scale).softplus()) * ln_scale.exp();
    high.select(1.0 - mean, mean)
}

/// The level below which a share `u` lies.
pub(super) fn logistic_draw(mu: f64, ln_scale: f64, u: f64) -> f64 {
    let scale = ((ln_scale / 7.0).tanh() * 7.0).exp();
    let x = mu + scale * (u.ln() - (-u).ln_1p());
    ((x * (LEVELS - 1.0)).round() / (LEVELS - 1.0)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_a_continuous_coin_are_right_at_both_ends() {
        for l in [-2000.0_f64, -30.0, -1.0, -1e-9, 0.0, 1e-9, 1.0, 30.0, 2000.0] {
            assert_eq!([continuous(l, 0.0), continuous(l, 1.0)], [0.0, 1.0], "{l}");
            let x = continuous(l, 0.5);
            let back = if l.abs() < 1e-6 { x } else { (l * x).exp_m1() / l.exp_m1() };
            assert!(l.abs() > 700.0 || (back - 0.5).abs() < 1e-9, "{l}: {x} {back}");
            assert!((continuous(-l, 0.5) - (1.0 - x)).abs() < 1e-12, "{l}");
        }
    }
}
