//! Making other data fit what a model was trained with: their columns, their classes, the white of their pixels.

use std::path::Path;

use nn::data::table::Column;
use nn::{Error, Result};

use super::super::input::Input;
use super::super::kind::Kind;
use super::super::numbers::Numbers;
use super::super::range;
use super::super::raw::{self, Raw};
use super::{Preparation, Reading, place};

/// The value of a byte that is white.
const WHITE: f64 = 255.0;

impl Preparation {
    /// Gives pixels the white of the training examples.
    pub(super) fn match_white(&self, mut raw: Raw) -> Raw {
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
    pub(super) fn far_outside(&self, x: &Numbers) -> Option<String> {
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

    /// How to read other data: columns that were left out or hold labels may be absent there.
    pub(super) fn reading_of(&self, input: &Input) -> Result<Reading> {
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
    pub(super) fn match_columns(&self, path: &Path, raw: &mut Raw) -> Result<()> {
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
    pub(super) fn match_classes(&self, path: &Path, raw: &mut Raw) -> Result<()> {
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
}

/// A number as people write it, if it is one of single precision.
fn short(x: f64) -> String {
    if f64::from(x as f32) == x { (x as f32).to_string() } else { x.to_string() }
}

/// A name that two columns have.
fn repeated(columns: &[String]) -> Option<&String> {
    columns.iter().enumerate().find(|(place, name)| columns[..*place].contains(name)).map(|(_, name)| name)
}
