//! Data sets: the embedded digits, and whatever a user has: tables, arrays, folders of images.
//!
//! [`prepare`] reads data, fills gaps, scales and splits; what it has learnt from the training examples for
//! that is a [`Preparation`], which treats other data the same way.
//!
//! ```
//! use zoo::data::{Impute, Reading, prepare};
//!
//! let folder = tempfile::tempdir().unwrap();
//! let file = folder.path().join("points.csv");
//! std::fs::write(&file, "a,b\n1,10\n2,\n3,30\n4,40\n5,50\n").unwrap();
//! let reading = Reading { impute: Impute::Median, ..Reading::default() };
//! let (split, preparation) = prepare(file.to_str().unwrap(), &reading)?;
//! assert_eq!((split.train.len(), split.test.len()), (4, 1));
//! assert_eq!(preparation.columns, ["a", "b"]);
//! # Ok::<(), nn::Error>(())
//! ```

mod choices;
mod columns;
mod description;
mod digits;
pub(crate) mod explain;
pub mod fetch;
mod index;
mod input;
mod kind;
mod memory;
mod new_data;
mod numbers;
mod parquet;
mod pipeline;
mod preparation;
mod range;
mod raw;
mod reading;
pub mod series;
mod stored;
pub mod text;

use std::collections::BTreeSet;

use autograd::Tensor;
use nn::data::idx::ImageSet;
use nn::data::schema::Schema;
use nn::random::permutation;
use nn::{Dataset, Purpose, Result, generator};
use serde::{Deserialize, Serialize};

pub use self::columns::{ColumnKind, DateStyle};
pub use self::description::{ColumnDescription, Description, describe};
pub use self::input::{Input, is_stream};
pub use self::memory::{Classes, Memory};
pub use self::pipeline::Step;
use self::preparation::SPLIT_SEED;
pub use self::preparation::{Preparation, Prepared, Units, prepare, prepare_input, prepare_rows};
pub use self::reading::{Reading, Scale};
pub use self::stored::Stored;
pub use nn::data::table::Impute;

/// A data set that is split into examples to learn from and examples to judge by.
#[derive(Clone, Debug)]
pub struct Split {
    /// What it is called: `digits`, or the file or folder it was read from.
    pub name: String,
    /// To learn from.
    pub train: Dataset,
    /// To judge by.
    pub test: Dataset,
}

impl Split {
    /// A number that changes when an example or a label does: whether data are still the same.
    pub fn fingerprint(&self) -> u64 {
        [&self.train, &self.test].into_iter().fold(NO_WORDS, |before, part| {
            let x = part.x().contiguous();
            let values = x.as_slice().expect("contiguous").iter().map(|value| value.to_bits());
            let labels = part.labels().into_iter().flatten().copied();
            fingerprint(fingerprint(before, values), labels)
        })
    }
}

/// The fingerprint of nothing.
pub(crate) const NO_WORDS: u64 = 0xcbf2_9ce4_8422_2325;

/// The fingerprint of what has the fingerprint `before` and then these words (FNV-1a).
pub(crate) fn fingerprint(before: u64, words: impl Iterator<Item = u32>) -> u64 {
    words.fold(before, |hash, word| (hash ^ u64::from(word)).wrapping_mul(0x0100_0000_01b3))
}

/// Examples that know what they are called.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The examples.
    pub data: Dataset,
    /// The file of each, or its number in the data, counted from 1.
    pub names: Vec<String>,
    /// A column that is carried along, an identifier, say: its name, and its text for each example.
    pub ids: Option<Ids>,
    /// Row and feature of each cell that was missing and is filled in, in this order.
    pub gaps: Vec<[usize; 2]>,
    /// The cells of new data as they were read, with NaN for missing ones, `[examples, features]`.
    pub cells: Option<Tensor<f64>>,
    /// Sentences about what was found; one with `warning:` before it is about data that lie far outside of what the
    /// model learnt.
    pub notes: Vec<String>,
}

/// The name of a column of texts, and its text for each example.
pub type Ids = (String, Vec<String>);

impl Rows {
    /// The rows with these numbers, counted from 0, under their old names.
    ///
    /// # Panics
    /// If a number is out of range.
    #[track_caller]
    pub fn chosen(&self, numbers: &[usize]) -> Self {
        let Origin { names, ids, gaps } = Origin::of(self).chosen(numbers);
        let cells = self.cells.as_ref().map(|cells| cells.index_select(0, numbers));
        Rows { data: self.data.select(numbers), names, ids, gaps, cells, notes: self.notes.clone() }
    }

    /// The features of a row that were missing and are filled in.
    pub fn filled(&self, row: usize) -> Vec<usize> {
        filled(&self.gaps, row).map(|gap| gap[1]).collect()
    }
}

fn filled(gaps: &[[usize; 2]], row: usize) -> impl Iterator<Item = &[usize; 2]> {
    gaps[gaps.partition_point(|gap| gap[0] < row)..].iter().take_while(move |gap| gap[0] == row)
}

/// Where examples come from: what they are called there, and what was missing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// See [`Rows::names`].
    pub names: Vec<String>,
    /// See [`Rows::ids`].
    pub ids: Option<Ids>,
    /// See [`Rows::gaps`].
    pub gaps: Vec<[usize; 2]>,
}

impl Origin {
    /// That of these rows.
    pub fn of(rows: &Rows) -> Self {
        Origin { names: rows.names.clone(), ids: rows.ids.clone(), gaps: rows.gaps.clone() }
    }

    /// That of the rows with these numbers, counted from 0.
    pub(crate) fn chosen(&self, numbers: &[usize]) -> Self {
        let some = |texts: &[String]| numbers.iter().map(|&number| texts[number].clone()).collect();
        let gaps = numbers
            .iter()
            .enumerate()
            .flat_map(|(row, &number)| filled(&self.gaps, number).map(move |gap| [row, gap[1]]));
        Origin {
            names: some(&self.names),
            ids: self.ids.as_ref().map(|(name, ids)| (name.clone(), some(ids))),
            gaps: gaps.collect(),
        }
    }
}

/// The numbers of `count` of `of` examples in rising order, drawn evenly, but with one of every class as far as there is
/// room. The same numbers every time.
pub fn sample(of: usize, labels: Option<&[u32]>, count: usize) -> Vec<usize> {
    if count >= of {
        return (0..of).collect();
    }
    let mut order = permutation(of, &mut generator(SPLIT_SEED, Purpose::Sample, 0, 0));
    if let Some(labels) = labels {
        let mut seen = BTreeSet::new();
        // The first of every class, then all others.
        let (first, others): (Vec<usize>, Vec<usize>) =
            order.into_iter().partition(|&number| seen.insert(labels[number]));
        order = [first, others].concat();
    }
    order.truncate(count);
    order.sort_unstable();
    order
}

/// The embedded data set: 1797 handwritten digits of 8×8 pixels in `[0, 1]` (Alpaydin and Kaynak
/// 1998). Every fifth is for testing.
pub fn digits() -> Split {
    let folder = digits::digits();
    let (train, test) = (of_images(folder.train, 16.0), of_images(folder.test, 16.0));
    Split { name: "digits".into(), train, test }
}

/// The data set with this name, read without further instructions:
///
/// - `digits`, the embedded one, and `mnist` and `fashion-mnist` after they were [fetched](fetch);
/// - a folder with IDX files as MNIST has them (gzipped or not), whose pixels are scaled to `[0, 1]`;
/// - a folder of pictures (PNG, JPEG, WebP, TIFF), or of folders of them that are classes;
/// - a table of comma- or tab-separated numbers;
/// - an NPY or NPZ file: `[examples, features]`, or images `[images, height, width]`, perhaps with an axis of 1 or 3
///   channels behind or before these two; or a sparse matrix, in an NPZ file of SciPy or a Matrix Market file;
/// - `-` for one of these files on standard input, or the name of a pipe.
///
/// # Errors
/// If the data cannot be read or need instructions; see [`prepare`].
pub fn load(name: &str) -> Result<Split> {
    Ok(prepare(name, &Reading::default())?.0)
}

/// Images with the value of white scaled to 1.
fn of_images(images: ImageSet, white: f32) -> Dataset {
    let features = images.height * images.width;
    let x =
        Tensor::from_fn([images.pixels.len() / features, features], |i| f32::from(images.pixels[i]) / white);
    let labels = images.labels.map(|labels| labels.into_iter().map(u32::from).collect());
    Dataset::new(x).with_labels(labels).with_schema(Schema::grey([images.height, images.width]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_even_and_has_every_class() {
        assert_eq!(sample(4, None, 9), [0, 1, 2, 3]);
        // Sorted by class, and the last class is rare.
        let labels: Vec<u32> = (0..1000).map(|i| if i < 997 { i / 400 } else { 9 }).collect();
        for labels in [None, Some(&labels[..])] {
            let found = sample(1000, labels, 100);
            assert!(found.len() == 100 && found.is_sorted_by(|a, b| a < b));
            assert!((35..65).contains(&found.iter().filter(|&&number| number < 500).count()));
            assert_eq!(sample(1000, labels, 100), found);
        }
        let classes: BTreeSet<u32> = sample(1000, Some(&labels), 4).into_iter().map(|i| labels[i]).collect();
        assert_eq!(classes, BTreeSet::from([0, 1, 2, 9]));
    }
}
