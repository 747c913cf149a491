//! Adam with decoupled weight decay.

use autograd::{Real, Tensor};

use super::adam::{Decay, adam};
use super::{Kept, Optimizer, Rule, Slot};

/// [`Adam`](super::Adam) whose weights shrink by themselves (Loshchilov and Hutter 2019, algorithm 2,
/// with the decay scaled by the rate, as is usual):
///
/// > `w ← (1 − η λ) w − η · m̂ / (√v̂ + ε)`.
///
/// The decay does not pass through the moments, so that all weights shrink at the same speed.
///
/// ```
/// use autograd::Tensor;
/// use nn::Optimizer;
/// use nn::optim::AdamW;
///
/// let mut w = Tensor::<f64>::full([1], 10.0);
/// let rule = AdamW { weight_decay: 0.5, ..AdamW::default() };
/// Optimizer::new(0.1, rule).step(&mut w, &Tensor::zeros([1]));
/// assert_eq!(w.to_vec(), [9.5]);
/// ```
#[derive(Clone, Debug)]
pub struct AdamW {
    /// `β₁`, `β₂` in `[0, 1)`: how much of the two moments is kept at every step; 0.9 and 0.999.
    pub betas: [f64; 2],
    /// `ε`, which keeps the division finite; 10⁻⁸.
    pub epsilon: f64,
    /// `λ`, at least 0; 0.01.
    pub weight_decay: f64,
}

impl AdamW {
    /// AdamW with `β₁ = 0.9`, `β₂ = 0.999`, `ε = 10⁻⁸`, `λ = 0.01`.
    pub fn new<T: Real>(rate: f64) -> Optimizer<T, Self> {
        Optimizer::new(rate, AdamW::default())
    }
}

impl Default for AdamW {
    /// The settings of [`AdamW::new`].
    fn default() -> Self {
        AdamW { betas: [0.9, 0.999], epsilon: 1e-8, weight_decay: 0.01 }
    }
}

impl<T: Real> Rule<T> for AdamW {
    fn labels(&self) -> &'static [&'static str] {
        &["m", "v"]
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("beta1", self.betas[0]),
            ("beta2", self.betas[1]),
            ("epsilon", self.epsilon),
            ("weight_decay", self.weight_decay),
        ]
    }

    fn update(&self, slot: &Slot, parameter: &mut Tensor<T>, gradient: &Tensor<T>, kept: Kept<T>) {
        let decay = Decay { l2: 0.0, shrink: slot.rate * slot.decay(self.weight_decay) };
        adam(slot, self.betas, self.epsilon, decay, parameter, gradient, kept);
    }
}
