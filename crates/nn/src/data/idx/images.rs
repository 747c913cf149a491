//! Images that stay on disk until they are asked for.

use std::path::Path;

use autograd::Tensor;

use super::super::disk::Rows;
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
    /// The number of images and the sizes of one: `[60000, 28, 28]`.
    pub shape: Vec<usize>,
    pixels: Pixels,
}

#[derive(Debug)]
enum Pixels {
    Disk(Rows),
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
            return Ok(Images { shape: array.shape, pixels: Pixels::Memory(array.bytes) });
        }
        let shape = header(&mut source)?;
        let promised = promised(&source, &shape)?;
        let start = 4 + 4 * shape.len() as u64;
        let found = usize::try_from(about.len().saturating_sub(start)).unwrap_or(usize::MAX);
        check_length(&source, &shape, promised, found)?;
        Ok(Images { shape, pixels: Pixels::Disk(Rows::open(path, start)?) })
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
        let (len, width) = (self.len(), self.width());
        let bytes = match &self.pixels {
            Pixels::Disk(rows) => rows.read(len, width, numbers)?,
            Pixels::Memory(pixels) => {
                if let Some(number) = numbers.iter().find(|&&number| number >= len) {
                    panic!("rows: there is no example {number} among {len}");
                }
                numbers.iter().flat_map(|number| &pixels[number * width..][..width]).copied().collect()
            }
        };
        let shade = |i: usize| f32::from(bytes[i]) / 255.0;
        Ok(Tensor::from_fn([numbers.len(), width], shade))
    }

    fn label(&self, _: usize) -> Option<u32> {
        None
    }
}
