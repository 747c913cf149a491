//! The steps by which each column of a table becomes what a model sees, learnt from the training rows; and the way back, to the
//! units and words of the table.
//!
//! | kind | features of a model | in a gap |
//! |---|---|---|
//! | real | `(x − m) / s` | 0 |
//! | positive | the same of `ln x` | 0 |
//! | count | the same of `ln (1 + x)` | 0 |
//! | binary | 0 or 1 | the share of 1 |
//! | category | a column for each word, 1 for the word that it is; the last may be that of rare words | shares |
//! | ordinal | the number of the level | its mean |
//! | date | days, scaled; sine and cosine of the day of the year and of the week, and of the time of the day | 0 |
//!
//! A number that many rows have exactly, such as 0 among amounts, is no draw from a smooth distribution. Such a column has a second
//! feature, 1 where it is that number, and then its first one counts as a gap.
//!
//! A gap holds the mean of what is known there, so that a model which is not told of gaps sees nothing unusual.

pub(super) mod dates;
#[cfg(test)]
mod tests;

use std::f64::consts::TAU;
use std::ops::Range;

use autograd::Tensor;
use nn::Result;
use nn::data::schema::{self, Block, Shape};
use nn::data::table::quoted;
use nn::data::transform::Scaling;
use serde::{Deserialize, Serialize};

use super::columns::{ColumnKind, DateStyle, Looked, MOST_WORDS};
use super::{Impute, Scale};

/// Rows with a word, or it is rare.
const RARE: usize = 3;

/// The share of rows from which on a number has a feature of its own, and the different other numbers that there must be.
const FREQUENT: f64 = 0.3;
const OTHERS: usize = 20;

/// The step of one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The name of the column.
    pub name: String,
    /// Its kind.
    pub kind: ColumnKind,
    /// The words of a binary, ordinal or categorical column, the most frequent categories first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// Whether a last feature stands for categories that are rare.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rare: bool,
    /// Whether numbers stand before a `%`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    percent: bool,
    /// Digits behind the decimal sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decimals: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dates: Option<DateStyle>,
    /// Why nothing is learnt from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Training rows in which it is missing.
    pub missing: usize,
    /// The features of a gap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fill: Vec<f64>,
    /// Numbers and days: what is taken away, and by what the rest is divided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scaling: Option<[f64; 2]>,
    /// Numbers and days: the smallest and the largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[f64; 2]>,
    /// The number that so many rows have that it has a feature of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequent: Option<f64>,
    /// Dates: which of the cycles of year, week and day they have.
    #[serde(default)]
    cycles: [bool; 3],
}

/// Days in the cycles of a date.
const CYCLES: [f64; 3] = [365.2425, 7.0, 1.0];

impl Step {
    /// Learns from the cells of the training rows of a column, and says which cell each of its words is from now on.
    pub(super) fn fit(
        looked: &Looked,
        cells: &[f64],
        scale: Scale,
        impute: Impute,
    ) -> Result<(Self, Vec<f64>)> {
        let mut known: Vec<f64> = cells.iter().copied().filter(|cell| !cell.is_nan()).collect();
        let mut step = Step {
            name: looked.name.clone(),
            kind: looked.kind,
            words: looked.words.clone(),
            rare: false,
            percent: looked.percent,
            decimals: looked.decimals,
            dates: looked.dates,
            reason: looked.reason.clone(),
            missing: cells.len() - known.len(),
            fill: vec![],
            scaling: None,
            range: None,
            frequent: None,
            cycles: [false; 3],
        };
        let mut recoded: Vec<f64> = (0..looked.words.len()).map(|place| place as f64).collect();
        if known.is_empty() && step.kind.is_learnt() {
            step.kind = ColumnKind::Constant;
            step.reason = Some("has no value in any training row, so it is left out".into());
        }
        if let Some(first) =
            known.first().filter(|first| step.kind.is_learnt() && known.iter().all(|cell| cell == *first))
        {
            let only = step.text(*first);
            step.reason = Some(format!("is {} in every training row, so it is left out", quoted(&only)));
            (step.words, step.kind) = (vec![only], ColumnKind::Constant);
        }
        if !step.kind.is_learnt() {
            return Ok((step, recoded));
        }
        if step.kind == ColumnKind::Category {
            recoded = step.choose_words(&known);
            known.iter_mut().for_each(|cell| *cell = recoded[*cell as usize]);
        }
        if step.kind.is_number() {
            step.frequent = frequent(&known);
        }
        if step.kind.is_number() || step.kind == ColumnKind::Date {
            step.learn_numbers(&known, scale)?;
        }
        if step.kind == ColumnKind::Date {
            let [low, high] = step.range.unwrap_or_default();
            step.cycles = [high - low > 90.0, high - low > 3.0, step.dates.is_some_and(|dates| dates.time)];
        }
        step.fill = step.mean_features(&mut known, impute);
        Ok((step, recoded))
    }

    /// Keeps the frequent words, and says where each of before is.
    fn choose_words(&mut self, known: &[f64]) -> Vec<f64> {
        let mut counts = vec![0; self.words.len()];
        known.iter().for_each(|&cell| counts[cell as usize] += 1);
        let mut order: Vec<usize> = (0..counts.len()).collect();
        order.sort_by(|&a, &b| counts[b].cmp(&counts[a]).then(self.words[a].cmp(&self.words[b])));
        let frequent = order.iter().take(MOST_WORDS).filter(|&&word| counts[word] >= RARE).count();
        // Of two words at least something can be learnt, however few there are.
        let kept = if frequent < 2 {
            order.iter().take(2).filter(|&&word| counts[word] > 0).count()
        } else {
            frequent
        };
        self.rare = order[kept..].iter().any(|&word| counts[word] > 0);
        let mut places = vec![if self.rare { kept as f64 } else { f64::NAN }; counts.len()];
        order.iter().take(kept).enumerate().for_each(|(place, &word)| places[word] = place as f64);
        self.words = order[..kept].iter().map(|&word| self.words[word].clone()).collect();
        places
    }

    fn learn_numbers(&mut self, known: &[f64], scale: Scale) -> Result<()> {
        let fold = |f: fn(f64, f64) -> f64, start: f64| known.iter().copied().fold(start, f);
        self.range = Some([fold(f64::min, f64::INFINITY), fold(f64::max, f64::NEG_INFINITY)]);
        let values: Vec<f64> =
            known.iter().filter(|cell| Some(**cell) != self.frequent).map(|cell| self.bent(*cell)).collect();
        let values = Tensor::from_vec([values.len(), 1], values);
        let scaling = match scale {
            Scale::None => {
                self.scaling = Some([0.0, 1.0]);
                return Ok(());
            }
            Scale::Auto | Scale::Standard => Scaling::standardize(&values)?,
            Scale::MinMax => Scaling::min_max(&values)?,
        };
        self.scaling = Some([scaling.shift.item(), scaling.scale.item()]);
        Ok(())
    }

    /// The features of a gap.
    fn mean_features(&self, known: &mut [f64], impute: Impute) -> Vec<f64> {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        match self.kind {
            kind if kind.is_number() => {
                let mut others: Vec<f64> =
                    known.iter().copied().filter(|cell| Some(*cell) != self.frequent).collect();
                let share = 1.0 - others.len() as f64 / known.len() as f64;
                let first = match impute {
                    Impute::Keep | Impute::Refuse => {
                        let scaled: Vec<f64> = others.iter().map(|cell| self.scaled(*cell)).collect();
                        // Without the rounding, 0 for what was standardized.
                        (mean(&scaled) * 1e9).round() / 1e9 + 0.0
                    }
                    how => self.scaled(how.value(&mut others).unwrap_or(0.0)),
                };
                std::iter::once(first).chain(self.frequent.map(|_| share)).collect()
            }
            ColumnKind::Category => {
                let mut shares = vec![0.0; self.width()];
                known.iter().for_each(|&cell| shares[cell as usize] += 1.0 / known.len() as f64);
                shares
            }
            ColumnKind::Date => {
                let mut sums = vec![0.0; self.width()];
                for cell in known.iter() {
                    let mut features = vec![];
                    self.features(*cell, &mut features);
                    sums.iter_mut()
                        .zip(features)
                        .for_each(|(sum, x)| *sum += f64::from(x) / known.len() as f64);
                }
                sums
            }
            _ => vec![mean(&*known)],
        }
    }

    pub(super) fn dates(&self) -> Option<DateStyle> {
        self.dates
    }

    /// Features that a model sees of the column.
    pub fn width(&self) -> usize {
        match self.kind {
            kind if !kind.is_learnt() => 0,
            ColumnKind::Category => self.words.len() + usize::from(self.rare),
            kind if kind.is_number() => 1 + usize::from(self.frequent.is_some()),
            ColumnKind::Date => 1 + 2 * self.cycles.iter().filter(|has| **has).count(),
            _ => 1,
        }
    }

    /// Their shapes and kinds.
    pub(super) fn blocks(&self) -> Vec<Block> {
        let kind = match self.kind {
            kind if !kind.is_learnt() => return vec![],
            ColumnKind::Binary => schema::Kind::Binary,
            ColumnKind::Category => schema::Kind::Category,
            ColumnKind::Ordinal => schema::Kind::Ordinal { levels: self.words.len() },
            _ => schema::Kind::Real,
        };
        let frequent = self.frequent.map(|_| Block::new(Shape::Scalars(1), schema::Kind::Binary));
        let width = self.width() - usize::from(frequent.is_some());
        std::iter::once(Block::new(Shape::Scalars(width), kind)).chain(frequent).collect()
    }

    /// Their names: `age`, `sex=male`, `day (year, sine)`.
    pub(super) fn feature_names(&self) -> Vec<String> {
        let name = &self.name;
        match self.kind {
            kind if !kind.is_learnt() => vec![],
            ColumnKind::Category => {
                let rare = self.rare.then_some("(rare)");
                self.words
                    .iter()
                    .map(String::as_str)
                    .chain(rare)
                    .map(|word| format!("{name}={word}"))
                    .collect()
            }
            ColumnKind::Binary if self.words != ["0", "1"] => vec![format!("{name}={}", self.words[1])],
            ColumnKind::Date => {
                let cycles = ["year", "week", "day"].into_iter().zip(self.cycles).filter(|(_, has)| *has);
                let parts = cycles
                    .flat_map(|(of, _)| ["sine", "cosine"].map(|part| format!("{name} ({of}, {part})")));
                std::iter::once(name.clone()).chain(parts).collect()
            }
            _ => {
                let frequent = self.frequent.map(|number| format!("{name}={}", self.text(number)));
                std::iter::once(name.clone()).chain(frequent).collect()
            }
        }
    }

    /// The cell on the scale on which it is standardized.
    fn bent(&self, cell: f64) -> f64 {
        match self.kind {
            ColumnKind::Positive => cell.max(f64::MIN_POSITIVE).ln(),
            ColumnKind::Count => cell.max(0.0).ln_1p(),
            _ => cell,
        }
    }

    pub(super) fn scaled(&self, cell: f64) -> f64 {
        let [shift, scale] = self.scaling.unwrap_or([0.0, 1.0]);
        (self.bent(cell) - shift) / scale
    }

    /// Adds the features of a cell.
    pub(super) fn features(&self, cell: f64, out: &mut Vec<f32>) {
        if cell.is_nan() {
            return out.extend(self.fill.iter().map(|x| *x as f32));
        }
        match self.kind {
            kind if !kind.is_learnt() => {}
            ColumnKind::Category => {
                let place = cell as usize;
                out.extend((0..self.width()).map(|word| if word == place { 1.0 } else { 0.0 }));
            }
            ColumnKind::Binary | ColumnKind::Ordinal => out.push(cell as f32),
            ColumnKind::Date => {
                out.push(self.scaled(cell) as f32);
                for (days, _) in CYCLES.into_iter().zip(self.cycles).filter(|(_, has)| *has) {
                    let angle = TAU * (cell / days).fract();
                    out.extend([angle.sin() as f32, angle.cos() as f32]);
                }
            }
            _ => match self.frequent {
                None => out.push(self.scaled(cell) as f32),
                Some(number) if number == cell => out.extend([self.fill[0] as f32, 1.0]),
                Some(_) => out.extend([self.scaled(cell) as f32, 0.0]),
            },
        }
    }

    /// The first feature if it says nothing, because the second says that the cell is the frequent number.
    pub(super) fn silent(&self, features: &[f32]) -> bool {
        self.frequent.is_some() && features[1] == 1.0
    }

    /// The cell of a word that was not seen in training: that of rare ones, or a gap.
    pub(super) fn of_strange_word(&self) -> f64 {
        if self.rare { self.words.len() as f64 } else { f64::NAN }
    }

    /// The mean of a number by its features, where the frequent number is as probable as the second says; of anything else the
    /// most probable [cell](Self::cell).
    pub fn expected(&self, features: &[f32]) -> f64 {
        match self.frequent {
            None => self.cell(features),
            Some(number) => {
                let share = f64::from(features[1]).clamp(0.0, 1.0);
                let other = self.cell(&[features[0], 0.0]);
                self.rounded(share * number + (1.0 - share) * other)
            }
        }
    }

    /// A number with the digits that the column has.
    fn rounded(&self, value: f64) -> f64 {
        match self.decimals {
            Some(decimals) => {
                let unit = 10_f64.powi(decimals as i32);
                (value * unit).round() / unit + 0.0
            }
            None => f64::from(value as f32),
        }
    }

    /// The most probable cell by its features: a number, days, or the place of a word.
    pub fn cell(&self, features: &[f32]) -> f64 {
        if let Some(number) = self.frequent.filter(|_| features[1] > 0.5) {
            return number;
        }
        let first = || f64::from(features[0]);
        let number = |bent: f64| match self.kind {
            ColumnKind::Positive => bent.exp(),
            ColumnKind::Count => bent.exp_m1().max(0.0),
            _ => bent,
        };
        match self.kind {
            kind if !kind.is_learnt() => f64::NAN,
            ColumnKind::Category => {
                let named = &features[..self.words.len()];
                let best = (0..named.len()).rev().max_by(|&a, &b| named[a].total_cmp(&named[b]));
                best.unwrap_or(0) as f64
            }
            ColumnKind::Binary => f64::from(u8::from(first() > 0.5)),
            ColumnKind::Ordinal => first().round().clamp(0.0, (self.words.len() - 1) as f64),
            _ => {
                let [shift, scale] = self.scaling.unwrap_or([0.0, 1.0]);
                let value = number(first() * scale + shift);
                match (self.kind, self.dates) {
                    (ColumnKind::Date, Some(dates)) if !dates.time => value.round(),
                    (ColumnKind::Date, _) => (value * 86_400.0).round() / 86_400.0,
                    _ => self.rounded(value),
                }
            }
        }
    }

    /// The cell that a gap holds: the mean, or the most frequent word.
    pub fn usual(&self) -> f64 {
        let fill: Vec<f32> = self.fill.iter().map(|x| *x as f32).collect();
        self.expected(&fill)
    }

    /// A cell as the table writes it; empty for a gap.
    pub fn text(&self, cell: f64) -> String {
        if cell.is_nan() {
            return String::new();
        }
        match self.kind {
            ColumnKind::Binary | ColumnKind::Category | ColumnKind::Ordinal => {
                self.words.get(cell as usize).cloned().unwrap_or_else(|| "(rare)".into())
            }
            ColumnKind::Constant => self.words.first().cloned().unwrap_or_default(),
            ColumnKind::Date => dates::written(cell, self.dates),
            _ => {
                let number = match self.decimals {
                    Some(decimals) => format!("{cell:.decimals$}"),
                    None => cell.to_string(),
                };
                if self.percent { number + "%" } else { number }
            }
        }
    }

    /// One line about it: `category  3 words: male, female, …`.
    pub fn summary(&self) -> String {
        const SHOWN: usize = 4;
        let number = |x: f64| {
            let text = self.text(x);
            if text.len() > 12 { format!("{x:.4e}") } else { text }
        };
        let missing = if self.missing > 0 { format!(", {} missing", self.missing) } else { String::new() };
        let what = match (&self.reason, self.kind) {
            (Some(reason), _) => return reason.clone(),
            (None, ColumnKind::Binary | ColumnKind::Category | ColumnKind::Ordinal) => {
                let count = self.words.len();
                let mut words = self.words.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
                if count > SHOWN {
                    words += ", …";
                }
                let rare = if self.rare { " and rare ones" } else { "" };
                format!("{count} words: {words}{rare}")
            }
            _ => {
                let range = |[low, high]: [f64; 2]| format!("{} to {}", number(low), number(high));
                let often = |of: f64| format!(", {:.0} % are {}", 100.0 * self.fill[1], number(of));
                self.range.map_or(String::new(), range) + &self.frequent.map_or(String::new(), often)
            }
        };
        what + &missing
    }

    /// The sentence about words that training did not have.
    pub(super) fn strange(&self, words: &[(String, usize)]) -> String {
        let rows: usize = words.iter().map(|(_, rows)| rows).sum();
        let names: Vec<String> = words.iter().map(|(word, _)| quoted(word)).collect();
        let taken = if self.rare { "counts as rare" } else { "counts as missing" };
        let (rows, have) = if rows == 1 { ("1 row".into(), "has") } else { (format!("{rows} rows"), "have") };
        format!(
            "in column {} {rows} {have} {}, which never occurred in training and {taken}",
            quoted(&self.name),
            nn::data::table::listed(&names)
        )
    }
}

/// The number that many of these are exactly, if there are many others as well.
fn frequent(known: &[f64]) -> Option<f64> {
    let mut sorted = known.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let groups = || sorted.chunk_by(|a, b| a == b);
    let most = groups().max_by_key(|group| group.len())?;
    let many = most.len() as f64 >= FREQUENT * known.len() as f64;
    (many && most.len() >= RARE && groups().count() > OTHERS).then_some(most[0])
}

/// The features of each step in a row of a model.
pub(super) fn ranges(steps: &[Step]) -> impl Iterator<Item = (&Step, Range<usize>)> {
    let mut end = 0;
    steps.iter().map(move |step| {
        let start = end;
        end += step.width();
        (step, start..end)
    })
}
