//! # Three paths
//!
//! Book: docs/src/01-by-hand.md#bars
//!
//! Now two inputs, and a whole backward pass of your own:
//!
//! > `p = a b`, `t = tanh p`, `y = t + p a`
//!
//! `p` is used by two steps, and `a` by two. Walk through the steps in reverse, and add each contribution with `+=`.
// hint: Last step first: y = t + p a gives t̄ += 1, p̄ += a, ā += p. Then t = tanh p gives p̄ += t̄ (1 − t²). Then p = a b.

/// `[∂y/∂a, ∂y/∂b]`.
fn gradient(a: f64, b: f64) -> [f64; 2] {
    let p = a * b;
    let t = p.tanh();
    let (mut a_bar, mut b_bar, mut p_bar, mut t_bar) = (0.0, 0.0, 0.0, 0.0);
    // hole: the backward pass: three steps, in reverse
    t_bar += 1.0;
    p_bar += a;
    a_bar += p;
    p_bar += t_bar * (1.0 - t * t);
    a_bar += p_bar * b;
    b_bar += p_bar * a;
    // wrong: t_bar += 1.0;
    // | a_bar += p;
    // | p_bar += t_bar * (1.0 - t * t);
    // | a_bar += p_bar * b;
    // | b_bar += p_bar * a;
    // wrong: t_bar += 1.0;
    // | p_bar += a;
    // | a_bar += p;
    // | a_bar += p_bar * b;
    // | b_bar += p_bar * a;
    // | p_bar += t_bar * (1.0 - t * t);
    // end
    [a_bar, b_bar]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn y(a: f64, b: f64) -> f64 {
        (a * b).tanh() + a * b * a
    }

    #[test]
    fn secants_in_both_directions_agree() {
        for (a, b) in [(0.5, 0.8), (-1.2, 0.3), (2.0, -0.4)] {
            let h = 1e-5;
            let by_a = (y(a + h, b) - y(a - h, b)) / (2.0 * h);
            let by_b = (y(a, b + h) - y(a, b - h)) / (2.0 * h);
            let [a_bar, b_bar] = gradient(a, b);
            assert!((a_bar - by_a).abs() < 1e-8, "ā at ({a}, {b}): a secant says {by_a}, and you {a_bar}");
            assert!((b_bar - by_b).abs() < 1e-8, "b̄ at ({a}, {b}): a secant says {by_b}, and you {b_bar}");
        }
    }
}
