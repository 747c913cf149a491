//! Tables: of numbers alone, or of columns of several kinds.

use std::path::Path;

use autograd::Tensor;
use nn::data::table::{self, Column, TableOptions, TextTable};
use nn::error::Fault;
use nn::{Error, Result};

use super::super::columns;
use super::super::input::Input;
use super::super::kind::Kind;
use super::super::numbers::{Found, Numbers};
use super::super::{Impute, Reading, explain, parquet};
use super::Raw;

impl Raw {
    /// A table.
    pub(in super::super) fn of_table(path: &Path, content: Option<&[u8]>, reading: &Reading) -> Result<Self> {
        let mut options = table_options(reading);
        let series = reading.series.is_some();
        if reading.impute == Impute::Keep && !series {
            // A column with gaps is more than numbers.
            options.impute = Impute::Refuse;
        }
        if reading.columns.is_empty() {
            let error = match Raw::read_table(path, content, &options) {
                Ok(raw) => return Ok(raw),
                Err(error) => error,
            };
            if let Some((reading, note)) = other_signs(path, content, reading) {
                let mut raw = Raw::of_table(path, content, &reading)?;
                raw.notes.insert(0, note);
                return Ok(raw);
            }
            if !is_about_kinds(&error, reading.impute) {
                return Err(explain::in_training(error, path, content, &options));
            }
        }
        Raw::of_kinds(path, content, reading)
    }

    /// A table of columns of several kinds.
    fn of_kinds(path: &Path, content: Option<&[u8]>, reading: &Reading) -> Result<Self> {
        let options = table_options(reading);
        let explained = |error| explain::in_training(error, path, content, &options);
        let table = text_table(path, content, &options).map_err(explained)?;
        if let Some((reading, note)) = commas(&table, reading) {
            let mut raw = Raw::of_table(path, content, &reading)?;
            raw.notes.insert(0, note);
            return Ok(raw);
        }
        let keep = |place: usize| {
            reading.keep.iter().any(|column| match column {
                Column::Name(name) => *name == table.names[place],
                Column::Number(number) => *number == place + 1,
            })
        };
        let looked = columns::look(path, &table, &reading.columns, keep).map_err(explained)?;
        let (labels, classes) = table.classes(path).map_err(explained)?;
        let x =
            Tensor::from_fn([table.rows, looked.len()], |i| looked[i % looked.len()].cells[i / looked.len()]);
        let ids = table.id.map(|id| {
            (
                table.names[id].clone(),
                (0..table.rows).map(|row| table.columns[id].text(row).to_owned()).collect(),
            )
        });
        let notes = explain::notes(&table.notes).chain(looked.iter().flat_map(|looked| looked.notes.clone()));
        Ok(Raw {
            columns: looked.iter().map(|looked| looked.name.clone()).collect(),
            classes: classes.unwrap_or_default(),
            notes: notes.collect(),
            table: Some(looked),
            ..Raw::new(Found { x: Numbers::from(x), labels, shape: None, ids })
        })
    }

    /// The same for data that a trained model gets.
    pub(in super::super) fn of_new_table(path: &Path, table: &TableText) -> Result<Self> {
        let (content, options) = (table.content.as_deref(), table_options(&table.reading));
        let read = Raw::read_table(path, content, &options);
        read.map_err(|error| explain::in_new_data(error, path, content, &options))
    }

    fn read_table(path: &Path, content: Option<&[u8]>, options: &TableOptions) -> Result<Self> {
        let read = match content {
            Some(content) => table::parse(path, content, options)?,
            None => table::read(path, options)?,
        };
        let notes = explain::notes(&read.notes).chain(explain::rounded(&read.rounded)).collect();
        let (columns, classes) = (read.columns, read.classes.unwrap_or_default());
        let data = Found { ids: read.ids, ..read.data.into() };
        Ok(Raw { columns, classes, notes, ..Raw::new(data) })
    }
}

/// Whether a table of numbers alone is refused because of something that a table of several kinds may have.
fn is_about_kinds(error: &Error, impute: Impute) -> bool {
    let Error::Table(error) = error else { return false };
    match error.fault {
        Fault::NotNumber(_) | Fault::NotDate(_) | Fault::NotTruth(..) | Fault::Comma(_) => true,
        Fault::Missing => impute == Impute::Keep,
        _ => false,
    }
}

/// A table as text.
pub(in super::super) fn text_table(
    path: &Path,
    content: Option<&[u8]>,
    options: &TableOptions,
) -> Result<TextTable> {
    match content {
        Some(content) => TextTable::parse(path, content, options),
        None => TextTable::read(path, options),
    }
}

/// The same reading with another sign between fields, where nobody has said which it is and another seems to be, and a note
/// about it.
fn other_signs(path: &Path, content: Option<&[u8]>, reading: &Reading) -> Option<(Reading, String)> {
    if content.is_some() || reading.delimiter.is_some() {
        return None;
    }
    let (sign, commas) = table::better_delimiter(path, &table_options(reading)).ok()??;
    let decimal = reading.decimal.or(commas.then_some(','));
    let decimals = if decimal.is_some() { ", and commas as decimal signs" } else { "" };
    let note = format!("{sign:?} is taken to separate fields{decimals}");
    Some((Reading { delimiter: Some(sign), decimal, ..reading.clone() }, note))
}

/// The same reading with a meaning for the commas in numbers, where nobody has said which, and a note about it.
fn commas(table: &TextTable, reading: &Reading) -> Option<(Reading, String)> {
    let sign = reading.decimal.is_none().then(|| columns::decimal(table))??;
    let note = match sign {
        ',' => "commas in numbers are taken for decimal signs; if they part thousands, say --decimal .",
        _ => "commas in numbers are taken to part thousands; if they are decimal signs, say --decimal ,",
    };
    Some((Reading { decimal: Some(sign), ..reading.clone() }, note.into()))
}

/// How to read a table. Gaps are left as they are unless they are refused, which is done where the line is known.
pub(in super::super) fn table_options(reading: &Reading) -> TableOptions {
    TableOptions {
        delimiter: reading.delimiter,
        decimal: reading.decimal,
        missing: reading.missing.clone(),
        header: reading.header,
        label: reading.label.clone(),
        drop: reading.drop.clone(),
        id: reading.id.clone(),
        impute: if reading.impute == Impute::Refuse { Impute::Refuse } else { Impute::Keep },
    }
}

/// A table before it is read.
pub(in super::super) struct TableText {
    /// The text, if it is not that of the file itself: of a Parquet file, or of a table in memory.
    pub(in super::super) content: Option<Vec<u8>>,
    /// How it is to be read.
    pub(in super::super) reading: Reading,
}

impl TableText {
    /// At most so many rows, if that is up to us; `None` if this is no table.
    pub(in super::super) fn of(input: &Input, reading: &Reading, most: usize) -> Result<Option<Self>> {
        if input.is_digits() {
            return Ok(None);
        }
        Ok(match input.kind()? {
            Kind::Table => Some(TableText { content: None, reading: reading.clone() }),
            Kind::Parquet => {
                Some(TableText { content: input.text(most)?, reading: parquet::as_table(reading) })
            }
            _ => None,
        })
    }

    /// The names of all columns, and whether the file gives them.
    pub(in super::super) fn names(&self, path: &Path) -> Result<(Vec<String>, bool)> {
        let options = TableOptions { label: None, id: None, drop: vec![], ..table_options(&self.reading) };
        let stream = match &self.content {
            Some(content) => table::Stream::new(path, &content[..], &options),
            None => table::Stream::open(path, &options),
        };
        let content = self.content.as_deref();
        let stream = stream.map_err(|error| explain::in_new_data(error, path, content, &options))?;
        Ok((stream.columns(), stream.header()))
    }
}
