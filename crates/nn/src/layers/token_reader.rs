//! The way from a text to numbers.

use autograd::{Real, Tensor, Var, tree};

use super::{Embedding, Layer, LearnedPositions, Visible};
use crate::Context;
use crate::random::{Generator, normal};

/// Layers that read a text, given as the number of the token at each of its places. Places behind the end, which hold
/// [`PADDING`](crate::data::PADDING), are hidden from attention, and nothing of them is in the result.
///
/// The output is that of the layers at the last place of the text, `[batch, width]`, or, if a text is read as a whole,
/// what they say at all places side by side, `[batch, places · width]`, with zeros behind the end.
///
/// ```
/// use autograd::{Tensor, value};
/// use nn::layers::{Gru, TokenReader};
/// use nn::{Context, Purpose, generator};
///
/// let from = &mut generator(0, Purpose::Init, 0, 0);
/// let layers = vec![Gru::<Tensor<f32>>::new(8, 16, from).into()];
/// let reader = TokenReader { layers, ..TokenReader::new(30, 8, from) };
/// let texts = Tensor::from_vec([2, 4], vec![7.0, 5.0, 1.0, 0.0, 9.0, 4.0, 4.0, 1.0]);
/// let context = &mut Context::evaluation(0, &[0, 1]);
/// let states = value(&reader, |reader, tape| reader.forward(tape.constant(&texts), context));
/// assert_eq!(states.shape(), [2, 16]);
/// ```
#[derive(Clone, Debug)]
pub struct TokenReader<W> {
    /// A vector for each token.
    pub embedding: Embedding<W>,
    /// A vector for each place, where the layers do not see the order by themselves.
    pub positions: Option<LearnedPositions<W>>,
    /// Layers from `[batch, places, …]` to the same axes: recurrent ones that begin at the first place, blocks of attention,
    /// and what does the same at every place.
    pub layers: Vec<Layer<W>>,
    /// Whether a text is read as a whole.
    pub whole: bool,
}
tree!(TokenReader { embedding, positions, layers; whole });

impl<T: Real> TokenReader<Tensor<T>> {
    /// Vectors of so many numbers for so many tokens, and no layers yet.
    pub fn new(vocabulary: usize, width: usize, from: &mut Generator) -> Self {
        TokenReader {
            embedding: Embedding::new(vocabulary, width, from),
            positions: None,
            layers: vec![],
            whole: false,
        }
    }

    /// The same for texts of so many places at most that are read as a whole, with a vector for each place.
    #[must_use]
    pub fn by_place(self, longest: usize, from: &mut Generator) -> Self {
        let width = self.embedding.weight.shape()[1];
        TokenReader { positions: Some(places(longest, width, from)), whole: true, ..self }
    }
}

/// Places that are as different as tokens are, `N(0, 1)`: what stands somewhere says as much as where.
pub(super) fn places<T: Real>(
    longest: usize,
    width: usize,
    from: &mut Generator,
) -> LearnedPositions<Tensor<T>> {
    LearnedPositions { weight: normal([longest, width], from) }
}

impl<'t, T: Real> TokenReader<Var<'t, T>> {
    /// `[batch, places]` to `[batch, …]`.
    ///
    /// # Panics
    /// If a number is none of a token, or a shape does not fit.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        let shape = x.shape();
        let [batch, places] = shape[..] else {
            panic!("TokenReader: expected [batch, places], but the input has shape {shape:?}")
        };
        let there = x.gt(0.0);
        let mut h = self.embedding.weight.embedding(x);
        if let Some(positions) = &self.positions {
            h = positions.forward(h);
        }
        for layer in &self.layers {
            h = match layer {
                Layer::TransformerBlock(block) => block.seeing(h, Visible::all().only(there), context),
                layer => layer.forward(h, context),
            };
        }
        let there = there.numbers();
        if self.whole {
            return (h * there.unsqueeze(-1)).flatten(1);
        }
        let next = there.slice(1, 1..).pad([[0, 0], [0, 1]], 0.0);
        let last = (there - next).reshape([batch, places, 1]);
        (h * last).sum_over(1)
    }
}

#[cfg(test)]
mod tests {
    use autograd::value;

    use super::*;
    use crate::layers::{Gru, LayerNorm, TransformerBlock};
    use crate::{Purpose, generator};

    fn read(reader: &TokenReader<Tensor<f64>>, texts: &[f64]) -> Tensor<f64> {
        let x = Tensor::from_vec([1, texts.len()], texts.to_vec());
        value(reader, |reader, tape| reader.forward(tape.constant(&x), &mut Context::evaluation(0, &[0])))
    }

    #[test]
    fn what_is_behind_the_end_changes_nothing() {
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let recurrent =
            TokenReader { layers: vec![Gru::new(4, 3, from).into()], ..TokenReader::new(9, 4, from) };
        assert_eq!(read(&recurrent, &[5.0, 7.0, 1.0]), read(&recurrent, &[5.0, 7.0, 1.0, 0.0, 0.0]));
        assert_ne!(read(&recurrent, &[5.0, 7.0, 1.0]), read(&recurrent, &[5.0, 1.0, 0.0]));
        assert_eq!(read(&recurrent, &[0.0, 0.0]).to_vec(), [0.0; 3], "no text at all");

        let layers = vec![TransformerBlock::new([4, 8], 2, from).into(), LayerNorm::new([4]).into()];
        let whole = TokenReader {
            layers,
            positions: Some(places(5, 4, from)),
            whole: true,
            ..TokenReader::new(9, 4, from)
        };
        let (short, long) = (read(&whole, &[5.0, 7.0, 1.0]), read(&whole, &[5.0, 7.0, 1.0, 0.0, 0.0]));
        assert_eq!((short.len(), long.len()), (12, 20));
        let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
        assert!(short.to_vec().iter().zip(&long.to_vec()).all(near));
        assert_eq!(long.to_vec()[12..], [0.0; 8]);
    }
}
