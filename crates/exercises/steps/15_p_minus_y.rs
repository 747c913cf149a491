//! # The prediction minus the truth
//!
//! Book: docs/src/03-a-network.md#more-than-two-classes
//!
//! The loss of an example of class `c` is the cross-entropy, `L = −ln p_c = −s_c + ln Σⱼ e^sⱼ`. Differentiate it with
//! respect to every score. The result is the simplest gradient of this book.
// hint: The first term gives −1 at the true class. The second gives e^sᵢ / Σ e^sⱼ, which is pᵢ. Together pᵢ − yᵢ, with y = 1 at the true class and 0 elsewhere.

/// Probabilities of the classes.
fn softmax(scores: &[f64]) -> Vec<f64> {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|s| (s - largest).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
}

/// `−ln p` of the true class.
fn cross_entropy(scores: &[f64], class: usize) -> f64 {
    -softmax(scores)[class].ln()
}

/// `∂L/∂sᵢ` for every score.
fn gradient(scores: &[f64], class: usize) -> Vec<f64> {
    // hole: the derivative of −s_c + ln Σⱼ e^sⱼ with respect to each sᵢ
    let mut gradient = softmax(scores);
    gradient[class] -= 1.0;
    gradient
    // wrong: softmax(scores)
    // wrong: let mut gradient = softmax(scores);
    // | gradient[class] += 1.0;
    // | gradient
    // wrong: let p = softmax(scores);
    // | (0..p.len()).map(|i| if i == class { -1.0 / p[i] } else { 0.0 }).collect()
    // end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secants_agree_for_every_score() {
        let scores = [2.0, -1.0, 0.5];
        for class in 0..3 {
            let gradient = gradient(&scores, class);
            for i in 0..3 {
                let moved = |h: f64| {
                    let mut scores = scores;
                    scores[i] += h;
                    cross_entropy(&scores, class)
                };
                let secant = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                let yours = gradient[i];
                assert!(
                    (yours - secant).abs() < 1e-8,
                    "class {class}, score {i}: a secant says {secant}, and you {yours}"
                );
            }
        }
    }

    #[test]
    fn it_adds_up_to_0_as_the_softmax_ignores_a_common_shift() {
        let total: f64 = gradient(&[0.3, 1.2, -4.0, 2.0], 1).iter().sum();
        assert!(total.abs() < 1e-15, "the sum is {total}");
    }
}
