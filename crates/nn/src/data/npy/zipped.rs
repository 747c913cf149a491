//! NPZ: several arrays in a zip archive.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use autograd::{Real, Tensor};
use zip::ZipArchive;

use super::super::source::{AGAIN, Packing, Source};
use super::header::{self, Header};
use super::{decode, numbers};
use crate::{Error, Result};

/// Reads all arrays of an NPZ file, compressed or not, by name. [`Npz`] reads some of them.
///
/// # Errors
/// If the file cannot be read, is no complete zip archive, or one of its entries is no NPY file that
/// [`read`](super::read) would take.
pub fn read_npz<T: Real>(path: &Path) -> Result<BTreeMap<String, Tensor<T>>> {
    Npz::open(path)?.all()
}

/// Reads the content of an NPZ file. Errors call it `name`.
///
/// # Errors
/// Those of [`read_npz`].
pub fn parse_npz<T: Real>(name: &Path, content: &[u8]) -> Result<BTreeMap<String, Tensor<T>>> {
    Npz::parse(name, content)?.all()
}

/// An NPZ file of which an array is read when it is asked for. So text beside the numbers, which is no array for
/// a model, is in nobody's way.
pub struct Npz<R = BufReader<File>> {
    name: PathBuf,
    archive: ZipArchive<R>,
    /// Where the array with each name is in the archive, and what its header says.
    entries: BTreeMap<String, (usize, Result<Header>)>,
}

impl Npz {
    /// Opens a file and reads the headers of its arrays.
    ///
    /// # Errors
    /// If the file cannot be read, or is no complete zip archive of NPY files.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| Error::io("read", path, error))?;
        Npz::of(path, BufReader::new(file))
    }
}

impl<'a> Npz<Cursor<&'a [u8]>> {
    /// The same for the content of a file. Errors call it `name`.
    ///
    /// # Errors
    /// Those of [`open`](Npz::open).
    pub fn parse(name: &Path, content: &'a [u8]) -> Result<Self> {
        Npz::of(name, Cursor::new(content))
    }
}

impl<R: Read + Seek> Npz<R> {
    fn of(name: &Path, mut content: R) -> Result<Self> {
        let refused = |error| Error::io("read", name, error);
        let length = content.seek(SeekFrom::End(0)).map_err(refused)?;
        content.rewind().map_err(refused)?;
        let mut archive = ZipArchive::new(content).map_err(|error| broken(name, &error))?;
        let mut entries = BTreeMap::new();
        let mut packed = 0_u64;
        for entry in 0..archive.len() {
            let file = archive.by_index(entry).map_err(|error| broken(name, &error))?;
            // Entries that share their bytes would let a small archive unpack to a huge one.
            packed = packed.saturating_add(file.compressed_size());
            if packed > length {
                return Err(broken(name, &"its entries overlap"));
            }
            let entry_name = String::from_utf8_lossy(file.name_raw()).into_owned();
            // Errors show which array of which file is meant.
            let place = name.join(&entry_name);
            let Some(key) = entry_name.strip_suffix(".npy") else {
                return Err(Error::file(&place, "this entry is no array; NPZ files hold only .npy files"));
            };
            let header =
                header::read(&mut Source { name: &place, bytes: Box::new(file), packing: Packing::Zip });
            if entries.insert(key.to_owned(), (entry, header)).is_some() {
                return Err(Error::file(&place, "there are two entries of this name"));
            }
        }
        Ok(Npz { name: name.to_owned(), archive, entries })
    }

    /// The names of the arrays of numbers, in alphabetical order, each with its shape.
    pub fn arrays(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.entries
            .iter()
            .filter_map(|(name, (_, header))| Some((name.as_str(), header.as_ref().ok()?.shape.as_slice())))
    }

    /// The names of the entries that are no arrays of numbers, each with the reason: text, say, or Python objects.
    pub fn others(&self) -> impl Iterator<Item = (&str, &Error)> {
        self.entries.iter().filter_map(|(name, (_, header))| Some((name.as_str(), header.as_ref().err()?)))
    }

    /// The kind of elements in an array, as [`element`](super::element) gives it; `None` if there is no such
    /// array of numbers.
    pub fn element(&self, array: &str) -> Option<&str> {
        Some(&self.entries.get(array)?.1.as_ref().ok()?.descr)
    }

    /// Reads the array with this name.
    ///
    /// # Errors
    /// If there is none, or it is no NPY file that [`read`](super::read) would take.
    pub fn read<T: Real>(&mut self, array: &str) -> Result<Tensor<T>> {
        let Some((entry, _)) = self.entries.get(array) else {
            return Err(Error::file(&self.name, format!("there is no array `{array}`")));
        };
        let file = self.archive.by_index(*entry).map_err(|error| broken(&self.name, &error))?;
        let place = self.name.join(format!("{array}.npy"));
        let mut source = Source { name: &place, bytes: Box::new(file), packing: Packing::Zip };
        numbers::tensor(&place, decode(&mut source)?)
    }

    /// Whether the entry of this name, which need not hold numbers, ends with these bytes.
    pub(crate) fn ending(&mut self, array: &str, end: &[u8]) -> Result<bool> {
        /// No word is as long.
        const MOST: u64 = 1 << 12;
        let Some((entry, _)) = self.entries.get(array) else { return Ok(false) };
        let file = self.archive.by_index(*entry).map_err(|error| broken(&self.name, &error))?;
        let place = self.name.join(format!("{array}.npy"));
        let mut source = Source { name: &place, bytes: Box::new(file), packing: Packing::Zip };
        Ok(source.at_most(MOST)?.ends_with(end))
    }

    fn all<T: Real>(mut self) -> Result<BTreeMap<String, Tensor<T>>> {
        let names: Vec<String> = self.entries.keys().cloned().collect();
        names.into_iter().map(|name| Ok((name.clone(), self.read(&name)?))).collect()
    }
}

fn broken(name: &Path, problem: &dyn std::fmt::Display) -> Error {
    Error::file(name, format!("this is no complete NPZ file ({problem}); {AGAIN}"))
}
