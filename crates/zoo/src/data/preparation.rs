//! What is done to data before a model sees them, learnt from the training examples and kept with the
//! model, so that other data are treated the same way.

use std::path::Path;

use autograd::Tensor;
use nn::data::split::{Fractions, Split as Numbers};
use nn::data::table::quoted;
use nn::data::transform::Scaling;
use nn::{Dataset, Error, Result};
use serde::{Deserialize, Serialize};

use super::raw::{self, Raw, resolved};
use super::stored::{Large, Stored};
use super::{Impute, Reading, Rows, Scale, Split, explain, index};

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
    /// Mean and median of each feature, for other data that have gaps; empty for pixels, which have none, and for
    /// data of which there are too many.
    #[serde(default)]
    centres: [Vec<f32>; 2],
    /// `y = (x − shift) / scale` of each feature, or of all if there is one number; empty for `y = x`.
    shift: Vec<f32>,
    scale: Vec<f32>,
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
        index::refuse(name, &large.like.columns, &train.data.x, &reading.keep)?;
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
    index::refuse(name, &raw.columns, &raw.data.x, &reading.keep)?;
    let like = raw.outline();
    let (train, test) = split(source, raw, reading)?;
    let (rows, preparation) = Preparation::learn(name, reading, &like, train, test)?;
    Ok(Prepared { rows, preparation, stored: None })
}

/// The seed by which files are split: always the same, so that models with different seeds are judged by the
/// same examples.
pub(super) const SPLIT_SEED: u64 = 0;

/// The examples for training and for testing, still as they were read.
fn split(source: &str, mut raw: Raw, reading: &Reading) -> Result<(Rows, Rows)> {
    let names = raw.files.iter().map(|file| file.display().to_string()).collect();
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
    let all = Rows::numbered(raw.data, names);
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
            centres: Default::default(),
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
            centres: Default::default(),
            shift: vec![],
            scale: vec![],
        };
        learnt.learn_fill(name, &train, like.pixels)?;
        let train = learnt.filled(name, train, &learnt.fill)?;
        learnt.learn_scale(&train.data.x, like.pixels)?;
        let test = learnt.filled(name, test, &learnt.fill)?;
        let rows = [train, test].map(|Rows { mut data, names, .. }| {
            data.x = learnt.scaled(data.x);
            Rows { data, names, notes: like.notes.clone() }
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

    /// Undoes the scaling of `[examples, features]`: from what a model sees to the units of the data.
    ///
    /// # Panics
    /// If there is another number of features.
    #[track_caller]
    pub fn restore_units(&self, x: &Tensor<f32>) -> Tensor<f32> {
        self.scaling().map_or_else(|| x.clone(), |scaling| scaling.invert(x))
    }

    /// The name of a feature, `column 3` or `pixel 3` if it has none; counted from 0.
    pub fn feature(&self, number: usize) -> String {
        match self.columns.get(number) {
            Some(name) => name.clone(),
            None if self.image.is_some() => format!("pixel {}", number + 1),
            None => format!("column {}", number + 1),
        }
    }

    /// Learns what to take for missing values: here if they are to be filled, and in other data.
    fn learn_fill(&mut self, path: &Path, train: &Rows, pixels: bool) -> Result<()> {
        /// As many numbers as are sorted without being asked to.
        const FEW: usize = 1 << 22;
        let (values, width, impute) = (train.data.x.to_vec(), self.features, self.reading.impute);
        if impute == Impute::Refuse && (pixels || values.len() > FEW) {
            return Ok(());
        }
        for feature in 0..width {
            let mut known: Vec<f32> =
                values.iter().skip(feature).step_by(width).copied().filter(|v| !v.is_nan()).collect();
            let [mean, median] =
                [Impute::Mean, Impute::Median].map(|how| how.value(&mut known).unwrap_or(0.0));
            if impute != Impute::Refuse && impute != Impute::Zero && known.is_empty() {
                let name = quoted(&self.feature(feature));
                let problem = format!(
                    "column {name} has no value in any training example; leave it out with --drop-columns"
                );
                return Err(Error::file(path, problem));
            }
            self.centres[0].push(mean);
            self.centres[1].push(median);
        }
        if impute != Impute::Refuse {
            self.fill = self.fill_by(path, impute)?;
        }
        Ok(())
    }

    /// What to take for the missing values of each feature; nothing if they are refused.
    pub(super) fn fill_by(&self, path: &Path, impute: Impute) -> Result<Vec<f32>> {
        let [means, medians] = &self.centres;
        let values = match impute {
            Impute::Refuse | Impute::Keep => return Ok(self.fill.clone()),
            Impute::Zero => return Ok(vec![0.0; self.features]),
            Impute::Mean => means,
            Impute::Median => medians,
        };
        match values.is_empty() {
            false => Ok(values.clone()),
            true => Err(Error::file(
                path,
                "means and medians of the training data were not kept; fill the gaps in the file, or with \
                 --impute zero",
            )),
        }
    }

    /// Fills the gaps, or refuses them if there is nothing to `fill` them with.
    pub(super) fn filled(&self, path: &Path, mut rows: Rows, fill: &[f32]) -> Result<Rows> {
        let width = self.features;
        let values = rows.data.x.make_mut();
        for (number, value) in values.iter_mut().enumerate().filter(|(_, value)| !value.is_finite()) {
            let (row, feature) = (number / width, number % width);
            if value.is_nan() && !fill.is_empty() {
                *value = fill[feature];
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

    pub(super) fn scaled(&self, x: Tensor<f32>) -> Tensor<f32> {
        self.scaling().map_or_else(|| x.clone(), |scaling| scaling.apply(&x))
    }

    fn scaling(&self) -> Option<Scaling<Tensor<f32>>> {
        let tensor =
            |values: &[f32]| Tensor::from_vec([values.len()], values.to_vec()).expand([self.features]);
        (!self.scale.is_empty()).then(|| Scaling { shift: tensor(&self.shift), scale: tensor(&self.scale) })
    }
}

/// Where a feature stands: ``column `age` ``, `column 3` or `pixel 3`; counted from 0.
pub(super) fn place(columns: &[String], image: bool, number: usize) -> String {
    match columns.get(number) {
        Some(name) if *name != format!("column {}", number + 1) => format!("column {}", quoted(name)),
        None if image => format!("pixel {}", number + 1),
        _ => format!("column {}", number + 1),
    }
}

/// The sentence about a value that is missing or infinite.
pub(super) fn unusable(value: f32, row: &str, place: &str) -> String {
    match value.is_nan() {
        true => format!("row {row}, {place}: the value is missing; {}", explain::GAPS),
        false => format!("row {row}, {place}: the value is {value}; correct it"),
    }
}
