//! RMSprop.

use autograd::{Real, Tensor};

use super::{Kept, Optimizer, Rule, Slot};

/// Gradients divided by a running root mean square (Hinton 2012, lecture 6e):
///
/// > `g ← g + λ w`,  `v ← ρ v + (1 − ρ) g²`,  `w ← w − η · g / (√v + ε)`.
///
/// Centered (Graves 2013, eq. 38 and following), the variance `v − m²` with `m ← ρ m + (1 − ρ) g` takes
/// the place of the mean square. It is computed as
///
/// > `s ← ρ s + ρ (1 − ρ) (g − m)²`,
///
/// which is the same, but never negative and without the difference of two large numbers.
///
/// ```
/// use autograd::Tensor;
/// use nn::Optimizer;
/// use nn::optim::RmsProp;
///
/// let mut w = Tensor::<f64>::zeros([1]);
/// let rule = RmsProp { keep: 0.75, ..RmsProp::default() };
/// Optimizer::new(0.1, rule).step(&mut w, &Tensor::full([1], 7.0));
/// assert!((w[[0]] + 0.1 / f64::sqrt(0.25)).abs() < 1e-8);
/// ```
#[derive(Clone, Debug)]
pub struct RmsProp {
    /// `ρ` in `[0, 1)`: how much of the averages is kept at every step; 0.99.
    pub keep: f64,
    /// `ε`, which keeps the division finite; 10⁻⁸.
    pub epsilon: f64,
    /// Whether to divide by the standard deviation in place of the root mean square; no.
    pub centered: bool,
    /// `λ`: the weight of a penalty `λ/2 · ‖w‖²` on the loss; 0.
    pub l2: f64,
}

impl RmsProp {
    /// RMSprop with `ρ = 0.99`, `ε = 10⁻⁸`, not centered.
    pub fn new<T: Real>(rate: f64) -> Optimizer<T, Self> {
        Optimizer::new(rate, RmsProp::default())
    }
}

impl Default for RmsProp {
    /// The settings of [`RmsProp::new`].
    fn default() -> Self {
        RmsProp { keep: 0.99, epsilon: 1e-8, centered: false, l2: 0.0 }
    }
}

impl<T: Real> Rule<T> for RmsProp {
    fn labels(&self) -> &'static [&'static str] {
        if self.centered { &["variance", "mean"] } else { &["square"] }
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        vec![("keep", self.keep), ("epsilon", self.epsilon), ("l2", self.l2)]
    }

    fn update(&self, slot: &Slot, parameter: &mut Tensor<T>, gradient: &Tensor<T>, kept: Kept<T>) {
        let (rate, l2, epsilon) = (T::of(slot.rate), T::of(slot.decay(self.l2)), T::of(self.epsilon));
        let (keep, take) = (T::of(self.keep), T::of(1.0 - self.keep));
        if self.centered {
            let [variance, mean] = kept.tensors();
            return Tensor::update([parameter, variance, mean], [gradient], |[w, s, m], [g]| {
                let g = g + l2 * w;
                let s = keep * s + keep * take * (g - m) * (g - m);
                [w - rate * g / (s.sqrt() + epsilon), s, keep * m + take * g]
            });
        }
        let [square] = kept.tensors();
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

    /// A constant gradient has the variance `g² ρᵗ (1 − ρᵗ)`, of which the
    /// difference `v − m²` would keep eight digits.
    #[test]
    fn a_small_variance_is_exact() {
        let (mut w, gradient) = (Tensor::<f64>::zeros([9]), Tensor::from_fn([9], |i| 0.1 + 0.37 * i as f64));
        let mut centered = Optimizer::new(1e-6, RmsProp { centered: true, keep: 0.75, ..RmsProp::default() });
        (0..60).for_each(|_| centered.step(&mut w, &gradient));
        let kept = 0.75_f64.powi(60);
        for (s, g) in centered.state().tensors["variance"].to_vec().into_iter().zip(gradient.to_vec()) {
            let expected = g * g * kept * (1.0 - kept);
            assert!((s / expected - 1.0).abs() < 1e-12, "{s:e}, {expected:e}");
        }
    }
}
