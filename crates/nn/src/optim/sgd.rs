//! Stochastic gradient descent.

use autograd::{Real, Tensor};

use super::{Optimizer, state};

/// `v ← μ v + g`,  `w ← w − rate · v` (momentum as in Sutskever et al. 2013 and PyTorch; plain
/// gradient descent with `μ = 0`).
#[derive(Clone, Debug)]
pub struct Sgd<T: Real> {
    rate: f64,
    momentum: f64,
    velocities: Vec<[Tensor<T>; 1]>,
}

impl<T: Real> Sgd<T> {
    /// Gradient descent with this learning rate.
    pub fn new(rate: f64) -> Self {
        Sgd::with_momentum(rate, 0.0)
    }

    /// Gradient descent with momentum `μ` in `[0, 1)`.
    pub fn with_momentum(rate: f64, momentum: f64) -> Self {
        Sgd { rate, momentum, velocities: vec![] }
    }
}

impl<T: Real> Optimizer<T> for Sgd<T> {
    fn set_rate(&mut self, rate: f64) {
        self.rate = rate;
    }

    fn update(&mut self, slot: usize, parameter: &mut Tensor<T>, gradient: &Tensor<T>) {
        let (rate, momentum) = (T::of(self.rate), T::of(self.momentum));
        if self.momentum == 0.0 {
            return Tensor::update([parameter], [gradient], |[w], [g]| [w - rate * g]);
        }
        let [velocity] = state(&mut self.velocities, slot, parameter);
        Tensor::update([parameter, velocity], [gradient], |[w, v], [g]| {
            let v = momentum * v + g;
            [w - rate * v, v]
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_steps_by_hand() {
        let gradient = Tensor::from_vec([2], vec![1.0, -2.0]);
        let mut plain = Tensor::<f64>::zeros([2]);
        let mut sgd = Sgd::new(0.5);
        sgd.step(&mut plain, &gradient);
        sgd.step(&mut plain, &gradient);
        assert_eq!(plain.to_vec(), [-1.0, 2.0]);

        let mut heavy = Tensor::<f64>::zeros([2]);
        let mut sgd = Sgd::with_momentum(0.5, 0.5);
        sgd.step(&mut heavy, &gradient); // v = g
        sgd.step(&mut heavy, &gradient); // v = 1.5 g
        assert_eq!(heavy.to_vec(), [-1.25, 2.5]);
    }
}
