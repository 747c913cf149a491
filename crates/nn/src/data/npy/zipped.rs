//! NPZ: several arrays in a zip archive.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use autograd::{Real, Tensor};
use zip::ZipArchive;

use super::super::source::{AGAIN, Packing, Source};
use super::{decode, numbers};
use crate::{Error, Result};

/// Reads all arrays of an NPZ file, compressed or not, by name.
///
/// # Errors
/// If the file cannot be read, is no complete zip archive, or one of its entries is no NPY file that
/// [`read`](super::read) would take.
pub fn read_npz<T: Real>(path: &Path) -> Result<BTreeMap<String, Tensor<T>>> {
    let file = File::open(path).map_err(|error| Error::io("read", path, error))?;
    unzip(path, BufReader::new(file))
}

/// Reads the content of an NPZ file. Errors call it `name`.
///
/// # Errors
/// Those of [`read_npz`].
pub fn parse_npz<T: Real>(name: &Path, content: &[u8]) -> Result<BTreeMap<String, Tensor<T>>> {
    unzip(name, Cursor::new(content))
}

fn unzip<T: Real>(name: &Path, mut content: impl Read + Seek) -> Result<BTreeMap<String, Tensor<T>>> {
    let refused = |error| Error::io("read", name, error);
    let broken = |problem: &dyn std::fmt::Display| {
        Error::file(name, format!("this is no complete NPZ file ({problem}); {AGAIN}"))
    };
    let length = content.seek(SeekFrom::End(0)).map_err(refused)?;
    content.rewind().map_err(refused)?;
    let mut archive = ZipArchive::new(content).map_err(|error| broken(&error))?;

    let mut arrays = BTreeMap::new();
    let mut packed = 0_u64;
    for entry in 0..archive.len() {
        let file = archive.by_index(entry).map_err(|error| broken(&error))?;
        // Entries that share their bytes would let a small archive unpack to a huge one.
        packed = packed.saturating_add(file.compressed_size());
        if packed > length {
            return Err(broken(&"its entries overlap"));
        }
        let entry_name = String::from_utf8_lossy(file.name_raw()).into_owned();
        // Errors show which array of which file is meant.
        let place = name.join(&entry_name);
        let Some(key) = entry_name.strip_suffix(".npy") else {
            return Err(Error::file(&place, "this entry is no array; NPZ files hold only .npy files"));
        };
        let mut source = Source { name: &place, bytes: Box::new(file), packing: Packing::Zip };
        let tensor = numbers::tensor(&place, decode(&mut source)?)?;
        drop(source);
        if arrays.insert(key.to_owned(), tensor).is_some() {
            return Err(Error::file(&place, "there are two entries of this name"));
        }
    }
    Ok(arrays)
}
