//! # Lab 2: an optimizer race
//!
//! Book: docs/src/08-layers.md#optimizers
//!
//! Two valleys, and four ways to the bottom. The gradients come from the tape. You write the rules, and choose their
//! rates.
//!
//! 1. (10 minutes) `gradient`: height and gradient of a valley at a place.
//! 2. (15 minutes) `Momentum`, 3. (20 minutes) `Adam`: their rules, and a rate for each valley.
//! 4. (25 minutes) `newton`: a step by gradient and Hessian that does not go uphill.
//! 5. (20 minutes) `rates`: the best ones that you can find. What does a rate that is a little too large look like?
// hint: Newton: solve H s = g for two numbers by hand, s = (H₁₁ g₀ − H₀₁ g₁, H₀₀ g₁ − H₀₁ g₀) / det. Where det or H₀₀ is not positive, or the step would raise the height, follow the gradient or halve the step until the height falls.
// marks: the_tape_gives_heights_and_gradients 10, momentum_adds_up_what_repeats 10, adam_steps_by_its_rate 15
// marks: descent_reaches_the_end_of_the_narrow_valley 10, momentum_is_at_least_five_times_as_fast 15
// marks: adam_follows_the_banana 15, newton_needs_one_step_in_a_parabola 10, newton_wins_in_the_banana 15

use autograd::{Tape, Tensor, Var};

/// A function of two numbers, given as a variable of shape `[2]`.
type Valley = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;

/// One of two numbers.
fn part(at: Var<'_, f64>, i: usize) -> Var<'_, f64> {
    at.slice(0, i..i + 1).sum()
}

/// `½ (x² + 400 y²)`: a narrow valley.
fn narrow(at: Var<'_, f64>) -> Var<'_, f64> {
    (part(at, 0).square() + part(at, 1).square() * 400.0) * 0.5
}

/// `(1 − x)² + 100 (y − x²)²`: a curved one, called banana (Rosenbrock 1960).
fn banana(at: Var<'_, f64>) -> Var<'_, f64> {
    let (x, y) = (part(at, 0), part(at, 1));
    (x - 1.0).square() + (y - x.square()).square() * 100.0
}

/// Height and gradient of a valley.
fn gradient(valley: Valley, at: [f64; 2]) -> (f64, [f64; 2]) {
    // hole: a tape, a variable of shape [2], the valley, and its gradient
    let tape = Tape::new();
    let x = tape.var(Tensor::from_vec([2], at.to_vec()));
    let height = valley(x);
    let g = height.backward().wrt(x).to_vec();
    (height.item(), [g[0], g[1]])
    // end
}

/// A rule for the steps: given the gradient, where to go from here.
trait Rule {
    /// The way from here to the next place.
    fn step(&mut self, gradient: [f64; 2]) -> [f64; 2];
}

/// `w ← w − η g`.
struct Descent {
    rate: f64,
}

impl Rule for Descent {
    fn step(&mut self, g: [f64; 2]) -> [f64; 2] {
        g.map(|g| -self.rate * g)
    }
}

/// `u ← μ u + g`, `w ← w − η u`.
struct Momentum {
    rate: f64,
    momentum: f64,
    velocity: [f64; 2],
}

impl Rule for Momentum {
    fn step(&mut self, g: [f64; 2]) -> [f64; 2] {
        // hole: update the velocity, and return the step −η u
        self.velocity = [0, 1].map(|i| self.momentum * self.velocity[i] + g[i]);
        self.velocity.map(|u| -self.rate * u)
        // wrong: g.map(|g| -self.rate * g)
        // end
    }
}

/// Adam with `β₁ = 0.9`, `β₂ = 0.999`, `ε = 10⁻⁸`.
#[derive(Default)]
struct Adam {
    rate: f64,
    m: [f64; 2],
    v: [f64; 2],
    t: i32,
}

impl Rule for Adam {
    fn step(&mut self, g: [f64; 2]) -> [f64; 2] {
        // hole: count, update both means, correct them, and return the step
        self.t += 1;
        [0, 1].map(|i| {
            self.m[i] = 0.9 * self.m[i] + 0.1 * g[i];
            self.v[i] = 0.999 * self.v[i] + 0.001 * g[i] * g[i];
            let m_hat = self.m[i] / (1.0 - 0.9_f64.powi(self.t));
            let v_hat = self.v[i] / (1.0 - 0.999_f64.powi(self.t));
            -self.rate * m_hat / (v_hat.sqrt() + 1e-8)
        })
        // wrong: g.map(|g| -self.rate * g.signum())
        // end
    }
}

/// Steps until the valley's height is below 10⁻⁶, from `at`; `None` if it takes more than 20,000.
fn race(valley: Valley, mut at: [f64; 2], rule: &mut dyn Rule) -> Option<usize> {
    for step in 0..20_000 {
        let (height, g) = gradient(valley, at);
        if height < 1e-6 {
            return Some(step);
        }
        let way = rule.step(g);
        at = [at[0] + way[0], at[1] + way[1]];
    }
    None
}

/// Your rates: of descent and momentum in the narrow valley, and of Adam in the banana.
fn rates() -> [f64; 3] {
    // hole: three rates
    [0.0045, 0.0045, 0.03]
    // wrong: [0.006, 0.0045, 0.03]
    // wrong: [0.0045, 0.00001, 0.03]
    // wrong: [0.0045, 0.0045, 0.00001]
    // end
}

/// The next place of Newton's method, `at − s H⁻¹ g`, which must not be higher than `at`.
fn newton(valley: Valley, at: [f64; 2]) -> [f64; 2] {
    let tape = Tape::new();
    let x = tape.var(Tensor::from_vec([2], at.to_vec()));
    let height = valley(x);
    let h = height.hessian(x).value(); // [2, 2]
    let (here, g) = gradient(valley, at);
    // hole: solve H s = g; where H is not positive definite take s = g; halve the step until the height falls
    let det = h[[0, 0]] * h[[1, 1]] - h[[0, 1]] * h[[0, 1]];
    let mut way = if det > 0.0 && h[[0, 0]] > 0.0 {
        [(h[[1, 1]] * g[0] - h[[0, 1]] * g[1]) / det, (h[[0, 0]] * g[1] - h[[0, 1]] * g[0]) / det]
    } else {
        g
    };
    for _ in 0..60 {
        let next = [at[0] - way[0], at[1] - way[1]];
        if gradient(valley, next).0 <= here {
            return next;
        }
        way = way.map(|way| way / 2.0);
    }
    at
    // wrong: [at[0] - 0.001 * g[0], at[1] - 0.001 * g[1]]
    // end
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: [f64; 2] = [-1.2, 1.0];

    #[test]
    fn the_tape_gives_heights_and_gradients() {
        assert_eq!(gradient(narrow, [3.0, 0.5]), (54.5, [3.0, 200.0]));
        assert_eq!(gradient(banana, [0.0, 1.0]), (101.0, [-2.0, 200.0]));
    }

    #[test]
    fn momentum_adds_up_what_repeats() {
        let mut rule = Momentum { rate: 0.1, momentum: 0.5, velocity: [0.0; 2] };
        rule.step([1.0, 1.0]);
        let second = rule.step([1.0, -0.5]);
        assert!(
            (second[0] + 0.15).abs() < 1e-15 && second[1].abs() < 1e-15,
            "expected [−0.15, 0], got {second:?}"
        );
    }

    #[test]
    fn adam_steps_by_its_rate() {
        let mut rule = Adam { rate: 0.1, ..Adam::default() };
        let first = rule.step([1000.0, -1e-3]);
        assert!(
            (first[0] + 0.1).abs() < 1e-5 && (first[1] - 0.1).abs() < 1e-5,
            "the first step is {first:?}"
        );
        let second = rule.step([-1000.0, -1e-3]);
        assert!(second[0].abs() < 0.01 && (second[1] - 0.1).abs() < 1e-5, "the second step is {second:?}");
    }

    #[test]
    fn descent_reaches_the_end_of_the_narrow_valley() {
        let steps = race(narrow, [1.0, 1.0], &mut Descent { rate: rates()[0] });
        assert!(steps.is_some_and(|steps| steps < 2000), "within 2000 steps, and it takes {steps:?}");
    }

    #[test]
    fn momentum_is_at_least_five_times_as_fast() {
        let [rate, with_momentum, _] = rates();
        let plain = race(narrow, [1.0, 1.0], &mut Descent { rate }).unwrap_or(20_000);
        let mut rule = Momentum { rate: with_momentum, momentum: 0.9, velocity: [0.0; 2] };
        let fast = race(narrow, [1.0, 1.0], &mut rule).unwrap_or(20_000);
        assert!(plain.min(2000) > 5 * fast, "plain descent takes {plain} steps, momentum {fast}");
    }

    #[test]
    fn adam_follows_the_banana() {
        let steps = race(banana, START, &mut Adam { rate: rates()[2], ..Adam::default() });
        assert!(steps.is_some_and(|steps| steps < 3000), "within 3000 steps, and it takes {steps:?}");
    }

    #[test]
    fn newton_needs_one_step_in_a_parabola() {
        let at = newton(narrow, [5.0, -3.0]);
        assert!(at[0].abs() < 1e-12 && at[1].abs() < 1e-12, "one step leads to {at:?}");
    }

    #[test]
    fn newton_wins_in_the_banana() {
        let mut at = START;
        for step in 0.. {
            let (height, _) = gradient(banana, at);
            if height < 1e-6 {
                break;
            }
            let next = newton(banana, at);
            assert!(gradient(banana, next).0 <= height, "step {step} goes uphill");
            assert!(step < 40, "40 steps are enough, and you are still at {at:?}");
            at = next;
        }
    }
}
