//! Adamax.

use autograd::{Real, Tensor};

use super::{Kept, Optimizer, Rule, Slot};

/// [`Adam`](super::Adam) that divides by the largest gradient it remembers in place of a root mean square (Kingma and
/// Ba 2015, algorithm 2; `ε`, which the paper leaves out, as in PyTorch):
///
/// > `g ← g + λ w`,  `m ← β₁ m + (1 − β₁) g`,  `u ← max(β₂ u, |g| + ε)`,  `w ← w − η / (1 − β₁ᵗ) · m / u`.
///
/// No step is longer than `η / (1 − β₁ᵗ)`, and with `β₁ ≤ β₂` a single large gradient makes the following steps short
/// instead of the first one long: of use where most gradients of a parameter are zero, as those of an embedding.
///
/// ```
/// use autograd::Tensor;
/// use nn::optim::Adamax;
///
/// // The first step has the length of the rate, whatever the gradient.
/// let mut w = Tensor::<f64>::zeros([2]);
/// Adamax::new(0.1).step(&mut w, &Tensor::from_vec([2], vec![1000.0, -0.001]));
/// assert!((w[[0]] + 0.1).abs() < 1e-5 && (w[[1]] - 0.1).abs() < 1e-5);
/// ```
#[derive(Clone, Debug)]
pub struct Adamax {
    /// `β₁`, `β₂` in `[0, 1)`: how much of the mean and of the largest gradient is kept at every step; 0.9 and 0.999.
    pub betas: [f64; 2],
    /// `ε`, which keeps the division finite; 10⁻⁸.
    pub epsilon: f64,
    /// `λ`: the weight of a penalty `λ/2 · ‖w‖²` on the loss; 0. It is scaled as in
    /// [`Adam`](super::Adam#structfield.l2).
    pub l2: f64,
}

impl Adamax {
    /// Adamax with the paper's `β₁ = 0.9`, `β₂ = 0.999`.
    pub fn new<T: Real>(rate: f64) -> Optimizer<T, Self> {
        Optimizer::new(rate, Adamax::default())
    }
}

impl Default for Adamax {
    /// The settings of [`Adamax::new`].
    fn default() -> Self {
        Adamax { betas: [0.9, 0.999], epsilon: 1e-8, l2: 0.0 }
    }
}

impl<T: Real> Rule<T> for Adamax {
    fn labels(&self) -> &'static [&'static str] {
        &["m", "u"]
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        vec![("beta1", self.betas[0]), ("beta2", self.betas[1]), ("epsilon", self.epsilon), ("l2", self.l2)]
    }

    fn update(&self, slot: &Slot, parameter: &mut Tensor<T>, gradient: &Tensor<T>, kept: Kept<T>) {
        let [beta1, beta2] = self.betas;
        let rate = T::of(slot.rate / (1.0 - beta1.powf(slot.step as f64)));
        let (keep1, take1, keep2) = (T::of(beta1), T::of(1.0 - beta1), T::of(beta2));
        let (l2, epsilon) = (T::of(slot.decay(self.l2)), T::of(self.epsilon));
        let [m, u] = kept.tensors();
        Tensor::update([parameter, m, u], [gradient], |[w, m, u], [g]| {
            let g = g + l2 * w;
            let m = keep1 * m + take1 * g;
            let u = (keep2 * u).max(g.abs() + epsilon);
            [w - rate * m / u, m, u]
        });
    }
}
