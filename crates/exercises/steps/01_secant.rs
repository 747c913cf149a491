//! # The slope of a secant
//!
//! Book: docs/src/01-by-hand.md#the-slope-of-a-secant
//!
//! How fast does `f` change when `x` changes? Move `x` by `h` to both sides, and divide the change of `f` by the
//! change of `x`:
//!
//! > `f′(x) ≈ (f(x + h) − f(x − h)) / 2h`
//!
//! Put your line in place of `exercises::blank(…)`, save, and run `cargo run -p exercises` again.
// hint: The formula above is the answer, nearly letter by letter. Mind the brackets around 2h: in Rust, a / 2.0 * h is (a / 2.0) * h.

/// The slope of the secant through `x − h` and `x + h`.
fn secant(f: impl Fn(f64) -> f64, x: f64, h: f64) -> f64 {
    // hole: the slope of the secant through x − h and x + h
    (f(x + h) - f(x - h)) / (2.0 * h)
    // wrong: (f(x + h) - f(x)) / h
    // wrong: (f(x + h) - f(x - h)) / 2.0 * h
    // wrong: (f(x + h) - f(x - h)) / h
    // end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_has_the_same_slope_everywhere() {
        let slope = secant(|x| 3.0 * x + 1.0, 10.0, 0.5);
        assert!((slope - 3.0).abs() < 1e-12, "the slope of 3 x + 1 is 3, and yours is {slope}");
    }

    #[test]
    fn a_parabola_is_exact_too_as_its_errors_cancel() {
        let slope = secant(|x| x * x, 2.0, 0.25);
        assert!(
            (slope - 4.0).abs() < 1e-12,
            "the slope of x² at 2 is 4, and yours is {slope}: are both sides used?"
        );
    }

    #[test]
    fn the_function_of_chapter_1_has_its_slope() {
        let slope = secant(|x| (x * x).tanh(), 0.7, 1e-5);
        assert!(
            (slope - 1.111162).abs() < 1e-6,
            "tanh(x²) at 0.7 has the slope 1.111162, and yours is {slope}"
        );
    }
}
