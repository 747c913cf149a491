//! Texts: the lines of a file, or a column of a table, as tokens.
//!
//! ```
//! use zoo::data::text::Texts;
//! use zoo::data::{Reading, prepare};
//!
//! let folder = tempfile::tempdir().unwrap();
//! let file = folder.path().join("names.txt");
//! std::fs::write(&file, "anna\nhannah\nada\nhanna\nadah\n\nana\n").unwrap();
//! let reading = Reading { text: Some(Texts::default()), ..Reading::default() };
//! let (split, preparation) = prepare(file.to_str().unwrap(), &reading)?;
//! assert_eq!((split.train.len(), split.test.len()), (5, 1));
//! let texts = preparation.texts(split.train.x()).unwrap();
//! assert!(texts.contains(&"hannah".to_owned()));
//! # Ok::<(), nn::Error>(())
//! ```
//!
//! A token is a character of those that the training part has, or a byte. What has no token becomes an unknown mark, which
//! is learnt from the characters that occur only once. In memory a token takes two bytes; examples for a model are made of
//! them when a step of training asks for them.

mod alphabet;
mod learn;
mod lines;

use nn::data::table::Column;
use nn::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{Impute, Reading, Scale};

pub use self::alphabet::Alphabet;

/// Places of a text at most. Of a longer one the beginning is read.
pub const LONGEST: usize = 4096;

/// The usual share of texts that are put together from pieces.
pub const SPLICED: f64 = 0.5;

/// The way in which texts are read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// The column of a table; `None` for the lines of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<Column>,
    /// Whether tokens are bytes, and not characters.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bytes: bool,
    /// Places of a text: so many tokens of it are read. `None` for as many as 99 of 100 training texts have at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    /// The share of the training texts that are put together from pieces of texts whenever they are drawn, from 0 to 1; see
    /// [`Splice`](nn::data::transform::Splice). `None` for [`SPLICED`] where nothing but a small code keeps a model from
    /// copying, so that it learns to bring back texts that it has not seen, and else for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub splice: Option<f64>,
}

impl Texts {
    /// Refuses what makes no sense for texts.
    ///
    /// # Errors
    /// With one sentence that names the flag.
    pub(super) fn check(&self, reading: &Reading) -> Result<()> {
        if let Some(length) = self.length.filter(|length| !(2..=LONGEST).contains(length)) {
            let problem = format!("--length {length}: a text has 2 to {LONGEST} places");
            return Err(Error::setting("length", problem));
        }
        if let Some(share) = self.splice.filter(|share| !(0.0..=1.0).contains(share)) {
            let problem = format!(
                "splice is the share of texts that are put together from pieces, from 0 to 1, not {share}"
            );
            return Err(Error::setting("splice", problem));
        }
        let table = self.column.is_some();
        let others = [
            (reading.label.is_some(), "--label-column"),
            (reading.id.is_some(), "--id"),
            (!reading.drop.is_empty(), "--drop-columns"),
            (!reading.columns.is_empty(), "--columns"),
            (!reading.keep.is_empty(), "--keep-columns"),
            (reading.delimiter.is_some() && !table, "--delimiter"),
            (reading.header.is_some() && !table, "--header"),
            (!reading.missing.is_empty() && !table, "--missing"),
            (reading.decimal.is_some(), "--decimal"),
            (reading.array.is_some(), "--array"),
            (reading.series.is_some(), "--series"),
            (reading.windows.is_some(), "--window"),
            (!matches!(reading.impute, Impute::Keep), "--impute"),
            (reading.scale != Scale::Auto, "--scale"),
            (reading.size.is_some(), "--size"),
            (!reading.augment.is_none(), "--augment"), // of pictures
            (reading.skip_broken, "--skip-broken"),
        ];
        match others.into_iter().find(|(said, _)| *said) {
            None => Ok(()),
            Some((_, flag)) => Err(Error::setting(
                flag.trim_start_matches('-'),
                format!("{flag} means nothing for texts; leave it away"),
            )),
        }
    }
}
