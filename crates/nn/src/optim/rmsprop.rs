//! RMSprop.

use autograd::{Real, Tensor};

use super::{Memory, Optimizer, Slot};

/// Gradients divided by a running root mean square (Hinton 2012, lecture 6e):
///
/// > `g ← g + λ w`,  `v ← ρ v + (1 − ρ) g²`,  `w ← w − η · g / (√v + ε)`.
///
/// Centered (Graves 2013, eq. 38 and following), the variance takes the place of the mean square:
/// `m ← ρ m + (1 − ρ) g` and `√(v − m²)`.
///
/// ```
/// use autograd::Tensor;
/// use nn::optim::{Optimizer, RmsProp};
///
/// let mut w = Tensor::<f64>::zeros([1]);
/// RmsProp { keep: 0.75, ..RmsProp::new(0.1) }.step(&mut w, &Tensor::full([1], 7.0));
/// assert!((w[[0]] + 0.1 / f64::sqrt(0.25)).abs() < 1e-8);
/// ```
#[derive(Clone, Debug)]
pub struct RmsProp<T: Real> {
    /// `ρ` in `[0, 1)`: how much of the averages is kept at every step; 0.99.
    pub keep: f64,
    /// `ε`, which keeps the division finite; 10⁻⁸.
    pub epsilon: f64,
    /// Whether to divide by the standard deviation in place of the root mean square; no.
    pub centered: bool,
    /// `λ`: the weight of a penalty `λ/2 · ‖w‖²` on the loss; 0.
    pub l2: f64,
    memory: Memory<T>,
}

impl<T: Real> RmsProp<T> {
    /// RMSprop with `ρ = 0.99`, `ε = 10⁻⁸`, not centered.
    pub fn new(rate: f64) -> Self {
        RmsProp { keep: 0.99, epsilon: 1e-8, centered: false, l2: 0.0, memory: Memory::new(rate) }
    }
}

impl<T: Real> Optimizer<T> for RmsProp<T> {
    fn memory(&self) -> &Memory<T> {
        &self.memory
    }

    fn memory_mut(&mut self) -> &mut Memory<T> {
        &mut self.memory
    }

    fn labels(&self) -> &'static [&'static str] {
        if self.centered { &["square", "mean"] } else { &["square"] }
    }

    fn update(&mut self, slot: Slot, parameter: &mut Tensor<T>, gradient: &Tensor<T>) {
        let (rate, l2, epsilon) = (T::of(slot.rate), T::of(slot.decay(self.l2)), T::of(self.epsilon));
        let (keep, take) = (T::of(self.keep), T::of(1.0 - self.keep));
        if self.centered {
            let [square, mean] = self.memory.tensors(slot, parameter, 0.0);
            return Tensor::update([parameter, square, mean], [gradient], |[w, v, m], [g]| {
                let g = g + l2 * w;
                let v = keep * v + take * g * g;
                let m = keep * m + take * g;
                // Never negative, but for rounding.
                let variance = Real::max(v - m * m, T::zero());
                [w - rate * g / (variance.sqrt() + epsilon), v, m]
            });
        }
        let [square] = self.memory.tensors(slot, parameter, 0.0);
        Tensor::update([parameter, square], [gradient], |[w, v], [g]| {
            let g = g + l2 * w;
            let v = keep * v + take * g * g;
            [w - rate * g / (v.sqrt() + epsilon), v]
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same gradient all the time has no variance, which rounding makes negative now and then.
    #[test]
    fn a_constant_gradient_gives_no_nan() {
        let mut w = Tensor::<f32>::zeros([100]);
        let gradient = Tensor::from_fn([100], |i| 0.1 + 0.37 * i as f32);
        let mut centered = RmsProp { centered: true, epsilon: 1e-3, keep: 0.5, ..RmsProp::new(1e-6) };
        (0..200).for_each(|_| centered.step(&mut w, &gradient));
        assert!(w.to_vec().iter().all(|w| w.is_finite()), "{w:?}");
    }
}
