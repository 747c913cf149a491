//! `zoo score`: anomalies.

mod found;

use autograd::Tensor;
use nn::{Error, Result};
use serde_json::{Value, json};
use zoo::data::Rows;
use zoo::evaluate;
use zoo::run::Run;
use zoo::uses::anomaly::Score;
use zoo::uses::latent::reconstruct;

use self::found::Found;
use super::encode::decoded;
use super::examples::{image_size, images, open_numbers, rows_carrying};
use super::output::{Sheet, Target};
use super::progress::{Spinner, note};
use super::{Outcome, json as pretty, maps, score_series, terminal};
use crate::cli::{ScoreArgs, ScoreName};

/// Features that are named as the reason for a score.
const REASONS: usize = 3;
/// The least share of a score that is a reason.
const LEAST: f64 = 0.01;

/// How strange each example is.
pub(crate) fn run(args: &ScoreArgs) -> Result<Outcome> {
    let target = Target::new(&args.out)?;
    if args.json.json && args.out.out.is_some() {
        return Err(Error::setting("out", "--json goes to standard output; leave --out away"));
    }
    if args.top == Some(0) {
        return Err(Error::setting("top", "at least 1 row must be shown (--top 1)"));
    }
    let run = open_numbers(&args.run)?;
    if run.preparation.reading.windows.is_some() {
        if args.maps.is_some() {
            return Err(Error::setting("maps", "--maps is for pictures, and this run learnt from a series"));
        }
        return score_series::run(&run, args, &target);
    }
    if args.follow || args.events.is_some() {
        let flag = if args.follow { "follow" } else { "events" };
        return Err(Error::setting(
            flag,
            format!("--{flag} is for series, and this run learnt from examples without a time"),
        ));
    }
    if target.is_picture() {
        image_size(&run)?;
    }
    if let Some(folder) = &args.maps {
        maps::check(&run, folder, args.out.force)?;
    }
    let rows = rows_carrying(&run, &args.rows, &args.carried)?;
    let spinner = Spinner::new("scoring");
    let found = Findings::new(&run, args, rows)?;
    if let Some(folder) = &args.maps {
        let Findings { rows, shown, .. } = &found;
        let errors = evaluate::squared_errors(&*run.model, &rows.data);
        let said = maps::write(&run, rows, shown, &errors, found.contamination, folder)?;
        drop(spinner);
        note(&said);
    } else {
        drop(spinner);
    }
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
    /// `[rows, parts]`, or `[rows, code]` for distances of codes.
    contributions: Tensor<f64>,
    /// Names of the features, or of the columns of a table.
    parts: Vec<String>,
    all_contributions: bool,
}

impl<'a> Findings<'a> {
    fn new(run: &'a Run, args: &ScoreArgs, rows: Rows) -> Result<Self> {
        let kind = match args.score {
            Some(ScoreName::SquaredError) => Score::SquaredError,
            Some(ScoreName::Mahalanobis) => Score::Mahalanobis,
            Some(ScoreName::LatentDistance) => Score::LatentDistance,
            Some(ScoreName::Combined) => Score::Combined,
            Some(ScoreName::Neighbours) => Score::Neighbours,
            None => run.usual_score(),
        };
        let (detector, problem) = run.detector(kind, &rows.data)?;
        problem.iter().for_each(|problem| note(problem));
        let contamination = args.contamination.unwrap_or(0.05);
        let threshold = detector.threshold(contamination)?;
        doubts(run, kind, detector.far_out()).iter().for_each(|doubt| note(doubt));
        let scores = detector.scores(&rows.data)?;
        let mut shown: Vec<usize> = (0..scores.len()).collect();
        if let Some(top) = args.top {
            // Stable: equal scores stay in the order of the data.
            shown.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
            shown.truncate(top);
        }
        Ok(Findings {
            kind,
            shown,
            p_values: detector.p_values(&rows.data)?,
            threshold,
            contamination,
            contributions: match kind {
                Score::LatentDistance => detector.contributions(&rows.data),
                _ => run.preparation.by_part(&detector.contributions(&rows.data)),
            },
            parts: run.preparation.parts(),
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
            _ => match j.checked_sub(self.parts.len()) {
                Some(j) => format!("z{}", j + 1),
                None => self.parts[j].clone(),
            },
        }
    }

    /// Whether a part is a feature, and no number of the code.
    fn is_feature(&self, j: usize) -> bool {
        self.kind != Score::LatentDistance && j < self.parts.len()
    }

    fn width(&self) -> usize {
        self.contributions.shape()[1]
    }

    fn contributions_of(&self, row: usize) -> Vec<f64> {
        self.contributions.slice(0, row..row + 1).to_vec()
    }

    /// The parts that contribute most, with their share of the score where that is worth a word. What was filled in is no
    /// reason: nobody observed it.
    fn reasons(&self, row: usize) -> Vec<(usize, f64)> {
        let parts = self.contributions_of(row);
        let filled = if self.kind == Score::LatentDistance { vec![] } else { self.filled(row) };
        let mut order: Vec<usize> = (0..parts.len()).filter(|j| !filled.contains(j)).collect();
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
        let column = |title: &str, names: &[String]| {
            let width = self.shown.iter().map(|&row| terminal::width(&names[row])).max().unwrap_or(0);
            width.max(terminal::width(title))
        };
        let width = column("row", &self.rows.names);
        let (title, ids) =
            self.rows.ids.as_ref().map_or(("", None), |(name, ids)| (name.as_str(), Some(ids)));
        let beside = ids.map_or(0, |ids| column(title, ids) + 2);
        text +=
            &format!("  {:>width$}{title:>beside$}  {:>10}  {:>8}    because\n", "row", "score", "p-value");
        for &row in &self.shown {
            let because = broken(&self.because(row), width + beside + 28, terminal::columns());
            let mark = if self.is_anomalous(row) { '!' } else { ' ' };
            // A line break in it would break the table.
            let id = ids.map_or(String::new(), |ids| ids[row].replace(char::is_control, " "));
            text += &format!(
                "  {:>width$}{id:>beside$}  {:>10.4}  {:>8.4}  {mark} {}\n",
                self.rows.names[row], self.scores[row], self.p_values[row], because
            );
        }
        text += "\n  !  the score is above the threshold\n";
        text += "  p-value  the fraction of ordinary examples that score as high\n";
        text
    }

    /// The parts of a row that were missing and are filled in.
    fn filled(&self, row: usize) -> Vec<usize> {
        let mut parts: Vec<usize> =
            self.rows.filled(row).into_iter().map(|feature| self.run.preparation.part_of(feature)).collect();
        parts.dedup();
        parts
    }

    /// The cells of a row as they stand in the file, or as near as the run knows them.
    fn cells(&self, row: usize) -> Vec<Found> {
        let x = || self.rows.data.rows(&[row]);
        match &self.rows.cells {
            _ if self.run.preparation.has_kinds() => self.words(&x()).pop().unwrap_or_default(),
            Some(cells) => cells.slice(0, row..row + 1).to_vec().into_iter().map(Found::Number).collect(),
            None => {
                self.run.preparation.restore_units(&x()).to_vec().into_iter().map(Found::Number).collect()
            }
        }
    }

    /// The cells of a table of several kinds, row by row.
    fn words(&self, x: &Tensor<f32>) -> Vec<Vec<Found>> {
        let columns = self.run.preparation.learnt_table(x);
        (0..x.shape()[0])
            .map(|row| columns.iter().map(|(_, texts)| Found::Text(texts[row].clone())).collect())
            .collect()
    }

    /// The share of the score of a row that comes from what was filled in, where the parts are features.
    fn filled_share(&self, row: usize) -> Option<f64> {
        let parts = (self.kind != Score::LatentDistance).then(|| self.contributions_of(row))?;
        let sum: f64 = self.filled(row).into_iter().map(|j| parts[j]).sum();
        Some(sum / self.scores[row].max(f64::MIN_POSITIVE))
    }

    /// `2 values that were missing and filled in [ash hue] 30 %`.
    fn filled_text(&self, row: usize) -> Option<String> {
        const NAMED: usize = 3;
        let filled = self.filled(row);
        let count = filled.len();
        let mut names: Vec<String> = filled.into_iter().take(NAMED).map(|j| self.parts[j].clone()).collect();
        if count > NAMED {
            names.push("…".into());
        }
        let share = self.filled_share(row).map_or(String::new(), |share| format!(" {:.0} %", 100.0 * share));
        let (values, were) = if count == 1 { ("value", "was") } else { ("values", "were") };
        let names = names.join(" ");
        (count > 0).then(|| match self.rows.data.observed() {
            None => format!("{count} {values} that {were} missing and filled in [{names}]{share}"),
            Some(_) => format!("{count} {values} missing [{names}]"),
        })
    }

    /// `alcohol 14.8 (expected 12.9) 61 %, …`.
    fn because(&self, row: usize) -> String {
        if let (Some(shape), true) = (self.run.preparation.shape(), self.kind != Score::LatentDistance) {
            return self.worst_place(row, shape);
        }
        let expected = self.expected(row);
        let found = self.cells(row);
        let reason = |(j, share): (usize, f64)| {
            let values = match self.is_feature(j) {
                true => format!(" {} (expected {})", found[j].written(), expected[j].short()),
                false => String::new(),
            };
            format!("{}{values} {:.0} %", self.part(j), 100.0 * share)
        };
        self.reasons(row).into_iter().map(reason).chain(self.filled_text(row)).collect::<Vec<_>>().join(", ")
    }

    /// The pixel of a picture that contributes most, all colours together, or the number of the code if that does.
    fn worst_place(&self, row: usize, [_, height, width]: [usize; 3]) -> String {
        let parts = self.contributions_of(row);
        let (pixels, codes) = parts.split_at(self.parts.len().min(parts.len()));
        let plane = (height * width).max(1);
        let mut sums = vec![0.0; plane];
        pixels.iter().enumerate().for_each(|(j, part)| sums[j % plane] += part);
        let largest = |of: &[f64]| (0..of.len()).max_by(|&a, &b| of[a].total_cmp(&of[b]));
        match (largest(&sums), largest(codes)) {
            (Some(pixel), Some(code)) if codes[code] > sums[pixel] => {
                format!("worst in {} of the code", self.part(pixels.len() + code))
            }
            (Some(pixel), _) => format!("worst at row {}, column {}", pixel / width + 1, pixel % width + 1),
            (None, _) => String::new(),
        }
    }

    /// Reconstruction of a row, in the units of the data.
    fn expected(&self, row: usize) -> Vec<Found> {
        let x_hat = reconstruct(&*self.run.model, &self.rows.data.rows(&[row]));
        match self.run.preparation.has_kinds() {
            true => self.words(&x_hat).pop().unwrap_or_default(),
            false => {
                self.run.preparation.restore_units(&x_hat).to_vec().into_iter().map(Found::Number).collect()
            }
        }
    }

    /// For programs.
    fn json(&self) -> Value {
        // All together: one after the other takes many times as long.
        let shown = self.rows.chosen(&self.shown).data;
        let x_hat = decoded(self.run, &evaluate::codes(&*self.run.model, &shown));
        let single = !self.run.preparation.is_scaled();
        let kinds = self.run.preparation.has_kinds();
        let numbers = self.run.preparation.restore_units(&x_hat);
        let mut all_expected = match kinds {
            true => self.words(&x_hat),
            false => {
                let rows = numbers.to_vec();
                let found = |row: &[f64]| row.iter().copied().map(Found::Number).collect();
                rows.chunks(self.parts.len().max(1)).map(found).collect()
            }
        };
        let mut row = |(place, &row): (usize, &usize)| {
            let parts = self.contributions_of(row);
            let cells = self.cells(row);
            let expected = std::mem::take(&mut all_expected[place]);
            let named = |(j, share): (usize, f64)| match self.is_feature(j) {
                false => json!({"feature": self.part(j), "share": share}),
                true => json!({
                    "feature": self.part(j),
                    "value": cells[j].json(single && self.rows.cells.is_none()),
                    "expected": expected[j].json(single),
                    "share": share,
                }),
            };
            let reasons: Vec<Value> = self.reasons(row).into_iter().map(named).collect();
            let filled = self.filled(row).into_iter().map(|j| self.parts[j].clone());
            let name = &self.rows.names[row];
            let mut value = json!({
                // A number, or the name of a file.
                "row": name.parse::<usize>().map_or_else(|_| json!(name), |number| json!(number)),
                "score": self.scores[row],
                "p_value": self.p_values[row],
                "anomalous": self.is_anomalous(row),
                "reasons": reasons,
                "filled": filled.collect::<Vec<_>>(),
            });
            if let Some((_, ids)) = &self.rows.ids {
                value["id"] = json!(ids[row]);
            }
            if let Some(share) = self.filled_share(row).filter(|share| *share != 0.0) {
                value["filled_share"] = json!(share);
            }
            if self.all_contributions {
                value["contributions"] = json!(parts);
            }
            value
        };
        json!({
            "score": self.kind,
            "threshold": self.threshold,
            "contamination": self.contamination,
            "id": self.rows.ids.as_ref().map(|(name, _)| name),
            "rows": self.shown.iter().enumerate().map(&mut row).collect::<Vec<_>>(),
        })
    }

    fn sheet(&self) -> Sheet {
        let mut columns = ["score", "p_value", "anomalous"].map(String::from).to_vec();
        let fills = self.run.preparation.fills();
        columns.extend(fills.then(|| "filled".to_owned()));
        let parts = if self.all_contributions { self.width() } else { 0 };
        columns.extend((0..parts).map(|j| format!("because_{}", self.part(j).replace(' ', "_"))));
        let mut values = vec![];
        for &row in &self.shown {
            let flag = if self.is_anomalous(row) { 1.0 } else { 0.0 };
            values.extend([self.scores[row], self.p_values[row], flag]);
            values.extend(fills.then(|| self.filled(row).len() as f64));
            values.extend(self.contributions_of(row).iter().take(parts));
        }
        let of_shown = |texts: &[String]| self.shown.iter().map(|&row| texts[row].clone()).collect();
        let texts = self.rows.ids.iter().map(|(name, ids)| (name.clone(), of_shown(ids))).collect();
        let rows = of_shown(&self.rows.names);
        let values = Tensor::from_vec([self.shown.len(), columns.len()], values);
        Sheet { rows: Some(rows), texts, words: vec![], columns, values, single: true }
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

/// Why a score of this model should not be trusted without a look, in sentences. Of the training examples `far_out` score
/// far above the others.
fn doubts(run: &Run, kind: Score, far_out: usize) -> Vec<String> {
    /// The share of training examples beyond which they are no exceptions.
    const MANY: f64 = 0.01;
    let (name, code, features) = (run.entry.name, run.code(), run.preparation.features);
    let mut doubts = vec![];
    if kind == Score::LatentDistance && !["pca", "linear"].contains(&name) {
        doubts.push(format!(
            "latent-distance alone can be worse than chance: examples of a kind that `{name}` has never seen may have \
             ordinary codes; compare with --score squared-error or combined"
        ));
    }
    if !matches!(kind, Score::LatentDistance | Score::Neighbours) && code >= features && run.entry.may_copy {
        doubts.push(format!(
            "a code of {code} numbers for {features} features is no bottleneck: `{name}` can reconstruct anomalies as \
             well as all else, so its errors say little; try `zoo train --code {}` or less",
            (features / 2).max(1)
        ));
    }
    if far_out > 3 && far_out as f64 > MANY * run.preparation.examples as f64 {
        doubts.push(format!(
            "{far_out} of the {} training examples score far above the others, so the model may have learnt from \
             anomalies; look at them with --part train --top {far_out}, and train without those that are",
            run.preparation.examples
        ));
    }
    doubts
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
