//! Where data come from: a file or folder, a stream that is opened once, or the memory of another program.

use std::fs::{self, File};
use std::io::{self, Read, stdin};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use nn::{Error, Result};
use tempfile::TempDir;

use super::kind::Kind;
use super::memory::Memory;
use super::{fetch, parquet};

/// The name that errors give it.
const STANDARD_INPUT: &str = "standard input";

/// A source of data, which may be read several times: to see what it is, to look at its columns, to read it. A
/// stream (standard input, a named pipe, a process substitution) gives its bytes only once, so they are kept in a
/// temporary file, which disappears with this value.
///
/// ```
/// use zoo::data::Input;
///
/// let input = Input::open("table.csv")?;
/// assert_eq!(input.path().to_str(), Some("table.csv"));
/// # Ok::<(), nn::Error>(())
/// ```
pub struct Input {
    name: PathBuf,
    path: PathBuf,
    /// Data that are no file.
    memory: Option<Memory>,
    /// Deletes the copy of a stream.
    _copy: Option<TempDir>,
}

impl Input {
    /// The source with this name: a path, `-` for standard input, or a data set that was [fetched](fetch).
    ///
    /// # Errors
    /// If a stream cannot be read, or a data set was not fetched yet. A file that is not there is an error when it
    /// is read.
    pub fn open(source: &str) -> Result<Self> {
        if source == "-" {
            return Input::copied(STANDARD_INPUT.into(), stdin().lock());
        }
        if source == "digits" {
            return Ok(Input { name: source.into(), path: source.into(), memory: None, _copy: None });
        }
        let path = match fetch::find(source).filter(|_| !Path::new(source).exists()) {
            Some(collection) => collection.fetched()?,
            None => PathBuf::from(source),
        };
        if is_stream(source) {
            let stream = File::open(&path).map_err(|error| Error::io("read", &path, error))?;
            return Input::copied(path, stream);
        }
        Ok(Input { name: path.clone(), path, memory: None, _copy: None })
    }

    /// Data that are in memory already. Errors call them by this name.
    pub fn memory(name: &str, memory: Memory) -> Self {
        Input { name: name.into(), path: name.into(), memory: Some(memory), _copy: None }
    }

    fn copied(name: PathBuf, mut stream: impl Read) -> Result<Self> {
        let failed = |error| Error::io("read", &name, error);
        let mut start = vec![];
        stream.by_ref().take(1 << 12).read_to_end(&mut start).map_err(failed)?;
        let folder = tempfile::tempdir().map_err(|error| Error::io("write", &std::env::temp_dir(), error))?;
        let mut file_name = name.file_name().unwrap_or_default().to_owned();
        if name.extension().is_none() {
            file_name.push(ending(&start));
        }
        let path = folder.path().join(file_name);
        let copied =
            File::create(&path).and_then(|mut copy| io::copy(&mut start.as_slice().chain(stream), &mut copy));
        copied.map_err(failed)?;
        Ok(Input { name, path, memory: None, _copy: Some(folder) })
    }

    /// Whether these are the embedded digits, which are no file.
    pub(super) fn is_digits(&self) -> bool {
        self.name == Path::new("digits")
    }

    /// The data, if they are in memory.
    pub(super) fn in_memory(&self) -> Option<&Memory> {
        self.memory.as_ref()
    }

    /// Whether these are sounds: a WAV file or a folder of them.
    pub(super) fn is_sound(&self) -> bool {
        !self.is_digits() && self.kind().is_ok_and(Kind::is_sound)
    }

    /// The kind of the data.
    ///
    /// # Errors
    /// Those of [`Kind::of`].
    pub(super) fn kind(&self) -> Result<Kind> {
        match &self.memory {
            Some(memory) => Ok(memory.kind()),
            None => Kind::of(&self.path),
        }
    }

    /// The text of a table that is no file of text: of one in memory, or of at most so many rows of a Parquet file.
    ///
    /// # Errors
    /// If a Parquet file cannot be read.
    pub(super) fn text(&self, most: usize) -> Result<Option<Vec<u8>>> {
        match &self.memory {
            Some(Memory::Table(text)) => Ok(Some(text.clone())),
            Some(_) => Ok(None),
            None if self.is_digits() || self.kind()? != Kind::Parquet => Ok(None),
            None => parquet::as_csv(&self.path, most).map(Some),
        }
    }

    /// Where it can be read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name that people give it.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// An error about the copy of a stream is one about the stream.
    pub fn named<T>(&self, result: Result<T>) -> Result<T> {
        let name = |path: PathBuf| match path.strip_prefix(&self.path) {
            Ok(inside) if inside.as_os_str().is_empty() => self.name.clone(),
            Ok(inside) => self.name.join(inside),
            Err(_) => path,
        };
        result.map_err(|error| match error {
            Error::File { path, problem } => Error::File { path: name(path), problem },
            Error::Table(mut error) => {
                error.path = name(error.path);
                Error::Table(error)
            }
            Error::Io { action, path, source } => Error::Io { action, path: name(path), source },
            other => other,
        })
    }
}

/// Whether this source gives its bytes only once, so that nobody can read it again later: standard input, a pipe.
pub fn is_stream(source: &str) -> bool {
    source == "-" || fs::metadata(source).is_ok_and(|about| !about.is_file() && !about.is_dir())
}

/// The ending that a stream without a name would have as a file, where its bytes alone do not say what it is.
fn ending(start: &[u8]) -> &'static str {
    let (mut unpacked, zipped) = (vec![], start.starts_with(&[0x1f, 0x8b]));
    if zipped {
        // Of what is cut off here the beginning can be unpacked all the same.
        let _ = MultiGzDecoder::new(start).read_to_end(&mut unpacked);
    } else {
        unpacked.extend(start);
    }
    let first = unpacked.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let tabs = first.contains(&b'\t') && !first.contains(&b',');
    if zipped && unpacked.starts_with(b"%%MatrixMarket") {
        return ".mtx.gz";
    }
    match (unpacked.starts_with(b"\x93NUMPY"), tabs, zipped) {
        (true, _, true) => ".npy.gz",
        (false, true, true) => ".tsv.gz",
        (false, true, false) => ".tsv",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_kept_under_its_name() {
        let copy = |name: &str, content: &[u8]| Input::copied(name.into(), content).unwrap();
        for (name, content, ending) in [
            ("63", &b"a\tb\n1\t2\n"[..], "63.tsv"),
            ("63", b"a,b\n1,2\n", "63"),
            ("x/data.csv", b"a\tb\n", "data.csv"),
        ] {
            let input = copy(name, content);
            assert_eq!(input.path().file_name().unwrap(), ending);
            assert_eq!(fs::read(input.path()).unwrap(), content);
            let problem = input.named(Err::<(), _>(Error::file(&input.path().join("a.npy"), "is odd")));
            assert_eq!(problem.unwrap_err().to_string(), format!("{name}/a.npy: is odd"));
        }
        let input = copy("63", &[7; 100_000]);
        assert_eq!(fs::read(input.path()).unwrap(), [7; 100_000]);
        let path = input.path().to_owned();
        drop(input);
        assert!(!path.exists(), "nothing is left behind");
    }
}
