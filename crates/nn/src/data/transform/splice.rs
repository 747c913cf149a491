//! Texts put together from pieces of texts, so that a model sees more of them than there are.

use autograd::Tensor;
use rand::RngExt;

use crate::Result;
use crate::data::{END, Examples, PADDING};
use crate::random::{Generator, Purpose, generator};

/// Puts training texts together anew in every epoch: a piece of the text, and behind it pieces of others. An autoencoder so
/// learns to bring back what it is given, and not the texts that it was taught. What it writes of its own accord then
/// resembles such texts, too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Splice {
    /// The share of the texts that are changed, from 0 to 1.
    pub share: f64,
}

/// The chance that another piece follows, as long as there is room.
const ANOTHER: f64 = 0.6;

impl Splice {
    /// The changed batch, `[examples, places]` like `x`, whose row `i` is example `examples[i]` of these `texts` as
    /// [tokens](crate::data::Tokens). `seed` is that of the run.
    ///
    /// # Errors
    /// If a text cannot be read.
    ///
    /// # Panics
    /// If there are not as many rows as examples, or they have not as many places as the texts.
    #[track_caller]
    pub fn apply(
        &self,
        x: &Tensor<f32>,
        texts: &dyn Examples,
        seed: u64,
        epoch: u64,
        examples: &[usize],
    ) -> Result<Tensor<f32>> {
        let expected = [examples.len(), texts.width()];
        assert!(*x.shape() == expected, "Splice: texts of shape {:?}, not {expected:?}", x.shape());
        let mut changed = vec![];
        for (text, &example) in x.to_vec().chunks_exact(texts.width().max(1)).zip(examples) {
            let from = &mut generator(seed, Purpose::Augment, epoch, example as u64);
            changed.extend(match from.random_bool(self.share) {
                true => spliced(text, texts, from)?,
                false => text.to_vec(),
            });
        }
        Ok(Tensor::from_vec(expected, changed))
    }
}

/// Pieces of a text and of others, with an end if there is room for one, in as many places as the text has.
fn spliced(text: &[f32], texts: &dyn Examples, from: &mut Generator) -> Result<Vec<f32>> {
    let places = text.len();
    let mut joined = piece(text, from);
    while joined.len() < places && from.random_bool(ANOTHER) {
        let other = texts.rows(&[from.random_range(0..texts.len())])?;
        joined.extend(piece(&other.to_vec(), from));
    }
    joined.push(f32::from(END));
    joined.resize(places, f32::from(PADDING));
    Ok(joined)
}

/// Some tokens of a text that follow each other, at least one if it has any.
fn piece(text: &[f32], from: &mut Generator) -> Vec<f32> {
    let length = text.iter().take_while(|&&token| token > f32::from(END)).count();
    let [a, b] = [(); 2].map(|()| from.random_range(0..=length));
    let (start, end) = if a == b { (a.saturating_sub(1), (a + 1).min(length)) } else { (a.min(b), a.max(b)) };
    text[start..end].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Tokens;

    /// Text `i` has the tokens from `10 i` on, and so many of them as stand here.
    fn texts(lengths: &[usize], places: usize) -> Tokens {
        let mut texts = Tokens::new(places);
        for (i, &length) in lengths.iter().enumerate() {
            let first = 10 * (i + 1) as u16;
            texts.push(&(first..first + length as u16).collect::<Vec<_>>());
        }
        texts
    }

    fn changed(share: f64, texts: &Tokens, epoch: u64, examples: &[usize]) -> Vec<f32> {
        let x = texts.rows(examples).unwrap();
        Splice { share }.apply(&x, texts, 3, epoch, examples).unwrap().to_vec()
    }

    #[test]
    fn pieces_are_whole_and_the_first_is_of_the_text() {
        let texts = texts(&[5, 8, 1, 0], 12);
        let (mut joined, mut ended) = (0, 0);
        for epoch in 0..200 {
            for (example, row) in changed(1.0, &texts, epoch, &[0, 1, 2]).chunks(12).enumerate() {
                let tokens: Vec<f32> = row.iter().copied().take_while(|token| *token > 1.0).collect();
                assert!(!tokens.is_empty() && tokens[0] as usize / 10 == example + 1);
                // Within a piece tokens follow each other; behind it there are only an end and padding.
                let breaks = tokens.windows(2).filter(|pair| pair[1] != pair[0] + 1.0).count();
                joined += usize::from(breaks > 0);
                let rest = &row[tokens.len()..];
                assert!(rest.iter().enumerate().all(|(i, token)| *token == f32::from(u8::from(i == 0))));
                ended += usize::from(!rest.is_empty());
            }
        }
        assert!((150..550).contains(&joined) && ended > 300, "{joined} {ended}");
    }

    #[test]
    fn changes_belong_to_the_example_and_the_epoch() {
        let texts = texts(&[5, 8, 7, 6], 12);
        let alone = changed(1.0, &texts, 2, &[1]);
        assert_eq!(changed(1.0, &texts, 2, &[3, 1])[12..], alone[..]);
        assert_ne!(changed(1.0, &texts, 3, &[1]), alone);
        let all: Vec<usize> = (0..4).collect();
        let before = texts.rows(&all).unwrap().to_vec();
        assert_eq!(changed(0.0, &texts, 0, &all), before);
        let kept = |epoch| {
            let after = changed(0.5, &texts, epoch, &all);
            before.chunks(12).zip(after.chunks(12)).filter(|(before, after)| before == after).count()
        };
        let kept: usize = (0..100).map(kept).sum();
        assert!((160..260).contains(&kept), "{kept} of 400");
    }
}
