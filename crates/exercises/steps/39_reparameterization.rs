//! # A gradient through a random draw
//!
//! Book: docs/src/11-variational.md#the-reparameterization-trick
//!
//! A code is drawn from `N(μ, σ²)`, and the encoder should learn from what the decoder makes of it. No gradient passes
//! the draw itself. But a normal draw is a fixed function of noise from outside:
//!
//! > `z = μ + σ ε`, `ε ~ N(0, 1)`
//!
//! The encoder gives the logarithm of the variance, `s = ln σ²`, because it may have any sign.
// hint: σ is e^(s/2): (log_var * 0.5).exp(). Then mu + sigma * eps.

use autograd::Var;

/// Draws from `N(μ, e^s)`, made of noise.
fn draw<'t>(mu: Var<'t, f64>, log_var: Var<'t, f64>, eps: Var<'t, f64>) -> Var<'t, f64> {
    // hole: μ + σ ε
    mu + (log_var * 0.5).exp() * eps
    // wrong: mu + log_var.exp() * eps
    // wrong: mu.stop_gradient() + (log_var * 0.5).exp() * eps
    // wrong: mu + (log_var * 0.5).exp().stop_gradient() * eps
    // wrong: mu + log_var * eps
    // end
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Tape, Tensor};
    use nn::{Purpose, generator, random};

    /// `E[z²]` and its derivatives with respect to `μ` and `s`, from 20,000 draws.
    fn square(mu: f64, log_var: f64) -> [f64; 3] {
        let tape = Tape::<f64>::new();
        let (mu, log_var) = (tape.var(mu), tape.var(log_var));
        let eps: Tensor<f64> = random::normal([20_000], &mut generator(1, Purpose::Noise, 0, 0));
        let mean = draw(mu, log_var, tape.constant(eps)).square().mean();
        let gradients = mean.backward();
        [mean.item(), gradients.wrt(mu).item(), gradients.wrt(log_var).item()]
    }

    #[test]
    fn the_mean_of_the_squares_is_that_of_the_distribution() {
        let [mean, ..] = square(0.7, -1.0); // μ² + σ²
        assert!(
            (mean - (0.49 + (-1.0_f64).exp())).abs() < 0.03,
            "E z² = μ² + σ² = 0.858, and yours is {mean:.3}"
        );
    }

    #[test]
    fn the_gradient_reaches_the_mean() {
        let [_, slope, _] = square(0.7, -1.0);
        assert!((slope - 1.4).abs() < 0.03, "∂/∂μ E z² = 2μ = 1.4, and yours is {slope:.3}");
    }

    #[test]
    fn and_the_variance() {
        let [.., slope] = square(0.7, -1.0);
        assert!((slope - (-1.0_f64).exp()).abs() < 0.03, "∂/∂s E z² = e^s = 0.368, and yours is {slope:.3}");
    }
}
