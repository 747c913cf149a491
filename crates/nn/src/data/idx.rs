//! The IDX format, in which MNIST and its relatives are published.
//!
//! A file is a header and then nothing but the elements, last axis fastest. Numbers are big-endian:
//!
//! ```text
//! 00 00 08 03   two zeros, the element type (08: unsigned byte), the number of axes
//! 00 00 ea 60   size of axis 0: 60000 images
//! 00 00 00 1c   size of axis 1: 28 rows
//! 00 00 00 1c   size of axis 2: 28 columns
//! ```
//!
//! Only unsigned bytes are read. A file may be gzipped; its content says so, not its name.
//!
//! ```
//! use nn::data::idx;
//!
//! let labels = idx::parse("labels".as_ref(), &[0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1])?;
//! assert_eq!((labels.shape, labels.bytes), (vec![3], vec![7, 2, 1]));
//! # Ok::<(), nn::Error>(())
//! ```

mod folder;
mod images;

use std::path::Path;

pub use self::folder::{ImageFolder, ImageSet, Parts, parts, read_folder};
pub use self::images::Images;
use super::source::{AGAIN, Source};
use crate::Result;

/// What one IDX file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdxArray {
    /// The size of each axis; there is at least one.
    pub shape: Vec<usize>,
    /// The elements, last axis fastest: as many as the product of `shape`.
    pub bytes: Vec<u8>,
}

/// Reads one IDX file, gzipped or not.
///
/// # Errors
/// If the file cannot be read, or is no complete IDX file of unsigned bytes.
pub fn read(path: &Path) -> Result<IdxArray> {
    decode(Source::file(path)?)
}

/// Reads the content of one IDX file, gzipped or not. Errors call it `name`.
///
/// # Errors
/// If this is no complete IDX file of unsigned bytes.
pub fn parse(name: &Path, content: &[u8]) -> Result<IdxArray> {
    decode(Source::open(name, content)?)
}

/// An IDX file of which one item after the other is read: for files that do not fit into memory.
pub struct Stream<'a> {
    source: Source<'a>,
    /// The size of each axis.
    pub shape: Vec<usize>,
    each: usize,
    done: usize,
}

impl<'a> Stream<'a> {
    /// Opens a file, gzipped or not.
    ///
    /// # Errors
    /// If it cannot be read or is no IDX file of unsigned bytes.
    pub fn open(path: &'a Path) -> Result<Self> {
        let mut source = Source::file(path)?;
        let shape = header(&mut source)?;
        let each = shape[1..].iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
        match each.filter(|each| *each > 0) {
            Some(each) => Ok(Stream { source, shape, each, done: 0 }),
            None => {
                source.unusable(format!("the header promises items of {} bytes; {AGAIN}", times(&shape[1..])))
            }
        }
    }

    /// The bytes of the next item, if there is one.
    ///
    /// # Errors
    /// If the file ends before what the header promises, or after it.
    pub fn advance(&mut self) -> Result<Option<Vec<u8>>> {
        let wanted = if self.done < self.shape[0] { self.each } else { 1 };
        let bytes = self.source.at_most(wanted as u64)?;
        let promise = describe(&self.shape);
        match (self.done < self.shape[0], bytes.len()) {
            (true, found) if found == wanted => {
                self.done += 1;
                Ok(Some(bytes))
            }
            (false, 0) => Ok(None),
            (false, _) => {
                self.source.unusable(format!("the header promises {promise}, but more bytes follow; {AGAIN}"))
            }
            _ => self.source.unusable(format!(
                "the header promises {promise}, but the file holds only {}; {AGAIN}",
                self.done
            )),
        }
    }
}

/// Header first, then what it promises and not a byte more: neither a header that promises billions of
/// images nor a small file that unzips to gigabytes can fill the memory, because memory grows only with
/// bytes that have arrived, and stops growing where the promise ends.
fn decode(mut source: Source) -> Result<IdxArray> {
    let shape = header(&mut source)?;
    let promised = promised(&source, &shape)?;
    // Asking for one byte too many tells whether the file ends where it should. Only at its end does a
    // gzip file give its checksum, so this is also what detects a damaged one.
    let bytes = source.at_most((promised as u64).saturating_add(1))?;
    check_length(&source, &shape, promised, bytes.len())?;
    Ok(IdxArray { shape, bytes })
}

/// The number of elements that this shape promises.
fn promised(source: &Source, shape: &[usize]) -> Result<usize> {
    let product = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    product.map_or_else(
        || {
            let sizes = times(shape);
            let problem = format!("the header promises {sizes} bytes, more than any computer has; {AGAIN}");
            source.unusable(problem)
        },
        Ok,
    )
}

/// Whether after the header as many bytes follow as it promises.
fn check_length(source: &Source, shape: &[usize], promised: usize, found: usize) -> Result<()> {
    let promise = describe(shape);
    if found > promised {
        return source.unusable(format!("the header promises {promise}, but more bytes follow; {AGAIN}"));
    }
    if found < promised {
        // Something was promised, so no size is 0.
        let each = promised / shape[0];
        let part = if found.is_multiple_of(each) { "" } else { " and a part" };
        let found = found / each;
        return source.unusable(format!(
            "the header promises {promise}, but the file holds only {found}{part}; {AGAIN}"
        ));
    }
    Ok(())
}

/// The shape that the header states.
fn header(source: &mut Source) -> Result<Vec<usize>> {
    let magic = source.at_most(4)?;
    let axes = match magic[..] {
        [] => return source.unusable(format!("the file is empty; {AGAIN}")),
        [0, 0, 8, 0] => return source.unusable("the header says that the array has no axes".into()),
        [0, 0, 8, axes] => usize::from(axes),
        [0, 0, kind @ (0x09 | 0x0b..=0x0e), _] => {
            let name = match kind {
                0x09 => "signed bytes",
                0x0b => "16-bit integers",
                0x0c => "32-bit integers",
                0x0d => "32-bit floats",
                _ => "64-bit floats",
            };
            return source.unusable(format!(
                "the elements are {name} (type {kind:02x}), but only unsigned bytes (type 08) can be read"
            ));
        }
        [_, _, _, _] => {
            let [found, images, labels] = [&magic[..], &[0, 0, 8, 3], &[0, 0, 8, 1]].map(hex);
            return source.unusable(format!(
                "this is no IDX file: it starts with {found}, \
                 but images start with {images} and labels with {labels}"
            ));
        }
        _ => return source.unusable(format!("the header is cut short after {} bytes; {AGAIN}", magic.len())),
    };
    let sizes = source.at_most(4 * axes as u64)?;
    if sizes.len() < 4 * axes {
        let (found, length) = (4 + sizes.len(), 4 + 4 * axes);
        return source
            .unusable(format!("the header is cut short after {found} of its {length} bytes; {AGAIN}"));
    }
    Ok(sizes.chunks_exact(4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]) as usize).collect())
}

/// `60000 images of 28 × 28 bytes`. The number of axes is all that tells images from labels.
fn describe(shape: &[usize]) -> String {
    match shape {
        [count] => format!("{count} labels"),
        [count, height, width] => format!("{count} images of {height} × {width} bytes"),
        _ => format!("{} items of {} bytes", shape[0], times(&shape[1..])),
    }
}

/// `28 × 28`.
fn times(sizes: &[usize]) -> String {
    sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
}

/// `00 00 08 03`.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
