//! Anomaly detection: an autoencoder that has only seen eights, and what it makes of other digits. It is
//! judged beside PCA of equal rank, which has the last word more often than one would like.
//!
//! You should see for three scores how well they tell eights from others (AUROC, 1 is perfect), for the autoencoder
//! and for PCA: nearly the same. Pictures go to the folder that is given, or to `target/examples`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use nn::Dataset;
use toml::Table;
use zoo::data::{Split, digits};
use zoo::models::pca::Pca;
use zoo::plot::{Pair, Series, Size, curves, png, reconstructions};
use zoo::uses::anomaly::{Detector, Score, against_pca};
use zoo::uses::latent::reconstruct;
use zoo::uses::metrics::roc_curve;
use zoo::{AnyModel, registry, train::train};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;

    let all = digits();
    let labels = all.test.labels().expect("digits have labels");
    let anomalous: Vec<bool> = labels.iter().map(|&label| label != 8).collect();
    let eights = |data: &Dataset| {
        let labels = data.labels().expect("digits have labels");
        let numbers: Vec<usize> = (0..data.len()).filter(|&i| labels[i] == 8).collect();
        data.select(&numbers).unlabelled()
    };
    // One eight of four is not learnt from: the threshold comes from these.
    let known = eights(&all.train);
    let part = |kept: bool| {
        let numbers: Vec<usize> = (0..known.len()).filter(|i| (i % 4 == 3) == kept).collect();
        known.select(&numbers).unlabelled()
    };
    let calibration = part(true);
    let normal = Split { name: "eights".into(), train: part(false), test: eights(&all.test) };

    let entry = registry::find("ae")?;
    let settings = entry.complete(&Table::new(), &normal.train)?;
    let mut model = entry.build(&settings, &normal.train, 0)?;
    train(&mut *model, &normal, &entry.plan(&normal.train))?;

    for score in [Score::SquaredError, Score::Mahalanobis, Score::LatentDistance] {
        let found = against_pca(&*model, &normal.train, &all.test, &anomalous, score)?;
        println!(
            "{score:?}: AUROC {:.3}, average precision {:.3}; PCA {:.3}, {:.3}",
            found.auroc, found.average_precision, found.pca_auroc, found.pca_average_precision
        );
        assert!(score != Score::SquaredError || found.auroc > 0.93);
    }

    let pca = Pca::fit(normal.train.x(), 8);
    let detectors = [("autoencoder", &*model), ("PCA-8", &pca as &dyn AnyModel)]
        .map(|(name, model)| (name, Detector::fit(model, &normal.train, Score::SquaredError)));
    let mut curve = vec![];
    for (name, detector) in detectors {
        let points = roc_curve(&detector?.scores(&all.test)?, &anomalous)?;
        curve.push(Series { name: name.into(), points });
    }
    let picture =
        curves("ROC: eights are normal\ntest digits", "false positives", "true positives", &curve, &[]);
    fs::write(folder.join("anomalies_roc.png"), png(&picture))?;

    // A histogram of the scores, as outlines, and labels by a threshold that 5 % of eights should exceed. Eights that the
    // model has learnt from would not do: it reconstructs them much better than any other.
    let detector = Detector::fit(&*model, &calibration, Score::SquaredError)?;
    let scores = detector.scores(&all.test)?;
    let of = |kind: bool| scores.iter().zip(&anomalous).filter(move |(_, a)| **a == kind).map(|(s, _)| *s);
    let bins = scores.iter().fold(0, |most, score| most.max((score / 0.25) as usize + 1));
    let outline = |kind: bool| -> Vec<(f64, f64)> {
        let count = of(kind).count() as f64;
        let bin = |i: usize| of(kind).filter(|s| (*s / 0.25) as usize == i).count() as f64 / count;
        (0..bins).flat_map(|i| [(i as f64 * 0.25, bin(i)), ((i + 1) as f64 * 0.25, bin(i))]).collect()
    };
    let series = [("eights", false), ("others", true)]
        .map(|(name, kind)| Series { name: name.into(), points: outline(kind) });
    let flagged = detector.labels(&all.test, 0.05)?;
    let share = |kind: bool| {
        let flags = || flagged.iter().zip(&anomalous).filter(move |(_, a)| **a == kind);
        format!("{} of {}", flags().filter(|(flag, _)| **flag).count(), flags().count())
    };
    let threshold = detector.threshold(0.05)?;
    let (others, eights) = (share(true), share(false));
    let title = format!(
        "Scores of test digits\nabove the threshold {threshold:.2}: {others} others, {eights} eights"
    );
    println!("above the threshold {threshold:.2}: {others} others, {eights} eights");
    let picture = curves(&title, "squared error", "fraction", &series, &[]);
    fs::write(folder.join("anomalies_scores.png"), png(&picture))?;

    // The hardest cases: eights that look strange, and others that look like eights.
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let hardest = [
        ("others with the lowest scores", order.iter().filter(|&&i| anomalous[i]).take(8).copied().collect()),
        (
            "eights with the highest scores",
            order.iter().rev().filter(|&&i| !anomalous[i]).take(8).copied().collect::<Vec<_>>(),
        ),
    ];
    let images = hardest.map(|(name, numbers)| {
        let x = all.test.rows(&numbers);
        (name, x.to_vec(), reconstruct(&*model, &x).to_vec(), numbers)
    });
    let groups: Vec<_> = images
        .iter()
        .map(|(name, x, x_hat, numbers)| {
            let pair = |(i, &number)| Pair {
                input: &x[64 * i..][..64],
                output: &x_hat[64 * i..][..64],
                error: scores[number],
            };
            (*name, numbers.iter().enumerate().map(pair).collect())
        })
        .collect();
    let picture = reconstructions("The hardest cases", Size { height: 8, width: 8 }, &groups);
    fs::write(folder.join("anomalies_hardest.png"), png(&picture))?;
    println!("drawn in {}", folder.display());
    Ok(())
}
