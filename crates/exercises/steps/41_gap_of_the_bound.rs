//! # The gap of the bound
//!
//! Book: docs/src/11-variational.md#the-bound
//!
//! Here all integrals are known: `z ~ N(0, 1)`, `x|z ~ N(z, v)`. So `p(x) = N(0, 1 + v)`. For a proposal `q = N(m, s²)`
//! the evidence lower bound is
//!
//! > `ELBO = E_q[ ln p(x|z) ] − KL(q ‖ p)`, `E_q[ (x − z)² ] = (x − m)² + s²`
//!
//! It is never above `ln p(x)`, and it touches it if `q` is the posterior, `N(x/(1 + v), v/(1 + v))`.
// hint: E ln p(x|z) = −½ ln(2πv) − ((x − m)² + s²)/(2v), and KL = ½ (m² + s² − 1 − ln s²). TAU is 2π.

use std::f64::consts::TAU;

/// The bound for the proposal `N(m, s2)`.
fn elbo(x: f64, v: f64, m: f64, s2: f64) -> f64 {
    // hole: the reconstruction minus the divergence
    let reconstruction = -0.5 * (TAU * v).ln() - ((x - m).powi(2) + s2) / (2.0 * v);
    let divergence = 0.5 * (m * m + s2 - 1.0 - s2.ln());
    reconstruction - divergence
    // wrong: let reconstruction = -0.5 * (TAU * v).ln() - (x - m).powi(2) / (2.0 * v);
    // | let divergence = 0.5 * (m * m + s2 - 1.0 - s2.ln());
    // | reconstruction - divergence
    // wrong: let reconstruction = -0.5 * (TAU * v).ln() - ((x - m).powi(2) + s2) / (2.0 * v);
    // | let divergence = 0.5 * (m * m + s2 - 1.0 - s2.ln());
    // | reconstruction + divergence
    // wrong: -0.5 * (TAU * v).ln() - ((x - m).powi(2) + s2) / (2.0 * v)
    // end
}

/// Mean and variance of the posterior, for which the bound is tight.
fn best_proposal(x: f64, v: f64) -> (f64, f64) {
    // hole: the mean and the variance, from the text above
    (x / (1.0 + v), v / (1.0 + v))
    // wrong: (x, v)
    // wrong: (x / (1.0 + v), 1.0 / (1.0 + v))
    // end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ln_p(x: f64, v: f64) -> f64 {
        -0.5 * (TAU * (1.0 + v)).ln() - x * x / (2.0 * (1.0 + v))
    }

    #[test]
    fn the_bound_is_tight_at_the_posterior() {
        for (x, v) in [(1.7, 0.5), (-0.3, 2.0), (0.0, 0.1)] {
            let (m, s2) = best_proposal(x, v);
            let (yours, truth) = (elbo(x, v, m, s2), ln_p(x, v));
            assert!((yours - truth).abs() < 1e-12, "ln p({x}) is {truth:.6}, and your bound {yours:.6}");
        }
    }

    #[test]
    fn it_is_a_bound_and_the_gap_is_the_divergence_from_the_posterior() {
        let (x, v) = (1.7_f64, 0.5_f64);
        let (mean, variance) = (x / (1.0 + v), v / (1.0 + v));
        for (m, s2) in [(0.0, 1.0), (0.8, 0.1), (2.0, 0.5_f64)] {
            let gap = 0.5 * ((s2 + (m - mean) * (m - mean)) / variance - 1.0 - (s2 / variance).ln());
            let yours = ln_p(x, v) - elbo(x, v, m, s2);
            assert!(
                (yours - gap).abs() < 1e-12,
                "for q = N({m}, {s2}) the gap is {gap:.6}, and yours {yours:.6}"
            );
        }
    }
}
