//! Cells, rows and columns of a table that cannot be used.

use std::fmt;
#[cfg(feature = "data")]
use std::path::Path;
use std::path::PathBuf;

use super::printable;

/// The place in a table at which something cannot be used, and the kind of the fault.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TableError {
    /// The file, or the name of the stream.
    pub path: PathBuf,
    /// The line, counted from 1; `None` where the fault is one of a whole column or of all.
    pub line: Option<u64>,
    /// The name of the column (`column 3` where the file names none); `None` where the fault is one of a row or of all.
    pub column: Option<String>,
    /// The kind of the fault.
    pub fault: Fault,
    /// The sentence of a program that knows better advice than the library does, in place of the usual one.
    advised: Option<String>,
}

/// A reason why a table cannot be used.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// A text where numbers are.
    NotNumber(String),
    /// A text where the values above it are dates.
    NotDate(String),
    /// A text that is neither of these words, where the values above it are.
    NotTruth(String, [&'static str; 2]),
    /// A number that is infinite.
    Infinite(String),
    /// A number beyond double precision.
    TooLarge(String),
    /// A number with a point, where commas were said to be decimal signs.
    Point(String),
    /// A number with a comma, of which nobody has said what it means.
    Comma(String),
    /// A missing value, where that is refused.
    Missing,
    /// A column without a value, from which nothing follows for its gaps.
    AllMissing,
    /// A row without a label.
    NoLabel,
    /// A label that is a fraction.
    NotClass(String),
    /// A row of another length.
    Fields {
        /// Its number of fields.
        found: usize,
        /// That of the first row.
        wanted: usize,
    },
    /// No column that could be a feature.
    NoFeatures,
}

impl Fault {
    /// The fact, without advice.
    pub fn fact(&self) -> String {
        match self {
            Fault::NotNumber(text) => format!("{} is not a number", clip(text)),
            Fault::NotDate(text) => format!("{} is no date, as the values above it are", clip(text)),
            Fault::NotTruth(text, [yes, no]) => {
                format!("{} is neither {yes} nor {no}, as the values above it are", clip(text))
            }
            Fault::Infinite(text) => format!("{} is not finite", clip(text)),
            Fault::TooLarge(text) => format!("{} is too large for double precision", clip(text)),
            Fault::Point(text) => {
                format!("{} has a point, but commas were said to be decimal signs", clip(text))
            }
            Fault::Comma(text) => format!("{} has a comma", clip(text)),
            Fault::Missing => "the value is missing".into(),
            Fault::AllMissing => "every value is missing".into(),
            Fault::NoLabel => "the label is missing".into(),
            Fault::NotClass(text) => format!("{} is no class", clip(text)),
            Fault::Fields { found, wanted } => {
                format!("the row has {found} fields, but the first row has {wanted}")
            }
            Fault::NoFeatures => "no column is left to be a feature".into(),
        }
    }

    /// The advice about it, in the words of [`TableOptions`](crate::data::table::TableOptions), as the rest of the
    /// sentence; empty where nothing is known.
    fn advice(&self) -> &'static str {
        match self {
            Fault::NotNumber(_) | Fault::NotDate(_) | Fault::NotTruth(..) | Fault::AllMissing => {
                "; leave the column out with `drop`"
            }
            Fault::Infinite(_) => "; correct the value or leave the column out with `drop`",
            Fault::TooLarge(_) => "; scale the column",
            Fault::Point(_) => " (`decimal`)",
            Fault::Comma(_) => "; say with `decimal` whether that is the decimal sign",
            Fault::Missing => "; say with `impute` what to take instead (mean, median, zero)",
            Fault::NoLabel => "",
            Fault::NotClass(_) => "; labels are names or whole numbers",
            Fault::Fields { .. } => "; check the delimiter and the quotes",
            Fault::NoFeatures => "; check the delimiter and `drop`",
        }
    }
}

impl TableError {
    #[cfg(feature = "data")]
    pub(crate) fn new(path: &Path, line: Option<u64>, column: Option<&str>, fault: Fault) -> Self {
        TableError { path: path.to_owned(), line, column: column.map(str::to_owned), fault, advised: None }
    }

    #[cfg(feature = "data")]
    pub(crate) fn into_error(self) -> super::Error {
        super::Error::Table(Box::new(self))
    }

    /// The place in the table and the fact, without the file and without advice: ``line 3, column `x`: "T" is not a
    /// number``. It is what [`with_advice`](Self::with_advice) begins with.
    pub fn fact(&self) -> String {
        let fact = self.fault.fact();
        match (self.line, self.column.as_deref().map(quoted)) {
            (Some(line), Some(column)) => format!("line {line}, column {column}: {fact}"),
            (Some(line), None) => format!("line {line}: {fact}"),
            (None, Some(column)) => format!("column {column}: {fact}"),
            (None, None) => fact,
        }
    }

    /// The same error, printed as the file and this text: for a program whose users have other means than
    /// [`TableOptions`](crate::data::table::TableOptions), such as flags.
    pub fn with_advice(self, text: impl Into<String>) -> Self {
        TableError { advised: Some(text.into()), ..self }
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.advised {
            Some(text) => write!(f, "{}: {text}", printable(&self.path)),
            None => write!(f, "{}: {}{}", printable(&self.path), self.fact(), self.fault.advice()),
        }
    }
}

/// The text in quotes, on one line, and not more of it than helps.
pub(crate) fn clip(text: &str) -> String {
    const ENOUGH: usize = 40;
    match text.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// The name of a column as messages show it: between backquotes, on one line, and not more of it than helps.
pub(crate) fn quoted(name: &str) -> String {
    // `clip` puts it between double quotes; columns have backquotes.
    let clipped = clip(name);
    match clipped.strip_suffix('…') {
        Some(start) => format!("`{}…`", &start[1..start.len() - 1]),
        None => format!("`{}`", &clipped[1..clipped.len() - 1]),
    }
}
