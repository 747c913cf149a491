//! Tables of numbers as text: comma-separated and tab-separated files.
//!
//! One line is one example, one column one feature. A column may hold the label instead. Whatever is
//! not a number is refused with its place in the file, because a value that is guessed is an error that
//! nobody sees: missing values are filled in only if [`Impute`] says how.
//!
//! ```
//! use nn::data::table::{self, TableOptions};
//!
//! let text = "length,width,kind\n5.1,3.5,rose\n7.0,3.2,aster\n";
//! let options = TableOptions { label: Some("kind".into()), ..TableOptions::default() };
//! let table = table::parse("flowers.csv".as_ref(), text.as_bytes(), &options)?;
//! assert_eq!(table.columns, ["length", "width"]);
//! assert_eq!(table.data.x().to_vec(), [5.1, 3.5, 7.0, 3.2]);
//! assert_eq!(table.classes.unwrap(), ["aster", "rose"]);
//! assert_eq!(table.data.labels().unwrap(), [1, 0]);
//! # Ok::<(), nn::Error>(())
//! ```

mod columns;
mod date;
mod foreign;
mod header;
mod labels;
mod layout;
mod note;
mod rows;
mod text;
mod text_table;
mod texts;
mod value;

use std::io::{BufReader, Read};
use std::path::Path;

use autograd::Tensor;
use serde::{Deserialize, Serialize};

pub use self::columns::{Columns, Stray, StrayText, better_delimiter, columns, parse_columns};
pub use self::labels::Classes;
use self::labels::Labels;
pub use self::layout::Column;
use self::layout::Layout;
pub use self::note::Note;
use self::rows::Rows;
pub use self::text_table::{Meaning, TextColumn, TextTable, fits_decimal, is_only_a_mark, local_date};
pub use self::texts::Texts;
pub use self::value::Kind;
use super::Dataset;
use super::source::Source;
use crate::error::{Fault, TableError};
use crate::{Result, error};

/// How a table is to be read. The default suits a file of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TableOptions {
    /// The sign between two fields, one ASCII character; any number of spaces is one sign. `None`: the sign that
    /// a first line `sep=;` names, or a tab if the name of the file ends in `.tsv` or `.tsv.gz`, otherwise a
    /// comma. Where commas are decimal signs, a semicolon or tab in the first line comes before it.
    pub delimiter: Option<char>,
    /// The decimal sign, a point or a comma. The other sign, a space or an apostrophe may then part thousands.
    /// `None`: a point, and nothing parts thousands.
    pub decimal: Option<char>,
    /// Further marks of missing values, beside those that [`Impute`] lists. A number is a mark however it is
    /// written.
    pub missing: Vec<String>,
    /// Whether the first row names the columns. `None`: it does if it has text where the rows below it have
    /// values, or if it counts 0, 1, 2, …; a guess that is not plain is said in the [notes](Table::notes).
    pub header: Option<bool>,
    /// The column with the class of each example, which is then no feature.
    pub label: Option<Column>,
    /// Columns to leave out.
    pub drop: Vec<Column>,
    /// A column whose text is carried along as the [name](Table::ids) of each example. It is a feature as well unless it
    /// is dropped.
    pub id: Option<Column>,
    /// What to do about missing values.
    pub impute: Impute,
}

/// What to do about missing values: in a table, fields that are empty, `?`, `NaN`, `NA`, `N/A`, `<NA>`, `#N/A`,
/// `NULL` or `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Impute {
    /// Refuse the data.
    #[default]
    Refuse,
    /// Take the mean of the column's other values.
    Mean,
    /// Take their median: half of the values are smaller. It does not care how far away the largest are.
    Median,
    /// Take 0.
    Zero,
    /// Leave NaN in their places, for a caller who fills them in with what was learnt elsewhere.
    Keep,
}

impl Impute {
    /// What is taken for the missing values of a column, given its `known` ones, which may be left in another order.
    /// `None` if that does not say: nothing is taken, or no value is known.
    ///
    /// ```
    /// # use nn::data::table::Impute;
    /// assert_eq!(Impute::Median.value(&mut [7.0, 1.0, 2.0, 3.0]), Some(2.5));
    /// assert_eq!(Impute::Mean.value(&mut []), None);
    /// ```
    pub fn value(self, known: &mut [f64]) -> Option<f64> {
        match self {
            Impute::Refuse | Impute::Keep => None,
            Impute::Zero => Some(0.0),
            _ if known.is_empty() => None,
            Impute::Mean => Some(mean(known)),
            Impute::Median => {
                known.sort_unstable_by(f64::total_cmp);
                // The sum of the two may be beyond the largest number, their midpoint is not.
                Some(known[(known.len() - 1) / 2].midpoint(known[known.len() / 2]))
            }
        }
    }
}

/// `Σ x / n`, of finite numbers finite: where the sum is not, each is divided before it is added. The digits that an
/// addition loses are added at the end (Neumaier, 1974), so that large numbers of both signs cancel.
pub(crate) fn mean(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let (sum, lost) = values.iter().fold((0.0_f64, 0.0), |(sum, lost), &x| {
        let next = sum + x;
        let more = if sum.abs() >= x.abs() { (sum - next) + x } else { (x - next) + sum };
        (next, lost + more)
    });
    let sum = if sum.is_finite() { sum + lost } else { sum };
    if sum.is_finite() { sum / n } else { values.iter().map(|x| x / n).sum() }
}

/// What a table holds.
#[derive(Clone, Debug)]
pub struct Table {
    /// The examples, in the order of the file and as exact as double precision is.
    pub data: Dataset<f64>,
    /// The name of each feature; `column 3` if the file does not name its columns.
    pub columns: Vec<String>,
    /// The name of each class in alphabetical order, if the labels are names and not the numbers 0, 1, ….
    pub classes: Option<Vec<String>>,
    /// The features with a whole number that double precision does not have, so that it was rounded: above
    /// 2⁵³ = 9007199254740992 there are such numbers.
    pub rounded: Vec<String>,
    /// The guesses, and the columns that hold no numbers but are read as such.
    pub notes: Vec<Note>,
    /// The column [`TableOptions::id`], if one is asked for: its name, and its text for each example.
    pub ids: Option<(String, Vec<String>)>,
}

/// Reads a table from a file, gzipped or not.
///
/// # Errors
/// If the file cannot be read, the options name columns it does not have, or a field is not a number of
/// double precision. The error names line and column.
pub fn read(path: &Path, options: &TableOptions) -> Result<Table> {
    decode(Source::file(path)?, options)
}

/// Reads a table from a stream, gzipped or not: standard input, say. Errors call it `name`.
///
/// # Errors
/// Those of [`read`].
pub fn parse(name: &Path, content: impl Read, options: &TableOptions) -> Result<Table> {
    decode(Source::open(name, BufReader::new(content))?, options)
}

/// A table of which one row after the other is read: for files that do not fit into memory.
///
/// ```
/// use nn::data::table::{Stream, TableOptions};
///
/// let mut rows = Stream::new("t.csv".as_ref(), "a,b\n1,2\n3,4\n".as_bytes(), &TableOptions::default())?;
/// let (mut row, mut sum) = (vec![], 0.0);
/// while rows.advance(&mut row)? {
///     sum += row[1];
/// }
/// assert_eq!((rows.columns(), sum), (vec!["a".to_owned(), "b".to_owned()], 6.0));
/// # Ok::<(), nn::Error>(())
/// ```
pub struct Stream<'a> {
    rows: Rows<'a>,
    layout: Layout,
    impute: Impute,
    labels: Option<Labels>,
    /// Whether the first row names the columns.
    header: bool,
    /// How that was guessed, where it is not plain.
    note: Option<Note>,
    /// The kind of each column's values, as soon as one is known.
    kinds: Vec<Option<Kind>>,
    /// Whether a whole number of each feature had to be rounded.
    rounded: Vec<bool>,
    ids: Vec<String>,
    /// Whether a row was read that nobody has seen yet.
    waiting: bool,
}

impl<'a> Stream<'a> {
    /// From a stream, gzipped or not. Errors call it `name`.
    ///
    /// # Errors
    /// If it has no rows, or the options name columns it does not have.
    pub fn new(name: &'a Path, content: impl Read + 'a, options: &TableOptions) -> Result<Self> {
        Stream::of(Source::open(name, BufReader::new(content))?, options)
    }

    /// From a file, gzipped or not.
    ///
    /// # Errors
    /// If it cannot be read, and those of [`new`](Self::new).
    pub fn open(path: &'a Path, options: &TableOptions) -> Result<Self> {
        Stream::of(Source::file(path)?, options)
    }

    fn of(source: Source<'a>, options: &TableOptions) -> Result<Self> {
        let mut rows = Rows::new(source, options)?;
        let (header, there) = rows.header(options)?;
        let layout = Layout::new(rows.name, &header.first, header.is_header, options)?;
        if !there {
            return rows.unusable("the file holds only a header and no examples".into());
        }
        let labels = layout.label.map(|_| Labels::default());
        let kinds = vec![None; layout.names.len()];
        let rounded = vec![false; layout.features.len()];
        let (impute, note, header) = (options.impute, header.note, header.is_header);
        Ok(Stream { rows, layout, impute, labels, ids: vec![], header, note, kinds, rounded, waiting: true })
    }

    /// The name of each feature.
    pub fn columns(&self) -> Vec<String> {
        self.layout.feature_names()
    }

    /// The features of which a whole number had to be rounded so far; see [`Table::rounded`].
    pub fn rounded(&self) -> Vec<String> {
        let names = self.columns().into_iter().zip(&self.rounded);
        names.filter(|(_, rounded)| **rounded).map(|(name, _)| name).collect()
    }

    /// Whether the first row names the columns.
    pub fn header(&self) -> bool {
        self.header
    }

    /// Puts the features of the next row into `row`, missing ones as NaN; or says that there is none.
    ///
    /// # Errors
    /// If a field is no value of the kind of its column, or is missing and that is refused. The error names line
    /// and column.
    pub fn advance(&mut self, row: &mut Vec<f64>) -> Result<bool> {
        row.clear();
        if !std::mem::take(&mut self.waiting) && !self.rows.advance()? {
            return Ok(false);
        }
        let Stream { rows, layout, impute, labels, ids, kinds, rounded, .. } = self;
        rows.has_fields(layout.names.len())?;
        for (&column, rounded) in layout.features.iter().zip(rounded) {
            let text = rows.record[column].trim();
            let refuse = |fault: Fault| Err(rows.fault(Some(&layout.names[column]), fault));
            row.push(match rows.signs.value(text) {
                Err(fault) => return refuse(fault),
                Ok(None) if *impute == Impute::Refuse => return refuse(Fault::Missing),
                Ok(None) => f64::NAN,
                Ok(Some((kind, value))) => {
                    let known = *kinds[column].get_or_insert(kind);
                    if kind != known {
                        return refuse(known.refusal(text));
                    }
                    *rounded |= is_rounded(text, value);
                    value
                }
            });
        }
        if let (Some(column), Some(labels)) = (layout.label, labels) {
            let text = rows.record[column].trim();
            if rows.signs.is_missing(text) {
                return Err(rows.fault(Some(&layout.names[column]), Fault::NoLabel));
            }
            labels.push(text, rows.line());
        }
        if let Some(column) = layout.id {
            ids.push(rows.record[column].trim().to_owned());
        }
        Ok(true)
    }

    /// The guesses so far, and the columns that hold no numbers but are read as such.
    pub fn notes(&self) -> Vec<Note> {
        let mut notes: Vec<Note> = self.note.iter().cloned().chain(self.rows.notes()).collect();
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Number) {
            let of_kind = |column: &usize| self.kinds[*column] == Some(kind);
            let names: Vec<String> = (0..self.kinds.len())
                .filter(of_kind)
                .map(|column| quoted(&self.layout.names[column]))
                .collect();
            let read_as = if kind == Kind::Date { "days since the beginning of 1970" } else { "1 and 0" };
            match &names[..] {
                [] => {}
                [name] => {
                    let note = format!("column {name} holds {}, read as {read_as}", kind.plural());
                    notes.push(Note::Plain(note));
                }
                names => {
                    let (names, plural) = (listed(names), kind.plural());
                    notes.push(Note::Plain(format!("columns {names} hold {plural}, read as {read_as}")));
                }
            }
        }
        notes
    }

    /// The class of each row so far, and the names of the classes, if there are any.
    ///
    /// # Errors
    /// If a label is no class.
    pub fn classes(self) -> Result<Classes> {
        let Some(labels) = self.labels else { return Ok((None, None)) };
        labels.finish().map_err(|(line, text)| {
            let label = self.layout.label.map(|column| &*self.layout.names[column]);
            TableError::new(self.rows.name, Some(line), label, Fault::NotClass(text)).into_error()
        })
    }
}

/// The name of a column as messages show it: between backquotes, on one line, and not more of it than helps.
pub fn quoted(name: &str) -> String {
    error::quoted(name)
}

/// The first of some names, and how many more there are.
pub fn listed(names: &[String]) -> String {
    const ENOUGH: usize = 10;
    let more = names.len().saturating_sub(ENOUGH);
    let shown = names[..names.len() - more].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn decode(source: Source, options: &TableOptions) -> Result<Table> {
    let mut stream = Stream::of(source, options)?;
    let columns = stream.columns();
    let (mut values, mut gaps, mut row) = (vec![], false, vec![]);
    while stream.advance(&mut row)? {
        gaps |= row.iter().any(|value| value.is_nan());
        values.extend_from_slice(&row);
    }
    if gaps && options.impute != Impute::Keep {
        fill(&mut values, options.impute, &columns).map_err(|column| {
            TableError::new(stream.rows.name, None, Some(&columns[column]), Fault::AllMissing).into_error()
        })?;
    }
    let examples = values.len() / columns.len();
    let (rounded, notes) = (stream.rounded(), stream.notes());
    let ids = stream.layout.id.map(|id| (stream.layout.names[id].clone(), std::mem::take(&mut stream.ids)));
    let (labels, classes) = stream.classes()?;
    let x = Tensor::from_vec([examples, columns.len()], values);
    Ok(Table { data: Dataset::new(x).with_labels(labels), columns, classes, ids, rounded, notes })
}

/// Whether the text is a whole number, written with all its digits, and `value` is another.
fn is_rounded(text: &str, value: f64) -> bool {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    value.abs() >= EXACT && text.parse::<i128>().is_ok_and(|whole| whole != value as i128)
}

/// Fills the gaps, which hold NaN; `values` are row by row. The error is a column from which nothing follows for its gaps.
fn fill(values: &mut [f64], impute: Impute, columns: &[String]) -> Result<(), usize> {
    for column in 0..columns.len() {
        let all = values.iter_mut().skip(column).step_by(columns.len());
        let (gaps, known): (Vec<_>, Vec<_>) = all.partition(|value| value.is_nan());
        if gaps.is_empty() {
            continue;
        }
        let mut known: Vec<f64> = known.into_iter().map(|value| *value).collect();
        let Some(value) = impute.value(&mut known) else {
            return Err(column);
        };
        gaps.into_iter().for_each(|gap| *gap = value);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
