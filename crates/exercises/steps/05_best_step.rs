//! # The best step of a secant
//!
//! Book: docs/src/01-by-hand.md#exercises
//!
//! A secant has two errors. With a large `h` it is not the tangent: an error of about `h²`. With a small `h` the two
//! values of `f` are nearly equal, and their difference is mostly rounding: an error of about `10⁻¹⁶ / h`. Find, by
//! trying, for which `k` from 1 to 12 the step `h = 10⁻ᵏ` has the smallest error.
// hint: (1..=12).min_by(|a, b| …) compares error(*a) with error(*b); f64 has total_cmp. Or a loop that keeps the best.

/// The slope of the secant through `x − h` and `x + h`.
fn secant(f: &dyn Fn(f64) -> f64, x: f64, h: f64) -> f64 {
    (f(x + h) - f(x - h)) / (2.0 * h)
}

/// The `k` for which the secant of `f` with `h = 10⁻ᵏ` is nearest to the true `slope`. At a single place rounding errors
/// may be small by luck, so the error of a step is the largest among a hundred places.
fn best_power(f: &dyn Fn(f64) -> f64, slope: &dyn Fn(f64) -> f64) -> i32 {
    let error = |k: i32| {
        let at = |i| 0.7 + 1e-3 * f64::from(i);
        (0..100).map(|i| (secant(f, at(i), 10_f64.powi(-k)) - slope(at(i))).abs()).fold(0.0, f64::max)
    };
    // hole: the k from 1 to 12 with the smallest error(k)
    (1..=12).min_by(|a, b| error(*a).total_cmp(&error(*b))).unwrap_or(1)
    // wrong: (1..=12).max_by(|a, b| error(*a).total_cmp(&error(*b))).unwrap_or(1)
    // wrong: 12
    // wrong: 5
    // wrong: 4
    // wrong: (1..=12).find(|k| error(*k) < 1e-3).unwrap_or(1)
    // end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_the_largest_step_is_best_nor_the_smallest() {
        let k = best_power(&|x| (x * x).tanh(), &|x| 2.0 * x / (x * x).cosh().powi(2));
        assert!(
            (4..=7).contains(&k),
            "the best step for tanh(x²) is about 10⁻⁵ or 10⁻⁶, and yours is 10^−{k}"
        );
    }

    #[test]
    fn a_function_that_bends_more_needs_a_smaller_step() {
        let k = best_power(&|x| (1000.0 * x).sin(), &|x| 1000.0 * (1000.0 * x).cos());
        assert!((6..=8).contains(&k), "the best step for sin(1000 x) is about 10⁻⁷, and yours is 10^−{k}");
    }

    #[test]
    fn for_a_straight_line_any_step_will_do_and_large_ones_round_least() {
        let k = best_power(&|x| 3.0 * x, &|_| 3.0);
        assert!(k < 6, "a straight line has no error of h², so a large step is best, and yours is 10^−{k}");
    }
}
