//! # Downhill
//!
//! Book: docs/src/02-scalar-tape.md#exercises
//!
//! The gradient points uphill. To make `f` smaller, go the other way, by a step that is small enough, again and again:
//!
//! > `a ← a − η ā`, `b ← b − η b̄`
//!
//! Each step needs a new tape, since its values are new. Write one step.
// hint: adjoint has the adjoints of all nodes, and a.id is the number of the node of a: the result is [at[0] - rate * adjoint[a.id], …].

use exercises::scalar::{Tape, Var};

/// A function of two variables.
type Function = for<'t> fn(Var<'t>, Var<'t>) -> Var<'t>;

/// The place after one step of gradient descent.
fn step(f: Function, at: [f64; 2], rate: f64) -> [f64; 2] {
    let tape = Tape::default();
    let (a, b) = (tape.var(at[0]), tape.var(at[1]));
    let adjoint = f(a, b).backward();
    // hole: the place a step downhill from at
    [at[0] - rate * adjoint[a.id], at[1] - rate * adjoint[b.id]]
    // wrong: [at[0] + rate * adjoint[a.id], at[1] + rate * adjoint[b.id]]
    // wrong: [at[0] - adjoint[a.id], at[1] - adjoint[b.id]]
    // wrong: [at[0] - rate * adjoint[a.id], at[1] - rate * adjoint[a.id]]
    // end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_step_goes_against_the_gradient() {
        // f = a b has the gradient (b, a).
        assert_eq!(step(|a, b| a * b, [2.0, 3.0], 0.1), [2.0 - 0.1 * 3.0, 3.0 - 0.1 * 2.0]);
    }

    #[test]
    fn a_hundred_steps_reach_the_lowest_point() {
        // f = (a − 1)² + (b + 2)² + 3
        let f: Function = |a, b| {
            let (one, two) = (a.tape.var(-1.0), a.tape.var(2.0));
            (a + one) * (a + one) + (b + two) * (b + two) + a.tape.var(3.0)
        };
        let mut at = [5.0, 5.0];
        for _ in 0..100 {
            at = step(f, at, 0.1);
        }
        assert!(
            (at[0] - 1.0).abs() < 1e-6 && (at[1] + 2.0).abs() < 1e-6,
            "the lowest point is (1, −2), and you are at {at:?}"
        );
    }
}
