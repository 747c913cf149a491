//! Long short-term memory (Hochreiter and Schmidhuber 1997): see [`recurrent`](super::recurrent).

use autograd::Tensor;
use nn::layers::{self, TokenWriter};
use nn::{Dataset, Generator, Result, Sequential};
use serde::{Deserialize, Serialize};

use super::recurrent::{Cells, step_of};
use super::shapes::parts;
use super::texts::{is_zero, text_of, usual_dropout};
use super::{Architecture, Mlp};

/// Layers of long short-term memory that read and write a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lstm {
    /// Units in the state of each recurrent layer.
    pub state: usize,
    /// Recurrent layers, each of which reads what the one before it says.
    pub layers: usize,
    /// Numbers in a step: as many as a series has channels; of a table a divisor of its columns; of a text 1.
    pub step: usize,
    /// Share of the tokens of a text that the decoder does not see in training, from 0 to below 1: so it asks the code.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub word_dropout: f64,
}

impl Architecture for Lstm {
    const TITLE: &'static str = "long short-term memory, for series and texts";
    const TEXT: &'static str = include_str!("lstm.rs");
    const ADDS_TO_MEAN: bool = true;

    fn usual(data: &Dataset, _: &Mlp) -> Self {
        let state = match data.width() {
            _ if text_of(data.schema()).is_some() => 256,
            ..256 => 64,
            _ => 128,
        };
        Lstm { state, layers: 1, step: step_of(data), word_dropout: usual_dropout(data) }
    }

    fn encoder(
        &self,
        data: &Dataset,
        outputs: usize,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        Ok(self.cells(data)?.reader(outputs, from))
    }

    fn decoder(
        &self,
        data: &Dataset,
        code: usize,
        mean: &Tensor<f32>,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        Ok(self.cells(data)?.writer(code, parts(mean, data), from))
    }

    fn writer(
        &self,
        data: &Dataset,
        code: usize,
        mean: &Tensor<f32>,
        from: &mut Generator,
    ) -> Result<Option<TokenWriter<Tensor<f32>>>> {
        self.cells(data)?.text_writer(code, mean, self.word_dropout, from)
    }
}

impl Lstm {
    fn cells(&self, data: &Dataset) -> Result<Cells> {
        let sizes = [self.state, self.layers, self.step];
        Cells::new("lstm", sizes, data, |[inputs, state], from| layers::Lstm::new(inputs, state, from).into())
    }
}
