//! Data that another program has in memory.

use autograd::Tensor;
use nn::{Error, Result};

use super::Reading;
use super::input::Input;
use super::kind::Kind;
use super::raw::Raw;

/// Data in memory, which are treated as a file with the same content is.
#[derive(Clone, Debug)]
pub enum Memory {
    /// A table as comma-separated text. Its first line names the columns.
    Table(Vec<u8>),
    /// An array of single precision, of a shape that an NPY file may have.
    Single(Tensor<f32>, Option<Classes>),
    /// One of double precision.
    Double(Tensor<f64>, Option<Classes>),
    /// One of bytes: those of pictures are pixels, of which 255 becomes 1.
    Bytes(Tensor<f32>, Option<Classes>),
}

/// The class of each example of an array.
#[derive(Clone, Debug)]
pub struct Classes {
    /// The number of the class of each example.
    pub labels: Vec<u32>,
    /// The name of each class; empty if they are called by their numbers.
    pub names: Vec<String>,
}

impl Memory {
    /// The file that it is like.
    pub(super) fn kind(&self) -> Kind {
        match self {
            Memory::Table(_) => Kind::Parquet,
            _ => Kind::Array,
        }
    }
}

impl Raw {
    /// An array in memory.
    pub(super) fn of_memory(input: &Input, memory: &Memory, reading: &Reading) -> Result<Self> {
        let path = input.path();
        let (mut raw, classes) = match memory {
            Memory::Table(text) => {
                return Raw::of_table(path, Some(text), &super::parquet::as_table(reading));
            }
            Memory::Single(x, classes) => (Raw::of_tensor(path, x.clone(), reading)?, classes),
            Memory::Double(x, classes) => (Raw::of_tensor(path, x.clone(), reading)?, classes),
            Memory::Bytes(x, classes) => (Raw::of_bytes(path, x.clone(), reading)?, classes),
        };
        let Some(Classes { labels, names }) = classes else { return Ok(raw) };
        if labels.len() != raw.data.len() {
            let (found, examples) = (labels.len(), raw.data.len());
            return Err(Error::file(path, format!("there are {found} classes for {examples} examples")));
        }
        (raw.data.labels, raw.classes) = (Some(labels.clone()), names.clone());
        Ok(raw)
    }
}
