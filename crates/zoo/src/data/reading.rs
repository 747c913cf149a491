//! How data are to be read: what a user says about a table, an array or a folder of pictures.

use std::collections::BTreeMap;

use nn::data::pictures::{Colour, Fit};
use nn::data::table::{Column, Impute};
use nn::data::transform::Distort;
use nn::{Error, Result};
use serde::{Deserialize, Serialize};

use super::columns;
use super::series::Windows;
use super::text::Texts;
use crate::recommend::Choices;
use crate::settings::check_size;

/// How data are read, repaired, scaled and split. The default suits most tables, and everything that is an image anyway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reading {
    /// The column of a table, or the array of an NPZ file, that holds the class of each example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Column>,
    /// Columns of a table to leave out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<Column>,
    /// The column of a table whose text is carried along as the name of each example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Column>,
    /// What stands in a table between two fields; the file's name says so if nothing is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// The decimal sign in a table, a point or a comma. The other one may then part thousands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal: Option<char>,
    /// Marks of missing values in a table beside the usual ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Kinds of columns of a table, by name or number: a [`ColumnKind`](super::ColumnKind), or `low<middle<high` for an
    /// ordinal column. The kinds of others are seen by looking at them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, String>,
    /// Columns to learn from although they seem to number the rows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keep: Vec<Column>,
    /// Whether the first row of a table names the columns; where nothing is given it is guessed, and said if the
    /// guess is not plain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<bool>,
    /// The array of an NPZ file that holds the examples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub array: Option<String>,
    /// Numbers at each step, if an example is a series: its columns are its steps, one after the other, each with its
    /// channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<usize>,
    /// The way in which a long table is cut into examples; `None` for tables in which each row is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows: Option<Windows>,
    /// The way in which texts are read; `None` for data that are numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Texts>,
    /// The rate at which sounds are read, in Hz; their own if nothing is given and all have the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// The length of a window of sound in milliseconds, in place of a number of steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_ms: Option<f64>,
    /// Milliseconds from one window of sound to the next, in place of a number of steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stride_ms: Option<f64>,
    /// The value in place of missing ones: one found for the column in the training examples. If they are
    /// [kept](Impute::Keep), a model learns from what was observed.
    pub impute: Impute,
    /// How features are scaled.
    pub scale: Scale,
    /// The fraction of the examples that is kept for testing, above 0 and below 1, where the data do not
    /// say so themselves as MNIST does.
    pub test_fraction: f64,
    /// Height and width that pictures are scaled to, in pixels; their own if nothing is given and all have the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<[usize; 2]>,
    /// Whether pictures keep their colours.
    pub colour: Colour,
    /// The way in which pictures of other proportions than this size are fitted.
    pub fit: Fit,
    /// Whether pictures that cannot be read are left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub skip_broken: bool,
    /// Changes to the training pictures whenever they are drawn. Nothing else ever sees changed pictures.
    #[serde(skip_serializing_if = "Distort::is_none")]
    pub augment: Distort,
    /// The columns of a table in which each row is a choice of a user, for a recommender; `None` for tables in which it is an
    /// example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choices: Option<Choices>,
    /// How many megabytes (2²⁰ bytes) a table, an NPY array or IDX images may take before they are trained on from disk.
    pub memory: usize,
}

impl Default for Reading {
    fn default() -> Self {
        Reading {
            label: None,
            drop: vec![],
            id: None,
            delimiter: None,
            decimal: None,
            missing: vec![],
            columns: BTreeMap::new(),
            keep: vec![],
            header: None,
            array: None,
            series: None,
            windows: None,
            text: None,
            rate: None,
            window_ms: None,
            stride_ms: None,
            impute: Impute::Keep,
            scale: Scale::Auto,
            test_fraction: 0.2,
            size: None,
            colour: Colour::Grey,
            fit: Fit::Stretch,
            skip_broken: false,
            augment: Distort::default(),
            choices: None,
            memory: 1024,
        }
    }
}

impl Reading {
    /// Whether nothing was said.
    pub fn is_default(&self) -> bool {
        *self == Reading::default()
    }

    /// Refuses what makes no sense for any data.
    ///
    /// # Errors
    /// With one sentence that names the setting.
    pub fn check(&self) -> Result<()> {
        if let Some([height, width]) = self.size {
            check_size(&format!("a picture of {height}x{width}"), 3.0 * height as f64 * width as f64)?;
        }
        for (column, kind) in &self.columns {
            columns::told(column, kind)?;
        }
        self.augment.check()?;
        self.windows.iter().try_for_each(|windows| windows.check(self))?;
        self.text.iter().try_for_each(|text| text.check(self))?;
        if let Some(rate) = self.rate.filter(|rate| !RATES.contains(rate)) {
            let problem = format!(
                "--rate {rate} is no rate of a sound; it is from {} to {} Hz",
                RATES.start(),
                RATES.end()
            );
            return Err(Error::setting("rate", problem));
        }
        for (flag, time) in [("window", self.window_ms), ("stride", self.stride_ms)] {
            if let Some(time) = time.filter(|time| !(*time > 0.0 && *time <= 3.6e6)) {
                let problem =
                    format!("--{flag} {time}ms makes no sense; it is more than 0 and at most an hour");
                return Err(Error::setting(flag, problem));
            }
        }
        // As many megabytes as bytes can be counted.
        if self.memory > 1 << 40 {
            return Err(Error::setting(
                "memory",
                format!("--memory {} is too large; it counts megabytes", self.memory),
            ));
        }
        if self.test_fraction > 0.0 && self.test_fraction < 1.0 {
            return Ok(());
        }
        Err(Error::setting(
            "test_fraction",
            format!(
                "the test fraction must lie between 0 and 1, not be {} (--test-fraction 0.2)",
                self.test_fraction
            ),
        ))
    }
}

/// Rates that sounds are brought to, in Hz.
const RATES: std::ops::RangeInclusive<u32> = 100..=768_000;

/// How features are scaled, by what was found in the training examples. An image has one scale for all its
/// pixels, every other feature its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Images that lie in `[0, 1]` as they are, other images by [`MinMax`](Self::MinMax), and tables by
    /// [`Standard`](Self::Standard).
    #[default]
    Auto,
    /// As they are.
    None,
    /// Mean 0 and variance 1.
    Standard,
    /// From 0 to 1.
    #[serde(rename = "minmax")]
    MinMax,
}
