//! Which column of a table is what.

use std::path::Path;

use csv::StringRecord;
use serde::{Deserialize, Serialize};

use super::TableOptions;
use crate::checkpoint::nearest;
use crate::error::{Fault, TableError, quoted};
use crate::{Error, Result};

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
    /// From the first row of a file and the options, or what is wrong with them.
    pub(super) fn new(
        path: &Path,
        first: &StringRecord,
        header: bool,
        options: &TableOptions,
    ) -> Result<Self> {
        let name = |(i, field): (usize, &str)| match field.trim() {
            "" => format!("column {}", i + 1),
            _ if !header => format!("column {}", i + 1),
            field => field.to_owned(),
        };
        let names: Vec<String> = first.iter().enumerate().map(name).collect();
        let find =
            |column: &Column| find(column, &names, header).map_err(|problem| Error::file(path, problem));
        let label = options.label.as_ref().map(find).transpose()?;
        let id = options.id.as_ref().map(find).transpose()?;
        let mut is_feature = vec![true; names.len()];
        label.into_iter().for_each(|column| is_feature[column] = false);
        for column in &options.drop {
            let column = find(column)?;
            if Some(column) == label {
                let name = quoted(&names[column]);
                return Err(Error::file(path, format!("column {name} cannot be both label and dropped")));
            }
            is_feature[column] = false;
        }
        let features: Vec<usize> = (0..names.len()).filter(|&column| is_feature[column]).collect();
        if features.is_empty() {
            return Err(TableError::new(path, None, None, Fault::NoFeatures).into_error());
        }
        Ok(Layout { names, features, label, id })
    }

    /// The names of the features.
    pub(super) fn feature_names(&self) -> Vec<String> {
        self.features.iter().map(|&column| self.names[column].clone()).collect()
    }
}

/// The place of a column, counted from 0.
pub(super) fn find(column: &Column, names: &[String], header: bool) -> Result<usize, String> {
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
