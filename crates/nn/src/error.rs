//! The one error of the workspace: a sentence for the person at the keyboard.
//!
//! A wrong shape is a bug in the program and panics. A missing file, a damaged download or a setting
//! that makes no sense is the world's fault and comes back as an [`enum@Error`].

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

mod diverged;
mod table;

pub use diverged::{Diverged, Number};
#[cfg(feature = "data")]
pub(crate) use table::quoted;
pub use table::{Fault, TableError};

/// What a function returns that may meet the world's faults.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong through no fault of the program. Printed, it is one line: what went wrong, where,
/// and if possible what to do. A caller that wants to do something about it looks at the variant, never at the text:
///
/// | variant | says | so that a program may |
/// |---|---|---|
/// | [`Io`](Error::Io), [`File`](Error::File) | which file | ask for another |
/// | [`Table`](Error::Table) | file, line, column, kind of fault | show the cell, offer to fill or to drop |
/// | [`Setting`](Error::Setting) | which setting | mark the field of a form |
/// | [`Data`](Error::Data), [`Stored`](Error::Stored) | a sentence | show it |
/// | [`Diverged`](Error::Diverged) | term, value, step, epoch | try a smaller learning rate |
/// | [`Unsupported`](Error::Unsupported) | a sentence | choose something else |
/// | [`Within`](Error::Within) | a place, and one of the above | look at its [`root`](Error::root) |
///
/// ```
/// use nn::Error;
///
/// let error = Error::file("data/images".as_ref(), "the file is empty; download it again");
/// assert_eq!(error.to_string(), "data/images: the file is empty; download it again");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
    #[error("cannot {action} {}: {}", printable(path), reason(source))]
    Io {
        /// What was tried, a verb: `read`, `write`.
        action: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file or folder is there, but what is in it cannot be used.
    #[error("{}: {problem}", printable(path))]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A table has a cell, a row or a column that cannot be used.
    #[error("{0}")]
    Table(Box<TableError>),
    /// A setting or an argument makes no sense.
    #[error("{problem}")]
    Setting {
        /// Its name, as the user gave it or could give it: `learning_rate`, `beta`, `--count`.
        name: String,
        /// A sentence that says so.
        problem: String,
    },
    /// Data make no sense, or are not those that are needed: no examples, two classes where one is, a gap.
    #[error("{0}")]
    Data(String),
    /// A stored state does not fit the model, the optimizer or the program that it is given to.
    #[error("{0}")]
    Stored(String),
    /// The request makes sense, but not for this model, these data or this build.
    #[error("{0}")]
    Unsupported(String),
    /// A loss or a gradient became infinite or NaN.
    #[error("{0}")]
    Diverged(Box<Diverged>),
    /// Another error, and the place where it happened: a file, a model, a step of a training.
    #[error("{place}: {error}")]
    Within {
        /// The place, as the beginning of a sentence.
        place: String,
        /// The error.
        error: Box<Error>,
    },
}

impl Error {
    /// The operating system refused to `action` (`read`, `write`) this file or folder.
    pub fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Error::Io { action, path: path.to_owned(), source }
    }

    /// What is in this file or folder cannot be used.
    pub fn file(path: &Path, problem: impl Into<String>) -> Self {
        Error::File { path: path.to_owned(), problem: problem.into() }
    }

    /// The setting of this name makes no sense; `problem` is a sentence that says so.
    pub fn setting(name: impl Into<String>, problem: impl Into<String>) -> Self {
        Error::Setting { name: name.into(), problem: problem.into() }
    }

    /// Data make no sense, or are not those that are needed.
    pub fn data(problem: impl Into<String>) -> Self {
        Error::Data(problem.into())
    }

    /// A stored state does not fit.
    pub fn stored(problem: impl Into<String>) -> Self {
        Error::Stored(problem.into())
    }

    /// The request makes sense, but not here.
    pub fn unsupported(problem: impl Into<String>) -> Self {
        Error::Unsupported(problem.into())
    }

    /// The same error with the place where it happened before it: `model.safetensors: tensor `a` is missing`.
    pub fn within(self, place: impl Into<String>) -> Self {
        Error::Within { place: place.into(), error: Box::new(self) }
    }

    /// The same error with the file or folder that it is about before it.
    pub fn in_file(self, path: &Path) -> Self {
        self.within(printable(path))
    }

    /// The error itself, without the places around it: that by which a caller tells what to do.
    ///
    /// ```
    /// use nn::Error;
    ///
    /// let error = Error::setting("beta", "beta is negative").within("model `vae`");
    /// assert_eq!(error.to_string(), "model `vae`: beta is negative");
    /// assert!(matches!(error.root(), Error::Setting { name, .. } if name == "beta"));
    /// ```
    pub fn root(&self) -> &Error {
        match self {
            Error::Within { error, .. } => error.root(),
            other => other,
        }
    }
}

/// A name as `ls` shows it: a line break or an escape sequence in it must not reach the terminal.
pub(crate) fn printable(name: impl AsRef<OsStr>) -> String {
    let name = name.as_ref().to_string_lossy();
    name.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// What the system said, without the number that Rust appends and, for temporary files, without a path
/// that nobody will see again.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error ")
        .next()
        .and_then(|text| text.split(" at path ").next())
        .unwrap_or(&text)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_as_a_sentence() {
        let refused = io::Error::from_raw_os_error(2);
        let text = Error::io("read", Path::new("data/x.gz"), refused).to_string();
        assert!(text.starts_with("cannot read data/x.gz: ") && !text.contains("os error"), "{text}");

        let own = io::Error::new(io::ErrorKind::InvalidData, "too long");
        assert_eq!(Error::io("write", Path::new("a"), own).to_string(), "cannot write a: too long");
        assert_eq!(Error::file(Path::new("a/b"), "it is empty").to_string(), "a/b: it is empty");
        let error = Error::stored("tensor `a` is missing").in_file(Path::new("a\nb"));
        assert_eq!(error.to_string(), "a?b: tensor `a` is missing");
    }

    #[test]
    fn a_strange_name_stays_on_one_line() {
        assert_eq!(Error::file(Path::new("a\nb\u{1b}[2J"), "empty").to_string(), "a?b?[2J: empty");
    }
}
