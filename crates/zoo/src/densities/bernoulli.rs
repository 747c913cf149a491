//! A coin for every column: the loss is the cross-entropy, and the reconstruction the coin's mean.
//!
//! > `−ln p(x) = −x ln σ(l) − (1 − x) ln(1 − σ(l))`
//!
//! A distribution only for numbers that are 0 or 1; for those between them a cross-entropy.

use autograd::{Real, Tensor, Var};
use nn::Context;
use nn::losses;

use super::{Density, Part, Said, Support, logit};

pub(super) struct Bernoulli;

impl Density for Bernoulli {
    const TITLE: &'static str = "coin; of grey values their cross-entropy";
    const NUMBERS: &'static [&'static str] = &["logit"];
    const SUPPORT: Support = Support::UnitInterval;

    fn nll<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        losses::elementwise::bce_with_logits(said.output, x)
    }

    fn loss<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        losses::bce_with_logits(said.output, x)
    }

    fn mean<'t, T: Real>(said: Said<'t, T>) -> Var<'t, T> {
        said.output.sigmoid()
    }

    fn draw<T: Real>(said: Said<'_, T>, context: &mut Context) -> Tensor<T> {
        let u = context.uniform::<T>(said.columns());
        said.output.sigmoid().value().zip(&u, |p, u| if u < p { T::one() } else { T::zero() })
    }

    fn first(data: &Part, _: usize) -> Tensor<f32> {
        data.numbers(logit, &[])
    }
}

#[cfg(test)]
mod tests {
    use crate::Likelihood::Bernoulli;
    use crate::densities::checks::{shares, sums_to_one, variance_of_draws};

    #[test]
    fn a_coin() {
        sums_to_one(Bernoulli, &[0.8], 2);
        variance_of_draws(Bernoulli, &shares(), |mean| mean * (1.0 - mean));
    }
}
