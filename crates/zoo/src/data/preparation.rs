//! What is done to data before a model sees them, learnt from the training examples and kept with the
//! model, so that other data are treated the same way.

use std::path::Path;

use autograd::Tensor;
use nn::data::split::{Fractions, Split as Numbering};
use nn::data::table::Column;
use nn::data::transform::Scaling;
use nn::{Dataset, Error, Result};
use serde::{Deserialize, Serialize};

use super::input::Input;
use super::kind::Kind;
use super::numbers::{Found, NOTHING, Numbers};
use super::raw::{self, Raw};
use super::range::{self, Range};
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
    /// Whether the features are pixels that were bytes, of which 255 has become 1, or lay in `[0, 1]` as such pixels
    /// do. Bytes in other data become the same.
    #[serde(default)]
    bytes: bool,
    /// The smallest and the largest value of each feature, or of all if the features are pixels.
    #[serde(default)]
    ranges: Vec<Range>,
    /// What is taken for a missing value of each feature; empty where data with gaps are refused.
    fill: Vec<f64>,
    /// `y = (x − shift) / scale` of each feature, or of all if there is one number; empty for `y = x`.
    shift: Vec<f64>,
    scale: Vec<f64>,
}

/// Data ready for a model.
pub struct Prepared {
    /// Those for training and those for testing; samples of them if they are too many for memory.
    pub rows: [Rows; 2],
    /// What was done to them.
    pub preparation: Preparation,
    /// All training examples, if they are too many for memory.
    pub stored: Option<Stored>,
    /// Sentences for the user about what was found in the data.
    pub notes: Vec<String>,
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
    let input = Input::open(source)?;
    let Prepared { rows, preparation, stored, notes } = input.named(prepared(&input, reading))?;
    Ok(Prepared { rows, preparation, stored, notes: input.notes(&notes) })
}

fn prepared(input: &Input, reading: &Reading) -> Result<Prepared> {
    let name = input.path();
    raw::check(input, reading)?;
    if let Some(large) = Large::read(input, reading)? {
        let [train, test] = large.samples.each_ref().map(|(data, names)| Part::all(data, names));
        let mut prepared = Preparation::learn(name, reading, &large.like, [train, test])?;
        prepared.preparation.examples = large.examples();
        if let Some(class) = large.last_class().filter(|class| *class as usize >= prepared.preparation.classes) {
            return Err(Error::file(
                name,
                format!("class {class} is so rare that no row of a sample has it; leave its rows out"),
            ));
        }
        prepared.stored = Some(large.stored(&prepared.preparation));
        return Ok(prepared);
    }
    let raw = Raw::read(input, reading)?;
    refuse_index(name, &raw)?;
    let names = raw.file_names();
    let parts = split(name, &raw, &names, reading)?;
    Preparation::learn(name, reading, &raw, parts)
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
    let first = raw.data.x.column(0, 0..rows);
    match first.iter().enumerate().all(|(row, value)| *value == first[0] + row as f64) {
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

/// Some examples of those that were read.
pub(super) struct Part<'a> {
    data: &'a Found,
    /// Which of them, counted from 0.
    places: Vec<usize>,
    /// What each of all is called; if these are no names, they are called by their numbers, counted from 1.
    names: &'a [String],
}

impl<'a> Part<'a> {
    fn all(data: &'a Found, names: &'a [String]) -> Self {
        Part { data, places: (0..data.len()).collect(), names }
    }

    fn column(&self, feature: usize) -> Vec<f64> {
        self.data.x.column(feature, self.places.iter().copied())
    }

    fn name(&self, place: usize) -> String {
        self.names.get(place).cloned().unwrap_or_else(|| (place + 1).to_string())
    }

    fn labels(&self) -> Option<Vec<u32>> {
        let labels = self.data.labels.as_ref()?;
        Some(self.places.iter().map(|&place| labels[place]).collect())
    }
}

/// The examples for training and for testing.
fn split<'a>(path: &Path, raw: &'a Raw, names: &'a [String], reading: &Reading) -> Result<[Part<'a>; 2]> {
    if let Some(test) = &raw.test {
        return Ok([Part::all(&raw.data, names), Part::all(test, &[])]);
    }
    let examples = raw.data.len();
    if examples < 2 {
        return Err(Error::file(
            path,
            "there is only 1 example; training needs at least 2, one of them to test with",
        ));
    }
    let fractions = Fractions { validation: 0.0, test: reading.test_fraction };
    let numbers = match &raw.data.labels {
        Some(labels) => Numbering::stratified(labels, fractions, SPLIT_SEED),
        None => Numbering::random(examples, fractions, SPLIT_SEED),
    };
    let numbers = numbers.map_err(|error| {
        let labels = match (&reading.label, &raw.data.labels) {
            (Some(_), _) => "leave the labels out (--drop-columns in place of --label-column), or ",
            (None, Some(_)) => "give the examples without classes, or ",
            (None, None) => "",
        };
        let problem = format!("{error}; {labels}choose another --test-fraction, such as 0.5");
        Error::file(path, problem)
    })?;
    Ok([numbers.train, numbers.test].map(|places| Part { data: &raw.data, places, names }))
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
            bytes: false,
            ranges: vec![],
            fill: vec![],
            shift: vec![],
            scale: vec![],
        }
    }

    /// Learns from training examples what has to be done to them, and does it to all.
    fn learn(path: &Path, reading: &Reading, like: &Raw, [train, test]: [Part; 2]) -> Result<Prepared> {
        let mut learnt = Preparation {
            reading: reading.clone(),
            examples: train.places.len(),
            features: train.data.width(),
            image: train.data.image,
            columns: like.columns.clone(),
            classes: train.labels().iter().flatten().max().map_or(0, |last| *last as usize + 1),
            class_names: like.classes.clone(),
            bytes: like.bytes,
            ranges: vec![],
            fill: vec![],
            shift: vec![],
            scale: vec![],
        };
        learnt.learn_fill(path, &train)?;
        train.data.x.each_row(train.places.iter().copied(), |place, row| {
            learnt.fill_row(path, &mut row.to_vec(), || train.name(place))
        })?;
        match like.pixels {
            true => learnt.learn_pixels(&train)?,
            false => learnt.learn_columns(&train)?,
        }
        let lost = if like.pixels { vec![] } else { learnt.lost_digits(&train) };
        let rows = [learnt.rows(path, &train)?, learnt.rows(path, &test)?];
        let notes = like.notes.iter().cloned().chain(lost).collect();
        Ok(Prepared { rows, preparation: learnt, stored: None, notes })
    }

    /// Reads other data, and prepares them as the training examples were. All examples come in their
    /// order; where the data themselves say which are for testing, those come last.
    ///
    /// # Errors
    /// If the data cannot be read, or do not have the features of the training examples.
    pub fn read(&self, source: &str) -> Result<Rows> {
        let input = Input::open(source)?;
        input.named(self.read_input(&input))
    }

    fn read_input(&self, input: &Input) -> Result<Rows> {
        let path = input.path();
        let reading = self.reading_of(input)?;
        let mut raw = Raw::read(input, &reading)?.together();
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
        let raw = self.match_white(raw);
        let names = raw.file_names();
        let mut rows = self.rows(path, &Part::all(&raw.data, &names))?;
        rows.notes = input.notes(&raw.notes);
        rows.notes.extend(self.far_outside(&raw.data.x).map(|text| input.warning(&text)));
        Ok(rows)
    }

    /// Gives pixels the white of the training examples.
    fn match_white(&self, mut raw: Raw) -> Raw {
        let in_unit_interval = self.ranges.iter().all(|[low, high]| *low >= 0.0 && *high <= 1.0);
        if raw.bytes && !self.bytes && !in_unit_interval {
            raw.data.x = raw.data.x.map(|pixel| pixel * WHITE);
        } else if self.bytes && !raw.bytes && raw.data.x.look_like_bytes() {
            raw.data.x = raw.data.x.map(|pixel| pixel / WHITE);
            raw.notes.push(
                "these whole numbers from 0 to 255 are taken for bytes and divided by 255, as the pixels were that \
                 the model learnt from"
                    .into(),
            );
        }
        raw
    }

    /// A sentence about data that lie far outside of what the model learnt.
    fn far_outside(&self, x: &Numbers) -> Option<String> {
        let found = range::outside(x, &self.ranges)?;
        let all = self.ranges.len() == 1 && self.features > 1;
        let place = if all { "the values".into() } else { place(&self.columns, false, found.column) };
        let others = match found.others {
            0 => String::new(),
            1 => ", and 1 column besides".into(),
            others => format!(", and {others} columns besides"),
        };
        let [[low, high], [learnt_low, learnt_high]] =
            [found.range, self.ranges[found.column]].map(|range| range.map(short));
        let (run, rows) = (if all { "run" } else { "runs" }, x.shape()[0]);
        Some(format!(
            "{place} {run} from {low} to {high}, where the model learnt from {learnt_low} to {learnt_high}{others}; in \
             {} of {rows} rows it knows nothing about such values: has the unit changed?",
            found.rows
        ))
    }

    /// Undoes the scaling of `[examples, features]`: from what a model sees to the units of the data. Digits that
    /// single precision does not have at this scale are rounded away, so that 31 comes back as 31.
    ///
    /// # Panics
    /// If there is another number of features.
    #[track_caller]
    pub fn restore_units(&self, x: &Tensor<f32>) -> Tensor<f64> {
        let Some(scaling) = self.scaling() else { return x.cast() };
        let (values, scale) = (scaling.invert::<f64>(x).to_vec(), scaling.scale.to_vec());
        let x = x.to_vec();
        Tensor::from_fn([x.len() / self.features.max(1), self.features], |i| {
            // A model computes with numbers of about 1, of which single precision has no more digits.
            let precision = f64::from(f32::EPSILON) * f64::from(x[i].abs().max(1.0)) * scale[i % self.features];
            rounded(values[i], precision)
        })
    }

    /// Whether what a model sees has another scale than the data.
    pub fn is_scaled(&self) -> bool {
        !self.scale.is_empty()
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
    fn reading_of(&self, input: &Input) -> Result<Reading> {
        let (path, mut reading) = (input.path(), self.reading.clone());
        if input.is_digits() {
            return Ok(reading);
        }
        let kind = Kind::of(path)?;
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
            return Ok(Reading { drop: vec![], label: None, ..reading });
        }
        let columns = raw::columns(path, &reading)?;
        let there = |column: &Column| match column {
            Column::Name(name) => columns.header && columns.names.contains(name),
            // Numbers count the columns of the training file, so they fit only a file with all of them.
            Column::Number(number) => *number <= columns.names.len() && columns.names.len() > self.features,
        };
        reading.drop.retain(there);
        reading.label = reading.label.filter(there);
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
        raw.data.x = raw.data.x.columns(&order);
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

    fn learn_fill(&mut self, path: &Path, train: &Part) -> Result<()> {
        if self.reading.impute == Impute::Refuse {
            return Ok(());
        }
        for feature in 0..self.features {
            let mut known = train.column(feature);
            known.retain(|value| !value.is_nan());
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

    /// Fills the gaps of a row, or refuses them.
    fn fill_row(&self, path: &Path, row: &mut [f64], name: impl Fn() -> String) -> Result<()> {
        for (feature, value) in row.iter_mut().enumerate().filter(|(_, value)| !value.is_finite()) {
            match self.fill.get(feature).filter(|_| value.is_nan()) {
                Some(fill) => *value = *fill,
                None => {
                    let place = place(&self.columns, self.image.is_some(), feature);
                    return Err(Error::file(path, unusable(*value, &name(), &place)));
                }
            }
        }
        Ok(())
    }

    /// One scale for all pixels: each is a value of the same feature.
    fn learn_pixels(&mut self, train: &Part) -> Result<()> {
        let mut range = NOTHING;
        train.data.x.each_row(train.places.iter().copied(), |_, row| {
            range = row.iter().fold(range, |[low, high], value| [low.min(*value), high.max(*value)]);
            Ok::<(), Error>(())
        })?;
        self.ranges = vec![range];
        let [low, high] = range;
        let scaling = match self.reading.scale {
            Scale::None => return Ok(()),
            Scale::Auto if low >= 0.0 && high <= 1.0 => return Ok(()),
            Scale::Auto | Scale::MinMax => Scaling::min_max(&Tensor::<f64>::from_vec([2, 1], range.to_vec()))?,
            Scale::Standard => {
                let mut values = Vec::with_capacity(train.places.len() * self.features);
                train.data.x.each_row(train.places.iter().copied(), |_, row| {
                    values.extend(row.iter().map(|pixel| *pixel as f32));
                    Ok::<(), Error>(())
                })?;
                Scaling::standardize(&Tensor::from_vec([values.len(), 1], values))?
            }
        };
        (self.shift, self.scale) = (scaling.shift.to_vec(), scaling.scale.to_vec());
        Ok(())
    }

    /// A scale for each column. One column after the other, so that not all are in memory a second time.
    fn learn_columns(&mut self, train: &Part) -> Result<()> {
        for feature in 0..self.features {
            let values = self.filled_column(feature, train.column(feature));
            self.ranges.push(values.iter().fold(NOTHING, |[low, high], v| [low.min(*v), high.max(*v)]));
            let values = Tensor::from_vec([values.len(), 1], values);
            let scaling = match self.reading.scale {
                Scale::None => continue,
                Scale::Auto | Scale::Standard => Scaling::standardize(&values)?,
                Scale::MinMax => Scaling::min_max(&values)?,
            };
            self.shift.push(scaling.shift.item());
            self.scale.push(scaling.scale.item());
        }
        Ok(())
    }

    fn filled_column(&self, feature: usize, mut values: Vec<f64>) -> Vec<f64> {
        if let Some(fill) = self.fill.get(feature) {
            values.iter_mut().filter(|value| value.is_nan()).for_each(|value| *value = *fill);
        }
        values
    }

    /// A sentence for each column in which values that differ have become equal.
    fn lost_digits(&self, train: &Part) -> Vec<String> {
        /// So many rows are looked at. Of more, a few are equal by chance.
        const ENOUGH: usize = 4096;
        /// So many of a hundred different values may become equal to another.
        const FEW: usize = 1;
        let step = train.places.len().div_ceil(ENOUGH).max(1);
        let different = |mut values: Vec<f64>| {
            values.sort_unstable_by(f64::total_cmp);
            values.dedup();
            values
        };
        let mut notes = vec![];
        for feature in 0..self.features {
            let places = train.places.iter().copied().step_by(step);
            let values = different(self.filled_column(feature, train.data.x.column(feature, places)));
            let [shift, scale] = [(&self.shift, 0.0), (&self.scale, 1.0)]
                .map(|(of, none)| of.get(feature).copied().unwrap_or(none));
            let seen = values.iter().map(|value| f64::from(((value - shift) / scale) as f32));
            let (before, after) = (values.len(), different(seen.collect()).len());
            if (before - after) * 100 > before * FEW {
                let place = place(&self.columns, false, feature);
                let hint = match self.is_scaled() {
                    false => "scale it, as with --scale standard",
                    true => "a few values far from all others make its scale so large",
                };
                notes.push(format!(
                    "{place} loses digits: of {before} different values {after} are left in single precision, in \
                     which models learn; {hint}"
                ));
            }
        }
        notes
    }

    /// Examples ready for the model.
    fn rows(&self, path: &Path, part: &Part) -> Result<Rows> {
        let x = self.prepared(path, &part.data.x, &part.places, |place| part.name(place))?;
        let data = Dataset { x, labels: part.labels(), image: self.image };
        let names = part.places.iter().map(|&place| part.name(place)).collect();
        Ok(Rows { data, names, notes: vec![] })
    }

    /// Some of these rows, filled and scaled; errors call each by its `name`.
    pub(super) fn prepared(
        &self,
        path: &Path,
        x: &Numbers,
        places: &[usize],
        name: impl Fn(usize) -> String,
    ) -> Result<Tensor<f32>> {
        /// Rows that are in memory in double precision.
        const AT_ONCE: usize = 512;
        let (scaling, width) = (self.scaling(), self.features);
        let mut all = Vec::with_capacity(places.len() * width);
        let mut block = vec![];
        for places in places.chunks(AT_ONCE) {
            block.clear();
            x.each_row(places.iter().copied(), |place, row| {
                let start = block.len();
                block.extend_from_slice(row);
                self.fill_row(path, &mut block[start..], || name(place))
            })?;
            let read = Tensor::from_vec([places.len(), width], std::mem::take(&mut block));
            let seen = scaling.as_ref().map_or_else(|| read.cast(), |scaling| scaling.apply(&read));
            let seen = seen.to_vec();
            if let Some(i) = seen.iter().position(|value| !value.is_finite()) {
                let (row, place) = (name(places[i / width]), place(&self.columns, self.image.is_some(), i % width));
                let value = read.to_vec()[i];
                let problem = match self.is_scaled() {
                    false => "is too large for single precision; scale the data, as with --scale standard",
                    true => "lies too far from the training examples for single precision; correct it",
                };
                return Err(Error::file(path, format!("row {row}, {place}: the value {value:e} {problem}")));
            }
            all.extend(seen);
        }
        Ok(Tensor::from_vec([places.len(), width], all))
    }

    fn scaling(&self) -> Option<Scaling<Tensor<f64>>> {
        let tensor =
            |values: &[f64]| Tensor::from_vec([values.len()], values.to_vec()).expand([self.features]);
        self.is_scaled().then(|| Scaling { shift: tensor(&self.shift), scale: tensor(&self.scale) })
    }
}

/// A number as people write it, if it is one of single precision.
fn short(x: f64) -> String {
    if f64::from(x as f32) == x { (x as f32).to_string() } else { x.to_string() }
}

/// The value of a byte that is white.
const WHITE: f64 = 255.0;

/// `x` rounded to a power of ten that is not smaller than `distance`, as far as that power is exact.
fn rounded(x: f64, distance: f64) -> f64 {
    let digits = -distance.log10().ceil();
    // Beyond these powers of ten are not exact.
    if !(-22.0..=22.0).contains(&digits) || x == 0.0 {
        return x;
    }
    let (unit, by_unit) = (10.0_f64.powi(digits.abs() as i32), digits >= 0.0);
    let scaled = if by_unit { x * unit } else { x / unit };
    // From there on all numbers are whole.
    if scaled.abs() >= 4_503_599_627_370_496.0 {
        return x;
    }
    let whole = scaled.round();
    if by_unit { whole / unit } else { whole * unit }
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
pub(super) fn unusable(value: f64, row: &str, place: &str) -> String {
    match value.is_nan() {
        true => format!("row {row}, {place}: the value is missing; {}", raw::GAPS),
        false => format!("row {row}, {place}: the value is {value}; correct it"),
    }
}
