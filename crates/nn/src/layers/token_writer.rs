//! The way from numbers to a text, token by token.

use autograd::{Real, Tape, Tensor, Var, tree};

use super::recurrent::Direction;
use super::{Embedding, Layer, LearnedPositions, Linear, Recurrent};
use crate::Context;
use crate::data::{END, PADDING, UNKNOWN};
use crate::random::Generator;

/// An autoregressive decoder: the distribution of the token at each place of a text, given a code and the tokens before it,
///
/// > `ln p(x|z) = Σₜ ln p(xₜ | x₀ … xₜ₋₁, z)`,  `p(xₜ | …) = softmax(W hₜ + b)`,
///
/// where `h` is what the layers make of the vectors of the tokens before and of the code. In training it is given the text
/// ([`forward`](Self::forward), *teacher forcing*), of which it does not see a share of the tokens (*word dropout*, Bowman
/// et al. 2016): so it has to ask the code. A text is written token by token ([`write`](Self::write)), each from those that
/// were written before.
///
/// ```
/// use autograd::{Tensor, value};
/// use nn::layers::{Gru, TokenWriter};
/// use nn::{Context, Purpose, generator};
///
/// let from = &mut generator(0, Purpose::Init, 0, 0);
/// let mut writer = TokenWriter::<Tensor<f32>>::new([4, 30, 6], [8, 16], from);
/// writer.layers = vec![Gru::new(8, 16, from).into()];
/// let codes = Tensor::ones([2, 4]);
/// let texts = value(&writer, |writer, tape| writer.write(tape.constant(&codes), None));
/// assert_eq!(texts.shape(), [2, 6]);
/// ```
#[derive(Clone, Debug)]
pub struct TokenWriter<W> {
    /// From the code to a vector for every place, the same for all or one for each.
    pub from_code: Linear<W>,
    /// A vector for each token; that of padding stands before the first place.
    pub embedding: Embedding<W>,
    /// A vector for each place, where the layers do not see the order by themselves.
    pub positions: Option<LearnedPositions<W>>,
    /// Layers from `[batch, places, …]` to the same axes: recurrent ones, causal blocks of attention, and what does the
    /// same at every place.
    pub layers: Vec<Layer<W>>,
    /// The logit of each token but padding.
    pub to_tokens: Linear<W>,
    /// Places of a text.
    pub length: usize,
    /// The share of the tokens before that are not seen in training.
    pub word_dropout: f64,
}
tree!(TokenWriter { from_code, embedding, positions, layers, to_tokens; length, word_dropout });

/// Memory of a layer of the places before.
#[derive(Clone, Copy)]
enum Memory<'t, T: Real> {
    Gru([Var<'t, T>; 1]),
    Lstm([Var<'t, T>; 2]),
    Attention([Var<'t, T>; 2]),
}

impl<T: Real> TokenWriter<Tensor<T>> {
    /// For codes of so many numbers, a vocabulary (with its marks) and so many places; vectors of a token have `width`
    /// numbers, and the layers, which are still to come, give `outputs`. The code says the same at every place.
    pub fn new(
        [code, vocabulary, length]: [usize; 3],
        [width, outputs]: [usize; 2],
        from: &mut Generator,
    ) -> Self {
        TokenWriter {
            from_code: Linear::new(code, width, crate::Init::LeCun, from),
            embedding: Embedding::new(vocabulary, width, from),
            positions: None,
            layers: vec![],
            to_tokens: Linear::new(outputs, vocabulary - 1, crate::Init::Glorot, from),
            length,
            word_dropout: 0.0,
        }
    }

    /// The same with a vector for each place, and with another part of the code at each.
    #[must_use]
    pub fn by_place(self, from: &mut Generator) -> Self {
        let [width, code] = [0, 1].map(|axis| self.from_code.weight.shape()[axis]);
        TokenWriter {
            from_code: Linear::new(code, self.length * width, crate::Init::LeCun, from),
            positions: Some(super::token_reader::places(self.length, width, from)),
            ..self
        }
    }
}

impl<'t, T: Real> TokenWriter<Var<'t, T>> {
    /// Logits of the tokens, `[batch, places, vocabulary − 1]`: at each place, given what stands before it in `x`, that of
    /// token 1, of token 2 and so on.
    ///
    /// # Panics
    /// If a shape does not fit, or a number is none of a token.
    #[track_caller]
    pub fn forward(&self, z: Var<'t, T>, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        let (shape, length) = (x.shape(), self.length);
        assert!(
            shape.len() == 2 && shape[1] == length,
            "TokenWriter: expected texts [batch, {length}], but they have shape {shape:?}"
        );
        let mut seen = x;
        if context.is_training() && self.word_dropout > 0.0 {
            let hidden = context.on(x.tape()).uniform(length).lt(self.word_dropout).and(x.gt(0.0));
            seen = x.masked_fill(hidden, f64::from(UNKNOWN));
        }
        let before = seen.slice(1, ..length - 1).pad([[0, 0], [1, 0]], f64::from(PADDING));
        let mut h = self.embedding.weight.embedding(before) + self.places(z);
        for layer in &self.layers {
            h = layer.forward(h, context);
        }
        self.to_tokens.forward(h)
    }

    /// The sum that code and place add to the vector of a token, `[batch, places or 1, width]`.
    #[track_caller]
    fn places(&self, z: Var<'t, T>) -> Var<'t, T> {
        let (rows, width) = (z.shape()[0], self.embedding.weight.shape()[1]);
        let from_code = self.from_code.forward(z);
        let places = from_code.shape()[1] / width;
        let from_code = from_code.reshape([rows, places, width]);
        self.positions.as_ref().map_or(from_code, |positions| positions.forward(from_code))
    }

    /// Texts for codes, `[rows, code]` to `[rows, places]`: at each place the most likely token, or, with a context for as
    /// many rows, one that is drawn. Behind the end of a text stands padding.
    ///
    /// # Panics
    /// If a shape does not fit.
    #[track_caller]
    pub fn write(&self, z: Var<'t, T>, mut draws: Option<&mut Context>) -> Var<'t, T> {
        let (tape, rows) = (z.tape(), z.shape()[0]);
        let places = self.places(z);
        let mut memories = vec![None; self.layers.len()];
        let constant = |value: f64| tape.constant(Tensor::full([rows], value));
        let (mut token, mut open) = (constant(f64::from(PADDING)), constant(1.0));
        let mut text = vec![];
        for place in 0..self.length {
            let here = place.min(places.shape()[1] - 1);
            let vector = self.embedding.weight.embedding(token).unsqueeze(1);
            let logits = self.next(vector + places.slice(1, here..here + 1), &mut memories);
            let logits = match &mut draws {
                None => logits,
                // The largest of logits with Gumbel's noise is a draw from their softmax.
                Some(context) => logits - gumbel(context, tape, logits.shape()[1]),
            };
            token = (logits.argmax_over(1) + 1.0) * open;
            open = open * token.ne(f64::from(END)).numbers();
            text.push(token);
        }
        Var::stack(&text, 1)
    }

    /// Logits of the token at the next place, `[rows, vocabulary − 1]`, for the vector at this one, `[rows, 1, width]`.
    #[track_caller]
    fn next(&self, x: Var<'t, T>, memories: &mut [Option<Memory<'t, T>>]) -> Var<'t, T> {
        let evaluation = &mut Context::evaluation(0, &[]);
        let mut h = x;
        for (layer, memory) in self.layers.iter().zip(memories) {
            h = match layer {
                Layer::Gru(gru) => {
                    let state =
                        memory.and_then(|memory| if let Memory::Gru(h) = memory { Some(h) } else { None });
                    let (h, state) = gru.unroll(h, state, Direction::Forward);
                    *memory = Some(Memory::Gru(state));
                    h
                }
                Layer::Lstm(lstm) => {
                    let state =
                        memory.and_then(|memory| if let Memory::Lstm(h) = memory { Some(h) } else { None });
                    let (h, state) = lstm.unroll(h, state, Direction::Forward);
                    *memory = Some(Memory::Lstm(state));
                    h
                }
                Layer::TransformerBlock(block) => {
                    let seen = memory
                        .and_then(|memory| if let Memory::Attention(kv) = memory { Some(kv) } else { None });
                    let (h, seen) = block.next(h, seen, evaluation);
                    *memory = Some(Memory::Attention(seen));
                    h
                }
                layer => layer.forward(h, evaluation),
            };
        }
        self.to_tokens.forward(h.squeeze(1))
    }
}

/// `ln(−ln u)`, the negative of Gumbel's noise, `[batch, width]`.
#[track_caller]
fn gumbel<'t, T: Real>(context: &mut Context, tape: &'t Tape<T>, width: usize) -> Var<'t, T> {
    (-context.on(tape).uniform(width).ln()).ln()
}

#[cfg(test)]
mod tests {
    use autograd::value;

    use super::*;
    use crate::layers::{Gru, LayerNorm, Lstm, TransformerBlock};
    use crate::{Purpose, generator};

    /// Writers of every kind: codes of 3 numbers, 7 tokens, 6 places.
    fn writers() -> Vec<TokenWriter<Tensor<f64>>> {
        let from = &mut generator(3, Purpose::Init, 0, 0);
        let new = |outputs| TokenWriter::new([3, 7, 6], [4, outputs], &mut generator(1, Purpose::Init, 0, 0));
        let [gru, lstm, attention] = [new(5), new(5), new(4)];
        let block = |from: &mut Generator| {
            Layer::from(TransformerBlock { causal: true, ..TransformerBlock::new([4, 8], 2, from) })
        };
        vec![
            TokenWriter { layers: vec![Gru::new(4, 5, from).into(), Gru::new(5, 5, from).into()], ..gru },
            TokenWriter { layers: vec![Lstm::new(4, 5, from).into()], ..lstm },
            TokenWriter {
                layers: vec![block(from), block(from), LayerNorm::new([4]).into()],
                ..attention.by_place(from)
            },
        ]
    }

    fn logits(writer: &TokenWriter<Tensor<f64>>, x: &Tensor<f64>, context: &mut Context) -> Tensor<f64> {
        let z = Tensor::from_fn([x.shape()[0], 3], |i| (1.7 * i as f64).sin());
        value(writer, |writer, tape| writer.forward(tape.constant(&z), tape.constant(x), context))
    }

    #[test]
    fn a_later_token_changes_no_logits_before_it() {
        let x = Tensor::from_vec([1, 6], vec![3.0, 6.0, 2.0, 4.0, 5.0, 3.0]);
        let context = || Context::evaluation(0, &[0]);
        for writer in writers() {
            let before = logits(&writer, &x, &mut context());
            for place in 0..6 {
                let changed =
                    Tensor::from_fn([1, 6], |i| if i == place { 5.0 - x[[0, i]] / 2.0 } else { x[[0, i]] });
                let after = logits(&writer, &changed.map(f64::round), &mut context());
                let same = |t: usize| before.slice(1, t..t + 1) == after.slice(1, t..t + 1);
                assert!((0..=place).all(same), "place {place}");
                assert!(place == 5 || !same(place + 1), "place {place} is seen by the next");
            }
        }
    }

    #[test]
    fn what_is_written_is_the_most_likely_given_what_stands_before() {
        let codes = Tensor::from_fn([4, 3], |i| 3.0 * (1.7 * i as f64).sin());
        for writer in writers() {
            let text = value(&writer, |writer, tape| writer.write(tape.constant(&codes), None));
            let logits = value(&writer, |writer, tape| {
                let (z, x) = (tape.constant(&codes), tape.constant(&text));
                writer.forward(z, x, &mut Context::evaluation(0, &[0, 1, 2, 3]))
            });
            assert_eq!((text.shape(), logits.shape()), (vec![4, 6].as_slice(), vec![4, 6, 6].as_slice()));
            let best = logits.argmax_over(2);
            for (text, best) in text.to_vec().chunks(6).zip(best.to_vec().chunks(6)) {
                let end = text.iter().position(|&token| token == 1.0).unwrap_or(5);
                assert!(text[..=end].iter().zip(best).all(|(token, best)| *token == *best as f64 + 1.0));
                assert!(text[end + 1..].iter().all(|&token| token == 0.0), "{text:?}");
            }
        }
    }

    #[test]
    fn draws_have_the_shares_of_the_softmax() {
        let mut writer = writers().remove(0);
        writer.to_tokens.bias = Tensor::from_vec([6], vec![-9.0, 0.0, 1.0, -9.0, 2.0, -9.0]);
        writer.to_tokens.weight = writer.to_tokens.weight.map(|_| 0.0);
        let numbers: Vec<usize> = (0..2000).collect();
        let text = value(&writer, |writer, tape| {
            let z = tape.constant(Tensor::zeros([2000, 3]));
            writer.write(z, Some(&mut Context::sampling(0, &numbers)))
        });
        let first = text.slice(1, ..1).to_vec();
        let share = |token: f64| first.iter().filter(|&&first| first == token).count() as f64 / 2000.0;
        let sum: f64 = (0..3).map(|i| f64::from(i).exp()).sum();
        for (token, logit) in [(2.0, 0.0), (3.0, 1.0), (5.0, 2.0)] {
            // The standard error is at most 0.011.
            assert!((share(token) - f64::exp(logit) / sum).abs() < 0.04, "token {token}: {}", share(token));
        }
    }

    #[test]
    fn dropped_tokens_are_unknown_in_training_alone() {
        let mut writer = writers().remove(0);
        let x = Tensor::from_vec([1, 6], vec![3.0, 6.0, 4.0, 1.0, 0.0, 0.0]);
        let unknown = Tensor::from_vec([1, 6], vec![2.0, 2.0, 2.0, 2.0, 0.0, 0.0]);
        let whole = logits(&writer, &x, &mut Context::training(0, 1, &[0]));
        let hidden = logits(&writer, &unknown, &mut Context::training(0, 1, &[0]));
        writer.word_dropout = 0.999_999;
        assert_eq!(logits(&writer, &x, &mut Context::training(0, 1, &[0])), hidden);
        assert_eq!(logits(&writer, &x, &mut Context::evaluation(0, &[0])), whole);
    }
}
