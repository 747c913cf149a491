//! Files that are there completely or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process;

use crate::{Error, Result};

/// Writes a file so that whatever happens meanwhile (a crash, a full disk), the old file or the new
/// one is there, never a part: into a temporary file beside it, synced, then renamed.
///
/// # Errors
/// If the folder cannot be written or the disk is full. Nothing is left behind.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    let refused = |source| Error::io("write", path, source);
    fill_atomically(path, |file| file.write_all(content).map_err(refused))
}

/// The same for a file that `fill` writes piece by piece, from its beginning.
///
/// # Errors
/// Those of [`write_atomically`], and those of `fill`.
pub fn fill_atomically<R>(path: &Path, fill: impl FnOnce(&mut File) -> Result<R>) -> Result<R> {
    let refused = |source| Error::io("write", path, source);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let unfinished = Unfinished::new(folder).map_err(refused)?;
    let mut file = OpenOptions::new().write(true).open(&unfinished.0).map_err(refused)?;
    let filled = fill(&mut file)?;
    file.sync_all().and_then(|()| fs::rename(&unfinished.0, path)).map_err(refused)?;
    // The rename itself is durable once the folder is synced. Not every system can open a folder.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(filled)
}

/// A file of this process beside the one that it will become, removed if it does not.
struct Unfinished(PathBuf);

impl Unfinished {
    fn new(folder: &Path) -> io::Result<Self> {
        let mut number = 0_u64;
        loop {
            let path = folder.join(format!(".unfinished-{}-{number}", process::id()));
            match File::create_new(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                result => return result.map(|_| Unfinished(path)),
            }
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After the renaming there is nothing of this name.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_atomically(&path, b"old").unwrap();
        write_atomically(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_one_sentence() {
        let error = write_atomically(Path::new("no/such/folder/a.txt"), b"x").unwrap_err().to_string();
        assert!(error.starts_with("cannot write no/such/folder/a.txt: "), "{error}");
    }
}
