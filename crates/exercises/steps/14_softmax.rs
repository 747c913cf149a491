//! # Softmax
//!
//! Book: docs/src/03-a-network.md#more-than-two-classes
//!
//! With `k` classes the network has `k` scores. The softmax makes probabilities of them:
//!
//! > `pᵢ = e^sᵢ / Σⱼ e^sⱼ`
//!
//! `e^1000` overflows. But the softmax does not change if the same number is subtracted from all scores, so subtract
//! the largest.
// hint: largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max). The exponentials of s - largest, their sum, and each divided by it.

/// Probabilities of the classes.
fn softmax(scores: &[f64]) -> Vec<f64> {
    // hole: e^(s − largest), divided by their sum
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|s| (s - largest).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
    // wrong: let total: f64 = scores.iter().map(|s| s.exp()).sum();
    // | scores.iter().map(|s| s.exp() / total).collect()
    // wrong: let total: f64 = scores.iter().sum();
    // | scores.iter().map(|s| s / total).collect()
    // wrong: let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // | scores.iter().map(|s| (s - largest).exp()).collect()
    // wrong: let largest = scores.iter().copied().fold(0.0, f64::max);
    // | let powers: Vec<f64> = scores.iter().map(|s| (s - largest).exp()).collect();
    // | let total: f64 = powers.iter().sum();
    // | powers.iter().map(|power| power / total).collect()
    // end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_scores_have_equal_probabilities() {
        assert_eq!(softmax(&[3.0; 4]), [0.25; 4]);
    }

    #[test]
    fn a_difference_of_ln_3_makes_three_times_the_probability() {
        let p = softmax(&[3.0_f64.ln(), 0.0]);
        assert!(
            (p[0] - 0.75).abs() < 1e-15 && (p[1] - 0.25).abs() < 1e-15,
            "expected [0.75, 0.25], got {p:?}"
        );
    }

    #[test]
    fn large_scores_do_not_overflow() {
        let p = softmax(&[1000.0, 1000.0, -1000.0]);
        assert_eq!(p, [0.5, 0.5, 0.0]);
    }

    #[test]
    fn scores_far_below_0_do_not_vanish() {
        assert_eq!(softmax(&[-1000.0, -1000.0]), [0.5, 0.5]);
    }
}
