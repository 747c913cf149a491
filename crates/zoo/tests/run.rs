//! Runs that are opened again: every model comes back as it was, and whatever is wrong is one sentence.

use std::fs;
use std::path::Path;

use autograd::Tensor;
use nn::Dataset;
use tempfile::TempDir;
use toml::{Table, Value};
use zoo::config::Config;
use zoo::data::{Impute, Preparation, Reading, Rows, prepare};
use zoo::registry::{self, Entry, MODELS};
use zoo::run::{self, Run};
use zoo::settings::find;
use zoo::{AnyModel, data};

/// 60 digits, 40 of them for training, as files that need no preparation.
fn few() -> (data::Split, Preparation) {
    let (mut split, mut preparation) = prepare("digits", &Reading::default()).unwrap();
    let first = |data: &Dataset, count: usize| {
        let numbers: Vec<usize> = (0..count).collect();
        data.select(&numbers)
    };
    (split.train, split.test) = (first(&split.train, 40), first(&split.test, 20));
    preparation.examples = 40;
    (split, preparation)
}

/// A model with settings that make it small, as it is before training.
fn small(entry: &Entry, data: &Dataset) -> (Table, Box<dyn AnyModel>) {
    let known = entry.complete(&Table::new(), data).unwrap();
    let given = [("hidden", Value::from(vec![Value::from(12)])), ("pretraining", 0.into())];
    let given = given.into_iter().filter(|(key, _)| find(&known, key).is_some());
    let settings =
        entry.complete(&given.map(|(key, value)| (key.to_owned(), value)).collect(), data).unwrap();
    let model = entry.build(&settings, data, 3).unwrap();
    (settings, model)
}

/// The folder of a run that was never trained.
fn folder(entry: &Entry, model: &dyn AnyModel, settings: Table, preparation: &Preparation) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        model: entry.name.into(),
        data: "digits".into(),
        reading: preparation.reading.clone(),
        train: entry.plan(&few().0.train),
        settings,
    };
    fs::write(folder.path().join(run::CONFIG), config.to_toml()).unwrap();
    model.save(&folder.path().join(run::MODEL), run::metadata(&config, preparation)).unwrap();
    folder
}

#[test]
fn every_model_comes_back_as_it_was() {
    let (split, preparation) = few();
    for entry in MODELS {
        let (settings, model) = small(entry, &split.train);
        let folder = folder(entry, &*model, settings, &preparation);
        let run = Run::open(folder.path()).unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        assert_eq!(run.preparation, preparation);
        let z = run.model.encode(split.test.x());
        assert_eq!(z, model.encode(split.test.x()), "{}", entry.name);
        assert_eq!(run.model.decode(&z), model.decode(&z), "{}", entry.name);
        assert_eq!(run.code(), z.shape()[1]);
        let loss = |model: &dyn AnyModel| zoo::evaluate::loss(model, &split.test, 0);
        assert_eq!(loss(&*run.model), loss(&*model), "{}", entry.name);
    }
}

/// Why a folder cannot be opened, without its name.
fn problem(folder: &Path) -> String {
    let text = Run::open(folder).map(|_| ()).unwrap_err().to_string();
    assert_eq!(text.lines().count(), 1, "{text}");
    text.replace(&folder.display().to_string(), "RUN")
}

#[test]
fn what_is_wrong_is_one_sentence() {
    let (split, preparation) = few();
    let ae = registry::find("ae").unwrap();
    let (settings, model) = small(ae, &split.train);
    let made = folder(ae, &*model, settings, &preparation);
    let path = made.path();
    assert!(problem(&path.join("none")).starts_with("RUN: there is no such run folder"));
    let empty = tempfile::tempdir().unwrap();
    assert!(problem(empty.path()).starts_with("RUN: this is no run folder: there is no config.toml"));

    let checkpoint = path.join(run::MODEL);
    let whole = fs::read(&checkpoint).unwrap();
    for cut in [0, 5, 100, whole.len() - 1] {
        fs::write(&checkpoint, &whole[..cut]).unwrap();
        let text = problem(path);
        assert!(text.starts_with("RUN/model.safetensors: this is not a complete safetensors file"), "{text}");
    }
    let vae = registry::find("vae").unwrap();
    let (_, other) = small(vae, &split.train);
    other
        .save(&checkpoint, run::metadata(&Config::read(&path.join(run::CONFIG)).unwrap(), &preparation))
        .unwrap();
    let text = problem(path);
    assert!(text.contains("this is not the checkpoint of the `ae` in config.toml: tensor `"), "{text}");
    model.save(&checkpoint, Default::default()).unwrap();
    assert!(problem(path).contains("does not say how its data were prepared"));
    fs::remove_file(&checkpoint).unwrap();
    assert!(problem(path).starts_with("RUN: the run has no model.safetensors"));

    fs::write(&checkpoint, &whole).unwrap();
    fs::write(path.join(run::METRICS), "{\"epoch\": 1}\n").unwrap();
    assert!(problem(path).starts_with("RUN/metrics.jsonl: line 1: this is not what `zoo train` writes"));
    fs::write(path.join(run::CONFIG), "model = ").unwrap();
    assert!(problem(path).starts_with("RUN/config.toml: line 1: "));
}

#[test]
fn new_data_are_prepared_like_the_training_data() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let rows: String =
        (0..20).map(|i: i64| format!("p{i},{i},{},{}\n", 100 - i * i, ["x", "y"][i as usize % 2])).collect();
    let train = file("train.csv", &format!("name,a,b,kind\n{rows}"));
    let reading = Reading {
        label: Some("kind".into()),
        drop: vec!["name".into()],
        impute: Impute::Median,
        ..Reading::default()
    };
    let (split, preparation) = prepare(&train, &reading).unwrap();
    assert_eq!((split.train.len(), split.test.len(), preparation.columns.join(" ")), (16, 4, "a b".into()));
    let [mean, square] =
        [1, 2].map(|power| split.train.x().map(|v| v.powi(power)).sum_to([2]).map(|sum| sum / 16.0).to_vec());
    assert!(mean.iter().all(|m| m.abs() < 1e-6) && square.iter().all(|s| (s - 1.0).abs() < 1e-5));

    let all = preparation.read(&train).unwrap();
    assert_eq!((all.data.len(), all.names[19].as_str()), (20, "20"));
    // Other order, no label, nothing to drop, a gap.
    let other = preparation.read(&file("new.csv", "b,a\n100,0\n,1\n")).unwrap();
    let Rows { data, .. } = &other;
    assert_eq!(data.row(0), all.data.row(0));
    let filled = preparation.restore_units(data.x()).to_vec();
    let b: Vec<f64> = preparation.restore_units(split.train.x()).t().to_vec()[16..].to_vec();
    let below = b.iter().filter(|b| **b < filled[3]).count();
    assert!(below == 8, "the median of the training examples, not {} of {b:?}", filled[3]);

    let refused = |text: &str| preparation.read(&file("bad.csv", text)).unwrap_err().to_string();
    assert!(refused("a,c\n1,2\n").ends_with("there is no column `b`, which the model was trained with"));
    let without = preparation.read(&file("more.csv", "a,b,c\n1,2,3\n")).unwrap();
    assert_eq!(without.notes, ["column `c` is left out, because the model was not trained with it"]);
    assert!(
        refused("1\n2\n").ends_with("have 1 features, but the model was trained with 2"),
        "{}",
        refused("1\n2\n")
    );
    assert!(refused("b,a,a\n1,2,3\n").contains("two columns here are called `a`, so nobody can say"));
    let twice = file("twice.csv", &format!("a,a,b,c\n{}", "1,2,3,4\n5,6,8,7\n".repeat(9)));
    let (_, ambiguous) = prepare(&twice, &Reading::default()).unwrap();
    ambiguous.read(&twice).unwrap();
    let text = ambiguous.read(&file("b.csv", "b,a,a,c\n1,2,3,4\n")).unwrap_err().to_string();
    assert!(text.contains("two columns of the training data are called `a`"), "{text}");
    assert!(
        refused("a,b,kind\n1,2,z\n").contains("there was no class `z` in training; the classes are `x`, `y`")
    );
}

#[test]
fn what_needs_instructions_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.csv");
    let refused = |text: &str, reading: &Reading| {
        fs::write(&path, text).unwrap();
        let text = prepare(path.to_str().unwrap(), reading).unwrap_err().to_string();
        text.replace(&path.display().to_string(), "FILE")
    };
    let plain = Reading { impute: Impute::Refuse, ..Reading::default() };
    let text = "name,age,city\nbob,31,rome\nann,,oslo\neve,3,bonn\ntom,40,rome\n";
    assert!(
        refused(text, &plain).starts_with("FILE: row 2, column `age`: the value is missing; fill such gaps")
    );
    fs::write(&path, text).unwrap();
    let (split, preparation) = prepare(path.to_str().unwrap(), &Reading::default()).unwrap();
    assert_eq!(preparation.parts(), ["name", "age", "city"]);
    assert!(split.train.observed().or(split.test.observed()).is_some());
    let rows = preparation.read(path.to_str().unwrap()).unwrap();
    let of_age = rows.gaps.iter().filter(|[_, feature]| preparation.columns[*feature] == "age");
    assert_eq!(of_age.map(|gap| gap[0]).collect::<Vec<_>>(), [1], "the age of ann is not known");
    let dropped = Reading { drop: vec!["name".into(), "city".into()], ..plain.clone() };
    assert_eq!(
        refused(text, &dropped),
        "FILE: line 3, column `age`: the value is missing; fill such gaps with --impute mean or --impute median, \
         or leave the column out with --drop-columns"
    );
    assert!(refused("a,b\n1,2\n", &plain).contains("there is only 1 example"));
    assert!(
        refused("a,b\n1,2\n3\n", &plain).contains("line 3: the row has 1 fields, but the first row has 2")
    );
    assert!(refused("", &plain).ends_with("the file is empty"));
    let array = folder.path().join("x.npy");
    let mut values = Tensor::<f32>::zeros([4, 2]);
    values.make_mut()[5] = f32::INFINITY;
    nn::data::npy::save(&array, &values).unwrap();
    let text = prepare(array.to_str().unwrap(), &plain).unwrap_err().to_string();
    assert!(text.ends_with("row 3, column 2: the value is inf; correct it"), "{text}");
}
