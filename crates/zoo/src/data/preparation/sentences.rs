//! Sentences about data that cannot be used.

use std::path::Path;

use nn::Error;
use nn::data::table::quoted;

use crate::data::explain;
use crate::data::kind::Kind;

/// One bad picture among many need not stop everything.
pub(in crate::data) fn hint_at_skipping(source: &Path, error: Error) -> Error {
    let pictures = || matches!(Kind::of(source), Ok(Kind::Pictures));
    match error {
        Error::File { path, problem } if path != source && pictures() => {
            Error::File { path, problem: format!("{problem}; or leave such pictures out with --skip-broken") }
        }
        error => error,
    }
}

/// Where a feature stands: ``column `age` ``, `column 3` or `pixel 3`; counted from 0.
pub(in crate::data) fn place(columns: &[String], image: bool, number: usize) -> String {
    match columns.get(number) {
        Some(name) if *name != format!("column {}", number + 1) => format!("column {}", quoted(name)),
        None if image => format!("pixel {}", number + 1),
        _ => format!("column {}", number + 1),
    }
}

/// The sentence about a value that is missing or infinite.
pub(in crate::data) fn unusable(value: f64, row: &str, place: &str) -> String {
    match value.is_nan() {
        true => format!("row {row}, {place}: the value is missing; {}", explain::GAPS),
        false => format!("row {row}, {place}: the value is {value}; correct it"),
    }
}
