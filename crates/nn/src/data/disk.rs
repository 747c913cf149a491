//! Examples on disk, for data that do not fit into memory.
//!
//! ```
//! use nn::data::{Examples, OnDisk};
//!
//! // Rows may come from anywhere, one after the other; they are never in memory together.
//! let squares = (0..1000).map(|i| Ok((vec![i as f32, (i * i) as f32], None)));
//! let data = OnDisk::collect(2, squares)?;
//! assert_eq!((data.len(), data.rows(&[30])?.to_vec()), (1000, vec![30.0, 900.0]));
//! # Ok::<(), nn::Error>(())
//! ```

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use autograd::{Real, Tensor};

use super::Examples;
use crate::{Error, Result};

/// Rows of numbers in a temporary file, which disappears with this value. Only their labels are in memory. Those of
/// single precision are [`Examples`]; those of double precision are what is not scaled yet.
#[derive(Debug)]
pub struct OnDisk<T = f32> {
    file: Rows,
    kind: PhantomData<T>,
    len: usize,
    width: usize,
    labels: Option<Vec<u32>>,
}

impl<T: Real> OnDisk<T> {
    /// Writes rows of this width, with their classes, to a file in the system's folder for such files.
    ///
    /// # Errors
    /// If a row has another width or some rows have a class and others none, if the iterator returns an
    /// error, or if the file cannot be written.
    pub fn collect(
        width: usize,
        rows: impl IntoIterator<Item = Result<(Vec<T>, Option<u32>)>>,
    ) -> Result<Self> {
        let mut writer = Writer::new(width)?;
        for row in rows {
            let (row, label) = row?;
            writer.push(&row, label)?;
        }
        writer.finish()
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The rows with these numbers, `[numbers, width]`.
    ///
    /// # Errors
    /// If they cannot be read.
    ///
    /// # Panics
    /// If a number is out of range.
    #[track_caller]
    pub fn rows(&self, numbers: &[usize]) -> Result<Tensor<T>> {
        let bytes = self.file.read(self.len, size_of::<T>() * self.width, numbers)?;
        let shape = [numbers.len(), self.width];
        Ok(match size_of::<T>() {
            4 => Tensor::from_vec(shape, numbers_of(&bytes, |b| T::of(f32::from_le_bytes(b).into()))),
            _ => Tensor::from_vec(shape, numbers_of(&bytes, |b| T::of(f64::from_le_bytes(b)))),
        })
    }
}

/// Every `N` bytes as a number.
fn numbers_of<T, const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|&bytes| number(bytes)).collect()
}

/// Writes an [`OnDisk`] row by row.
#[derive(Debug)]
pub struct Writer<T = f32> {
    file: BufWriter<File>,
    kind: PhantomData<T>,
    len: usize,
    width: usize,
    labels: Vec<u32>,
}

impl<T: Real> Writer<T> {
    /// For rows of this width, in a file in the system's folder for such files.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn new(width: usize) -> Result<Self> {
        let file = tempfile::tempfile().map_err(failed)?;
        let file = BufWriter::with_capacity(1 << 16, file);
        Ok(Writer { file, kind: PhantomData, len: 0, width, labels: vec![] })
    }

    /// Adds a row, with its class if it has one.
    ///
    /// # Errors
    /// If it has another width, if some rows have a class and others none, or if it cannot be written.
    pub fn push(&mut self, row: &[T], label: Option<u32>) -> Result<()> {
        self.len += 1;
        let (len, width, found) = (self.len, self.width, row.len());
        if found != width {
            return Err(Error::data(format!("row {len} has {found} numbers, the others have {width}")));
        }
        self.labels.extend(label);
        if !self.labels.is_empty() && self.labels.len() != len {
            return Err(Error::data(format!("up to row {len}, some rows have a class and some do not")));
        }
        let file = &mut self.file;
        let written = row.iter().try_for_each(|number| match size_of::<T>() {
            4 => file.write_all(&(number.as_f64() as f32).to_le_bytes()),
            _ => file.write_all(&number.as_f64().to_le_bytes()),
        });
        written.map_err(failed)
    }

    /// The rows, ready to be read.
    ///
    /// # Errors
    /// If the last of them cannot be written.
    pub fn finish(self) -> Result<OnDisk<T>> {
        let Writer { file, kind, len, width, labels } = self;
        let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
        let file = Rows { path: std::env::temp_dir(), file: Mutex::new(file), start: 0 };
        Ok(OnDisk { file, kind, len, width, labels: (!labels.is_empty()).then_some(labels) })
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::io("write", &std::env::temp_dir(), error)
}

impl Examples for OnDisk {
    fn len(&self) -> usize {
        self.len
    }

    fn width(&self) -> usize {
        self.width
    }

    fn rows(&self, numbers: &[usize]) -> Result<Tensor<f32>> {
        OnDisk::rows(self, numbers)
    }

    fn label(&self, number: usize) -> Option<u32> {
        let labels = self.labels.as_ref()?;
        let len = labels.len();
        assert!(number < len, "label: there is no example {number} among {len}");
        Some(labels[number])
    }
}

/// A file of rows of equal length.
#[derive(Debug)]
pub(super) struct Rows {
    path: PathBuf,
    /// A file has one place to read at, so readers take turns.
    file: Mutex<File>,
    /// Where the first row begins.
    start: u64,
}

impl Rows {
    pub(super) fn open(path: &Path, start: u64) -> Result<Self> {
        let file = File::open(path).map_err(|error| Error::io("read", path, error))?;
        Ok(Rows { path: path.to_owned(), file: Mutex::new(file), start })
    }

    /// The rows with these numbers, one after the other, of `len` rows of so many bytes.
    ///
    /// # Panics
    /// If a number is out of range.
    #[track_caller]
    pub(super) fn read(&self, len: usize, bytes: usize, numbers: &[usize]) -> Result<Vec<u8>> {
        let mut content = vec![0; numbers.len() * bytes];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        for (&number, row) in numbers.iter().zip(content.chunks_exact_mut(bytes.max(1))) {
            assert!(number < len, "rows: there is no example {number} among {len}");
            let place = SeekFrom::Start(self.start + (number * bytes) as u64);
            let read = file.seek(place).and_then(|_| file.read_exact(row));
            read.map_err(|error| Error::io("read", &self.path, error))?;
        }
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize) -> impl Iterator<Item = Result<(Vec<f32>, Option<u32>)>> {
        (0..count).map(|i| Ok((vec![i as f32 + 0.25, -1.0, f32::MIN_POSITIVE], Some(i as u32 % 7))))
    }

    #[test]
    fn rows_come_back_as_they_went() {
        let data = OnDisk::collect(3, rows(10_000)).unwrap();
        assert_eq!((data.len(), data.width(), data.label(9_999)), (10_000, 3, Some(3)));
        let some = data.rows(&[9_999, 0, 9_999]).unwrap().to_vec();
        assert_eq!(some[..3], [9_999.25, -1.0, f32::MIN_POSITIVE]);
        assert_eq!((some[3], &some[6..]), (0.25, &some[..3]));
        let exact = OnDisk::collect(2, (0..9).map(|i| Ok((vec![1.7e9 + f64::from(i), 0.1], None)))).unwrap();
        assert_eq!(exact.rows(&[8]).unwrap().to_vec(), [1.7e9 + 8.0, 0.1]);
        let none = OnDisk::<f32>::collect(3, []).unwrap();
        assert_eq!((none.len(), none.rows(&[]).unwrap().shape()), (0, &[0, 3][..]));
    }

    #[test]
    fn what_does_not_fit_is_explained() {
        let error = |last| OnDisk::collect(3, rows(2).chain([last])).unwrap_err().to_string();
        assert_eq!(error(Ok((vec![1.0], Some(0)))), "row 3 has 1 numbers, the others have 3");
        assert_eq!(error(Ok((vec![0.0; 3], None))), "up to row 3, some rows have a class and some do not");
        assert_eq!(error(Err(Error::data("line 3 is empty"))), "line 3 is empty");
        let late = OnDisk::<f32>::collect(1, [Ok((vec![1.0], None)), Ok((vec![1.0], Some(1)))]);
        assert!(late.unwrap_err().to_string().starts_with("up to row 2"));
    }

    #[test]
    #[should_panic(expected = "rows: there is no example 3 among 3")]
    fn a_row_that_is_not_there() {
        let _ = OnDisk::collect(3, rows(3)).unwrap().rows(&[3]);
    }

    #[test]
    #[should_panic(expected = "label: there is no example 3 among 3")]
    fn a_label_that_is_not_there() {
        let _ = OnDisk::collect(3, rows(3)).unwrap().labels_of(&[0, 3]);
    }
}
