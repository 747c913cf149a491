//! Stochastic gradient descent.

use autograd::{Real, Tensor};

use super::{Kept, Optimizer, Rule, Slot};

/// Gradient descent, with momentum `μ` if wanted (Polyak 1964, in the form of Sutskever et al. 2013):
///
/// > `g ← g + λ w`,  `v ← μ v + g`,  `w ← w − η v`,
///
/// or, with Nesterov's look ahead, `w ← w − η (g + μ v)`.
///
/// ```
/// use autograd::Tensor;
/// use nn::optim::Sgd;
///
/// let mut w = Tensor::from_vec([1], vec![8.0]);
/// let mut sgd = Sgd::new(0.25);
/// let gradient = w.map(|w| 2.0 * w); // of w²
/// sgd.step(&mut w, &gradient);
/// assert_eq!(w.to_vec(), [4.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Sgd {
    /// `μ` in `[0, 1)`.
    pub momentum: f64,
    /// Whether to step as if the velocity had been applied already (Nesterov 1983).
    pub nesterov: bool,
    /// `λ`: the weight of a penalty `λ/2 · ‖w‖²` on the loss.
    pub l2: f64,
}

impl Sgd {
    /// Gradient descent with this learning rate.
    pub fn new<T: Real>(rate: f64) -> Optimizer<T, Self> {
        Optimizer::new(rate, Sgd::default())
    }

    /// Gradient descent with momentum `μ` in `[0, 1)`.
    pub fn with_momentum<T: Real>(rate: f64, momentum: f64) -> Optimizer<T, Self> {
        Optimizer::new(rate, Sgd { momentum, ..Sgd::default() })
    }

    /// Gradient descent with Nesterov's momentum `μ` in `[0, 1)`.
    pub fn nesterov<T: Real>(rate: f64, momentum: f64) -> Optimizer<T, Self> {
        Optimizer::new(rate, Sgd { momentum, nesterov: true, ..Sgd::default() })
    }
}

impl Default for Sgd {
    /// The settings of [`Sgd::new`].
    fn default() -> Self {
        Sgd { momentum: 0.0, nesterov: false, l2: 0.0 }
    }
}

impl<T: Real> Rule<T> for Sgd {
    fn labels(&self) -> &'static [&'static str] {
        if self.momentum == 0.0 { &[] } else { &["velocity"] }
    }

    fn settings(&self) -> Vec<(&'static str, f64)> {
        vec![("momentum", self.momentum), ("l2", self.l2)]
    }

    fn update(&self, slot: &Slot, parameter: &mut Tensor<T>, gradient: &Tensor<T>, kept: Kept<T>) {
        let (rate, momentum, l2) = (T::of(slot.rate), T::of(self.momentum), T::of(slot.decay(self.l2)));
        if self.momentum == 0.0 {
            return Tensor::update([parameter], [gradient], |[w], [g]| [w - rate * (g + l2 * w)]);
        }
        // Both kinds of momentum are `now g + ahead v`: classical 0 and 1, Nesterov's 1 and `μ`.
        let (now, ahead) = if self.nesterov { (T::one(), momentum) } else { (T::zero(), T::one()) };
        let [velocity] = kept.tensors();
        Tensor::update([parameter, velocity], [gradient], |[w, v], [g]| {
            let g = g + l2 * w;
            let v = momentum * v + g;
            [w - rate * (now * g + ahead * v), v]
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_steps_by_hand() {
        let gradient = Tensor::from_vec([2], vec![1.0, -2.0]);
        let run = |mut sgd: Optimizer<f64, Sgd>| {
            let mut w = Tensor::zeros([2]);
            sgd.step(&mut w, &gradient);
            sgd.step(&mut w, &gradient);
            w.to_vec()
        };
        assert_eq!(run(Sgd::new(0.5)), [-1.0, 2.0]);
        // v = g, then 1.5 g.
        assert_eq!(run(Sgd::with_momentum(0.5, 0.5)), [-1.25, 2.5]);
        // g + 0.5 v = 1.5 g, then 1.75 g.
        assert_eq!(run(Sgd::nesterov(0.5, 0.5)), [-1.625, 3.25]);
    }

    /// A rule that asks for more than it named.
    struct Greedy;

    impl Rule<f64> for Greedy {
        fn labels(&self) -> &'static [&'static str] {
            &["velocity"]
        }

        fn update(&self, _: &Slot, _: &mut Tensor<f64>, _: &Tensor<f64>, kept: Kept<f64>) {
            let [_, _] = kept.tensors();
        }
    }

    #[test]
    #[should_panic(expected = "the rule names 1 tensors for a parameter and asks for 2")]
    fn kinds_of_memory_do_not_mix() {
        let w = Tensor::<f64>::ones([1]);
        Optimizer::new(0.1, Greedy).step(&mut w.clone(), &w);
    }
}
