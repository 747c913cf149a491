//! Training on the command line: configuration in layers, interruption and resumption.

use std::fs;
use std::path::Path;

use autograd::Tensor;
use nn::data::npy;

use crate::common::{pipe, piped, refuse, succeed, table, zoo};

fn read(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn defaults_file_set_and_flags_in_rising_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(
        path.join("part.toml"),
        "[model]\nname = \"vae\"\nbeta = 2\n[train]\nepochs = 1\nbatch = 200\n",
    )
    .unwrap();
    let train = ["--set", "train.clip_norm=1", "--set", "train.drop_last=true"];
    let set = [&train[..], &["--set", "beta=3", "--set", "activation=tanh", "--hidden", "5"]].concat();
    succeed(path, &[&["train", "--config", "part.toml", "--out", "a", "--batch", "300"], &set[..]].concat());
    let config = String::from_utf8(read(path, "a/config.toml")).unwrap();
    for line in [
        "epochs = 1",
        "batch = 300",
        "beta = 3.0",
        "clip_norm = 1.0",
        "drop_last = true",
        "activation = \"tanh\"",
        "hidden = [5]",
    ] {
        assert!(config.lines().any(|found| found == line), "no {line} in\n{config}");
    }
    refuse(path, &["train", "vae", "--set", "bta=1"], "there is no setting `bta`; did you mean `beta`?");
    refuse(path, &["train", "vae", "--set", "train.epoch=1"], "did you mean `train.epochs`?");
    refuse(path, &["train", "vae", "--set", "beta"], "`beta` sets nothing; write KEY=VALUE");
    refuse(
        path,
        &["train", "vae", "--set", "beta=much"],
        "the setting `model.beta` cannot be used: it is the text \"much\", expected a number",
    );
}

#[test]
fn a_last_batch_of_one_row_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    // 65 for training and 16 for testing.
    fs::write(folder.path().join("t.csv"), table(81)).unwrap();
    let train = ["train", "residual", "--data", "t.csv", "--epochs", "1", "--set", "norm=batch"];
    let expected =
        "error: the last batch of an epoch has 1 of the 65 training examples, but this model learns from";
    refuse(folder.path(), &train, expected);
    succeed(folder.path(), &[&train[..], &["--set", "train.drop_last=true"]].concat());
}

/// Begins a training whose folder is the last argument, stops it by Ctrl-C, and returns what it says.
#[cfg(unix)]
fn interrupt(path: &Path, training: &[&str], input: &[u8]) -> String {
    use std::io::{Read, Write};
    use std::process::{Command, Stdio};
    use std::time::Duration;
    let mut child = Command::new(env!("CARGO_BIN_EXE_zoo"))
        .args(training)
        .current_dir(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    // The settings are written just before training begins.
    while !path.join(training.last().unwrap()).join("config.toml").exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(150));
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let status = child.wait().unwrap();
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(status.code(), Some(130), "{text}");
    text
}

#[cfg(unix)]
#[test]
fn what_was_interrupted_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let training = ["train", "vae", "--hidden", "16", "--code", "3", "--epochs", "150", "--seed", "4"];
    succeed(path, &[&training[..], &["--out", "whole"]].concat());
    refuse(path, &["resume", "whole"], "whole: the training is complete; nothing is left to resume");

    let text = interrupt(path, &[&training[..], &["--out", "parts"]].concat(), b"");
    assert!(text.contains("stopped after") && text.contains("Go on with: zoo resume parts"), "{text}");
    for name in ["config.toml", "metrics.jsonl", "model.safetensors", "training.safetensors", "codes.png"] {
        assert!(path.join("parts").join(name).exists(), "{name}");
    }
    assert!(
        read(path, "parts/model.safetensors") != read(path, "whole/model.safetensors"),
        "it was interrupted"
    );

    let text = succeed(path, &["resume", "parts"]);
    assert!(text.contains("trained for 150 epochs"), "{text}");
    assert!(read(path, "parts/model.safetensors") == read(path, "whole/model.safetensors"));
    assert!(!path.join("parts/training.safetensors").exists());
}

#[cfg(unix)]
#[test]
fn a_training_goes_on_with_its_own_data_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let long = ["train", "ae", "--code", "2", "--hidden", "4", "--epochs", "1000000"];
    // Nothing of how the data are prepared shows that two rows were swapped.
    let whole = table(60);
    let mut lines: Vec<&str> = whole.lines().collect();
    lines.swap(7, 8);
    let other = lines.join("\n") + "\n";
    for memory in ["1024", "0"] {
        fs::write(path.join("t.csv"), table(60)).unwrap();
        let data = ["--data", "t.csv", "--memory", memory, "--out", memory];
        interrupt(path, &[&long[..], &data].concat(), b"");
        fs::write(path.join("t.csv"), &other).unwrap();
        refuse(path, &["resume", memory], "t.csv: the data have changed since the training was interrupted");
    }
    let text = interrupt(path, &[&long[..], &["--data", "-", "--out", "s"]].concat(), table(60).as_bytes());
    assert!(
        text.ends_with("zoo resume s\nThe data came from standard input: pipe the same in again.\n"),
        "{text}"
    );
    let refused = piped(path, &["resume", "s"], other.as_bytes());
    let error = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(
        error,
        "error: s: the data on standard input are not those that the training began with; pipe the same in \
         again\n"
    );
    assert!(!refused.status.success() && path.join("s/training.safetensors").exists());
    // A line for every epoch that is done, and one for the result.
    let done = String::from_utf8(read(path, "s/metrics.jsonl")).unwrap().lines().count();
    let config = String::from_utf8(read(path, "s/config.toml")).unwrap();
    let more = config.replace("epochs = 1000000", &format!("epochs = {done}"));
    fs::write(path.join("s/config.toml"), more).unwrap();
    assert!(
        pipe(path, &["resume", "s"], table(60).as_bytes()).contains(&format!("trained for {done} epochs"))
    );
}

#[cfg(unix)]
#[test]
fn a_training_goes_on_with_its_own_settings_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    interrupt(path, &["train", "ae", "--hidden", "4", "--epochs", "100000", "--out", "a"], b"");
    let good = String::from_utf8(read(path, "a/config.toml")).unwrap();
    let edited = |from: &str, to: &str, expected: &str| {
        assert!(good.contains(from), "{good}");
        fs::write(path.join("a/config.toml"), good.replace(from, to)).unwrap();
        refuse(path, &["resume", "a"], expected);
    };
    edited(
        "activation = \"tanh\"",
        "activation = \"relu\"",
        "a/config.toml: it does not belong to this checkpoint (network.activation: \"relu\" here, \"tanh\" there)",
    );
    edited("batch = 64", "batch = 32", "(train.batch: 32 here, 64 there)");
    edited("epochs = 100000", "epochs = 1", "a/training.safetensors: the training is in epoch");
}

#[cfg(unix)]
#[test]
fn pretraining_can_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let long = ["train", "stacked", "--hidden", "8", "--code", "2", "--set", "pretraining=100000"];
    let text = interrupt(path, &[&long[..], &["--out", "a"]].concat(), b"");
    assert_eq!(text, "Stopped during the pretraining, of which nothing is kept: begin again.\n");
    assert!(!path.join("a").exists(), "a folder from which nothing can go on");
}

#[test]
fn nothing_to_resume_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    refuse(folder.path(), &["resume", "none"], "none: there is no training to resume");
    succeed(folder.path(), &["train", "pca", "--out", "a"]);
    fs::remove_file(folder.path().join("a/model.safetensors")).unwrap();
    fs::write(folder.path().join("a/training.safetensors"), "junk").unwrap();
    let text = String::from_utf8(zoo(folder.path(), &["resume", "a"]).stdout).unwrap();
    assert!(text.contains("pca"), "PCA needs no checkpoint: {text}");
    refuse(folder.path(), &["resume", "a"], "a: the training is complete; nothing is left to resume");
    refuse(folder.path(), &["resume", "a", "--epochs", "3"], "a: `pca` is computed, not trained");
}

#[test]
fn what_was_ended_before_its_first_checkpoint_begins_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    succeed(path, &["train", "ae", "--epochs", "2", "--hidden", "4", "--out", "a"]);
    fs::create_dir(path.join("b")).unwrap();
    fs::copy(path.join("a/config.toml"), path.join("b/config.toml")).unwrap();
    fs::write(path.join("b/metrics.jsonl"), "{\"epoch\":1,\"pretraining\":1}\n{\"ep").unwrap();
    let output = zoo(path, &["resume", "b"]);
    let note = String::from_utf8(output.stderr).unwrap();
    assert_eq!(note, "note: the training was ended before its first checkpoint, so it begins again\n");
    assert!(read(path, "a/model.safetensors") == read(path, "b/model.safetensors"));
    assert_eq!(String::from_utf8(read(path, "b/metrics.jsonl")).unwrap().lines().count(), 3);
}

/// The numbers of the epochs in a file of metrics, and how many results there are.
fn recorded(path: &Path, run: &str) -> (Vec<u64>, usize) {
    let text = String::from_utf8(read(path, &format!("{run}/metrics.jsonl"))).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let epochs = lines.iter().filter_map(|line| line["epoch"].as_u64()).collect();
    (epochs, lines.iter().filter(|line| line.get("test").is_some()).count())
}

#[cfg(unix)]
#[test]
fn what_was_killed_has_its_metrics_and_goes_on() {
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let training = ["train", "ae", "--hidden", "32", "--code", "3", "--epochs", "120", "--out"];
    succeed(path, &[&training[..], &["whole"]].concat());
    let mut child = Command::new(env!("CARGO_BIN_EXE_zoo"))
        .args([&training[..], &["killed"]].concat())
        .current_dir(path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let metrics = path.join("killed/metrics.jsonl");
    let lines = || fs::read_to_string(&metrics).map_or(0, |text| text.lines().count());
    while lines() < 3 {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let done = lines();
    assert!(done < 120 && path.join("killed/training.safetensors").exists(), "{done} lines");
    // As if it had been killed while it wrote.
    fs::write(&metrics, fs::read_to_string(&metrics).unwrap() + "{\"epoch\":").unwrap();
    succeed(path, &["resume", "killed"]);
    assert_eq!(recorded(path, "killed"), ((1..=120).collect(), 1));
    assert!(read(path, "killed/model.safetensors") == read(path, "whole/model.safetensors"));
}

#[test]
fn a_finished_run_goes_on_with_more_epochs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let training = ["train", "ae", "--hidden", "8", "--code", "2", "--set", "train.schedule=constant"];
    let with = |epochs: &'static str, out: &'static str| {
        succeed(path, &[&training[..], &["--epochs", epochs, "--out", out]].concat())
    };
    with("5", "whole");
    with("2", "a");
    with("2", "b");
    refuse(path, &["resume", "a", "--epochs", "2"], "a: the run has 2 epochs already");
    assert_eq!(zoo(path, &["train", "ae", "--resume", "a"]).status.code(), Some(2), "it has its model");
    refuse(path, &["train", "--resume", "a", "--scale", "none"], "leave the flags for reading away");
    let text = succeed(path, &["train", "--resume", "a", "--epochs", "3"]);
    assert!(text.contains("trained for 3 epochs"), "{text}");
    succeed(path, &["resume", "a", "--epochs", "5"]);
    succeed(path, &["resume", "b", "--epochs", "5"]);
    for run in ["a", "b"] {
        assert!(read(path, &format!("{run}/model.safetensors")) == read(path, "whole/model.safetensors"));
        assert!(read(path, &format!("{run}/config.toml")) == read(path, "whole/config.toml"));
        assert_eq!(recorded(path, run), ((1..=5).collect(), 1));
    }
    // An older version kept no state.
    fs::remove_file(path.join("b/finished.safetensors")).unwrap();
    refuse(path, &["resume", "b", "--epochs", "9"], "there is no state of the optimizer");
}

#[test]
fn events_and_pretraining_are_written_as_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let training = ["train", "stacked", "--hidden", "8", "--code", "2", "--set", "pretraining=2"];
    succeed(path, &[&training[..], &["--epochs", "3", "--tensorboard", "--out", "a"]].concat());
    let text = String::from_utf8(read(path, "a/metrics.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found: Vec<_> =
        lines.iter().map(|line| (line["pretraining"].as_u64(), line["epoch"].as_u64())).collect();
    let part = |part, epoch| (Some(part), Some(epoch));
    let whole = |epoch| (None, Some(epoch));
    assert_eq!(
        found,
        [part(1, 1), part(1, 2), part(2, 1), part(2, 2), whole(1), whole(2), whole(3), (None, None)]
    );
    let events = || fs::read_dir(path.join("a/tensorboard")).unwrap().count();
    assert_eq!(events(), 1);
    let run = zoo::run::Run::open(&path.join("a")).unwrap();
    assert_eq!(run.epochs.iter().map(|epoch| epoch.number).collect::<Vec<_>>(), [1, 2, 3]);
    succeed(path, &["resume", "a", "--epochs", "4"]);
    let text = String::from_utf8(read(path, "a/metrics.jsonl")).unwrap();
    assert_eq!(text.matches("\"pretraining\"").count(), 4, "it is not pretrained again: {text}");
}

#[test]
fn tables_are_scaled_and_losses_fit_them() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.csv"), table(60)).unwrap();
    let train = ["train", "vae", "--data", "t.csv", "--epochs", "1", "--hidden", "8", "--code", "2"];
    let text = succeed(folder.path(), &[&train[..], &["--out", "a"]].concat());
    assert!(text.contains("(48 training and 12 test rows)") && text.contains("SSE/row"), "{text}");
    let config = String::from_utf8(read(folder.path(), "a/config.toml")).unwrap();
    assert!(config.contains("[likelihood]\nname = \"gaussian\""), "{config}");
    let bernoulli = ["--set", "likelihood=bernoulli"];
    refuse(
        folder.path(),
        &[&train[..], &bernoulli].concat(),
        "likelihood = \"bernoulli\" is for values from 0 to 1",
    );
    succeed(folder.path(), &[&train[..], &bernoulli, &["--scale", "minmax", "--out", "b"]].concat());
    succeed(folder.path(), &["train", "--config", "b/config.toml", "--out", "c"]);
    assert!(read(folder.path(), "b/model.safetensors") == read(folder.path(), "c/model.safetensors"));
}

#[test]
fn a_search_goes_on_and_says_how_to_train() {
    let folder = tempfile::tempdir().unwrap();
    let search = [
        "search",
        "ae",
        "--epochs",
        "1",
        "--space",
        "hidden=[4],[8]",
        "--set",
        "code=2",
        "--state",
        "s.json",
    ];
    let space = ["--space", "train.learning_rate=1e-4..1e-2:log", "--trials", "3", "--strategy", "random"];
    let once = [&search[..], &space].concat();
    let text = succeed(folder.path(), &once);
    assert!(
        text.starts_with("3 trials") && text.contains("zoo train ae --data digits --epochs 1 --set 'code=2'"),
        "{text}"
    );
    assert_eq!(succeed(folder.path(), &once), text, "all trials are in the file");
    refuse(folder.path(), &["search", "ae", "--space", "hiden=[4]"], "there is no setting `hiden` to search");
    refuse(folder.path(), &["search", "ae", "--space", "code=8..2"], "`code` to search needs low < high");
    refuse(folder.path(), &["search", "ae", "--space", "code"], "`code` is no range");
    let other = [&search[..], &["--space", "code=2..3"]].concat();
    refuse(
        folder.path(),
        &other,
        "s.json: it belongs to another search (`ae` on digits, 1 epochs, by SSE, with",
    );
    let seed = [&once[..], &["--seed", "1"]].concat();
    refuse(folder.path(), &seed, "which has another seed (0, not 1); use another file");
    let more = [&search[..], &space[..3], &["5"], &space[4..]].concat();
    assert!(succeed(folder.path(), &more).starts_with("5 trials; "));
    let twice = ["search", "ae", "--space", "code=2..3", "--space", "code=5..8"];
    refuse(folder.path(), &twice, "`code` has two ranges to search; give one --space code=…");
}

#[test]
fn a_search_ends_with_its_space_and_its_command_trains_what_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let search =
        ["search", "ae", "--space", "hidden=[8],[16,8]", "--space", "train.epochs=1,2", "--epochs", "7"];
    let text = succeed(folder.path(), &[&search[..], &["--set", "train.batch=400"]].concat());
    assert!(text.starts_with("4 trials of all 4 settings in the space; the best by SSE"), "{text}");
    let command = text.lines().last().unwrap().trim();
    assert!(
        command.starts_with("zoo train ae --data digits --set 'train.batch=400' --set 'hidden=[")
            && command.contains("--set 'train.epochs="),
        "{command}"
    );
}

#[test]
fn what_is_larger_than_the_memory_is_trained_on_from_disk() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.csv"), table(400)).unwrap();
    let train =
        ["train", "ae", "--data", "t.csv", "--epochs", "20", "--hidden", "8", "--code", "2", "--memory", "0"];
    let text = succeed(folder.path(), &[&train[..], &["--out", "a"]].concat());
    let explained = text.lines().find(|line| line.contains("ae, code 2")).unwrap();
    let r2: f64 = explained.split_whitespace().rev().nth(1).unwrap().parse().unwrap();
    assert!(r2 > 50.0, "it learns: {text}");
    succeed(folder.path(), &["train", "--config", "a/config.toml", "--out", "b"]);
    assert!(read(folder.path(), "a/model.safetensors") == read(folder.path(), "b/model.safetensors"));
    succeed(folder.path(), &["score", "a", "--top", "3"]);
    fs::write(folder.path().join("gap.csv"), table(50) + ",1,2,3\n").unwrap();
    let gap = ["train", "ae", "--data", "gap.csv", "--memory", "0"];
    let refusing = [&gap[..], &["--impute", "refuse"]].concat();
    refuse(folder.path(), &refusing, "gap.csv: line 52, column `length`: the value is missing");
    succeed(folder.path(), &[&gap[..], &["--epochs", "1"]].concat());
    succeed(folder.path(), &[&gap[..], &["--impute", "mean", "--epochs", "1"]].concat());
    // An array of which the last column follows from the others.
    let value = |i: usize| if i % 3 == 2 { 3.0 } else { (i as f32 * 0.7).sin() };
    npy::save(&folder.path().join("x.npy"), &Tensor::from_fn([900, 3], value)).unwrap();
    let array = ["train", "ae", "--data", "x.npy", "--epochs", "5", "--code", "2", "--memory", "0"];
    let text = succeed(folder.path(), &[&array[..], &["--out", "c"]].concat());
    assert!(text.contains("training and"), "{text}");
    succeed(folder.path(), &["train", "--config", "c/config.toml", "--out", "d"]);
    assert!(read(folder.path(), "c/model.safetensors") == read(folder.path(), "d/model.safetensors"));
    let infinite = |i: usize| if i == 2699 { f32::INFINITY } else { value(i) };
    npy::save(&folder.path().join("x.npy"), &Tensor::from_fn([900, 3], infinite)).unwrap();
    refuse(folder.path(), &array, "x.npy: row 900, column 3: the value is inf; correct it");
}

#[test]
fn what_a_search_found_can_be_trained_by_the_command_it_prints() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("my table.csv"), table(40)).unwrap();
    let search = ["search", "ae", "--space", "code=1..2", "--trials", "2", "--epochs", "1"];
    let data = ["--data", "my table.csv", "--drop-columns", "same", "--scale", "minmax"];
    let text = succeed(folder.path(), &[&search[..], &data].concat());
    let command = text.lines().last().unwrap().trim();
    let expected =
        "zoo train ae --data 'my table.csv' --drop-columns same --scale minmax --epochs 1 --set 'code=";
    assert!(command.starts_with(expected), "{command}");
}
