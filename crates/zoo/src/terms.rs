//! What the zoo's losses are made of. [`Loss`] and [`Unit`] are those of [`nn::losses`].
//!
//! All terms follow one convention: the sum over features or latents, the mean over the batch. So
//! they may be added, and the weight of a term means what its paper means.

use autograd::{Real, Tensor, Var};
use nn::losses;
pub use nn::losses::{Loss, Unit};
use serde::{Deserialize, Serialize};

/// How the decoder's output describes the data: the first term of every loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Likelihood {
    /// The output is the reconstruction; the loss is `‖x − x̂‖²`.
    SquaredError,
    /// The output is the logit of a coin for every pixel; the loss is the cross-entropy, and the
    /// reconstruction the coin's mean `σ(output)`.
    Bernoulli,
}

impl Likelihood {
    /// The unit of its loss.
    pub fn unit(self) -> Unit {
        match self {
            Likelihood::SquaredError => Unit::SquaredError,
            Likelihood::Bernoulli => Unit::Nats,
        }
    }

    /// The reconstruction term for `[batch, features]`.
    pub fn loss<'t, T: Real>(self, output: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        match self {
            Likelihood::SquaredError => losses::squared_error(output, x),
            Likelihood::Bernoulli => losses::bce_with_logits(output, x),
        }
    }

    /// The reconstruction term with a weight `w` for every feature of every example, `Σⱼ wⱼ ℓⱼ`; all of
    /// shape `[batch, features]`.
    pub fn weighted_loss<'t, T: Real>(self, output: Var<'t, T>, x: Var<'t, T>, w: Var<'t, T>) -> Var<'t, T> {
        let loss = match self {
            Likelihood::SquaredError => (output - x).square(),
            Likelihood::Bernoulli => output.softplus() - output * x,
        };
        (w * loss).sum() * (1.0 / x.shape()[0] as f64)
    }

    /// The reconstruction `x̂`.
    pub fn mean<'t, T: Real>(self, output: Var<'t, T>) -> Var<'t, T> {
        match self {
            Likelihood::SquaredError => output,
            Likelihood::Bernoulli => output.sigmoid(),
        }
    }

    /// The output that describes the mean of the data: a good initial bias of the last layer, which
    /// then does not have to be learnt first.
    pub fn output_for<T: Real>(self, mean: &Tensor<f32>) -> Tensor<T> {
        match self {
            Likelihood::SquaredError => mean.cast(),
            // Pixels that are always 0 would ask for −∞.
            Likelihood::Bernoulli => {
                mean.cast::<f64>().map(|p| p.clamp(0.01, 0.99)).map(|p| (p / (1.0 - p)).ln()).cast()
            }
        }
    }
}

/// `KL( N(μ, diag e^s) ‖ N(0, I) ) = ½ Σⱼ (μⱼ² + e^sⱼ − 1 − sⱼ)` with `s = ln σ²`, in nats an example
/// (Kingma and Welling 2014, appendix B), for `[batch, latents]`.
pub fn gaussian_kl<'t, T: Real>(mu: Var<'t, T>, log_var: Var<'t, T>) -> Var<'t, T> {
    let batch = mu.shape()[0];
    (mu.square() + log_var.exp() - 1.0 - log_var).sum() * (0.5 / batch as f64)
}

/// `Σⱼ KL(ρ ‖ ρ̂ⱼ) = Σⱼ [ρ ln (ρ / ρ̂ⱼ) + (1 − ρ) ln ((1 − ρ) / (1 − ρ̂ⱼ))]`, in nats (Ng 2011), for mean
/// activities `ρ̂` of any shape. They are kept `10⁻⁶` away from 0 and 1, where the divergence is infinite.
pub fn bernoulli_kl<'t, T: Real>(rho: f64, rho_hat: Var<'t, T>) -> Var<'t, T> {
    let rho_hat = rho_hat.clamp(1e-6, 1.0 - 1e-6);
    let count = rho_hat.shape().iter().product::<usize>() as f64;
    let entropy = rho * rho.ln() + (1.0 - rho) * (1.0 - rho).ln();
    let cross = (rho_hat.ln() * rho + (1.0 - rho_hat).ln() * (1.0 - rho)).sum();
    count * entropy - cross
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Tape, gradcheck};

    #[test]
    fn the_divergence_is_that_of_two_gaussians() {
        let tape = Tape::<f64>::new();
        let kl = |mu: f64, log_var: f64| {
            let shape = |x| Tensor::full([1, 1], x);
            gaussian_kl(tape.constant(shape(mu)), tape.constant(shape(log_var))).item()
        };
        assert_eq!(kl(0.0, 0.0), 0.0);
        // ∫ q ln(q/p) by the midpoint rule.
        let (mu, log_var) = (0.7, -0.9_f64);
        let sigma = (0.5 * log_var).exp();
        let normal = |x: f64, m: f64, s: f64| {
            (-0.5 * ((x - m) / s).powi(2)).exp() / (s * (2.0 * std::f64::consts::PI).sqrt())
        };
        let integral: f64 = (-100_000..100_000)
            .map(|i| (i as f64 + 0.5) * 1e-4)
            .map(|x| (normal(x, mu, sigma), normal(x, 0.0, 1.0)))
            .filter(|(q, _)| *q > 0.0)
            .map(|(q, p)| q * (q / p).ln() * 1e-4)
            .sum();
        assert!((kl(mu, log_var) - integral).abs() < 1e-9, "{} {integral}", kl(mu, log_var));
    }

    #[test]
    fn the_divergence_of_two_coins() {
        let tape = Tape::<f64>::new();
        let kl = |rho, rho_hat| bernoulli_kl(rho, tape.constant(Tensor::full([1], rho_hat))).item();
        assert!(kl(0.05, 0.05).abs() < 1e-15);
        // ½ ln (½ / ¼) + ½ ln (½ / ¾) = ½ ln (4/3)
        assert!((kl(0.5, 0.25) - 0.5 * (4.0_f64 / 3.0).ln()).abs() < 1e-15);
        assert!(kl(0.05, 0.0).is_finite() && kl(0.05, 1.0) > 10.0);
        for order in 1..=3 {
            gradcheck(|[p]| bernoulli_kl(0.1, p), [Tensor::from_vec([2], vec![0.3, 0.7])], order).unwrap();
        }
    }

    #[test]
    fn weights_of_one_change_nothing() {
        let tape = Tape::<f64>::new();
        let [output, x, ones] = [[0.3, -1.2], [0.8, 0.1], [1.0, 1.0]]
            .map(|row| tape.constant(Tensor::from_vec([1, 2], row.to_vec())));
        for likelihood in [Likelihood::SquaredError, Likelihood::Bernoulli] {
            let (plain, weighted) = (likelihood.loss(output, x), likelihood.weighted_loss(output, x, ones));
            assert!((plain.item() - weighted.item()).abs() < 1e-15);
        }
    }

    #[test]
    fn gradients_of_the_terms() {
        let mu = Tensor::from_vec([2, 2], vec![0.3, -0.8, 1.2, 0.4]);
        let log_var = Tensor::from_vec([2, 2], vec![-0.3, 0.2, 0.5, -1.1]);
        for order in 1..=3 {
            gradcheck(|[mu, log_var]| gaussian_kl(mu, log_var), [mu.clone(), log_var.clone()], order)
                .unwrap();
        }
    }
}
