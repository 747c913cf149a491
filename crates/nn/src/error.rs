//! The one error of the workspace: a sentence for the person at the keyboard.
//!
//! A wrong shape is a bug in the program and panics. A missing file, a damaged download or a setting
//! that makes no sense is the world's fault and comes back as an [`enum@Error`].

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

/// What a function returns that may meet the world's faults.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong through no fault of the program. Printed, it is one line: what went wrong, where,
/// and if possible what to do.
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
    /// A setting or an argument makes no sense.
    #[error("{0}")]
    Invalid(String),
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
        assert_eq!(Error::Invalid("beta is negative".into()).to_string(), "beta is negative");
    }

    #[test]
    fn a_strange_name_stays_on_one_line() {
        assert_eq!(Error::file(Path::new("a\nb\u{1b}[2J"), "empty").to_string(), "a?b?[2J: empty");
    }
}
