//! # The logistic loss
//!
//! Book: docs/src/03-a-network.md#the-loss
//!
//! A network gives a score `s`, and the class is `t = +1` or `−1`. The loss of an example should be small if `s` has the
//! sign of `t`, and smooth, so that it has a slope:
//!
//! > `loss = ln(1 + e^(−t s))`
//!
//! For `t s = −1000` the exponential overflows. Write it so that it does not: `ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|)`.
// hint: Call x = −t s. Then x.max(0.0) + (-x.abs()).exp().ln_1p(). ln_1p(u) is ln(1 + u), exact for small u.

/// The loss of a score for an example of class `t`.
fn loss(score: f64, t: f64) -> f64 {
    // hole: ln(1 + e^(−t s)), without overflow
    let x = -t * score;
    x.max(0.0) + (-x.abs()).exp().ln_1p()
    // wrong: (1.0 + (-t * score).exp()).ln()
    // wrong: (t * score).max(0.0) + (-(t * score).abs()).exp().ln_1p()
    // wrong: (-t * score).max(0.0)
    // end
}

/// The slope of the loss with respect to the score. With `σ(x) = 1 / (1 + e⁻ˣ)`, the slope of `ln(1 + eˣ)` is `σ(x)`.
fn slope(score: f64, t: f64) -> f64 {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    // hole: the slope, by the chain rule: x = −t s
    -t * sigmoid(-t * score)
    // wrong: sigmoid(-t * score)
    // wrong: -t * sigmoid(t * score)
    // end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_of_0_costs_ln_2_whatever_the_class() {
        for t in [1.0, -1.0] {
            assert!(
                (loss(0.0, t) - 2.0_f64.ln()).abs() < 1e-15,
                "loss(0, {t}) should be ln 2 = 0.693, not {}",
                loss(0.0, t)
            );
        }
    }

    #[test]
    fn the_more_wrong_the_more_expensive() {
        assert!(loss(3.0, 1.0) < 0.05 && loss(-3.0, 1.0) > 3.0, "{} {}", loss(3.0, 1.0), loss(-3.0, 1.0));
        assert!(loss(-3.0, -1.0) < 0.05 && loss(3.0, -1.0) > 3.0, "{} {}", loss(-3.0, -1.0), loss(3.0, -1.0));
    }

    #[test]
    fn nothing_overflows() {
        assert_eq!(loss(-1000.0, 1.0), 1000.0);
        assert_eq!(loss(1000.0, 1.0), 0.0);
    }

    #[test]
    fn the_slope_is_that_of_a_secant() {
        for (s, t) in [(0.3, 1.0), (-2.0, 1.0), (0.3, -1.0), (1.5, -1.0)] {
            let secant = (loss(s + 1e-5, t) - loss(s - 1e-5, t)) / 2e-5;
            assert!(
                (slope(s, t) - secant).abs() < 1e-8,
                "at ({s}, {t}) a secant says {secant}, and you {}",
                slope(s, t)
            );
        }
    }
}
