//! Examples for training and for testing: those that a file gives, or a part of its examples that is always the same.

use std::path::Path;

use nn::data::split::{Fractions, Split as Numbering};
use nn::{Error, Result};

use super::super::Reading;
use super::super::numbers::Found;
use super::super::raw::Raw;

/// The seed by which files are split: always the same, so that models with different seeds are judged by the
/// same examples.
pub(in crate::data) const SPLIT_SEED: u64 = 0;

/// Some examples of those that were read.
pub(in crate::data) struct Part<'a> {
    pub(super) data: &'a Found,
    /// Which of them, counted from 0.
    pub(super) places: Vec<usize>,
    /// Name of each of all; without names, they are called by their numbers, counted from 1.
    pub(super) names: &'a [String],
}

impl<'a> Part<'a> {
    pub(in crate::data) fn all(data: &'a Found, names: &'a [String]) -> Self {
        Part { data, places: (0..data.len()).collect(), names }
    }

    pub(super) fn column(&self, feature: usize) -> Vec<f64> {
        self.data.x.column(feature, self.places.iter().copied())
    }

    /// Whether a value of these examples is missing.
    pub(super) fn has_gaps(&self) -> bool {
        let found = self.data.x.each_row(self.places.iter().copied(), |_, row| {
            match row.iter().any(|x| x.is_nan()) {
                true => Err(()),
                false => Ok(()),
            }
        });
        found.is_err()
    }

    pub(super) fn name(&self, place: usize) -> String {
        self.names.get(place).cloned().unwrap_or_else(|| (place + 1).to_string())
    }

    pub(super) fn labels(&self) -> Option<Vec<u32>> {
        let labels = self.data.labels.as_ref()?;
        Some(self.places.iter().map(|&place| labels[place]).collect())
    }
}

/// The examples for training and for testing.
pub(super) fn split<'a>(
    path: &Path,
    raw: &'a Raw,
    names: &'a [String],
    reading: &Reading,
) -> Result<[Part<'a>; 2]> {
    if let Some(test) = &raw.test {
        let (names, of_test) = names.split_at(names.len().min(raw.data.len()));
        return Ok([Part::all(&raw.data, names), Part::all(test, of_test)]);
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
