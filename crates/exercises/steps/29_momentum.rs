//! # Momentum
//!
//! Book: docs/src/08-layers.md#optimizers
//!
//! In a long narrow valley gradient descent bounces from wall to wall, and hardly moves along the floor. A velocity that
//! adds up gradients cures this: the bounces cancel, and the way along the floor adds up.
//!
//! > `u ← μ u + g`, `w ← w − η u`
// hint: velocity[i] = momentum * velocity[i] + gradient[i]. Then the place moves against rate * velocity[i].

/// A step with momentum, in place.
fn step(at: &mut [f64; 2], velocity: &mut [f64; 2], gradient: [f64; 2], rate: f64, momentum: f64) {
    for i in 0..2 {
        // hole: first the velocity, then the place
        velocity[i] = momentum * velocity[i] + gradient[i];
        at[i] -= rate * velocity[i];
        // wrong: at[i] -= rate * gradient[i];
        // wrong: at[i] -= rate * velocity[i];
        // | velocity[i] = momentum * velocity[i] + gradient[i];
        // wrong: velocity[i] += gradient[i];
        // | at[i] -= rate * velocity[i];
        // end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_steps_by_hand() {
        let (mut at, mut velocity) = ([1.0, 1.0], [0.0, 0.0]);
        step(&mut at, &mut velocity, [2.0, -4.0], 0.1, 0.5);
        assert_eq!((at, velocity), ([0.8, 1.4], [2.0, -4.0]));
        step(&mut at, &mut velocity, [2.0, 0.0], 0.1, 0.5);
        assert_eq!(velocity, [3.0, -2.0]);
        assert!(
            (at[0] - 0.5).abs() < 1e-15 && (at[1] - 1.6).abs() < 1e-15,
            "expected [0.5, 1.6], got {at:?}"
        );
    }

    #[test]
    fn it_reaches_the_end_of_a_narrow_valley_five_times_sooner() {
        // f = ½ (x² + 400 y²)
        let steps = |momentum| {
            let (mut at, mut velocity) = ([1.0, 1.0], [0.0, 0.0]);
            (0..10_000).find(|_| {
                let gradient = [at[0], 400.0 * at[1]];
                step(&mut at, &mut velocity, gradient, 0.0045, momentum);
                at[0] * at[0] + 400.0 * at[1] * at[1] < 2e-6
            })
        };
        let (plain, fast) = (steps(0.0).unwrap_or(10_000), steps(0.9).unwrap_or(10_000));
        assert!(plain > 5 * fast, "without momentum {plain} steps, with it {fast}");
    }
}
