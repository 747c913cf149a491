//! The Skoltech Anomaly Benchmark: a test bed of a pump, eight sensors, 34 experiments.
//!
//! Protocol of its authors (Katser and Kozitsin 2020): of each experiment the first 400 steps, which are ordinary, are for
//! learning; each later step is an anomaly or not, and all later steps of all experiments are judged together by F1, the
//! share of ordinary steps that are called anomalies (FAR) and of anomalies that are missed (MAR). A step counts for itself:
//! nothing is adjusted to points or segments. Calling all of these steps anomalies has an F1 of 0.70, which is no more than
//! the share of anomalies among them.
//!
//! Ours is an autoencoder on windows of each experiment, which learns the first 300 steps; the last 100 of the 400 tell what
//! is ordinary, as `zoo score` does it. Nothing is chosen by the labels of an experiment, and all have the same settings.
//! Beside it stand PCA with the statistics T² and Q, which the authors have as well, and a moving z-score.

use std::path::{Path, PathBuf};

use autograd::Tensor;
use nn::data::table::{self, Column, TableOptions};
use nn::{Error, Result};

use super::Published::Exactly;
use super::windows::Beginning;
use super::{Bench, Margin, Needs, Row, Target};
use crate::models::pca::Pca;
use crate::uses::series::Monitor;

pub(super) const TARGET: Target = Target {
    name: "skab",
    title: "anomalies of a pump, step by step: F1",
    paper: "Katser and Kozitsin 2020, leaderboard",
    published: "0.78 (Conv-AE), 0.76 (PCA)",
    minutes: 1.0,
    needs: Needs::Skab,
    in_parts: true,
    run,
};

/// Steps of an experiment that are for learning.
const KNOWN: usize = 400;
/// The share of them that tells what is ordinary.
const HELD_OUT: f64 = 0.25;

/// The share of ordinary steps that may be called anomalies, as `zoo score` has it.
const RISK: f64 = 0.001;

/// An experiment.
struct Experiment {
    name: String,
    channels: Vec<String>,
    /// `[steps, channels]`.
    values: Vec<f64>,
    anomalous: Vec<bool>,
}

fn run(bench: &Bench) -> Result<Vec<Row>> {
    let experiments = read(bench.folder)?;
    let (mut ours, mut pca, mut moving, mut all) =
        (Counts::default(), Counts::default(), Counts::default(), Counts::default());
    let found = bench.each(experiments.len(), |number| {
        let experiment = &experiments[number];
        let found = watched(bench, experiment)?;
        let mut own = Counts::default();
        own.add(&found, &experiment.anomalous);
        bench.watch.say(&format!(
            "{}: F1 {:.3}, false alarms {:.1} %, missed {:.1} %",
            experiment.name,
            own.f1(),
            own.far(),
            own.mar()
        ));
        Ok(found)
    })?;
    for (experiment, found) in experiments.iter().zip(&found) {
        ours.add(found, &experiment.anomalous);
        pca.add(&by_pca(experiment), &experiment.anomalous);
        moving.add(&by_moving_mean(experiment), &experiment.anomalous);
        all.add(&vec![true; found.len()], &experiment.anomalous);
    }
    let rows = |name: &str, counts: &Counts| {
        [("F1", counts.f1(), 3), ("false alarms, %", counts.far(), 1), ("missed alarms, %", counts.mar(), 1)]
            .map(|(what, value, digits)| Row::new(format!("{name}: {what}"), value).digits(digits))
    };
    let [f1, far, mar] = rows("autoencoder of windows (authors: Conv-AE)", &ours);
    let [pca_f1, pca_far, pca_mar] = rows("PCA, T² and Q", &pca);
    let [z_f1, z_far, z_mar] = rows("moving z-score", &moving);
    let [trivial, ..] = rows("every step an anomaly", &all);
    Ok(vec![
        f1.published(Exactly(0.78)).margin(Margin::AtLeast(0.77)),
        far.published(Exactly(13.55)),
        mar.published(Exactly(28.02)),
        pca_f1.published(Exactly(0.76)),
        pca_far,
        pca_mar,
        z_f1,
        z_far,
        z_mar,
        trivial,
    ])
}

/// The steps that a model calls anomalous.
fn watched(bench: &Bench, experiment: &Experiment) -> Result<Vec<bool>> {
    let beginning = Beginning {
        name: &experiment.name,
        channels: &experiment.channels,
        values: experiment.values[..KNOWN * experiment.channels.len()].to_vec(),
        held_out: HELD_OUT,
        settings: "code = 8",
        epochs: 20,
    };
    let (model, preparation, held) = beginning.learn(bench)?;
    let monitor = Monitor::fit(&*model, &preparation, &held)?;
    let track = preparation.track_of_steps(experiment.values.clone())?;
    let scores = monitor.scores(&track);
    let threshold = monitor.ordinary().threshold(RISK)?;
    Ok(scores.scores.iter().map(|score| *score > threshold).collect())
}

/// Standardized by the steps that are known, as all rivals see them: `[steps, channels]`.
fn standardized(experiment: &Experiment) -> Vec<f64> {
    let width = experiment.channels.len();
    let mut x = experiment.values.clone();
    for channel in 0..width {
        let known = || experiment.values.iter().skip(channel).step_by(width).take(KNOWN);
        let mean = known().sum::<f64>() / KNOWN as f64;
        let deviation = (known().map(|x| (x - mean).powi(2)).sum::<f64>() / KNOWN as f64).sqrt();
        let scale = if deviation > 0.0 { deviation } else { 1.0 };
        x.iter_mut().skip(channel).step_by(width).for_each(|x| *x = (*x - mean) / scale);
    }
    x
}

/// PCA of the steps that are known, with nine tenths of their variance: a step is anomalous if T², the size of its code in
/// deviations, or Q, the squared error of its reconstruction, exceeds what 99 % of the known steps have.
fn by_pca(experiment: &Experiment) -> Vec<bool> {
    let width = experiment.channels.len();
    let x: Vec<f32> = standardized(experiment).iter().map(|x| *x as f32).collect();
    let x = Tensor::from_vec([x.len() / width, width], x);
    let known = x.slice(0, ..KNOWN).contiguous();
    let codes = |components: usize| {
        let pca = Pca::fit(&known, components);
        let z = crate::AnyModel::encode(&pca, &x);
        (crate::AnyModel::decode(&pca, &z).to_vec(), z.to_vec())
    };
    let (_, all) = codes(width);
    let variance = |j: usize| {
        all.iter().skip(j).step_by(width).take(KNOWN).map(|z| f64::from(z * z)).sum::<f64>() / KNOWN as f64
    };
    let variances: Vec<f64> = (0..width).map(variance).collect();
    let whole: f64 = variances.iter().sum();
    let enough = |k: &usize| variances[..*k].iter().sum::<f64>() >= 0.9 * whole;
    let components = (1..width).find(enough).unwrap_or(width);
    let (again, z) = codes(components);
    let t2: Vec<f64> = z
        .chunks(components)
        .map(|z| z.iter().zip(&variances).map(|(z, v)| f64::from(z * z) / v.max(1e-12)).sum())
        .collect();
    let errors = x.to_vec().iter().zip(&again).map(|(x, y)| f64::from(x - y).powi(2)).collect::<Vec<_>>();
    let q: Vec<f64> = errors.chunks(width).map(|row| row.iter().sum()).collect();
    let limit = |of: &[f64]| {
        let mut known = of[..KNOWN].to_vec();
        known.sort_by(f64::total_cmp);
        known[KNOWN * 99 / 100]
    };
    let [a, b] = [limit(&t2), limit(&q)];
    t2.iter().zip(&q).map(|(t2, q)| *t2 > a || *q > b).collect()
}

/// A step is anomalous if the mean of the last eight values of a channel lies farther out, in deviations of such means, than
/// three.
fn by_moving_mean(experiment: &Experiment) -> Vec<bool> {
    const STEPS: usize = 8;
    let (width, x) = (experiment.channels.len(), standardized(experiment));
    let steps = x.len() / width;
    let mut found = vec![false; steps];
    for channel in 0..width {
        let value = |step: usize| x[step * width + channel];
        let mean = |step: usize| {
            let first = (step + 1).saturating_sub(STEPS);
            (first..=step).map(value).sum::<f64>() / (step + 1 - first) as f64
        };
        let means: Vec<f64> = (0..steps).map(mean).collect();
        let spread =
            (means[STEPS - 1..KNOWN].iter().map(|m| m * m).sum::<f64>() / (KNOWN - STEPS + 1) as f64).sqrt();
        found.iter_mut().zip(&means).for_each(|(found, mean)| *found |= mean.abs() > 3.0 * spread.max(1e-9));
    }
    found
}

/// Steps behind the known ones, by what they are and what they are called.
#[derive(Default)]
struct Counts {
    hits: usize,
    misses: usize,
    alarms: usize,
    quiet: usize,
}

impl Counts {
    fn add(&mut self, called: &[bool], anomalous: &[bool]) {
        for (called, anomalous) in called.iter().zip(anomalous).skip(KNOWN) {
            *match (called, anomalous) {
                (true, true) => &mut self.hits,
                (false, true) => &mut self.misses,
                (true, false) => &mut self.alarms,
                (false, false) => &mut self.quiet,
            } += 1;
        }
    }

    fn f1(&self) -> f64 {
        2.0 * self.hits as f64 / (2 * self.hits + self.alarms + self.misses).max(1) as f64
    }

    /// Per cent of the ordinary steps.
    fn far(&self) -> f64 {
        100.0 * self.alarms as f64 / (self.alarms + self.quiet).max(1) as f64
    }

    /// Per cent of the anomalies.
    fn mar(&self) -> f64 {
        100.0 * self.misses as f64 / (self.misses + self.hits).max(1) as f64
    }
}

/// The experiments, which are in three folders of the repository's folder `data`.
fn read(folder: &Path) -> Result<Vec<Experiment>> {
    let missing = || {
        Error::file(
            folder,
            "this is no folder of SKAB, which has the folders valve1, valve2 and other in `data`",
        )
    };
    let data = [folder.to_owned(), folder.join("data")].into_iter().find(|path| path.join("valve1").is_dir());
    let data = data.ok_or_else(missing)?;
    let mut experiments = vec![];
    for part in ["other", "valve1", "valve2"] {
        let path = data.join(part);
        let entries = std::fs::read_dir(&path).map_err(|error| Error::io("read the folder", &path, error))?;
        let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "csv"));
        files.sort_by_key(|file| file.file_stem().and_then(|stem| stem.to_str()?.parse::<u32>().ok()));
        for file in files {
            experiments.push(experiment(&file)?);
        }
    }
    if experiments.is_empty() { Err(missing()) } else { Ok(experiments) }
}

fn experiment(file: &Path) -> Result<Experiment> {
    let options = TableOptions {
        delimiter: Some(';'),
        label: Some(Column::Name("anomaly".into())),
        drop: ["datetime", "changepoint"].map(Column::from).to_vec(),
        ..TableOptions::default()
    };
    let table = table::read(file, &options)?;
    let labels = table.data.labels().unwrap_or_default();
    if labels.len() <= KNOWN {
        return Err(Error::file(
            file,
            format!("there are {} steps, and {KNOWN} are for learning", labels.len()),
        ));
    }
    let name = [file.parent().and_then(Path::file_name), file.file_name()].into_iter().flatten();
    Ok(Experiment {
        name: name.map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/"),
        channels: table.columns,
        values: table.data.x().to_vec(),
        anomalous: labels.iter().map(|&label| label == 1).collect(),
    })
}
