//! What a data set looks like before anything is done to it.

use std::collections::BTreeMap;
use std::path::Path;

use nn::Result;
use nn::data::table::Column;
use serde::Serialize;

use super::preparation::hint_at_skipping;
use super::raw::{self, Raw};
use super::{Impute, Reading};

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
    /// Sentences about what was left out or changed when the data were read.
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
    let mut reading = reading.clone();
    // Gaps are described as well.
    reading.impute = Impute::Keep;
    let text = text_columns(source, &mut reading);
    let raw = Raw::read(source, &reading).map_err(|error| hint_at_skipping(Path::new(source), error))?;
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
    Ok(Description {
        name: source.to_owned(),
        examples: raw.data.len() + test.unwrap_or(0),
        test,
        features: width,
        image: raw.data.image,
        classes,
        columns,
        text,
        shape: raw.shape,
        notes: raw.notes.clone(),
    })
}

/// The columns of text in a table, which are dropped from now on.
fn text_columns(source: &str, reading: &mut Reading) -> Vec<String> {
    // What is wrong with the file is said when it is read.
    let path = Path::new(source);
    let Ok(columns) = raw::columns(path, None, reading) else { return vec![] };
    let mut names = vec![];
    for place in columns.text {
        let name = columns.names[place].clone();
        let known =
            |column: &Column| *column == Column::Number(place + 1) || *column == Column::Name(name.clone());
        if !reading.drop.iter().chain(&reading.label).any(known) && names.len() + 1 < columns.names.len() {
            reading.drop.push(Column::Number(place + 1));
            names.push(name);
        }
    }
    names
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
