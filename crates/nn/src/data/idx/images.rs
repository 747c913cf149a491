//! Images that stay on disk until they are asked for.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use autograd::Tensor;

use super::super::examples::Examples;
use super::super::source::{Packing, Source};
use super::{check_length, header, promised};
use crate::{Error, Result};

/// The images of one IDX file, of which only those are read that are asked for: a file may be larger than
/// the memory. A gzipped file, or a pipe, has no middle to start from: it is read into memory, a byte a pixel.
///
/// ```no_run
/// use nn::data::Examples;
/// use nn::data::idx::Images;
///
/// let images = Images::open("mnist/train-images-idx3-ubyte".as_ref())?;
/// let x = images.rows(&[59_999, 0])?; // [2, 784], white is 1
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Debug)]
pub struct Images {
    path: PathBuf,
    /// The number of images and the sizes of one: `[60000, 28, 28]`.
    pub shape: Vec<usize>,
    pixels: Pixels,
}

#[derive(Debug)]
enum Pixels {
    /// In a file, from this byte on. A file has one place to read at, so readers take turns.
    Disk(Mutex<File>, u64),
    Memory(Vec<u8>),
}

impl Images {
    /// Opens a file, gzipped or not. Of one that is not, only the header is read.
    ///
    /// # Errors
    /// If the file cannot be read, or is no complete IDX file of unsigned bytes.
    pub fn open(path: &Path) -> Result<Self> {
        let mut source = Source::file(path)?;
        let about = std::fs::metadata(path).map_err(|error| Error::io("read", path, error))?;
        // A pipe, too, can be read only once and from its beginning.
        if !about.is_file() || !matches!(source.packing, Packing::None) {
            let array = super::decode(source)?;
            return Ok(Images {
                path: path.to_owned(),
                shape: array.shape,
                pixels: Pixels::Memory(array.bytes),
            });
        }
        let shape = header(&mut source)?;
        let promised = promised(&source, &shape)?;
        let start = 4 + 4 * shape.len() as u64;
        let found = usize::try_from(about.len().saturating_sub(start)).unwrap_or(usize::MAX);
        check_length(&source, &shape, promised, found)?;
        let file = File::open(path).map_err(|error| Error::io("read", path, error))?;
        Ok(Images { path: path.to_owned(), shape, pixels: Pixels::Disk(Mutex::new(file), start) })
    }
}

impl Examples for Images {
    fn len(&self) -> usize {
        self.shape[0]
    }

    fn width(&self) -> usize {
        self.shape[1..].iter().product()
    }

    fn rows(&self, numbers: &[usize]) -> Result<Tensor<f32>> {
        let width = self.width();
        let mut bytes = vec![0; numbers.len() * width];
        for (&number, row) in numbers.iter().zip(bytes.chunks_exact_mut(width.max(1))) {
            assert!(number < self.len(), "rows: there is no image {number} among {}", self.len());
            match &self.pixels {
                Pixels::Memory(pixels) => row.copy_from_slice(&pixels[number * width..][..width]),
                Pixels::Disk(file, start) => {
                    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                    let place = SeekFrom::Start(start + (number * width) as u64);
                    let read = file.seek(place).and_then(|_| file.read_exact(row));
                    read.map_err(|error| Error::io("read", &self.path, error))?;
                }
            }
        }
        let shade = |i: usize| f32::from(bytes[i]) / 255.0;
        Ok(Tensor::from_fn([numbers.len(), width], shade))
    }

    fn label(&self, _: usize) -> Option<u32> {
        None
    }
}
