//! Kinds of the columns of a table, by looking at them.

mod look;
mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use nn::data::table::{Meaning, TextTable, fits_decimal, listed, quoted};
use nn::{Error, Result};
use serde::{Deserialize, Serialize};

use self::look::Column;

/// The kind of a column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Numbers.
    Real,
    /// Numbers above 0 that differ by factors: a model learns their logarithm.
    Positive,
    /// Whole numbers from 0 up that vary as counts do: a model learns the logarithm of one more.
    Count,
    /// One of two words, or 0 and 1.
    Binary,
    /// One of several words without an order.
    Category,
    /// One of several words in order. Nobody sees that in a column, so it has to be said.
    Ordinal,
    /// Dates, perhaps with times.
    Date,
    /// Free text, of which a model learns nothing.
    Text,
    /// A name for each row, of which a model learns nothing.
    Identifier,
    /// The same value in every row.
    Constant,
}

impl ColumnKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Real,
        Self::Positive,
        Self::Count,
        Self::Binary,
        Self::Category,
        Self::Ordinal,
        Self::Date,
        Self::Text,
        Self::Identifier,
        Self::Constant,
    ];

    /// Whether a model learns from such a column.
    pub fn is_learnt(self) -> bool {
        !matches!(self, Self::Text | Self::Identifier | Self::Constant)
    }

    /// Whether its values are numbers.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Real | Self::Positive | Self::Count)
    }
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Real => "real",
            Self::Positive => "positive",
            Self::Count => "count",
            Self::Binary => "binary",
            Self::Category => "category",
            Self::Ordinal => "ordinal",
            Self::Date => "date",
            Self::Text => "text",
            Self::Identifier => "identifier",
            Self::Constant => "constant",
        })
    }
}

/// The kind that somebody gives a column: `category`, or `small<medium<large` for an ordinal one.
///
/// # Errors
/// If it is none.
pub(super) fn told(column: &str, text: &str) -> Result<(ColumnKind, Vec<String>)> {
    if text.contains('<') {
        let order = text.split('<').map(|word| word.trim().to_owned()).collect();
        return Ok((ColumnKind::Ordinal, order));
    }
    match ColumnKind::ALL.into_iter().find(|kind| kind.to_string() == text) {
        Some(kind) => Ok((kind, vec![])),
        None => {
            let kinds = ColumnKind::ALL.map(|kind| kind.to_string()).join(", ");
            let problem = format!(
                "--columns {column}={text}: there is no such kind; the kinds are {kinds}, and low<middle<high gives \
                 an order"
            );
            Err(Error::setting("columns", problem))
        }
    }
}

/// The way in which dates are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateStyle {
    /// The sign between day, month and year; none for ISO 8601.
    pub sign: Option<char>,
    /// Whether the month comes before the day.
    pub month_first: bool,
    /// Whether there are times.
    pub time: bool,
}

/// A column that was looked at, and its cells as numbers.
pub(super) struct Looked {
    pub(super) name: String,
    pub(super) kind: ColumnKind,
    /// A number for each row, NaN where it is missing: the number itself, days, or the place of a word in `words`.
    pub(super) cells: Vec<f64>,
    /// The words of a binary, ordinal or categorical column, or the value of a constant one.
    pub(super) words: Vec<String>,
    /// Whether the numbers stand before a `%`.
    pub(super) percent: bool,
    /// Digits behind the decimal sign, if the numbers are written with few.
    pub(super) decimals: Option<usize>,
    pub(super) dates: Option<DateStyle>,
    /// Why a model does not learn from it, and the way out.
    pub(super) reason: Option<String>,
    /// Sentences about what was done to it.
    pub(super) notes: Vec<String>,
}

/// Different words of a category at most; the most frequent of more are named.
pub(super) const MOST_WORDS: usize = 100;

/// Looks at the features of a table; `told` gives the kinds of some, by name or number.
///
/// # Errors
/// If a column has no kind, or not the one that it was given.
pub(super) fn look(
    path: &Path,
    table: &TextTable,
    told: &BTreeMap<String, String>,
    keep: impl Fn(usize) -> bool,
) -> Result<Vec<Looked>> {
    let given = by_place(path, table, told)?;
    let mut all = vec![];
    for &place in &table.features {
        let column = Column { path, table, place, texts: &table.columns[place] };
        let looked = match given.get(&place) {
            Some((kind, order)) => column.read_as(*kind, order.clone(), None),
            None => column.look(keep(place)),
        };
        all.push(looked?);
    }
    if all.iter().all(|looked| !looked.kind.is_learnt()) {
        let reasons: Vec<String> = all
            .iter()
            .filter_map(|looked| Some(format!("{} {}", quoted(&looked.name), looked.reason.as_ref()?)))
            .collect();
        let problem = format!("there is no column that a model can learn from: {}", listed(&reasons));
        return Err(Error::file(path, problem));
    }
    Ok(all)
}

/// Reads a column of new data as one of training was read. `words` are those it had there.
///
/// # Errors
/// If a text is no value of this kind.
pub(super) fn read_as(
    path: &Path,
    table: &TextTable,
    place: usize,
    kind: ColumnKind,
    words: Vec<String>,
    dates: Option<DateStyle>,
) -> Result<Looked> {
    let column = Column { path, table, place, texts: &table.columns[place] };
    match kind {
        // Values that training did not have are no mistake: a model is asked about them.
        kind if kind.is_number() => column.read_as(ColumnKind::Real, words, dates),
        ColumnKind::Ordinal => column.read_as(ColumnKind::Category, words, dates),
        kind => column.read_as(kind, words, dates),
    }
}

/// The decimal sign of the columns in which numbers have commas, if there are such columns.
pub(super) fn decimal(table: &TextTable) -> Option<char> {
    let mut found = None;
    for &place in &table.features {
        let mut commas = vec![];
        let fits = table.columns[place].levels().all(|text| match table.meaning(text) {
            Meaning::Text(_) => {
                let text = text.trim_end_matches(['%', ' ']);
                commas.push(text);
                fits_decimal(text, ',') || fits_decimal(text, '.')
            }
            _ => true,
        });
        if !fits || commas.is_empty() {
            continue;
        }
        let all = |sign| commas.iter().all(|text| fits_decimal(text, sign));
        // What may be either is thousands where commas also part fields.
        let sign = if all('.') && (table.delimiter == ',' || !all(',')) { '.' } else { ',' };
        match found {
            Some(other) if other != sign => return Some(','),
            _ => found = Some(sign),
        }
    }
    found
}

fn by_place(
    path: &Path,
    table: &TextTable,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<usize, (ColumnKind, Vec<String>)>> {
    let mut places = BTreeMap::new();
    for (name, text) in given {
        let mut named = (0..table.names.len()).filter(|&place| table.names[place] == *name);
        let by_number =
            || name.parse::<usize>().ok()?.checked_sub(1).filter(|place| *place < table.names.len());
        let place = match (named.next(), named.next()) {
            (Some(first), Some(second)) => {
                let problem = format!(
                    "columns {} and {} are both called {}; give the number of the one that you mean, as in --columns \
                     {}={text}",
                    first + 1,
                    second + 1,
                    quoted(name),
                    first + 1
                );
                return Err(Error::file(path, problem));
            }
            (first, _) => first.or_else(by_number),
        };
        let Some(place) = place else {
            let problem = format!("there is no column {} to give a kind to (--columns)", quoted(name));
            return Err(Error::file(path, problem));
        };
        places.insert(place, told(name, text)?);
    }
    Ok(places)
}
