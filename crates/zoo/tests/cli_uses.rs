//! Commands that use a trained model: right and wrong input.

use std::fs;
use std::path::Path;

use nn::data::npy;
use serde_json::Value;

use crate::common::{close, csv, pipe, refuse, succeed, table, trained_on_table, zoo};

fn is_png(path: &Path) -> bool {
    fs::read(path).is_ok_and(|content| content.starts_with(b"\x89PNG") && content.len() > 1000)
}

#[test]
fn codes_go_out_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    trained_on_table(path);
    let codes = succeed(path, &["encode", "runs/ae-1", "--data", "table.csv"]);
    let (header, rows) = csv(&codes);
    assert_eq!((header.join(","), rows.len(), rows[59][0].as_str()), ("row,z1,z2".into(), 60, "60"));
    let decoded = pipe(path, &["decode", "runs/ae-1", "--codes", "-"], codes.as_bytes());
    let again = succeed(path, &["reconstruct", "runs/ae-1", "--data", "table.csv"]);
    let without_row = |text: &str| csv(text).1.into_iter().map(|row| row[1..].to_vec()).collect::<Vec<_>>();
    assert_eq!(csv(&decoded).1, without_row(&again), "encode and decode are reconstruct");
    assert_eq!(csv(&decoded).0.join(","), "length,width,height,same");
    // In the units of the data, and the constant column is what it was.
    assert!(csv(&decoded).1.iter().all(|row| (row[3].parse::<f64>().unwrap() - 5.0).abs() < 2.0));

    succeed(path, &["encode", "runs/ae-1", "--data", "table.csv", "--out", "z.npy"]);
    let array = npy::read::<f32>(&path.join("z.npy")).unwrap();
    assert_eq!((array.shape(), array.to_vec()[1].to_string()), (&[60, 2][..], rows[0][2].clone()));
    succeed(path, &["decode", "runs/ae-1", "--codes", "z.npy", "--out", "x.csv"]);
    assert_eq!(fs::read_to_string(path.join("x.csv")).unwrap(), decoded);
    succeed(path, &["encode", "runs/ae-1", "--out", "z.png"]);
    assert!(is_png(&path.join("z.png")));
    assert_eq!(csv(&succeed(path, &["encode", "runs/ae-1"])).1.len(), 12, "the test examples");
    assert_eq!(csv(&succeed(path, &["encode", "runs/ae-1", "--part", "train"])).1.len(), 48);
}

#[test]
fn results_replace_nothing_unless_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    trained_on_table(path);
    fs::write(path.join("old.csv"), "precious").unwrap();
    let encode = |out: &'static str| ["encode", "runs/ae-1", "--out", out];
    refuse(
        path,
        &encode("old.csv"),
        "old.csv: the file exists; choose another name, or replace it with --force",
    );
    assert_eq!(fs::read(path.join("old.csv")).unwrap(), b"precious");
    refuse(path, &encode("codes.txt"), "codes.txt: the ending says how to write: .csv, .npy or .png");
    refuse(path, &encode("none/codes.csv"), "none: there is no such folder to write into");
    refuse(path, &encode("runs"), "runs: the ending says how to write");
    refuse(path, &["reconstruct", "runs/ae-1", "--out", "x.png"], "these examples are no grey images");
    succeed(path, &[&encode("old.csv")[..], &["--force"]].concat());
    assert!(fs::read_to_string(path.join("old.csv")).unwrap().starts_with("row,z1,z2"));
}

#[test]
fn wrong_data_and_damaged_runs_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    trained_on_table(path);
    let wrong = |name: &str, content: &str, expected: &str| {
        fs::write(path.join(name), content).unwrap();
        refuse(path, &["encode", "runs/ae-1", "--data", name], expected);
        refuse(path, &["score", "runs/ae-1", "--data", name], expected);
    };
    wrong(
        "narrow.csv",
        "length,width\n1,2\n",
        "narrow.csv: there is no column `height`, which the model was trained with",
    );
    fs::write(path.join("gap.csv"), "length,width,height,same\n1,,3,4\n").unwrap();
    for command in ["encode", "score"] {
        let flags = ["runs/ae-1", "--data", "gap.csv", "--impute", "refuse"];
        let expected = "gap.csv: line 2, column `width`: the value is missing";
        refuse(path, &[&[command], &flags[..]].concat(), expected);
        succeed(path, &[command, "runs/ae-1", "--data", "gap.csv"]);
    }
    wrong("bare.csv", "1,2,3\n4,5,6\n", "have 3 features, but the model was trained with 4");
    wrong("empty.csv", "", "empty.csv: the file is empty");
    fs::write(path.join("codes.csv"), "z1,z2,z3\n1,2,3\n").unwrap();
    refuse(path, &["decode", "runs/ae-1", "--codes", "codes.csv"], "a code of this model has 2 numbers");
    refuse(path, &["eval", "runs"], "runs: this is no run folder: there is no config.toml in it");
    refuse(path, &["eval", "nowhere"], "nowhere: there is no such run folder");

    // New data need no training data, nor does a run that keeps what it needs of them. An older one does.
    for name in ["examples.safetensors", "scores.safetensors"] {
        fs::remove_file(path.join("runs/ae-1").join(name)).unwrap();
    }
    fs::rename(path.join("table.csv"), path.join("moved.csv")).unwrap();
    succeed(path, &["encode", "runs/ae-1", "--data", "moved.csv"]);
    refuse(
        path,
        &["encode", "runs/ae-1"],
        "the training data of runs/ae-1 are needed here, but table.csv: there is no such file",
    );
    let output = zoo(path, &["score", "runs/ae-1", "--data", "moved.csv"]);
    assert!(
        output.status.success()
            && String::from_utf8_lossy(&output.stderr).starts_with("note: the training data")
    );
    fs::write(path.join("table.csv"), table(70)).unwrap();
    refuse(path, &["eval", "runs/ae-1"], "table.csv has changed since then");

    let model = path.join("runs/ae-1/model.safetensors");
    let whole = fs::read(&model).unwrap();
    fs::write(&model, &whole[..whole.len() / 2]).unwrap();
    let damaged = "model.safetensors: this is not a complete safetensors file";
    for command in [&["encode"][..], &["eval"], &["score"], &["sample"], &["inspect"], &["interpolate"]] {
        refuse(path, &[command, &["runs/ae-1"]].concat(), damaged);
    }
    let config = path.join("runs/ae-1/config.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&model, &whole).unwrap();
    fs::write(&config, text.replace("hidden = [8]", "hidden = [9]")).unwrap();
    refuse(
        path,
        &["encode", "runs/ae-1"],
        "runs/ae-1/config.toml: it does not belong to this checkpoint (network.hidden: [9] here, [8] there)",
    );
    // The same parameters fit this model as well, so nothing else would tell.
    fs::write(&config, text.replace("\"tanh\"", "\"relu\"")).unwrap();
    refuse(path, &["eval", "runs/ae-1"], "(network.activation: \"relu\" here, \"tanh\" there)");
    fs::write(&config, text.replace("epochs = 2", "epochs = 3")).unwrap();
    succeed(path, &["encode", "runs/ae-1", "--data", "moved.csv"]);
}

#[test]
fn the_strangest_rows_are_found_and_explained() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("table.csv"), table(100)).unwrap();
    succeed(path, &["train", "pca", "--code", "2", "--data", "table.csv"]);
    let mut lines: Vec<String> = table(100).lines().map(str::to_owned).collect();
    lines[42] = "10,0,7,5".into(); // the height of row 42 contradicts length and width
    fs::write(path.join("odd.csv"), lines.join("\n") + "\n").unwrap();
    let score = ["score", "runs/pca-1", "--data", "odd.csv"];
    let text = succeed(path, &[&score[..], &["--top", "10"]].concat());
    let first = text.lines().nth(3).unwrap();
    assert!(
        first.trim_start().starts_with("42 ")
            && first.contains("height 7 (expected")
            && first.contains(" ! "),
        "{text}"
    );
    assert_eq!(text.lines().count(), 16, "{text}");

    let json: Value = serde_json::from_str(&succeed(
        path,
        &[&score[..], &["--top", "1", "--json", "--contributions"]].concat(),
    ))
    .unwrap();
    let row = &json["rows"][0];
    assert_eq!((&row["row"], &row["anomalous"]), (&42.into(), &true.into()));
    let parts = row["contributions"].as_array().unwrap().iter().map(|part| part.as_f64().unwrap());
    assert!((parts.sum::<f64>() - row["score"].as_f64().unwrap()).abs() < 1e-9);

    let (header, rows) = csv(&succeed(path, &score));
    assert_eq!((header.join(","), rows.len()), ("row,score,p_value,anomalous".into(), 100));
    let threshold = json["threshold"].as_f64().unwrap();
    // The threshold is one of the scores, and a table has them in single precision.
    let near = |score: f64| (score - threshold).abs() < 1e-6 * threshold;
    let right = |row: &Vec<String>| {
        let score = row[1].parse::<f64>().unwrap();
        near(score) || (row[3] == "1") == (score > threshold)
    };
    assert!(rows.iter().all(right));
    for kind in ["squared-error", "mahalanobis", "latent-distance"] {
        succeed(path, &[&score[..], &["--score", kind, "--top", "3"]].concat());
    }
    refuse(
        path,
        &[&score[..], &["--contamination", "2"]].concat(),
        "the contamination must be between 0 and 1, not 2",
    );
    refuse(path, &[&score[..], &["--contamination", "0.001"]].concat(), "needs at least 999 normal examples");
    refuse(path, &[&score[..], &["--top", "0"]].concat(), "at least 1 row must be shown (--top 1)");
}

#[test]
fn images_are_sampled_walked_denoised_and_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let quick = ["--epochs", "1", "--hidden", "16", "--code", "3"];
    for model in ["vae", "ae", "denoising", "cvae"] {
        succeed(path, &[&["train", model][..], &quick].concat());
    }
    let picture = |arguments: &[&str], name: &str| {
        succeed(path, &[arguments, &["--out", name]].concat());
        assert!(is_png(&path.join(name)), "{name}");
    };
    picture(&["sample", "runs/vae-1", "--count", "9"], "new.png");
    picture(&["sample", "runs/cvae-1", "--class", "3"], "threes.png");
    picture(&["sample", "runs/ae-1", "--mixture", "4"], "mixture.png");
    refuse(path, &["sample", "runs/vae-1", "--class", "3"], "the model `vae` draws from all examples");
    refuse(path, &["sample", "runs/ae-1"], "the model `ae` has no prior to draw from");
    refuse(
        path,
        &["sample", "runs/cvae-1", "--class", "10"],
        "there is no class 10; the run has 10, from 0 on",
    );
    refuse(path, &["sample", "runs/vae-1", "--count", "0"], "at least 1 example");
    let draw =
        |count: &str| csv(&succeed(path, &["sample", "runs/vae-1", "--count", count, "--seed", "3"])).1;
    assert!(
        close(&draw("2").concat(), &draw("5")[..2].concat()),
        "a draw depends on the seed and its number"
    );

    for way in ["line", "circle", "geodesic"] {
        picture(
            &["interpolate", "runs/vae-1", "--to", "5", "--steps", "4", "--path", way],
            &format!("{way}.png"),
        );
    }
    refuse(path, &["interpolate", "runs/vae-1", "--to", "999"], "--to 999: there are rows 1 to 359");
    refuse(path, &["interpolate", "runs/vae-1", "--steps", "1"], "such a path has at least 2 steps, not 1");

    picture(&["denoise", "runs/denoising-1", "--noise", "gaussian:0.3"], "clean.png");
    refuse(
        path,
        &["denoise", "runs/denoising-1", "--noise", "rain"],
        "`rain` is no noise; write gaussian:0.3",
    );
    refuse(
        path,
        &["denoise", "runs/denoising-1", "--noise", "masking:2"],
        "the probability of a corruption is 2",
    );
    assert_eq!(csv(&succeed(path, &["denoise", "runs/denoising-1"])).0.len(), 65);
    picture(&["reconstruct", "runs/ae-1"], "pairs.png");
    picture(
        &["decode", "runs/ae-1", "--codes", "codes.csv"].map(|a| {
            fs::write(path.join("codes.csv"), "0,0,0\n1,1,1\n").unwrap();
            a
        }),
        "decoded.png",
    );
    picture(&["score", "runs/ae-1", "--top", "13"], "strange.png");

    let text = succeed(path, &["inspect", "runs/vae-1", "--out", "inside"]);
    assert!(text.contains("of 3 units are active") && text.contains("singular values"), "{text}");
    for name in ["spectrum.png", "filters.png", "tangents.png"] {
        assert!(is_png(&path.join("inside").join(name)), "{name}");
    }
    refuse(path, &["inspect", "runs/vae-1", "--out", "inside"], "inside: it is there already");

    let json: Value =
        serde_json::from_str(&succeed(path, &["eval", "runs/vae-1", "--json", "--likelihood", "5"])).unwrap();
    assert!(
        json["sse"].as_f64() > json["pca_sse"].as_f64() && json["nll"]["nats"].as_f64() > Some(0.0),
        "{json}"
    );
    refuse(path, &["eval", "runs/ae-1", "--likelihood", "5"], "the model `ae` is no distribution");
    assert!(succeed(path, &["eval", "runs/ae-1"]).contains("PCA, code 3"));
}

#[test]
fn the_program_explains_itself() {
    let here = Path::new(".");
    for entry in zoo::registry::MODELS {
        let text = succeed(here, &["describe", entry.name]);
        // The code of a network that removes noise is the example itself.
        let has_code = text.contains("code = ") || ["dncnn", "spectral-mask"].contains(&entry.name);
        assert!(text.contains(entry.source) && has_code, "{text}");
    }
    refuse(here, &["describe", "vea"], "there is no model `vea`; did you mean `vae`?");
    let json: Value = serde_json::from_str(&succeed(here, &["list", "--json"])).unwrap();
    assert_eq!(json.as_array().unwrap().len(), zoo::registry::MODELS.len());
    let json: Value = serde_json::from_str(&succeed(here, &["describe", "vae", "--json"])).unwrap();
    assert_eq!(json["settings"].as_array().unwrap().iter().filter(|s| s["name"] == "model.beta").count(), 1);
    for shell in ["bash", "zsh", "fish"] {
        assert!(succeed(here, &["completions", shell]).contains("interpolate"), "{shell}");
    }
    assert!(succeed(here, &["man"]).starts_with(".ie"), "roff");
    let help = succeed(here, &["--help"]);
    assert!(help.contains("Exit codes: 0 done, 1 error, 2 wrong command line, 130 interrupted"));
    for line in
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty())
    {
        let command = line.split_whitespace().next().unwrap();
        // Long descriptions go on in the next line, further to the right.
        if !line.starts_with("   ") && command != "help" {
            let help = succeed(here, &[command, "--help"]);
            assert!(help.contains("Example"), "{command} has no example");
        }
    }
    assert_eq!(zoo(here, &["train"]).status.code(), Some(2));
    assert_eq!(zoo(here, &["encode", "no-run"]).status.code(), Some(1));
}
