//! # Half a derivative
//!
//! Book: docs/src/06-the-tape.md#exercises
//!
//! `x.stop_gradient()` is a constant with the value of `x`: what is computed from it does not depend on `x`, as the
//! tape sees it. Losses use this where one part should learn from another that stays as it is. Write a loss
//! `(student − teacher)²` whose gradient moves the student only.
// hint: Only one of the two is stopped: (student - teacher.stop_gradient()).square().

use autograd::Var;

/// The squared distance; a gradient goes to the student, none to the teacher.
fn distance<'t>(student: Var<'t, f64>, teacher: Var<'t, f64>) -> Var<'t, f64> {
    // hole: (student − teacher)², where the teacher is a constant
    (student - teacher.stop_gradient()).square()
    // wrong: (student - teacher).square()
    // wrong: (student.stop_gradient() - teacher).square()
    // wrong: (student - teacher).square().stop_gradient()
    // end
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Tape;

    #[test]
    fn the_value_is_the_squared_distance() {
        let tape = Tape::<f64>::new();
        assert_eq!(distance(tape.var(5.0), tape.var(2.0)).item(), 9.0);
    }

    #[test]
    fn only_the_student_learns() {
        let tape = Tape::<f64>::new();
        let weight = tape.var(2.0);
        // Both depend on the same weight, the teacher by a factor of 10.
        let slope = distance(weight * 3.0, weight * 10.0).backward().wrt(weight).item();
        assert_eq!(slope, 2.0 * (6.0 - 20.0) * 3.0, "only the path through the student, 3 w, should count");
    }
}
