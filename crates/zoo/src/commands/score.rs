//! `zoo score`: anomalies.

use autograd::Tensor;
use nn::{Error, Result};
use serde_json::{Value, json};
use zoo::data::Rows;
use zoo::run::Run;
use zoo::uses::anomaly::Score;
use zoo::uses::latent::reconstruct;

use super::examples::{image_size, images, rows};
use super::output::{Sheet, Target};
use super::progress::Spinner;
use super::{Outcome, json as pretty, terminal};
use crate::cli::{ScoreArgs, ScoreName};

/// Features that are named as the reason for a score.
const REASONS: usize = 3;
/// The least share of a score that is a reason.
const LEAST: f64 = 0.01;

/// How strange each example is.
pub(crate) fn run(args: &ScoreArgs) -> Result<Outcome> {
    let target = Target::new(&args.out)?;
    if args.json.json && args.out.out.is_some() {
        return Err(Error::Invalid("--json goes to standard output; leave --out away".into()));
    }
    if args.top == Some(0) {
        return Err(Error::Invalid("at least 1 row must be shown (--top 1)".into()));
    }
    let run = Run::open(&args.run)?;
    if target.is_picture() {
        image_size(&run)?;
    }
    let rows = rows(&run, &args.rows)?;
    let spinner = Spinner::new("scoring");
    let found = Findings::new(&run, args, rows)?;
    drop(spinner);
    if args.json.json {
        return Ok(Outcome::Done(pretty(&found.json())));
    }
    if args.top.is_some() && args.out.out.is_none() {
        return Ok(Outcome::Done(found.table()));
    }
    target.put(|| Ok(found.sheet()), || found.picture())
}

/// The scores of some examples.
struct Findings<'a> {
    run: &'a Run,
    rows: Rows,
    kind: Score,
    /// What is shown, by number of the row: all in order, or the strangest first.
    shown: Vec<usize>,
    scores: Vec<f64>,
    p_values: Vec<f64>,
    threshold: f64,
    contamination: f64,
    /// `[rows, features]`, or `[rows, code]` for distances of codes.
    contributions: Tensor<f64>,
    all_contributions: bool,
}

impl<'a> Findings<'a> {
    fn new(run: &'a Run, args: &ScoreArgs, rows: Rows) -> Result<Self> {
        let kind = match args.score {
            ScoreName::SquaredError => Score::SquaredError,
            ScoreName::Mahalanobis => Score::Mahalanobis,
            ScoreName::LatentDistance => Score::LatentDistance,
        };
        let (detector, note) = run.detector(kind, &rows.data.x)?;
        note.iter().for_each(|note| eprintln!("note: {note}"));
        let threshold = detector.threshold(args.contamination)?;
        let scores = detector.scores(&rows.data.x)?;
        let mut shown: Vec<usize> = (0..scores.len()).collect();
        if let Some(top) = args.top {
            // Stable: equal scores stay in the order of the data.
            shown.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
            shown.truncate(top);
        }
        Ok(Findings {
            kind,
            shown,
            p_values: detector.p_values(&rows.data.x)?,
            threshold,
            contamination: args.contamination,
            contributions: detector.contributions(&rows.data.x),
            all_contributions: args.contributions,
            scores,
            run,
            rows,
        })
    }

    /// What contributes to a score: a feature, or a number of the code.
    fn part(&self, j: usize) -> String {
        match self.kind {
            Score::LatentDistance => format!("z{}", j + 1),
            _ => self.run.preparation.feature(j),
        }
    }

    fn width(&self) -> usize {
        self.contributions.shape()[1]
    }

    fn contributions_of(&self, row: usize) -> Vec<f64> {
        self.contributions.slice(0, row, row + 1, 1).to_vec()
    }

    /// The parts that contribute most, with their share of the score where that is worth a word.
    fn reasons(&self, row: usize) -> Vec<(usize, f64)> {
        let parts = self.contributions_of(row);
        let mut order: Vec<usize> = (0..parts.len()).collect();
        order.sort_by(|&a, &b| parts[b].total_cmp(&parts[a]));
        let share = |j: usize| (j, parts[j] / self.scores[row].max(f64::MIN_POSITIVE));
        order.into_iter().take(REASONS).map(share).filter(|(_, share)| *share >= LEAST).collect()
    }

    fn is_anomalous(&self, row: usize) -> bool {
        self.scores[row] > self.threshold
    }

    /// For people.
    fn table(&self) -> String {
        let count = (0..self.scores.len()).filter(|&row| self.is_anomalous(row)).count();
        let mut text = format!(
            "{count} of {} rows score above {:.4}, the threshold for a contamination of {}\n\n",
            self.scores.len(),
            self.threshold,
            self.contamination
        );
        let names = self.shown.iter().map(|&row| self.rows.names[row].chars().count());
        let width = names.max().unwrap_or(0).max(3);
        text += &format!("  {:>width$}  {:>10}  {:>8}    because\n", "row", "score", "p-value");
        for &row in &self.shown {
            let because = broken(&self.because(row), width + 28, terminal::columns());
            let mark = if self.is_anomalous(row) { '!' } else { ' ' };
            text += &format!(
                "  {:>width$}  {:>10.4}  {:>8.4}  {mark} {}\n",
                self.rows.names[row], self.scores[row], self.p_values[row], because
            );
        }
        text
    }

    /// `alcohol 14.8 (expected 12.9) 61 %, …`.
    fn because(&self, row: usize) -> String {
        if let (Some([_, width]), true) = (self.run.preparation.image, self.kind != Score::LatentDistance) {
            let place = |&(j, _): &(usize, f64)| format!("row {}, column {}", j / width + 1, j % width + 1);
            return self
                .reasons(row)
                .first()
                .map_or(String::new(), |worst| format!("worst at {}", place(worst)));
        }
        let x = self.rows.data.rows(&[row]);
        let units = |x: &Tensor<f32>| self.run.preparation.restore_units(x).to_vec();
        let (found, expected) = (units(&x), units(&reconstruct(&*self.run.model, &x)));
        let reason = |(j, share): (usize, f64)| {
            let values = match self.kind {
                Score::LatentDistance => String::new(),
                _ => format!(" {} (expected {})", short(found[j]), short(expected[j])),
            };
            format!("{}{values} {:.0} %", self.part(j), 100.0 * share)
        };
        self.reasons(row).into_iter().map(reason).collect::<Vec<_>>().join(", ")
    }

    /// For programs.
    fn json(&self) -> Value {
        let row = |&row: &usize| {
            let parts = self.contributions_of(row);
            let named = |(j, share): (usize, f64)| json!({"feature": self.part(j), "share": share});
            let reasons: Vec<Value> = self.reasons(row).into_iter().map(named).collect();
            let mut value = json!({
                "row": self.rows.names[row],
                "score": self.scores[row],
                "p_value": self.p_values[row],
                "anomalous": self.is_anomalous(row),
                "reasons": reasons,
            });
            if self.all_contributions {
                value["contributions"] = json!(parts);
            }
            value
        };
        json!({
            "score": self.kind,
            "threshold": self.threshold,
            "contamination": self.contamination,
            "rows": self.shown.iter().map(row).collect::<Vec<_>>(),
        })
    }

    fn sheet(&self) -> Sheet {
        let mut columns = ["score", "p_value", "anomalous"].map(String::from).to_vec();
        let parts = if self.all_contributions { self.width() } else { 0 };
        columns.extend((0..parts).map(|j| format!("because_{}", self.part(j).replace(' ', "_"))));
        let mut values = vec![];
        for &row in &self.shown {
            let flag = if self.is_anomalous(row) { 1.0 } else { 0.0 };
            values.extend([self.scores[row], self.p_values[row], flag]);
            values.extend(self.contributions_of(row).iter().take(parts));
        }
        let rows = self.shown.iter().map(|&row| self.rows.names[row].clone()).collect();
        let values = Tensor::from_vec([self.shown.len(), columns.len()], values);
        Sheet { rows: Some(rows), columns, values, single: true }
    }

    /// The strangest images, each over its reconstruction.
    fn picture(&self) -> Result<zoo::plot::Picture> {
        const COLUMNS: usize = 10;
        const MOST: usize = 50;
        let mut order = self.shown.clone();
        order.sort_by(|&a, &b| self.scores[b].total_cmp(&self.scores[a]));
        order.truncate(MOST);
        let mut parts = vec![];
        for numbers in order.chunks(COLUMNS) {
            let x = self.rows.data.rows(numbers);
            let x_hat = reconstruct(&*self.run.model, &x);
            parts.extend(filled_up([x, x_hat], if order.len() > COLUMNS { COLUMNS } else { order.len() }));
        }
        let all = Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0);
        let columns = COLUMNS.min(order.len());
        images(self.run, "The strangest first; below each what the model makes of it", columns, &all)
    }
}

/// Reasons below each other, at this indentation, where they do not fit beside each other.
fn broken(reasons: &str, indentation: usize, columns: Option<usize>) -> String {
    let fits = columns.is_none_or(|columns| indentation + terminal::width(reasons) <= columns);
    if fits { reasons.to_owned() } else { reasons.replace(", ", &format!(",\n{}", " ".repeat(indentation))) }
}

/// Rows of images with black ones up to a number, so that each image stands over its reconstruction.
fn filled_up(rows: [Tensor<f32>; 2], columns: usize) -> Vec<Tensor<f32>> {
    let filled = |row: Tensor<f32>| {
        let [count, width] = [0, 1].map(|axis| row.shape()[axis]);
        let rest = (count < columns).then(|| Tensor::zeros([columns - count, width]));
        [Some(row), rest].into_iter().flatten()
    };
    rows.into_iter().flat_map(filled).collect()
}

/// A number with few digits.
fn short(x: f64) -> String {
    match x.abs() {
        0.0 => "0".into(),
        // All digits, because such numbers may differ only in the last.
        a if (1e6..1e15).contains(&a) => x.to_string(),
        a if (1e-3..1e6).contains(&a) => {
            let digits = (3 - a.log10().floor() as i32).clamp(0, 6) as usize;
            format!("{x:.digits$}")
        }
        _ => format!("{x:.3e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_stand_below_each_other_where_the_terminal_is_narrow() {
        let reasons = "ash 2.1 60 %, hue 1.0 20 %";
        assert_eq!(broken(reasons, 4, None), reasons);
        assert_eq!(broken(reasons, 4, Some(30)), reasons);
        assert_eq!(broken(reasons, 4, Some(29)), "ash 2.1 60 %,\n    hue 1.0 20 %");
    }
}
