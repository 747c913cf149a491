//! The meaning of the fields of a table: numbers, truth values, dates, and marks of missing values.

use super::TableOptions;
use super::date::days;
use crate::error::Fault;

/// Kind of the known values of a column; those of one column are all of the same kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers.
    Number,
    /// Truth values, read as 1 and 0: the pair of words with this number.
    Truth(u8),
    /// Dates and times as ISO 8601 has them, read as days since the beginning of 1970.
    Date,
}

/// The words for true and false; their case does not matter.
const TRUTHS: [[&str; 2]; 4] = [["true", "false"], ["yes", "no"], ["t", "f"], ["y", "n"]];

/// Texts that often mark missing values but may mean something else, in small letters.
const MARKS: [&str; 24] = [
    "-", "--", "---", "–", "—", ".", "..", "...", "*", "\\n", "#div/0!", "#value!", "#ref!", "#name?",
    "#num!", "#null!", "none", "nil", "n.a.", "missing", "unknown", "void", "(null)", "(blank)",
];

impl Kind {
    /// All kinds.
    pub(super) const ALL: [Kind; 6] =
        [Kind::Number, Kind::Date, Kind::Truth(0), Kind::Truth(1), Kind::Truth(2), Kind::Truth(3)];

    /// The name of its values.
    pub fn plural(self) -> String {
        match self {
            Kind::Number => "numbers".into(),
            Kind::Date => "dates".into(),
            Kind::Truth(pair) => {
                format!("{} and {}", TRUTHS[usize::from(pair)][0], TRUTHS[usize::from(pair)][1])
            }
        }
    }

    /// The fault of a text that is no value of this kind.
    pub(super) fn refusal(self, text: &str) -> Fault {
        match self {
            Kind::Number => Fault::NotNumber(text.to_owned()),
            Kind::Date => Fault::NotDate(text.to_owned()),
            Kind::Truth(pair) => Fault::NotTruth(text.to_owned(), TRUTHS[usize::from(pair)]),
        }
    }
}

/// How fields are to be read.
#[derive(Clone, Debug)]
pub(super) struct Signs {
    decimal: Option<char>,
    /// Marks of missing values, and what they are as numbers.
    missing: Vec<(String, Option<f64>)>,
}

impl Signs {
    pub(super) fn of(options: &TableOptions) -> Self {
        let mut signs = Signs { decimal: options.decimal, missing: vec![] };
        signs.missing = (options.missing.iter())
            .map(|mark| (mark.trim().to_owned(), signs.number(mark.trim()).filter(|value| !value.is_nan())))
            .collect();
        signs
    }

    /// Whether a field says that its value is not known.
    pub(super) fn is_missing(&self, text: &str) -> bool {
        matches!(text, "" | "?" | "NA" | "N/A" | "n/a" | "#N/A" | "<NA>" | "NULL" | "null" | "None")
            || text.parse::<f64>().is_ok_and(f64::is_nan)
            || self.missing.iter().any(|(mark, _)| mark == text)
    }

    /// The value of a field, if it is known, or what is wrong with it.
    pub(super) fn value(&self, text: &str) -> Result<Option<(Kind, f64)>, Fault> {
        if let Some(value) = self.number(text).filter(|value| !value.is_nan()) {
            if self.missing.iter().any(|(mark, number)| *number == Some(value) || mark == text) {
                return Ok(None);
            }
            if value.is_infinite() && text.to_lowercase().contains("inf") {
                return Err(Fault::Infinite(text.to_owned()));
            }
            if value.is_infinite() {
                return Err(Fault::TooLarge(text.to_owned()));
            }
            return Ok(Some((Kind::Number, value)));
        }
        if self.is_missing(text) {
            return Ok(None);
        }
        if let Some(known) = truth(text) {
            return Ok(Some(known));
        }
        if let Some(days) = days(text) {
            return Ok(Some((Kind::Date, days)));
        }
        Err(match self.decimal {
            Some(',') if self.point_number(text) => Fault::Point(text.to_owned()),
            None if is_comma_number(text) => Fault::Comma(text.to_owned()),
            _ => Kind::Number.refusal(text),
        })
    }

    /// The kind of a text, without regard to what can be stored; `None` for other text and for missing values.
    pub(super) fn kind(&self, text: &str) -> Option<Kind> {
        if self.is_missing(text) {
            return None;
        }
        let number = self.number(text).map(|_| Kind::Number);
        number.or_else(|| truth(text).map(|(kind, _)| kind)).or_else(|| days(text).map(|_| Kind::Date))
    }

    /// A number in the notation that was asked for.
    pub(super) fn number(&self, text: &str) -> Option<f64> {
        if let (Ok(value), true) = (text.parse(), self.decimal != Some(',') || !text.contains('.')) {
            return Some(value);
        }
        let (point, between) = match self.decimal {
            None => return text.strip_prefix('−')?.parse::<f64>().ok().map(|value| -value),
            Some(',') => (',', ['.', ' ', '\'', '’', '\u{a0}', '\u{202f}']),
            Some(_) => ('.', [',', ' ', '\'', '’', '\u{a0}', '\u{202f}']),
        };
        let text = text.replace('−', "-");
        let (whole, rest) = text.split_at(text.find(point).unwrap_or(text.len()));
        let plain = ungrouped(whole, &between)? + &rest.replacen(point, ".", 1);
        plain.parse().ok()
    }

    fn point_number(&self, text: &str) -> bool {
        Signs { decimal: Some('.'), missing: vec![] }.number(text).is_some()
    }
}

/// The digits before the decimal sign without the signs between thousands: all the same, before three digits each.
fn ungrouped(whole: &str, between: &[char]) -> Option<String> {
    let Some(sign) = whole.chars().find(|sign| between.contains(sign)) else { return Some(whole.to_owned()) };
    let mut groups = whole.split(sign);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let first = groups.next()?.trim_start_matches(['+', '-']);
    let good = (1..=3).contains(&first.len())
        && digits(first)
        && groups.all(|group| group.len() == 3 && digits(group));
    good.then(|| whole.replace(sign, ""))
}

/// Whether a text would be a number if its commas meant something.
pub(super) fn is_comma_number(text: &str) -> bool {
    text.contains(',')
        && [Some(','), Some('.')]
            .iter()
            .any(|decimal| Signs { decimal: *decimal, missing: vec![] }.number(text).is_some())
}

/// Whether a text is one of the signs that mark missing values and are no words.
pub(super) fn is_dash(text: &str) -> bool {
    is_mark(text) && !text.contains(char::is_alphabetic)
}

/// Whether a text often marks a missing value.
pub(super) fn is_mark(text: &str) -> bool {
    MARKS.contains(&text.to_lowercase().as_str())
}

fn truth(text: &str) -> Option<(Kind, f64)> {
    if text.len() > 5 {
        return None;
    }
    (0..).zip(TRUTHS).find_map(|(pair, words)| {
        let word = words.iter().position(|word| word.eq_ignore_ascii_case(text))?;
        Some((Kind::Truth(pair), 1.0 - word as f64))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(decimal: Option<char>) -> Signs {
        Signs::of(&TableOptions { decimal, ..TableOptions::default() })
    }

    #[test]
    fn numbers_of_other_countries() {
        let (plain, point, comma) = (signs(None), signs(Some('.')), signs(Some(',')));
        for (text, by_point, by_comma) in [
            ("1.5", Some(1.5), None),
            ("1,5", None, Some(1.5)),
            ("1,234", Some(1234.0), Some(1.234)),
            ("1.234", Some(1.234), Some(1234.0)),
            ("1,234,567.25", Some(1_234_567.25), None),
            ("-1.234.567,25", None, Some(-1_234_567.25)),
            ("1 234 567", Some(1_234_567.0), Some(1_234_567.0)),
            ("1\u{a0}234,5", None, Some(1234.5)),
            ("1'234.5", Some(1234.5), None),
            ("−7", Some(-7.0), Some(-7.0)),
            ("1,5e3", None, Some(1500.0)),
            ("12,34,567", None, None),
            ("1,2345", None, Some(1.2345)),
            (",5", None, Some(0.5)),
            ("1,,234", None, None),
            ("12", Some(12.0), Some(12.0)),
        ] {
            assert_eq!(point.number(text), by_point, "{text} with a point");
            assert_eq!(comma.number(text), by_comma, "{text} with a comma");
        }
        assert_eq!(plain.number("−7"), Some(-7.0));
        assert_eq!(plain.value("1,5"), Err(Fault::Comma("1,5".into())));
        assert_eq!(comma.value("1.5"), Err(Fault::Point("1.5".into())));
    }

    #[test]
    fn truth_values_and_missing_ones() {
        let mut signs = signs(None);
        for (text, pair, value) in [("True", 0, 1.0), ("NO", 1, 0.0), ("t", 2, 1.0), ("N", 3, 0.0)] {
            assert_eq!(signs.value(text), Ok(Some((Kind::Truth(pair), value))));
        }
        assert_eq!(
            (signs.value("NaN"), signs.value(""), signs.value("<NA>")),
            (Ok(None), Ok(None), Ok(None))
        );
        assert!(signs.value("-").is_err() && signs.value("-999").is_ok_and(|value| value.is_some()));
        signs =
            Signs::of(&TableOptions { missing: vec!["-".into(), "-999".into()], ..TableOptions::default() });
        assert_eq!(
            (signs.value("-"), signs.value("-999.0"), signs.value("-999")),
            (Ok(None), Ok(None), Ok(None))
        );
        assert!(signs.value("-998").is_ok_and(|value| value.is_some()));
        assert!(is_mark("#DIV/0!") && is_mark("\\N") && is_mark("None") && !is_mark("rome"));
    }
}
