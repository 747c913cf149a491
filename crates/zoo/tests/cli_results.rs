//! Output of commands about rows of numbers: cells as they stand in the file, names of rows, units, draws.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::{csv, pipe, refuse, succeed, table, zoo};

fn json(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&succeed(folder, arguments)).unwrap()
}

fn said(folder: &Path, arguments: &[&str]) -> String {
    let output = zoo(folder, arguments);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "zoo {arguments:?}: {error}");
    error
}

/// Plants with a name, a flag, a large number and a class; in some rows the width is missing.
fn plants(rows: usize, gaps: bool) -> String {
    let row = |i: usize| {
        let (a, b) = ((i as f64 * 0.7).sin(), (i as f64 * 1.3).cos());
        let width = if gaps && i % 9 == 4 { String::new() } else { format!("{:.2}", 3.0 + b) };
        let kind = ["oak", "elm", "ash tree"][i % 3];
        format!("plant {i},{:.1},{width},{},{:.0},{kind}\n", 10.0 + a + b, i % 2, 4000.0 + 90.0 * a)
    };
    "name,length,width,flag,mass,kind\n".to_owned() + &(0..rows).map(row).collect::<String>()
}

#[test]
fn values_that_were_filled_in_are_not_blamed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("gaps.csv"), plants(80, true)).unwrap();
    let reading = ["--id", "name", "--label-column", "kind", "--impute", "mean", "--data", "gaps.csv"];
    succeed(path, &[&["train", "pca", "--code", "2", "--out", "r"][..], &reading].concat());
    // All but one cell is missing, so that filled cells have the largest errors of the row.
    fs::write(path.join("new.csv"), "name,length,width,flag,mass\nfirst,,,0,\nsecond,10.1,3.5,1,4051\n")
        .unwrap();
    for kind in ["neighbours", "combined", "squared-error", "mahalanobis"] {
        let score = ["score", "r", "--data", "new.csv", "--score", kind];
        let found = json(path, &[&score[..], &["--json"]].concat());
        let row = &found["rows"][0];
        assert_eq!(row["filled"].to_string(), r#"["length","width","mass"]"#);
        for reason in row["reasons"].as_array().unwrap() {
            let part = reason["feature"].as_str().unwrap();
            assert!(part == "flag" || part.starts_with('z'), "{kind}: {found}");
        }
        assert!(row["filled_share"].is_f64() && found["rows"][1]["filled_share"].is_null(), "{found}");
        let text = succeed(path, &[&score[..], &["--top", "2"]].concat());
        assert!(text.contains("3 values that were missing and filled in [length width mass]"), "{text}");
        let first = text.lines().find(|line| line.contains("  first  ")).unwrap();
        assert!(
            !first.contains("(expected 4") && !first.contains("mass 4"),
            "nobody observed a mass\n{text}"
        );
    }
    let (header, rows) = csv(&succeed(path, &["score", "r", "--data", "new.csv"]));
    assert_eq!(header.join(","), "row,name,score,p_value,anomalous,filled");
    assert_eq!([&rows[0][5], &rows[1][5]], ["3", "0"]);
}

#[test]
fn cells_are_shown_as_they_stand_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("t.csv"), plants(80, false)).unwrap();
    let reading = ["--drop-columns", "name,kind", "--data", "t.csv"];
    succeed(path, &[&["train", "pca", "--code", "1", "--out", "r"][..], &reading].concat());
    let score = ["score", "r", "--data", "t.csv", "--score", "squared-error"];
    let found = json(path, &[&score[..], &["--json"]].concat());
    let (header, cells) = csv(&plants(80, false));
    let mut seen = 0;
    for (number, row) in found["rows"].as_array().unwrap().iter().enumerate() {
        assert_eq!(row["row"], number + 1, "a number");
        for reason in row["reasons"].as_array().unwrap() {
            let column = header.iter().position(|name| *name == reason["feature"]).unwrap();
            assert_eq!(reason["value"], cells[number][column].parse::<f64>().unwrap(), "{reason}");
            assert!(reason["expected"].is_f64(), "{reason}");
            seen += usize::from(reason["value"] == 0.0);
        }
    }
    assert!(seen > 5, "some cells are 0");
    let text = succeed(path, &[&score[..], &["--top", "80"]].concat());
    assert!(text.contains("flag 0 (expected") && text.contains("flag 1 (expected"), "{text}");
    assert!(text.contains("\n  !  the score is above the threshold\n"), "{text}");
}

#[test]
fn a_column_that_names_the_rows_goes_through_to_the_results() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("t.csv"), plants(60, false)).unwrap();
    let train = ["train", "pca", "--code", "2", "--data", "t.csv", "--label-column", "kind"];
    succeed(path, &[&train[..], &["--id", "name", "--out", "r"]].concat());
    let codes = succeed(path, &["encode", "r", "--data", "t.csv"]);
    let (header, rows) = csv(&codes);
    assert_eq!((header.join(","), rows[7][..2].join(",")), ("row,name,z1,z2".into(), "8,plant 7".into()));
    let (header, again) = csv(&succeed(path, &["reconstruct", "r", "--data", "t.csv"]));
    assert_eq!(header.join(","), "row,name,length,width,flag,mass");
    let decoded = pipe(path, &["decode", "r", "--codes", "-"], codes.as_bytes());
    assert_eq!(csv(&decoded).1[7], again[7][2..], "the name is in nobody's way");
    let found = json(path, &["score", "r", "--json", "--top", "1"]);
    let row = found["rows"][0]["row"].as_u64().unwrap();
    assert_eq!(
        (&found["id"], &found["rows"][0]["id"]),
        (&"name".into(), &format!("plant {}", row - 1).into())
    );
    assert!(succeed(path, &["score", "r", "--top", "3"]).contains("  plant "));
    assert!(fs::read_to_string(path.join("r/config.toml")).unwrap().contains("id = \"name\""));

    // A file without that column, and one with another.
    fs::write(path.join("bare.csv"), "length,width,flag,mass\n10,3,0,4000\n11,2,1,4100\n").unwrap();
    assert_eq!(csv(&succeed(path, &["encode", "r", "--data", "bare.csv"])).0.join(","), "row,z1,z2");
    refuse(path, &["encode", "r", "--data", "bare.csv", "--id", "code"], "no column `code`");
    fs::write(path.join("code.csv"), "code,length,width,flag,mass\nA7,10,3,0,4000\nB9,11,2,1,4100\n")
        .unwrap();
    for id in ["code", "1"] {
        let (header, rows) = csv(&succeed(path, &["encode", "r", "--data", "code.csv", "--id", id]));
        assert_eq!((header[1].as_str(), rows[1][1].as_str()), ("code", "B9"));
    }

    // It may be chosen afterwards, and may be a feature or the label.
    succeed(path, &[&train[..], &["--drop-columns", "name", "--out", "s"]].concat());
    for (id, text) in [("name", "plant "), ("mass", ""), ("kind", "")] {
        let (header, rows) = csv(&succeed(path, &["score", "s", "--id", id]));
        assert_eq!((header[1].as_str(), rows.len()), (id, 12));
        assert!(rows[0][1].starts_with(text) && !rows[0][1].is_empty());
    }
    refuse(path, &["train", "pca", "--id", "name"], "--id means nothing for the embedded digits");
}

#[test]
fn every_number_has_the_unit_of_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("t.csv"), table(60)).unwrap();
    let small = ["--data", "t.csv", "--code", "2", "--hidden", "8", "--epochs", "2", "--json", "--out"];
    let vae = json(path, &[&["train", "vae"][..], &small, &["v"]].concat());
    let ae = json(path, &[&["train", "ae"][..], &small, &["a"]].concat());
    for (run, of) in [("v", &vae), ("a", &ae)] {
        assert_eq!((&of["unit"], &of["run"], &of["epochs"]), (&"SSE/row".into(), &run.into(), &2.into()));
        let eval = json(path, &["eval", run, "--json"]);
        for key in ["unit", "sse", "pca_sse", "mean_sse", "r2", "loss", "code", "model"] {
            assert_eq!(of[key], eval[key], "{key}");
        }
        let metrics = fs::read_to_string(path.join(run).join("metrics.jsonl")).unwrap();
        assert!(!metrics.contains("/img") && metrics.contains("SSE/row"), "{metrics}");
        assert!(!metrics.contains("image"), "{metrics}");
    }
    assert_eq!(vae["loss"]["unit"], "nats/row");
    let both = json(path, &["compare", "v", "a", "--json"]);
    assert_eq!((&both["runs"][1]["sse"], &both["runs"][1]["unit"]), (&ae["sse"], &"SSE/row".into()));
    assert_eq!(both["page"], "compare.html");
    let search = ["search", "pca", "--space", "code=1..2", "--data", "t.csv", "--json"];
    let found = json(path, &search);
    assert_eq!(
        (&found["best"]["settings"]["code"], found["trials"].as_array().unwrap().len()),
        (&2.into(), 2)
    );
    assert!(
        found["command"].as_str().unwrap().starts_with("zoo train pca --data t.csv --set 'code=2'"),
        "{found}"
    );
    let text = succeed(path, &["train", "sequence", "--data", "t.csv", "--epochs", "1", "--out", "q"]);
    assert!(text.contains("SSE/sequence") && text.contains("test sequences"), "{text}");
}

#[test]
fn a_code_as_wide_as_the_data_is_called_no_bottleneck() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("t.csv"), table(60)).unwrap();
    let train = ["train", "ae", "--data", "t.csv", "--hidden", "8", "--epochs", "1", "--code"];
    let output = zoo(path, &[&train[..], &["4", "--out", "wide"]].concat());
    let (text, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        text.contains("No bottleneck: a code of 4 numbers has room for all 4") && !text.contains("PCA, code")
    );
    assert!(error.starts_with("note: a code of 4 numbers for 4 is no bottleneck"), "{error}");
    assert_eq!(said(path, &["score", "wide"]), "", "neighbours do not need a bottleneck");
    let error = said(path, &["score", "wide", "--score", "squared-error"]);
    assert!(error.contains("note: a code of 4 numbers for 4 features is no bottleneck"), "{error}");
    assert_eq!(json(path, &["eval", "wide", "--json"])["pca_sse"], Value::Null);
    let text = succeed(path, &[&train[..], &["3", "--out", "narrow"]].concat());
    assert!(!text.contains("No bottleneck") && text.contains("PCA, code 3"), "{text}");
    let error = said(path, &["score", "narrow", "--score", "squared-error"]);
    assert!(!error.contains("bottleneck"), "{error}");
}

fn deviation(rows: &[Vec<String>], column: usize) -> f64 {
    let values: Vec<f64> = rows.iter().map(|row| row[column].parse().unwrap()).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

#[test]
fn rows_are_drawn_with_the_spread_of_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    // Two columns that have nothing to do with each other: one latent number cannot say both.
    let row = |i: usize| {
        format!("{:.3},{:.3}\n", (i as f64 * 12.9898).sin() * 10.0, (i as f64 * 78.233).cos() * 50.0)
    };
    let text = "a,b\n".to_owned() + &(0..400).map(row).collect::<String>();
    fs::write(path.join("t.csv"), &text).unwrap();
    let train =
        ["train", "vae", "--data", "t.csv", "--code", "1", "--hidden", "8", "--epochs", "20", "--out", "r"];
    succeed(path, &train);
    let wanted = [0, 1].map(|column| deviation(&csv(&text).1, column));
    let sample = ["sample", "r", "--count", "2000"];
    let rows = csv(&succeed(path, &sample)).1;
    let means = csv(&succeed(path, &[&sample[..], &["--mean"]].concat())).1;
    for column in [0, 1] {
        let [drawn, mean] = [&rows, &means].map(|rows| deviation(rows, column) / wanted[column]);
        assert!((0.85..1.15).contains(&drawn), "column {column}: {drawn}");
        assert!(mean < drawn, "column {column}: {mean}");
    }
    assert!([0, 1].iter().any(|&column| deviation(&means, column) < 0.6 * wanted[column]));
    assert!(said(path, &sample).starts_with("note: these are drawn from p(x|z); --mean takes its means"));
    assert!(said(path, &[&sample[..], &["--mean"]].concat()).starts_with("note: these are means of p(x|z)"));
    let five = csv(&succeed(path, &["sample", "r", "--count", "5"])).1;
    assert!(
        crate::common::close(&five.concat(), &rows[..5].concat()),
        "a draw depends on the seed and its number"
    );
    succeed(path, &["train", "wae", "--data", "t.csv", "--code", "1", "--epochs", "1", "--out", "w"]);
    let mixture = ["sample", "w", "--mixture", "2"];
    refuse(
        path,
        &[&mixture[..], &["--mean"]].concat(),
        "the decoder of `wae` is a function and no distribution p(x|z)",
    );
    assert!(said(path, &mixture).contains("decoded codes; they vary less than examples do"));
}

#[test]
fn classes_are_asked_for_and_answered_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("t.csv"), plants(60, false)).unwrap();
    let train = ["train", "cvae", "--data", "t.csv", "--id", "name", "--label-column", "kind"];
    succeed(path, &[&train[..], &["--hidden", "8", "--code", "2", "--epochs", "2", "--out", "r"]].concat());
    let (header, rows) = csv(&succeed(path, &["sample", "r", "--count", "4"]));
    assert_eq!(header.join(","), "kind,length,width,flag,mass");
    assert_eq!(
        rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(),
        ["ash tree", "elm", "oak", "ash tree"]
    );
    let oaks = succeed(path, &["sample", "r", "--class", "oak", "--count", "3"]);
    assert!(csv(&oaks).1.iter().all(|row| row[0] == "oak"));
    assert_eq!(oaks, succeed(path, &["sample", "r", "--class", "2", "--count", "3"]));
    refuse(
        path,
        &["sample", "r", "--class", "elk"],
        "there is no class `elk`; did you mean `elm`?; the classes are ash tree (0), elm (1), oak (2)",
    );
    refuse(path, &["sample", "r", "--class", "3"], "there is no class `3`; the classes are ash tree (0)");
}

#[test]
fn scores_that_deserve_no_trust_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("t.csv"), table(100)).unwrap();
    succeed(path, &["train", "ae", "--data", "t.csv", "--code", "2", "--epochs", "2", "--out", "r"]);
    assert_eq!(said(path, &["score", "r"]), "");
    assert_eq!(json(path, &["score", "r", "--json"])["score"], "neighbours");
    let error = said(path, &["score", "r", "--score", "latent-distance"]);
    assert!(error.starts_with("note: latent-distance alone can be worse than chance"), "{error}");
    // Every twelfth row is from elsewhere, and the model learns from them as well.
    let strange = |(i, line): (usize, &str)| match i % 12 {
        5 => format!("{},-900,{},5\n", 300 + i, i * i % 97),
        _ => format!("{line}\n"),
    };
    let text: String = table(120).lines().enumerate().map(strange).collect();
    fs::write(path.join("bad.csv"), text).unwrap();
    succeed(path, &["train", "pca", "--data", "bad.csv", "--code", "1", "--out", "b"]);
    let error = said(path, &["score", "b"]);
    assert!(error.contains("training examples score far above the others"), "{error}");
    assert!(error.contains("look at them with --part train --top"), "{error}");
}

/// Ctrl-C while trials are made.
#[cfg(unix)]
#[test]
fn a_search_that_is_stopped_says_what_it_has_found() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("t.csv"), table(60)).unwrap();
    let search = ["search", "ae", "--space", "code=1..3", "--space", "train.learning_rate=1e-4..1e-2:log"];
    let more = ["--data", "t.csv", "--epochs", "30", "--trials", "100000", "--state", "s.json"];
    let child = Command::new(env!("CARGO_BIN_EXE_zoo"))
        .args([&search[..], &more].concat())
        .current_dir(path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let trials =
        || fs::read_to_string(path.join("s.json")).map_or(0, |text| text.matches("\"point\"").count());
    while trials() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(120), "no trial was made");
        std::thread::sleep(Duration::from_millis(20));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    let [text, error] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(output.status.code(), Some(130), "{error}");
    assert!(
        text.contains("the best by SSE on examples held back") && text.contains("\nTrain with it:\n"),
        "{text}"
    );
    assert!(error.contains("Stopped after ") && error.ends_with("they are in s.json.\n"), "{error}");
}

#[test]
fn the_manual_has_the_pages_it_refers_to_and_shells_know_the_models() {
    let here = Path::new(".");
    let page = succeed(here, &["man"]);
    let referred: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("zoo\\-")?.strip_suffix("(1)")).collect();
    assert!(referred.contains(&"train") && referred.contains(&"score"), "{referred:?}");
    for command in referred {
        let of_command = succeed(here, &["man", command]);
        assert!(
            of_command.contains(&format!("zoo\\-{command}")) && of_command.contains(".SH SYNOPSIS"),
            "{command}"
        );
    }
    assert!(succeed(here, &["man", "data", "fetch"]).contains("zoo\\-data\\-fetch"));
    refuse(here, &["man", "trian"], "`zoo` has no command `trian`; its commands are list, describe, train");
    for shell in ["bash", "zsh", "fish"] {
        let script = succeed(here, &["completions", shell]);
        for model in zoo::registry::MODELS {
            assert!(script.contains(model.name), "{shell}: {}", model.name);
        }
        assert!(script.matches("beta-vae").count() >= 3, "{shell}: train, describe and search take a model");
    }
    let text = succeed(here, &["describe", "vae"]);
    let all: Vec<&str> = zoo::Likelihood::DENSITIES.iter().map(|likelihood| likelihood.word()).collect();
    let choices = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(choices.contains(&format!("One of: {}.", all.join(", "))), "{text}");
    let text = succeed(here, &["list", "--likelihoods"]);
    assert!(
        text.lines().any(|line| line.starts_with("negative_binomial") && line.contains("ln μ, ln r")),
        "{text}"
    );
    let text = succeed(here, &["describe", "vae", "--net", "conv"]);
    assert!(text.contains("network.channels = ") && text.ends_with("zoo train vae --net conv\n"), "{text}");
    // Words of the models, not of the parser.
    refuse(here, &["describe", "beta-vea"], "there is no model `beta-vea`; did you mean `beta-vae`?");
}
