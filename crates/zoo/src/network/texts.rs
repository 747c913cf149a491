//! The part that networks for texts share. A text is read as a [`TokenReader`] reads it, and written token by token by a
//! [`TokenWriter`], to which the code says the same at every place or at each its own.

use autograd::Tensor;
use nn::data::schema::{Block, Kind, Schema, Shape};
use nn::layers::{Layer, TokenReader, TokenWriter};
use nn::{Dataset, Error, Generator, Init, Linear, Result, Sequential};

/// The share of the tokens before that a decoder does not see in training when nothing is said. Without any, most of what
/// comes next follows from what stands before, and a decoder learns to do without the code.
pub(super) const WORD_DROPOUT: f64 = 0.2;

/// Tokens in the vocabulary and places of examples that are texts.
pub(crate) fn text_of(schema: &Schema) -> Option<[usize; 2]> {
    match *schema.blocks() {
        [Block { shape: Shape::Tokens { length }, kind: Kind::Token { vocabulary } }] => {
            Some([vocabulary, length])
        }
        _ => None,
    }
}

/// Whether a number says nothing, so that it is not written among the settings of networks for other data.
pub(super) fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

/// The share of the words that is dropped when nothing is said about these data.
pub(super) fn usual_dropout(data: &Dataset) -> f64 {
    if text_of(data.schema()).is_some() { WORD_DROPOUT } else { 0.0 }
}

/// The sentence for a network that reads no texts.
pub(super) fn refused(network: &str) -> Error {
    Error::unsupported(format!(
        "the network `{network}` reads no texts; `--net gru`, `--net lstm` and `--net transformer` do"
    ))
}

/// Layers of a reader, or the causal ones of a writer.
pub(super) type Layers<'a> = dyn Fn(bool, &mut Generator) -> Vec<Layer<Tensor<f32>>> + 'a;

/// The parts of a network for texts.
pub(super) struct Parts<'a> {
    /// Tokens in the vocabulary and places of a text.
    pub(super) text: [usize; 2],
    /// Numbers of a token, and those that the layers give at each place.
    pub(super) widths: [usize; 2],
    /// From a place to what is said there.
    pub(super) layers: &'a Layers<'a>,
    /// Whether every place has weights of its own, and not only every step.
    pub(super) by_place: bool,
}

impl Parts<'_> {
    /// From a text to so many numbers.
    pub(super) fn reader(&self, outputs: usize, from: &mut Generator) -> Sequential<Tensor<f32>> {
        let ([vocabulary, length], [width, state]) = (self.text, self.widths);
        let mut reader = TokenReader::new(vocabulary, width, from);
        if self.by_place {
            reader = reader.by_place(length, from);
        }
        reader.layers = (self.layers)(false, from);
        let inputs = if self.by_place { length * state } else { state };
        let init = if self.by_place { Init::Glorot } else { Init::He };
        Sequential::new([reader.into(), Linear::new(inputs, outputs, init, from).into()])
    }

    /// From a code to texts. It begins with the tokens as often as they are in the data, whose logits `mean` has.
    ///
    /// # Errors
    /// If the dropout is no share.
    pub(super) fn writer(
        &self,
        code: usize,
        mean: &Tensor<f32>,
        word_dropout: f64,
        from: &mut Generator,
    ) -> Result<TokenWriter<Tensor<f32>>> {
        if !(0.0..1.0).contains(&word_dropout) {
            let problem = format!("word_dropout is a share from 0 to below 1, not {word_dropout}");
            return Err(Error::setting("network.word_dropout", problem));
        }
        let [vocabulary, length] = self.text;
        let mut writer = TokenWriter::new([code, vocabulary, length], self.widths, from);
        if self.by_place {
            writer = writer.by_place(from);
        }
        writer.layers = (self.layers)(true, from);
        writer.to_tokens.bias = mean.slice(0, ..vocabulary - 1).contiguous();
        writer.word_dropout = word_dropout;
        Ok(writer)
    }
}
