//! Counts of the columns of a block, given their total (Liang et al. 2018, with its coefficient).
//!
//! > `−ln p(x) = −ln [ n! / Πⱼ xⱼ! · Πⱼ softmax(l)ⱼ^xⱼ ]` with the total `n = Σ xⱼ`
//!
//! The reconstruction has the shares; they are drawn for a total of 1.

use autograd::{Real, Tensor, Var};
use nn::Context;

use super::categorical::{chosen, in_first_column};
use super::{Density, Part, Said, Support};

pub(super) struct Multinomial;

impl Density for Multinomial {
    const TITLE: &'static str = "counts that share a total";
    const NUMBERS: &'static [&'static str] = &["logit"];
    const SUPPORT: Support = Support::Counts;

    fn nll<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        let arrangements = ((x.sum_over(-1) + 1.0).ln_gamma()) - (x + 1.0).ln_gamma().sum_over(-1);
        in_first_column(said.output.soft_cross_entropy(x) - arrangements, x)
    }

    fn mean<'t, T: Real>(said: Said<'t, T>) -> Var<'t, T> {
        said.output.softmax(-1)
    }

    fn draw<T: Real>(said: Said<'_, T>, context: &mut Context) -> Tensor<T> {
        chosen(&said.output.softmax(-1).value(), &context.uniform(1))
    }

    fn first(data: &Part, _: usize) -> Tensor<f32> {
        data.numbers(|mean| mean.max(1e-3).ln(), &[])
    }
}

#[cfg(test)]
mod tests {
    use crate::Likelihood::Multinomial;
    use crate::densities::checks::{levels, probabilities, variance_of_draws};

    #[test]
    fn all_ways_to_share_a_total_sum_to_one() {
        for total in [1, 4] {
            let ways: Vec<[f64; 3]> = (0..=total)
                .flat_map(|a| (0..=total - a).map(move |b| [a, b, total - a - b].map(f64::from)))
                .collect();
            assert_eq!(ways.len(), if total == 1 { 3 } else { 15 });
            let all = probabilities(Multinomial, &[0.3, -1.0, 2.0], &ways);
            assert!((all.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{total}: {all:?}");
        }
        variance_of_draws(Multinomial, &levels(), |mean| mean * (1.0 - mean));
    }
}
