//! Adam with Nesterov's momentum.

use autograd::{Real, Tensor};

use super::{Kept, Numbers, Optimizer, Rule, Slot};

/// [`Adam`](super::Adam) whose step looks one step ahead (Dozat 2016, algorithm 8):
///
/// > `μₜ = β₁ (1 − ½ · 0.96^(t ψ))`,  `Πₜ = μ₁ μ₂ … μₜ`,
/// > `g ← g + λ w`,  `m ← β₁ m + (1 − β₁) g`,  `v ← β₂ v + (1 − β₂) g²`,
/// > `m̄ = μₜ₊₁ m / (1 − Πₜ₊₁) + (1 − μₜ) g / (1 − Πₜ)`,  `w ← w − η · m̄ / (√(v / (1 − β₂ᵗ)) + ε)`.
///
/// ```
/// use autograd::Tensor;
/// use nn::optim::NAdam;
///
/// let mut w = Tensor::<f64>::full([1], 5.0);
/// let mut nadam = NAdam::new(0.1);
/// for _ in 0..200 {
///     let gradient = w.map(|w| 2.0 * w); // of w²
///     nadam.step(&mut w, &gradient);
/// }
/// assert!(w[[0]].abs() < 0.1, "{w:?}");
/// ```
#[derive(Clone, Debug)]
pub struct NAdam {
    /// `β₁`, `β₂` in `[0, 1)`: how much of the two moments is kept at every step; 0.9 and 0.999.
    pub betas: [f64; 2],
    /// `ε`, which keeps the division finite; 10⁻⁸.
    pub epsilon: f64,
    /// `ψ`: how fast the momentum warms up from `β₁ / 2` to `β₁`; 0.004.
    pub warmup: f64,
    /// `λ`: the weight of a penalty `λ/2 · ‖w‖²` on the loss; 0. It is scaled as in
    /// [`Adam`](super::Adam#structfield.l2).
    pub l2: f64,
}

/// The name of `Πₜ`.
const PRODUCT: &str = "momentum_product";

impl NAdam {
    /// NAdam with `β₁ = 0.9`, `β₂ = 0.999`, `ε = 10⁻⁸`, `ψ = 0.004`.
    pub fn new<T: Real>(rate: f64) -> Optimizer<T, Self> {
        Optimizer::new(rate, NAdam::default())
    }

    /// `μₜ`.
    fn momentum(&self, t: u64) -> f64 {
        self.betas[0] * (1.0 - 0.5 * 0.96_f64.powf(t as f64 * self.warmup))
    }
}

impl Default for NAdam {
    /// The settings of [`NAdam::new`].
    fn default() -> Self {
        NAdam { betas: [0.9, 0.999], epsilon: 1e-8, warmup: 0.004, l2: 0.0 }
    }
}

impl<T: Real> Rule<T> for NAdam {
    fn labels(&self) -> &'static [&'static str] {
        &["m", "v"]
    }

    fn numbers(&self) -> &'static [(&'static str, f64)] {
        &[(PRODUCT, 1.0)]
    }

    fn begin(&self, step: u64, numbers: &mut Numbers) {
        *numbers.get_mut(PRODUCT).expect("there from the start") *= self.momentum(step);
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        vec![
            ("beta1", self.betas[0]),
            ("beta2", self.betas[1]),
            ("epsilon", self.epsilon),
            ("warmup", self.warmup),
            ("l2", self.l2),
        ]
    }

    fn update(&self, slot: &Slot, parameter: &mut Tensor<T>, gradient: &Tensor<T>, kept: Kept<T>) {
        let (now, next, product) =
            (self.momentum(slot.step), self.momentum(slot.step + 1), kept.number(PRODUCT));
        let [beta1, beta2] = self.betas;
        let by_gradient = T::of(slot.rate * (1.0 - now) / (1.0 - product));
        let by_moment = T::of(slot.rate * next / (1.0 - product * next));
        let root = T::of(1.0 / (1.0 - beta2.powf(slot.step as f64)).sqrt());
        let (keep1, keep2, epsilon) = (T::of(beta1), T::of(beta2), T::of(self.epsilon));
        let (take1, take2, l2) = (T::of(1.0 - beta1), T::of(1.0 - beta2), T::of(slot.decay(self.l2)));
        let [m, v] = kept.tensors();
        Tensor::update([parameter, m, v], [gradient], |[w, m, v], [g]| {
            let g = g + l2 * w;
            let m = keep1 * m + take1 * g;
            let v = keep2 * v + take2 * g * g;
            [w - (by_gradient * g + by_moment * m) / (v.sqrt() * root + epsilon), m, v]
        });
    }
}
