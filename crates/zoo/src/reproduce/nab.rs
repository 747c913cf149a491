//! The Numenta Anomaly Benchmark: 58 series of one number each, from servers, traffic, adverts and machines.
//!
//! Protocol of its authors (Lavin and Ahmad 2015), with the profile `standard`: a detector sees a series value by value, and
//! the first 15 % of it (750 values at most) are for learning. Labels are windows around anomalies. The first detection in a
//! window counts up to 1, the more the earlier; a window without one counts −1; a detection outside counts from −0.11 up to
//! 0, the less the nearer behind a window. The sum is scaled so that no detection at all is 0 and a perfect detector 100.
//!
//! Ours is an autoencoder on windows of 32 values that learns the first 15 %, and nothing later. At each value it
//! reconstructs the window that ends there, and the root of the mean squared error `eₜ` is compared with all before it:
//! a detection is `eₜ > mean + 3 deviations`. After a detection a fifth of the time for learning has to pass before another,
//! as with KNN-CAD of the leaderboard. All series have the same settings, and no threshold depends on what comes later. The
//! length of the window and the three deviations were settled with PCA in place of the autoencoder, by its figure on these
//! series, so ours is not a blind one; the detectors of the leaderboard have a threshold that is the best one on the labels.

use std::collections::BTreeMap;
use std::path::Path;

use autograd::Tensor;
use nn::data::table::{TableOptions, Texts};
use nn::{Error, Result};

use super::Published::Exactly;
use super::windows::{Beginning, WINDOW};
use super::{Bench, Margin, Needs, Row, Target};
use crate::uses::latent::reconstruct;

pub(super) const TARGET: Target = Target {
    name: "nab",
    title: "anomalies of 58 series, value by value: NAB score",
    paper: "Lavin and Ahmad 2015, leaderboard",
    published: "58.0 (KNN-CAD), 70.1 (Numenta)",
    minutes: 1.0,
    needs: Needs::Nab,
    in_parts: true,
    run,
};

/// Deviations that make a detection.
const DEVIATIONS: f64 = 3.0;
/// The least deviation, in units of the values for learning: smaller errors are rounding.
const LEAST: f64 = 0.02;
/// Values that the moving z-score looks back on, and its deviations.
const PAST: usize = 1000;
const FAR: f64 = 5.0;

/// A series with its labels.
struct Labelled {
    name: String,
    values: Vec<f64>,
    /// First and last place of each window.
    windows: Vec<[usize; 2]>,
}

fn run(bench: &Bench) -> Result<Vec<Row>> {
    let all = read(bench.folder)?;
    let scores = bench.each(all.len(), |number| {
        let series = &all[number];
        let own = series.score(&series.detections(&errors(bench, series)?, usize::MAX, DEVIATIONS, LEAST));
        let scale = deviation(&series.values[..series.known()]);
        let z = series.score(&series.detections(&series.values, PAST, FAR, LEAST * scale));
        bench.watch.say(&format!(
            "{}: {own:.2}, moving z-score {z:.2}, of {}",
            series.name,
            series.windows.len()
        ));
        Ok([own, z])
    })?;
    let [ours, moving] = [0, 1].map(|which| scores.iter().map(|scores| scores[which]).sum());
    let labels: usize = all.iter().map(|series| series.windows.len()).sum();
    let scaled = |sum: f64| 100.0 * (sum + labels as f64) / (2 * labels).max(1) as f64;
    Ok(vec![
        Row::new("autoencoder of windows: NAB score (leaderboard: KNN-CAD)", scaled(ours))
            .published(Exactly(58.0))
            .margin(Margin::AtLeast(58.0))
            .digits(1),
        Row::new("the same (leaderboard: Numenta HTM)", scaled(ours)).published(Exactly(70.1)).digits(1),
        Row::new("moving z-score: NAB score (leaderboard: windowed Gaussian)", scaled(moving))
            .published(Exactly(39.6))
            .digits(1),
        Row::new("windows of anomalies", labels as f64).digits(0),
    ])
}

/// The error of an autoencoder on the window that ends at each value; 0 where there is none yet.
fn errors(bench: &Bench, series: &Labelled) -> Result<Vec<f64>> {
    let beginning = Beginning {
        name: &series.name,
        channels: &["value".into()],
        values: series.values[..series.known()].to_vec(),
        held_out: 0.2,
        settings: "code = 4\nhidden = [32]\nnetwork = \"mlp\"",
        epochs: 60,
    };
    let (model, preparation, _) = beginning.learn(bench)?;
    let track = preparation.track_of_steps(series.values.clone())?;
    let x: Vec<f32> = track.values.windows(WINDOW).flatten().copied().collect();
    let x = Tensor::from_vec([x.len() / WINDOW, WINDOW], x);
    let again = reconstruct(&*model, &x).to_vec();
    let squares: Vec<f64> = x.to_vec().iter().zip(&again).map(|(x, y)| f64::from(x - y).powi(2)).collect();
    let error = |window: &[f64]| (window.iter().sum::<f64>() / WINDOW as f64).sqrt();
    Ok(std::iter::repeat_n(0.0, WINDOW - 1).chain(squares.chunks(WINDOW).map(error)).collect())
}

fn deviation(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

impl Labelled {
    /// Values that are for learning.
    fn known(&self) -> usize {
        (self.values.len() * 15 / 100).min(750)
    }

    /// The places at which `of` differs from the mean of its last values before by so many deviations, if nothing was
    /// detected shortly before.
    fn detections(&self, of: &[f64], past: usize, deviations: f64, least: f64) -> Vec<usize> {
        /// Fewer values have no deviation worth a word.
        const FEWEST: usize = 20;
        let mut found: Vec<usize> = vec![];
        let quiet = self.known() / 5;
        for place in self.known().max(FEWEST)..of.len() {
            if found.last().is_some_and(|last| place - last < quiet) {
                continue;
            }
            let before = &of[place.saturating_sub(past)..place];
            let mean = before.iter().sum::<f64>() / before.len() as f64;
            // An error is strange only if it is large, and a value also if it is small.
            let far = if past == usize::MAX { of[place] - mean } else { (of[place] - mean).abs() };
            if far > deviations * deviation(before).max(least) {
                found.push(place);
            }
        }
        found
    }

    /// The score of detections by the profile `standard`.
    fn score(&self, found: &[usize]) -> f64 {
        const FALSE: f64 = 0.11;
        let mut best = vec![-1.0_f64; self.windows.len()];
        let mut wrong = 0.0;
        for &place in found.iter().filter(|place| **place >= self.known()) {
            if let Some(window) = self.windows.iter().position(|[from, to]| (*from..=*to).contains(&place)) {
                let [from, to] = self.windows[window];
                let ahead = (to + 1 - place) as f64 / (to + 1 - from) as f64;
                best[window] = best[window].max(sigmoid(-ahead) / sigmoid(-1.0));
                continue;
            }
            let before = self.windows.iter().rfind(|[_, to]| *to < place);
            let behind = |[from, to]: &[usize; 2]| sigmoid((place - to) as f64 / (to - from).max(1) as f64);
            wrong += FALSE * before.map_or(-1.0, behind);
        }
        best.iter().sum::<f64>() + wrong
    }
}

/// `2 / (1 + e^(5 x)) − 1`, which is −1 far behind a window.
fn sigmoid(x: f64) -> f64 {
    if x > 3.0 { -1.0 } else { 2.0 / (1.0 + (5.0 * x).exp()) - 1.0 }
}

/// The series that the file of labels names.
fn read(folder: &Path) -> Result<Vec<Labelled>> {
    let path = folder.join("labels").join("combined_windows.json");
    if !path.is_file() {
        let problem =
            "this is no folder of NAB: it has no labels/combined_windows.json beside its folder `data`";
        return Err(Error::file(folder, problem));
    }
    let text = std::fs::read_to_string(&path).map_err(|error| Error::io("read", &path, error))?;
    let labels: BTreeMap<String, Vec<[String; 2]>> = serde_json::from_str(&text)
        .map_err(|error| Error::file(&path, format!("these are no labels ({error})")))?;
    labels.iter().map(|(name, windows)| labelled(folder, name, windows)).collect()
}

fn labelled(folder: &Path, name: &str, labels: &[[String; 2]]) -> Result<Labelled> {
    let path = folder.join("data").join(name);
    let mut rows = Texts::open(&path, &TableOptions::default())?;
    let (time, value) = (rows.find(&"timestamp".into())?, rows.find(&"value".into())?);
    let (mut times, mut values) = (vec![], vec![]);
    while rows.advance()? {
        times.push(rows.field(time)?.to_owned());
        values.push(rows.value(value)?);
    }
    // Dates of one form are in order as texts; labels have digits behind the seconds.
    let second = |text: &str| text.chars().take(19).collect::<String>();
    let window = |[from, to]: &[String; 2]| {
        let first = times.iter().position(|time| second(time) >= second(from))?;
        Some([first, times.iter().rposition(|time| second(time) <= second(to))?])
    };
    let windows: Option<Vec<[usize; 2]>> = labels.iter().map(window).collect();
    let windows = windows.filter(|windows| windows.iter().all(|[from, to]| from <= to));
    let windows = windows.ok_or_else(|| Error::file(&path, "a label lies outside of the series"))?;
    let found = Labelled { name: name.to_owned(), values, windows };
    if found.known() < 2 * WINDOW {
        return Err(Error::file(
            &path,
            format!("15 % of {} values are too few to learn from", found.values.len()),
        ));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures of the benchmark's own description: the end of a window is worth 0, far behind it −1.
    #[test]
    fn early_detections_count_most_and_late_ones_cost() {
        let series = Labelled { name: "a".into(), values: vec![0.0; 1000], windows: vec![[400, 499]] };
        let score = |found: &[usize]| series.score(found);
        assert_eq!(score(&[]), -1.0);
        assert_eq!(score(&[400]), 1.0);
        assert_eq!(score(&[400, 420, 499]), 1.0);
        assert_eq!(score(&[10]), -1.0, "it is for learning");
        assert!((score(&[499]) - 0.0253).abs() < 1e-3, "{}", score(&[499]));
        assert!((score(&[300]) + 1.11).abs() < 1e-12);
        assert!((score(&[400, 500]) - (1.0 - 0.11 * 0.0252)).abs() < 1e-3);
        assert_eq!(score(&[400, 999]), 1.0 - 0.11);
    }

    #[test]
    fn a_detection_is_followed_by_quiet() {
        let mut values: Vec<f64> = (0..1000).map(|i| f64::from(i % 7)).collect();
        values[600..620].fill(90.0);
        let series = Labelled { name: "a".into(), values: values.clone(), windows: vec![] };
        assert_eq!(series.detections(&values, PAST, FAR, LEAST), [600]);
    }
}
