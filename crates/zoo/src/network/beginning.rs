//! How networks begin: at the mean of the data, and small.

use autograd::{Tensor, Tree, value};
use nn::layers::Layer;
use nn::{Dataset, Linear, Sequential};

use super::evaluation;
use crate::evaluate;

/// Whether a model normalizes over its batches, so that a single example teaches it nothing.
pub(crate) fn normalizes_batches(model: &impl Tree<Tensor<f32>>) -> bool {
    let mut found = false;
    model.visit(&mut |name, _| found |= name.to_string().ends_with("num_batches_tracked"));
    found
}

/// The share of their usual size with which the weights of some last layers begin.
pub(crate) const SMALL: f32 = 1.0 / 32.0;

/// Lets a last layer begin with this output whatever it is given, but for a little: as its bias, beside small weights. With
/// the output for the mean of the data the first loss is that of the mean example. A layer drawn as large as the others
/// adds noise, often more than the data vary, which has to be unlearnt first; weights that are needed grow in a few steps.
pub(crate) fn begin_with(layer: &mut Linear<Tensor<f32>>, output: Tensor<f32>) {
    layer.bias = output;
    layer.weight = layer.weight.map(|w| SMALL * w);
}

/// Lets a first layer begin with 0 for the mean of the data, as if that were taken away: where all pixels are light, units
/// would otherwise be on for every example, or for none.
pub(crate) fn centre(net: &mut Sequential<Tensor<f32>>, data: &Dataset) {
    let Some(Layer::Linear(layer)) = net.layers.first_mut() else { return };
    let mean = evaluate::mean(data.x());
    let output = layer.weight.matmul(&mean.reshape([mean.len(), 1])).reshape(layer.bias.shape());
    layer.bias = output.map(|output| 0.0 - output);
}

/// Lets a network begin with 0 for the mean of the data, by the bias of its last layer. Where all pixels are light, its
/// outputs would otherwise be far from 0 and much the same for every example, and a decoder would add a picture of them to
/// the mean. (Batch normalization does as much, and has no statistics yet.)
pub(crate) fn centre_outputs(net: &mut Sequential<Tensor<f32>>, data: &Dataset) {
    if normalizes_batches(net) {
        return;
    }
    let mean = evaluate::mean(data.x());
    let outputs = value(&*net, |net, tape| {
        net.forward(tape.constant(mean.reshape([1, mean.len()])), &mut evaluation())
    });
    let bias = &mut last(net).bias;
    *bias = bias.zip(&outputs.reshape(bias.shape()), |bias, output| bias - output);
}

/// The last layer with parameters of a network in which that is a linear one.
pub(crate) fn last(net: &mut Sequential<Tensor<f32>>) -> &mut Linear<Tensor<f32>> {
    let moves =
        |layer: &&mut Layer<_>| matches!(layer, Layer::Flatten | Layer::Unflatten(_) | Layer::Transpose);
    match net.layers.iter_mut().rev().find(|layer| !moves(layer)) {
        Some(Layer::Linear(layer)) => layer,
        _ => panic!("a linear layer should be last"),
    }
}

/// Scales the initial weights of a network's outputs from this one on.
pub(crate) fn quiet(net: &mut Sequential<Tensor<f32>>, first: usize, factor: f32) {
    let weight = &mut last(net).weight;
    let columns = weight.shape()[1];
    weight.make_mut().iter_mut().skip(first * columns).for_each(|w| *w *= factor);
}
