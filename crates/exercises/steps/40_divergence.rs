//! # The divergence from the prior
//!
//! Book: docs/src/11-variational.md#the-bound
//!
//! The codes that the encoder proposes, `q = N(μ, σ²)`, should not differ from the prior `N(0, 1)` without need. How much
//! they do is the Kullback–Leibler divergence. With `s = ln σ²`, summed over the latents:
//!
//! > `KL = ½ Σⱼ (μⱼ² + e^sⱼ − 1 − sⱼ)`
//!
//! Write it for a batch: one number for each example.
// hint: (mu.square() + log_var.exp() - log_var - 1.0).sum_over(1) * 0.5.

use autograd::Var;

/// The divergence of each example, `[batch]`, from `[batch, latents]`.
fn kl<'t>(mu: Var<'t, f64>, log_var: Var<'t, f64>) -> Var<'t, f64> {
    // hole: ½ Σⱼ (μⱼ² + e^sⱼ − 1 − sⱼ)
    (mu.square() + log_var.exp() - log_var - 1.0).sum_over(1) * 0.5
    // wrong: (mu.square() + log_var.exp() - log_var - 1.0).sum() * 0.5
    // wrong: (mu.square() + log_var.exp() - log_var).sum_over(1) * 0.5
    // wrong: (mu.square() + (log_var * 0.5).exp() - log_var - 1.0).sum_over(1) * 0.5
    // wrong: (log_var + 1.0 - mu.square() - log_var.exp()).sum_over(1) * 0.5
    // end
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Tape, Tensor};
    use nn::{Purpose, generator, random};

    fn of(mu: &[f64], log_var: &[f64]) -> Vec<f64> {
        let tape = Tape::<f64>::new();
        let row = |numbers: &[f64]| tape.constant(Tensor::from_vec([1, numbers.len()], numbers.to_vec()));
        kl(row(mu), row(log_var)).value().to_vec()
    }

    #[test]
    fn the_prior_does_not_differ_from_itself() {
        assert_eq!(of(&[0.0, 0.0], &[0.0, 0.0]), [0.0]);
    }

    #[test]
    fn a_mean_of_2_costs_2_nats() {
        assert_eq!(of(&[2.0], &[0.0]), [2.0]);
    }

    #[test]
    fn each_example_has_its_own_number() {
        let tape = Tape::<f64>::new();
        let mu = tape.constant(Tensor::from_vec([2, 2], vec![2.0, 0.0, 2.0, 4.0]));
        let numbers = kl(mu, tape.constant(Tensor::zeros([2, 2]))).value().to_vec();
        assert_eq!(numbers, [2.0, 10.0], "two examples, two divergences");
    }

    #[test]
    fn draws_say_the_same() {
        // E_q[ln q − ln p], with ln q = −½ ε² − ½ s and ln p = −½ z², without what cancels.
        let (mu, s) = (0.8_f64, -1.0_f64);
        let eps: Tensor<f64> = random::normal([50_000], &mut generator(0, Purpose::Noise, 0, 0));
        let term = eps.map(|e| 0.5 * (mu + (0.5 * s).exp() * e).powi(2) - 0.5 * e * e - 0.5 * s);
        let drawn = term.sum_to([]).item() / 50_000.0;
        let yours = of(&[mu], &[s])[0];
        assert!((drawn - yours).abs() < 0.01, "by drawing {drawn:.4} nats, and by your formula {yours:.4}");
    }
}
