//! Adagrad.

use autograd::{Real, Tensor};

use super::{Kept, Optimizer, Rule, Slot};

/// Gradients divided by the root of the sum of all their squares so far (Duchi, Hazan and Singer 2011,
/// section 1.1, with a diagonal matrix):
///
/// > `g ← g + λ w`,  `s ← s + g²`,  `w ← w − η / (1 + (t − 1) δ) · g / (√s + ε)`.
///
/// ```
/// use autograd::Tensor;
/// use nn::optim::Adagrad;
///
/// let mut w = Tensor::<f64>::zeros([1]);
/// let mut adagrad = Adagrad::new(0.1);
/// (0..2).for_each(|_| adagrad.step(&mut w, &Tensor::full([1], 5.0)));
/// assert!((w[[0]] + 0.1 + 0.1 / f64::sqrt(2.0)).abs() < 1e-8);
/// ```
#[derive(Clone, Debug)]
pub struct Adagrad {
    /// `δ`, at least 0: how fast the rate falls with time; 0.
    pub rate_decay: f64,
    /// Where `s` starts, at least 0; 0.
    pub start: f64,
    /// `ε`, which keeps the division finite; 10⁻¹⁰.
    pub epsilon: f64,
    /// `λ`: the weight of a penalty `λ/2 · ‖w‖²` on the loss; 0.
    pub l2: f64,
}

impl Adagrad {
    /// Adagrad with `ε = 10⁻¹⁰` and a constant rate.
    pub fn new<T: Real>(rate: f64) -> Optimizer<T, Self> {
        Optimizer::new(rate, Adagrad::default())
    }
}

impl Default for Adagrad {
    /// The settings of [`Adagrad::new`].
    fn default() -> Self {
        Adagrad { rate_decay: 0.0, start: 0.0, epsilon: 1e-10, l2: 0.0 }
    }
}

impl<T: Real> Rule<T> for Adagrad {
    fn labels(&self) -> &'static [&'static str] {
        &["sum"]
    }

    fn start(&self) -> f64 {
        self.start
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("rate_decay", self.rate_decay),
            ("start", self.start),
            ("epsilon", self.epsilon),
            ("l2", self.l2),
        ]
    }

    fn update(&self, slot: &Slot, parameter: &mut Tensor<T>, gradient: &Tensor<T>, kept: Kept<T>) {
        let before = (slot.step - 1) as f64;
        let rate = T::of(slot.rate / (1.0 + before * self.rate_decay));
        let (l2, epsilon) = (T::of(slot.decay(self.l2)), T::of(self.epsilon));
        let [sum] = kept.tensors();
        Tensor::update([parameter, sum], [gradient], |[w, s], [g]| {
            let g = g + l2 * w;
            let s = s + g * g;
            [w - rate * g / (s.sqrt() + epsilon), s]
        });
    }
}
