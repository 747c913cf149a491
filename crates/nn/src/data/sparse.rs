//! Rows of which almost all numbers are 0, or are not there.

#[cfg(feature = "data")]
mod files;

use autograd::Tensor;

use super::examples::Examples;
use crate::{Error, Result};

/// Examples that are stored without their zeros: for each row the columns that hold something, in ascending order, and
/// the numbers in them (*compressed sparse rows*). Batches are dense: training asks for some rows at a time.
///
/// ```
/// use nn::data::{Examples, SparseRows};
///
/// // Three people and five books.
/// let rows = SparseRows::new(3, 5, [(0, 4, 1.0), (2, 0, 5.0), (0, 1, 3.0)])?;
/// assert_eq!(rows.row(0).collect::<Vec<_>>(), [(1, 3.0), (4, 1.0)]);
/// assert_eq!(rows.rows(&[2, 0])?.to_vec(), [5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 1.0]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SparseRows {
    width: usize,
    /// The end of each row among the entries.
    ends: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

impl SparseRows {
    /// From entries in any order: row, column and number.
    ///
    /// # Errors
    /// If a row or a column is out of range, a number is not finite, or a place is there twice.
    pub fn new(
        rows: usize,
        width: usize,
        entries: impl IntoIterator<Item = (usize, usize, f32)>,
    ) -> Result<Self> {
        let mut of_row = vec![vec![]; rows];
        for (row, column, value) in entries {
            if row >= rows || column >= width || u32::try_from(column).is_err() || !value.is_finite() {
                return Err(Error::data(format!(
                    "the entry {value} in row {row} and column {column} cannot be used: there are {rows} rows and {width} \
                     columns, counted from 0, and numbers are finite"
                )));
            }
            of_row[row].push((column as u32, value));
        }
        let mut sparse = SparseRows { width, ends: vec![], columns: vec![], values: vec![] };
        for (number, mut row) in of_row.into_iter().enumerate() {
            row.sort_unstable_by_key(|entry| entry.0);
            if let Some(pair) = row.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                return Err(Error::data(format!("row {number} has column {} twice", pair[0].0)));
            }
            sparse.push(row);
        }
        Ok(sparse)
    }

    /// Adds a row; its columns ascend.
    fn push(&mut self, row: impl IntoIterator<Item = (u32, f32)>) {
        for (column, value) in row {
            self.columns.push(column);
            self.values.push(value);
        }
        self.ends.push(self.columns.len());
    }

    /// The entries of a row, by ascending column: column and number.
    ///
    /// # Panics
    /// If the number is out of range.
    #[track_caller]
    pub fn row(&self, number: usize) -> impl ExactSizeIterator<Item = (usize, f32)> + Clone + '_ {
        let len = self.ends.len();
        assert!(number < len, "row: there is no row {number} among {len}");
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        let entries = start..self.ends[number];
        let columns = self.columns[entries.clone()].iter().map(|&column| column as usize);
        columns.zip(self.values[entries].iter().copied())
    }

    /// The number of entries of all rows.
    pub fn entries(&self) -> usize {
        self.values.len()
    }

    /// The number of rows that have each column, `width` numbers.
    pub fn column_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.width];
        self.columns.iter().for_each(|&column| counts[column as usize] += 1);
        counts
    }

    /// The mean of the numbers that are there; 0 if there are none.
    pub fn mean(&self) -> f64 {
        let sum: f64 = self.values.iter().map(|&value| f64::from(value)).sum();
        sum / self.entries().max(1) as f64
    }

    /// The same entries with other numbers, each made of its row, its column and its number.
    #[must_use]
    pub fn map(&self, mut f: impl FnMut(usize, usize, f32) -> f32) -> Self {
        let of_row = |number: usize| self.row(number).map(move |(column, value)| (number, column, value));
        let entries = (0..self.ends.len()).flat_map(of_row);
        SparseRows {
            values: entries.map(|(row, column, value)| f(row, column, value)).collect(),
            ..self.clone()
        }
    }

    /// The entries for which `keep` says so, which is asked about each row, column and number, row by row.
    #[must_use]
    pub fn filter(&self, mut keep: impl FnMut(usize, usize, f32) -> bool) -> Self {
        let mut kept = SparseRows { width: self.width, ends: vec![], columns: vec![], values: vec![] };
        for number in 0..self.ends.len() {
            let row = self.row(number).filter(|&(column, value)| keep(number, column, value));
            kept.push(row.map(|(column, value)| (column as u32, value)));
        }
        kept
    }

    /// The rows with these numbers, in this order.
    ///
    /// # Panics
    /// If a number is out of range.
    #[must_use]
    #[track_caller]
    pub fn select(&self, numbers: &[usize]) -> Self {
        let mut chosen = SparseRows { width: self.width, ends: vec![], columns: vec![], values: vec![] };
        for &number in numbers {
            chosen.push(self.row(number).map(|(column, value)| (column as u32, value)));
        }
        chosen
    }

    /// The same entries with rows and columns exchanged.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let mut of_column = vec![vec![]; self.width];
        for number in 0..self.ends.len() {
            self.row(number).for_each(|(column, value)| of_column[column].push((number as u32, value)));
        }
        let mut turned = SparseRows { width: self.ends.len(), ends: vec![], columns: vec![], values: vec![] };
        of_column.into_iter().for_each(|row| turned.push(row));
        turned
    }

    /// 1 where a row has an entry and 0 elsewhere, `[numbers, width]`.
    ///
    /// # Panics
    /// If a number is out of range.
    #[track_caller]
    pub fn mask(&self, numbers: &[usize]) -> Tensor<f32> {
        self.dense(numbers, |_| 1.0)
    }

    #[track_caller]
    fn dense(&self, numbers: &[usize], f: impl Fn(f32) -> f32) -> Tensor<f32> {
        let mut dense = vec![0.0; numbers.len() * self.width];
        for (place, &number) in numbers.iter().enumerate() {
            self.row(number).for_each(|(column, value)| dense[place * self.width + column] = f(value));
        }
        Tensor::from_vec([numbers.len(), self.width], dense)
    }
}

impl Examples for SparseRows {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn width(&self) -> usize {
        self.width
    }

    fn rows(&self, numbers: &[usize]) -> Result<Tensor<f32>> {
        Ok(self.dense(numbers, |value| value))
    }

    fn label(&self, _: usize) -> Option<u32> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn few() -> SparseRows {
        SparseRows::new(3, 5, [(0, 4, 1.0), (2, 1, 5.0), (0, 1, 3.0), (2, 4, 2.0)]).unwrap()
    }

    #[test]
    fn rows_are_what_was_put_in() {
        assert_eq!(few().row(0).collect::<Vec<_>>(), [(1, 3.0), (4, 1.0)]);
        assert_eq!((few().row(1).len(), few().entries(), few().column_counts()), (0, 4, vec![0, 2, 0, 0, 2]));
        let dense = few().rows(&[2, 1]).unwrap();
        assert_eq!(dense.to_vec(), [0.0, 5.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(few().mask(&[0]).to_vec(), [0.0, 1.0, 0.0, 0.0, 1.0]);
        assert_eq!((few().mean(), few().filter(|_, _, _| false).mean()), (2.75, 0.0));
    }

    #[test]
    fn exchanged_twice_is_the_same() {
        let turned = few().transposed();
        assert_eq!((turned.len(), turned.width()), (5, 3));
        assert_eq!(turned.row(4).collect::<Vec<_>>(), [(0, 1.0), (2, 2.0)]);
        assert_eq!(turned.transposed(), few());
    }

    #[test]
    fn parts_keep_the_width() {
        assert_eq!(few().select(&[2, 0]).row(0).collect::<Vec<_>>(), [(1, 5.0), (4, 2.0)]);
        let large = few().filter(|row, column, value| (row, column) != (2, 1) && value > 1.0);
        assert_eq!((large.entries(), large.width(), large.len()), (2, 5, 3));
        assert_eq!(
            few().map(|row, column, value| value * (row + column) as f32).row(2).collect::<Vec<_>>(),
            [(1, 15.0), (4, 12.0)]
        );
    }

    #[test]
    fn entries_without_sense_are_refused() {
        let text = |entries: &[(usize, usize, f32)]| {
            SparseRows::new(2, 2, entries.iter().copied()).unwrap_err().to_string()
        };
        assert!(text(&[(0, 1, 1.0), (0, 1, 2.0)]).contains("row 0 has column 1 twice"));
        assert!(text(&[(2, 0, 1.0)]).contains("row 2 and column 0"));
        assert!(text(&[(0, 2, 1.0)]).contains("2 columns"));
        assert!(text(&[(0, 0, f32::NAN)]).contains("NaN"));
    }

    #[test]
    #[should_panic(expected = "row: there is no row 3 among 3")]
    fn a_row_out_of_range() {
        few().mask(&[0, 3]);
    }
}
