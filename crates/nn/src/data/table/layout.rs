//! Which column of a table is what.

use csv::StringRecord;
use serde::{Deserialize, Serialize};

use super::{TableOptions, clip};
use crate::checkpoint::nearest;

/// A column of a table, by its name in the header or by its number, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Column {
    /// The number, counted from 1.
    Number(usize),
    /// The name.
    Name(String),
}

impl From<&str> for Column {
    fn from(name: &str) -> Self {
        Column::Name(name.into())
    }
}

impl From<usize> for Column {
    fn from(number: usize) -> Self {
        Column::Number(number)
    }
}

/// What each column is.
pub(super) struct Layout {
    /// The names of all columns.
    pub(super) names: Vec<String>,
    /// The columns that are features, counted from 0.
    pub(super) features: Vec<usize>,
    /// The column with the labels, counted from 0.
    pub(super) label: Option<usize>,
    /// The column that is carried along, counted from 0.
    pub(super) id: Option<usize>,
}

impl Layout {
    /// From the first row and the options, or what is wrong with them.
    pub(super) fn new(first: &StringRecord, header: bool, options: &TableOptions) -> Result<Self, String> {
        let name = |(i, field): (usize, &str)| match field.trim() {
            "" => format!("column {}", i + 1),
            _ if !header => format!("column {}", i + 1),
            field => field.to_owned(),
        };
        let names: Vec<String> = first.iter().enumerate().map(name).collect();
        let label = options.label.as_ref().map(|column| find(column, &names, header)).transpose()?;
        let id = options.id.as_ref().map(|column| find(column, &names, header)).transpose()?;
        let mut is_feature = vec![true; names.len()];
        label.into_iter().for_each(|column| is_feature[column] = false);
        for column in &options.drop {
            let column = find(column, &names, header)?;
            if Some(column) == label {
                return Err(format!("column {} cannot be both label and dropped", quoted(&names[column])));
            }
            is_feature[column] = false;
        }
        let features: Vec<usize> = (0..names.len()).filter(|&column| is_feature[column]).collect();
        if features.is_empty() {
            return Err("no column is left to be a feature; check the delimiter and `drop`".into());
        }
        Ok(Layout { names, features, label, id })
    }

    /// The names of the features.
    pub(super) fn feature_names(&self) -> Vec<String> {
        self.features.iter().map(|&column| self.names[column].clone()).collect()
    }
}

/// The place of a column, counted from 0.
fn find(column: &Column, names: &[String], header: bool) -> Result<usize, String> {
    match column {
        Column::Number(number) if (1..=names.len()).contains(number) => Ok(number - 1),
        Column::Number(number) => {
            Err(format!("there is no column {number}; the columns are numbered from 1 to {}", names.len()))
        }
        Column::Name(name) if !header => Err(format!(
            "there is no column {}, because the first row holds numbers and no names; give the column's number",
            quoted(name)
        )),
        Column::Name(name) => {
            let mut places = (0..names.len()).filter(|&place| names[place] == *name);
            match (places.next(), places.next()) {
                (Some(place), None) => Ok(place),
                (Some(first), Some(second)) => Err(format!(
                    "columns {} and {} are both called {}; give the column's number instead",
                    first + 1,
                    second + 1,
                    quoted(name)
                )),
                (None, _) => Err(match nearest(name, names.iter().map(String::as_str)) {
                    Some(other) => {
                        format!("there is no column {}; the nearest name is {}", quoted(name), quoted(other))
                    }
                    None => format!("there is no column {}", quoted(name)),
                }),
            }
        }
    }
}

/// The name of a column as messages show it: between backquotes, on one line, and not more of it than helps.
pub fn quoted(name: &str) -> String {
    // `clip` puts it between double quotes; columns have backquotes.
    let clipped = clip(name);
    match clipped.strip_suffix('…') {
        Some(start) => format!("`{}…`", &start[1..start.len() - 1]),
        None => format!("`{}`", &clipped[1..clipped.len() - 1]),
    }
}
