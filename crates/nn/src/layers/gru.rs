//! The gated recurrent unit, for sequences.

use autograd::{Real, Tensor, Var, tree};

use super::recurrent::{Direction, Recurrent, gates};
use crate::init::Init;
use crate::random::Generator;

/// A layer of gated recurrent units (Cho et al. 2014), in PyTorch's variant, where the reset gate acts
/// after the product with the previous state:
///
/// > `r = σ(Wᵣ x + bᵣ + Uᵣ h + cᵣ)`,  `u = σ(Wᵤ x + bᵤ + Uᵤ h + cᵤ)`,
/// > `n = tanh(Wₙ x + bₙ + r (Uₙ h + cₙ))`,  `h ← (1 − u) n + u h`.
///
/// The three gates lie below each other in one matrix, in the order r, u, n, and have PyTorch's names.
///
/// ```
/// # use autograd::{Tensor, value};
/// # use nn::{Purpose, generator, layers::Gru};
/// let gru = Gru::<Tensor<f32>>::new(3, 16, &mut generator(0, Purpose::Init, 0, 0));
/// let x = Tensor::zeros([8, 20, 3]); // [batch, time, inputs]
/// let states = value(&gru, |gru, tape| gru.forward(tape.constant(&x), None));
/// assert_eq!(states.shape(), [8, 20, 16]); // [batch, time, hidden]
/// ```
#[derive(Clone, Debug)]
pub struct Gru<W> {
    /// `W`, of shape `[3 · hidden, inputs]`.
    pub weight_ih_l0: W,
    /// `U`, of shape `[3 · hidden, hidden]`.
    pub weight_hh_l0: W,
    /// `b`, of shape `[3 · hidden]`.
    pub bias_ih_l0: W,
    /// `c`, of shape `[3 · hidden]`.
    pub bias_hh_l0: W,
}
tree!(Gru { weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0 });

impl<T: Real> Gru<Tensor<T>> {
    /// Glorot weights from the input, orthogonal ones from state to state (for each gate), zero biases:
    /// gradients then neither explode nor vanish over the first steps. (PyTorch draws all of them from
    /// `U(−b, b)` with `b = 1/√hidden`.)
    pub fn new(inputs: usize, hidden: usize, from: &mut Generator) -> Self {
        Gru {
            weight_ih_l0: gates::<T, 3>(Init::Glorot, [inputs, hidden], from),
            weight_hh_l0: gates::<T, 3>(Init::Orthogonal, [hidden, hidden], from),
            bias_ih_l0: Tensor::zeros([3 * hidden]),
            bias_hh_l0: Tensor::zeros([3 * hidden]),
        }
    }
}

impl<'t, T: Real> Recurrent<'t, T> for Gru<Var<'t, T>> {
    type State = [Var<'t, T>; 1];
    const NAME: &'static str = "Gru";

    fn sizes(&self) -> [usize; 2] {
        [self.weight_ih_l0.shape()[1], self.weight_hh_l0.shape()[1]]
    }

    fn at_rest(zeros: Var<'t, T>) -> Self::State {
        [zeros]
    }

    fn read(&self, x: Var<'t, T>) -> Var<'t, T> {
        x.linear(self.weight_ih_l0, self.bias_ih_l0)
    }

    fn step(&self, read: Var<'t, T>, [h]: Self::State) -> Self::State {
        let [r, u, n] = read.chunk(1);
        let [hidden_r, hidden_u, hidden_n] = h.linear(self.weight_hh_l0, self.bias_hh_l0).chunk(1);
        let reset = (r + hidden_r).sigmoid();
        let update = (u + hidden_u).sigmoid();
        let new = (n + reset * hidden_n).tanh();
        [new + update * (h - new)]
    }
}

impl<'t, T: Real> Gru<Var<'t, T>> {
    /// The states after every step, `[batch, time, hidden]`, for `x` of shape `[batch, time, inputs]`.
    /// The first step starts from `h`, `[batch, hidden]`, or from 0.
    ///
    /// # Panics
    /// If the shapes do not fit, or there are no steps.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>, h: Option<Var<'t, T>>) -> Var<'t, T> {
        self.unroll(x, h.map(|h| [h]), Direction::Forward).0
    }
}

#[cfg(test)]
mod tests {
    use autograd::value;

    use super::*;
    use crate::{Purpose, generator};

    /// 3 inputs and 4 units, applied to zeros.
    fn forward(x: &[usize], h: Option<&[usize]>) {
        let gru = Gru::<Tensor<f64>>::new(3, 4, &mut generator(0, Purpose::Init, 0, 0));
        value(&gru, |gru, tape| {
            let zeros = |shape: &[usize]| tape.constant(Tensor::zeros(shape));
            gru.forward(zeros(x), h.map(zeros))
        });
    }

    #[test]
    #[should_panic(expected = "Gru: expected [batch, time, 3], but the input has shape [2, 5, 4]")]
    fn inputs_of_another_width() {
        forward(&[2, 5, 4], None);
    }

    #[test]
    #[should_panic(expected = "Gru: expected a state [2, 4] before the first step, but it has shape [4]")]
    fn a_state_for_each_example() {
        forward(&[2, 5, 3], Some(&[4]));
    }
}
