//! Adam.

use autograd::{Real, Tensor};

use super::{Optimizer, state};

/// Adaptive moment estimation (Kingma and Ba 2015, algorithm 1):
///
/// > `m ← β₁ m + (1 − β₁) g`,  `v ← β₂ v + (1 − β₂) g²`,
/// > `w ← w − rate · m̂ / (√v̂ + ε)`  with  `m̂ = m / (1 − β₁ᵗ)`,  `v̂ = v / (1 − β₂ᵗ)`.
#[derive(Clone, Debug)]
pub struct Adam<T: Real> {
    rate: f64,
    /// Decay rates of the two moments.
    betas: [f64; 2],
    /// Keeps the division finite.
    epsilon: f64,
    /// Steps taken.
    steps: i32,
    moments: Vec<[Tensor<T>; 2]>,
}

impl<T: Real> Adam<T> {
    /// Adam with the paper's `β₁ = 0.9`, `β₂ = 0.999`, `ε = 10⁻⁸`.
    pub fn new(rate: f64) -> Self {
        Adam { rate, betas: [0.9, 0.999], epsilon: 1e-8, steps: 0, moments: vec![] }
    }
}

impl<T: Real> Optimizer<T> for Adam<T> {
    fn set_rate(&mut self, rate: f64) {
        self.rate = rate;
    }

    fn begin(&mut self) {
        self.steps += 1;
    }

    fn update(&mut self, slot: usize, parameter: &mut Tensor<T>, gradient: &Tensor<T>) {
        let [beta1, beta2] = self.betas;
        // The corrections for the zero start are the same for every element.
        let rate = T::of(self.rate / (1.0 - beta1.powi(self.steps)));
        let root = T::of(1.0 / (1.0 - beta2.powi(self.steps)).sqrt());
        let (keep1, keep2, epsilon) = (T::of(beta1), T::of(beta2), T::of(self.epsilon));
        let (take1, take2) = (T::of(1.0 - beta1), T::of(1.0 - beta2));
        let [m, v] = state(&mut self.moments, slot, parameter);
        Tensor::update([parameter, m, v], [gradient], |[w, m, v], [g]| {
            let m = keep1 * m + take1 * g;
            let v = keep2 * v + take2 * g * g;
            [w - rate * m / (v.sqrt() * root + epsilon), m, v]
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The algorithm as the paper prints it, for one number.
    fn by_the_paper(gradients: &[f64], rate: f64) -> f64 {
        let (mut w, mut m, mut v) = (1.0, 0.0, 0.0);
        for (t, g) in gradients.iter().enumerate() {
            m = 0.9 * m + 0.1 * g;
            v = 0.999 * v + 0.001 * g * g;
            let t = t as i32 + 1;
            let (m_hat, v_hat) = (m / (1.0 - 0.9_f64.powi(t)), v / (1.0 - 0.999_f64.powi(t)));
            w -= rate * m_hat / (f64::sqrt(v_hat) + 1e-8);
        }
        w
    }

    #[test]
    fn follows_the_paper() {
        let gradients: Vec<f64> = (0..50).map(|i| (0.3 * i as f64).sin() + 0.2).collect();
        let mut w = Tensor::<f64>::ones([3]);
        let mut adam = Adam::new(0.01);
        for &g in &gradients {
            adam.step(&mut w, &Tensor::from_vec([3], vec![g, -g, 0.0]));
        }
        let up = by_the_paper(&gradients, 0.01);
        let w = w.to_vec();
        assert!((w[0] - up).abs() < 1e-14 && (w[1] - (2.0 - up)).abs() < 1e-14 && w[2] == 1.0, "{w:?}");
    }
}
