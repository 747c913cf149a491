//! Reading data from wherever they are, as they are: nothing is filled in, scaled or split yet.

mod sparse;
mod table;

use std::fs;
use std::path::{Path, PathBuf};

use autograd::{Real, Tensor};
use nn::data::SparseRows;
use nn::data::idx;
use nn::data::npy;
use nn::data::pictures::{self, PictureFolder, PictureOptions, Pictures};
use nn::data::table::Column;
use nn::{Dataset, Error, Result};

pub(super) use self::table::{TableText, table_options, text_table};
use super::columns::Looked;
use super::input::Input;
use super::kind::Kind;
use super::numbers::{Found, Numbers};
use super::{Reading, digits, of_images, parquet};

/// What was found. Missing values are NaN.
pub(super) struct Raw {
    /// The examples, or those for training.
    pub(super) data: Found,
    /// The examples for testing, where the data say which they are.
    pub(super) test: Option<Found>,
    /// The name of every feature, if features have names.
    pub(super) columns: Vec<String>,
    /// The name of every class, if classes have names.
    pub(super) classes: Vec<String>,
    /// The file of every example, if each has one.
    pub(super) files: Vec<PathBuf>,
    /// The columns of a table of several kinds, of which the examples hold the cells.
    pub(super) table: Option<Vec<Looked>>,
    /// Whether the features are pixels.
    pub(super) pixels: bool,
    /// Whether they are pixels that were bytes, of which 255 has become 1.
    pub(super) bytes: bool,
    /// Sentences about what was left out, or done that somebody might not expect.
    pub(super) notes: Vec<String>,
}

impl Raw {
    pub(super) fn new(data: impl Into<Found>) -> Self {
        let data = data.into();
        let pixels = data.shape.is_some();
        let (columns, classes, files, notes) = (vec![], vec![], vec![], vec![]);
        Raw { data, test: None, columns, classes, files, table: None, pixels, bytes: false, notes }
    }

    /// The same without the examples.
    pub(super) fn outline(&self) -> Self {
        let x = Numbers::Single(Tensor::zeros([0, self.data.width()]));
        Raw {
            columns: self.columns.clone(),
            classes: self.classes.clone(),
            pixels: self.pixels,
            bytes: self.bytes,
            notes: self.notes.clone(),
            ..Raw::new(Found { x, labels: None, shape: self.data.shape, ids: None })
        }
    }

    /// The file of every example as text, if each has one.
    pub(super) fn file_names(&self) -> Vec<String> {
        self.files.iter().map(|file| file.display().to_string()).collect()
    }

    /// All examples together, those for testing last.
    pub(super) fn together(mut self) -> Self {
        self.data = match self.test.take() {
            Some(test) => self.data.and(test),
            None => self.data,
        };
        self
    }

    /// Reads this source: see [`load`](super::load).
    pub(super) fn read(input: &Input, reading: &Reading) -> Result<Self> {
        match input.is_digits() {
            // Their white is no byte, but as bright.
            true => Ok(Raw::of_images(digits::digits(), 16.0)),
            false => match input.in_memory() {
                Some(memory) => Raw::of_memory(input, memory, reading),
                None => Raw::of_path(input.path(), reading),
            },
        }
    }

    fn of_path(path: &Path, reading: &Reading) -> Result<Self> {
        match Kind::of(path)? {
            Kind::Idx => Ok(Raw::of_images(idx::read_folder(path)?, 255.0)),
            Kind::Pictures => Raw::of_folder(path, reading),
            Kind::Picture => Raw::of_picture(path, reading),
            Kind::Sound | Kind::Sounds => {
                Err(Error::file(path, "this is a sound, and the model did not learn from sounds"))
            }
            Kind::Array => Raw::of_array(path, reading),
            Kind::Arrays => Raw::of_arrays(path, reading),
            Kind::Matrix => Raw::of_matrix(path, reading),
            Kind::Parquet => {
                Raw::of_table(path, Some(&parquet::as_csv(path, usize::MAX)?), &parquet::as_table(reading))
            }
            Kind::Table => Raw::of_table(path, None, reading),
        }
    }

    /// Pictures.
    fn of_folder(path: &Path, reading: &Reading) -> Result<Self> {
        if fs::read_dir(path).is_ok_and(|entries| entries.count() == 0) {
            return Err(Error::file(
                path,
                "the folder is empty; it should hold pictures (PNG, JPEG, WebP, TIFF) or IDX files \
                 (train-images-idx3-ubyte and its companions)",
            ));
        }
        let folder = PictureFolder::open(path)?;
        if folder.test > 0 && reading.test_fraction != Reading::default().test_fraction {
            let problem =
                "--test-fraction means nothing for pictures in folders that say which are for testing";
            return Err(Error::file(path, problem));
        }
        let [height, width] = match reading.size {
            Some(size) => size,
            None => common_size(path, &folder, reading)?,
        };
        let options = PictureOptions { height, width, colour: reading.colour, fit: reading.fit };
        let Pictures { data, classes, files, test, notes, .. } =
            folder.read(&options, reading.skip_broken)?;
        let files = files.iter().map(|file| file.strip_prefix(path).unwrap_or(file).to_owned());
        let mut raw = Raw {
            files: files.collect(),
            classes: classes.unwrap_or_default(),
            pixels: true,
            bytes: true,
            notes,
            ..Raw::new(data)
        };
        if test > 0 {
            let first = raw.data.len() - test;
            let (train, test) = raw.data.split_at(first);
            (raw.data, raw.test) = (train, Some(test));
        }
        Ok(raw)
    }

    fn of_images(folder: idx::ImageFolder, white: f32) -> Self {
        let test = Some(of_images(folder.test, white).into());
        Raw { test, bytes: true, ..Raw::new(of_images(folder.train, white)) }
    }

    /// A single picture.
    fn of_picture(path: &Path, reading: &Reading) -> Result<Self> {
        let content = fs::read(path).map_err(|error| Error::io("read", path, error))?;
        let found = pictures::size_of(path, &content)?;
        let [height, width] = reading.size.unwrap_or(found);
        let notes =
            pictures::scaled(&[(found, 1)].into(), [height, width], reading.fit).into_iter().collect();
        let options = PictureOptions { height, width, colour: reading.colour, fit: reading.fit };
        let picture = pictures::parse(path, &content, &options)?;
        let shape = [reading.colour.channels(), height, width];
        let x = picture.reshape([1, picture.len()]);
        let data = Found { x: x.into(), labels: None, shape: Some(shape), ids: None };
        Ok(Raw { files: vec![path.to_owned()], bytes: true, notes, ..Raw::new(data) })
    }

    /// One array.
    fn of_array(path: &Path, reading: &Reading) -> Result<Self> {
        match npy::element(path)? == npy::BYTES {
            true => Raw::of_bytes(path, npy::read(path)?, reading),
            false => Raw::of_tensor(path, npy::read::<f64>(path)?, reading),
        }
    }

    /// Several arrays: the examples, and perhaps labels.
    fn of_arrays(path: &Path, reading: &Reading) -> Result<Self> {
        let mut npz = npy::Npz::open(path)?;
        if let Some(rows) = SparseRows::of_scipy(path, &mut npz)? {
            return Raw::of_sparse(path, &rows, reading);
        }
        let arrays: Vec<String> = npz.arrays().map(|(name, _)| name.to_owned()).collect();
        let no_numbers: Vec<(String, String)> =
            npz.others().map(|(name, why)| (name.to_owned(), why.to_string())).collect();
        let examples = match &reading.array {
            Some(name) => name.clone(),
            None => {
                let mut wide = npz.arrays().filter(|(_, shape)| shape.len() >= 2).map(|(name, _)| name);
                match (wide.next(), wide.next()) {
                    (Some(only), None) => only.to_owned(),
                    _ => {
                        let names = arrays.join(", ");
                        let problem = match (arrays.is_empty(), no_numbers.first()) {
                            (true, Some((_, why))) => format!("no array in it can be read: {why}"),
                            _ => format!(
                                "say which array holds the examples, as in --array NAME; there are {names}"
                            ),
                        };
                        return Err(Error::file(path, problem));
                    }
                }
            }
        };
        let label = match &reading.label {
            Some(Column::Name(name)) => Some(name.clone()),
            Some(Column::Number(_)) => {
                return Err(Error::file(path, "arrays have names; give the one of the labels"));
            }
            None => None,
        };
        for name in [Some(&examples), label.as_ref()].into_iter().flatten() {
            if let Some((_, why)) = no_numbers.iter().find(|(other, _)| other == name) {
                return Err(Error::file(path, format!("the array `{name}` cannot be used: {why}")));
            }
            if !arrays.contains(name) {
                let names = arrays.join(", ");
                return Err(Error::file(path, format!("there is no array `{name}`; there are {names}")));
            }
        }
        let mut raw = match npz.element(&examples) == Some(npy::BYTES) {
            true => Raw::of_bytes(path, npz.read(&examples)?, reading)?,
            false => Raw::of_tensor(path, npz.read::<f64>(&examples)?, reading)?,
        };
        if !no_numbers.is_empty() {
            let names: Vec<String> = no_numbers.iter().map(|(name, _)| format!("`{name}`")).collect();
            let names = names.join(", ");
            raw.notes.push(format!("left out, because these arrays hold no numbers: {names}"));
        }
        if let Some(name) = label {
            let values = npz.read::<f64>(&name)?.to_vec();
            let class = |v: &f64| (v.fract() == 0.0 && (0.0..1e7).contains(v)).then_some(*v as u32);
            let labels: Option<Vec<u32>> = values.iter().map(class).collect();
            let Some(labels) = labels.filter(|labels| labels.len() == raw.data.len()) else {
                let problem = format!(
                    "the array `{name}` must hold a class number from 0 up for each of the {} examples",
                    raw.data.len()
                );
                return Err(Error::file(path, problem));
            };
            raw.data.labels = Some(labels);
        }
        Ok(raw)
    }

    /// An array of bytes: those of images are pixels, of which 255 becomes 1, in every kind of file. Other bytes are
    /// numbers like others.
    pub(super) fn of_bytes(path: &Path, array: Tensor<f32>, reading: &Reading) -> Result<Self> {
        let mut raw = Raw::of_tensor(path, array, reading)?;
        if let (true, Numbers::Single(x)) = (raw.pixels, &raw.data.x) {
            raw.data.x = x.map(|byte| byte / 255.0).into();
            raw.bytes = true;
        }
        Ok(raw)
    }

    /// `[examples, features]`, series `[examples, steps, channels]` if they are asked for, or images of a shape that
    /// [`npy::images`] takes.
    pub(super) fn of_tensor<T: Real>(path: &Path, array: Tensor<T>, reading: &Reading) -> Result<Self>
    where
        Numbers: From<Tensor<T>>,
    {
        let shape = array.shape().to_vec();
        if let [_, _] = shape[..] {
            check_numbers(path, &array)?;
            return Ok(Raw::new(Dataset::new(array)));
        }
        if let (&[examples, steps, channels], Some(asked)) = (&shape[..], reading.series) {
            if channels != asked {
                let problem = format!(
                    "the shape is {shape:?}, which is series of {channels} channels (--series {channels})"
                );
                return Err(Error::file(path, problem));
            }
            check_numbers(path, &array)?;
            return Ok(Raw::new(Dataset::new(array.reshape([examples, steps * channels]))));
        }
        let Some((stack, axes)) = npy::images(&array) else {
            return Err(Error::file(
                path,
                format!("the shape is {shape:?}, but examples are [examples, features] or {}", npy::IMAGES),
            ));
        };
        check_numbers(path, &array)?;
        let [images, channels, height, width] = [0, 1, 2, 3].map(|axis| stack.shape()[axis]);
        let x = stack.reshape([images, channels * height * width]);
        let notes = match shape.len() {
            4 => {
                vec![format!("its axes are taken as {axes}: {height} x {width} pixels, channels: {channels}")]
            }
            _ => vec![],
        };
        let shape = Some([channels, height, width]);
        Ok(Raw { notes, ..Raw::new(Found { x: x.into(), labels: None, shape, ids: None }) })
    }
}

/// The size that all pictures of a folder have.
fn common_size(path: &Path, folder: &PictureFolder, reading: &Reading) -> Result<[usize; 2]> {
    let sizes = folder.sizes()?;
    let [(&size, count)] = sizes.iter().collect::<Vec<_>>()[..] else {
        return Err(Error::file(
            path,
            format!(
                "pictures must be scaled to one size; say which, as in --size 32x32 (height x width): they have {}",
                pictures::extent(&sizes)
            ),
        ));
    };
    let [height, width] = size;
    let bytes = 4.0 * (count * reading.colour.channels()) as f64 * height as f64 * width as f64;
    if bytes <= reading.memory as f64 * f64::from(1 << 20) {
        return Ok(size);
    }
    Err(Error::file(
        path,
        format!(
            "{count} pictures of {height} × {width} pixels would take {:.1} GB; say to which size they are scaled, as in \
             --size 32x32 (height x width)",
            bytes / 1e9
        ),
    ))
}

/// Refuses an array without numbers.
fn check_numbers<T: Real>(path: &Path, array: &Tensor<T>) -> Result<()> {
    match array.is_empty() {
        true => Err(Error::file(path, format!("the shape is {:?}: there is not one number", array.shape()))),
        false => Ok(()),
    }
}

/// Refuses instructions that mean nothing for these data.
pub(super) fn check(input: &Input, reading: &Reading) -> Result<()> {
    match input.is_digits() {
        true => Kind::Idx.check(input.path(), reading),
        false => input.kind()?.check(input.path(), reading),
    }
}
