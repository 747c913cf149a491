//! Reading data from wherever they are, as they are: nothing is filled in, scaled or split yet.

use std::fs;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};

use autograd::Tensor;
use nn::data::idx;
use nn::data::npy;
use nn::data::pictures::{self, PictureOptions};
use nn::data::table::{self, Column, TableOptions};
use nn::{Dataset, Error, Result};

use super::kind::Kind;
use super::{Impute, Reading, digits, explain, fetch, of_images, parquet};

/// What was found. Missing values are NaN.
pub(super) struct Raw {
    /// The examples, or those for training.
    pub(super) data: Dataset,
    /// The examples for testing, where the data say which they are.
    pub(super) test: Option<Dataset>,
    /// The name of every feature, if features have names.
    pub(super) columns: Vec<String>,
    /// The name of every class, if classes have names.
    pub(super) classes: Vec<String>,
    /// The file of every example, if each has one.
    pub(super) files: Vec<PathBuf>,
    /// Whether the features are pixels.
    pub(super) pixels: bool,
    /// Sentences about how they were read that a person should see.
    pub(super) notes: Vec<String>,
}

impl Raw {
    pub(super) fn new(data: Dataset) -> Self {
        let pixels = data.image.is_some();
        Raw { data, test: None, columns: vec![], classes: vec![], files: vec![], pixels, notes: vec![] }
    }

    /// The same without the examples.
    pub(super) fn outline(&self) -> Self {
        let data = Dataset { x: Tensor::zeros([0, self.data.width()]), labels: None, image: self.data.image };
        Raw {
            columns: self.columns.clone(),
            classes: self.classes.clone(),
            pixels: self.pixels,
            ..Raw::new(data)
        }
    }

    /// Reads the source with this name: see [`load`](super::load).
    pub(super) fn read(source: &str, reading: &Reading) -> Result<Self> {
        match source {
            "digits" => Ok(Raw::of_images(digits::digits(), 16.0)),
            "-" => Raw::of_table(Path::new(STANDARD_INPUT), Some(&standard_input()?), reading),
            name => Raw::of_path(Path::new(&resolved(name)?), reading),
        }
    }

    fn of_path(path: &Path, reading: &Reading) -> Result<Self> {
        match Kind::of(path)? {
            Kind::Idx => Ok(Raw::of_images(idx::read_folder(path)?, 255.0)),
            Kind::Pictures => Raw::of_folder(path, reading),
            Kind::Picture => Raw::of_picture(path, reading),
            Kind::Array => Raw::of_array(path),
            Kind::Arrays => Raw::of_arrays(path, reading),
            Kind::Parquet => {
                Raw::of_table(path, Some(&parquet::as_csv(path, usize::MAX)?), &parquet::as_table(reading))
            }
            Kind::Table => Raw::of_table(path, None, reading),
        }
    }

    /// Pictures.
    fn of_folder(path: &Path, reading: &Reading) -> Result<Self> {
        let Some([height, width]) = reading.size else {
            // Without pictures the size is not what is missing.
            let options = PictureOptions { height: 1, width: 1, colour: reading.colour };
            return match pictures::read_folder(path, &options) {
                Ok(_) => Err(Error::file(
                    path,
                    "pictures must be scaled to one size; say which, as in --size 32x32 (height x width)",
                )),
                Err(_) if fs::read_dir(path).is_ok_and(|entries| entries.count() == 0) => Err(Error::file(
                    path,
                    "the folder is empty; it should hold pictures (.png, .jpg) or IDX files \
                     (train-images-idx3-ubyte and its companions)",
                )),
                Err(error) => Err(error),
            };
        };
        let read = pictures::read_folder(path, &PictureOptions { height, width, colour: reading.colour })?;
        let files = read.files.iter().map(|file| file.strip_prefix(path).unwrap_or(file).to_owned());
        Ok(Raw {
            files: files.collect(),
            classes: read.classes.unwrap_or_default(),
            pixels: true,
            ..Raw::new(read.data)
        })
    }

    fn of_images(folder: idx::ImageFolder, white: f32) -> Self {
        Raw { test: Some(of_images(folder.test, white)), ..Raw::new(of_images(folder.train, white)) }
    }

    /// A single picture.
    fn of_picture(path: &Path, reading: &Reading) -> Result<Self> {
        let Some([height, width]) = reading.size else {
            return Err(Error::file(path, "say to which size the picture is scaled, as in --size 32x32"));
        };
        let content = fs::read(path).map_err(|error| Error::io("read", path, error))?;
        let options = PictureOptions { height, width, colour: reading.colour };
        let picture = pictures::parse(path, &content, &options)?;
        let image = (picture.shape()[0] == 1).then_some([height, width]);
        let x = picture.reshape([1, picture.len()]);
        let data = Dataset { x, labels: None, image };
        Ok(Raw { files: vec![path.to_owned()], pixels: true, ..Raw::new(data) })
    }

    /// One array: bytes are pixels.
    fn of_array(path: &Path) -> Result<Self> {
        let element = npy::element(path)?;
        let array = npy::read::<f32>(path)?;
        Raw::of_tensor(path, array, element == "|u1")
    }

    /// Several arrays: the examples, and perhaps labels.
    fn of_arrays(path: &Path, reading: &Reading) -> Result<Self> {
        let mut arrays = npy::read_npz::<f32>(path)?;
        let names = || arrays.keys().cloned().collect::<Vec<_>>().join(", ");
        let examples = match &reading.array {
            Some(name) => name.clone(),
            None => {
                let mut wide = arrays.iter().filter(|(_, array)| array.rank() >= 2).map(|(name, _)| name);
                match (wide.next(), wide.next()) {
                    (Some(only), None) => only.clone(),
                    _ => {
                        let problem = format!(
                            "say which array holds the examples, as in --array NAME; there are {}",
                            names()
                        );
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
            if !arrays.contains_key(name) {
                return Err(Error::file(path, format!("there is no array `{name}`; there are {}", names())));
            }
        }
        let mut raw = Raw::of_tensor(path, arrays.remove(&examples).expect("it is there"), false)?;
        if let Some(name) = label {
            let values = arrays.remove(&name).map(|labels| labels.to_vec()).unwrap_or_default();
            let class = |v: &f32| (v.fract() == 0.0 && (0.0..1e7).contains(v)).then_some(*v as u32);
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

    /// `[examples, features]`, `[images, height, width]` or `[images, height, width, channels]`.
    pub(super) fn of_tensor(path: &Path, array: Tensor<f32>, bytes: bool) -> Result<Self> {
        let shape = array.shape().to_vec();
        let (x, image) = match shape[..] {
            [_, _] => (array, None),
            [images, height, width] => (array.reshape([images, height * width]), Some([height, width])),
            [images, height, width, channels @ (1 | 3)] => {
                let x = array.permute([0, 3, 1, 2]).reshape([images, channels * height * width]);
                (x, (channels == 1).then_some([height, width]))
            }
            _ => {
                return Err(Error::file(
                    path,
                    format!(
                        "the shape is {shape:?}, but examples are [examples, features], [images, height, \
                         width] or [images, height, width, 1 or 3]"
                    ),
                ));
            }
        };
        if x.is_empty() {
            return Err(Error::file(path, format!("the shape is {shape:?}: there is not one number")));
        }
        let pixels = shape.len() > 2;
        let x = if bytes && pixels { x.map(|byte| byte / 255.0) } else { x };
        Ok(Raw { pixels, ..Raw::new(Dataset { x, labels: None, image }) })
    }

    pub(super) fn of_table(path: &Path, content: Option<&[u8]>, reading: &Reading) -> Result<Self> {
        let options = table_options(content, reading);
        let read = Raw::read_table(path, content, &options);
        read.map_err(|error| explain::in_training(error, path, content, &options))
    }

    /// The same for data that a trained model gets.
    pub(super) fn of_new_table(path: &Path, content: Option<&[u8]>, reading: &Reading) -> Result<Self> {
        let options = table_options(content, reading);
        let read = Raw::read_table(path, content, &options);
        read.map_err(|error| explain::in_new_data(error, path, content, &options))
    }

    fn read_table(path: &Path, content: Option<&[u8]>, options: &TableOptions) -> Result<Self> {
        let read = match content {
            Some(content) => table::parse(path, content, options)?,
            None => table::read(path, options)?,
        };
        let (classes, notes) = (read.classes.unwrap_or_default(), explain::notes(read.notes));
        Ok(Raw { columns: read.columns, classes, notes, ..Raw::new(read.data) })
    }
}

/// What errors call it.
pub(super) const STANDARD_INPUT: &str = "standard input";

/// All that is there; nobody can read it a second time.
pub(super) fn standard_input() -> Result<Vec<u8>> {
    let mut content = vec![];
    let read = stdin().lock().read_to_end(&mut content);
    read.map_err(|error| Error::io("read", Path::new(STANDARD_INPUT), error))?;
    Ok(content)
}

/// Where a data set is that may be called by the name it was fetched by.
pub(super) fn resolved(name: &str) -> Result<String> {
    match fetch::find(name).filter(|_| !Path::new(name).exists()) {
        Some(collection) => Ok(collection.fetched()?.display().to_string()),
        None => Ok(name.to_owned()),
    }
}

/// Refuses instructions that mean nothing for the data set with this name.
pub(super) fn check(source: &str, reading: &Reading) -> Result<()> {
    match source {
        "digits" => Kind::Idx.check(Path::new(source), reading),
        "-" => Kind::Table.check(Path::new(STANDARD_INPUT), reading),
        name => {
            let name = resolved(name)?;
            Kind::of(Path::new(&name))?.check(Path::new(&name), reading)
        }
    }
}

/// How to read a table. Gaps are left as they are unless they are refused, which is done where the line is known.
pub(super) fn table_options(content: Option<&[u8]>, reading: &Reading) -> TableOptions {
    // A stream has no name that could tell tabs from commas.
    let first = content.and_then(|content| content.split(|&byte| byte == b'\n').next()).unwrap_or_default();
    let tabs = first.contains(&b'\t') && !first.contains(&b',');
    TableOptions {
        delimiter: reading.delimiter.or(tabs.then_some('\t')),
        decimal: reading.decimal,
        missing: reading.missing.clone(),
        header: reading.header,
        label: reading.label.clone(),
        drop: reading.drop.clone(),
        impute: if reading.impute == Impute::Refuse { Impute::Refuse } else { Impute::Keep },
    }
}

/// The text of a table, if it is not that of the file itself: of a Parquet file, or none if there is no table.
pub(super) struct TableText {
    pub(super) content: Option<Vec<u8>>,
    /// How it is to be read.
    pub(super) reading: Reading,
}

impl TableText {
    /// At most so many rows, if that is up to us; `None` if this is no table.
    pub(super) fn of(path: &Path, reading: &Reading, most: usize) -> Result<Option<Self>> {
        Ok(match Kind::of(path)? {
            Kind::Table => Some(TableText { content: None, reading: reading.clone() }),
            Kind::Parquet => {
                let content = Some(parquet::as_csv(path, most)?);
                Some(TableText { content, reading: parquet::as_table(reading) })
            }
            _ => None,
        })
    }
}

/// The names of all columns of a table, and whether the file gives them.
pub(super) fn names(path: &Path, content: Option<&[u8]>, reading: &Reading) -> Result<(Vec<String>, bool)> {
    let options = TableOptions { label: None, drop: vec![], ..table_options(content, reading) };
    let stream = match content {
        Some(content) => table::Stream::new(path, content, &options),
        None => table::Stream::open(path, &options),
    };
    let stream = stream.map_err(|error| explain::in_new_data(error, path, content, &options))?;
    Ok((stream.columns(), stream.header()))
}
