//! What codes are worth when labels are few: a linear probe and the nearest neighbour, on pixels, on
//! PCA and on an autoencoder that has seen all images but no label.
//!
//! You should see that with all labels pixels are as good as codes, and that with one label a class the
//! autoencoder's code helps the probe. The picture goes to the folder that is given, or to `target/examples`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use toml::Table;
use zoo::data::digits;
use zoo::models::pca::Pca;
use zoo::plot::{Series, curves, png};
use zoo::train::{Plan, train};
use zoo::uses::features::{Labelled, Neighbours, Probe, accuracy, with_few_labels};
use zoo::{evaluate, registry};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;

    let data = digits();
    let [known, asked] = [&data.train, &data.test].map(|part| part.labels().expect("digits have labels"));
    let entry = registry::find("ae")?;
    let settings = entry.complete(&Table::from_iter([("code".to_owned(), 16.into())]), &data.train)?;
    let mut model = entry.build(&settings, &data.train, 0)?;
    train(&mut *model, &data, &Plan { epochs: 200, ..entry.plan(&data.train) })?;
    let pca = Pca::fit(data.train.x(), 16);

    let mut series = vec![];
    for (name, train, test) in [
        ("pixels", data.train.x().clone(), data.test.x().clone()),
        ("PCA-16", evaluate::codes(&pca, &data.train), evaluate::codes(&pca, &data.test)),
        ("autoencoder", evaluate::codes(&*model, &data.train), evaluate::codes(&*model, &data.test)),
    ] {
        let probe = accuracy(&Probe::fit(&train, known, 1e-3)?.predict(&test), asked);
        let nearest = accuracy(&Neighbours::new(&train, known, 5)?.predict(&test), asked);
        println!("{name}: with all labels the probe is right in {probe:.3}, 5 neighbours in {nearest:.3}");
        assert!(nearest > 0.95 && probe > 0.9);
        let train = Labelled { codes: &train, labels: known };
        let test = Labelled { codes: &test, labels: asked };
        let [mut probes, mut neighbours] = [vec![], vec![]];
        for per_class in [1, 2, 5, 10, 20, 50] {
            let few = with_few_labels(train, test, per_class, 10, 0)?;
            probes.push((per_class as f64, few.probe));
            neighbours.push((per_class as f64, few.nearest));
        }
        println!("  with 1 label a class: {:.3}, nearest {:.3}", probes[0].1, neighbours[0].1);
        series.push(Series { name: format!("{name}, probe"), points: probes });
        series.push(Series { name: format!("{name}, nearest"), points: neighbours });
    }
    let title = "Few labels\naccuracy on test digits, means over 10 choices of the labelled ones";
    let picture = curves(title, "labels for each class", "accuracy", &series, &[]);
    fs::write(folder.join("features.png"), png(&picture))?;
    println!("drawn in {}", folder.display());
    Ok(())
}
