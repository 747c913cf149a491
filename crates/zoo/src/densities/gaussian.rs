//! Gaussians around the decoder's output.

use autograd::{Real, Tensor, Var};
use nn::Context;

use super::Likelihood;

/// `μ` and `ln σ²`. `log_var` is the learned one, before its floor.
pub(super) fn parameters<'t, T: Real>(
    likelihood: Likelihood,
    output: Var<'t, T>,
    log_var: Option<Var<'t, T>>,
) -> (Var<'t, T>, Var<'t, T>) {
    match (likelihood, log_var) {
        (Likelihood::GaussianPerPixel, _) => {
            let [mean, log_var] = output.chunk(-1);
            (mean, floored(log_var))
        }
        (Likelihood::Gaussian, Some(log_var)) => (output, floored(log_var)),
        _ => (output, output.tape().constant(Tensor::full([], 0.5_f64.ln()))),
    }
}

/// `μ + σ ε`.
pub(super) fn draw<T: Real>(mean: &Tensor<T>, log_var: &Tensor<T>, context: &mut Context) -> Tensor<T> {
    let eps = context.normal::<T>(mean.shape()[1]);
    mean.zip(&eps.zip(log_var, |eps, s| eps * (s * T::of(0.5)).exp()), |mean, noise| mean + noise)
}

/// Keeps `ln σ²` above −10, that is σ above 0.0067: the density of a pixel that never changes has no
/// bound. `−10 + ln(1 + e^{s + 10})` is smooth, so the gradient never dies, and is `s` where `s` is larger.
pub(super) fn floored<'t, T: Real>(log_var: Var<'t, T>) -> Var<'t, T> {
    (log_var + 10.0).softplus() - 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Tape;

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
