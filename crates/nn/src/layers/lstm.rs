//! Long short-term memory, for sequences.

use autograd::{Real, Tensor, Var, tree};

use super::recurrent::{Direction, Recurrent, gates};
use crate::init::Init;
use crate::random::Generator;

/// A layer of long short-term memory (Hochreiter and Schmidhuber 1997) with forget gates (Gers et al. 2000):
///
/// > `i = σ(Wᵢ x + bᵢ + Uᵢ h + cᵢ)`,  `f = σ(W_f x + b_f + U_f h + c_f)`,
/// > `g = tanh(W_g x + b_g + U_g h + c_g)`,  `o = σ(Wₒ x + bₒ + Uₒ h + cₒ)`,
/// > `c ← f c + i g`,  `h ← o tanh c`.
///
/// The contents of the cells, `c`, change by sums, so a gradient may pass many steps without fading. The gates lie below
/// each other in one matrix, in the order i, f, g, o, and have PyTorch's names.
///
/// ```
/// # use autograd::{Tensor, value};
/// # use nn::{Purpose, generator, layers::Lstm};
/// let lstm = Lstm::<Tensor<f32>>::new(3, 16, &mut generator(0, Purpose::Init, 0, 0));
/// let x = Tensor::zeros([8, 20, 3]); // [batch, time, inputs]
/// let states = value(&lstm, |lstm, tape| lstm.forward(tape.constant(&x), None));
/// assert_eq!(states.shape(), [8, 20, 16]); // [batch, time, hidden]
/// ```
#[derive(Clone, Debug)]
pub struct Lstm<W> {
    /// `W`, of shape `[4 · hidden, inputs]`.
    pub weight_ih_l0: W,
    /// `U`, of shape `[4 · hidden, hidden]`.
    pub weight_hh_l0: W,
    /// `b`, of shape `[4 · hidden]`.
    pub bias_ih_l0: W,
    /// `c`, of shape `[4 · hidden]`.
    pub bias_hh_l0: W,
}
tree!(Lstm { weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0 });

impl<T: Real> Lstm<Tensor<T>> {
    /// Glorot weights from the input, orthogonal ones from state to state (for each gate), as in [`Gru`](super::Gru).
    /// Biases are zero but for those of the forget gates in `b`, which are 1: the cells keep what they hold until they
    /// learn to forget (Jozefowicz et al. 2015). (PyTorch draws all of them from `U(−b, b)` with `b = 1/√hidden`.)
    pub fn new(inputs: usize, hidden: usize, from: &mut Generator) -> Self {
        let forget = hidden..2 * hidden;
        Lstm {
            weight_ih_l0: gates::<T, 4>(Init::Glorot, [inputs, hidden], from),
            weight_hh_l0: gates::<T, 4>(Init::Orthogonal, [hidden, hidden], from),
            bias_ih_l0: Tensor::from_fn([4 * hidden], |i| T::of(f64::from(u8::from(forget.contains(&i))))),
            bias_hh_l0: Tensor::zeros([4 * hidden]),
        }
    }
}

impl<'t, T: Real> Recurrent<'t, T> for Lstm<Var<'t, T>> {
    /// `h` and `c`.
    type State = [Var<'t, T>; 2];
    const NAME: &'static str = "Lstm";

    fn sizes(&self) -> [usize; 2] {
        [self.weight_ih_l0.shape()[1], self.weight_hh_l0.shape()[1]]
    }

    fn at_rest(zeros: Var<'t, T>) -> Self::State {
        [zeros, zeros]
    }

    fn read(&self, x: Var<'t, T>) -> Var<'t, T> {
        x.linear(self.weight_ih_l0, self.bias_ih_l0)
    }

    fn step(&self, read: Var<'t, T>, [h, c]: Self::State) -> Self::State {
        let [i, f, g, o] = (read + h.linear(self.weight_hh_l0, self.bias_hh_l0)).chunk(1);
        let c = f.sigmoid() * c + i.sigmoid() * g.tanh();
        [o.sigmoid() * c.tanh(), c]
    }
}

impl<'t, T: Real> Lstm<Var<'t, T>> {
    /// The outputs `h` after every step, `[batch, time, hidden]`, for `x` of shape `[batch, time, inputs]`. The first step
    /// starts from `h` and `c`, each `[batch, hidden]`, or from 0. To go on later, [`unroll`](Recurrent::unroll) also gives
    /// the state in the end.
    ///
    /// # Panics
    /// If the shapes do not fit, or there are no steps.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>, state: Option<[Var<'t, T>; 2]>) -> Var<'t, T> {
        self.unroll(x, state, Direction::Forward).0
    }
}
