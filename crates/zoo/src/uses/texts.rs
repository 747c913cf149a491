//! Texts: how well a model writes those that it has not met.
//!
//! A decoder of texts gives a probability to each next character, given those before it and the code. Its logarithm to base
//! 2, the mean over all characters, is the number of *bits per character* that a code for the text would need besides; 2 to
//! the power of it is the *perplexity*, the number of equally likely characters that would be as hard to guess. The end of a
//! text counts as one character.

use std::f64::consts::LN_2;

use nn::Dataset;
use nn::train::Terms;
use serde::{Deserialize, Serialize};

use crate::network::texts::text_of;
use crate::{AnyModel, Unit, evaluate};

/// Figures of a model on texts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Characters (or bytes) of a text, its end included; the mean.
    pub characters: f64,
    /// Bits per character, given the code of the text: for a variational model a draw from its posterior.
    pub bits_per_character: f64,
    /// `2` to the power of these bits.
    pub perplexity: f64,
    /// Bits per character of the whole loss, with what the code costs: for a variational model a bound on what a text needs in
    /// all. `None` for a loss that has no other terms.
    pub bits_in_all: Option<f64>,
    /// Bits per character by nothing but the frequencies of characters in these texts.
    pub bits_by_frequency: f64,
    /// The share of the texts that come back exactly, written from their codes by the most likely characters.
    pub exact: f64,
    /// Places of a text that come back wrong, the mean.
    pub wrong: f64,
}

impl Quality {
    /// Measures a model on texts; `loss` is its loss on them, and `errors` are the wrong places of each
    /// ([`evaluate::squared_errors`]).
    pub fn of(loss: &Terms, errors: &[f64], texts: &Dataset) -> Self {
        let counts = counts(texts);
        let all = counts.iter().sum::<usize>() as f64;
        let count = texts.len().max(1) as f64;
        let characters = all / count;
        let per_character = |nats: f64| nats / (characters * LN_2);
        let reconstruction = loss.values.iter().find(|term| term.0 == "reconstruction").map(|term| term.1);
        let nats = reconstruction.unwrap_or_else(|| loss.total());
        let entropy: f64 = (counts.iter().filter(|&&count| count > 0))
            .map(|&count| -(count as f64 / all) * (count as f64 / all).log2())
            .sum();
        let whole = loss.unit == Unit::Nats && loss.values.len() > 1 && reconstruction.is_some();
        Quality {
            characters,
            bits_per_character: per_character(nats),
            perplexity: per_character(nats).exp2(),
            bits_in_all: whole.then(|| per_character(loss.total())),
            bits_by_frequency: entropy,
            exact: errors.iter().filter(|&&wrong| wrong == 0.0).count() as f64 / count,
            wrong: errors.iter().sum::<f64>() / count,
        }
    }

    /// The same of a model, by its own loss.
    pub fn measure(model: &dyn AnyModel, texts: &Dataset, seed: u64) -> Self {
        Quality::of(&evaluate::loss(model, texts, seed), &evaluate::squared_errors(model, texts), texts)
    }
}

/// How often each token but padding occurs.
fn counts(texts: &Dataset) -> Vec<usize> {
    let vocabulary = text_of(texts.schema()).map_or(0, |[vocabulary, _]| vocabulary);
    let mut counts = vec![0; vocabulary];
    texts.x().to_vec().iter().filter(|&&token| token > 0.0).for_each(|&token| counts[token as usize] += 1);
    counts
}
