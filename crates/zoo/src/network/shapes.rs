//! Shapes of examples at the ends of networks, and the sentences for those that a network does not read.

use autograd::Tensor;
use nn::data::schema::{Block, Kind, Schema, Shape};
use nn::layers::Layer;
use nn::{Dataset, Error, Result};

/// Channels, height and width of examples that are pictures.
///
/// # Errors
/// If they are something else.
pub(super) fn picture(network: &str, data: &Dataset) -> Result<[usize; 3]> {
    let schema = data.schema();
    schema.as_image().ok_or_else(|| {
        let series = matches!(schema.shape(), Some(Shape::Series { .. }));
        let instead = if series { "conv1d" } else { "mlp" };
        refused(network, "pictures of known height and width", schema, instead)
    })
}

/// Steps and channels of examples that are series; see [`series_of`].
///
/// # Errors
/// If they are something else.
pub(super) fn series(network: &str, data: &Dataset) -> Result<[usize; 2]> {
    let schema = data.schema();
    series_of(schema).ok_or_else(|| {
        let instead = if schema.as_image().is_some() { "conv" } else { "mlp" };
        refused(network, "series", schema, instead)
    })
}

/// Steps and channels of examples that are series. Columns that nothing else is known of are taken for the steps of one
/// channel, unless together they are one category.
pub(crate) fn series_of(schema: &Schema) -> Option<[usize; 2]> {
    match *schema.blocks() {
        [Block { shape: Shape::Series { steps, channels }, .. }] => Some([steps, channels]),
        [Block { shape: Shape::Scalars(columns), kind }] if kind != Kind::Category => Some([columns, 1]),
        _ => None,
    }
}

/// The error of a network that is given what it does not read.
pub(super) fn refused(network: &str, reads: &str, schema: &Schema, instead: &str) -> Error {
    Error::unsupported(format!(
        "the network `{network}` reads {reads}, and these examples are {schema}; `--net {instead}` reads them"
    ))
}

/// Refuses a size of 0 of a setting.
pub(super) fn check_positive(setting: &str, sizes: &[usize]) -> Result<()> {
    if !sizes.is_empty() && !sizes.contains(&0) {
        return Ok(());
    }
    let problem = match sizes {
        [one] => format!("{setting} must be at least 1, not {one}"),
        _ => format!("{setting} must list at least one number, and none that is 0, not {sizes:?}"),
    };
    Err(Error::setting(setting, problem))
}

/// How many numbers a decoder gives for each number of an example. They stand side by side, one kind after the other,
/// each kind in the order of the example.
pub(super) fn parts(mean: &Tensor<f32>, data: &Dataset) -> usize {
    mean.len() / data.width().max(1)
}

/// Layers from `[parts · channels, steps]` to a decoder's numbers for series of these steps and channels.
pub(super) fn from_channels(parts: usize, [steps, channels]: [usize; 2]) -> Vec<Layer<Tensor<f32>>> {
    let turned = [Layer::Transpose, Layer::Flatten];
    match parts {
        1 => turned.into(),
        _ => [vec![Layer::Unflatten(vec![parts, channels, steps])], turned.into()].concat(),
    }
}

/// Layers from `[steps, parts · channels]` to the same numbers.
pub(super) fn from_steps(parts: usize, series: [usize; 2]) -> Vec<Layer<Tensor<f32>>> {
    match parts {
        1 => vec![Layer::Flatten],
        _ => [vec![Layer::Transpose], from_channels(parts, series)].concat(),
    }
}

/// Layers from a series, step by step, to a picture one pixel high that has its channels.
pub(super) fn to_channels([steps, channels]: [usize; 2]) -> Vec<Layer<Tensor<f32>>> {
    vec![
        Layer::Unflatten(vec![steps, channels]),
        Layer::Transpose,
        Layer::Unflatten(vec![channels, 1, steps]),
    ]
}

#[cfg(test)]
mod tests {
    use autograd::value;
    use nn::Sequential;

    use super::*;
    use crate::network::evaluation;

    /// Two kinds of numbers for 3 steps of 2 channels come out one kind after the other, each step by step.
    #[test]
    fn numbers_of_a_decoder_are_in_the_order_of_the_example() {
        // Part, step, channel.
        let name = |part: usize, step: usize, channel: usize| (100 * part + 10 * step + channel) as f32;
        let expected: Vec<f32> = (0..12).map(|i| name(i / 6, i / 2 % 3, i % 2)).collect();
        let by_channel: Vec<f32> = (0..12).map(|i| name(i / 6, i % 3, i / 3 % 2)).collect();
        let by_step: Vec<f32> = (0..12).map(|i| name(i / 2 % 2, i / 4, i % 2)).collect();
        for (layers, shape, x) in
            [(from_channels(2, [3, 2]), [1, 4, 3], by_channel), (from_steps(2, [3, 2]), [1, 3, 4], by_step)]
        {
            let (net, x) = (Sequential::new(layers), Tensor::from_vec(shape, x));
            let y = value(&net, |net, tape| net.forward(tape.constant(&x), &mut evaluation()));
            assert_eq!(y.to_vec(), expected);
        }
    }
}
