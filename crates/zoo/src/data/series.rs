//! Long tables as series: rows in the order of time, of which examples are windows.
//!
//! ```
//! use zoo::data::series::Windows;
//! use zoo::data::{Reading, prepare};
//!
//! let folder = tempfile::tempdir().unwrap();
//! let file = folder.path().join("pump.csv");
//! let row = |i: i32| format!("2024-05-17 08:{:02}:{:02},{},{}\n", i / 60, i % 60, i % 7, i % 5);
//! let text: String = (0..200).map(row).collect();
//! std::fs::write(&file, format!("time,flow,current\n{text}")).unwrap();
//!
//! let windows = Windows { time: Some("time".into()), length: 16, stride: 4 };
//! let reading = Reading { windows: Some(windows), ..Reading::default() };
//! let (split, preparation) = prepare(file.to_str().unwrap(), &reading)?;
//! assert_eq!(preparation.channels, ["flow", "current"]);
//! assert_eq!((split.train.width(), split.train.len()), (16 * 2, 37));
//! # Ok::<(), nn::Error>(())
//! ```
//!
//! Runs are split by time: the end of each is for testing, and no window lies on both sides. What is learnt of scales is
//! learnt before that. In memory are the recordings, four bytes for a number and eight for a time; windows are cut when a
//! step of training asks for them.

mod clock;
mod learn;
mod read;
mod sound;
mod track;

use nn::data::table::Column;
use nn::{Error, Result};
use serde::{Deserialize, Serialize};

use super::{Impute, Reading};

pub use self::clock::Clock;
pub use self::read::Lines;
pub use self::sound::SoundsDescription;
pub(crate) use self::sound::is_sound;
pub(super) use self::sound::{holds_sounds, is_named_wav};
pub use self::track::{Held, Times, Track};
pub(crate) use self::track::{Windowed, filled};

/// The way in which a long table is cut into examples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// The column that says when each row was taken; the first column of dates if nothing is given, or the number of the row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Column>,
    /// Steps in a window.
    pub length: usize,
    /// Steps from the beginning of a window to that of the next.
    pub stride: usize,
}

impl Default for Windows {
    fn default() -> Self {
        Windows { time: None, length: 64, stride: 8 }
    }
}

impl Windows {
    /// The same with what was said in place of what was there. Without a stride, a window of another length moves by an
    /// eighth of it.
    #[must_use]
    pub fn with(self, time: Option<Column>, length: Option<usize>, stride: Option<usize>) -> Self {
        let eighth = length.map(|length| (length / 8).max(1));
        Windows {
            time: time.or(self.time),
            length: length.unwrap_or(self.length),
            stride: stride.or(eighth).unwrap_or(self.stride),
        }
    }

    /// Refuses what makes no sense for a series.
    ///
    /// # Errors
    /// With one sentence that names the flag.
    pub(super) fn check(&self, reading: &Reading) -> Result<()> {
        if self.length < 2 {
            let problem =
                format!("a window of {} steps is no series; it needs at least 2 (--window 64)", self.length);
            return Err(Error::setting("window", problem));
        }
        if self.stride == 0 {
            return Err(Error::setting(
                "stride",
                "--stride 0 never gets to the next window; it is 1 or more",
            ));
        }
        let others = [
            (reading.series.is_some(), "--series"),
            (reading.label.is_some(), "--label-column"),
            (reading.id.is_some(), "--id"),
            (!reading.columns.is_empty(), "--columns"),
            (!matches!(reading.impute, Impute::Keep), "--impute"),
        ];
        match others.into_iter().find(|(said, _)| *said) {
            None => Ok(()),
            Some((_, flag)) => Err(Error::setting(
                flag.trim_start_matches('-'),
                format!(
                    "{flag} means nothing for windows of a series; leave it away, and columns out with --drop-columns"
                ),
            )),
        }
    }
}
