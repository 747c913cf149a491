//! A density on `[0, 1]`: the cross-entropy with the normalizer that grey values need (Loaiza-Ganem and Cunningham 2019).
//!
//! > `−ln p(x) = −x ln σ(l) − (1 − x) ln(1 − σ(l)) − ln C(l)`
//!
//! The reconstruction is the mean of the density.

use autograd::{Real, Tensor, Var};
use nn::Context;
use nn::losses;

use super::{Density, Part, Said, Support, logit};

pub(super) struct ContinuousBernoulli;

impl Density for ContinuousBernoulli {
    const TITLE: &'static str = "density of grey values by one number";
    const NUMBERS: &'static [&'static str] = &["logit"];
    const SUPPORT: Support = Support::UnitInterval;

    fn nll<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        losses::elementwise::continuous_bernoulli_nll(said.output, x)
    }

    fn loss<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        losses::continuous_bernoulli_nll(said.output, x)
    }

    /// `½ + ½ coth(l/2) − 1/l` (eq. 8), and its series where that is `∞ − ∞`.
    fn mean<'t, T: Real>(said: Said<'t, T>) -> Var<'t, T> {
        const NEAR: f64 = 0.3;
        let logits = said.output;
        let l = logits.clamp(-NEAR, NEAR);
        let square = l.square();
        // The term after the last is l⁹ / 47 900 160: below 10⁻¹² here.
        let series =
            l * (((square / -1_209_600.0 + 1.0 / 30_240.0) * square - 1.0 / 720.0) * square + 1.0 / 12.0);
        let exact = |l: Var<'t, T>| (l * 0.5).tanh().recip() * 0.5 - l.recip() + 0.5;
        logits.abs().gt(NEAR).select_map(logits, exact, series + 0.5)
    }

    fn draw<T: Real>(said: Said<'_, T>, context: &mut Context) -> Tensor<T> {
        let u = context.uniform::<T>(said.columns());
        said.output.value().zip(&u, |l, u| T::of(quantile(l.as_f64(), u.as_f64())))
    }

    fn first(data: &Part, _: usize) -> Tensor<f32> {
        data.numbers(logit, &[])
    }
}

/// The number in `[0, 1]` below which a share `u` of the distribution with this logit `l` lies: the solution of
/// `(e^{l x} − 1) / (eˡ − 1) = u`.
fn quantile(l: f64, u: f64) -> f64 {
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

#[cfg(test)]
mod tests {
    use autograd::{Tape, Tensor, gradcheck};
    use nn::losses;

    use super::quantile;
    use crate::Likelihood::ContinuousBernoulli;
    use crate::densities::checks::{integrates_to_one, shares, variance_of_draws};
    use crate::evaluate;

    #[test]
    fn a_density_of_grey_values() {
        integrates_to_one(ContinuousBernoulli, &[0.7], [0.0, 1.0]);
        integrates_to_one(ContinuousBernoulli, &[-9.0], [0.0, 1.0]);
        // The variance is the derivative of the mean, `dμ/dl`.
        let mean = f64::from(evaluate::mean(shares().x()).to_vec()[0]);
        let l = (mean / (1.0 - mean)).ln();
        let tape = Tape::<f64>::new();
        let moved = |l: f64| ContinuousBernoulli.mean(tape.constant(Tensor::full([1, 1], l))).item();
        let slope = (moved(l + 0.01) - moved(l - 0.01)) / 0.02;
        variance_of_draws(ContinuousBernoulli, &shares(), |_| slope);
    }

    #[test]
    fn quantiles_are_right_at_both_ends() {
        for l in [-2000.0_f64, -30.0, -1.0, -1e-9, 0.0, 1e-9, 1.0, 30.0, 2000.0] {
            assert_eq!([quantile(l, 0.0), quantile(l, 1.0)], [0.0, 1.0], "{l}");
            let x = quantile(l, 0.5);
            let back = if l.abs() < 1e-6 { x } else { (l * x).exp_m1() / l.exp_m1() };
            assert!(l.abs() > 700.0 || (back - 0.5).abs() < 1e-9, "{l}: {x} {back}");
            assert!((quantile(-l, 0.5) - (1.0 - x)).abs() < 1e-12, "{l}");
        }
    }

    #[test]
    fn the_mean_is_the_integral_of_the_density() {
        for logit in [-30.0, -2.0, -0.31, -0.29, 0.0, 1e-6, 0.2, 0.3, 5.0] {
            let tape = Tape::<f64>::new();
            let l = tape.constant(Tensor::full([1, 1], logit));
            let density = |x: f64| {
                (-losses::continuous_bernoulli_nll(l, tape.constant(Tensor::full([1, 1], x))).item()).exp()
            };
            let integral: f64 =
                (0..2000).map(|i| (f64::from(i) + 0.5) / 2e3).map(|x| x * density(x) / 2e3).sum();
            let mean = ContinuousBernoulli.mean(l).item();
            // The midpoint rule errs by f'/24 n², at most 900 / (24 · 4·10⁶).
            assert!((mean - integral).abs() < 2e-5, "{logit}: {mean} {integral}");
        }
        for order in 1..=2 {
            let logits = Tensor::from_vec([1, 5], vec![-3.0, -0.2, 0.0, 0.1, 2.0]);
            gradcheck(|[l]| ContinuousBernoulli.mean(l), [logits], order).unwrap();
        }
    }
}
