//! What is done to data before a model sees them, learnt from the training examples and kept with the
//! model, so that other data are treated the same way.

use std::path::Path;

use autograd::Tensor;
use nn::data::split::{Fractions, Split as Numbers};
use nn::data::table::Column;
use nn::data::transform::Scaling;
use nn::{Dataset, Error, Result};
use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::raw::{self, Raw, resolved};
use super::stored::{Large, Stored};
use super::{Impute, Reading, Rows, Scale, Split};

/// What was learnt from the training examples, and what they were like.
///
/// It is stored as JSON beside a model's parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preparation {
    /// How the data were read.
    pub reading: Reading,
    /// Training examples.
    pub examples: usize,
    /// Numbers in an example.
    pub features: usize,
    /// Height and width, if an example is a grey image.
    pub image: Option<[usize; 2]>,
    /// The name of every feature; empty if they have none.
    pub columns: Vec<String>,
    /// One more than the largest class of a training example; 0 without classes.
    pub classes: usize,
    /// The name of every class; empty if they have none.
    pub class_names: Vec<String>,
    /// What is taken for a missing value of each feature; empty where data with gaps are refused.
    fill: Vec<f32>,
    /// `y = (x − shift) / scale` of each feature, or of all if there is one number; empty for `y = x`.
    shift: Vec<f32>,
    scale: Vec<f32>,
}

/// How a model sees the data: `y = (x − shift) / scale`, with `fill` in place of missing values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Units {
    /// A number for each feature, or none where nothing is filled in.
    pub fill: Vec<f64>,
    /// A number for each feature, or one for all, or none for `y = x`.
    pub shift: Vec<f64>,
    /// As many as there are shifts.
    pub scale: Vec<f64>,
}

/// Data ready for a model.
pub struct Prepared {
    /// Those for training and those for testing; samples of them if they are too many for memory.
    pub rows: [Rows; 2],
    /// What was done to them.
    pub preparation: Preparation,
    /// All training examples, if they are too many for memory.
    pub stored: Option<Stored>,
}

/// Reads the data set with this name as [`load`](super::load) does, repairs and scales it as `reading`
/// says, and splits it. What is needed for that is learnt from the training part alone.
///
/// # Errors
/// If the data cannot be read, or not be used as `reading` says.
pub fn prepare(source: &str, reading: &Reading) -> Result<(Split, Preparation)> {
    let Prepared { rows: [train, test], preparation, .. } = prepare_rows(source, reading)?;
    Ok((Split { name: source.to_owned(), train: train.data, test: test.data }, preparation))
}

/// Like [`prepare`], with the names of the rows, and with data that do not fit into memory.
///
/// # Errors
/// Those of [`prepare`].
pub fn prepare_rows(source: &str, reading: &Reading) -> Result<Prepared> {
    reading.check()?;
    let name = Path::new(source);
    raw::check(source, reading)?;
    if let Some(mut large) = Large::read(&resolved(source)?, reading)? {
        let empty = || Rows::numbered(large.like.data.clone(), vec![]);
        let [train, test] = std::mem::replace(&mut large.samples, [empty(), empty()]);
        let (rows, mut preparation) = Preparation::learn(name, reading, &large.like, train, test)?;
        preparation.examples = large.examples();
        if let Some(class) = large.last_class().filter(|class| *class as usize >= preparation.classes) {
            return Err(Error::file(
                name,
                format!("class {class} is so rare that no row of a sample has it; leave its rows out"),
            ));
        }
        let stored = Some(large.stored(&preparation));
        return Ok(Prepared { rows, preparation, stored });
    }
    let raw = Raw::read(source, reading)?;
    refuse_index(name, &raw)?;
    let like = raw.outline();
    let (train, test) = split(source, raw, reading)?;
    let (rows, preparation) = Preparation::learn(name, reading, &like, train, test)?;
    Ok(Prepared { rows, preparation, stored: None })
}

/// Refuses a first column without a name that counts the rows: pandas writes its index so, and a model would
/// take it for a feature.
fn refuse_index(path: &Path, raw: &Raw) -> Result<()> {
    let unnamed =
        |place: usize| raw.columns.get(place).is_some_and(|name| *name == format!("column {}", place + 1));
    let rows = raw.data.len();
    if !unnamed(0) || raw.columns.len() < 2 || unnamed(1) || rows < 2 {
        return Ok(());
    }
    let first = raw.data.x.slice(1, 0, 1, 1).to_vec();
    match first.iter().enumerate().all(|(row, value)| *value == first[0] + row as f32) {
        false => Ok(()),
        true => Err(Error::file(
            path,
            "the first column has no name and counts the rows, as an index does; leave it out with \
             --drop-columns 1, or give it a name",
        )),
    }
}

/// The seed by which files are split: always the same, so that models with different seeds are judged by the
/// same examples.
pub(super) const SPLIT_SEED: u64 = 0;

/// The examples for training and for testing, still as they were read.
fn split(source: &str, mut raw: Raw, reading: &Reading) -> Result<(Rows, Rows)> {
    let names = raw.files.iter().map(|file| file.display().to_string()).collect();
    let ids = raw.ids.take();
    if let Some(test) = raw.test.take() {
        return Ok((Rows::numbered(raw.data, names), Rows::numbered(test, vec![])));
    }
    let examples = raw.data.len();
    if examples < 2 {
        return Err(Error::file(
            Path::new(source),
            "there is only 1 example; training needs at least 2, one of them to test with",
        ));
    }
    let fractions = Fractions { validation: 0.0, test: reading.test_fraction };
    let numbers = match &raw.data.labels {
        Some(labels) => Numbers::stratified(labels, fractions, SPLIT_SEED),
        None => Numbers::random(examples, fractions, SPLIT_SEED),
    };
    let numbers = numbers.map_err(|error| {
        let labels = match (&reading.label, &raw.data.labels) {
            (Some(_), _) => "leave the labels out (--drop-columns in place of --label-column), or ",
            (None, Some(_)) => "give the examples without classes, or ",
            (None, None) => "",
        };
        let problem = format!("{error}; {labels}choose another --test-fraction, such as 0.5");
        Error::file(Path::new(source), problem)
    })?;
    let all = Rows { ids, ..Rows::numbered(raw.data, names) };
    Ok((all.chosen(&numbers.train), all.chosen(&numbers.test)))
}

impl Preparation {
    /// Nothing is done to these examples, which were not read from anywhere.
    pub fn plain(data: &Dataset) -> Self {
        Preparation {
            reading: Reading::default(),
            examples: data.len(),
            features: data.width(),
            image: data.image,
            columns: vec![],
            classes: data.labels.iter().flatten().max().map_or(0, |last| *last as usize + 1),
            class_names: vec![],
            fill: vec![],
            shift: vec![],
            scale: vec![],
        }
    }

    /// Learns from training examples what has to be done to them, and does it to all.
    fn learn(
        name: &Path,
        reading: &Reading,
        like: &Raw,
        train: Rows,
        test: Rows,
    ) -> Result<([Rows; 2], Preparation)> {
        let mut learnt = Preparation {
            reading: reading.clone(),
            examples: train.data.len(),
            features: train.data.width(),
            image: train.data.image,
            columns: like.columns.clone(),
            classes: train.data.labels.iter().flatten().max().map_or(0, |last| *last as usize + 1),
            class_names: like.classes.clone(),
            fill: vec![],
            shift: vec![],
            scale: vec![],
        };
        learnt.learn_fill(name, &train)?;
        let train = learnt.filled(name, train)?;
        learnt.learn_scale(&train.data.x, like.pixels)?;
        let test = learnt.filled(name, test)?;
        let rows = [train, test].map(|mut rows| {
            rows.data.x = learnt.scaled(rows.data.x);
            rows
        });
        Ok((rows, learnt))
    }

    /// Fills and scales `[examples, features]` that have been checked.
    pub(super) fn apply(&self, mut x: Tensor<f32>) -> Tensor<f32> {
        if !self.fill.is_empty() {
            let values = x.make_mut();
            for (place, value) in values.iter_mut().enumerate().filter(|(_, value)| value.is_nan()) {
                *value = self.fill[place % self.features];
            }
        }
        self.scaled(x)
    }

    /// Reads other data, and prepares them as the training examples were. All examples come in their
    /// order; where the data themselves say which are for testing, those come last.
    ///
    /// # Errors
    /// If the data cannot be read, or do not have the features of the training examples.
    pub fn read(&self, source: &str) -> Result<Rows> {
        let (path, content) = match source {
            "-" => (Path::new(raw::STANDARD_INPUT), Some(raw::standard_input()?)),
            name => (Path::new(name), None),
        };
        let reading = self.reading_of(path, content.as_deref())?;
        let mut raw = match &content {
            Some(content) => Raw::of_table(path, Some(content), &reading)?,
            None => Raw::read(source, &reading)?,
        };
        if let Some(test) = raw.test.take() {
            let labels = raw.data.labels.take().zip(test.labels).map(|(a, b)| [a, b].concat());
            raw.data =
                Dataset { x: Tensor::concat(&[&raw.data.x, &test.x], 0), labels, image: raw.data.image };
        }
        self.match_columns(path, &mut raw)?;
        self.match_classes(path, &mut raw)?;
        let (found, wanted) = (raw.data.width(), self.features);
        if found != wanted {
            let (what, hint) = match self.image {
                Some([height, width]) => ("pixels", format!(" ({height} × {width})")),
                None => ("features", String::new()),
            };
            return Err(Error::file(
                path,
                format!("the examples have {found} {what}, but the model was trained with {wanted}{hint}"),
            ));
        }
        raw.data.image = self.image;
        let names = raw.files.iter().map(|file| file.display().to_string()).collect();
        let rows = Rows { ids: raw.ids, ..Rows::numbered(raw.data, names) };
        let mut rows = self.filled(path, rows)?;
        rows.data.x = self.scaled(rows.data.x);
        Ok(rows)
    }

    /// The same, but carrying along this column of a table. It need not have been there in training.
    pub fn carrying(self, id: Column) -> Self {
        Preparation { reading: Reading { id: Some(id), ..self.reading }, ..self }
    }

    /// Undoes the scaling of `[examples, features]`: from what a model sees to the units of the data.
    ///
    /// # Panics
    /// If there is another number of features.
    #[track_caller]
    pub fn restore_units(&self, x: &Tensor<f32>) -> Tensor<f32> {
        self.scaling().map_or_else(|| x.clone(), |scaling| scaling.invert(x))
    }

    /// The units of the data as numbers, for programs that prepare examples themselves.
    pub fn units(&self) -> Units {
        let exact = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect();
        Units { fill: exact(&self.fill), shift: exact(&self.shift), scale: exact(&self.scale) }
    }

    /// Whether gaps are filled in.
    pub fn fills(&self) -> bool {
        !self.fill.is_empty()
    }

    /// The name of a feature, `column 3` or `pixel 3` if it has none; counted from 0.
    pub fn feature(&self, number: usize) -> String {
        match self.columns.get(number) {
            Some(name) => name.clone(),
            None if self.image.is_some() => format!("pixel {}", number + 1),
            None => format!("column {}", number + 1),
        }
    }

    /// How to read other data: columns that were left out or hold labels may be absent there.
    fn reading_of(&self, path: &Path, content: Option<&[u8]>) -> Result<Reading> {
        let mut reading = self.reading.clone();
        let kind = match content {
            Some(_) => Kind::Table,
            None if path.exists() => Kind::of(path)?,
            None => return Ok(reading),
        };
        if matches!(kind, Kind::Pictures | Kind::Picture) {
            reading.size = reading.size.or(self.image);
            if !self.columns.is_empty() || reading.size.is_none() {
                let trained = format!("the model was trained with examples of {} features", self.features);
                return Err(Error::file(path, format!("{trained}, and these are pictures")));
            }
        }
        if self.columns.is_empty() {
            return Ok(reading);
        }
        if !matches!(kind, Kind::Table | Kind::Parquet) {
            // An array has no columns that could be left out, and labels of its own.
            return Ok(Reading { drop: vec![], label: None, id: None, ..reading });
        }
        let columns = raw::columns(path, content, &reading)?;
        let there = |column: &Column| match column {
            Column::Name(name) => columns.header && columns.names.contains(name),
            // Numbers count the columns of the training file, so they fit only a file with all of them.
            Column::Number(number) => *number <= columns.names.len() && columns.names.len() > self.features,
        };
        reading.drop.retain(there);
        reading.label = reading.label.filter(there);
        // One that was chosen just now counts the columns of this file.
        let here = |id: &Column| matches!(id, Column::Number(number) if !reading.drop.contains(id) && *number <= columns.names.len());
        reading.id = reading.id.filter(|id| there(id) || here(id));
        // A column that is carried along and was not there in training is no feature either.
        let feature = |id: &Column| match id {
            Column::Name(name) => self.columns.contains(name),
            Column::Number(number) => self.columns.contains(&columns.names[number - 1]),
        };
        let strange =
            |id: &&Column| !feature(id) && !reading.drop.contains(id) && reading.label.as_ref() != Some(*id);
        let strange = reading.id.as_ref().filter(strange).cloned();
        reading.drop.extend(strange);
        Ok(reading)
    }

    /// Brings named columns into the order of the training file.
    fn match_columns(&self, path: &Path, raw: &mut Raw) -> Result<()> {
        let named = |columns: &[String]| {
            columns.iter().enumerate().any(|(i, name)| *name != format!("column {}", i + 1))
        };
        if self.columns == raw.columns || !named(&self.columns) || !named(&raw.columns) {
            return Ok(());
        }
        for (columns, whose) in [(&self.columns, "of the training data"), (&raw.columns, "here")] {
            if let Some(name) = repeated(columns) {
                let problem = format!(
                    "two columns {whose} are called `{name}`, so nobody can say which is which; give the \
                     columns the order of the training data, or names of their own"
                );
                return Err(Error::file(path, problem));
            }
        }
        let place = |name: &String| {
            raw.columns.iter().position(|other| other == name).ok_or_else(|| {
                Error::file(path, format!("there is no column `{name}`, which the model was trained with"))
            })
        };
        let order = self.columns.iter().map(place).collect::<Result<Vec<usize>>>()?;
        if let Some(extra) = raw.columns.iter().find(|name| !self.columns.contains(name)) {
            return Err(Error::file(
                path,
                format!("the model was not trained with a column `{extra}`; remove it from the file"),
            ));
        }
        raw.data.x = raw.data.x.index_select(1, &order);
        raw.columns = self.columns.clone();
        Ok(())
    }

    /// Gives named classes the numbers they had in training.
    fn match_classes(&self, path: &Path, raw: &mut Raw) -> Result<()> {
        let Some(labels) = &mut raw.data.labels else { return Ok(()) };
        if !raw.classes.is_empty() && raw.classes != self.class_names {
            let number = |name: &String| {
                let found = self.class_names.iter().position(|other| other == name);
                found.map(|number| number as u32).ok_or_else(|| {
                    let known = self.class_names.join(", ");
                    Error::file(
                        path,
                        format!("there was no class `{name}` in training; the classes are {known}"),
                    )
                })
            };
            let numbers = raw.classes.iter().map(number).collect::<Result<Vec<u32>>>()?;
            labels.iter_mut().for_each(|label| *label = numbers[*label as usize]);
        }
        match labels.iter().find(|label| **label as usize >= self.classes) {
            // A model without classes does not look at them.
            Some(label) if self.classes > 0 => Err(Error::file(
                path,
                format!("class {label} did not occur in training, where the last was {}", self.classes - 1),
            )),
            _ => Ok(()),
        }
    }

    fn learn_fill(&mut self, path: &Path, train: &Rows) -> Result<()> {
        if self.reading.impute == Impute::Refuse {
            return Ok(());
        }
        let (values, width) = (train.data.x.to_vec(), self.features);
        for feature in 0..width {
            let mut known: Vec<f32> =
                values.iter().skip(feature).step_by(width).copied().filter(|v| !v.is_nan()).collect();
            let Some(value) = self.reading.impute.value(&mut known) else {
                let name = self.feature(feature);
                let problem = format!(
                    "column `{name}` has no value in any training example; leave it out with --drop-columns"
                );
                return Err(Error::file(path, problem));
            };
            self.fill.push(value);
        }
        Ok(())
    }

    /// Fills the gaps, or refuses them.
    fn filled(&self, path: &Path, mut rows: Rows) -> Result<Rows> {
        let width = self.features;
        if rows.data.x.to_vec().iter().all(|value| value.is_finite()) {
            return Ok(rows);
        }
        let values = rows.data.x.make_mut();
        for (number, value) in values.iter_mut().enumerate().filter(|(_, value)| !value.is_finite()) {
            let (row, feature) = (number / width, number % width);
            if value.is_nan() && !self.fill.is_empty() {
                *value = self.fill[feature];
                continue;
            }
            let place = place(&self.columns, self.image.is_some(), feature);
            let problem = unusable(*value, &rows.names[row], &place);
            return Err(Error::file(path, problem));
        }
        Ok(rows)
    }

    fn learn_scale(&mut self, x: &Tensor<f32>, pixels: bool) -> Result<()> {
        let in_unit_interval = || x.to_vec().iter().all(|v| (0.0..=1.0).contains(v));
        let kind = match self.reading.scale {
            Scale::Auto if !pixels => Scale::Standard,
            Scale::Auto if in_unit_interval() => Scale::None,
            Scale::Auto => Scale::MinMax,
            chosen => chosen,
        };
        // One scale for all pixels: each is a value of the same feature.
        let x = if pixels { x.reshape([x.len(), 1]) } else { x.clone() };
        let scaling = match kind {
            Scale::None | Scale::Auto => return Ok(()),
            Scale::Standard => Scaling::standardize(&x)?,
            Scale::MinMax => Scaling::min_max(&x)?,
        };
        (self.shift, self.scale) = (scaling.shift.to_vec(), scaling.scale.to_vec());
        Ok(())
    }

    fn scaled(&self, x: Tensor<f32>) -> Tensor<f32> {
        self.scaling().map_or_else(|| x.clone(), |scaling| scaling.apply(&x))
    }

    fn scaling(&self) -> Option<Scaling<Tensor<f32>>> {
        let tensor =
            |values: &[f32]| Tensor::from_vec([values.len()], values.to_vec()).expand([self.features]);
        (!self.scale.is_empty()).then(|| Scaling { shift: tensor(&self.shift), scale: tensor(&self.scale) })
    }
}

/// A name that two columns have.
fn repeated(columns: &[String]) -> Option<&String> {
    columns.iter().enumerate().find(|(place, name)| columns[..*place].contains(name)).map(|(_, name)| name)
}

/// Where a feature stands: ``column `age` ``, `column 3` or `pixel 3`; counted from 0.
pub(super) fn place(columns: &[String], image: bool, number: usize) -> String {
    match columns.get(number) {
        Some(name) if *name != format!("column {}", number + 1) => format!("column `{name}`"),
        None if image => format!("pixel {}", number + 1),
        _ => format!("column {}", number + 1),
    }
}

/// The sentence about a value that is missing or infinite.
pub(super) fn unusable(value: f32, row: &str, place: &str) -> String {
    match value.is_nan() {
        true => format!("row {row}, {place}: the value is missing; {}", raw::GAPS),
        false => format!("row {row}, {place}: the value is {value}; correct it"),
    }
}
