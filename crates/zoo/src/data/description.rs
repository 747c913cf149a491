//! What a data set looks like before anything is done to it.

use std::collections::BTreeMap;
use std::path::Path;

use autograd::Tensor;
use nn::data::table::{self, Column};
use nn::{Dataset, Result};
use serde::Serialize;

use super::columns::{ColumnKind, Looked};
use super::input::Input;
use super::pipeline::Step;
use super::preparation::hint_at_skipping;
use super::raw::{self, Raw, TableText};
use super::series::SoundsDescription;
use super::{Impute, Preparation, Reading, Scale, explain, index};

/// What there is to know about a data set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Description {
    /// What it is called.
    pub name: String,
    /// All examples.
    pub examples: usize,
    /// How many of them the data themselves say are for testing.
    pub test: Option<usize>,
    /// Numbers in an example.
    pub features: usize,
    /// Height and width, if an example is a grey image.
    pub image: Option<[usize; 2]>,
    /// How many examples each class has, by its name or number.
    pub classes: BTreeMap<String, usize>,
    /// The features; for images one entry for all pixels together.
    pub columns: Vec<ColumnDescription>,
    /// Columns of text, which are no features.
    pub text: Vec<String>,
    /// Channels, height and width, if an example is a picture.
    pub shape: Option<[usize; 3]>,
    /// Number, length and rate of sounds, whose examples are then their frames.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sounds: Option<SoundsDescription>,
    /// Sentences about how the data were understood, and about what was left out.
    pub notes: Vec<String>,
}

/// Description of the values of one feature; statistics are of those that are there, and NaN if all are missing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnDescription {
    /// What it is called.
    pub name: String,
    /// The kind of a column of a table of several kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ColumnKind>,
    /// A few words about what a model makes of such a column.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// Values that are missing.
    pub missing: usize,
    /// The smallest.
    pub min: f64,
    /// `Σ x / n`.
    pub mean: f64,
    /// Half of the values are smaller.
    pub median: f64,
    /// The largest.
    pub max: f64,
}

/// Describes the data set with this name, as [`load`](super::load) takes it. Columns of text are left out
/// and named.
///
/// # Errors
/// If the data cannot be read.
pub fn describe(source: &str, reading: &Reading) -> Result<Description> {
    let input = Input::open(source)?;
    input.named(described(&input, source, reading))
}

fn described(input: &Input, source: &str, reading: &Reading) -> Result<Description> {
    if input.is_sound() {
        return of_sounds(input, source, reading);
    }
    if let Some(windows) = &reading.windows {
        let (examples, columns, notes) = Preparation::described_series(input, reading, windows)?;
        return Ok(Description {
            name: source.to_owned(),
            examples,
            test: None,
            features: columns.len(),
            image: None,
            classes: BTreeMap::new(),
            columns: columns.into_iter().map(|(name, values)| column(name, values)).collect(),
            text: vec![],
            shape: None,
            sounds: None,
            notes,
        });
    }
    if let Some(texts) = &reading.text {
        let (lengths, unit, notes) = Preparation::described_texts(input, reading, texts)?;
        return Ok(Description {
            name: source.to_owned(),
            examples: lengths.len(),
            test: None,
            features: 1,
            image: None,
            classes: BTreeMap::new(),
            columns: vec![column(format!("{unit} of a text"), lengths)],
            text: vec![],
            shape: None,
            sounds: None,
            notes,
        });
    }
    raw::check(input, reading)?;
    // Gaps are described as well.
    let reading = Reading { impute: Impute::Keep, ..reading.clone() };
    let (raw, text) = match TableText::of(input, &reading, usize::MAX)? {
        Some(table) => match Raw::of_table(input.path(), table.content.as_deref(), &table.reading) {
            Ok(Raw { table: Some(looked), notes, classes, data, .. }) => {
                let (labels, rows) = (data.labels, data.x.shape()[0]);
                return of_kinds(source, rows, &looked, notes, class_counts(labels.as_deref(), &classes));
            }
            Ok(raw) => (with_numbering(raw), vec![]),
            Err(_) => of_table(input.path(), table)?,
        },
        None => (Raw::read(input, &reading).map_err(|error| hint_at_skipping(input.path(), error))?, vec![]),
    };
    let test = raw.test.as_ref().map(|test| test.len());
    let raw = raw.together();
    let (examples, width) = (raw.data.len(), raw.data.width());
    let values = |feature: usize| raw.data.x.column(feature, 0..examples);
    let columns = match raw.pixels {
        true => vec![column("all pixels".into(), (0..width).flat_map(values).collect())],
        false => {
            let name =
                |feature| raw.columns.get(feature).cloned().unwrap_or(format!("column {}", feature + 1));
            (0..width).map(|feature| column(name(feature), values(feature))).collect()
        }
    };
    let classes = class_counts(raw.data.labels.as_deref(), &raw.classes);
    Ok(Description {
        name: source.to_owned(),
        examples,
        test,
        features: width,
        image: raw.data.shape.filter(|shape| shape[0] == 1).map(|[_, height, width]| [height, width]),
        classes,
        columns,
        text,
        shape: raw.data.shape,
        sounds: None,
        notes: raw.notes,
    })
}

/// Sounds, each channel a column.
fn of_sounds(input: &Input, name: &str, reading: &Reading) -> Result<Description> {
    let (sounds, examples, levels, notes) = Preparation::described_sounds(input, reading)?;
    let columns = levels.iter().map(|levels| {
        let ([min, max], [mean, median]) = (levels.range, levels.centres());
        ColumnDescription { min, mean, median, max, ..column(levels.name.clone(), vec![]) }
    });
    Ok(Description {
        name: name.to_owned(),
        examples,
        test: None,
        features: levels.len(),
        image: None,
        classes: BTreeMap::new(),
        columns: columns.collect(),
        text: vec![],
        shape: None,
        sounds: Some(sounds),
        notes,
    })
}

fn class_counts(labels: Option<&[u32]>, names: &[String]) -> BTreeMap<String, usize> {
    let mut classes = BTreeMap::new();
    for label in labels.into_iter().flatten() {
        let name = names.get(*label as usize).cloned().unwrap_or(label.to_string());
        *classes.entry(name).or_default() += 1;
    }
    classes
}

/// A table of several kinds of columns.
fn of_kinds(
    name: &str,
    examples: usize,
    looked: &[Looked],
    notes: Vec<String>,
    classes: BTreeMap<String, usize>,
) -> Result<Description> {
    let (mut columns, mut text, mut features) = (vec![], vec![], 0);
    for looked in looked {
        let (step, _) = Step::fit(looked, &looked.cells, Scale::Auto, Impute::Keep)?;
        features += step.width();
        if matches!(step.kind, ColumnKind::Text | ColumnKind::Identifier) {
            text.push(step.name.clone());
        }
        let numbers = if step.kind.is_number() { looked.cells.clone() } else { vec![f64::NAN; examples] };
        let described = column(step.name.clone(), numbers);
        columns.push(ColumnDescription {
            kind: Some(step.kind),
            about: step.summary(),
            missing: step.missing,
            ..described
        });
    }
    Ok(Description {
        name: name.to_owned(),
        examples,
        test: None,
        features,
        image: None,
        classes,
        columns,
        text,
        shape: None,
        sounds: None,
        notes,
    })
}

/// The same with a note about columns that seem to number the rows.
fn with_numbering(mut raw: Raw) -> Raw {
    let numbering = index::numbering(&raw.columns, &raw.data.x);
    if !numbering.is_empty() {
        raw.notes.push(index::sentence(&raw.columns, &numbering));
    }
    raw
}

/// A table as it would be if its strange columns were no obstacle: without those of text, which are named, and
/// with a gap for each stray mark, with notes about these.
fn of_table(path: &Path, TableText { content, mut reading }: TableText) -> Result<(Raw, Vec<String>)> {
    let (content, options) = (content.as_deref(), raw::table_options(&reading));
    let looked = match content {
        Some(content) => table::parse_columns(path, content, &options),
        None => table::columns(path, &options),
    };
    let columns = looked.map_err(|error| explain::in_training(error, path, content, &options))?;
    if let Some(better) = explain::other_delimiter(path, &columns) {
        return Err(better);
    }
    let is_feature = |place: &usize| !explain::spared(*place, &columns, &options);
    let text: Vec<usize> = columns.text.iter().copied().filter(is_feature).collect();
    reading.drop.extend(text.iter().map(|place| Column::Number(place + 1)));
    let strays = columns.strays.iter().filter(|stray| is_feature(&stray.column));
    reading.missing.extend(strays.flat_map(|stray| &stray.texts).map(|text| text.text.clone()));
    let mut raw = match text.len() == columns.names.len() && columns.rows > 0 {
        true => Raw::new(Dataset::new(Tensor::<f64>::zeros([columns.rows, 0]))),
        false => Raw::of_table(path, content, &reading)?,
    };
    let mut notes = explain::strange(&columns);
    raw.notes.retain(|note| !notes.contains(note));
    notes.append(&mut raw.notes);
    raw.notes = notes;
    Ok((with_numbering(raw), text.iter().map(|&place| columns.names[place].clone()).collect()))
}

fn column(name: String, mut values: Vec<f64>) -> ColumnDescription {
    let all = values.len();
    values.retain(|value| !value.is_nan());
    let n = values.len();
    values.sort_unstable_by(f64::total_cmp);
    let mean = Impute::Mean.value(&mut values);
    let median = Impute::Median.value(&mut values);
    let known = |value: Option<f64>| value.unwrap_or(f64::NAN);
    ColumnDescription {
        name,
        kind: None,
        about: String::new(),
        missing: all - n,
        min: known(values.first().copied()),
        mean: known(mean),
        median: known(median),
        max: known(values.last().copied()),
    }
}
