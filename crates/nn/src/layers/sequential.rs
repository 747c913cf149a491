//! Layers one after the other, chosen at run time.

use autograd::{Leaf, Name, Real, Tree, Upsample, Var, Window};

use super::{
    Activation, Attention, BatchNorm, Bidirectional, Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d,
    Dropout, GroupNorm, Gru, LayerNorm, LearnedPositions, Linear, Lstm, Mlp, RmsNorm, SeparableConv2d,
    SinusoidalPositions, TokenReader, TransformerBlock, Visible,
};
use crate::Context;

/// Any layer that maps one variable to one variable, for a [`Sequential`].
///
/// A layer of your own needs no place here: it is a struct of layers with a line of [`autograd::tree!`] and a `forward`.
/// Among other layers it stands in a tuple, see [`Forward`](super::Forward). Only a network whose layers are decided when
/// it is built, such as those of a registry, needs a variant for each kind of layer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Layer<W> {
    /// See [`Linear`].
    Linear(Linear<W>),
    /// See [`Mlp`].
    Mlp(Mlp<W>),
    /// See [`Conv1d`].
    Conv1d(Conv1d<W>),
    /// See [`Conv2d`].
    Conv2d(Conv2d<W>),
    /// See [`SeparableConv2d`].
    SeparableConv2d(SeparableConv2d<W>),
    /// See [`ConvTranspose1d`].
    ConvTranspose1d(ConvTranspose1d<W>),
    /// See [`ConvTranspose2d`].
    ConvTranspose2d(ConvTranspose2d<W>),
    /// See [`BatchNorm`].
    BatchNorm(BatchNorm<W>),
    /// See [`LayerNorm`].
    LayerNorm(LayerNorm<W>),
    /// See [`GroupNorm`].
    GroupNorm(GroupNorm<W>),
    /// See [`RmsNorm`].
    RmsNorm(RmsNorm<W>),
    /// See [`Gru`]; from a state of zeros.
    Gru(Gru<W>),
    /// See [`Lstm`]; from a state of zeros.
    Lstm(Lstm<W>),
    /// See [`Bidirectional`].
    BidirectionalGru(Bidirectional<Gru<W>>),
    /// See [`Bidirectional`].
    BidirectionalLstm(Bidirectional<Lstm<W>>),
    /// See [`Attention`]; of a sequence to all of itself.
    Attention(Attention<W>),
    /// See [`TransformerBlock`].
    TransformerBlock(TransformerBlock<W>),
    /// See [`LearnedPositions`].
    LearnedPositions(LearnedPositions<W>),
    /// See [`SinusoidalPositions`].
    SinusoidalPositions(SinusoidalPositions),
    /// See [`TokenReader`].
    TokenReader(TokenReader<W>),
    /// `y = x + f(x)`, see [`Residual`].
    Residual(Residual<W>),
    /// Layers inside layers.
    Sequential(Sequential<W>),
    /// See [`Activation`].
    Activation(Activation),
    /// See [`Dropout`].
    Dropout(Dropout),
    /// The largest number of every window, see [`Var::max_pool2d`].
    MaxPool2d(Window),
    /// The mean of every window, see [`Var::avg_pool2d`].
    AvgPool2d(Window),
    /// Larger images by repeating pixels, see [`Var::upsample_nearest2d`].
    UpsampleNearest(Upsample),
    /// Larger images by linear interpolation, see [`Var::upsample_bilinear2d`].
    UpsampleBilinear(Upsample),
    /// `[batch, …]` to `[batch, features]`.
    Flatten,
    /// `[batch, features]` to `[batch, these sizes]`.
    Unflatten(Vec<usize>),
    /// Rows `x / ‖x‖` of length 1; a row of zeros stays one.
    UnitLength,
    /// `[batch, …, a, b]` to `[batch, …, b, a]`: a series as convolutions read it, channel by channel, and back.
    Transpose,
    /// `[batch, features]` to `[batch, steps, features]`, at each of so many steps the same: what a recurrent decoder reads.
    Repeat(usize),
    /// `[batch, steps, features]` to `[batch, features]`, those of the last step: what a recurrent encoder remembers.
    LastStep,
}

impl<W: Leaf> Tree<W> for Layer<W> {
    type With<V: Leaf> = Layer<V>;

    fn map<V: Leaf>(&self, name: Name, f: &mut dyn FnMut(Name, &W) -> V) -> Layer<V> {
        match self {
            Layer::Linear(layer) => Layer::Linear(layer.map(name, f)),
            Layer::Mlp(layer) => Layer::Mlp(layer.map(name, f)),
            Layer::Conv1d(layer) => Layer::Conv1d(layer.map(name, f)),
            Layer::Conv2d(layer) => Layer::Conv2d(layer.map(name, f)),
            Layer::SeparableConv2d(layer) => Layer::SeparableConv2d(layer.map(name, f)),
            Layer::ConvTranspose1d(layer) => Layer::ConvTranspose1d(layer.map(name, f)),
            Layer::ConvTranspose2d(layer) => Layer::ConvTranspose2d(layer.map(name, f)),
            Layer::BatchNorm(layer) => Layer::BatchNorm(layer.map(name, f)),
            Layer::LayerNorm(layer) => Layer::LayerNorm(layer.map(name, f)),
            Layer::GroupNorm(layer) => Layer::GroupNorm(layer.map(name, f)),
            Layer::RmsNorm(layer) => Layer::RmsNorm(layer.map(name, f)),
            Layer::Gru(layer) => Layer::Gru(layer.map(name, f)),
            Layer::Lstm(layer) => Layer::Lstm(layer.map(name, f)),
            Layer::BidirectionalGru(layer) => Layer::BidirectionalGru(layer.map(name, f)),
            Layer::BidirectionalLstm(layer) => Layer::BidirectionalLstm(layer.map(name, f)),
            Layer::Attention(layer) => Layer::Attention(layer.map(name, f)),
            Layer::TransformerBlock(layer) => Layer::TransformerBlock(layer.map(name, f)),
            Layer::LearnedPositions(layer) => Layer::LearnedPositions(layer.map(name, f)),
            Layer::SinusoidalPositions(layer) => Layer::SinusoidalPositions(*layer),
            Layer::TokenReader(layer) => Layer::TokenReader(layer.map(name, f)),
            Layer::Residual(layer) => Layer::Residual(layer.map(name, f)),
            Layer::Sequential(layer) => Layer::Sequential(layer.map(name, f)),
            Layer::Activation(activation) => Layer::Activation(*activation),
            Layer::Dropout(dropout) => Layer::Dropout(*dropout),
            Layer::MaxPool2d(window) => Layer::MaxPool2d(*window),
            Layer::AvgPool2d(window) => Layer::AvgPool2d(*window),
            Layer::UpsampleNearest(to) => Layer::UpsampleNearest(*to),
            Layer::UpsampleBilinear(to) => Layer::UpsampleBilinear(*to),
            Layer::Flatten => Layer::Flatten,
            Layer::Unflatten(sizes) => Layer::Unflatten(sizes.clone()),
            Layer::UnitLength => Layer::UnitLength,
            Layer::Transpose => Layer::Transpose,
            Layer::Repeat(steps) => Layer::Repeat(*steps),
            Layer::LastStep => Layer::LastStep,
        }
    }

    fn visit_mut(&mut self, name: Name, f: &mut dyn FnMut(Name, &mut W)) {
        match self {
            Layer::Linear(layer) => layer.visit_mut(name, f),
            Layer::Mlp(layer) => layer.visit_mut(name, f),
            Layer::Conv1d(layer) => layer.visit_mut(name, f),
            Layer::Conv2d(layer) => layer.visit_mut(name, f),
            Layer::SeparableConv2d(layer) => layer.visit_mut(name, f),
            Layer::ConvTranspose1d(layer) => layer.visit_mut(name, f),
            Layer::ConvTranspose2d(layer) => layer.visit_mut(name, f),
            Layer::BatchNorm(layer) => layer.visit_mut(name, f),
            Layer::LayerNorm(layer) => layer.visit_mut(name, f),
            Layer::GroupNorm(layer) => layer.visit_mut(name, f),
            Layer::RmsNorm(layer) => layer.visit_mut(name, f),
            Layer::Gru(layer) => layer.visit_mut(name, f),
            Layer::Lstm(layer) => layer.visit_mut(name, f),
            Layer::BidirectionalGru(layer) => layer.visit_mut(name, f),
            Layer::BidirectionalLstm(layer) => layer.visit_mut(name, f),
            Layer::Attention(layer) => layer.visit_mut(name, f),
            Layer::TransformerBlock(layer) => layer.visit_mut(name, f),
            Layer::LearnedPositions(layer) => layer.visit_mut(name, f),
            Layer::TokenReader(layer) => layer.visit_mut(name, f),
            Layer::Residual(layer) => layer.visit_mut(name, f),
            Layer::Sequential(layer) => layer.visit_mut(name, f),
            Layer::Activation(_)
            | Layer::Dropout(_)
            | Layer::SinusoidalPositions(_)
            | Layer::MaxPool2d(_)
            | Layer::AvgPool2d(_)
            | Layer::UpsampleNearest(_)
            | Layer::UpsampleBilinear(_)
            | Layer::Flatten
            | Layer::Unflatten(_)
            | Layer::UnitLength
            | Layer::Transpose
            | Layer::Repeat(_)
            | Layer::LastStep => {}
        }
    }
}

impl<'t, T: Real> Layer<Var<'t, T>> {
    /// The output of the layer.
    ///
    /// # Panics
    /// If the shape of `x` does not fit.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        match self {
            Layer::Linear(layer) => layer.forward(x),
            Layer::Mlp(layer) => layer.forward(x),
            Layer::Conv1d(layer) => layer.forward(x),
            Layer::Conv2d(layer) => layer.forward(x),
            Layer::SeparableConv2d(layer) => layer.forward(x),
            Layer::ConvTranspose1d(layer) => layer.forward(x),
            Layer::ConvTranspose2d(layer) => layer.forward(x),
            Layer::BatchNorm(layer) => layer.forward(x, context),
            Layer::LayerNorm(layer) => layer.forward(x),
            Layer::GroupNorm(layer) => layer.forward(x),
            Layer::RmsNorm(layer) => layer.forward(x),
            Layer::Gru(layer) => layer.forward(x, None),
            Layer::Lstm(layer) => layer.forward(x, None),
            Layer::BidirectionalGru(layer) => layer.forward(x),
            Layer::BidirectionalLstm(layer) => layer.forward(x),
            Layer::Attention(layer) => layer.forward(x, Visible::all()),
            Layer::TransformerBlock(layer) => layer.forward(x, context),
            Layer::LearnedPositions(layer) => layer.forward(x),
            Layer::SinusoidalPositions(layer) => layer.forward(x),
            Layer::TokenReader(layer) => layer.forward(x, context),
            Layer::Residual(layer) => layer.forward(x, context),
            Layer::Sequential(layer) => layer.forward(x, context),
            Layer::Activation(activation) => activation.apply(x),
            Layer::Dropout(dropout) => dropout.forward(x, context),
            Layer::MaxPool2d(window) => x.max_pool2d(*window),
            Layer::AvgPool2d(window) => x.avg_pool2d(*window),
            Layer::UpsampleNearest(to) => x.upsample_nearest2d(*to),
            Layer::UpsampleBilinear(to) => x.upsample_bilinear2d(*to),
            Layer::Flatten => x.flatten(1),
            Layer::Unflatten(sizes) => x.reshape([&x.shape()[..1], sizes].concat()),
            Layer::UnitLength => unit_length(x),
            Layer::Transpose => x.t(),
            Layer::Repeat(steps) => repeated(x, *steps),
            Layer::LastStep => last_step(x),
        }
    }
}

#[track_caller]
fn repeated<'t, T: Real>(x: Var<'t, T>, steps: usize) -> Var<'t, T> {
    let shape = x.shape();
    let [batch, features] = shape[..] else {
        panic!("Repeat: expected [batch, features], but the input has shape {shape:?}")
    };
    x.unsqueeze(1).expand([batch, steps, features])
}

#[track_caller]
fn last_step<'t, T: Real>(x: Var<'t, T>) -> Var<'t, T> {
    let shape = x.shape();
    match shape[..] {
        [_, steps, _] if steps > 0 => x.slice(1, steps - 1..).squeeze(1),
        _ => panic!("LastStep: expected [batch, steps, features], but the input has shape {shape:?}"),
    }
}

/// `x / √(Σ x² + 10⁻¹²)`, which has a slope at 0 as well.
fn unit_length<'t, T: Real>(x: Var<'t, T>) -> Var<'t, T> {
    x / (x.square().sum_over(-1).unsqueeze(-1) + 1e-12).sqrt()
}

/// Lets a layer be written where any [`Layer`] is wanted, as `Linear::new(…).into()`.
macro_rules! layer_from {
    ($($layer:ident),*) => {$(
        impl<W> From<$layer<W>> for Layer<W> {
            fn from(layer: $layer<W>) -> Self {
                Layer::$layer(layer)
            }
        }
    )*};
}
layer_from!(
    Linear,
    Mlp,
    Conv1d,
    Conv2d,
    SeparableConv2d,
    ConvTranspose1d,
    ConvTranspose2d,
    BatchNorm,
    LayerNorm,
    GroupNorm,
    RmsNorm,
    Gru,
    Lstm,
    Attention,
    TransformerBlock,
    LearnedPositions,
    TokenReader,
    Residual,
    Sequential
);

impl<W> From<Bidirectional<Gru<W>>> for Layer<W> {
    fn from(layer: Bidirectional<Gru<W>>) -> Self {
        Layer::BidirectionalGru(layer)
    }
}

impl<W> From<Bidirectional<Lstm<W>>> for Layer<W> {
    fn from(layer: Bidirectional<Lstm<W>>) -> Self {
        Layer::BidirectionalLstm(layer)
    }
}

impl<W> From<SinusoidalPositions> for Layer<W> {
    fn from(positions: SinusoidalPositions) -> Self {
        Layer::SinusoidalPositions(positions)
    }
}

impl<W> From<Activation> for Layer<W> {
    fn from(activation: Activation) -> Self {
        Layer::Activation(activation)
    }
}

impl<W> From<Dropout> for Layer<W> {
    fn from(dropout: Dropout) -> Self {
        Layer::Dropout(dropout)
    }
}

/// Layers one after the other. Their parameters are named by their place, as in a
/// `torch.nn.Sequential` of the same layers: `0.weight`, `0.bias`, `2.weight` …
///
/// ```
/// use autograd::{Conv, Tensor, Window, value};
/// use nn::init::Init;
/// use nn::layers::{Conv2d, Dropout, Layer, Sequential};
/// use nn::{Activation, Context, Linear, Purpose, generator};
///
/// let from = &mut generator(0, Purpose::Init, 0, 0);
/// let classifier = Sequential::<Tensor<f32>>::new([
///     Conv2d::new([1, 8], [3, 3], Conv::default(), Init::He, from).into(),
///     Activation::Relu.into(),
///     Layer::MaxPool2d(Window::new([2, 2])),
///     Layer::Flatten,
///     Dropout::new(0.5).into(),
///     Linear::new(8 * 3 * 3, 10, Init::Glorot, from).into(),
/// ]);
/// let images = Tensor::ones([5, 1, 8, 8]);
/// let context = &mut Context::evaluation(0, &[0, 1, 2, 3, 4]);
/// let logits = value(&classifier, |layers, tape| layers.forward(tape.constant(&images), context));
/// assert_eq!(logits.shape(), [5, 10]);
/// ```
#[derive(Clone, Debug)]
pub struct Sequential<W> {
    /// The layers, first to last.
    pub layers: Vec<Layer<W>>,
}

impl<W: Leaf> Tree<W> for Sequential<W> {
    type With<V: Leaf> = Sequential<V>;

    fn map<V: Leaf>(&self, name: Name, f: &mut dyn FnMut(Name, &W) -> V) -> Sequential<V> {
        Sequential { layers: self.layers.map(name, f) }
    }

    fn visit_mut(&mut self, name: Name, f: &mut dyn FnMut(Name, &mut W)) {
        self.layers.visit_mut(name, f);
    }
}

impl<W> Sequential<W> {
    /// These layers, one after the other.
    pub fn new(layers: impl Into<Vec<Layer<W>>>) -> Self {
        Sequential { layers: layers.into() }
    }
}

impl<'t, T: Real> Sequential<Var<'t, T>> {
    /// The output of the last layer.
    ///
    /// # Panics
    /// If a shape does not fit.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        let mut x = x;
        for layer in &self.layers {
            x = layer.forward(x, context);
        }
        x
    }
}

/// `y = x + f(x)` (He et al. 2016): the layers `f` learn what to change.
#[derive(Clone, Debug)]
pub struct Residual<W> {
    /// `f`, whose output has the shape of its input.
    pub body: Sequential<W>,
}
autograd::tree!(Residual { body });

impl<W> Residual<W> {
    /// Around these layers.
    pub fn new(layers: impl Into<Vec<Layer<W>>>) -> Self {
        Residual { body: Sequential::new(layers) }
    }
}

impl<'t, T: Real> Residual<Var<'t, T>> {
    /// The input and what the layers add to it.
    ///
    /// # Panics
    /// If the layers change the shape.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        let change = self.body.forward(x, context);
        let (shape, changed) = (x.shape(), change.shape());
        assert!(shape == changed, "Residual: the layers turn the shape {shape:?} into {changed:?}");
        x + change
    }
}

#[cfg(test)]
mod tests {
    use autograd::{Tensor, value};

    use super::*;

    /// The output for 0, 1, 2 and so on.
    #[track_caller]
    fn forward(layer: &Layer<Tensor<f64>>, shape: &[usize]) -> Tensor<f64> {
        let x = Tensor::from_fn(shape, |i| i as f64);
        value(layer, |layer, tape| layer.forward(tape.constant(&x), &mut Context::evaluation(0, &[])))
    }

    #[test]
    fn series_are_turned_repeated_and_summed_up() {
        assert_eq!(forward(&Layer::Transpose, &[1, 2, 3]).to_vec(), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        let repeated = forward(&Layer::Repeat(2), &[2, 2]);
        assert_eq!(repeated.shape(), [2, 2, 2]);
        assert_eq!(repeated.to_vec(), [0.0, 1.0, 0.0, 1.0, 2.0, 3.0, 2.0, 3.0]);
        assert_eq!(forward(&Layer::LastStep, &[2, 3, 2]).to_vec(), [4.0, 5.0, 10.0, 11.0]);
    }

    #[test]
    fn rows_of_length_one() {
        let lengths = |rows: Tensor<f64>| rows.map(|x| x * x).sum_to([3, 1]).map(f64::sqrt).to_vec();
        let layer = Layer::<Tensor<f64>>::UnitLength;
        let x = Tensor::from_vec([3, 2], vec![3.0, 4.0, 0.0, 0.0, 0.0, -0.1]);
        let of = |x: &Tensor<f64>| {
            value(&layer, |layer, tape| layer.forward(tape.constant(x), &mut Context::evaluation(0, &[])))
        };
        assert!((of(&x)[[0, 1]] - 0.8).abs() < 1e-12);
        let expected = [1.0, 0.0, 1.0];
        assert!(lengths(of(&x)).iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9));
    }

    #[test]
    #[should_panic(expected = "Repeat: expected [batch, features], but the input has shape [2, 3, 2]")]
    fn only_vectors_are_repeated() {
        forward(&Layer::Repeat(2), &[2, 3, 2]);
    }

    #[test]
    #[should_panic(
        expected = "LastStep: expected [batch, steps, features], but the input has shape [2, 0, 2]"
    )]
    fn a_series_needs_a_step() {
        forward(&Layer::LastStep, &[2, 0, 2]);
    }
}
