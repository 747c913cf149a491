//! Data that are too large for memory: training examples wait in a temporary file and are read when a step
//! asks for them. Whatever needs examples at hand (the initial model, the scaling, the metrics) gets a
//! sample that is drawn evenly from all of them.

use std::fs;
use std::path::{Path, PathBuf};

use autograd::{Real, Tensor};
use nn::data::disk::Writer;
use nn::data::schema::Schema;
use nn::data::table::TableOptions;
use nn::data::{Examples, SparseRows, Tokens, idx, npy, table};
use nn::{Dataset, Error, Generator, Purpose, Result, generator};
use rand::RngExt;

use super::explain;
use super::input::Input;
use super::kind::Kind;
use super::numbers::{Found, Numbers};
use super::preparation::{SPLIT_SEED, place, unusable};
use super::raw::{self, Raw};
use super::series::Windowed;
use super::{Impute, NO_WORDS, Preparation, Reading, fingerprint};

/// Examples of a sample: enough to learn a scale from and to measure by.
const SAMPLE: usize = 20_000;

/// Training examples in a file, prepared when they are read.
pub struct Stored {
    path: PathBuf,
    rows: Rows,
    examples: usize,
    labels: Option<Vec<u32>>,
    preparation: Preparation,
    fingerprint: u64,
}

/// Where the examples are.
enum Rows {
    /// In a file, as they were read.
    File(Box<RowsAt>),
    /// In memory without their zeros, as a model sees them.
    Sparse(SparseRows),
    /// Windows of a series that is in memory.
    Windows(Windowed),
    /// Texts, in memory without their padding.
    Tokens(Tokens),
}

/// The rows with these numbers, as they were read.
type RowsAt = dyn Fn(&[usize]) -> Result<Numbers> + Send + Sync;

impl Stored {
    /// Sparse rows as a model sees them.
    pub(super) fn of_sparse(path: &Path, rows: SparseRows, preparation: &Preparation) -> Self {
        let numbers = 0..rows.len();
        let entries =
            numbers.flat_map(|row| rows.row(row).flat_map(move |(c, x)| [row as u32, c as u32, x.to_bits()]));
        let (fingerprint, examples) = (fingerprint(NO_WORDS, entries), rows.len());
        Stored {
            path: path.to_owned(),
            rows: Rows::Sparse(rows),
            examples,
            labels: None,
            preparation: preparation.clone(),
            fingerprint,
        }
    }

    /// Windows of a series as a model sees it.
    pub(super) fn of_windows(path: &Path, windows: Windowed, preparation: &Preparation) -> Self {
        let (fingerprint, examples) = (windows.fingerprint(), windows.len());
        Stored {
            path: path.to_owned(),
            rows: Rows::Windows(windows),
            examples,
            labels: None,
            preparation: preparation.clone(),
            fingerprint,
        }
    }

    /// Texts as a model sees them.
    pub(super) fn of_tokens(path: &Path, tokens: Tokens, preparation: &Preparation) -> Self {
        let (all, examples) = (tokens.all().iter().map(|&token| token.into()), tokens.len());
        let lengths = (0..examples).map(|number| tokens.text(number).len() as u32);
        Stored {
            path: path.to_owned(),
            fingerprint: fingerprint(NO_WORDS, all.chain(lengths)),
            rows: Rows::Tokens(tokens),
            examples,
            labels: None,
            preparation: preparation.clone(),
        }
    }

    /// A number that changes when an example or a label does; see
    /// [`Split::fingerprint`](super::Split::fingerprint).
    pub fn fingerprint(&self) -> u64 {
        fingerprint(self.fingerprint, self.labels.iter().flatten().copied())
    }
}

impl Examples for Stored {
    fn len(&self) -> usize {
        self.examples
    }

    fn width(&self) -> usize {
        self.preparation.features
    }

    fn rows(&self, numbers: &[usize]) -> Result<Tensor<f32>> {
        Ok(self.rows_and_mask(numbers)?.0)
    }

    fn rows_and_mask(&self, numbers: &[usize]) -> Result<(Tensor<f32>, Option<Tensor<f32>>)> {
        let read = match &self.rows {
            Rows::File(read) => read,
            Rows::Sparse(rows) => {
                let mask = self.preparation.is_scaled().then(|| rows.mask(numbers));
                return Ok((rows.rows(numbers)?, mask));
            }
            Rows::Windows(windows) => return Ok(windows.rows_and_mask(numbers)),
            Rows::Tokens(tokens) => return Ok((tokens.rows(numbers)?, None)),
        };
        let x = read(numbers)?;
        let all: Vec<usize> = (0..numbers.len()).collect();
        let name = |place: usize| format!("{} of those for training", numbers[place] + 1);
        let prepared = self.preparation.prepared(&self.path, &x, &all, name)?;
        let gaps = self.preparation.gaps(&x, &all)?;
        let mask = self.preparation.mask(&gaps, &prepared);
        Ok((prepared, mask))
    }

    fn label(&self, number: usize) -> Option<u32> {
        let labels = self.labels.as_ref()?;
        let len = labels.len();
        assert!(number < len, "label: there is no example {number} among {len}");
        Some(labels[number])
    }
}

/// Data of which samples are at hand, and the training examples in a file, not yet prepared.
pub(super) struct Large {
    /// Samples of the training and of the test examples, with their names.
    pub(super) samples: [(Found, Vec<String>); 2],
    /// What the samples say about all: names of columns and classes, kind.
    pub(super) like: Raw,
    path: PathBuf,
    rows: Box<RowsAt>,
    examples: usize,
    labels: Option<Vec<u32>>,
    fingerprint: u64,
}

impl Large {
    /// Reads a table, an array or a folder of IDX files this way if it takes more than the memory that
    /// `reading` allows; `None` for all other data.
    pub(super) fn read(input: &Input, reading: &Reading) -> Result<Option<Self>> {
        let path = input.path();
        let limit = (reading.memory as u64).saturating_mul(1 << 20);
        if input.is_digits() || input.in_memory().is_some() {
            return Ok(None);
        }
        match Kind::of(path)? {
            Kind::Idx => {
                let Ok(parts) = idx::parts(path) else { return Ok(None) };
                // A byte becomes a number of four bytes.
                let size = unpacked(&parts[0].images).saturating_mul(4);
                if size > limit { Large::of_images(&parts).map(Some) } else { Ok(None) }
            }
            Kind::Array => Large::of_array(path, reading, limit),
            Kind::Table if unpacked(path) > limit && reading.columns.is_empty() => {
                Large::of_table(path, reading).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The training examples, to be prepared like this.
    pub(super) fn stored(self, preparation: &Preparation) -> Stored {
        let Large { path, rows, examples, labels, fingerprint, .. } = self;
        let rows = Rows::File(rows);
        Stored { path, rows, examples, labels, preparation: preparation.clone(), fingerprint }
    }

    /// How many training examples there are.
    pub(super) fn examples(&self) -> usize {
        self.examples
    }

    /// The largest class of a training example.
    pub(super) fn last_class(&self) -> Option<u32> {
        self.labels.iter().flatten().copied().max()
    }

    fn of_table(path: &Path, reading: &Reading) -> Result<Self> {
        // A sample of the rows is not worth their names.
        let options = TableOptions { id: None, ..raw::table_options(reading) };
        let explain = |error| explain::in_training(error, path, None, &options);
        let mut stream = table::Stream::open(path, &options).map_err(explain)?;
        let columns = stream.columns();
        let width = columns.len();
        let mut parts = [Part::<f64>::new(0, width)?, Part::new(1, width)?];
        let mut is_test = vec![];
        let mut row = vec![];
        while stream.advance(&mut row).map_err(explain)? {
            let number = is_test.len();
            is_test.push(is_for_testing(number, reading));
            parts[usize::from(is_test[number])].push(&row, number)?;
        }
        let notes = explain::notes(&stream.notes()).chain(explain::rounded(&stream.rounded())).collect();
        let (labels, classes) = stream.classes()?;
        let labels: [Option<Vec<u32>>; 2] = [false, true].map(|wanted| {
            let labels = labels.as_ref()?.iter().zip(&is_test);
            Some(labels.filter(|(_, is_test)| **is_test == wanted).map(|(label, _)| *label).collect())
        });
        let mut like = Raw::new(Dataset::new(Tensor::<f64>::zeros([0, width])));
        (like.columns, like.classes, like.notes) = (columns, classes.unwrap_or_default(), notes);
        Large::of(path, parts, labels, like, width)
    }

    /// `None` if its rows are scattered over the file, or if what is in it fits into memory or is nothing that
    /// a model can use.
    fn of_array(path: &Path, reading: &Reading, limit: u64) -> Result<Option<Self>> {
        let Some(stream) = npy::Stream::open(path)? else { return Ok(None) };
        // As single precision, whatever the elements are in the file.
        let size = stream.shape().iter().fold(4_u64, |product, &size| product.saturating_mul(size as u64));
        if size <= limit || stream.shape().len() < 2 {
            return Ok(None);
        }
        match stream.element() == npy::BYTES {
            true => Large::of_rows::<f32>(path, reading, stream, Raw::of_bytes),
            false => Large::of_rows::<f64>(path, reading, stream, Raw::of_tensor),
        }
    }

    fn of_rows<T: Real>(
        path: &Path,
        reading: &Reading,
        mut stream: npy::Stream,
        as_examples: fn(&Path, Tensor<T>, &Reading) -> Result<Raw>,
    ) -> Result<Option<Self>>
    where
        Numbers: From<Tensor<T>>,
    {
        const AT_ONCE: usize = 256;
        let (mut number, mut found) = (0, None);
        while let Some(some) = stream.advance(AT_ONCE)? {
            let some = as_examples(path, some.cast(), reading)?;
            let width = some.data.width();
            let (like, parts) = match &mut found {
                Some(found) => found,
                None => found.insert((some.outline(), [Part::<T>::new(0, width)?, Part::new(1, width)?])),
            };
            some.data.x.each_row(0..some.data.len(), |_, row| {
                check(path, row, number, like.pixels, reading)?;
                parts[usize::from(is_for_testing(number, reading))].push(row, number)?;
                number += 1;
                Ok(())
            })?;
        }
        let Some((like, parts)) = found else { return Ok(None) };
        let width = like.data.width();
        Large::of(path, parts, [None, None], like, width).map(Some)
    }

    fn of_images(found: &[idx::Parts; 2]) -> Result<Self> {
        let (mut parts, mut labels, mut image) = (vec![], [None, None], [0, 0]);
        for (number, (paths, labels)) in found.iter().zip(&mut labels).enumerate() {
            let mut stream = idx::Stream::open(&paths.images)?;
            let [count, height, width] = stream.shape[..] else {
                return Err(Error::file(&paths.images, "these are no images; their files may be swapped"));
            };
            image = [height, width];
            let mut part = Part::<f32>::new(number as u64, height * width)?;
            while let Some(bytes) = stream.advance()? {
                let row: Vec<f64> = bytes.iter().map(|byte| f64::from(*byte) / 255.0).collect();
                part.push(&row, part.count)?;
            }
            parts.push(part);
            if let Some(path) = &paths.labels {
                let read = idx::read(path)?;
                if read.shape != [count] {
                    return Err(Error::file(path, format!("these are no labels of {count} images")));
                }
                *labels = Some(read.bytes.into_iter().map(u32::from).collect());
            }
        }
        let parts = parts.try_into().unwrap_or_else(|_| unreachable!("there are two"));
        let width = image[0] * image[1];
        let x = Tensor::<f32>::zeros([0, width]);
        let like = Raw { bytes: true, ..Raw::new(Dataset::new(x).with_schema(Schema::grey(image))) };
        Large::of(&found[0].images, parts, labels, like, width)
    }

    fn of<T: Real>(
        path: &Path,
        parts: [Part<T>; 2],
        labels: [Option<Vec<u32>>; 2],
        like: Raw,
        width: usize,
    ) -> Result<Self>
    where
        Numbers: From<Tensor<T>>,
    {
        let [train, test] = parts;
        if train.count == 0 || test.count == 0 {
            return Err(Error::file(path, "there are too few examples to train and to test with"));
        }
        let sample = |part: &Part<T>, labels: &Option<Vec<u32>>| {
            let x = Tensor::from_vec([part.sample.len(), width], part.sample.concat());
            let labels = labels.as_ref().map(|all| part.places.iter().map(|&place| all[place]).collect());
            (Found { x: x.into(), labels, shape: like.data.shape, ids: None }, part.names.clone())
        };
        let samples = [sample(&train, &labels[0]), sample(&test, &labels[1])];
        let [labels, _] = labels;
        let fingerprint = train.fingerprint ^ test.fingerprint.rotate_left(1);
        let (path, examples, all) = (path.to_owned(), train.count, train.all.finish()?);
        let rows = Box::new(move |numbers: &[usize]| Ok(all.rows(numbers)?.into()));
        Ok(Large { samples, like, path, rows, examples, labels, fingerprint })
    }
}

/// The training or the test examples while they are read.
struct Part<T> {
    /// All of them; those for testing are not kept.
    all: Writer<T>,
    count: usize,
    /// Every example so far is in it with the same probability (Vitter 1985, algorithm R).
    sample: Vec<Vec<T>>,
    /// Their places among those of the part, and their numbers in the data, counted from 1.
    places: Vec<usize>,
    names: Vec<String>,
    from: Generator,
    keep: bool,
    fingerprint: u64,
}

impl<T: Real> Part<T> {
    fn new(number: u64, width: usize) -> Result<Self> {
        Ok(Part {
            all: Writer::new(width)?,
            count: 0,
            sample: vec![],
            places: vec![],
            names: vec![],
            from: generator(SPLIT_SEED, Purpose::Split, 1, number),
            keep: number == 0,
            fingerprint: NO_WORDS,
        })
    }

    fn push(&mut self, row: &[f64], number: usize) -> Result<()> {
        let row: Vec<T> = row.iter().map(|value| T::of(*value)).collect();
        if self.keep {
            self.all.push(&row, None)?;
        }
        let words = |value: &T| [value.as_f64().to_bits() as u32, (value.as_f64().to_bits() >> 32) as u32];
        self.fingerprint = fingerprint(self.fingerprint, row.iter().flat_map(words));
        let place = if self.count < SAMPLE { self.count } else { self.from.random_range(0..=self.count) };
        let name = (number + 1).to_string();
        if self.count < SAMPLE {
            self.sample.push(row);
            self.places.push(self.count);
            self.names.push(name);
        } else if place < SAMPLE {
            self.sample[place] = row;
            self.places[place] = self.count;
            self.names[place] = name;
        }
        self.count += 1;
        Ok(())
    }
}

/// Each row is dealt alone, so that nobody has to know how many there are.
fn is_for_testing(number: usize, reading: &Reading) -> bool {
    let chance: f64 = generator(SPLIT_SEED, Purpose::Split, 0, number as u64).random();
    chance < reading.test_fraction
}

/// Refuses infinite values before they are hidden among millions of rows, and gaps unless they are to be
/// filled. A table refuses them itself, by their line.
fn check(path: &Path, row: &[f64], number: usize, pixels: bool, reading: &Reading) -> Result<()> {
    let wrong = |value: &f64| value.is_infinite() || value.is_nan() && reading.impute == Impute::Refuse;
    match row.iter().position(wrong) {
        None => Ok(()),
        Some(column) => {
            let problem = unusable(row[column], &(number + 1).to_string(), &place(&[], pixels, column));
            Err(Error::file(path, problem))
        }
    }
}

/// The bytes of a file after decompression, as a guess: text and images shrink to about a quarter.
fn unpacked(path: &Path) -> u64 {
    let size = fs::metadata(path).map_or(0, |about| about.len());
    if path.extension().is_some_and(|ending| ending == "gz") { size.saturating_mul(4) } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_even_and_never_larger() {
        let all = 3 * SAMPLE;
        let mut part = Part::<f32>::new(1, 1).unwrap();
        (0..all).for_each(|number| part.push(&[number as f64], number).unwrap());
        assert_eq!((part.count, part.sample.len()), (all, SAMPLE));
        for (place, row) in part.places.iter().zip(&part.sample) {
            assert_eq!(row[0], *place as f32);
        }
        // A third of the first third, of the second and of the last; the deviation of such a count is 54.
        for third in 0..3 {
            let inside = part.places.iter().filter(|place| **place / SAMPLE == third).count() as f64;
            assert!((inside - SAMPLE as f64 / 3.0).abs() < 300.0, "{inside}");
        }
    }
}
