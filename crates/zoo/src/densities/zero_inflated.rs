//! Counts that are 0 with probability `π = σ(l)` and else [negative binomial](super::negative_binomial) (Lopez et al.
//! 2018).
//!
//! > `p(0) = π + (1 − π) p₀(0)`,  `p(x) = (1 − π) p₀(x)`

use autograd::{Real, Tensor, Var};
use nn::Context;

use super::negative_binomial::{self, FIRST_LN_R, bounded, ln_probability};
use super::{Density, Part, Said, Support};

pub(super) struct ZeroInflated;

/// The first logit of a count that is 0 whatever the rate.
const FIRST_LOGIT: f64 = -2.0;

impl Density for ZeroInflated {
    const TITLE: &'static str = "the same, of which many are 0 whatever the rate";
    const NUMBERS: &'static [&'static str] = &["ln μ", "ln r", "logit of 0"];
    const SUPPORT: Support = Support::Counts;

    fn nll<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        let [ln_mu, ln_r, logit] = said.split();
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
    fn mean<'t, T: Real>(said: Said<'t, T>) -> Var<'t, T> {
        let [ln_mu, _, logit] = said.split();
        ln_mu.exp() * (-logit).sigmoid()
    }

    fn draw<T: Real>(said: Said<'_, T>, context: &mut Context) -> Tensor<T> {
        said.draw_each(context, |numbers, u| {
            let empty = 1.0 / (1.0 + (-numbers[2]).exp());
            if u < empty {
                return 0.0;
            }
            negative_binomial::count(numbers[0], numbers[1], (u - empty) / (1.0 - empty))
        })
    }

    fn first(data: &Part, _: usize) -> Tensor<f32> {
        data.numbers(|mean| mean.max(1e-2).ln(), &[FIRST_LN_R, FIRST_LOGIT])
    }
}

#[cfg(test)]
mod tests {
    use autograd::{Tape, Tensor};

    use crate::Likelihood::{NegativeBinomial, ZeroInflated};
    use crate::densities::checks::{no_output_is_too_large, sums_to_one, variance_by_probabilities};

    #[test]
    fn counts() {
        sums_to_one(ZeroInflated, &[2.0, 0.3, -0.5], 4000);
        sums_to_one(ZeroInflated, &[1.0, 5.0, 3.0], 4000);
        variance_by_probabilities(ZeroInflated, &[1.5, 0.8, -0.5], 400);
        no_output_is_too_large(ZeroInflated, [0.0, 2.0, 1.0]);
    }

    /// `π + (1 − π) p(0)`, whichever of the two is next to nothing.
    #[test]
    fn an_inflated_zero_keeps_its_digits_at_both_ends() {
        let tape = Tape::<f32>::new();
        let zero = tape.constant(Tensor::zeros([1, 1]));
        let nll = |logit: f32| {
            let output = tape.constant(Tensor::from_vec([1, 3], vec![2.0, 1.0, logit]));
            ZeroInflated.nll_alone(output, zero).item()
        };
        let plain = tape.constant(Tensor::from_vec([1, 2], vec![2.0, 1.0]));
        let plain = NegativeBinomial.nll_alone(plain, zero).item();
        assert!((nll(-1e9) - plain).abs() < 1e-5 && plain > 1.0, "{} {plain}", nll(-1e9));
        assert!(nll(1e9) == 0.0 && (0.0..1e-12).contains(&nll(30.0)), "{} {}", nll(1e9), nll(30.0));
    }
}
