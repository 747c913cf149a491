//! A Gaussian around the output with one σ for the whole block, which is learned (Rybkin, Daniilidis and Levine 2021).
//!
//! > `−ln N(x; x̂, σ²) = (x − x̂)² / 2σ² + ½ ln 2πσ²`
//!
//! The best σ is the root of the mean squared error of a column, so it weighs reconstruction against divergence by itself.

use autograd::{Real, Tensor, Var};
use nn::Context;
use nn::losses;

use super::{Density, Part, Said, Support};

pub(super) struct Gaussian;

fn log_var<'t, T: Real>(said: Said<'t, T>) -> Var<'t, T> {
    floored(said.log_var.expect("a Head has the learned ln σ²"))
}

impl Density for Gaussian {
    const TITLE: &'static str = "Gaussian of one learned σ";
    const NUMBERS: &'static [&'static str] = &["μ"];
    const SUPPORT: Support = Support::Real;
    const LEARNS_VARIANCE: bool = true;

    fn nll<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        losses::elementwise::gaussian_nll(said.output, log_var(said), x)
    }

    fn mean<'t, T: Real>(said: Said<'t, T>) -> Var<'t, T> {
        said.output
    }

    fn draw<T: Real>(said: Said<'_, T>, context: &mut Context) -> Tensor<T> {
        draw(said.output, log_var(said), context)
    }

    fn first(data: &Part, _: usize) -> Tensor<f32> {
        data.mean.clone()
    }
}

/// `μ + σ ε`.
pub(super) fn draw<T: Real>(mean: Var<'_, T>, log_var: Var<'_, T>, context: &mut Context) -> Tensor<T> {
    let eps = context.normal::<T>(mean.shape()[1]);
    let noise = eps.zip(&log_var.value(), |eps, s| eps * (s * T::of(0.5)).exp());
    mean.value().zip(&noise, |mean, noise| mean + noise)
}

/// Keeps `ln σ²` above −10, that is σ above 0.0067: the density of a pixel that never changes has no
/// bound. `−10 + ln(1 + e^{s + 10})` is smooth, so the gradient never dies, and is `s` where `s` is larger.
pub(super) fn floored<'t, T: Real>(log_var: Var<'t, T>) -> Var<'t, T> {
    (log_var + 10.0).softplus() - 10.0
}

#[cfg(test)]
mod tests {
    use autograd::Tape;

    use super::floored;
    use crate::Likelihood::Gaussian;
    use crate::densities::checks::{integrates_to_one, shares, variance_of_draws, variance_of_mean};

    #[test]
    fn a_gaussian() {
        integrates_to_one(Gaussian, &[0.4], [-19.0, 20.0]);
        variance_of_draws(Gaussian, &shares(), |_| variance_of_mean(&shares()));
    }

    #[test]
    fn the_floor_is_soft() {
        let tape = Tape::<f64>::new();
        for (s, floor) in [(-3.0, -3.0), (-10.0, -10.0 + std::f64::consts::LN_2), (-60.0, -10.0)] {
            let log_var = tape.var(s);
            let y = floored(log_var);
            assert!((y.item() - floor).abs() < 1e-3, "{s}: {}", y.item());
            assert!(y.backward().wrt(log_var).item() > 0.0);
        }
    }
}
