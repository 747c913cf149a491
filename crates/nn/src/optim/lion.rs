//! Lion.

use autograd::{Real, Tensor};

use super::{Kept, Optimizer, Rule, Slot};

/// Steps of one length in every element, in the direction of a momentum (EvoLved Sign Momentum, Chen et
/// al. 2023, algorithm 2):
///
/// > `w ← w − η (sign(β₁ m + (1 − β₁) g) + λ w)`,  `m ← β₂ m + (1 − β₂) g`.
///
/// It keeps one tensor for each parameter, half of what Adam keeps. The paper recommends a rate that is
/// three to ten times smaller than Adam's, and a decay that is as much larger.
///
/// ```
/// use autograd::Tensor;
/// use nn::optim::Lion;
///
/// let mut w = Tensor::<f64>::zeros([3]);
/// Lion::new(0.1).step(&mut w, &Tensor::from_vec([3], vec![1000.0, -0.001, 0.0]));
/// assert_eq!(w.to_vec(), [-0.1, 0.1, 0.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Lion {
    /// `β₁`, `β₂` in `[0, 1)`: how much of the momentum counts in a step, and how much of it is kept;
    /// 0.9 and 0.99.
    pub betas: [f64; 2],
    /// `λ`, at least 0: decoupled from the gradient as in [`AdamW`](super::AdamW); 0.
    pub weight_decay: f64,
}

impl Lion {
    /// Lion with the paper's `β₁ = 0.9` and `β₂ = 0.99`, without decay.
    pub fn new<T: Real>(rate: f64) -> Optimizer<T, Self> {
        Optimizer::new(rate, Lion::default())
    }
}

impl Default for Lion {
    /// The settings of [`Lion::new`].
    fn default() -> Self {
        Lion { betas: [0.9, 0.99], weight_decay: 0.0 }
    }
}

impl<T: Real> Rule<T> for Lion {
    fn labels(&self) -> &'static [&'static str] {
        &["m"]
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        vec![("beta1", self.betas[0]), ("beta2", self.betas[1]), ("weight_decay", self.weight_decay)]
    }

    fn update(&self, slot: &Slot, parameter: &mut Tensor<T>, gradient: &Tensor<T>, kept: Kept<T>) {
        let [beta1, beta2] = self.betas;
        let (rate, remain) = (T::of(slot.rate), T::of(1.0 - slot.rate * slot.decay(self.weight_decay)));
        let (keep1, keep2) = (T::of(beta1), T::of(beta2));
        let (take1, take2) = (T::of(1.0 - beta1), T::of(1.0 - beta2));
        let [m] = kept.tensors();
        Tensor::update([parameter, m], [gradient], |[w, m], [g]| {
            [remain * w - rate * (keep1 * m + take1 * g).sign(), keep2 * m + take2 * g]
        });
    }
}
