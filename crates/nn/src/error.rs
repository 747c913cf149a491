//! The one error of the workspace.

use std::io;
use std::path::{Path, PathBuf};

/// A result with the workspace's [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong outside the program: files, data, settings. Each is one sentence for people.
///
/// Wrong shapes are bugs in the program and panic instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
    #[error("cannot {action} {}: {}", path.display(), plain(source))]
    Io {
        /// What was tried: `read`, `write`, `create`.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is there, but what is in it cannot be used.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A setting or an argument makes no sense.
    #[error("{0}")]
    Invalid(String),
}

impl Error {
    /// The operating system refused to `action` (`read`, `write`, `create`) the path.
    pub fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Error::Io { action, path: path.to_owned(), source }
    }

    /// The content of a file cannot be used.
    pub fn file(path: &Path, problem: impl Into<String>) -> Self {
        Error::File { path: path.to_owned(), problem: problem.into() }
    }
}

/// The system's words without Rust's `(os error 2)`.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error ").next().unwrap_or(&text);
    // Errors of temporary files name a path that the user never sees again.
    text.split(" at path ").next().unwrap_or(text).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences() {
        let source = io::Error::from_raw_os_error(2);
        let error = Error::io("read", Path::new("data/x.gz"), source);
        assert_eq!(error.to_string(), "cannot read data/x.gz: no such file or directory");
        let error = Error::file(Path::new("a.csv"), "line 3 has 4 columns, the header 5");
        assert_eq!(error.to_string(), "a.csv: line 3 has 4 columns, the header 5");
    }
}
