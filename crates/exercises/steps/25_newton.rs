//! # A derivative of a derivative
//!
//! Book: docs/src/07-higher-orders.md#exercises
//!
//! `y.grad([x])` is the gradient as a variable: it can be differentiated again. Newton's method uses it to find the
//! lowest point of a function. It goes where the parabola with the same slope and curvature is lowest:
//!
//! > `x ← x − f′(x) / f″(x)`
// hint: let [slope] = f(x).grad([x]); let [curvature] = slope.grad([x]); the new x is the old one minus slope.item() / curvature.item().
// new: grad

use autograd::{Tape, Var};

/// A function of one variable.
type Function = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;

/// The place after one step of Newton's method.
fn newton(f: Function, at: f64) -> f64 {
    let tape = Tape::<f64>::new();
    let x = tape.var(at);
    // hole: at − f′(x) / f″(x), with grad used twice
    let [slope] = f(x).grad([x]);
    let [curvature] = slope.grad([x]);
    at - slope.item() / curvature.item()
    // wrong: let [slope] = f(x).grad([x]);
    // | at - f(x).item() / slope.item()
    // wrong: let [slope] = f(x).grad([x]);
    // | at - slope.item()
    // wrong: let [slope] = f(x).grad([x]);
    // | let [curvature] = slope.grad([x]);
    // | at + slope.item() / curvature.item()
    // end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parabola_needs_one_step() {
        let at = newton(|x| (x - 3.0).square() * 5.0 + 1.0, -40.0);
        assert!((at - 3.0).abs() < 1e-12, "the lowest point is 3, and you are at {at}");
    }

    #[test]
    fn five_steps_reach_the_lowest_point_of_a_catenary() {
        let mut at = 1.0;
        for _ in 0..5 {
            at = newton(|x| (x - 0.3).cosh(), at);
        }
        assert!((at - 0.3).abs() < 1e-12, "cosh(x − 0.3) is lowest at 0.3, and you are at {at}");
    }
}
