//! Samples from a denoiser: Langevin dynamics along its score.
//!
//! A reconstruction function `r` that was trained to remove Gaussian noise of variance `σ²` points
//! towards probable examples; the best one satisfies (Alain and Bengio 2014; Miyasawa 1961)
//!
//! > `(r(x) − x) / σ² = ∂ ln p_σ(x) / ∂x`
//!
//! with `p_σ` the density of noisy examples. Following this score with fresh noise at every step,
//!
//! > `xₜ₊₁ = xₜ + η/2 · (r(xₜ) − xₜ) / σ² + √(τ η) ε`,  `ε ~ N(0, I)`
//!
//! gives samples of `p_σ` for a small step `η`, many steps and temperature `τ = 1`; `τ < 1` gives more
//! probable ones, `τ = 0` the next mode.
//!
//! ```
//! use autograd::Tensor;
//! use zoo::uses::langevin::{Langevin, walk};
//!
//! // The best denoiser of N(0, 1) with σ² = 1/4 shrinks: r(x) = x / (1 + σ²).
//! let settings = Langevin { sigma: 0.5, step: 0.1, steps: 200, temperature: 1.0, seed: 0 };
//! let x = walk(|x| x.map(|x| x / 1.25), &Tensor::zeros([2000, 1]), &settings)?;
//! let variance = x.to_vec().iter().map(|x| x * x).sum::<f32>() / 2000.0;
//! assert!((variance - 1.25).abs() < 0.15, "{variance}"); // that of noisy examples
//! # Ok::<(), nn::Error>(())
//! ```

use autograd::Tensor;
use nn::{Context, Error, Result};
use serde::{Deserialize, Serialize};

/// Settings of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Langevin {
    /// Standard deviation `σ` of the noise that the model has learnt to remove, in units of the features.
    pub sigma: f64,
    /// `η`, in squared units of the features. Stable below `4 σ²`, accurate far below.
    pub step: f64,
    /// Steps to make.
    pub steps: usize,
    /// `τ`, from 0 up.
    pub temperature: f64,
    /// The noise follows from it, from the step and the number of the example.
    pub seed: u64,
}

/// Where a walk from `x`, `[examples, features]`, ends: every example on its own.
///
/// # Errors
/// If a setting makes no sense, or the walk leaves the finite numbers.
///
/// # Panics
/// If `reconstruct` gives another shape than it gets.
#[track_caller]
pub fn walk(
    reconstruct: impl Fn(&Tensor<f32>) -> Tensor<f32>,
    x: &Tensor<f32>,
    settings: &Langevin,
) -> Result<Tensor<f32>> {
    let Langevin { sigma, step, steps, temperature, seed } = *settings;
    for (name, value, least) in
        [("sigma", sigma, f64::MIN_POSITIVE), ("step", step, 0.0), ("temperature", temperature, 0.0)]
    {
        if !(value >= least && value.is_finite()) {
            return Err(Error::setting(name, format!("{name} of a Langevin walk must not be {value}")));
        }
    }
    if step >= 4.0 * sigma * sigma {
        return Err(Error::setting(
            "step",
            format!(
                "a step of {step} overshoots with sigma {sigma}; it must be below {} and should be far below",
                4.0 * sigma * sigma
            ),
        ));
    }
    let numbers: Vec<usize> = (0..x.shape()[0]).collect();
    let (pull, spread) = ((step / (2.0 * sigma * sigma)) as f32, (temperature * step).sqrt() as f32);
    let mut x = x.clone();
    for number in 0..steps {
        let r = reconstruct(&x);
        assert_eq!(r.shape(), x.shape(), "a reconstruction has the shape of its example");
        let noise: Tensor<f32> = Context::training(seed, number as u64, &numbers).normal(x.shape()[1]);
        x = x.zip(&r, |x, r| x + pull * (r - x)).zip(&noise, |x, n| x + spread * n);
    }
    match x.to_vec().iter().position(|value| !value.is_finite()) {
        Some(i) => Err(Error::data(format!(
            "the walk of example {} left the finite numbers; use a smaller step",
            i / x.shape()[1]
        ))),
        None => Ok(x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Langevin = Langevin { sigma: 0.5, step: 0.2, steps: 300, temperature: 1.0, seed: 4 };

    #[test]
    fn the_variance_is_that_of_the_recursion() {
        // With r(x) = x / 1.25 a step is x ← a x + √η ε, a = 1 − η / 2.5, of variance η / (1 − a²).
        let x = walk(|x| x.map(|x| x / 1.25), &Tensor::full([20_000, 1], 3.0), &SETTINGS).unwrap().to_vec();
        let a: f64 = 1.0 - 0.2 / 2.5;
        let expected = 0.2 / (1.0 - a * a);
        let variance = x.iter().map(|x| f64::from(x * x)).sum::<f64>() / 2e4;
        assert!(
            (variance - expected).abs() < 4.0 * expected * (2.0 / 2e4_f64).sqrt(),
            "{variance} {expected}"
        );
        // The start is forgotten.
        let mean = x.iter().copied().map(f64::from).sum::<f64>() / 2e4;
        assert!(mean.abs() < 4.0 * (expected / 2e4).sqrt(), "{mean}");
    }

    #[test]
    fn without_temperature_it_climbs_to_the_next_mode() {
        // Two examples, ±1, and their best denoiser tanh(x / σ²).
        let cold = Langevin { temperature: 0.0, ..SETTINGS };
        let start = Tensor::from_vec([3, 1], vec![0.1, -0.4, 2.0]);
        let end = walk(|x| x.map(|x| (x / 0.25).tanh()), &start, &cold).unwrap().to_vec();
        for (end, mode) in end.iter().zip([1.0, -1.0, 1.0]) {
            assert!((end - mode).abs() < 2e-3, "{end}");
        }
    }

    #[test]
    fn examples_walk_alone_and_bad_settings_are_refused() {
        let r = |x: &Tensor<f32>| x.map(|x| 0.5 * x);
        let both = walk(r, &Tensor::ones([2, 3]), &SETTINGS).unwrap();
        let first = walk(r, &Tensor::ones([1, 3]), &SETTINGS).unwrap();
        assert_eq!(both.slice(0, ..1).to_vec(), first.to_vec());
        for bad in [
            Langevin { sigma: 0.0, ..SETTINGS },
            Langevin { step: 1.0, ..SETTINGS },
            Langevin { temperature: f64::NAN, ..SETTINGS },
        ] {
            assert!(walk(r, &Tensor::ones([1, 1]), &bad).is_err(), "{bad:?}");
        }
        let text = walk(|x| x.map(|x| 1e9 * x), &Tensor::ones([1, 1]), &SETTINGS).unwrap_err().to_string();
        assert!(text.ends_with("use a smaller step"), "{text}");
    }
}
