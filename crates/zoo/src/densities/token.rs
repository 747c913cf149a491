//! A token at each place of a text. Places behind the end of the text hold [padding](nn::data::PADDING) and have no part in
//! it.
//!
//! > `−ln p(x) = −ln softmax(l)ₓ` at each place, with as many logits as there are tokens from 1 on

use autograd::{Real, Tensor, Var};
use nn::data::schema::Kind;
use nn::{Context, Result};

use super::categorical::chosen;
use super::{Density, Part, Said, Support};

pub(super) struct Token;

impl Density for Token {
    const TITLE: &'static str = "a token at each place of a text";
    const NUMBERS: &'static [&'static str] = &["logit of each token"];
    const SUPPORT: Support = Support::Tokens;

    /// All tokens but padding.
    fn levels(kind: Kind, data: &Part) -> Result<usize> {
        match kind {
            Kind::Token { vocabulary } => Ok(vocabulary.saturating_sub(1)),
            _ => Ok(data.levels()? - 1),
        }
    }

    fn per_column(tokens: usize) -> usize {
        tokens.max(1)
    }

    /// 0 for places that hold no token.
    fn nll<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        let (batch, places) = (x.shape()[0], x.shape()[1]);
        let there = x.gt(0.0).numbers();
        let targets = ((x - 1.0) * there).one_hot(said.levels);
        said.output.reshape([batch, places, said.levels]).soft_cross_entropy(targets) * there
    }

    /// The most likely token at each place.
    fn mean<'t, T: Real>(said: Said<'t, T>) -> Var<'t, T> {
        let batch = said.output.shape()[0];
        said.output.reshape([batch, said.columns(), said.levels]).argmax_over(2) + 1.0
    }

    fn draw<T: Real>(said: Said<'_, T>, context: &mut Context) -> Tensor<T> {
        let u = context.uniform::<T>(said.columns());
        let places = u.len();
        let shares = said.output.reshape([places, said.levels]).softmax(-1).value();
        let drawn = chosen(&shares, &u.reshape([places, 1])).argmax_over(1);
        Tensor::from_fn(u.shape(), |i| T::of((drawn[i] + 1) as f64))
    }

    /// Logits that make every token as likely as it is in all places.
    fn first(data: &Part, tokens: usize) -> Tensor<f32> {
        // As if there were one more of every token.
        let mut counts = vec![1.0_f64; tokens];
        let all = data.data.x().to_vec();
        all.iter()
            .filter(|&&token| token >= 1.0)
            .for_each(|&token| counts[(token as usize).min(tokens) - 1] += 1.0);
        let sum: f64 = counts.iter().sum();
        Tensor::from_fn([data.data.width() * tokens], |i| (counts[i % tokens] / sum).ln() as f32)
    }
}

#[cfg(test)]
mod tests {
    use autograd::{Tape, Tensor};
    use nn::Dataset;

    use crate::Likelihood::Token;
    use crate::densities::checks::{head, on};

    #[test]
    fn tokens_of_every_place_sum_to_one() {
        let tape = Tape::<f64>::new();
        // A token at each of two places, or nothing behind the end.
        let tokens = Dataset::new(Tensor::from_vec([1, 2], vec![3.0, 0.0]));
        let (of_tokens, _) = head(Token, &tokens);
        let probability = |x: [f64; 2]| {
            let output = Tensor::from_vec([1, 6], vec![0.3, -1.0, 2.0, 1.0, 0.5, 0.0]);
            let x = tape.constant(Tensor::from_vec([1, 2], x.to_vec()));
            (-on(&of_tokens, &tape).nll(tape.constant(output), x).item()).exp()
        };
        let both: f64 =
            (1..4).flat_map(|a| (1..4).map(move |b| [f64::from(a), f64::from(b)])).map(probability).sum();
        let first: f64 = (1..4).map(|a| probability([f64::from(a), 0.0])).sum();
        assert!((both - 1.0).abs() < 1e-12 && (first - 1.0).abs() < 1e-12, "{both} {first}");
    }
}
