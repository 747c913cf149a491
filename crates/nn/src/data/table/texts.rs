//! Rows of text: for tables whose fields are names.

use std::path::Path;

use super::layout::{Layout, find};
use super::rows::Rows;
use super::{Column, Kind, Note, TableOptions};
use crate::data::source::Source;
use crate::error::{Fault, TableError};
use crate::{Error, Result};

/// A table of which one row after the other is read as text.
///
/// ```
/// use nn::data::table::{TableOptions, Texts};
///
/// let text = "reader,book\nanna,dune\nbert,emma\n";
/// let mut rows = Texts::new("read.csv".as_ref(), text.as_bytes(), &TableOptions::default())?;
/// let book = rows.find(&"book".into())?;
/// let mut books = vec![];
/// while rows.advance()? {
///     books.push(rows.field(book)?.to_owned());
/// }
/// assert_eq!(books, ["dune", "emma"]);
/// # Ok::<(), nn::Error>(())
/// ```
pub struct Texts<'a> {
    rows: Rows<'a>,
    names: Vec<String>,
    header: bool,
    note: Option<Note>,
    /// Whether a row was read that nobody has seen yet.
    waiting: bool,
    /// Two colons separate fields, as in MovieLens-1M: the fields of the row.
    colons: Option<Vec<String>>,
}

impl<'a> Texts<'a> {
    /// From a stream, gzipped or not. Errors call it `name`.
    ///
    /// # Errors
    /// If it has no rows.
    pub fn new(name: &'a Path, content: impl std::io::Read + 'a, options: &TableOptions) -> Result<Self> {
        Texts::of(Source::open(name, std::io::BufReader::new(content))?, options)
    }

    /// From a file, gzipped or not.
    ///
    /// # Errors
    /// If it cannot be read, or has no rows.
    pub fn open(path: &'a Path, options: &TableOptions) -> Result<Self> {
        Texts::of(Source::file(path)?, options)
    }

    fn of(source: Source<'a>, options: &TableOptions) -> Result<Self> {
        let mut rows = Rows::new(source, options)?;
        let mut plain = TableOptions { label: None, id: None, drop: vec![], ..options.clone() };
        let first = rows.ahead().front().filter(|row| row.len() == 1).map(|row| row[0].to_owned());
        let first = first.filter(|row| row.contains(COLONS));
        if let Some(first) = &first {
            // Only its parts tell whether it holds names.
            let is_header = first.split(COLONS).all(|field| field.trim().parse::<f64>().is_err());
            plain.header = Some(options.header.unwrap_or(is_header));
        }
        let (header, there) = rows.header(&plain)?;
        let mut names = Layout::new(rows.name, &header.first, header.is_header, &plain)?.names;
        if !there {
            return rows.unusable("the file holds only a header and no rows".into());
        }
        let colons = first.map(|first| {
            let name = |(i, name): (usize, &str)| match header.is_header {
                true => name.trim().to_owned(),
                false => format!("column {}", i + 1),
            };
            names = first.split(COLONS).enumerate().map(name).collect();
            vec![]
        });
        Ok(Texts { rows, names, header: header.is_header, note: header.note, waiting: true, colons })
    }

    /// The name of each column; `column 3` if the file does not name it.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether the first row names the columns.
    pub fn header(&self) -> bool {
        self.header
    }

    /// The place of a column, counted from 0.
    ///
    /// # Errors
    /// If there is none, or there are two of this name.
    pub fn find(&self, column: &Column) -> Result<usize> {
        find(column, &self.names, self.header).map_err(|problem| Error::file(self.rows.name, problem))
    }

    /// Goes to the next row, or says that there is none.
    ///
    /// # Errors
    /// If the file cannot be read on, or the row has more or fewer fields than the first.
    pub fn advance(&mut self) -> Result<bool> {
        if !std::mem::take(&mut self.waiting) && !self.rows.advance()? {
            return Ok(false);
        }
        let (wanted, rows) = (self.names.len(), &self.rows);
        let Some(fields) = &mut self.colons else { return rows.has_fields(wanted).map(|()| true) };
        fields.clear();
        fields.extend(rows.record[0].split(COLONS).map(str::to_owned));
        match fields.len() {
            found if found == wanted => Ok(true),
            found => Err(rows.fault(None, Fault::Fields { found, wanted })),
        }
    }

    /// The text of a field of the row.
    ///
    /// # Errors
    /// If it is a mark of a missing value.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn field(&self, column: usize) -> Result<&str> {
        let text = self.text(column);
        match self.rows.signs.is_missing(text) {
            true => Err(self.fault(column, Fault::Missing)),
            false => Ok(text),
        }
    }

    /// The value of a field of the row: a number, a truth value as 1 or 0, or a date in days since the beginning of 1970.
    ///
    /// # Errors
    /// If it is missing, or none of these.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn value(&self, column: usize) -> Result<f64> {
        match self.rows.signs.value(self.text(column)) {
            Ok(Some((_, value))) => Ok(value),
            Ok(None) => Err(self.fault(column, Fault::Missing)),
            Err(fault) => Err(self.fault(column, fault)),
        }
    }

    /// The kind and the value of a field of the row, or `None` if it is missing.
    ///
    /// # Errors
    /// If it is neither a number nor a truth value nor a date.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn known(&self, column: usize) -> Result<Option<(Kind, f64)>> {
        self.rows.signs.value(self.text(column)).map_err(|fault| self.fault(column, fault))
    }

    /// The line of the row in the file, counted from 1.
    pub fn line(&self) -> u64 {
        self.rows.line()
    }

    fn text(&self, column: usize) -> &str {
        match &self.colons {
            Some(fields) => fields[column].trim(),
            None => self.rows.record[column].trim(),
        }
    }

    fn fault(&self, column: usize, fault: Fault) -> Error {
        let name = Some(self.names[column].as_str());
        // How to fill gaps and drop columns is no advice for names.
        let error = TableError::new(self.rows.name, Some(self.rows.line()), name, fault);
        let fact = error.fact();
        Error::Table(Box::new(error.with_advice(format!("{fact}; correct the line or leave it out"))))
    }

    /// The guesses so far.
    pub fn notes(&self) -> Vec<Note> {
        self.note.iter().cloned().chain(self.rows.notes()).collect()
    }
}

/// The separator of MovieLens-1M.
const COLONS: &str = "::";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Result<(Vec<String>, Vec<Vec<String>>)> {
        let mut rows = Texts::new(name.as_ref(), text.as_bytes(), &TableOptions::default())?;
        let mut all = vec![];
        while rows.advance()? {
            let columns = 0..rows.names().len();
            all.push(columns.map(|column| rows.field(column).map(str::to_owned)).collect::<Result<_>>()?);
        }
        Ok((rows.names().to_vec(), all))
    }

    #[test]
    fn fields_are_text_whatever_separates_them() {
        let rows = vec![
            ["1", "1193", "5"].map(str::to_owned).to_vec(),
            ["2", "661", "3"].map(str::to_owned).to_vec(),
        ];
        let names = ["column 1", "column 2", "column 3"].map(str::to_owned).to_vec();
        assert_eq!(read("u.csv", "1,1193,5\n2,661,3\n").unwrap(), (names.clone(), rows.clone()));
        assert_eq!(read("u.tsv", "1\t1193\t5\n2\t661\t3\n").unwrap(), (names.clone(), rows.clone()));
        assert_eq!(read("u.dat", "1::1193::5\n2::661::3\n").unwrap(), (names, rows));
        let quoted = read("q.csv", "user,item\nanna,\"Emma, or\"\n").unwrap();
        assert_eq!(quoted.1, [["anna".to_owned(), "Emma, or".to_owned()]]);
    }

    #[test]
    fn a_wrong_field_is_named_by_its_line() {
        let text = |name: &str, text: &str| read(name, text).unwrap_err().to_string();
        assert_eq!(
            text("a.csv", "user,item\n1,2\n,3\n"),
            "a.csv: line 3, column `user`: the value is missing; correct the line or leave it out"
        );
        assert!(text("a.csv", "user,item\n1,2\n1,3,4\n").contains("line 3: the row has 3 fields"));
        assert!(text("a.dat", "1::2\n1::2::3\n").contains("line 2: the row has 3 fields"));
        assert!(text("a.csv", "user,item\n").contains("only a header"));
        let mut rows =
            Texts::new("a.csv".as_ref(), "u,v\na,3\nb,x\n".as_bytes(), &TableOptions::default()).unwrap();
        assert!(rows.advance().unwrap() && rows.value(1).unwrap() == 3.0 && rows.advance().unwrap());
        let error = rows.value(1).unwrap_err().to_string();
        assert_eq!(
            error,
            "a.csv: line 3, column `v`: \"x\" is not a number; correct the line or leave it out"
        );
    }
}
