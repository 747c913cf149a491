//! A look at the columns of a table before it is read.

use std::io::{BufReader, Read};
use std::path::Path;

use super::layout::{self, Layout};
use super::{Rows, TableOptions, is_missing, number};
use crate::data::source::Source;
use crate::{Error, Result};

/// Rows that are looked at.
const ENOUGH: usize = 1000;

/// What the columns of a table are called, and which of them hold text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// The name of every column in the order of the file; `column 3` if the file does not name it.
    pub names: Vec<String>,
    /// Whether the first row names the columns.
    pub header: bool,
    /// The columns in which one of the first 1000 rows has a text that is no number, counted from 0.
    pub text: Vec<usize>,
}

/// Looks at the columns of a file, gzipped or not. Label, identifier and columns to drop have no influence but on the
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
    if !rows.advance()? {
        return rows.unusable("the file is empty".into());
    }
    let header = options.header.unwrap_or_else(|| layout::is_header(&rows.record, options));
    let plain = TableOptions { label: None, id: None, drop: vec![], ..options.clone() };
    let names = Layout::new(&rows.record, header, &plain).map_err(|text| Error::file(rows.name, text))?.names;
    let mut is_text = vec![false; names.len()];
    let mut there = !header || rows.advance()?;
    for _ in 0..ENOUGH {
        if !there {
            break;
        }
        for (is_text, field) in is_text.iter_mut().zip(&rows.record) {
            let field = field.trim();
            *is_text |= !is_missing(field) && number(field).is_err() && field.parse::<f32>().is_err();
        }
        there = rows.advance()?;
    }
    let text = (0..names.len()).filter(|&column| is_text[column]).collect();
    Ok(Columns { names, header, text })
}
