//! What a data set looks like before anything is done to it.

use std::collections::BTreeMap;
use std::path::Path;

use autograd::Tensor;
use nn::data::table::{self, Column};
use nn::{Dataset, Result};
use serde::Serialize;

use super::raw::{self, Raw, TableText};
use super::{Impute, Reading, explain, index};

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
    /// Sentences about what was guessed, and about columns that a model could not learn from as they are.
    pub notes: Vec<String>,
}

/// What the values of one feature are like; statistics are of those that are there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnDescription {
    /// What it is called.
    pub name: String,
    /// Values that are missing.
    pub missing: usize,
    /// The smallest.
    pub min: f32,
    /// `Σ x / n`.
    pub mean: f64,
    /// Half of the values are smaller.
    pub median: f32,
    /// The largest.
    pub max: f32,
}

/// Describes the data set with this name, as [`load`](super::load) takes it. Columns of text are left out
/// and named.
///
/// # Errors
/// If the data cannot be read.
pub fn describe(source: &str, reading: &Reading) -> Result<Description> {
    raw::check(source, reading)?;
    // Gaps are described as well.
    let mut reading = Reading { impute: Impute::Keep, ..reading.clone() };
    let (path, content) = match source {
        "-" => (Path::new(raw::STANDARD_INPUT), Some(raw::standard_input()?)),
        name => (Path::new(name), None),
    };
    let table = match content {
        Some(content) => Some(TableText { content: Some(content), reading: reading.clone() }),
        None if path.exists() => TableText::of(path, &reading, usize::MAX)?,
        None => None,
    };
    let Some(TableText { content, reading: as_table }) = table else {
        return Ok(of_raw(source, Raw::read(source, &reading)?));
    };
    reading = as_table;
    let content = content.as_deref();
    let options = raw::table_options(content, &reading);
    let looked = match content {
        Some(content) => table::parse_columns(path, content, &options),
        None => table::columns(path, &options),
    };
    let columns = looked.map_err(|error| explain::in_training(error, path, content, &options))?;
    if let Some(better) = explain::other_delimiter(path, &columns) {
        return Err(better);
    }
    let text: Vec<usize> =
        columns.text.iter().copied().filter(|&place| !explain::spared(place, &columns, &options)).collect();
    reading.drop.extend(text.iter().map(|place| Column::Number(place + 1)));
    let strays = columns.strays.iter().filter(|stray| !explain::spared(stray.column, &columns, &options));
    reading.missing.extend(strays.flat_map(|stray| &stray.texts).map(|text| text.text.clone()));
    let mut raw = match text.len() {
        all if all == columns.names.len() => {
            Raw::new(Dataset { x: Tensor::zeros([columns.rows, 0]), labels: None, image: None })
        }
        _ => Raw::of_table(path, content, &reading)?,
    };
    let mut notes = explain::strange(&columns);
    let new: Vec<String> = raw.notes.drain(..).filter(|note| !notes.contains(note)).collect();
    notes.extend(new);
    let numbering = index::numbering(&raw.columns, &raw.data.x);
    if !numbering.is_empty() {
        notes.push(index::sentence(&raw.columns, &numbering));
    }
    let text = text.iter().map(|&place| columns.names[place].clone()).collect();
    Ok(Description { text, notes, ..of_raw(source, raw) })
}

/// What was read, described.
fn of_raw(source: &str, raw: Raw) -> Description {
    let parts = || [Some(&raw.data), raw.test.as_ref()].into_iter().flatten();
    let width = raw.data.width();
    let columns = match raw.pixels {
        true => {
            let values: Vec<f32> = parts().flat_map(|part| part.x.to_vec()).collect();
            vec![column("all pixels".into(), values)]
        }
        false => {
            let parts: Vec<Vec<f32>> = parts().map(|part| part.x.to_vec()).collect();
            let of = |feature: usize| {
                let values = parts.iter().flat_map(|part| part.iter().skip(feature).step_by(width));
                let name = raw.columns.get(feature).cloned().unwrap_or(format!("column {}", feature + 1));
                column(name, values.copied().collect())
            };
            (0..width).map(of).collect()
        }
    };
    let mut classes = BTreeMap::new();
    for label in parts().filter_map(|part| part.labels.as_ref()).flatten() {
        let name = raw.classes.get(*label as usize).cloned().unwrap_or(label.to_string());
        *classes.entry(name).or_default() += 1;
    }
    let test = raw.test.as_ref().map(|test| test.len());
    Description {
        name: source.to_owned(),
        examples: raw.data.len() + test.unwrap_or(0),
        test,
        features: width,
        image: raw.data.image,
        classes,
        columns,
        text: vec![],
        notes: raw.notes.clone(),
    }
}

fn column(name: String, mut values: Vec<f32>) -> ColumnDescription {
    let all = values.len();
    values.retain(|value| !value.is_nan());
    values.sort_unstable_by(f32::total_cmp);
    let n = values.len();
    let at = |place: usize| values.get(place).copied().unwrap_or(f32::NAN);
    ColumnDescription {
        name,
        missing: all - n,
        min: at(0),
        mean: values.iter().map(|&v| f64::from(v)).sum::<f64>() / n as f64,
        median: if n > 0 { at((n - 1) / 2) + (at(n / 2) - at((n - 1) / 2)) / 2.0 } else { f32::NAN },
        max: at(n.wrapping_sub(1)),
    }
}
