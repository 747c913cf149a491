//! The multilayer perceptron.

use autograd::{Leaf, Name, Real, Tensor, Tree, Var};

use super::{Activation, Linear};
use crate::random::Generator;

/// Linear layers with an activation between them, and none after the last.
///
/// ```
/// use autograd::{Tensor, value};
/// use nn::{Activation, Mlp, Purpose, generator};
///
/// let mlp = Mlp::<Tensor<f32>>::new(&[64, 32, 8], Activation::Relu, &mut generator(0, Purpose::Init, 0, 0));
/// let code = value(&mlp, |mlp, tape| mlp.forward(tape.constant(Tensor::ones([5, 64]))));
/// assert_eq!(code.shape(), [5, 8]);
/// ```
#[derive(Clone, Debug)]
pub struct Mlp<W> {
    /// The layers, in order.
    pub layers: Vec<Linear<W>>,
    /// What happens between them.
    pub activation: Activation,
}

/// Layers are numbered `0, 2, 4, …` as in a `torch.nn.Sequential` of the same network, where the
/// activations take the odd places.
impl<W: Leaf> Tree<W> for Mlp<W> {
    type With<V: Leaf> = Mlp<V>;

    fn map<V: Leaf>(&self, name: Name, f: &mut dyn FnMut(Name, &W) -> V) -> Mlp<V> {
        let layers = self.layers.iter().enumerate();
        let layers = layers.map(|(i, layer)| layer.map(Name::Index(&name, 2 * i), f)).collect();
        Mlp { layers, activation: self.activation }
    }

    fn visit_mut(&mut self, name: Name, f: &mut dyn FnMut(Name, &mut W)) {
        let layers = self.layers.iter_mut().enumerate();
        layers.for_each(|(i, layer)| layer.visit_mut(Name::Index(&name, 2 * i), f));
    }
}

impl<T: Real> Mlp<Tensor<T>> {
    /// Layers of the given widths, input first. Weights are drawn as the activation asks; the last
    /// layer, which has none, is drawn by Glorot.
    ///
    /// # Panics
    /// If there are fewer than two widths.
    #[track_caller]
    pub fn new(widths: &[usize], activation: Activation, from: &mut Generator) -> Self {
        assert!(widths.len() >= 2, "Mlp: at least an input and an output width are needed");
        let last = widths.len() - 2;
        let init = |i| if i == last { Activation::Identity.init() } else { activation.init() };
        let pairs = widths.windows(2).enumerate();
        let layers = pairs.map(|(i, pair)| Linear::new(pair[0], pair[1], init(i), from)).collect();
        Mlp { layers, activation }
    }
}

impl<'t, T: Real> Mlp<Var<'t, T>> {
    /// `[batch, first width]` to `[batch, last width]`.
    ///
    /// # Panics
    /// If the last axis of `x` is not the first width.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        let (first, rest) = self.layers.split_first().expect("an Mlp has at least one layer");
        rest.iter().fold(first.forward(x), |x, layer| layer.forward(self.activation.apply(x)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Purpose, generator};

    #[test]
    fn names_follow_torch_sequential() {
        let mlp =
            Mlp::<Tensor<f32>>::new(&[3, 4, 2], Activation::Tanh, &mut generator(0, Purpose::Init, 0, 0));
        let mut names = vec![];
        mlp.visit(&mut |name, w: &Tensor<f32>| names.push(format!("{name} {:?}", w.shape())));
        assert_eq!(names, ["0.weight [4, 3]", "0.bias [4]", "2.weight [2, 4]", "2.bias [2]"]);
    }

    #[test]
    fn gradients_are_right_at_two_orders() {
        let mut from = generator(0, Purpose::Init, 0, 0);
        let mlp = Mlp::<Tensor<f64>>::new(&[3, 4, 2], Activation::Tanh, &mut from);
        let x = crate::random::normal([5, 3], &mut from);
        let leaves = [0, 1].map(|i| mlp.layers[i].weight.clone());
        for order in 1..=2 {
            autograd::gradcheck(
                |[x, w0, w1]| {
                    let zero = |n| x.tape().constant(Tensor::zeros([n]));
                    let layers =
                        vec![Linear { weight: w0, bias: zero(4) }, Linear { weight: w1, bias: zero(2) }];
                    Mlp { layers, activation: Activation::Tanh }.forward(x)
                },
                [x.clone(), leaves[0].clone(), leaves[1].clone()],
                order,
            )
            .unwrap();
        }
    }
}
