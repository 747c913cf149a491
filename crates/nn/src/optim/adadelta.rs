//! Adadelta.

use autograd::{Real, Tensor};

use super::{Memory, Optimizer, Slot};

/// Steps in the units of the parameters, which need no learning rate (Zeiler 2012, algorithm 1):
///
/// > `g ← g + λ w`,  `v ← ρ v + (1 − ρ) g²`,  `Δ = g √(u + ε) / √(v + ε)`,
/// > `u ← ρ u + (1 − ρ) Δ²`,  `w ← w − η Δ`  with  `η = 1` in the paper.
///
/// ```
/// use autograd::Tensor;
/// use nn::optim::{Adadelta, Optimizer};
///
/// let mut w = Tensor::<f64>::zeros([1]);
/// Adadelta::new(1.0).step(&mut w, &Tensor::full([1], 5.0));
/// assert!((w[[0]] + 5.0 * f64::sqrt(1e-6 / (2.5 + 1e-6))).abs() < 1e-15);
/// ```
#[derive(Clone, Debug)]
pub struct Adadelta<T: Real> {
    /// `ρ` in `[0, 1)`: how much of the averages is kept at every step; 0.9.
    pub keep: f64,
    /// `ε`, which gets the steps going; 10⁻⁶.
    pub epsilon: f64,
    /// `λ`: the weight of a penalty `λ/2 · ‖w‖²` on the loss; 0.
    pub l2: f64,
    /// The rate, and what is kept between steps.
    pub memory: Memory<T>,
}

impl<T: Real> Adadelta<T> {
    /// Adadelta with `ρ = 0.9` and `ε = 10⁻⁶`; the rate is 1 in the paper.
    pub fn new(rate: f64) -> Self {
        Adadelta { keep: 0.9, epsilon: 1e-6, l2: 0.0, memory: Memory::new(rate) }
    }
}

impl<T: Real> Optimizer<T> for Adadelta<T> {
    fn memory(&self) -> &Memory<T> {
        &self.memory
    }

    fn memory_mut(&mut self) -> &mut Memory<T> {
        &mut self.memory
    }

    fn labels(&self) -> &'static [&'static str] {
        &["square", "step"]
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        vec![("keep", self.keep), ("epsilon", self.epsilon), ("l2", self.l2)]
    }

    fn update(&mut self, slot: Slot, parameter: &mut Tensor<T>, gradient: &Tensor<T>) {
        let (rate, l2, epsilon) = (T::of(slot.rate), T::of(slot.decay(self.l2)), T::of(self.epsilon));
        let (keep, take) = (T::of(self.keep), T::of(1.0 - self.keep));
        let [square, step] = self.memory.tensors(slot, parameter, 0.0);
        Tensor::update([parameter, square, step], [gradient], |[w, v, u], [g]| {
            let g = g + l2 * w;
            let v = keep * v + take * g * g;
            let delta = g * (u + epsilon).sqrt() / (v + epsilon).sqrt();
            [w - rate * delta, v, keep * u + take * delta * delta]
        });
    }
}
