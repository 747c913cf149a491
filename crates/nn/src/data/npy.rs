//! NPY and NPZ, the formats in which NumPy stores arrays.
//!
//! An NPY file is a magic, a version, a header that is the text of a Python dictionary, and then nothing
//! but the elements. An NPZ file is a zip archive of NPY files.
//!
//! ```text
//! 93 N U M P Y  01 00  76 00             version 1.0, 118 bytes of header follow
//! {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
//! ```
//!
//! Floats (of half precision too), integers and booleans of either byte order and either element order are read, as single or
//! double precision. A float is rounded to the precision asked for; an integer must be exact in it.
//! Infinities and NaN are kept: NumPy files also hold results, not only data.
//!
//! ```
//! use autograd::Tensor;
//! use nn::data::npy;
//!
//! let tensor = Tensor::<f32>::from_vec([2, 2], vec![1.0, 2.0, 3.0, 4.0]);
//! let again: Tensor<f32> = npy::parse("a.npy".as_ref(), &npy::bytes(&tensor))?;
//! assert_eq!((again.shape(), again.to_vec()), (&[2, 2][..], tensor.to_vec()));
//! # Ok::<(), nn::Error>(())
//! ```
//!
//! The format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

mod header;
mod numbers;
mod stream;
mod zipped;

use std::path::Path;

use autograd::{Real, Tensor};

use self::header::Header;
pub use self::stream::Stream;
pub use self::zipped::{Npz, parse_npz, read_npz};
use super::pictures::Pictures;
use super::source::{AGAIN, Source};
use crate::files::write_atomically;
use crate::{Error, Result};

/// Reads one NPY file, gzipped or not, as single or double precision.
///
/// # Errors
/// If the file cannot be read, is no complete NPY file of numbers, or holds a number that is too large
/// for the precision.
pub fn read<T: Real>(path: &Path) -> Result<Tensor<T>> {
    numbers::tensor(path, decode(&mut Source::file(path)?)?)
}

/// Reads the content of one NPY file, gzipped or not. Errors call it `name`.
///
/// # Errors
/// Those of [`read`].
pub fn parse<T: Real>(name: &Path, content: &[u8]) -> Result<Tensor<T>> {
    numbers::tensor(name, decode(&mut Source::open(name, content)?)?)
}

/// Reads a stack of images of unsigned bytes, of a shape that [`images`] takes. 255 becomes 1.
///
/// # Errors
/// If the file cannot be read, or is no complete NPY file of such a shape.
pub fn read_pictures(path: &Path) -> Result<Pictures> {
    let array = decode(&mut Source::file(path)?)?;
    let (element, shape) = (array.header.descr.clone(), array.header.shape.clone());
    if element != BYTES {
        return Err(Error::file(
            path,
            format!("the elements are `{element}`, but pixels are unsigned bytes, `{BYTES}`"),
        ));
    }
    let Some((stack, _)) = images(&numbers::tensor::<f32>(path, array)?) else {
        return Err(Error::file(path, format!("the shape is {shape:?}, but images are {IMAGES}")));
    };
    let [images, channels, height, width] = [0, 1, 2, 3].map(|axis| stack.shape()[axis]);
    if stack.is_empty() {
        return Err(Error::file(path, format!("the shape is {shape:?}: there is not one pixel")));
    }
    let x = stack.map(|byte| byte / 255.0).reshape([images, channels * height * width]);
    Ok(Pictures::new(x, [channels, height, width], None))
}

/// The name that [`element`] has for unsigned bytes.
pub const BYTES: &str = "|u1";

/// The shapes of images, as the end of a sentence.
pub const IMAGES: &str = "[images, height, width], [images, height, width, channels] or \
                          [images, channels, height, width], with 1 or 3 channels";

/// A stack of images as `[images, channels, height, width]`, and how its axes were understood; `None` if the shape
/// is none of images. Of four axes the one of size 1 or 3 is that of the channels, the last if that could be two.
///
/// ```
/// use autograd::Tensor;
/// use nn::data::npy::images;
///
/// let stack = |shape: [usize; 4]| images(&Tensor::<f32>::zeros(shape)).map(|(x, axes)| (x.shape().to_vec(), axes));
/// assert_eq!(stack([60, 28, 20, 3]), Some((vec![60, 3, 28, 20], "[images, height, width, channels]")));
/// assert_eq!(stack([60, 3, 28, 20]), Some((vec![60, 3, 28, 20], "[images, channels, height, width]")));
/// assert_eq!(stack([60, 28, 20, 7]), None);
/// ```
pub fn images<T: Real>(stack: &Tensor<T>) -> Option<(Tensor<T>, &'static str)> {
    match *stack.shape() {
        [images, height, width] => {
            Some((stack.reshape([images, 1, height, width]), "[images, height, width]"))
        }
        [_, _, _, 1 | 3] => Some((stack.permute([0, 3, 1, 2]), "[images, height, width, channels]")),
        [_, 1 | 3, _, _] => Some((stack.clone(), "[images, channels, height, width]")),
        _ => None,
    }
}

/// The kind of elements in an NPY file as its header calls it: `|u1` for unsigned bytes, `<f4` for single
/// precision. Reads nothing but the header.
///
/// # Errors
/// If the file cannot be read or is no NPY file.
pub fn element(path: &Path) -> Result<String> {
    Ok(header::read(&mut Source::file(path)?)?.descr)
}

/// Writes a tensor as an NPY file (version 1.0, little-endian, last axis fastest), atomically.
///
/// # Errors
/// If the file cannot be written.
pub fn save<T: Real>(path: &Path, tensor: &Tensor<T>) -> Result<()> {
    write_atomically(path, &bytes(tensor))
}

/// A tensor as the content of an NPY file.
pub fn bytes<T: Real>(tensor: &Tensor<T>) -> Vec<u8> {
    let single = size_of::<T>() == 4;
    let mut content = header::bytes(if single { "<f4" } else { "<f8" }, tensor.shape());
    for value in tensor.to_vec() {
        let value = value.as_f64();
        if single {
            content.extend((value as f32).to_le_bytes());
        } else {
            content.extend(value.to_le_bytes());
        }
    }
    content
}

/// A header and the elements it promises, as they are stored.
struct Array {
    header: Header,
    bytes: Vec<u8>,
}

/// Reads the header, then what it promises and not a byte more. Memory grows with the bytes that arrive,
/// so that no promise can fill it.
fn decode(source: &mut Source) -> Result<Array> {
    let header = header::read(source)?;
    let promised = header.bytes;
    let bytes = source.at_most((promised as u64).saturating_add(1))?;
    if bytes.len() == promised {
        return Ok(Array { header, bytes });
    }
    let promise = format!("the header promises {promised} bytes of elements (shape {:?})", header.shape);
    source.unusable(if bytes.len() > promised {
        format!("{promise}, but more follow; {AGAIN}")
    } else {
        format!("{promise}, but the file holds only {}; {AGAIN}", bytes.len())
    })
}

#[cfg(test)]
mod tests;
