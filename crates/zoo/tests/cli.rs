//! The command line, as a user meets it: right and wrong input.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use crate::common::{refuse, succeed, zoo};

fn idx(shape: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut content = vec![0, 0, 8, shape.len() as u8];
    shape.iter().for_each(|size| content.extend(size.to_be_bytes()));
    content.extend(bytes);
    content
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// 40 training and 10 test images of 4×3 pixels.
fn image_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (split, count) in [("train", 40_u32), ("t10k", 10)] {
        let pixels: Vec<u8> = (0..count * 12).map(|i| (i * i * 31 % 251) as u8).collect();
        let labels: Vec<u8> = (0..count).map(|i| (i % 3) as u8).collect();
        let write = |name: String, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
        write(format!("{split}-images-idx3-ubyte.gz"), &gzip(&idx(&[count, 4, 3], &pixels)));
        write(format!("{split}-labels-idx1-ubyte"), &idx(&[count], &labels));
    }
    folder
}

#[test]
fn list_names_every_model() {
    let text = succeed(Path::new("."), &["list"]);
    for entry in zoo::registry::MODELS {
        assert!(text.lines().any(|line| line.starts_with(entry.name)), "{text}");
    }
}

#[test]
fn a_run_leaves_a_complete_folder_and_never_overwrites() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["train", "vae", "--epochs", "2", "--hidden", "16", "--code", "3"];
    let text = succeed(folder.path(), &arguments);
    assert!(text.contains("PCA, code 3") && text.contains("nats/img = reconstruction"), "{text}");
    succeed(folder.path(), &arguments);
    for run in ["vae-1", "vae-2"] {
        let run = folder.path().join("runs").join(run);
        for name in ["config.toml", "metrics.jsonl", "model.safetensors"] {
            assert!(fs::metadata(run.join(name)).unwrap().len() > 0, "{name}");
        }
        for name in ["reconstructions", "loss", "codes", "samples", "manifold"] {
            let picture = fs::read(run.join(format!("{name}.png"))).unwrap();
            assert!(picture.starts_with(b"\x89PNG") && picture.len() > 5_000, "{name}");
        }
        let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
        let lines: Vec<serde_json::Value> =
            metrics.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 3, "two epochs and the result");
        assert_eq!(lines[1]["validation"]["unit"], "nats/img");
    }
    refuse(
        folder.path(),
        &["train", "ae", "--out", "runs/vae-1"],
        "runs/vae-1: the folder already holds something",
    );
}

#[test]
fn config_toml_replays_to_the_byte_with_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    succeed(folder.path(), &["train", "vae", "--epochs", "2", "--seed", "5", "--threads", "1", "--out", "a"]);
    succeed(folder.path(), &["train", "--config", "a/config.toml", "--threads", "2", "--out", "b"]);
    succeed(folder.path(), &["train", "--config", "a/config.toml", "--seed", "6", "--out", "c"]);
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    assert!(read("a/model.safetensors") == read("b/model.safetensors"));
    assert!(read("a/config.toml") == read("b/config.toml"));
    assert!(read("a/model.safetensors") != read("c/model.safetensors"));
}

#[test]
fn image_folders_are_trained_on() {
    let images = image_folder();
    let folder = tempfile::tempdir().unwrap();
    let data = images.path().to_str().unwrap();
    for model in ["ae", "vae", "pca"] {
        let text = succeed(folder.path(), &["train", model, "--data", data, "--code", "2"]);
        assert!(text.contains("(40 training and 10 test images)"), "{text}");
        assert!(folder.path().join(format!("runs/{model}-1/codes.png")).exists());
    }
}

#[test]
fn senseless_settings_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&[&str], &str); 14] = [
        (&["train", "vea"], "error: there is no model `vea`; did you mean `vae`? (models: pca, ae, "),
        (&["train", "zzzzzz"], "error: there is no model `zzzzzz`; the models are pca, ae, "),
        (&["train", "ae", "--epochs", "0"], "error: epochs is 0; training needs at least 1 epoch"),
        (&["train", "ae", "--code", "0"], "error: the code must have at least 1 number (--code 1)"),
        (&["train", "pca", "--code", "0"], "error: the code must have at least 1 number (--code 1)"),
        (
            &["train", "ae", "--hidden", "16,0"],
            "error: a hidden layer must have at least 1 unit, not [16, 0]",
        ),
        (&["train", "ae", "--batch", "0"], "error: batch is 0; a step needs at least 1 example"),
        (
            &["train", "ae", "--batch", "2000"],
            "error: a batch of 2000 is larger than the 1438 training examples; choose 1438 or less",
        ),
        (&["train", "ae", "--lr", "0"], "error: the learning rate must be a positive number, not 0"),
        (&["train", "ae", "--lr", "nan"], "error: the learning rate must be a positive number, not NaN"),
        (&["train", "ae", "--threads", "0"], "error: at least 1 thread is needed (--threads 1)"),
        (
            &["train", "ae", "--threads", "100000"],
            "error: --threads 100000 is far more than this machine has",
        ),
        (
            &["train", "pca", "--hidden", "3"],
            "error: model `pca`: there is no setting `hidden`; its settings are model.code",
        ),
        (&["train", "--config", "none.toml"], "error: cannot read none.toml: "),
    ];
    for (arguments, expected) in cases {
        refuse(folder.path(), arguments, expected);
    }
}

#[test]
fn negative_numbers_are_taken_as_numbers() {
    let sides: [&[&str]; 5] = [
        &["train", "ae", "--batch", "-1"],
        &["train", "ae", "--seed", "-1"],
        &["train", "ae", "--hidden", "-8"],
        &["search", "ae", "--space", "code=1..2", "--trials", "-1"],
        &["sample", "run", "--count", "-1"],
    ];
    for arguments in sides {
        let output = zoo(Path::new("."), arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("error: invalid value '-"), "{error}");
        assert_eq!(output.status.code(), Some(2));
    }
    for hidden in ["-8", "-8,4", "8,-4"] {
        let output = zoo(Path::new("."), &["train", "ae", "--hidden", hidden]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            error.contains("': each layer has a whole number of units, 1 or more, as in 128,64"),
            "{error}"
        );
        assert!(!error.contains("tip:"), "{error}");
    }
}

#[test]
fn what_no_memory_holds_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let huge = "9223372036854775807";
    let choices: String = (0..200).map(|i| format!("u{},i{},{}\n", i % 20, i / 20, i % 5)).collect();
    fs::write(path.join("choices.csv"), format!("user,item,stars\n{choices}")).unwrap();
    // A network that removes noise has no code.
    for model in
        zoo::registry::MODELS.iter().filter(|model| !["dncnn", "spectral-mask"].contains(&model.name))
    {
        for size in [huge, "100000000000"] {
            let data: &[&str] = if model.recommends.is_some() { &["--data", "choices.csv"] } else { &[] };
            let train = [&["train", model.name, "--code", size][..], data].concat();
            refuse(path, &train, "is too large");
        }
    }
    // No tensor of it is made.
    let large = ["--hidden", "300000000,30"];
    refuse(
        path,
        &[&["train", "vae"][..], &large].concat(),
        "hidden = [300000000, 30] is too large: one of its tensors",
    );
    let large = ["train", "iwae", "--set", "samples=800000000"];
    refuse(path, &large, "a step of this training with 2 examples needs more memory than the ");
    for more in [
        ["--hidden", "1000000000000"],
        ["--hidden", "1000000,1000000"],
        ["--epochs", huge],
        ["--memory", huge],
        ["--set", "train.batch=9223372036854775807"],
    ] {
        refuse(path, &[&["train", "ae"][..], &more].concat(), "error: ");
    }
    for (model, setting) in
        [("residual", "blocks"), ("residual", "width"), ("iwae", "samples"), ("sequence", "state")]
    {
        let set = format!("{setting}={huge}");
        refuse(path, &["train", model, "--set", &set], &format!("{setting} = {huge}"));
    }
    succeed(path, &["train", "vae", "--epochs", "1", "--hidden", "4", "--out", "v"]);
    let many = "100000000000";
    refuse(path, &["sample", "v", "--count", many], "--count 100000000000 is too large: it needs about");
    refuse(path, &["sample", "v", "--count", many, "--mixture", "3"], "--count 100000000000 is too large");
    refuse(path, &["eval", "v", "--likelihood", many], "--likelihood 100000000000 is too large");
    refuse(path, &["interpolate", "v", "--steps", many], "--steps 100000000000 is too large");
}

#[test]
fn edited_configurations_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    succeed(folder.path(), &["train", "ae", "--epochs", "1", "--out", "a"]);
    let good = fs::read_to_string(folder.path().join("a/config.toml")).unwrap();
    let cases = [
        (
            good.replace("code = 8", "cod = 8"),
            "model `ae`: there is no setting `model.cod`; did you mean `model.code`?",
        ),
        (
            good.replace("\"tanh\"", "\"tanf\""),
            "model `ae`: the setting `network.activation` cannot be used: it is `tanf`, expected one of `identity`",
        ),
        (
            good.replace("epochs = 1", "epoch = 1"),
            "there is no setting `train.epoch`; did you mean `train.epochs`?",
        ),
        (good.replace("[train]", "[trian]"), "c.toml: line 16: unknown field `trian`"),
        (good.replace("epochs = 1", "epochs = "), "c.toml: line 19: "),
    ];
    for (text, expected) in cases {
        assert_ne!(text, good, "nothing was replaced");
        fs::write(folder.path().join("c.toml"), text).unwrap();
        refuse(folder.path(), &["train", "--config", "c.toml"], expected);
    }
}

#[test]
fn damaged_data_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let train = |data: &Path, expected: &str| {
        refuse(folder.path(), &["train", "ae", "--data", data.to_str().unwrap()], expected);
    };
    train(Path::new("no/such/folder"), "error: ");
    let empty = tempfile::tempdir().unwrap();
    train(empty.path(), "train-images-idx3-ubyte");

    let damage = |name: &str, content: &[u8], expected: &str| {
        let images = image_folder();
        fs::write(images.path().join(name), content).unwrap();
        train(images.path(), expected);
    };
    let images = "train-images-idx3-ubyte.gz";
    let whole = gzip(&idx(&[40, 4, 3], &[7; 480]));
    damage(images, &whole[..whole.len() / 2], images);
    damage(images, b"", "the file is empty");
    damage(images, b"<html>not found</html>", "this is no IDX file");
    damage(images, &idx(&[40, 4, 3], &[7; 12 * 30]), "but the file holds only 30");
    damage(images, &idx(&[0, 4, 3], &[]), images);
    damage("train-labels-idx1-ubyte", &idx(&[39], &[0; 39]), "39 labels");
    damage(
        "t10k-images-idx3-ubyte.gz",
        &idx(&[10, 3, 3], &[7; 90]),
        "4 × 3 pixels, but the t10k images 3 × 3",
    );
}

#[test]
fn folders_that_cannot_be_written_are_refused_before_training() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "in the way").unwrap();
    refuse(folder.path(), &["train", "ae", "--out", "file/run"], "error: cannot create file/run: ");
    if cfg!(target_os = "linux") {
        refuse(folder.path(), &["train", "ae", "--out", "/proc/run"], "error: cannot create /proc/run: ");
    }
}

/// A limit on the size of files stands in for a full disk: the write fails half-way.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_no_half_written_file() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_zoo");
    // 8 blocks of 512 or 1024 bytes: enough for the settings and metrics, not for the checkpoint.
    let script =
        format!("trap '' XFSZ; ulimit -f 8; exec {program} train ae --epochs 1 --hidden 200 --out run");
    let output = Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(error.starts_with("error: cannot write run/training.safetensors: "), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(!folder.path().join("run").exists(), "nothing is left of a run that came to nothing");
}

#[test]
fn reproduce_lists_its_targets() {
    let folder = tempfile::tempdir().unwrap();
    let list = succeed(folder.path(), &["reproduce"]);
    assert_eq!(list, succeed(folder.path(), &["reproduce", "list"]));
    let names: Vec<_> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names[..3], ["target", "pca", "linear"]);
    assert!(list.contains("Hinton & Salakhutdinov 2006, fig. 2B"), "{list}");
}

/// Random pictures are no MNIST: the figures are far off, which is a failure that shows the whole table.
#[test]
fn a_figure_outside_its_margin_is_a_failure() {
    let images = image_folder();
    let data = images.path().to_str().unwrap();
    for (target, row) in [
        ("pca", "PCA, code 30, test SSE/img"),
        ("keras", "test cross-entropy per pixel"),
        ("keras-sparse", "mean of a unit of the code"),
        ("vae", "NLL, 200 samples, nats/img"),
        ("deep", "test SSE/img"),
    ] {
        let arguments = ["reproduce", target, "--data", data, "--epochs", "1", "--threads", "1"];
        let output = zoo(images.path(), &arguments);
        let (table, error) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        let line = table.lines().find(|line| line.starts_with(row));
        let line = line.unwrap_or_else(|| panic!("{target} has no row `{row}`:\n{table}{error}"));
        assert!(table.contains("40 training and 10 test images") && table.contains("minutes"), "{table}");
        if target == "pca" || target == "keras" {
            assert!(line.ends_with("NO"), "{table}");
            assert!(!output.status.success() && error.ends_with("figures outside the margin\n"), "{error}");
        }
    }
}

#[test]
fn reproduce_refuses_what_it_cannot_do() {
    let folder = tempfile::tempdir().unwrap();
    let images = image_folder();
    let data = images.path().to_str().unwrap();
    refuse(folder.path(), &["reproduce", "stackd"], "no target `stackd`; did you mean `stacked`?");
    refuse(folder.path(), &["reproduce", "pca"], "`zoo reproduce pca` needs MNIST: add --data FOLDER");
    refuse(folder.path(), &["reproduce", "pca", "--data", "nowhere"], "nowhere: there is no such folder");
    refuse(folder.path(), &["reproduce", "vae", "--data", data, "--epochs", "0"], "--epochs is 0");
    refuse(folder.path(), &["reproduce", "pca", "--data", data, "--threads", "0"], "at least 1 thread");
    refuse(folder.path(), &["reproduce", "keras-conv", "--data", data], "images of 28 × 28 pixels");
}
