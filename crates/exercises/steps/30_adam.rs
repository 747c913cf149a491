//! # Adam
//!
//! Book: docs/src/08-layers.md#optimizers
//!
//! Adam keeps a running mean `m` of the gradient, and a running mean `v` of its square. A weight steps by about `η` if
//! its gradient keeps its sign, whatever its size:
//!
//! > `m ← β₁ m + (1 − β₁) g`, `v ← β₂ v + (1 − β₂) g²`
//! >
//! > `w ← w − η · m̂ / (√v̂ + ε)`, `m̂ = m / (1 − β₁ᵗ)`, `v̂ = v / (1 − β₂ᵗ)`
//!
//! `t` counts the steps from 1; `β₁ = 0.9`, `β₂ = 0.999`, `ε = 10⁻⁸`.
// hint: self.t += 1 first. Then the two means, then m_hat = self.m / (1.0 - 0.9_f64.powi(self.t)), the same for v with 0.999; return w - rate * m_hat / (v_hat.sqrt() + 1e-8).
// new: Adam

/// The running means that Adam keeps for one weight.
#[derive(Default)]
struct Adam {
    m: f64,
    v: f64,
    t: i32,
}

impl Adam {
    /// The weight after a step with the learning rate `rate`.
    fn step(&mut self, w: f64, g: f64, rate: f64) -> f64 {
        // hole: count the step, update both means, correct them, and go
        self.t += 1;
        self.m = 0.9 * self.m + 0.1 * g;
        self.v = 0.999 * self.v + 0.001 * g * g;
        let m_hat = self.m / (1.0 - 0.9_f64.powi(self.t));
        let v_hat = self.v / (1.0 - 0.999_f64.powi(self.t));
        w - rate * m_hat / (v_hat.sqrt() + 1e-8)
        // wrong: self.t += 1;
        // | self.m = 0.9 * self.m + 0.1 * g;
        // | self.v = 0.999 * self.v + 0.001 * g * g;
        // | w - rate * self.m / (self.v.sqrt() + 1e-8)
        // wrong: self.t += 1;
        // | self.m = 0.9 * self.m + 0.1 * g;
        // | self.v = 0.999 * self.v + 0.001 * g * g;
        // | let m_hat = self.m / (1.0 - 0.9_f64.powi(self.t));
        // | let v_hat = self.v / (1.0 - 0.999_f64.powi(self.t));
        // | w - rate * m_hat / (v_hat + 1e-8)
        // wrong: self.t += 1;
        // | self.m = 0.9 * self.m + 0.1 * g;
        // | self.v = 0.999 * self.v + 0.001 * g * g;
        // | let m_hat = self.m / (1.0 - 0.9_f64.powi(self.t));
        // | let v_hat = self.v / (1.0 - 0.999_f64.powi(self.t));
        // | w - rate * m_hat / v_hat.sqrt()
        // wrong: self.m = 0.9 * self.m + 0.1 * g;
        // | self.v = 0.999 * self.v + 0.001 * g * g;
        // | let m_hat = self.m / (1.0 - 0.9_f64);
        // | let v_hat = self.v / (1.0 - 0.999_f64);
        // | w - rate * m_hat / (v_hat.sqrt() + 1e-8)
        // end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_has_the_length_of_the_rate_whatever_the_gradient() {
        for g in [1e-3, 1.0, 1e4] {
            let length = -Adam::default().step(0.0, g, 0.05);
            assert!(
                (length - 0.05).abs() < 1e-6,
                "for the gradient {g} the first step has the length {length}"
            );
        }
    }

    #[test]
    fn without_a_gradient_the_weight_stays() {
        let w = Adam::default().step(1.0, 0.0, 0.05);
        assert!(w == 1.0, "for the gradient 0 the weight stays at 1, and yours becomes {w}");
    }

    #[test]
    fn three_steps_by_hand() {
        let mut adam = Adam::default();
        let mut w = 1.0;
        for g in [1.0, -2.0, 0.5] {
            w = adam.step(w, g, 0.1);
        }
        assert!(
            (w - 0.950_279_420).abs() < 1e-8,
            "after the gradients 1, −2 and ½ the weight is 0.9502794, and yours is {w}"
        );
    }
}
