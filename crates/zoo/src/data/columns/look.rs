//! A column that is looked at, or read as what it is said to be.

use std::path::Path;

use nn::data::table::{Kind, Meaning, TextColumn, TextTable, listed, local_date, quoted};
use nn::error::Fault;
use nn::{Error, Result};

use super::{ColumnKind, DateStyle, Looked};
use crate::data::index;

/// A column of a table.
pub(super) struct Column<'a> {
    pub(super) path: &'a Path,
    pub(super) table: &'a TextTable,
    pub(super) place: usize,
    pub(super) texts: &'a TextColumn,
}

impl Column<'_> {
    pub(super) fn name(&self) -> &str {
        &self.table.names[self.place]
    }

    fn refusal<T>(&self, level: u32, fault: Fault) -> Result<T> {
        Err(self.table.refusal(self.path, self.place, level, fault))
    }

    pub(super) fn plain(&self, kind: ColumnKind, by_level: &[f64]) -> Looked {
        Looked {
            name: self.name().to_owned(),
            kind,
            cells: self.texts.codes().iter().map(|&code| by_level[code as usize]).collect(),
            words: vec![],
            percent: false,
            decimals: None,
            dates: None,
            reason: None,
            notes: vec![],
        }
    }

    /// The same without its values.
    pub(super) fn left_out(&self, kind: ColumnKind, reason: String) -> Looked {
        let cells = vec![f64::NAN; self.texts.codes().len()];
        Looked { cells, reason: Some(reason), ..self.plain(kind, &vec![f64::NAN; self.texts.levels().len()]) }
    }

    /// The kind by looking.
    pub(super) fn look(&self, keep: bool) -> Result<Looked> {
        let meanings: Vec<Meaning> = self.texts.levels().map(|text| self.table.meaning(text)).collect();
        let count = |f: &dyn Fn(&Meaning) -> bool| -> usize {
            let counts = meanings.iter().zip(self.texts.counts()).filter(|(meaning, _)| f(meaning));
            counts.map(|(_, count)| *count as usize).sum()
        };
        let number =
            |meaning: &Meaning| matches!(meaning, Meaning::Value(Kind::Number, _) | Meaning::Percent(_));
        let missing = |meaning: &Meaning| matches!(meaning, Meaning::Missing);
        let mark = |meaning: &Meaning| matches!(meaning, Meaning::Mark);
        let (numbers, known) = (count(&number), self.table.rows - count(&missing));
        if known == count(&mark) {
            let way = "has no value in any row, so it is left out";
            return Ok(self.left_out(ColumnKind::Constant, way.into()));
        }
        let others = known - numbers - count(&mark);
        if numbers > 0 && others == 0 {
            return self.numbers(&meanings, keep);
        }
        for kind in [Kind::Truth(0), Kind::Truth(1), Kind::Truth(2), Kind::Truth(3)] {
            if count(&|meaning| matches!(meaning, Meaning::Value(other, _) if *other == kind)) + count(&mark)
                == known
            {
                return self.truths(&meanings);
            }
        }
        if let Some(dates) = self.dates(&meanings) {
            return Ok(dates);
        }
        // A few texts in a column of numbers or dates are mistakes, and no words.
        let dates = count(&|meaning| matches!(meaning, Meaning::Value(Kind::Date, _)));
        for (kind, values) in [(Kind::Number, numbers), (Kind::Date, dates)] {
            let of_kind = |meaning: &Meaning| match meaning {
                Meaning::Value(other, _) => *other == kind,
                Meaning::Percent(_) => kind == Kind::Number,
                _ => false,
            };
            let stray = |meaning: &Meaning| !of_kind(meaning) && !missing(meaning) && !mark(meaning);
            let different = meanings.iter().filter(|meaning| stray(meaning)).count();
            let level = meanings.iter().position(stray);
            if let Some(level) = level.filter(|_| 2 * values > known && different <= 5) {
                let text = self.texts.level(level as u32).to_owned();
                let fault = if kind == Kind::Number { Fault::NotNumber(text) } else { Fault::NotDate(text) };
                return self.refusal(level as u32, fault);
            }
        }
        Ok(self.words(&meanings))
    }

    /// Numbers: which kind of them.
    fn numbers(&self, meanings: &[Meaning], keep: bool) -> Result<Looked> {
        let mut looked = self.as_numbers(ColumnKind::Real, meanings)?;
        let mut values: Vec<f64> = looked.cells.iter().copied().filter(|value| !value.is_nan()).collect();
        values.sort_unstable_by(f64::total_cmp);
        let n = values.len() as f64;
        let (low, high) = (values[0], values[values.len() - 1]);
        let distinct = 1 + values.windows(2).filter(|pair| pair[0] != pair[1]).count();
        let whole = values.iter().all(|value| value.fract() == 0.0);
        if distinct == 1 {
            return Ok(self.constant(self.first_known(meanings)));
        }
        let all_differ = whole && distinct == self.table.rows && distinct > 2;
        if all_differ && index::is_called_so(self.place, self.name()) && !keep {
            let flag = self.name();
            let reason = format!(
                "has a different whole number in every row, as an identifier does, so it is left out; --columns \
                 {flag}=real keeps it"
            );
            return Ok(self.left_out(ColumnKind::Identifier, reason));
        }
        let mean = values.iter().sum::<f64>() / n;
        let moment = |power: i32, f: &dyn Fn(f64) -> f64| {
            let mean = values.iter().map(|value| f(*value)).sum::<f64>() / n;
            values.iter().map(|value| (f(*value) - mean).powi(power)).sum::<f64>() / n
        };
        let variance = moment(2, &|x| x);
        let skew = |f: &dyn Fn(f64) -> f64| moment(3, f) / moment(2, f).powf(1.5);
        looked.kind = if whole && distinct == 2 && low == 0.0 && high == 1.0 {
            looked.words = vec!["0".into(), "1".into()];
            ColumnKind::Binary
        } else if whole
            && (0.0..=1.0).contains(&low)
            && distinct > 2
            && variance >= mean
            && skew(&|x| x) > 1.0
        {
            ColumnKind::Count
        } else if low > 0.0
            && high >= 10.0 * low
            && skew(&|x| x) > 1.0
            && skew(&f64::ln).abs() < 0.5 * skew(&|x| x)
        {
            ColumnKind::Positive
        } else {
            ColumnKind::Real
        };
        Ok(looked)
    }

    fn first_known(&self, meanings: &[Meaning]) -> String {
        let known = meanings.iter().position(|meaning| !matches!(meaning, Meaning::Missing | Meaning::Mark));
        self.texts.level(known.unwrap_or(0) as u32).to_owned()
    }

    /// The cells as numbers of this kind.
    fn as_numbers(&self, kind: ColumnKind, meanings: &[Meaning]) -> Result<Looked> {
        let (mut by_level, mut percent, mut decimals, mut marks) = (vec![], false, Some(0), vec![]);
        for (level, meaning) in meanings.iter().enumerate() {
            let text = self.texts.level(level as u32);
            by_level.push(match meaning {
                Meaning::Missing => f64::NAN,
                Meaning::Mark => {
                    marks.push(format!("`{text}`"));
                    f64::NAN
                }
                Meaning::Value(Kind::Number | Kind::Truth(_), value) => *value,
                Meaning::Percent(value) => {
                    percent = true;
                    *value
                }
                Meaning::Value(..) => return self.refusal(level as u32, Fault::NotNumber(text.to_owned())),
                Meaning::Text(fault) => return self.refusal(level as u32, fault.clone()),
            });
            if !by_level[level].is_nan() {
                decimals = decimals.zip(decimals_of(text, by_level[level])).map(|(most, of)| most.max(of));
            }
        }
        let (name, marks) = (quoted(self.name()), listed(&marks));
        let note = (!marks.is_empty())
            .then(|| format!("in column {name}, which holds numbers, {marks} counts as missing"));
        let wrong = |value: &f64| match kind {
            ColumnKind::Positive => *value <= 0.0,
            // Of a gap, which is NaN, neither is true.
            ColumnKind::Count => *value < 0.0 || value.fract().abs() > 0.0,
            _ => false,
        };
        if let Some(level) = by_level.iter().position(wrong) {
            let what = if kind == ColumnKind::Count { "count" } else { "number above 0" };
            let (line, text) = (self.texts.line(level as u32), self.texts.level(level as u32));
            let problem = format!(
                "line {line}, column {name}: {text} is no {what}; read it as real (--columns {}=real)",
                self.name()
            );
            return Err(Error::file(self.path, problem));
        }
        Ok(Looked { percent, decimals, notes: note.into_iter().collect(), ..self.plain(kind, &by_level) })
    }

    /// Words for true and false.
    fn truths(&self, meanings: &[Meaning]) -> Result<Looked> {
        let value =
            |meaning: &Meaning| if let Meaning::Value(_, value) = meaning { *value } else { f64::NAN };
        let by_level: Vec<f64> = meanings.iter().map(value).collect();
        let word = |of: f64| {
            let level = by_level.iter().position(|value| *value == of)?;
            Some(self.texts.level(level as u32).to_owned())
        };
        match (word(0.0), word(1.0)) {
            (Some(no), Some(yes)) => {
                Ok(Looked { words: vec![no, yes], ..self.plain(ColumnKind::Binary, &by_level) })
            }
            (no, yes) => Ok(self.constant(no.or(yes).unwrap_or_default())),
        }
    }

    pub(super) fn constant(&self, word: String) -> Looked {
        let reason = format!("is {} wherever it is known, so it is left out", quoted(&word));
        Looked { words: vec![word], ..self.left_out(ColumnKind::Constant, reason) }
    }

    /// Dates, if all texts are dates of one style.
    fn dates(&self, meanings: &[Meaning]) -> Option<Looked> {
        let read = |f: &dyn Fn(&str, &Meaning) -> Option<f64>| -> Option<Vec<f64>> {
            (self.texts.levels().zip(meanings))
                .map(|(text, meaning)| match meaning {
                    Meaning::Missing | Meaning::Mark => Some(f64::NAN),
                    meaning => f(text, meaning),
                })
                .collect()
        };
        let iso = |_: &str, meaning: &Meaning| match meaning {
            Meaning::Value(Kind::Date, days) => Some(*days),
            _ => None,
        };
        let local = |month_first: bool| move |text: &str, _: &Meaning| local_date(text, month_first);
        let found = read(&iso).map(|days| (days, None, false));
        let found = found.or_else(|| {
            let [day_first, month_first] = [false, true].map(|order| read(&local(order)));
            let sign = self.texts.levels().zip(meanings).find_map(|(text, meaning)| {
                matches!(meaning, Meaning::Text(_))
                    .then(|| text.chars().find(|sign| ['.', '/', '-'].contains(sign)))?
            });
            let (days, order) =
                day_first.map(|days| (days, false)).or(month_first.map(|days| (days, true)))?;
            Some((days, sign, order))
        });
        let (days, sign, month_first) = found?;
        let time = days.iter().any(|days| !days.is_nan() && days.fract() != 0.0);
        let mut looked = self.plain(ColumnKind::Date, &days);
        looked.dates = Some(DateStyle { sign, month_first, time });
        let mut known: Vec<f64> = days.iter().copied().filter(|days| !days.is_nan()).collect();
        known.dedup();
        if known.len() < 2 {
            return Some(self.constant(self.first_known(meanings)));
        }
        if let Some(sign) = sign.filter(|sign| *sign != '.') {
            let order = if month_first { "month" } else { "day" };
            let (name, text) = (quoted(self.name()), self.first_known(meanings));
            looked.notes.push(format!(
                "column {name} holds dates such as {text}, taken with the {order} before the first {sign}"
            ));
        }
        Some(looked)
    }

    /// The cells as values of this kind.
    pub(super) fn read_as(
        &self,
        kind: ColumnKind,
        words: Vec<String>,
        dates: Option<DateStyle>,
    ) -> Result<Looked> {
        let meanings: Vec<Meaning> = self.texts.levels().map(|text| self.table.meaning(text)).collect();
        match kind {
            ColumnKind::Real | ColumnKind::Positive | ColumnKind::Count => self.as_numbers(kind, &meanings),
            ColumnKind::Date => {
                let style = dates;
                let found = self.dates(&meanings).filter(|found| found.kind == ColumnKind::Date);
                let by_level = |text: &str, meaning: &Meaning| match (meaning, style) {
                    (Meaning::Missing | Meaning::Mark, _) => Some(f64::NAN),
                    (Meaning::Value(Kind::Date, days), _) => Some(*days),
                    (_, Some(style)) => local_date(text, style.month_first),
                    (_, None) => None,
                };
                if let (Some(found), None) = (found, style) {
                    return Ok(found);
                }
                let mut days = vec![];
                for (level, (text, meaning)) in self.texts.levels().zip(&meanings).enumerate() {
                    match by_level(text, meaning) {
                        Some(day) => days.push(day),
                        None => return self.refusal(level as u32, Fault::NotDate(text.to_owned())),
                    }
                }
                let dates = style.or(Some(DateStyle { sign: None, month_first: false, time: false }));
                Ok(Looked { dates, ..self.plain(kind, &days) })
            }
            ColumnKind::Text | ColumnKind::Identifier | ColumnKind::Constant => {
                Ok(self.left_out(kind, "is left out as --columns says".into()))
            }
            ColumnKind::Binary | ColumnKind::Category | ColumnKind::Ordinal => {
                self.as_words(kind, words, &meanings)
            }
        }
    }
}

/// Digits behind the decimal sign of a number that is written with few.
fn decimals_of(text: &str, value: f64) -> Option<usize> {
    let text = text.trim_end_matches(['%', ' ']);
    if text.contains(['e', 'E']) {
        return None;
    }
    let digits = text.rfind(['.', ',']).map_or(0, |place| text.len() - place - 1);
    // A sign before three digits of a whole number parts thousands.
    let digits = if digits == 3 && value.fract() == 0.0 { 0 } else { digits };
    Some(digits).filter(|digits| *digits <= 8)
}
