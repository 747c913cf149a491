//! Adam.

use autograd::{Real, Tensor};

use super::{Kept, Optimizer, Rule, Slot};

/// Adaptive moment estimation (Kingma and Ba 2015, algorithm 1):
///
/// > `m ← β₁ m + (1 − β₁) g`,  `v ← β₂ v + (1 − β₂) g²`,
/// > `w ← w − η · m̂ / (√v̂ + ε)`  with  `m̂ = m / (1 − β₁ᵗ)`,  `v̂ = v / (1 − β₂ᵗ)`.
///
/// ```
/// use autograd::Tensor;
/// use nn::optim::Adam;
///
/// // The first step has the length of the rate, whatever the gradient.
/// let mut w = Tensor::<f64>::zeros([2]);
/// Adam::new(0.1).step(&mut w, &Tensor::from_vec([2], vec![1000.0, -0.001]));
/// assert!((w[[0]] + 0.1).abs() < 1e-5 && (w[[1]] - 0.1).abs() < 1e-5);
/// ```
#[derive(Clone, Debug)]
pub struct Adam {
    /// `β₁`, `β₂` in `[0, 1)`: how much of the two moments is kept at every step; 0.9 and 0.999.
    pub betas: [f64; 2],
    /// `ε`, which keeps the division finite; 10⁻⁸.
    pub epsilon: f64,
    /// `λ`: the weight of a penalty `λ/2 · ‖w‖²` on the loss, by `g ← g + λ w`; 0. Adam divides it by
    /// `√v̂` like the rest of the gradient, so that weights with large gradients hardly shrink: see
    /// [`AdamW`](super::AdamW) for decay that treats all alike.
    pub l2: f64,
}

impl Adam {
    /// Adam with the paper's `β₁ = 0.9`, `β₂ = 0.999`, `ε = 10⁻⁸`.
    pub fn new<T: Real>(rate: f64) -> Optimizer<T, Self> {
        Optimizer::new(rate, Adam::default())
    }
}

impl Default for Adam {
    /// The settings of [`Adam::new`].
    fn default() -> Self {
        Adam { betas: [0.9, 0.999], epsilon: 1e-8, l2: 0.0 }
    }
}

impl<T: Real> Rule<T> for Adam {
    fn labels(&self) -> &'static [&'static str] {
        &["m", "v"]
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        vec![("beta1", self.betas[0]), ("beta2", self.betas[1]), ("epsilon", self.epsilon), ("l2", self.l2)]
    }

    fn update(&self, slot: &Slot, parameter: &mut Tensor<T>, gradient: &Tensor<T>, kept: Kept<T>) {
        let decay = Decay { l2: slot.decay(self.l2), shrink: 0.0 };
        adam(slot, self.betas, self.epsilon, decay, parameter, gradient, kept);
    }
}

/// The two ways in which weights can decay.
pub(super) struct Decay {
    /// Added to the gradient, times `w`.
    pub(super) l2: f64,
    /// Subtracted from `w`, times `w`.
    pub(super) shrink: f64,
}

/// Adam's pass over one parameter.
#[track_caller]
pub(super) fn adam<T: Real>(
    slot: &Slot,
    [beta1, beta2]: [f64; 2],
    epsilon: f64,
    decay: Decay,
    parameter: &mut Tensor<T>,
    gradient: &Tensor<T>,
    kept: Kept<T>,
) {
    let steps = slot.step as f64;
    // The corrections for the zero start are the same for every element.
    let rate = T::of(slot.rate / (1.0 - beta1.powf(steps)));
    let root = T::of(1.0 / (1.0 - beta2.powf(steps)).sqrt());
    let (keep1, keep2, epsilon) = (T::of(beta1), T::of(beta2), T::of(epsilon));
    let (take1, take2) = (T::of(1.0 - beta1), T::of(1.0 - beta2));
    let (l2, remain) = (T::of(decay.l2), T::of(1.0 - decay.shrink));
    let [m, v] = kept.tensors();
    Tensor::update([parameter, m, v], [gradient], move |[w, m, v], [g]| {
        let g = g + l2 * w;
        let m = keep1 * m + take1 * g;
        let v = keep2 * v + take2 * g * g;
        [remain * w - rate * m / (v.sqrt() * root + epsilon), m, v]
    });
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
