//! Where results go: CSV, NPY or PNG by the ending of the file, or CSV on standard output.

use std::path::{Path, PathBuf};

use autograd::Tensor;
use nn::data::npy;
use nn::files::write_atomically;
use nn::{Error, Result};
use zoo::plot::{Picture, png};

use super::Outcome;
use crate::cli::OutArgs;

/// Numbers with names.
pub(super) struct Sheet {
    /// What each row is called; not in an NPY file.
    pub(super) rows: Option<Vec<String>>,
    /// Columns of text after that, each with its name; not in an NPY file.
    pub(super) texts: Vec<(String, Vec<String>)>,
    /// Columns of words that a table has in place of the numbers; not in an NPY file.
    pub(super) words: Vec<(String, Vec<String>)>,
    /// What each column is called.
    pub(super) columns: Vec<String>,
    /// `[rows, columns]`.
    pub(super) values: Tensor<f64>,
    /// Whether single precision has all their digits.
    pub(super) single: bool,
}

/// How a result is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Npy,
    Png,
}

/// Where a result goes, known to be possible before the work begins.
pub(super) struct Target {
    path: Option<PathBuf>,
    format: Format,
}

impl Target {
    /// Refuses endings that mean nothing, and files that exist.
    pub(super) fn new(args: &OutArgs) -> Result<Self> {
        let Some(path) = args.out.as_ref().filter(|path| **path != Path::new("-")) else {
            return Ok(Target { path: None, format: Format::Csv });
        };
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        let format = match ending.as_deref() {
            Some("csv") => Format::Csv,
            Some("npy") => Format::Npy,
            Some("png") => Format::Png,
            _ => {
                return Err(Error::file(path, "the ending says how to write: .csv, .npy or .png"));
            }
        };
        may_write(path, args.force)?;
        Ok(Target { path: Some(path.clone()), format })
    }

    /// Whether the result is a picture.
    pub(super) fn is_picture(&self) -> bool {
        self.format == Format::Png
    }

    /// Writes the numbers, or the picture if that is wanted.
    pub(super) fn put(
        &self,
        sheet: impl FnOnce() -> Result<Sheet>,
        picture: impl FnOnce() -> Result<Picture>,
    ) -> Result<Outcome> {
        let checked = || {
            let sheet = sheet()?;
            finite(sheet.values.to_vec().into_iter())?;
            Ok::<Sheet, Error>(sheet)
        };
        let content = match self.format {
            Format::Csv => checked()?.csv(),
            Format::Npy => checked()?.npy(),
            Format::Png => png(&picture()?),
        };
        match &self.path {
            None => Ok(Outcome::Done(String::from_utf8_lossy(&content).into_owned())),
            Some(path) => {
                write_atomically(path, &content)?;
                Ok(Outcome::Done(format!("Written to {}\n", path.display())))
            }
        }
    }
}

impl Sheet {
    /// As an NPY file, in the precision that the numbers need.
    fn npy(&self) -> Vec<u8> {
        if self.single { npy::bytes(&self.values.cast::<f32>()) } else { npy::bytes(&self.values) }
    }

    /// As comma-separated text. A number is written with the digits that give the same number again.
    fn csv(&self) -> Vec<u8> {
        const MEMORY: &str = "writing to memory does not fail";
        let mut writer = csv::Writer::from_writer(vec![]);
        let first = self.rows.as_ref().map(|_| "row");
        let texts = self.texts.iter().map(|(name, _)| name.as_str());
        let words = self.words.iter().map(|(name, _)| name.as_str());
        let columns = self.columns.iter().map(String::as_str).filter(|_| self.words.is_empty());
        writer.write_record(first.into_iter().chain(texts).chain(words).chain(columns)).expect(MEMORY);
        for (i, row) in self.values.to_vec().chunks(self.columns.len().max(1)).enumerate() {
            if let Some(rows) = &self.rows {
                writer.write_field(&rows[i]).expect(MEMORY);
            }
            self.texts.iter().for_each(|(_, texts)| writer.write_field(&texts[i]).expect(MEMORY));
            self.words.iter().for_each(|(_, words)| writer.write_field(&words[i]).expect(MEMORY));
            let row = if self.words.is_empty() { row } else { &[] };
            let digits =
                |value: f64| if self.single { (value as f32).to_string() } else { value.to_string() };
            row.iter().for_each(|value| writer.write_field(digits(*value)).expect(MEMORY));
            writer.write_record(None::<&[u8]>).expect(MEMORY);
        }
        writer.into_inner().expect(MEMORY)
    }
}

/// Refuses results that are no numbers: nobody should have to find them in a file.
pub(super) fn finite(values: impl Iterator<Item = f64>) -> Result<()> {
    match values.enumerate().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some((place, value)) => Err(Error::data(format!(
            "the result is no finite number (number {} of it is {value}): the data or the parameters are too large for \
             single precision; scale the data and train again, as with `zoo train --scale standard`",
            place + 1
        ))),
    }
}

/// Refuses to replace a file unless that is wanted, and a folder that is not there.
pub(super) fn may_write(path: &Path, force: bool) -> Result<()> {
    if path.is_dir() {
        return Err(Error::file(path, "this is a folder; name a file in it"));
    }
    if path.exists() && !force {
        return Err(Error::file(path, "the file exists; choose another name, or replace it with --force"));
    }
    match path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        Some(folder) => Err(Error::file(folder, "there is no such folder to write into")),
        None => Ok(()),
    }
}
