//! An array that is read a few rows at a time.

use std::path::Path;

use autograd::Tensor;

use super::super::source::{AGAIN, Source};
use super::header::{self, Header};
use super::numbers;
use crate::Result;

/// The rows of an NPY file (its items along the first axis), one after the other: for arrays that are too
/// large for memory.
///
/// ```
/// use autograd::Tensor;
/// use nn::data::npy;
///
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("x.npy");
/// npy::save(&path, &Tensor::<f32>::from_fn([5, 2], |i| i as f32))?;
/// let mut stream = npy::Stream::open(&path)?.expect("we write rows");
/// assert_eq!(stream.shape(), [5, 2]);
/// assert_eq!(stream.advance(3)?.unwrap().shape(), [3, 2]);
/// assert_eq!(stream.advance(3)?.unwrap().to_vec(), [6.0, 7.0, 8.0, 9.0]);
/// assert!(stream.advance(3)?.is_none());
/// # Ok::<(), nn::Error>(())
/// ```
pub struct Stream<'a> {
    source: Source<'a>,
    header: Header,
    done: usize,
}

impl<'a> Stream<'a> {
    /// Opens a file, gzipped or not; `None` for an array without an axis or with the first axis fastest,
    /// whose rows are scattered over the whole file.
    ///
    /// # Errors
    /// If it cannot be read or is no NPY file of numbers.
    pub fn open(path: &'a Path) -> Result<Option<Self>> {
        let mut source = Source::file(path)?;
        let header = header::read(&mut source)?;
        let in_rows = !header.shape.is_empty() && (!header.fortran || header.shape.len() == 1);
        Ok(in_rows.then_some(Stream { source, header, done: 0 }))
    }

    /// The shape of the whole array.
    pub fn shape(&self) -> &[usize] {
        &self.header.shape
    }

    /// The kind of its elements, as [`element`](super::element) gives it.
    pub fn element(&self) -> &str {
        &self.header.descr
    }

    /// The next rows, as many as `most` or those that are left; `None` after the last.
    ///
    /// # Errors
    /// If the file ends before what the header promises, or after it, or if an integer is not exact in double
    /// precision.
    ///
    /// # Panics
    /// If `most` is 0.
    #[track_caller]
    pub fn advance(&mut self, most: usize) -> Result<Option<Tensor<f64>>> {
        assert!(most > 0, "advance: 0 rows are asked for");
        let Header { element, shape, .. } = &self.header;
        let rows = shape[0];
        let promise = || format!("the header promises {rows} rows (shape {shape:?})");
        if self.done == rows {
            return match self.source.at_most(1)?.is_empty() {
                true => Ok(None),
                false => self.source.unusable(format!("{}, but more follows; {AGAIN}", promise())),
            };
        }
        let each: usize = shape[1..].iter().product();
        let count = most.min(rows - self.done);
        let bytes = self.source.at_most((count * each * element.size) as u64)?;
        if bytes.len() < count * each * element.size {
            let found = self.done + bytes.len() / (each * element.size);
            return self.source.unusable(format!("{}, but the file holds only {found}; {AGAIN}", promise()));
        }
        let shape = [&[count], &shape[1..]].concat();
        let read = numbers::in_order(self.source.name, *element, shape, &bytes, self.done * each)?;
        self.done += count;
        Ok(Some(read))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{read, save};
    use super::*;

    fn written(content: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        std::fs::write(&path, content).unwrap();
        (folder, path)
    }

    fn all(path: &Path, most: usize) -> Result<Vec<f64>> {
        let mut stream = Stream::open(path)?.expect("rows");
        let mut numbers = vec![];
        while let Some(rows) = stream.advance(most)? {
            numbers.extend(rows.to_vec());
        }
        Ok(numbers)
    }

    #[test]
    fn parts_are_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        save(&path, &Tensor::<f64>::from_fn([7, 2, 3], |i| i as f64 / 8.0)).unwrap();
        let whole = read::<f64>(&path).unwrap().to_vec();
        [1, 2, 7, 100].into_iter().for_each(|most| assert_eq!(all(&path, most).unwrap(), whole));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let good = super::super::bytes(&Tensor::<f32>::from_fn([3, 2], |i| i as f32));
        let error = |content: &[u8]| all(&written(content).1, 2).unwrap_err().to_string();
        let short = error(&good[..good.len() - 3]);
        assert!(short.contains("3 rows (shape [3, 2]), but the file holds only 2"), "{short}");
        let long = error(&[&good[..], b"!"].concat());
        assert!(long.contains("but more follows"), "{long}");
        // An integer must be exact, and above 2⁵³ not all of them are.
        let text = b"{'descr': '<i8', 'fortran_order': False, 'shape': (2, 1), }\n";
        let start = [&b"\x93NUMPY\x01\x00"[..], &(text.len() as u16).to_le_bytes(), text].concat();
        let large = error(&[start, 7_i64.to_le_bytes().into(), i64::MAX.to_le_bytes().into()].concat());
        assert!(large.contains("element 1 is 9223372036854775807, which is not exact in double"), "{large}");
    }

    #[test]
    fn columns_are_no_rows() {
        let text = b"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }\n";
        let mut content = b"\x93NUMPY\x01\x00".to_vec();
        content.extend((text.len() as u16).to_le_bytes());
        content.extend(text);
        content.extend([0; 16]);
        let (_folder, path) = written(&content);
        assert!(Stream::open(&path).unwrap().is_none());
    }
}
