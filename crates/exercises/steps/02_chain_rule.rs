//! # The chain rule, backwards
//!
//! Book: docs/src/01-by-hand.md#the-chain-rule
//!
//! `y = sin(x²)` has two steps, `u = x²` and `y = sin u`. The forward pass computes and remembers. The backward pass
//! goes from the last step to the first. Each of its lines takes the bar of a result, and multiplies it by the slope of
//! one step:
//!
//! > `ȳ = 1`, `ū = ȳ · dy/du`, `x̄ = ū · du/dx`
// hint: dy/du is cos u, and du/dx is 2x. The backward pass may use what the forward pass has computed: u is there.

/// `y = sin(x²)`, and `dy/dx`.
fn value_and_slope(x: f64) -> (f64, f64) {
    let u = x * x;
    let y = u.sin();
    let y_bar = 1.0;
    let u_bar: f64 = {
        // hole: ū, from ȳ and the slope of the sine at u
        y_bar * u.cos()
        // wrong: y_bar * x.cos()
        // wrong: y_bar * u.sin()
        // end
    };
    let x_bar: f64 = {
        // hole: x̄, from ū and the slope of x²
        u_bar * 2.0 * x
        // wrong: u_bar + 2.0 * x
        // wrong: u_bar * 2.0 * u
        // end
    };
    (y, x_bar)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secant_agrees_at_many_places() {
        for x in [-1.5, -0.3, 0.4, 0.7, 2.0_f64] {
            let f = |x: f64| (x * x).sin();
            let secant = (f(x + 1e-5) - f(x - 1e-5)) / 2e-5;
            let (_, slope) = value_and_slope(x);
            assert!(
                (slope - secant).abs() < 1e-8,
                "at {x} a secant says {secant}, and your chain rule {slope}"
            );
        }
    }

    #[test]
    fn at_0_the_first_step_is_flat_and_so_is_all() {
        assert_eq!(value_and_slope(0.0), (0.0, 0.0));
    }
}
