//! Texts as rows of tokens, two bytes for each.

use std::ops::Range;

use autograd::Tensor;

use super::examples::Examples;
use crate::Result;

/// The token of a place behind the end of a text, where nothing stands. It has no part in any loss.
pub const PADDING: u16 = 0;
/// The token that says that the text ends here.
pub const END: u16 = 1;
/// The token of whatever has no token of its own.
pub const UNKNOWN: u16 = 2;
/// The number of these tokens: those of a vocabulary begin here.
pub const MARKS: usize = 3;

/// Texts as tokens: those of a text lie side by side, so a short one takes little memory. A row for a model has as many
/// places as the longest text may have: the tokens of the text, [`END`], and [`PADDING`] up to the last place. A longer text
/// is cut, and then has no end.
///
/// ```
/// use nn::data::{Examples, Tokens};
///
/// let mut texts = Tokens::new(4);
/// texts.push(&[7, 5]);
/// texts.push(&[5, 5, 7, 3, 3]);
/// let rows = texts.rows(&[0, 1])?;
/// assert_eq!(rows.to_vec(), [7., 5., 1., 0., 5., 5., 7., 3.]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    tokens: Vec<u16>,
    /// The end of each text among the tokens.
    ends: Vec<usize>,
    length: usize,
}

impl Tokens {
    /// No texts yet, of at most so many tokens each.
    pub fn new(length: usize) -> Self {
        Tokens { tokens: vec![], ends: vec![], length }
    }

    /// One more text, of which the tokens beyond the last place are left out.
    pub fn push(&mut self, text: &[u16]) {
        self.tokens.extend(&text[..text.len().min(self.length)]);
        self.ends.push(self.tokens.len());
    }

    /// The tokens of a text.
    ///
    /// # Panics
    /// If there is no such text.
    #[track_caller]
    pub fn text(&self, number: usize) -> &[u16] {
        &self.tokens[self.range(number)]
    }

    /// The texts with these numbers, in this order.
    ///
    /// # Panics
    /// If there is no such text.
    #[track_caller]
    #[must_use]
    pub fn select(&self, numbers: &[usize]) -> Self {
        let mut some = Tokens::new(self.length);
        numbers.iter().for_each(|&number| some.push(self.text(number)));
        some
    }

    /// All tokens, text after text.
    pub fn all(&self) -> &[u16] {
        &self.tokens
    }

    #[track_caller]
    fn range(&self, number: usize) -> Range<usize> {
        let (end, texts) = (self.ends.get(number), self.ends.len());
        let end = *end.unwrap_or_else(|| panic!("Tokens: there is no text {number} among {texts}"));
        number.checked_sub(1).map_or(0, |before| self.ends[before])..end
    }
}

impl Examples for Tokens {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn width(&self) -> usize {
        self.length
    }

    fn rows(&self, numbers: &[usize]) -> Result<Tensor<f32>> {
        let mut rows = vec![f32::from(PADDING); numbers.len() * self.length];
        for (row, &number) in rows.chunks_mut(self.length.max(1)).zip(numbers) {
            let text = self.text(number);
            row.iter_mut().zip(text).for_each(|(place, &token)| *place = f32::from(token));
            if let Some(place) = row.get_mut(text.len()) {
                *place = f32::from(END);
            }
        }
        Ok(Tensor::from_vec([numbers.len(), self.length], rows))
    }

    fn label(&self, _: usize) -> Option<u32> {
        None
    }
}
