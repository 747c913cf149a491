//! The part that recurrent networks share: a reader and a writer of series (Srivastava, Mansimov and Salakhutdinov 2015;
//! Cho et al. 2014).
//!
//! > `z = A h_T`,  `hₜ = RNN(xₜ, hₜ₋₁)`;  `x̂ₜ = m + C gₜ`,  `gₜ = RNN(z, gₜ₋₁)`
//!
//! One recurrent layer reads the series step by step; what it remembers after the last step is the code. Another one writes
//! the series again, and reads nothing but the code, at every step the same. What is written adds to the mean example `m`.
//! The same weights serve every step, so what they learn holds wherever in the series it happens.
//!
//! A text is read in the same way, token by token to its end. Whoever writes it reads at every step the code and the token
//! before (Bowman et al. 2016).

use autograd::Tensor;
use nn::data::schema::Shape;
use nn::layers::{Layer, TokenWriter};
use nn::{Dataset, Error, Generator, Init, Linear, Result, Sequential};

use super::begin_with;
use super::shapes::{check_positive, from_steps, series, series_of};
use super::texts::{self, text_of};

/// Numbers in a step where nothing is said. A grey picture is a series of its rows.
pub(super) fn step_of(data: &Dataset) -> usize {
    let schema = data.schema();
    match (schema.as_grey(), series_of(schema)) {
        (Some([_, width]), _) => width,
        (None, Some([_, channels])) => channels,
        (None, None) => 1,
    }
}

/// Steps of examples, and numbers in a step.
fn steps(network: &str, step: usize, data: &Dataset) -> Result<[usize; 2]> {
    let (schema, features) = (data.schema(), data.width());
    let [_, natural] = match schema.as_grey() {
        Some(rows) => rows,
        None => series(network, data)?,
    };
    if !matches!(schema.shape(), Some(Shape::Scalars(_))) && step != natural {
        let problem = format!("a step of {schema} has {natural} numbers, and step = {step}");
        return Err(Error::setting("step", problem));
    }
    if step == 0 || !features.is_multiple_of(step) {
        let problem = format!(
            "{features} features are no series of steps with {step} numbers; choose a divisor of {features} for step"
        );
        return Err(Error::setting("step", problem));
    }
    Ok([features / step, step])
}

/// Numbers of the vector of a token.
const TOKEN: usize = 64;

/// Recurrent layers of one kind.
pub(super) struct Cells {
    /// A layer of these inputs and this state.
    cell: fn([usize; 2], &mut Generator) -> Layer<Tensor<f32>>,
    /// Steps, and numbers in a step.
    series: [usize; 2],
    /// Units in the state of each layer.
    state: usize,
    /// Layers, each of which reads what the one before it says.
    layers: usize,
    /// Tokens in the vocabulary and places, of texts.
    text: Option<[usize; 2]>,
}

impl Cells {
    /// The layers of a network for these data, or what is wrong with them.
    pub(super) fn new(
        network: &str,
        [state, layers, step]: [usize; 3],
        data: &Dataset,
        cell: fn([usize; 2], &mut Generator) -> Layer<Tensor<f32>>,
    ) -> Result<Self> {
        check_positive("state", &[state])?;
        check_positive("layers", &[layers])?;
        let text = text_of(data.schema());
        let series = match text {
            Some(_) if step != 1 => {
                return Err(Error::setting(
                    "step",
                    format!("a step of a text is one token, and step = {step}"),
                ));
            }
            Some([_, length]) => [length, 1],
            None => steps(network, step, data)?,
        };
        Ok(Cells { cell, series, state, layers, text })
    }

    /// From a series to `outputs`.
    pub(super) fn reader(&self, outputs: usize, from: &mut Generator) -> Sequential<Tensor<f32>> {
        if let Some(text) = self.text {
            return self.of_text(text, &|_, from| self.stacked(TOKEN, from)).reader(outputs, from);
        }
        let mut layers = vec![Layer::Unflatten(self.series.to_vec())];
        layers.extend(self.stacked(self.series[1], from));
        // States are small numbers, and a wide code should say as much as a narrow one.
        layers.extend([Layer::LastStep, Linear::new(self.state, outputs, Init::He, from).into()]);
        Sequential::new(layers)
    }

    /// From a code to so many numbers for each number of a series.
    pub(super) fn writer(&self, code: usize, parts: usize, from: &mut Generator) -> Sequential<Tensor<f32>> {
        let [steps, step] = self.series;
        let mut layers = vec![Layer::Repeat(steps)];
        layers.extend(self.stacked(code, from));
        let mut output = Linear::new(self.state, step * parts, Init::Glorot, from);
        begin_with(&mut output, Tensor::zeros([step * parts]));
        layers.push(output.into());
        layers.extend(from_steps(parts, self.series));
        Sequential::new(layers)
    }

    /// From a code to texts, if these are the examples.
    ///
    /// # Errors
    /// If the dropout is no share.
    pub(super) fn text_writer(
        &self,
        code: usize,
        mean: &Tensor<f32>,
        word_dropout: f64,
        from: &mut Generator,
    ) -> Result<Option<TokenWriter<Tensor<f32>>>> {
        let Some(text) = self.text else { return Ok(None) };
        let layers = |_, from: &mut Generator| self.stacked(TOKEN, from);
        self.of_text(text, &layers).writer(code, mean, word_dropout, from).map(Some)
    }

    fn of_text<'a>(&self, text: [usize; 2], layers: &'a texts::Layers<'a>) -> texts::Parts<'a> {
        texts::Parts { text, widths: [TOKEN, self.state], layers, by_place: false }
    }

    fn stacked(&self, inputs: usize, from: &mut Generator) -> Vec<Layer<Tensor<f32>>> {
        let inputs = |layer: usize| if layer == 0 { inputs } else { self.state };
        (0..self.layers).map(|layer| (self.cell)([inputs(layer), self.state], from)).collect()
    }
}
