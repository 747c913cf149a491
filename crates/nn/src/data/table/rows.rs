//! The rows of a file, one after the other.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{Cursor, Read};
use std::path::Path;
use std::rc::Rc;

use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord};

use super::text::{Encoding, Text};
use super::value::{Signs, is_mark};
use super::{Note, TableOptions, foreign, header};
use crate::data::source::{Packing, Source, explain};
use crate::error::{Fault, TableError};
use crate::{Error, Result};

/// Rows that are looked at before the first is handed out.
const AHEAD: usize = 100;

/// The rows of a file. Comments, empty lines and the line `sep=;` of a spreadsheet are none.
pub(super) struct Rows<'a> {
    pub(super) name: &'a Path,
    packing: Packing,
    reader: Reader<Text<Box<dyn Read + 'a>>>,
    pub(super) record: StringRecord,
    /// Rows that were read and not handed out.
    ahead: VecDeque<StringRecord>,
    /// Names of columns that stand in a comment before the first row.
    names: Option<StringRecord>,
    pub(super) delimiter: char,
    pub(super) signs: Signs,
    /// The fields of the first row.
    width: usize,
    /// The lines that were taken for comments although they have as many fields as a row: how many, and the first.
    comments: (usize, u64),
    foreign: Rc<Cell<bool>>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(mut source: Source<'a>, options: &TableOptions) -> Result<Self> {
        const START: u64 = 1 << 10;
        if let Some(sign) = options.delimiter.filter(|sign| !sign.is_ascii() || "\"\r\n\0".contains(*sign)) {
            return Err(Error::setting(
                "delimiter",
                format!("{sign:?} cannot separate fields; take a comma, a semicolon, a tab or a space"),
            ));
        }
        if let Some(sign) = options.decimal.filter(|sign| !".,".contains(*sign)) {
            let problem = format!("{sign:?} is no decimal sign; take a point or a comma");
            return Err(Error::setting("decimal", problem));
        }
        let mut start = source.at_most(START)?;
        if let Some(sentence) = foreign::what_it_is(&start) {
            return Err(Error::file(source.name, sentence));
        }
        let (encoding, mark) = Encoding::of(&start);
        start.drain(..mark);
        let mut first = String::new();
        // A letter that is cut at the end of the start is no matter here.
        let text = Text::new(&start[..], encoding, Rc::default()).read_to_string(&mut first).map(|_| first);
        let text = text.unwrap_or_default();
        let first = text.lines().next().unwrap_or_default();
        let separator = first.trim_matches('"').strip_prefix("sep=").and_then(|rest| rest.chars().next());
        let separator = separator.filter(|sign| sign.is_ascii());
        let usual = match options.decimal {
            _ if is_tab_separated(source.name) => '\t',
            // Where commas are decimal signs, they seldom separate fields as well.
            Some(',') => *[';', '\t'].iter().find(|sign| first.contains(**sign)).unwrap_or(&','),
            _ => ',',
        };
        let delimiter = options.delimiter.or(separator).unwrap_or(usual);
        let foreign = Rc::new(Cell::new(false));
        let bytes: Box<dyn Read> = Box::new(Cursor::new(start).chain(source.bytes));
        let reader = ReaderBuilder::new()
            .delimiter(delimiter as u8)
            .has_headers(false)
            // Rows of the wrong length are let through here so that the sentence about them is ours.
            .flexible(true)
            .from_reader(Text::new(bytes, encoding, foreign.clone()));
        let mut rows = Rows {
            name: source.name,
            packing: source.packing,
            reader,
            record: StringRecord::new(),
            ahead: VecDeque::new(),
            names: None,
            delimiter,
            signs: Signs::of(options),
            width: 0,
            comments: (0, 0),
            foreign,
        };
        if separator.is_some() {
            rows.fetch()?;
        }
        rows.look_ahead(options)?;
        Ok(rows)
    }

    /// Reads the comments before the first row, and some rows.
    fn look_ahead(&mut self, options: &TableOptions) -> Result<()> {
        let mut comments = vec![];
        while self.fetch()? {
            if !self.may_be_comment() {
                self.width = self.record.len();
                self.ahead.push_back(std::mem::take(&mut self.record));
                break;
            }
            comments.push(std::mem::take(&mut self.record));
        }
        if self.ahead.is_empty() {
            // With nothing else in the file these are no comments but, say, colours.
            self.width = comments.first().map_or(0, StringRecord::len);
            self.ahead = comments.into();
            return Ok(());
        }
        while self.ahead.len() < AHEAD && self.fetch()? {
            if !self.is_comment() {
                self.ahead.push_back(std::mem::take(&mut self.record));
            }
        }
        // `# a,b,c`, as numpy writes a header.
        let names =
            comments.pop().map(|comment| uncommented(&comment)).filter(|names| names.len() == self.width);
        if names.is_some() && self.width > 1 && options.header != Some(false) && !self.is_header(options) {
            self.names = names;
        }
        Ok(())
    }

    fn is_header(&self, options: &TableOptions) -> bool {
        let Some(first) = self.ahead.front() else { return false };
        header::guess(first, &self.ahead.range(1..).collect::<Vec<_>>(), options, &self.signs).0
    }

    /// Takes the names of the columns if there are any, and says whether there are examples.
    ///
    /// Names that are none yet count as those of the first row, for the number of columns.
    pub(super) fn header(&mut self, options: &TableOptions) -> Result<(Header, bool)> {
        let (from_comment, names) = (self.names.is_some(), self.names.take());
        let Some(first) = names.or_else(|| self.ahead.front().cloned()) else {
            return self.unusable("the file is empty".into());
        };
        let below: Vec<&StringRecord> = self.ahead.range(1..).collect();
        let (is_header, note) = match options.header {
            _ if from_comment => (true, None),
            Some(said) => (said, None),
            None => header::guess(&first, &below, options, &self.signs),
        };
        if is_header && !from_comment {
            self.ahead.pop_front();
        }
        let there = self.advance()?;
        Ok((Header { first, is_header, note }, there))
    }

    /// Goes to the next row. Is there one?
    pub(super) fn advance(&mut self) -> Result<bool> {
        if let Some(row) = self.ahead.pop_front() {
            self.record = row;
            return Ok(true);
        }
        while self.fetch()? {
            if !self.is_comment() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The rows that were looked at, from the next one on.
    pub(super) fn ahead(&self) -> &VecDeque<StringRecord> {
        &self.ahead
    }

    /// Reads the next line that is not empty.
    fn fetch(&mut self) -> Result<bool> {
        loop {
            let read = self.reader.read_record(&mut self.record).map_err(|error| {
                let line = error.position().map_or(1, csv::Position::line);
                match error.into_kind() {
                    ErrorKind::Io(error) => explain(self.name, self.packing, error),
                    other => Error::file(self.name, format!("line {line}: this is no table ({other:?})")),
                }
            })?;
            if self.delimiter == ' ' && self.record.iter().any(str::is_empty) {
                // Any number of spaces separates, as where columns are aligned.
                let position = self.record.position().cloned();
                self.record = self.record.iter().filter(|field| !field.is_empty()).collect();
                self.record.set_position(position);
            }
            let blank = self.record.is_empty() || self.record.len() == 1 && self.record[0].trim().is_empty();
            if !read || !blank || self.width == 1 {
                return Ok(read);
            }
        }
    }

    /// Whether the line begins as comments do, and not with an error of a spreadsheet.
    fn may_be_comment(&self) -> bool {
        let first = self.record.get(0).unwrap_or_default().trim();
        first.starts_with('#') && !self.signs.is_missing(first) && !is_mark(first)
    }

    /// Whether the line is a comment between rows. One that has as many fields as a row is one only if there is a
    /// space after its `#`, for a row may begin with `#` as well: with a colour, say.
    fn is_comment(&mut self) -> bool {
        if !self.may_be_comment() {
            return false;
        }
        let first = self.record[0].trim();
        let like_row = uncommented(&self.record).len() == self.width || self.record.len() == self.width;
        let spaced = first.len() == 1 || first[1..].starts_with([' ', '\t', '#']);
        if like_row && spaced && self.width > 1 {
            self.comments =
                (self.comments.0 + 1, if self.comments.0 == 0 { self.line() } else { self.comments.1 });
        }
        spaced || !like_row
    }

    /// Sentences for the reader about the text.
    pub(super) fn notes(&self) -> Vec<Note> {
        let (comments, line) = self.comments;
        let comments = (comments > 0).then(|| {
            let lines = if comments == 1 { "line begins" } else { "lines begin" };
            format!("{comments} {lines} with `#` and a space and so is no row but a comment, the first in line {line}")
        });
        let letters = self.foreign.get().then(|| {
            "the text is not UTF-8 and was read as Windows-1252 (Latin-1); if names look wrong, save it as UTF-8"
                .to_owned()
        });
        comments.into_iter().chain(letters).map(Note::Plain).collect()
    }

    /// The line on which the row starts, counted from 1.
    pub(super) fn line(&self) -> u64 {
        self.record.position().map_or(1, csv::Position::line)
    }

    /// Checks the length of the row.
    pub(super) fn has_fields(&self, wanted: usize) -> Result<()> {
        let found = self.record.len();
        if found == wanted {
            return Ok(());
        }
        Err(self.fault(None, Fault::Fields { found, wanted }))
    }

    /// A fault of this row.
    pub(super) fn fault(&self, column: Option<&str>, fault: Fault) -> Error {
        TableError::new(self.name, Some(self.line()), column, fault).into_error()
    }

    pub(super) fn unusable<T>(&self, problem: String) -> Result<T> {
        Err(Error::file(self.name, problem))
    }
}

/// The first row, or the names of the columns from a comment.
pub(super) struct Header {
    pub(super) first: StringRecord,
    /// Whether it holds names.
    pub(super) is_header: bool,
    /// How that was guessed, where it is not plain.
    pub(super) note: Option<Note>,
}

/// The fields of a comment without its `#`.
fn uncommented(comment: &StringRecord) -> StringRecord {
    let first = comment.get(0).unwrap_or_default().trim().trim_start_matches('#').trim_start();
    let alone = first.is_empty() && comment.len() > 1;
    (!alone).then_some(first).into_iter().chain(comment.iter().skip(1)).collect()
}

fn is_tab_separated(name: &Path) -> bool {
    let name = name.to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.ends_with(".tsv") || name.ends_with(".tab")
}
