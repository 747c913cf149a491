//! Reading data from wherever they are, as they are: nothing is filled in, scaled or split yet.

use std::fs;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};

use autograd::Tensor;
use nn::data::idx;
use nn::data::npy;
use nn::data::pictures::{self, PictureFolder, PictureOptions, Pictures};
use nn::data::table::{self, Column, Columns, TableOptions};
use nn::{Dataset, Error, Result};

use super::kind::Kind;
use super::{Impute, Reading, digits, fetch, of_images, parquet};

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
    /// Channels, height and width of an example that is a picture, whose features are its channels one after the other.
    pub(super) shape: Option<[usize; 3]>,
    /// Sentences about what was left out or changed while reading.
    pub(super) notes: Vec<String>,
}

impl Raw {
    pub(super) fn new(data: Dataset) -> Self {
        let pixels = data.image.is_some();
        let shape = data.image.map(|[height, width]| [1, height, width]);
        let (columns, classes, files, notes) = (vec![], vec![], vec![], vec![]);
        Raw { data, test: None, columns, classes, files, pixels, shape, notes }
    }

    /// The same without the examples.
    pub(super) fn outline(&self) -> Self {
        let data = Dataset { x: Tensor::zeros([0, self.data.width()]), labels: None, image: self.data.image };
        Raw {
            columns: self.columns.clone(),
            classes: self.classes.clone(),
            pixels: self.pixels,
            shape: self.shape,
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
        if fs::read_dir(path).is_ok_and(|entries| entries.count() == 0) {
            return Err(Error::file(
                path,
                "the folder is empty; it should hold pictures (.png, .jpg) or IDX files \
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
        let options = PictureOptions { height, width, colour: reading.colour };
        let Pictures { data, shape, classes, files, test, notes } =
            folder.read(&options, reading.skip_broken)?;
        let files = files.iter().map(|file| file.strip_prefix(path).unwrap_or(file).to_owned());
        let mut raw = Raw {
            files: files.collect(),
            classes: classes.unwrap_or_default(),
            pixels: true,
            shape: Some(shape),
            notes,
            ..Raw::new(data)
        };
        if test > 0 {
            let first = raw.data.len() - test;
            let part = |numbers: std::ops::Range<usize>| {
                let numbers: Vec<usize> = numbers.collect();
                let labels = raw.data.labels_of(&numbers);
                Dataset { x: raw.data.rows(&numbers), labels, image: raw.data.image }
            };
            let (train, test) = (part(0..first), part(first..first + test));
            (raw.data, raw.test) = (train, Some(test));
        }
        Ok(raw)
    }

    fn of_images(folder: idx::ImageFolder, white: f32) -> Self {
        Raw { test: Some(of_images(folder.test, white)), ..Raw::new(of_images(folder.train, white)) }
    }

    /// A single picture.
    fn of_picture(path: &Path, reading: &Reading) -> Result<Self> {
        let content = fs::read(path).map_err(|error| Error::io("read", path, error))?;
        let found = pictures::size_of(path, &content)?;
        let [height, width] = reading.size.unwrap_or(found);
        let notes = pictures::scaled(&[(found, 1)].into(), [height, width]).into_iter().collect();
        let options = PictureOptions { height, width, colour: reading.colour };
        let picture = pictures::parse(path, &content, &options)?;
        let shape = [reading.colour.channels(), height, width];
        let image = (shape[0] == 1).then_some([height, width]);
        let x = picture.reshape([1, picture.len()]);
        let data = Dataset { x, labels: None, image };
        Ok(Raw { files: vec![path.to_owned()], pixels: true, shape: Some(shape), notes, ..Raw::new(data) })
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
        let colours = match shape[..] {
            [_, height, width, 3] => Some([3, height, width]),
            _ => image.map(|[height, width]| [1, height, width]),
        };
        let x = if bytes && pixels { x.map(|byte| byte / 255.0) } else { x };
        Ok(Raw { pixels, shape: colours, ..Raw::new(Dataset { x, labels: None, image }) })
    }

    pub(super) fn of_table(path: &Path, content: Option<&[u8]>, reading: &Reading) -> Result<Self> {
        let options = table_options(content, reading);
        let read = match content {
            Some(content) => table::parse(path, content, &options),
            None => table::read(path, &options),
        };
        let read = read.map_err(|error| explain_text(error, path, content, &options))?;
        Ok(Raw { columns: read.columns, classes: read.classes.unwrap_or_default(), ..Raw::new(read.data) })
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

/// What to do about missing values, as the end of a sentence.
pub(super) const GAPS: &str =
    "fill such gaps with --impute mean or --impute median, or leave the column out with --drop-columns";

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
        header: reading.header,
        label: reading.label.clone(),
        drop: reading.drop.clone(),
        impute: if reading.impute == Impute::Refuse { Impute::Refuse } else { Impute::Keep },
    }
}

/// The columns of a table, in a file or in this content.
pub(super) fn columns(path: &Path, content: Option<&[u8]>, reading: &Reading) -> Result<Columns> {
    /// As many rows as are looked at for text.
    const ENOUGH: usize = 1000;
    if let Some(content) = content {
        return table::parse_columns(path, content, &table_options(Some(content), reading));
    }
    match Kind::of(path)? {
        Kind::Parquet => {
            let content = parquet::as_csv(path, ENOUGH)?;
            table::parse_columns(
                path,
                &content[..],
                &table_options(Some(&content), &parquet::as_table(reading)),
            )
        }
        _ => table::columns(path, &table_options(None, reading)),
    }
}

/// Names all columns of text at once, where one of them was the reason: so the next attempt succeeds.
pub(super) fn explain_text(
    error: Error,
    path: &Path,
    content: Option<&[u8]>,
    options: &TableOptions,
) -> Error {
    let Error::File { problem, .. } = &error else { return error };
    let looked = match content {
        Some(content) => table::parse_columns(path, content, options),
        None => table::columns(path, options),
    };
    let Ok(columns) = looked else { return error };
    if let ([only], None) = (&columns.names[..], options.delimiter)
        && let Some(sign) = [';', '\t', '|', ' '].into_iter().find(|sign| only.contains(*sign))
        // A name may have spaces; a field that is a row of numbers betrays what separates them.
        && (sign != ' ' || problem.split('"').nth(1).is_some_and(are_numbers))
    {
        let flag = if sign == '\t' { "$'\\t'".to_owned() } else { format!("'{sign}'") };
        return Error::file(
            path,
            format!("the first line has no comma, but {sign:?} between its fields; try --delimiter {flag}"),
        );
    }
    let problem = problem
        .replace("leave the column out with `drop`", "leave its column out with --drop-columns")
        .replace("the delimiter and `drop`", "--delimiter and --drop-columns")
        .replace("say with `impute` what to take instead (mean, median, zero)", GAPS);
    let Some((problem, _)) = problem.split_once("; leave its column out with --drop-columns") else {
        return Error::file(path, problem);
    };
    let spared = |place: usize| {
        let is = |column: &Column| match column {
            Column::Number(number) => *number == place + 1,
            Column::Name(name) => *name == columns.names[place],
        };
        options.drop.iter().chain(&options.label).any(is)
    };
    // A name with a comma would be taken for two.
    let by_name = |place: usize| columns.header && !columns.names[place].contains(',');
    let name =
        |&place: &usize| if by_name(place) { columns.names[place].clone() } else { (place + 1).to_string() };
    let text: Vec<String> = columns.text.iter().filter(|place| !spared(**place)).map(name).collect();
    match text.last() {
        None => Error::file(
            path,
            format!("{problem}; correct the value, or leave its column out with --drop-columns"),
        ),
        Some(last) => Error::file(
            path,
            format!(
                "{problem}; leave columns of text out with --drop-columns {}, or take one as label with \
                 --label-column {}",
                shell(&text.join(",")),
                shell(last)
            ),
        ),
    }
}

/// Whether this is several numbers with a space between each two.
fn are_numbers(text: &str) -> bool {
    text.contains(' ') && text.split(' ').all(|field| field.parse::<f32>().is_ok())
}

/// As one word of a command line.
fn shell(text: &str) -> String {
    let plain = |sign: char| sign.is_alphanumeric() || "_-.,:/".contains(sign);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
