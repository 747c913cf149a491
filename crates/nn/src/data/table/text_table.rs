//! A table as text, column by column, for callers that decide themselves what each column is.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufReader, Read};
use std::ops::Range;
use std::path::Path;

use super::columns::better;
use super::labels::Labels;
use super::layout::Layout;
use super::rows::Rows;
use super::value::{Signs, is_comma_number, is_dash, is_mark};
use super::{Classes, Kind, Note, TableOptions, date};
use crate::data::source::Source;
use crate::error::{Fault, TableError};
use crate::{Error, Result};

/// A table of which nothing was made numbers yet. Every different text of a column is stored once.
///
/// ```
/// use nn::data::table::{TableOptions, TextTable};
///
/// let text = "kind,size\nred,1\nblue,\nred,3\n";
/// let table = TextTable::parse("t.csv".as_ref(), text.as_bytes(), &TableOptions::default())?;
/// let kind = &table.columns[0];
/// assert_eq!((kind.levels().collect::<Vec<_>>(), kind.codes()), (vec!["red", "blue"], &[0, 1, 0][..]));
/// assert!(table.is_missing(table.columns[1].text(1)));
/// # Ok::<(), nn::Error>(())
/// ```
pub struct TextTable {
    /// The name of each column; `column 3` if the file does not name its columns.
    pub names: Vec<String>,
    /// Whether the first row names them.
    pub header: bool,
    /// Number of rows, without the names.
    pub rows: usize,
    /// All columns in the order of the file.
    pub columns: Vec<TextColumn>,
    /// Those that are features, counted from 0.
    pub features: Vec<usize>,
    /// The one with the labels, counted from 0.
    pub label: Option<usize>,
    /// The one that is carried along, counted from 0.
    pub id: Option<usize>,
    /// The sign that was taken to separate fields.
    pub delimiter: char,
    /// Another sign that seems to, and whether the numbers would then have commas.
    pub better: Option<(char, bool)>,
    /// The guesses.
    pub notes: Vec<Note>,
    signs: Signs,
}

/// The texts of a column.
#[derive(Default)]
pub struct TextColumn {
    text: String,
    ends: Vec<usize>,
    codes: Vec<u32>,
    counts: Vec<u32>,
    lines: Vec<u64>,
}

/// The meaning of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Meaning {
    /// Its value is not known.
    Missing,
    /// A value of this kind.
    Value(Kind, f64),
    /// A number followed by `%`.
    Percent(f64),
    /// A text that often marks missing values, such as `-`.
    Mark,
    /// Any other text, and why it is no number.
    Text(Fault),
}

impl TextTable {
    /// Reads a file, gzipped or not.
    ///
    /// # Errors
    /// If it cannot be read, its rows have different lengths, or the options name columns that it does not have.
    pub fn read(path: &Path, options: &TableOptions) -> Result<Self> {
        TextTable::of(Source::file(path)?, options)
    }

    /// Reads a stream, gzipped or not. Errors call it `name`.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub fn parse(name: &Path, content: impl Read, options: &TableOptions) -> Result<Self> {
        TextTable::of(Source::open(name, BufReader::new(content))?, options)
    }

    fn of(source: Source, options: &TableOptions) -> Result<Self> {
        let mut rows = Rows::new(source, options)?;
        let (delimiter, better) = (rows.delimiter, better(&rows));
        let (header, mut there) = rows.header(options)?;
        let layout = Layout::new(rows.name, &header.first, header.is_header, options)?;
        if !there {
            return rows.unusable("the file holds only a header and no examples".into());
        }
        let width = layout.names.len();
        let mut columns: Vec<TextColumn> = (0..width).map(|_| TextColumn::default()).collect();
        let mut known = vec![Known::default(); width];
        let mut count = 0;
        while there {
            rows.has_fields(width)?;
            let line = rows.line();
            for ((column, known), field) in columns.iter_mut().zip(&mut known).zip(&rows.record) {
                column.push(field.trim(), line, known);
            }
            count += 1;
            there = rows.advance()?;
        }
        let notes = header.note.into_iter().chain(rows.notes()).collect();
        Ok(TextTable {
            names: layout.names,
            header: header.is_header,
            rows: count,
            columns,
            features: layout.features,
            label: layout.label,
            id: layout.id,
            delimiter,
            better,
            notes,
            signs: rows.signs.clone(),
        })
    }

    /// The same text, with another decimal sign.
    #[must_use]
    pub fn with_decimal(self, decimal: char, options: &TableOptions) -> Self {
        let options = TableOptions { decimal: Some(decimal), ..options.clone() };
        TextTable { signs: Signs::of(&options), ..self }
    }

    /// Whether a field says that its value is not known.
    pub fn is_missing(&self, text: &str) -> bool {
        self.signs.is_missing(text)
    }

    /// The meaning of a field.
    pub fn meaning(&self, text: &str) -> Meaning {
        let percent = || text.strip_suffix('%').and_then(|number| self.signs.number(number.trim_end()));
        match self.signs.value(text) {
            Ok(None) => Meaning::Missing,
            Ok(Some((kind, value))) => Meaning::Value(kind, value),
            Err(_) if is_mark(text) => Meaning::Mark,
            Err(fault) => match percent().filter(|value| value.is_finite()) {
                Some(value) => Meaning::Percent(value),
                None => Meaning::Text(fault),
            },
        }
    }

    /// The class of each row, and the names of the classes, if there is a column of labels.
    ///
    /// # Errors
    /// If a label is missing or no class.
    pub fn classes(&self, path: &Path) -> Result<Classes> {
        let Some(place) = self.label else { return Ok((None, None)) };
        let (column, mut labels) = (&self.columns[place], Labels::default());
        let refuse = |line: u64, fault: Fault| self.fault(path, line, place, fault);
        for &code in &column.codes {
            let (text, line) = (column.level(code), column.lines[code as usize]);
            if self.is_missing(text) {
                return Err(refuse(line, Fault::NoLabel));
            }
            labels.push(text, line);
        }
        labels.finish().map_err(|(line, text)| refuse(line, Fault::NotClass(text)))
    }

    /// The error of a text in a column.
    pub fn refusal(&self, path: &Path, column: usize, level: u32, fault: Fault) -> Error {
        self.fault(path, self.columns[column].lines[level as usize], column, fault)
    }

    fn fault(&self, path: &Path, line: u64, column: usize, fault: Fault) -> Error {
        TableError::new(path, Some(line), Some(&self.names[column]), fault).into_error()
    }
}

/// Whether a text with a comma could be a number whose decimal sign is this.
pub fn fits_decimal(text: &str, decimal: char) -> bool {
    let options = TableOptions { decimal: Some(decimal), ..TableOptions::default() };
    is_comma_number(text) && Signs::of(&options).number(text).is_some()
}

/// Days since the beginning of 1970 of dates such as `17.5.2024`, `17/05/2024 08:30` or, if the month is first,
/// `5/17/2024`. `None` for a text that is none.
pub fn local_date(text: &str, month_first: bool) -> Option<f64> {
    date::local(text, month_first)
}

/// Whether a text is nothing but a dash, a dot or the like, which no category is called.
pub fn is_only_a_mark(text: &str) -> bool {
    is_dash(text)
}

/// The codes of texts by their hashes.
#[derive(Clone, Default)]
struct Known {
    codes: HashMap<u64, u32>,
    hasher: RandomState,
    last: Option<u32>,
}

impl TextColumn {
    fn push(&mut self, text: &str, line: u64, known: &mut Known) {
        if let Some(code) = known.last.filter(|&code| self.level(code) == text) {
            self.codes.push(code);
            self.counts[code as usize] += 1;
            return;
        }
        let mut hash = known.hasher.hash_one(text);
        let code = loop {
            match known.codes.get(&hash) {
                Some(&code) if self.level(code) == text => break code,
                // Another text has this hash.
                Some(_) => hash = hash.wrapping_add(1),
                None => {
                    let code = self.ends.len() as u32;
                    known.codes.insert(hash, code);
                    self.text.push_str(text);
                    self.ends.push(self.text.len());
                    self.counts.push(0);
                    self.lines.push(line);
                    break code;
                }
            }
        };
        known.last = Some(code);
        self.codes.push(code);
        self.counts[code as usize] += 1;
    }

    fn range(&self, code: u32) -> Range<usize> {
        let code = code as usize;
        code.checked_sub(1).map_or(0, |before| self.ends[before])..self.ends[code]
    }

    /// A different text of the column, by its number.
    ///
    /// # Panics
    /// If there is none with this number.
    #[track_caller]
    pub fn level(&self, code: u32) -> &str {
        &self.text[self.range(code)]
    }

    /// All different texts in the order in which they come first.
    pub fn levels(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.ends.len()).map(|code| self.level(code as u32))
    }

    /// The number of its text for every row.
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// How often each text comes.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// The line on which a text comes first, counted from 1.
    ///
    /// # Panics
    /// If there is none with this number.
    #[track_caller]
    pub fn line(&self, code: u32) -> u64 {
        self.lines[code as usize]
    }

    /// The text of a row.
    ///
    /// # Panics
    /// If there is no such row.
    #[track_caller]
    pub fn text(&self, row: usize) -> &str {
        self.level(self.codes[row])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> TextTable {
        TextTable::parse("t.csv".as_ref(), text.as_bytes(), &TableOptions::default()).unwrap()
    }

    #[test]
    fn every_text_is_kept_as_it_is_written() {
        let table = table("\u{feff}zip, kind,note\n01234, a b,\"x\ny\"\n1234,c,\n01234, a b,\"x\ny\"\n");
        assert_eq!(table.names, ["zip", "kind", "note"]);
        let column =
            |place: usize| -> Vec<&str> { (0..3).map(|row| table.columns[place].text(row)).collect() };
        assert_eq!(column(0), ["01234", "1234", "01234"]);
        assert_eq!(column(1), ["a b", "c", "a b"]);
        assert_eq!(column(2), ["x\ny", "", "x\ny"]);
        assert_eq!((table.columns[1].counts(), table.columns[1].line(1)), (&[2, 1][..], 4));
    }

    #[test]
    fn fields_have_a_meaning() {
        let table = table("a\n1\n");
        for (text, meaning) in [
            ("", Meaning::Missing),
            ("N/A", Meaning::Missing),
            ("7.5", Meaning::Value(Kind::Number, 7.5)),
            ("yes", Meaning::Value(Kind::Truth(1), 1.0)),
            ("12.5 %", Meaning::Percent(12.5)),
            ("-", Meaning::Mark),
            ("rome", Meaning::Text(Fault::NotNumber("rome".into()))),
        ] {
            assert_eq!(table.meaning(text), meaning, "{text}");
        }
        assert!(fits_decimal("1,5", ',') && !fits_decimal("1,5", '.') && fits_decimal("1,234", '.'));
        let table = table.with_decimal(',', &TableOptions::default());
        assert_eq!(table.meaning("1,5"), Meaning::Value(Kind::Number, 1.5));
    }

    #[test]
    fn rows_of_other_lengths_are_refused() {
        let read = TextTable::parse("t.csv".as_ref(), "a,b\n1,2\n3\n".as_bytes(), &TableOptions::default());
        let text = read.err().unwrap().to_string();
        assert!(text.contains("line 3: the row has 1 fields, but the first row has 2"), "{text}");
    }
}
