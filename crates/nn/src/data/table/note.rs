//! The notes of a reader of tables, beside the numbers that it reads.

use std::fmt;

/// A remark about a table that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The guess what the first row is, where that is not plain.
    Header {
        /// The guess and its reason, without advice.
        guess: String,
        /// Whether the row was taken for names.
        names: bool,
    },
    /// Any other remark: a sentence.
    Plain(String),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Header { guess, names: true } => {
                write!(f, "{guess}; if it is an example, set `header` to no")
            }
            Note::Header { guess, names: false } => {
                write!(f, "{guess}; if it names the columns, set `header` to yes")
            }
            Note::Plain(text) => f.write_str(text),
        }
    }
}
