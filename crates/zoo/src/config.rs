//! `config.toml`: everything that decides what a run computes.

use std::path::Path;

use nn::{Error, Result};
use serde::{Deserialize, Serialize};
use toml::Table;

use crate::data::Reading;
use crate::train::Plan;

/// A run, completely described: replaying it gives the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of the model.
    pub model: String,
    /// Name of the data set.
    pub data: String,
    /// How the data are read, scaled and split.
    #[serde(default, skip_serializing_if = "Reading::is_default")]
    pub reading: Reading,
    /// How to train.
    pub train: Plan,
    /// Settings of the model.
    pub settings: Table,
}

impl Config {
    /// The file's text.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a configuration is a table")
    }

    /// Reads a file that [`to_toml`](Self::to_toml) wrote, perhaps edited by hand.
    ///
    /// # Errors
    /// If the file cannot be read or lacks something; the message gives the line.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::io("read", path, source))?;
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            Error::file(path, format!("line {line}: {}", error.message().trim()))
        })
    }
}
