//! What may be searched: settings by name, and the values each may take.

use std::collections::BTreeMap;

use nn::{Error, Result};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// The values of one setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Range {
    /// Numbers from `low` to `high`.
    Real {
        /// The smallest.
        low: f64,
        /// The largest.
        high: f64,
        /// Whether equal *ratios* are equally probable, as for learning rates.
        #[serde(default)]
        log: bool,
    },
    /// Whole numbers from `low` to `high`.
    Whole {
        /// The smallest.
        low: i64,
        /// The largest.
        high: i64,
        /// Whether equal ratios are equally probable, as for widths of layers.
        #[serde(default)]
        log: bool,
    },
    /// One of these values, in no order.
    Choice(Vec<Value>),
}

/// Ranges by the name of the setting, in alphabetical order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Space(pub BTreeMap<String, Range>);

impl Space {
    /// A space of these ranges.
    pub fn new<const N: usize>(ranges: [(&str, Range); N]) -> Self {
        Space(ranges.into_iter().map(|(name, range)| (name.to_owned(), range)).collect())
    }

    /// Refuses ranges that are empty.
    ///
    /// # Errors
    /// With a sentence that names the setting.
    pub fn check(&self) -> Result<()> {
        if self.0.is_empty() {
            return Err(Error::setting("space", "there is no setting to search"));
        }
        for (name, range) in &self.0 {
            let problem = match *range {
                Range::Real { low, high, log } if !(low < high && low.is_finite() && high.is_finite()) => {
                    format!("needs low < high, not {low} and {high} (log = {log})")
                }
                Range::Whole { low, high, .. } if low >= high => {
                    format!("needs low < high, not {low} and {high}")
                }
                Range::Real { low, log: true, .. } if low <= 0.0 => {
                    format!("has a logarithmic range from {low}; it must begin above 0")
                }
                Range::Whole { low, log: true, .. } if low <= 0 => {
                    format!("has a logarithmic range from {low}; it must begin above 0")
                }
                Range::Choice(ref values) if values.is_empty() => "has no values to choose from".to_owned(),
                Range::Choice(ref values) => match repeated(values) {
                    Some(value) => format!("has the value {value} twice"),
                    None => continue,
                },
                _ => continue,
            };
            return Err(Error::setting(name.as_str(), format!("the setting `{name}` to search {problem}")));
        }
        Ok(())
    }

    /// How many different settings there are; `None` if a range is one of real numbers.
    pub fn size(&self) -> Option<usize> {
        self.0.values().try_fold(1_usize, |product, range| Some(product.saturating_mul(range.values()?)))
    }

    /// For every one of its settings a point; nothing if a range is one of real numbers.
    pub(super) fn points(&self) -> impl Iterator<Item = Vec<f64>> {
        (0..self.size().unwrap_or(0)).map(|mut number| {
            let coordinate = |range: &Range| {
                let values = range.values().unwrap_or(1);
                let place = range.place(number % values);
                number /= values;
                place
            };
            self.0.values().map(coordinate).collect()
        })
    }

    /// The settings at a point of the unit cube, one coordinate in `[0, 1]` for every name.
    pub fn settings(&self, point: &[f64]) -> Table {
        self.0.iter().zip(point).map(|((name, range), &u)| (name.clone(), range.value(u))).collect()
    }
}

impl Range {
    /// The value at `u` from 0 to 1.
    fn value(&self, u: f64) -> Value {
        let between = |low: f64, high: f64, log: bool| {
            if log { (low.ln() + u * (high.ln() - low.ln())).exp() } else { low + u * (high - low) }
        };
        match *self {
            Range::Real { low, high, log } => Value::Float(between(low, high, log).clamp(low, high)),
            // Half a step beyond both ends, so that these are as probable as the numbers between.
            Range::Whole { low, high, log } => {
                let value = between(low as f64 - 0.5, high as f64 + 0.5, log).round() as i64;
                Value::Integer(value.clamp(low, high))
            }
            Range::Choice(ref values) => values[choice(u, values.len())].clone(),
        }
    }

    /// How many different values there are; `None` for real numbers.
    fn values(&self) -> Option<usize> {
        match self {
            Range::Real { .. } => None,
            Range::Whole { low, high, .. } => usize::try_from(high.abs_diff(*low)).ok()?.checked_add(1),
            Range::Choice(values) => Some(values.len()),
        }
    }

    /// Where in `[0, 1]` the value with this number lies, counted from 0.
    fn place(&self, number: usize) -> f64 {
        match *self {
            Range::Real { .. } => 0.5,
            Range::Whole { low, high, log } => {
                let scale = |v: f64| if log { v.ln() } else { v };
                let [first, value, last] =
                    [low as f64 - 0.5, low as f64 + number as f64, high as f64 + 0.5].map(scale);
                (value - first) / (last - first)
            }
            Range::Choice(ref values) => (number as f64 + 0.5) / values.len() as f64,
        }
    }

    /// How many values there are to choose from; `None` for numbers.
    pub(super) fn choices(&self) -> Option<usize> {
        match self {
            Range::Choice(values) => Some(values.len()),
            Range::Real { .. } | Range::Whole { .. } => None,
        }
    }
}

/// A value that is listed twice.
fn repeated(values: &[Value]) -> Option<&Value> {
    values.iter().enumerate().find(|(place, value)| values[..*place].contains(value)).map(|(_, value)| value)
}

/// Which of `count` equal parts of `[0, 1]` holds `u`.
pub(super) fn choice(u: f64, count: usize) -> usize {
    ((u * count as f64) as usize).min(count - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_become_settings() {
        let space = Space::new([
            ("rate", Range::Real { low: 1e-4, high: 1.0, log: true }),
            ("code", Range::Whole { low: 1, high: 4, log: false }),
            ("kind", Range::Choice(vec!["a".into(), "b".into()])),
        ]);
        space.check().unwrap();
        // In alphabetical order: code, kind, rate.
        let settings = space.settings(&[0.999, 0.5, 0.5]);
        assert_eq!((settings["code"].as_integer(), settings["kind"].as_str()), (Some(4), Some("b")));
        assert!((settings["rate"].as_float().unwrap() - 1e-2).abs() < 1e-12);
        let mut counts = [0; 4];
        for i in 0..400 {
            let code =
                space.settings(&[(f64::from(i) + 0.5) / 400.0, 0.0, 1.0])["code"].as_integer().unwrap();
            counts[code as usize - 1] += 1;
        }
        assert_eq!(counts, [100; 4]);
        assert_eq!(space.settings(&[1.0, 1.0, 1.0])["rate"].as_float(), Some(1.0));
    }

    #[test]
    fn every_setting_has_its_point() {
        let space = Space::new([
            ("code", Range::Whole { low: 1, high: 40, log: true }),
            ("kind", Range::Choice(vec!["a".into(), "b".into(), "c".into()])),
            ("width", Range::Whole { low: -2, high: 2, log: false }),
        ]);
        assert_eq!(space.size(), Some(600));
        let all: std::collections::BTreeSet<String> =
            space.points().map(|point| space.settings(&point).to_string()).collect();
        assert_eq!(all.len(), 600);
        assert_eq!(Space::new([("x", Range::Real { low: 0.0, high: 1.0, log: false })]).size(), None);
    }

    #[test]
    fn spaces_are_read_from_toml() {
        let text = "code = { whole = { low = 2, high = 8 } }\nactivation = { choice = ['relu', 'tanh'] }";
        let space: Space = toml::from_str(text).unwrap();
        assert_eq!(space.0["code"], Range::Whole { low: 2, high: 8, log: false });
        assert_eq!(space.0["activation"].choices(), Some(2));
    }

    #[test]
    fn empty_ranges_are_refused() {
        let problem = |range| Space::new([("x", range)]).check().unwrap_err().to_string();
        assert!(problem(Range::Real { low: 1.0, high: 1.0, log: false }).contains("needs low < high"));
        assert!(problem(Range::Real { low: f64::NAN, high: 1.0, log: false }).contains("needs low < high"));
        assert!(problem(Range::Whole { low: 0, high: 1, log: true }).contains("must begin above 0"));
        let text = "the setting `x` to search has no values to choose from";
        assert_eq!(problem(Range::Choice(vec![])), text);
        assert!(
            problem(Range::Choice(vec![1.into(), 2.into(), 1.into()])).ends_with("has the value 1 twice")
        );
        assert!(Space::default().check().is_err());
    }
}
