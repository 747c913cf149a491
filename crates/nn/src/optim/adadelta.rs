//! Adadelta.

use autograd::{Real, Tensor};

use super::{Kept, Optimizer, Rule, Slot};

/// Steps in the units of the parameters, which need no learning rate (Zeiler 2012, algorithm 1):
///
/// > `g ← g + λ w`,  `v ← ρ v + (1 − ρ) g²`,  `Δ = g √(u + ε) / √(v + ε)`,
/// > `u ← ρ u + (1 − ρ) Δ²`,  `w ← w − η Δ`  with  `η = 1` in the paper.
///
/// ```
/// use autograd::Tensor;
/// use nn::optim::Adadelta;
///
/// let mut w = Tensor::<f64>::zeros([1]);
/// Adadelta::new(1.0).step(&mut w, &Tensor::full([1], 5.0));
/// assert!((w[[0]] + 5.0 * f64::sqrt(1e-6 / (2.5 + 1e-6))).abs() < 1e-15);
/// ```
#[derive(Clone, Debug)]
pub struct Adadelta {
    /// `ρ` in `[0, 1)`: how much of the averages is kept at every step; 0.9.
    pub keep: f64,
    /// `ε`, which gets the steps going; 10⁻⁶.
    pub epsilon: f64,
    /// `λ`: the weight of a penalty `λ/2 · ‖w‖²` on the loss; 0.
    pub l2: f64,
}

impl Adadelta {
    /// Adadelta with `ρ = 0.9` and `ε = 10⁻⁶`; the rate is 1 in the paper.
    pub fn new<T: Real>(rate: f64) -> Optimizer<T, Self> {
        Optimizer::new(rate, Adadelta::default())
    }
}

impl Default for Adadelta {
    /// The settings of [`Adadelta::new`].
    fn default() -> Self {
        Adadelta { keep: 0.9, epsilon: 1e-6, l2: 0.0 }
    }
}

impl<T: Real> Rule<T> for Adadelta {
    fn labels(&self) -> &'static [&'static str] {
        &["square", "step"]
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        vec![("keep", self.keep), ("epsilon", self.epsilon), ("l2", self.l2)]
    }

    fn update(&self, slot: &Slot, parameter: &mut Tensor<T>, gradient: &Tensor<T>, kept: Kept<T>) {
        let (rate, l2, epsilon) = (T::of(slot.rate), T::of(slot.decay(self.l2)), T::of(self.epsilon));
        let (keep, take) = (T::of(self.keep), T::of(1.0 - self.keep));
        let [square, step] = kept.tensors();
        Tensor::update([parameter, square, step], [gradient], |[w, v, u], [g]| {
            let g = g + l2 * w;
            let v = keep * v + take * g * g;
            let delta = g * (u + epsilon).sqrt() / (v + epsilon).sqrt();
            [w - rate * delta, v, keep * u + take * delta * delta]
        });
    }
}
