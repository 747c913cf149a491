//! A look at the columns of a table before it is read.

use std::io::{BufReader, Read};
use std::path::Path;

use super::layout::Layout;
use super::rows::Rows;
use super::value::{Kind, Signs, is_comma_number, is_mark};
use super::{Note, TableOptions};
use crate::Result;
use crate::data::source::Source;

/// Different texts of a column that are remembered: a column that has more of them is text.
const DIFFERENT: usize = 5;

/// The columns of a table: their names, and the fields in them that are no values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// The name of every column in the order of the file; `column 3` if the file does not name it.
    pub names: Vec<String>,
    /// Whether the first row names the columns.
    pub header: bool,
    /// Number of rows, without the names.
    pub rows: usize,
    /// The columns of text, counted from 0. A column of numbers with commas is one of them.
    pub text: Vec<usize>,
    /// The columns whose texts would be numbers if commas meant something, counted from 0.
    pub commas: Vec<usize>,
    /// The columns of values with a few texts between them.
    pub strays: Vec<Stray>,
    /// The sign that was taken to separate fields.
    pub delimiter: char,
    /// Another sign that seems to, and whether the numbers would then have commas.
    pub better: Option<(char, bool)>,
    /// The guesses.
    pub notes: Vec<Note>,
}

/// A column of values in which some fields hold something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The column, counted from 0.
    pub column: usize,
    /// The kind of its values.
    pub kind: Kind,
    /// Number of its values.
    pub values: usize,
    /// The other texts.
    pub texts: Vec<StrayText>,
}

/// A text in a column of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrayText {
    /// The text.
    pub text: String,
    /// The line on which it comes first, counted from 1.
    pub line: u64,
    /// How often it comes.
    pub count: usize,
}

/// Looks at all columns and rows of a file, gzipped or not. Label, identifier and columns to drop have no influence but on the
/// question whether there is a header.
///
/// # Errors
/// If the file cannot be read or is empty.
pub fn columns(path: &Path, options: &TableOptions) -> Result<Columns> {
    look(Source::file(path)?, options)
}

/// Looks at the columns of a stream. Errors call it `name`.
///
/// # Errors
/// Those of [`columns`].
pub fn parse_columns(name: &Path, content: impl Read, options: &TableOptions) -> Result<Columns> {
    look(Source::open(name, BufReader::new(content))?, options)
}

fn look(source: Source, options: &TableOptions) -> Result<Columns> {
    let mut rows = Rows::new(source, options)?;
    let (delimiter, better) = (rows.delimiter, better(&rows));
    let (header, mut there) = rows.header(options)?;
    let plain = TableOptions { label: None, id: None, drop: vec![], ..options.clone() };
    let names = Layout::new(rows.name, &header.first, header.is_header, &plain)?.names;
    let mut seen = vec![Column::default(); names.len()];
    let mut columns = Columns { names, header: header.is_header, delimiter, better, ..Columns::default() };
    while there {
        let line = rows.line();
        for (seen, field) in seen.iter_mut().zip(&rows.record) {
            seen.add(field.trim(), line, &rows.signs);
        }
        columns.rows += 1;
        there = rows.advance()?;
    }
    for (column, seen) in seen.into_iter().enumerate() {
        match seen.judge(column) {
            Judgement::Values => {}
            Judgement::Text { commas } => {
                columns.text.push(column);
                columns.commas.extend(commas.then_some(column));
            }
            Judgement::Strays(stray) => columns.strays.push(stray),
        }
    }
    columns.notes = header.note.into_iter().chain(rows.notes()).collect();
    Ok(columns)
}

/// Fields of a column so far.
#[derive(Clone, Default)]
struct Column {
    /// Those of each kind.
    kinds: [Seen; Kind::ALL.len()],
    /// Those of none.
    text: Seen,
    /// Whether all of these are numbers with commas.
    no_commas: bool,
}

/// How many fields there are of a kind, and which, as long as they are few.
#[derive(Clone, Default)]
struct Seen {
    count: usize,
    different: Vec<StrayText>,
    more: bool,
}

enum Judgement {
    Values,
    Text { commas: bool },
    Strays(Stray),
}

impl Column {
    fn add(&mut self, field: &str, line: u64, signs: &Signs) {
        if signs.is_missing(field) {
            return;
        }
        match signs.kind(field) {
            Some(kind) => {
                let place = Kind::ALL.iter().position(|other| *other == kind);
                self.kinds[place.unwrap_or_default()].add(field, line);
            }
            None => {
                self.no_commas |= !is_comma_number(field);
                self.text.add(field, line);
            }
        }
    }

    fn judge(self, column: usize) -> Judgement {
        let Column { kinds, text, no_commas } = self;
        // The first of those with the most values.
        let most = (0..kinds.len()).rev().max_by_key(|&place| kinds[place].count).unwrap_or_default();
        let (kind, values) = (Kind::ALL[most], kinds[most].count);
        let others = kinds.into_iter().enumerate().filter(|(place, _)| *place != most).map(|(_, seen)| seen);
        let commas = text.count > 0 && !no_commas;
        let others: Vec<Seen> = others.chain([text]).filter(|seen| seen.count > 0).collect();
        if others.is_empty() {
            return Judgement::Values;
        }
        let (count, more) =
            (others.iter().map(|seen| seen.count).sum::<usize>(), others.iter().any(|seen| seen.more));
        let mut texts: Vec<StrayText> = others.into_iter().flat_map(|seen| seen.different).collect();
        texts.sort_by_key(|text| text.line);
        let marks = values > 0 && texts.iter().all(|text| is_mark(&text.text));
        // `f` is a truth value, and so is not the only one that is none beside `m`.
        let few = values > count && matches!(kind, Kind::Number | Kind::Date);
        match !more && texts.len() <= DIFFERENT && !commas && (marks || few) {
            true => Judgement::Strays(Stray { column, kind, values, texts }),
            false => Judgement::Text { commas },
        }
    }
}

impl Seen {
    fn add(&mut self, field: &str, line: u64) {
        self.count += 1;
        if self.more {
            return;
        }
        let full = self.different.len() == DIFFERENT;
        match self.different.iter_mut().find(|seen| seen.text == field) {
            Some(seen) => seen.count += 1,
            None if full => self.more = true,
            None => self.different.push(StrayText { text: field.to_owned(), line, count: 1 }),
        }
    }
}

/// Another sign than the one that is taken which seems to separate the fields of a file, and whether its numbers would
/// then have commas. Only the first rows are looked at.
///
/// # Errors
/// If the file cannot be read.
pub fn better_delimiter(path: &Path, options: &TableOptions) -> Result<Option<(char, bool)>> {
    Ok(better(&Rows::new(Source::file(path)?, options)?))
}

/// A sign that gives every row the same number of fields, where the one that was taken gives no numbers; and
/// whether the numbers would then have commas.
pub(super) fn better(rows: &Rows) -> Option<(char, bool)> {
    let taken = rows.delimiter.to_string();
    let lines: Vec<String> =
        rows.ahead().iter().map(|row| row.iter().collect::<Vec<_>>().join(&taken)).collect();
    // The first line may hold names.
    let below = &lines[usize::from(lines.len() > 1)..];
    let alone = rows.ahead().front()?.len() == 1;
    let known = |field: &str| rows.signs.is_missing(field) || rows.signs.kind(field).is_some();
    if !alone && rows.ahead().iter().skip(1).any(|row| row.iter().all(|field| known(field.trim()))) {
        return None;
    }
    for sign in [';', '\t', '|', ' ', ','].into_iter().filter(|sign| *sign != rows.delimiter) {
        let fields = |line: &'_ str| -> Vec<String> {
            let fields = line.split(sign).filter(|field| sign != ' ' || !field.is_empty());
            fields.map(|field| field.trim().to_owned()).collect()
        };
        let wanted = fields(&lines[0]).len();
        if wanted < 2 || lines.iter().any(|line| fields(line).len() != wanted) {
            continue;
        }
        let comma = |field: &str| sign != ',' && !known(field) && is_comma_number(field);
        let mut below = below.iter().flat_map(|line| fields(line));
        let commas = below.clone().any(|field| comma(&field));
        // Names may have spaces, so a space that separates is betrayed by numbers alone.
        let mut numbers = || below.all(|field| known(&field) || comma(&field));
        // A name with the sign that was taken in it would be two.
        let cut = |field: &String| !known(field) && !comma(field) && field.contains(&taken);
        if alone && sign != ' ' || numbers() && (alone || !fields(&lines[0]).iter().any(cut)) {
            return Some((sign, commas));
        }
    }
    None
}
