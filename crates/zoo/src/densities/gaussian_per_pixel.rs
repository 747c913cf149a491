//! A Gaussian whose mean and variance are both the decoder's, for every column of every example.
//!
//! > `−ln N(x; μ, σ²) = (x − μ)² / 2σ² + ½ ln 2πσ²`

use autograd::{Real, Tensor, Var};
use nn::Context;
use nn::losses;

use super::{Density, Part, Said, Support, gaussian};

pub(super) struct GaussianPerPixel;

/// `μ` and `ln σ²`.
fn parameters<'t, T: Real>(said: Said<'t, T>) -> [Var<'t, T>; 2] {
    let [mean, log_var] = said.split();
    [mean, gaussian::floored(log_var)]
}

impl Density for GaussianPerPixel {
    const TITLE: &'static str = "Gaussian of a σ for each column, by the decoder";
    const NUMBERS: &'static [&'static str] = &["μ", "ln σ²"];
    const SUPPORT: Support = Support::Real;

    fn nll<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        let [mean, log_var] = parameters(said);
        losses::elementwise::gaussian_nll(mean, log_var, x)
    }

    fn mean<'t, T: Real>(said: Said<'t, T>) -> Var<'t, T> {
        said.split::<2>()[0]
    }

    fn draw<T: Real>(said: Said<'_, T>, context: &mut Context) -> Tensor<T> {
        let [mean, log_var] = parameters(said);
        gaussian::draw(mean, log_var, context)
    }

    fn first(data: &Part, _: usize) -> Tensor<f32> {
        Tensor::concat(&[&data.mean, &data.log_var().expand(data.mean.shape())], 0)
    }
}

#[cfg(test)]
mod tests {
    use crate::Likelihood::GaussianPerPixel;
    use crate::densities::checks::{integrates_to_one, shares, variance_of_draws, variance_of_mean};

    #[test]
    fn a_gaussian() {
        integrates_to_one(GaussianPerPixel, &[0.4, 0.9], [-19.0, 20.0]);
        variance_of_draws(GaussianPerPixel, &shares(), |_| variance_of_mean(&shares()));
    }
}
