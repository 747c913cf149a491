//! Files that are there completely or not at all.

use std::fs;
use std::io::Write;
use std::path::Path;

use tempfile::Builder;

use crate::{Error, Result};

/// Writes a file so that whatever happens meanwhile (a crash, a full disk), the old file or the new
/// one is there, never a part: into a temporary file beside it, synced, then renamed.
///
/// # Errors
/// If the folder cannot be written or the disk is full. Nothing is left behind.
pub fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    let refused = |source| Error::io("write", path, source);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = Builder::new();
    builder.prefix(".unfinished-");
    #[cfg(unix)]
    {
        // Temporary files are private by default; this one becomes an ordinary file.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(refused)?;
    file.write_all(content).map_err(refused)?;
    file.as_file().sync_all().map_err(refused)?;
    file.persist(path).map_err(|error| refused(error.error))?;
    // The rename itself is durable once the folder is synced. Not every system can open a folder.
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
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
