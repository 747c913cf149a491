//! Layers one after the other, of types that are known when the program is written.

use autograd::{Leaf, Name, Real, Tree, Var};

use super::{
    Activation, BatchNorm, Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, Dropout, GroupNorm, Layer,
    LayerNorm, LearnedPositions, Linear, Mlp, Residual, RmsNorm, SeparableConv2d, Sequential, TokenReader,
    TransformerBlock,
};
use crate::Context;

/// A layer that maps one variable to one variable. Every such layer of this module is one, and so are a tuple of up to
/// eight of them, an array, a vector and an option: the output of each is the input of the next.
///
/// A [`Sequential`] holds layers of this crate, which may be chosen at run time. A layer of your own stands in a tuple,
/// beside any others, once it has this trait. Parameters are named by their place, as in a `torch.nn.Sequential`.
///
/// ```
/// use autograd::{Real, Tensor, Tree, Var, tree};
/// use nn::layers::{Forward, Sequential};
/// use nn::{Activation, Adam, Context, Generator, Init, Linear, Purpose, generator};
///
/// /// `y = σ(V x) · (W x)` (Dauphin et al. 2017).
/// struct Gated<W> {
///     gate: Linear<W>,
///     linear: Linear<W>,
/// }
/// tree!(Gated { gate, linear });
///
/// impl Gated<Tensor<f64>> {
///     fn new(inputs: usize, outputs: usize, from: &mut Generator) -> Self {
///         let mut linear = || Linear::new(inputs, outputs, Init::Glorot, from);
///         Gated { gate: linear(), linear: linear() }
///     }
/// }
///
/// impl<'t, T: Real> Forward<'t, T> for Gated<Var<'t, T>> {
///     fn forward(&self, x: Var<'t, T>, _: &mut Context) -> Var<'t, T> {
///         self.gate.forward(x).sigmoid() * self.linear.forward(x)
///     }
/// }
///
/// // In a struct it is `struct Net<W> { layers: (Linear<W>, Activation, [Gated<W>; 2], Sequential<W>) }`.
/// let from = &mut generator(0, Purpose::Init, 0, 0);
/// let head = Sequential::new([Activation::Tanh.into(), Linear::new(8, 1, Init::Glorot, from).into()]);
/// let gated = [Gated::new(8, 8, from), Gated::new(8, 8, from)];
/// let mut model = (Linear::new(2, 8, Init::Glorot, from), Activation::Tanh, gated, head);
///
/// let mut names = vec![];
/// model.visit(&mut |name, _: &Tensor<f64>| names.push(name.to_string()));
/// assert_eq!(names[..3], ["0.weight", "0.bias", "2.0.gate.weight"]);
///
/// // The exclusive or.
/// let x = Tensor::from_vec([4, 2], vec![0., 0., 0., 1., 1., 0., 1., 1.]);
/// let y = Tensor::from_vec([4, 1], vec![0., 1., 1., 0.]);
/// let (mut adam, context) = (Adam::new(0.02), &mut Context::evaluation(0, &[0, 1, 2, 3]));
/// let mut step = || {
///     adam.minimize(&mut model, |model, tape| {
///         let y_hat = model.forward(tape.constant(&x), context);
///         (y_hat - tape.constant(&y)).square().mean()
///     })
/// };
/// let before = step();
/// let after = (0..200).map(|_| step()).last().unwrap();
/// assert!(after < 0.01 * before, "{before} {after}");
/// ```
pub trait Forward<'t, T: Real> {
    /// The output of the layer.
    ///
    /// # Panics
    /// If the shape of `x` does not fit.
    #[track_caller]
    fn forward(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T>;
}

/// For layers that do the same in training and evaluation.
macro_rules! forward {
    ($($Layer:ident),*) => {$(
        impl<'t, T: Real> Forward<'t, T> for $Layer<Var<'t, T>> {
            #[track_caller]
            fn forward(&self, x: Var<'t, T>, _: &mut Context) -> Var<'t, T> {
                self.forward(x)
            }
        }
    )*};
}
forward!(
    Linear,
    Mlp,
    Conv1d,
    Conv2d,
    SeparableConv2d,
    ConvTranspose1d,
    ConvTranspose2d,
    LayerNorm,
    GroupNorm,
    RmsNorm,
    LearnedPositions
);

/// For layers that may do something else in training, or contain such layers.
macro_rules! forward_in_context {
    ($($Layer:ident),*) => {$(
        impl<'t, T: Real> Forward<'t, T> for $Layer<Var<'t, T>> {
            #[track_caller]
            fn forward(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
                self.forward(x, context)
            }
        }
    )*};
}
forward_in_context!(BatchNorm, TokenReader, TransformerBlock, Residual, Sequential, Layer);

impl<'t, T: Real> Forward<'t, T> for Activation {
    fn forward(&self, x: Var<'t, T>, _: &mut Context) -> Var<'t, T> {
        self.apply(x)
    }
}

impl<'t, T: Real> Forward<'t, T> for Dropout {
    #[track_caller]
    fn forward(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        Dropout::forward(*self, x, context)
    }
}

/// For layers without parameters: trees without leaves.
macro_rules! leafless {
    ($($Layer:ident),*) => {$(
        impl<W: Leaf> Tree<W> for $Layer {
            type With<V: Leaf> = $Layer;

            fn map<V: Leaf>(&self, _: Name, _: &mut dyn FnMut(Name, &W) -> V) -> $Layer {
                *self
            }

            fn visit_mut(&mut self, _: Name, _: &mut dyn FnMut(Name, &mut W)) {}
        }
    )*};
}
leafless!(Activation, Dropout);

impl<'t, T: Real, L: Forward<'t, T>> Forward<'t, T> for [L] {
    #[track_caller]
    fn forward(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        let mut x = x;
        for layer in self {
            x = layer.forward(x, context);
        }
        x
    }
}

impl<'t, T: Real, L: Forward<'t, T>> Forward<'t, T> for Vec<L> {
    #[track_caller]
    fn forward(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        self[..].forward(x, context)
    }
}

impl<'t, T: Real, L: Forward<'t, T>, const N: usize> Forward<'t, T> for [L; N] {
    #[track_caller]
    fn forward(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        self[..].forward(x, context)
    }
}

/// Nothing happens where there is no layer.
impl<'t, T: Real, L: Forward<'t, T>> Forward<'t, T> for Option<L> {
    #[track_caller]
    fn forward(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        self.as_slice().forward(x, context)
    }
}

macro_rules! tuple {
    ($($Layer:ident $number:tt),+) => {
        impl<'t, T: Real, $($Layer: Forward<'t, T>),+> Forward<'t, T> for ($($Layer),+) {
            #[track_caller]
            fn forward(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
                $(let x = self.$number.forward(x, context);)+
                x
            }
        }
    };
}
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

#[cfg(test)]
mod tests {
    use autograd::{Tensor, value_and_grad};

    use super::*;
    use crate::{Init, Purpose, generator};

    /// Loss, names and gradients of a model.
    fn seen<M>(
        model: &M,
        forward: impl for<'t> Fn(M::With<Var<'t, f64>>, Var<'t, f64>) -> Var<'t, f64>,
    ) -> String
    where
        M: Tree<Tensor<f64>, With<Tensor<f64>> = M>,
    {
        let x = Tensor::from_fn([4, 3], |i| (i as f64).sin());
        let (loss, gradient) =
            value_and_grad(model, |model, tape| forward(model, tape.constant(&x)).square().mean());
        let mut text = format!("{loss:?}");
        gradient.visit(&mut |name, g: &Tensor<f64>| text += &format!(" {name} {:?}", g.to_vec()));
        text
    }

    #[test]
    fn a_tuple_does_what_a_sequential_of_its_layers_does() {
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let mut linear = || Linear::<Tensor<f64>>::new(3, 3, Init::Glorot, from);
        let (a, b, c, d) = (linear(), linear(), linear(), linear());
        let (tanh, dropout) = (Activation::Tanh, Dropout::new(0.5));
        let norm = LayerNorm::new([3]);
        let context = || Context::training(1, 2, &[0, 1, 2, 3]);
        let tuple =
            (a.clone(), tanh, norm.clone(), b.clone(), dropout, c.clone(), Activation::Elu, d.clone());
        let sequential = Sequential::new([
            a.into(),
            tanh.into(),
            norm.into(),
            b.clone().into(),
            dropout.into(),
            c.clone().into(),
            Activation::Elu.into(),
            d.into(),
        ]);
        let expected = seen(&sequential, |model, x| model.forward(x, &mut context()));
        assert_eq!(seen(&tuple, |model, x| model.forward(x, &mut context())), expected);
        assert!(expected.contains("7.bias"));

        // Vectors, arrays and options as well, inside of each other.
        let same = seen(&[b.clone(), c.clone()], |model, x| model.forward(x, &mut context()));
        assert_eq!(seen(&vec![b.clone(), c.clone()], |model, x| model.forward(x, &mut context())), same);
        assert_eq!(seen(&(b.clone(), Some(c.clone())), |model, x| model.forward(x, &mut context())), same);
        let nothing: Option<Linear<Tensor<f64>>> = None;
        let without = seen(&(b.clone(), nothing, c), |model, x| model.forward(x, &mut context()));
        assert_eq!(without.replace(" 2.", " 1."), same);
    }
}
