//! Run folders that are copied to where their data are not.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use autograd::Tensor;
use nn::data::npy;

use crate::common::{refuse, succeed, table, zoo};

/// Copies a run.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Output and files of every command that takes a run.
fn everything(folder: &Path, prior: bool, picture: bool) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut commands: Vec<Vec<&str>> = [
        "eval model",
        "eval model --json",
        "eval model --data new",
        "eval model --part train",
        "encode model",
        "encode model --part train",
        "encode model --data new",
        "encode model --out codes.png",
        "decode model --codes codes.csv",
        "reconstruct model",
        "reconstruct model --data one",
        "denoise model --noise gaussian:0.1 --seed 3",
        "interpolate model --from 2 --to 5",
        "interpolate model --data new --path geodesic --steps 4",
        "sample model --mixture 2 --count 5",
        "score model",
        "score model --data new",
        "score model --data new --score mahalanobis",
        "score model --data new --score latent-distance",
        "score model --data one",
        "score model --data one --top 1",
        "score model --data one --json",
        "inspect model",
        "inspect model --json --part train",
        "export model --out whole.onnx",
        "export model --out encoder.onnx --part encoder",
        "export model --out model.safetensors",
        "report model --out page.html",
        "compare model other --out both.html",
    ]
    .iter()
    .map(|line| line.split(' ').collect())
    .collect();
    if prior {
        commands.push(vec!["sample", "model", "--count", "5"]);
    }
    if picture {
        for command in ["reconstruct model", "score model", "sample model", "interpolate model"] {
            let mut command: Vec<&str> = command.split(' ').collect();
            command.extend(["--out", "picture.png", "--force"]);
            commands.push(command);
        }
    }
    for command in commands {
        let output = zoo(folder, &command);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        // Other notes are the same wherever the run is; one about data that are gone must not come at all.
        let about_data = ["are needed here", "serve as the ordinary ones", "that the run keeps"];
        let misses_data = about_data.iter().any(|text| error.contains(text));
        assert!(output.status.success() && !misses_data, "zoo {command:?}: {error}");
        let name = command.join(" ");
        all.insert(format!("notes of {name}"), output.stderr.clone());
        if let Some(place) = command.iter().position(|word| *word == "--out") {
            all.insert(format!("file of {name}"), fs::read(folder.join(command[place + 1])).unwrap());
        }
        all.insert(name, output.stdout);
    }
    all
}

/// Trains in one folder, copies to another, deletes the data, and compares everything.
fn compare(data: &Path, new: &Path, one: &Path, training: &[&str], prior: bool, picture: bool) {
    let here = tempfile::tempdir().unwrap();
    let there = tempfile::tempdir().unwrap();
    let name = data.file_name().unwrap().to_str().unwrap();
    fs::copy(data, here.path().join(name)).unwrap();
    for folder in [here.path(), there.path()] {
        // Without endings, so that the commands are the same for all formats.
        fs::copy(new, folder.join("new")).unwrap();
        fs::copy(one, folder.join("one")).unwrap();
        fs::write(folder.join("codes.csv"), "z1,z2\n0.5,-1\n0,0\n").unwrap();
    }
    for (seed, out) in [("1", "model"), ("2", "other")] {
        let more = ["--data", name, "--code", "2", "--seed", seed, "--out", out];
        succeed(here.path(), &[&["train"], training, &more].concat());
        copy(&here.path().join(out), &there.path().join(out));
    }
    let before = everything(here.path(), prior, picture);
    fs::remove_file(here.path().join(name)).unwrap();
    let after = everything(there.path(), prior, picture);
    for (name, content) in &before {
        assert!(after[name] == *content, "{name} is not what it was");
    }
    let page = String::from_utf8(before["file of report model --out page.html"].clone()).unwrap();
    assert_eq!(page, fs::read_to_string(here.path().join("model/report.html")).unwrap());
}

#[test]
fn a_copied_run_of_a_table_does_everything_without_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let classes = |(i, line): (usize, &str)| {
        let class = if i == 0 { "kind" } else { ["red", "green", "blue"][i % 3] };
        format!("{line},{class}\n")
    };
    let data: String = table(100).lines().enumerate().map(classes).collect();
    let one = table(1);
    let (data, new, one) = (file("data.csv", &data), file("new.csv", &table(30)), file("one.csv", &one));
    let training = ["ae", "--hidden", "8", "--epochs", "2", "--label-column", "kind"];
    compare(&data, &new, &one, &training, false, false);
}

#[test]
fn a_copied_run_of_images_does_everything_without_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let images = |name: &str, count: usize, from: usize| {
        let path = folder.path().join(name);
        let value = |i: usize| 0.5 + 0.5 * ((i + from) as f32 * 0.37).sin() * ((i / 36 + from) as f32).cos();
        npy::save(&path, &Tensor::from_fn([count, 6, 6], value)).unwrap();
        path
    };
    let (data, new, one) = (images("x.npy", 80, 0), images("n.npy", 20, 7), images("o.npy", 1, 3));
    compare(&data, &new, &one, &["vae", "--hidden", "8", "--epochs", "2"], true, true);
}

#[test]
fn of_very_many_rows_a_run_keeps_a_sample_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("t.csv"), table(25_100)).unwrap();
    fs::write(path.join("one.csv"), table(1)).unwrap();
    succeed(path, &["train", "pca", "--data", "t.csv", "--code", "2", "--out", "a"]);
    let score = ["score", "a", "--data", "one.csv", "--json"];
    let before = succeed(path, &score);
    let eval = succeed(path, &["eval", "a"]);
    let all = succeed(path, &["encode", "a", "--part", "train"]);
    assert_eq!(all.lines().count(), 20_081);
    fs::remove_file(path.join("t.csv")).unwrap();
    assert_eq!(succeed(path, &score), before, "the threshold is that of all test rows");
    assert_eq!(succeed(path, &["eval", "a"]), eval, "all test rows are kept");
    let output = zoo(path, &["encode", "a", "--part", "train"]);
    let note = String::from_utf8(output.stderr).unwrap();
    assert!(note.contains("These are the 20000 of 20080 training examples that the run keeps"), "{note}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 20_001);
}

#[test]
fn what_belongs_to_other_parameters_or_is_damaged_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("t.csv"), table(60)).unwrap();
    for (seed, out) in [("1", "a"), ("2", "b")] {
        let small = ["--hidden", "4", "--code", "2", "--epochs", "1", "--seed", seed, "--out", out];
        succeed(path, &[&["train", "ae", "--data", "t.csv"][..], &small].concat());
    }
    let right = succeed(path, &["score", "a", "--data", "t.csv"]);
    for name in ["examples.safetensors", "scores.safetensors"] {
        fs::copy(path.join("b").join(name), path.join("a").join(name)).unwrap();
    }
    assert_eq!(succeed(path, &["score", "a", "--data", "t.csv"]), right, "measured again");
    fs::rename(path.join("t.csv"), path.join("moved.csv")).unwrap();
    refuse(path, &["report", "a", "--out", "a.html"], "the training data of a are needed here");
    let whole = fs::read(path.join("b/examples.safetensors")).unwrap();
    fs::write(path.join("b/examples.safetensors"), &whole[..whole.len() / 2]).unwrap();
    let damaged = "examples.safetensors: this is not a complete safetensors file";
    refuse(path, &["report", "b", "--out", "b.html"], damaged);
}
