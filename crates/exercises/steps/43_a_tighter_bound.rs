//! # A tighter bound
//!
//! Book: docs/src/12-beyond.md#a-tighter-bound-iwae
//!
//! With `K` draws for each example the bound comes nearer to `ln p(x)`:
//!
//! > `L_K = E[ ln 1/K Σₖ wₖ ]`, `wₖ = p(x|zₖ) p(zₖ) / q(zₖ|x)`
//!
//! The weights are given as logarithms, because they are tiny. Write the logarithm of their mean without leaving
//! logarithms: subtract the largest, as in the softmax.
// hint: largest + ln(Σ e^(ln w − largest)) − ln K. With K = 1 that is ln w itself.

/// `ln 1/K Σₖ wₖ` from the logarithms of the weights.
fn bound(log_weights: &[f64]) -> f64 {
    // hole: the logarithm of the mean of the weights, without underflow
    let largest = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = log_weights.iter().map(|ln_w| (ln_w - largest).exp()).sum();
    largest + sum.ln() - (log_weights.len() as f64).ln()
    // wrong: log_weights.iter().sum::<f64>() / log_weights.len() as f64
    // wrong: (log_weights.iter().map(|ln_w| ln_w.exp()).sum::<f64>() / log_weights.len() as f64).ln()
    // wrong: let largest = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // | largest + log_weights.iter().map(|ln_w| (ln_w - largest).exp()).sum::<f64>().ln()
    // wrong: let smallest = log_weights.iter().copied().fold(f64::INFINITY, f64::min);
    // | let sum: f64 = log_weights.iter().map(|ln_w| (ln_w - smallest).exp()).sum();
    // | smallest + sum.ln() - (log_weights.len() as f64).ln()
    // end
}

#[cfg(test)]
mod tests {
    use super::*;
    use nn::{Purpose, generator, random};

    #[test]
    fn it_is_the_logarithm_of_the_mean() {
        let yours = bound(&[1.0_f64.ln(), 3.0_f64.ln()]);
        assert!(
            (yours - 2.0_f64.ln()).abs() < 1e-15,
            "the mean of 1 and 3 is 2, and e^yours is {}",
            yours.exp()
        );
    }

    #[test]
    fn tiny_weights_do_not_vanish() {
        assert_eq!(bound(&[-2000.0, -2000.0]), -2000.0);
    }

    #[test]
    fn a_weight_that_is_far_larger_than_another_does_not_overflow() {
        let (yours, expected) = (bound(&[0.0, 1000.0]), 1000.0 - 2.0_f64.ln());
        assert!((yours - expected).abs() < 1e-12, "1000 − ln 2 = {expected}, and yours is {yours}");
    }

    #[test]
    fn more_draws_bring_it_nearer_to_the_truth() {
        // Weights with ln w ~ N(−2, 4), whose mean is 1: the truth is ln 1 = 0, and one draw gives −2 on average.
        let draws = random::normal::<f64>([40_000], &mut generator(0, Purpose::Sample, 0, 0)).to_vec();
        let log_weights: Vec<f64> = draws.iter().map(|e| 2.0 * e - 2.0).collect();
        let mean = |k: usize| log_weights.chunks(k).map(bound).sum::<f64>() / (40_000 / k) as f64;
        let (one, ten, hundred) = (mean(1), mean(10), mean(100));
        assert!(
            (one + 2.0).abs() < 0.05 && one < ten && ten < hundred && hundred < 0.0,
            "{one:.3} {ten:.3} {hundred:.3}"
        );
    }
}
