//! # New operations
//!
//! Book: docs/src/02-scalar-tape.md#exercises
//!
//! The tape of the last two steps is finished now: `exercises::scalar` has it, with `+` and `*` on variables. An
//! operation is a call of `push`: the value, and for each input its number and slope. Add `exp`, and division.
// hint: exp is its own slope. y = a / b has the slope 1/b for a, and −a/b² = −y/b for b.

use exercises::scalar::{Tape, Var};

/// `eˣ`.
fn exp(x: Var<'_>) -> Var<'_> {
    // hole: push eˣ with its slope onto x.tape
    let y = x.value().exp();
    x.tape.push(y, vec![(x.id, y)])
    // wrong: x.tape.push(x.value().exp(), vec![(x.id, x.value())])
    // wrong: x.tape.push(x.value().exp(), vec![])
    // end
}

/// `a / b`.
fn quotient<'t>(a: Var<'t>, b: Var<'t>) -> Var<'t> {
    // hole: push a / b with both slopes
    let y = a.value() / b.value();
    a.tape.push(y, vec![(a.id, 1.0 / b.value()), (b.id, -y / b.value())])
    // wrong: a.tape.push(a.value() / b.value(), vec![(a.id, 1.0 / b.value()), (b.id, a.value() / b.value().powi(2))])
    // wrong: a.tape.push(a.value() / b.value(), vec![(a.id, 1.0 / b.value()), (b.id, 1.0 / a.value())])
    // end
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Insists that the slope of `f` at `x` is that of a secant.
    fn compare(f: fn(Var<'_>) -> Var<'_>, x: f64) {
        let value = |x: f64| f(Tape::default().var(x)).value();
        let secant = (value(x + 1e-5) - value(x - 1e-5)) / 2e-5;
        let tape = Tape::default();
        let x = tape.var(x);
        let slope = f(x).backward()[x.id];
        assert!(
            (slope - secant).abs() < 1e-8 * (1.0 + secant.abs()),
            "at {}: a secant says {secant}, the tape {slope}",
            x.value()
        );
    }

    #[test]
    fn exp_has_its_slope() {
        [-1.0, 0.0, 0.4, 2.0].into_iter().for_each(|x| compare(exp, x));
    }

    #[test]
    fn a_quotient_has_a_slope_for_what_is_above() {
        [-1.0, 0.4, 2.0].into_iter().for_each(|x| compare(|x| quotient(x, x.tape.var(3.0)), x));
    }

    #[test]
    fn a_quotient_has_a_slope_for_what_is_below() {
        [-1.0, 0.4, 2.0].into_iter().for_each(|x| compare(|x| quotient(x.tape.var(3.0), x), x));
    }

    #[test]
    fn the_logistic_function_is_made_of_both() {
        [-1.0, 0.4, 2.0].into_iter().for_each(|x| compare(|x| quotient(exp(x), x.tape.var(1.0) + exp(x)), x));
    }
}
