//! The folder a run leaves behind.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use nn::files::write_atomically;
use nn::{Error, Result};

/// A folder that was empty when the run began. If the run writes nothing into it, it goes again.
pub(crate) struct RunFolder {
    path: PathBuf,
    made: bool,
}

impl RunFolder {
    /// The given folder, or the first free `runs/<model>-<n>`. It is claimed before training, so that
    /// hours of work do not end at a folder that cannot be written.
    pub(crate) fn claim(wanted: Option<&Path>, model: &str) -> Result<Self> {
        let Some(path) = wanted else {
            fs::create_dir_all("runs").map_err(|source| Error::io("create", Path::new("runs"), source))?;
            let mut names = (1..).map(|n| Path::new("runs").join(format!("{model}-{n}")));
            return loop {
                let path = names.next().expect("numbers do not end");
                match fs::create_dir(&path) {
                    Ok(()) => break RunFolder { path, made: true }.writable(),
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                    Err(source) => break Err(Error::io("create", &path, source)),
                }
            };
        };
        if path.is_file() {
            return Err(Error::file(path, "this is a file, but a run needs a folder; choose another --out"));
        }
        let made = !path.exists();
        fs::create_dir_all(path).map_err(|source| Error::io("create", path, source))?;
        let mut entries = fs::read_dir(path).map_err(|source| Error::io("read", path, source))?;
        if entries.next().is_some() {
            return Err(Error::file(path, "the folder already holds something; choose another --out"));
        }
        RunFolder { path: path.to_owned(), made }.writable()
    }

    /// The folder of a run that goes on.
    pub(crate) fn existing(path: &Path) -> Self {
        RunFolder { path: path.to_owned(), made: false }
    }

    /// Refuses a folder in which nothing can be written.
    fn writable(self) -> Result<Self> {
        let probe = self.path.join("probe");
        write_atomically(&probe, b"")?;
        let _ = fs::remove_file(probe);
        Ok(self)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line to a file.
    pub(crate) fn append(&self, name: &str, line: &str) -> Result<()> {
        let path = self.path.join(name);
        let file = fs::File::options().append(true).create(true).open(&path);
        let written = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
        written.map_err(|source| Error::io("write", &path, source))
    }

    /// Writes one file, completely or not at all.
    pub(crate) fn write(&self, name: &str, content: &[u8]) -> Result<()> {
        write_atomically(&self.path.join(name), content)
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if self.made {
            // Fails, as it should, unless the folder is empty.
            let _ = fs::remove_dir(&self.path);
        }
    }
}
