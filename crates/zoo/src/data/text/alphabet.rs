//! The vocabulary of texts: which token is which character or byte.

use std::collections::HashMap;

use nn::data::{END, MARKS, PADDING, UNKNOWN};
use serde::{Deserialize, Serialize};

/// The sign that stands for what has no token.
const STRANGE: char = char::REPLACEMENT_CHARACTER;
/// Characters at most. Rarer ones are unknown: each takes a row of the first and of the last weights.
const MOST: usize = 8192;

/// The tokens behind the marks: padding, the end of a text, and what is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alphabet {
    /// These characters, in this order.
    Characters(String),
    /// All bytes.
    Bytes,
}

impl Alphabet {
    /// The characters that occur more than once among so many of each, the most frequent ones first; of the same number in
    /// the order of Unicode. If every character occurs once, all.
    pub fn learn(counts: impl IntoIterator<Item = (char, usize)>) -> Self {
        let mut counts: Vec<(char, usize)> = counts.into_iter().filter(|count| count.1 > 0).collect();
        counts.sort_unstable_by_key(|&(character, count)| (std::cmp::Reverse(count), character));
        let often = counts.partition_point(|&(_, count)| count > 1);
        counts.truncate(if often > 0 { often.min(MOST) } else { MOST });
        Alphabet::Characters(counts.into_iter().map(|count| count.0).collect())
    }

    /// Tokens that there are, with the marks.
    pub fn vocabulary(&self) -> usize {
        MARKS
            + match self {
                Alphabet::Characters(characters) => characters.chars().count(),
                Alphabet::Bytes => 256,
            }
    }

    /// The token of every character; none for bytes.
    pub(super) fn numbers(&self) -> HashMap<char, u16> {
        let characters = if let Alphabet::Characters(characters) = self { characters.as_str() } else { "" };
        characters.chars().enumerate().map(|(i, character)| (character, (MARKS + i) as u16)).collect()
    }

    /// The tokens of a text, without an end.
    pub fn tokens(&self, text: &str) -> Vec<u16> {
        match self {
            Alphabet::Bytes => text.bytes().map(|byte| MARKS as u16 + u16::from(byte)).collect(),
            Alphabet::Characters(_) => {
                let numbers = self.numbers();
                text.chars().map(|character| numbers.get(&character).copied().unwrap_or(UNKNOWN)).collect()
            }
        }
    }

    /// The text of a row of tokens, up to its end. What is unknown, and bytes that are no UTF-8, stand as `�`.
    pub fn text(&self, tokens: &[f32]) -> String {
        let tokens = tokens.iter().map(|&token| token as usize);
        let written = tokens.take_while(|&token| token != usize::from(PADDING) && token != usize::from(END));
        match self {
            Alphabet::Bytes => {
                let bytes: Vec<u8> = written
                    .flat_map(|token| match token.checked_sub(MARKS) {
                        Some(byte) => vec![byte.min(255) as u8],
                        None => STRANGE.to_string().into_bytes(),
                    })
                    .collect();
                String::from_utf8_lossy(&bytes).into_owned()
            }
            Alphabet::Characters(characters) => {
                let characters: Vec<char> = characters.chars().collect();
                let of = |token: usize| token.checked_sub(MARKS).and_then(|place| characters.get(place));
                written.map(|token| of(token).copied().unwrap_or(STRANGE)).collect()
            }
        }
    }

    /// The word for tokens, in the plural.
    pub fn unit(&self) -> &'static str {
        match self {
            Alphabet::Characters(_) => "characters",
            Alphabet::Bytes => "bytes",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(alphabet: &Alphabet, text: &str) -> String {
        let tokens: Vec<f32> = alphabet.tokens(text).into_iter().map(f32::from).collect();
        alphabet.text(&[&tokens[..], &[1.0, 0.0, 0.0]].concat())
    }

    #[test]
    fn texts_come_back() {
        let text = "Grüße, 名前 🦀 e\u{301}\t\"x\"";
        let counts = || text.chars().map(|character| (character, 2));
        let alphabet = Alphabet::learn(counts());
        assert_eq!(there_and_back(&alphabet, text), text);
        assert_eq!(there_and_back(&Alphabet::Bytes, text), text);
        assert_eq!(Alphabet::Bytes.vocabulary(), 259);
        assert_eq!(there_and_back(&alphabet, "Grüßen"), "Grüße�");
        assert_eq!(there_and_back(&alphabet, ""), "");
    }

    #[test]
    fn the_most_frequent_characters_come_first_and_single_ones_are_unknown() {
        let alphabet = Alphabet::learn([('z', 5), ('b', 9), ('a', 5), ('q', 1), ('w', 0)]);
        assert_eq!(alphabet, Alphabet::Characters("baz".into()));
        assert_eq!(alphabet.tokens("azq"), [4, 5, 2]);
        assert_eq!(Alphabet::learn([('b', 1), ('a', 1)]), Alphabet::Characters("ab".into()));
        let many = (0..20_000).filter_map(|i| Some((char::from_u32(0x4e00 + i)?, 2)));
        assert_eq!(Alphabet::learn(many).vocabulary(), MOST + MARKS);
    }

    #[test]
    fn half_a_character_of_bytes_is_strange() {
        let tokens: Vec<f32> =
            Alphabet::Bytes.tokens("é")[..1].iter().map(|&token| f32::from(token)).collect();
        assert_eq!(Alphabet::Bytes.text(&tokens), "�");
        assert_eq!(Alphabet::Bytes.text(&[2.0, 100.0]), "�a");
    }
}
