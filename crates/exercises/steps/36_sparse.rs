//! # A penalty that switches off
//!
//! Book: docs/src/10-penalties.md#sparse-a-penalty-for-each-unit
//!
//! A sparse autoencoder adds `λ Σⱼ |hⱼ|` to its loss. For a single unit: which `h ≥ 0` makes `(x − h)² + λ h` smallest?
//! And which one `(x − h)² + λ h²`? One of them is exactly 0 for small `x`, the other never is.
// hint: Set the derivative to 0: −2(x − h) + λ = 0 gives h = x − λ/2, as long as that is positive. −2(x − h) + 2λh = 0 gives h = x / (1 + λ).

/// The `h ≥ 0` with the smallest `(x − h)² + λ h`.
fn best_with_absolute(x: f64, lambda: f64) -> f64 {
    // hole: the lowest point, or 0 where it would be negative
    (x - lambda / 2.0).max(0.0)
    // wrong: (x - lambda).max(0.0)
    // wrong: x - lambda / 2.0
    // end
}

/// The `h ≥ 0` with the smallest `(x − h)² + λ h²`, for `x ≥ 0`.
fn best_with_square(x: f64, lambda: f64) -> f64 {
    // hole: the lowest point
    x / (1.0 + lambda)
    // wrong: (x - lambda / 2.0).max(0.0)
    // wrong: x / lambda
    // end
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The best of many places.
    fn by_trying(loss: impl Fn(f64) -> f64) -> f64 {
        let places = (0..=40_000).map(|i| f64::from(i) * 1e-4);
        places.min_by(|a, b| loss(*a).total_cmp(&loss(*b))).unwrap()
    }

    #[test]
    fn no_place_is_better_than_the_first() {
        for (x, lambda) in [(2.0, 1.0), (0.4, 1.0), (1.0, 0.2), (3.0, 4.0)] {
            let (best, yours) =
                (by_trying(|h| (x - h) * (x - h) + lambda * h), best_with_absolute(x, lambda));
            assert!(
                (best - yours).abs() < 2e-4,
                "for x = {x} and λ = {lambda}, {best:.4} is best, and yours is {yours:.4}"
            );
        }
    }

    #[test]
    fn no_place_is_better_than_the_second() {
        for (x, lambda) in [(2.0, 1.0), (0.4, 1.0), (1.0, 0.2), (3.0, 4.0)] {
            let (best, yours) =
                (by_trying(|h| (x - h) * (x - h) + lambda * h * h), best_with_square(x, lambda));
            assert!(
                (best - yours).abs() < 2e-4,
                "for x = {x} and λ = {lambda}, {best:.4} is best, and yours is {yours:.4}"
            );
        }
    }

    #[test]
    fn only_the_first_switches_off() {
        assert_eq!(best_with_absolute(0.4, 1.0), 0.0);
        assert!(best_with_square(0.4, 1.0) > 0.0);
    }
}
