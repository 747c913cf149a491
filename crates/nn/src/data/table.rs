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
//! assert_eq!(table.data.x.to_vec(), [5.1, 3.5, 7.0, 3.2]);
//! assert_eq!(table.classes.unwrap(), ["aster", "rose"]);
//! assert_eq!(table.data.labels.unwrap(), [1, 0]);
//! # Ok::<(), nn::Error>(())
//! ```

mod columns;
mod labels;
mod layout;

use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use autograd::Tensor;
use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord};
use serde::{Deserialize, Serialize};

pub use self::columns::{Columns, columns, parse_columns};
pub use self::labels::Classes;
use self::labels::Labels;
pub use self::layout::Column;
use self::layout::Layout;
use super::Dataset;
use super::source::{Packing, Source, explain};
use crate::{Error, Result};

/// How a table is to be read. The default suits a file of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TableOptions {
    /// What stands between two fields, one ASCII character. `None`: a tab if the name of the file ends
    /// in `.tsv` or `.tsv.gz`, otherwise a comma.
    pub delimiter: Option<char>,
    /// Whether the first row names the columns. `None`: it does if any of its fields is neither a number
    /// nor missing (columns that are given by number as label or to drop do not count), or if it counts
    /// 0, 1, 2, ….
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
    pub fn value(self, known: &mut [f32]) -> Option<f32> {
        match self {
            Impute::Refuse | Impute::Keep => None,
            Impute::Zero => Some(0.0),
            _ if known.is_empty() => None,
            Impute::Mean => {
                Some((known.iter().map(|&v| f64::from(v)).sum::<f64>() / known.len() as f64) as f32)
            }
            Impute::Median => {
                known.sort_unstable_by(f32::total_cmp);
                let (low, high) = (known[(known.len() - 1) / 2], known[known.len() / 2]);
                Some(low + (high - low) / 2.0)
            }
        }
    }
}

/// What a table holds.
#[derive(Clone, Debug)]
pub struct Table {
    /// The examples, in the order of the file.
    pub data: Dataset,
    /// The name of each feature; `column 3` if the file does not name its columns.
    pub columns: Vec<String>,
    /// The name of each class in alphabetical order, if the labels are names and not the numbers 0, 1, ….
    pub classes: Option<Vec<String>>,
    /// The column [`TableOptions::id`], if one is asked for: its name, and its text for each example.
    pub ids: Option<(String, Vec<String>)>,
}

/// Reads a table from a file, gzipped or not.
///
/// # Errors
/// If the file cannot be read, the options name columns it does not have, or a field is not a number of
/// single precision. The error names line and column.
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
        if !rows.advance()? {
            return rows.unusable("the file is empty".into());
        }
        let header = options.header.unwrap_or_else(|| layout::is_header(&rows.record, options));
        let layout =
            Layout::new(&rows.record, header, options).map_err(|text| Error::file(rows.name, text))?;
        if header && !rows.advance()? {
            return rows.unusable("the file holds only a header and no examples".into());
        }
        let labels = layout.label.map(|_| Labels::default());
        Ok(Stream { rows, layout, impute: options.impute, labels, ids: vec![], waiting: true })
    }

    /// The name of each feature.
    pub fn columns(&self) -> Vec<String> {
        self.layout.feature_names()
    }

    /// Puts the features of the next row into `row`, missing ones as NaN; or says that there is none.
    ///
    /// # Errors
    /// If a field is no number, or is missing and that is refused. The error names line and column.
    pub fn advance(&mut self, row: &mut Vec<f32>) -> Result<bool> {
        row.clear();
        if !std::mem::take(&mut self.waiting) && !self.rows.advance()? {
            return Ok(false);
        }
        let Stream { rows, layout, impute, labels, ids, .. } = self;
        rows.has_fields(layout.names.len())?;
        for &column in &layout.features {
            let text = rows.record[column].trim();
            if is_missing(text) {
                if *impute == Impute::Refuse {
                    let problem = "the value is missing; say with `impute` what to take instead (mean, \
                                   median, zero)";
                    return rows.refuse(&layout.names[column], problem.into());
                }
                row.push(f32::NAN);
            } else {
                match number(text) {
                    Ok(value) => row.push(value),
                    Err(problem) => return rows.refuse(&layout.names[column], problem),
                }
            }
        }
        if let (Some(column), Some(labels)) = (layout.label, labels) {
            let text = rows.record[column].trim();
            if is_missing(text) {
                return rows.refuse(&layout.names[column], "the label is missing".into());
            }
            labels.push(text, rows.line());
        }
        if let Some(column) = layout.id {
            ids.push(rows.record[column].trim().to_owned());
        }
        Ok(true)
    }

    /// The class of each row so far, and the names of the classes, if there are any.
    ///
    /// # Errors
    /// If a label is no class.
    pub fn classes(self) -> Result<Classes> {
        let label = self.layout.label.map_or("", |column| &self.layout.names[column]);
        match self.labels {
            Some(labels) => labels.finish(label).map_err(|text| Error::file(self.rows.name, text)),
            None => Ok((None, None)),
        }
    }
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
        fill(&mut values, options.impute, &columns).map_err(|text| Error::file(stream.rows.name, text))?;
    }
    let examples = values.len() / columns.len();
    let ids = stream.layout.id.map(|id| (stream.layout.names[id].clone(), std::mem::take(&mut stream.ids)));
    let (labels, classes) = stream.classes()?;
    let x = Tensor::from_vec([examples, columns.len()], values);
    Ok(Table { data: Dataset { x, labels, image: None }, columns, classes, ids })
}

/// The rows of a file, one after the other.
struct Rows<'a> {
    name: &'a Path,
    packing: Packing,
    reader: Reader<Box<dyn Read + 'a>>,
    record: StringRecord,
}

impl<'a> Rows<'a> {
    fn new(mut source: Source<'a>, options: &TableOptions) -> Result<Self> {
        let delimiter = match options.delimiter {
            Some(sign) if sign.is_ascii() && !"\"\r\n\0".contains(sign) => sign as u8,
            Some(sign) => {
                return Err(Error::Invalid(format!(
                    "{sign:?} cannot separate fields; take a comma, a semicolon, a tab or a space"
                )));
            }
            None if is_tab_separated(source.name) => b'\t',
            None => b',',
        };
        // Some programs start a text with a byte order mark, which belongs to no name.
        let mut start = source.at_most(3)?;
        if start == *b"\xef\xbb\xbf" {
            start.clear();
        }
        let bytes = LineEnds { inner: Cursor::new(start).chain(source.bytes), after_return: false };
        let bytes: Box<dyn Read> = Box::new(bytes);
        let reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            // Rows of the wrong length are let through here so that the sentence about them is ours.
            .flexible(true)
            .from_reader(bytes);
        Ok(Rows { name: source.name, packing: source.packing, reader, record: StringRecord::new() })
    }

    /// Goes to the next row that is not empty. Is there one?
    fn advance(&mut self) -> Result<bool> {
        self.reader.read_record(&mut self.record).map_err(|error| {
            let line = error.position().map_or(1, csv::Position::line);
            match error.into_kind() {
                ErrorKind::Io(error) => explain(self.name, self.packing, error),
                ErrorKind::Utf8 { .. } => {
                    Error::file(self.name, format!("line {line}: the text is not UTF-8; save it as UTF-8"))
                }
                other => Error::file(self.name, format!("line {line}: this is no table ({other:?})")),
            }
        })
    }

    /// The line on which the row starts, counted from 1.
    fn line(&self) -> u64 {
        self.record.position().map_or(1, csv::Position::line)
    }

    /// Checks the length of the row.
    fn has_fields(&self, wanted: usize) -> Result<()> {
        let found = self.record.len();
        if found == wanted {
            return Ok(());
        }
        let line = self.line();
        self.unusable(format!(
            "line {line}: the row has {found} fields, but the first row has {wanted}; \
             check the delimiter and the quotes"
        ))
    }

    fn refuse<T>(&self, column: &str, problem: String) -> Result<T> {
        let line = self.line();
        self.unusable(format!("line {line}, column {}: {problem}", layout::quoted(column)))
    }

    fn unusable<T>(&self, problem: String) -> Result<T> {
        Err(Error::file(self.name, problem))
    }
}

/// Turns every kind of line end into `\n`. The reader of rows counts a line when it meets its `\n`, and a `\n`
/// after `\r` it meets one row too late.
struct LineEnds<R> {
    inner: R,
    after_return: bool,
}

impl<R: Read> Read for LineEnds<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.inner.read(out)?;
            let mut kept = 0;
            // A `\r` is passed on as `\n` and a `\n` after it left away, so no byte has to wait for the next.
            for place in 0..read {
                let byte = out[place];
                if byte != b'\n' || !self.after_return {
                    out[kept] = if byte == b'\r' { b'\n' } else { byte };
                    kept += 1;
                }
                self.after_return = byte == b'\r';
            }
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

fn is_tab_separated(name: &Path) -> bool {
    let name = name.to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.ends_with(".tsv") || name.ends_with(".tab")
}

/// Whether a field says that its value is not known.
fn is_missing(text: &str) -> bool {
    matches!(text, "" | "?" | "NA" | "N/A" | "n/a" | "#N/A" | "<NA>" | "NULL" | "null" | "None")
        || text.parse::<f32>().is_ok_and(f32::is_nan)
}

/// The number that a field holds, or what is wrong with it.
fn number(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) if text.to_lowercase().contains("inf") => Err(format!(
            "{} is not finite; correct the value or leave the column out with `drop`",
            clip(text)
        )),
        Ok(_) => Err(format!("{} is too large for single precision; scale the column", clip(text))),
        Err(_)
            if text.replace(',', ".").parse::<f32>().is_ok()
                || text.replace(',', "").parse::<f32>().is_ok() =>
        {
            Err(format!(
                "{} has a comma; numbers have a decimal point and nothing between thousands",
                clip(text)
            ))
        }
        Err(_) => Err(format!("{} is not a number; leave the column out with `drop`", clip(text))),
    }
}

/// The text in quotes, on one line, and not more of it than helps.
fn clip(text: &str) -> String {
    const ENOUGH: usize = 40;
    match text.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// Fills the gaps, which hold NaN; `values` are row by row.
fn fill(values: &mut [f32], impute: Impute, columns: &[String]) -> Result<(), String> {
    for (column, name) in columns.iter().enumerate() {
        let all = values.iter_mut().skip(column).step_by(columns.len());
        let (gaps, known): (Vec<_>, Vec<_>) = all.partition(|value| value.is_nan());
        if gaps.is_empty() {
            continue;
        }
        let mut known: Vec<f32> = known.into_iter().map(|value| *value).collect();
        let Some(value) = impute.value(&mut known) else {
            let name = layout::quoted(name);
            return Err(format!("column {name}: every value is missing; leave the column out with `drop`"));
        };
        gaps.into_iter().for_each(|gap| *gap = value);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
