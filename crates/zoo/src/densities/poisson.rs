//! Counts at a rate `λ`, whose variance is equal to the mean.
//!
//! > `−ln p(x) = λ − x ln λ + ln x!`

use autograd::{Real, Tensor, Var};
use nn::{Context, Purpose, generator, losses};
use rand::RngExt;

use super::{Density, Part, Said, Support};

pub(super) struct Poisson;

impl Density for Poisson {
    const TITLE: &'static str = "counts at a rate";
    const NUMBERS: &'static [&'static str] = &["ln λ"];
    const SUPPORT: Support = Support::Counts;

    fn nll<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        losses::elementwise::poisson_nll(said.output, x)
    }

    fn mean<'t, T: Real>(said: Said<'t, T>) -> Var<'t, T> {
        said.output.exp()
    }

    fn draw<T: Real>(said: Said<'_, T>, context: &mut Context) -> Tensor<T> {
        said.draw_each(context, |numbers, u| count(numbers[0], |mu, _| mu, u))
    }

    fn first(data: &Part, _: usize) -> Tensor<f32> {
        data.numbers(|mean| mean.max(1e-2).ln(), &[])
    }
}

/// A count at a rate that is itself drawn, given its mean and a generator that the number `u` stands for.
pub(super) fn count(ln_mu: f64, rate: impl FnOnce(f64, &mut nn::Generator) -> f64, u: f64) -> f64 {
    let from = &mut generator(u.to_bits(), Purpose::Sample, 0, 0);
    // No count is larger than 10¹³.
    let rate = rate(ln_mu.min(30.0).exp(), from);
    // At a rate of 0 nothing happens.
    rand_distr::Poisson::new(rate).map_or(0.0, |poisson| from.sample(poisson))
}

#[cfg(test)]
mod tests {
    use crate::Likelihood::Poisson;
    use crate::densities::checks::{levels, sums_to_one, variance_of_draws};

    #[test]
    fn counts() {
        sums_to_one(Poisson, &[3.0], 400);
        sums_to_one(Poisson, &[-4.0], 400);
        variance_of_draws(Poisson, &levels(), |mean| mean);
    }
}
