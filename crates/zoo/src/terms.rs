//! What the zoo's losses are made of. [`Loss`] and [`Unit`] are those of [`nn::losses`].
//!
//! All terms follow one convention: the sum over features or latents, the mean over the batch. So
//! they may be added, and the weight of a term means what its paper means.
//!
//! ```
//! use autograd::{Tape, Tensor};
//! use zoo::terms::gaussian_kl;
//!
//! let tape = Tape::<f64>::new();
//! let mu = tape.var(Tensor::from_vec([2, 1], vec![1.0, 3.0])); // [batch, latents]
//! let log_var = tape.var(Tensor::zeros([2, 1]));
//! assert_eq!(gaussian_kl(mu, log_var).item(), (0.5 + 4.5) / 2.0); // nats an example
//! ```

use autograd::{Elementwise, Real, Scalar, Tape, Var};
pub use nn::losses::{Loss, Unit};
use nn::{Context, losses};

/// `KL( N(μ, diag e^s) ‖ N(0, I) ) = ½ Σⱼ (μⱼ² + e^sⱼ − 1 − sⱼ)` with `s = ln σ²`, in nats an example
/// (Kingma and Welling 2014, appendix B), for `[batch, latents]`.
pub fn gaussian_kl<'t, T: Real>(mu: Var<'t, T>, log_var: Var<'t, T>) -> Var<'t, T> {
    let batch = mu.shape()[0];
    (mu.square() + Var::apply(Excess, [log_var])).sum() * (0.5 / batch as f64)
}

/// The same divergence, `[latents]`: the mean over the batch for each latent alone.
pub fn gaussian_kl_by_latent<'t, T: Real>(mu: Var<'t, T>, log_var: Var<'t, T>) -> Var<'t, T> {
    ((mu.square() + Var::apply(Excess, [log_var])) * 0.5).mean_over(0)
}

/// `y = eˢ − 1 − s`,  `dy/ds = eˢ − 1`: never negative, with all its digits near 0, and `∞` for an `s` of `±∞`.
struct Excess;

impl Elementwise for Excess {
    const NAME: &'static str = "excess";

    fn f<T: Real>(&self, s: T) -> T {
        let e = s.exp_m1();
        if s.abs() < T::of(0.5) {
            // s²/2 (1 + s/3 (1 + s/4 (1 + …))), as near 0 the difference would have lost its digits.
            let tail = (3..=16).rev().fold(T::zero(), |tail, k| (tail + T::one()) * s / T::of(f64::from(k)));
            s * s * T::of(0.5) * (T::one() + tail)
        } else if e == T::INFINITY {
            e
        } else {
            e - s
        }
    }
    fn df<S: Scalar>(&self, s: S, _y: S) -> S {
        // Without a difference of numbers that are nearly equal.
        (s * s.lit(0.5)).tanh() * (s.exp() + s.lit(1.0))
    }
}

/// `ln N(z; μ, diag e^s)` with `s = ln σ²`, in nats: the sum over the last axis, for shapes that broadcast.
pub fn ln_gaussian<'t, T: Real>(z: Var<'t, T>, mu: Var<'t, T>, log_var: Var<'t, T>) -> Var<'t, T> {
    ln_gaussian_by_latent(z, mu, log_var).sum_over(-1)
}

/// `ln N(zⱼ; μⱼ, e^sⱼ)` of every latent alone.
pub fn ln_gaussian_by_latent<'t, T: Real>(z: Var<'t, T>, mu: Var<'t, T>, log_var: Var<'t, T>) -> Var<'t, T> {
    (losses::elementwise::square_in_variances(z - mu, log_var) + log_var + LN_2_PI) * -0.5
}

/// `ln N(z; 0, I)`, in nats: the sum over the last axis.
pub fn ln_standard_normal<'t, T: Real>(z: Var<'t, T>) -> Var<'t, T> {
    ((z.square() + LN_2_PI) * -0.5).sum_over(-1)
}

/// `ln 1/K Σₖ e^wₖ` over the last axis.
pub fn ln_mean_exp<'t, T: Real>(w: Var<'t, T>) -> Var<'t, T> {
    let count = *w.shape().last().expect("an axis to average over");
    w.logsumexp_over(-1) - (count as f64).ln()
}

/// The first number with the gradient of the second: for gradients that are estimated otherwise than by
/// differentiating what is reported.
pub fn with_gradient_of<'t, T: Real>(value: Var<'t, T>, surrogate: Var<'t, T>) -> Var<'t, T> {
    surrogate + (value - surrogate).stop_gradient()
}

/// How strong a term is that grows from 0 over the first part of the training: `progress / part`, at
/// most 1, where `part` from 0 to 1 is the share of the training that the growth takes.
pub fn warm_up(progress: f64, part: f64) -> f64 {
    if part > 0.0 { (progress / part).min(1.0) } else { 1.0 }
}

/// `weight` times [`warm_up`] at the progress of the training: a number on the tape.
pub fn warmed_up<'t, T: Real>(
    weight: f64,
    part: f64,
    tape: &'t Tape<T>,
    context: &mut Context,
) -> Var<'t, T> {
    context.on(tape).of_progress(move |progress| weight * warm_up(progress, part))
}

/// `ln 2π`.
const LN_2_PI: f64 = 1.837_877_066_409_345_5;

/// `Σⱼ KL(ρ ‖ ρ̂ⱼ) = Σⱼ [ρ ln (ρ / ρ̂ⱼ) + (1 − ρ) ln ((1 − ρ) / (1 − ρ̂ⱼ))]`, in nats (Ng 2011), for mean
/// activities `ρ̂` of any shape. They are kept `10⁻⁶` away from 0 and 1, where the divergence is infinite. A `ρ` of 0 or 1
/// has one of the terms.
pub fn bernoulli_kl<'t, T: Real>(rho: f64, rho_hat: Var<'t, T>) -> Var<'t, T> {
    let rho_hat = rho_hat.clamp(1e-6, 1.0 - 1e-6);
    let count = rho_hat.shape().iter().product::<usize>() as f64;
    let term = |p: f64| if p == 0.0 { 0.0 } else { p * p.ln() };
    let entropy = term(rho) + term(1.0 - rho);
    let cross = (rho_hat.ln() * rho + (-rho_hat).ln_1p() * (1.0 - rho)).sum();
    count * entropy - cross
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Tape, Tensor, gradcheck};

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
    fn the_divergence_is_the_mean_difference_of_log_densities() {
        // 20,000 draws: the standard error of the mean is below 0.02.
        let tape = Tape::<f64>::new();
        let eps = nn::random::normal([20_000, 2], &mut nn::generator(0, nn::Purpose::Sample, 0, 0));
        let row = |v: [f64; 2]| tape.constant(Tensor::from_vec([1, 2], v.to_vec()));
        let (mu, log_var) = (row([0.8, -0.3]), row([-1.0, 0.4]));
        let z = mu + (log_var * 0.5).exp() * tape.constant(eps);
        let sampled = (ln_gaussian(z, mu, log_var) - ln_standard_normal(z)).mean().item();
        let exact = gaussian_kl(mu, log_var).item();
        assert!((sampled - exact).abs() < 0.06, "{sampled} {exact}");
        assert!((gaussian_kl_by_latent(mu, log_var).sum().item() - exact).abs() < 1e-14);
    }

    #[test]
    fn warm_ups_end_where_they_say() {
        assert_eq!([0.0, 0.1, 0.2, 0.9].map(|p| warm_up(p, 0.2)), [0.0, 0.5, 1.0, 1.0]);
        assert_eq!(warm_up(0.0, 0.0), 1.0);
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
    fn gradients_of_the_terms() {
        let mu = Tensor::from_vec([2, 2], vec![0.3, -0.8, 1.2, 0.4]);
        let log_var = Tensor::from_vec([2, 2], vec![-0.3, 0.2, 0.5, -1.1]);
        for order in 1..=3 {
            gradcheck(|[mu, log_var]| gaussian_kl(mu, log_var), [mu.clone(), log_var.clone()], order)
                .unwrap();
        }
    }
}
