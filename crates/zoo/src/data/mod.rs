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

mod description;
mod digits;
pub mod fetch;
mod kind;
mod parquet;
mod preparation;
mod raw;
mod reading;
mod stored;

use autograd::Tensor;
use nn::data::idx::ImageSet;
use nn::{Dataset, Result};

pub use self::description::{ColumnDescription, Description, describe};
pub use self::preparation::{Preparation, Prepared, Units, prepare, prepare_rows};
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
            let x = part.x.contiguous();
            let values = x.as_slice().expect("contiguous").iter().map(|value| value.to_bits());
            let labels = part.labels.iter().flatten().copied();
            fingerprint(fingerprint(before, values), labels)
        })
    }
}

/// The fingerprint of nothing.
const NO_WORDS: u64 = 0xcbf2_9ce4_8422_2325;

/// The fingerprint of what has the fingerprint `before` and then these words (FNV-1a).
fn fingerprint(before: u64, words: impl Iterator<Item = u32>) -> u64 {
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
    pub ids: Option<(String, Vec<String>)>,
    /// The numbers as they were read, with NaN for missing ones, `[examples, features]`.
    pub cells: Tensor<f32>,
}

impl Rows {
    /// Named by these names, or by their numbers if there are none.
    fn numbered(data: Dataset, names: Vec<String>) -> Self {
        let names = if names.is_empty() { (1..=data.len()).map(|n| n.to_string()).collect() } else { names };
        Rows { cells: data.x.clone(), ids: None, data, names }
    }

    /// The rows with these numbers, counted from 0, under their old names.
    ///
    /// # Panics
    /// If a number is out of range.
    #[track_caller]
    pub fn chosen(&self, numbers: &[usize]) -> Self {
        let Dataset { image, .. } = self.data;
        let (x, labels) = (self.data.rows(numbers), self.data.labels_of(numbers));
        let names = numbers.iter().map(|&number| self.names[number].clone()).collect();
        let ids = self
            .ids
            .as_ref()
            .map(|(name, ids)| (name.clone(), numbers.iter().map(|&number| ids[number].clone()).collect()));
        // As long as nothing was filled in or scaled, they share their memory.
        let place = |tensor: &Tensor<f32>| tensor.as_slice().map(<[f32]>::as_ptr);
        let cells = match place(&self.cells) == place(&self.data.x) {
            true => x.clone(),
            false => self.cells.index_select(0, numbers),
        };
        Rows { data: Dataset { x, labels, image }, names, ids, cells }
    }
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
/// - a folder of PNG and JPEG pictures, or of folders of them that are classes;
/// - a table of comma- or tab-separated numbers, or `-` for one on standard input;
/// - an NPY or NPZ file: `[examples, features]`, or images `[images, height, width]`.
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
    Dataset { x, labels, image: Some([images.height, images.width]) }
}
