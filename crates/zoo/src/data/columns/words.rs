//! Columns of words: categories, levels, two words; names and free text.

use nn::data::table::{Meaning, is_only_a_mark, listed, quoted};
use nn::{Error, Result};

use super::look::Column;
use super::{ColumnKind, Looked, MOST_WORDS};

impl Column<'_> {
    /// Words: categories, names or free text.
    pub(super) fn words(&self, meanings: &[Meaning]) -> Looked {
        let (by_level, words) = self.by_word(meanings);
        let mut looked = self.plain(ColumnKind::Category, &by_level);
        let known = looked.cells.iter().filter(|cell| !cell.is_nan()).count();
        let (name, different) = (self.name(), words.len());
        if different == 1 {
            return self.constant(words[0].clone());
        }
        let spaces = words.iter().map(|word| word.split_whitespace().count() - 1).sum::<usize>();
        let way = format!("--columns {name}=category keeps its {MOST_WORDS} most frequent");
        if different * 10 >= known * 9 && known > 5 {
            let kind = if spaces >= 2 * different { ColumnKind::Text } else { ColumnKind::Identifier };
            let what = if kind == ColumnKind::Text { "free text" } else { "an identifier" };
            let reason = format!(
                "has {different} different texts in {known} rows, as {what} does, so it is left out; {way}"
            );
            return self.left_out(kind, reason);
        }
        if different > MOST_WORDS && different * 10 > known {
            let reason = format!(
                "has {different} different texts in {known} rows, too many to learn what each means, so it is left out; {way}"
            );
            return self.left_out(ColumnKind::Text, reason);
        }
        looked.words = words;
        looked
    }

    /// The number of its word for each level, and the words.
    fn by_word(&self, meanings: &[Meaning]) -> (Vec<f64>, Vec<String>) {
        let mut words = vec![];
        let by_level = (self.texts.levels().zip(meanings))
            .map(|(text, meaning)| {
                if matches!(meaning, Meaning::Missing) || is_only_a_mark(text) {
                    return f64::NAN;
                }
                words.push(text.to_owned());
                (words.len() - 1) as f64
            })
            .collect();
        (by_level, words)
    }

    pub(super) fn as_words(
        &self,
        kind: ColumnKind,
        order: Vec<String>,
        meanings: &[Meaning],
    ) -> Result<Looked> {
        let (by_level, mut words) = self.by_word(meanings);
        let looked = |words: Vec<String>, by_level: &[f64]| Looked { words, ..self.plain(kind, by_level) };
        // Words that mean the same number are the same: 1 and 1.0.
        let same = |a: &str, b: &str| {
            a == b
                || kind == ColumnKind::Binary && a.eq_ignore_ascii_case(b)
                || a.parse::<f64>().is_ok_and(|a| b.parse::<f64>().is_ok_and(|b| a == b))
        };
        if kind == ColumnKind::Ordinal && order.is_empty() {
            let number = |word: &String| word.parse::<f64>().ok();
            let sorted = words.iter().map(number).collect::<Option<Vec<f64>>>().map(|numbers| {
                let mut all: Vec<(f64, String)> = numbers.into_iter().zip(words.clone()).collect();
                all.sort_by(|a, b| a.0.total_cmp(&b.0));
                all.into_iter().map(|(_, word)| word).collect::<Vec<_>>()
            });
            let Some(sorted) = sorted else {
                words.sort();
                let problem = format!(
                    "nobody can see the order of the words in column {}; say it, as in --columns '{}={}'",
                    quoted(self.name()),
                    self.name(),
                    words.join("<")
                );
                return Err(Error::file(self.path, problem));
            };
            return self.as_words(kind, sorted, meanings);
        }
        if order.is_empty() {
            if kind == ColumnKind::Binary && words.len() != 2 {
                let problem = format!(
                    "column {} has {} different values, and a binary one has 2; read it as a category (--columns \
                     {}=category)",
                    quoted(self.name()),
                    words.len(),
                    self.name()
                );
                return Err(Error::file(self.path, problem));
            }
            return Ok(looked(words, &by_level));
        }
        // Words that are not among those of training come behind them.
        let mut all = order;
        let known = all.len();
        let places: Vec<f64> = (words.iter())
            .map(|word| {
                let place = all.iter().position(|other| same(other, word)).unwrap_or_else(|| {
                    all.push(word.clone());
                    all.len() - 1
                });
                place as f64
            })
            .collect();
        if kind == ColumnKind::Ordinal && all.len() > known {
            let problem = format!(
                "column {} has the value {}, which is none of its levels {}; name all in their order (--columns)",
                quoted(self.name()),
                quoted(&all[known]),
                listed(&all[..known])
            );
            return Err(Error::file(self.path, problem));
        }
        let by_level: Vec<f64> = by_level
            .into_iter()
            .map(|place| if place.is_nan() { f64::NAN } else { places[place as usize] })
            .collect();
        Ok(looked(all, &by_level))
    }
}
