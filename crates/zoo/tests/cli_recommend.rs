//! `zoo recommend`, and recommenders in the other commands.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::{csv, refuse, succeed, zoo};

/// Readers who like two of eight genres and read twelve of their twenty books each, with stars that follow how much they
/// like a book beside how good it is.
fn ratings(readers: usize) -> String {
    let mut text = "reader,book,stars\n".to_owned();
    for reader in 0..readers {
        let genres = [reader % 8, (reader / 8 + reader % 8 + 1) % 8];
        for number in 0..12 {
            let (genre, place) = (genres[number % 2], (reader * 7 + number * 3 + number / 2) % 10);
            let stars = 1 + (place + 2 * (number % 2) + reader % 2) % 5;
            text += &format!("r{reader},g{genre}-{place},{stars}\n");
        }
    }
    text
}

const SMALL: [&str; 8] = ["--hidden", "16", "--code", "8", "--epochs", "60", "--lr", "0.01"];

/// Trains a small recommender on 160 readers: `runs/mult-vae-1`.
fn trained(folder: &Path) -> Value {
    fs::write(folder.join("ratings.csv"), ratings(160)).unwrap();
    let text =
        succeed(folder, &[&["train", "mult-vae", "--data", "ratings.csv", "--json"][..], &SMALL].concat());
    serde_json::from_str(&text).unwrap()
}

/// A figure of a model in a report.
fn figure(report: &Value, name: &str, figure: &str) -> f64 {
    let all = report["test"].as_array().unwrap();
    all.iter().find(|judged| judged["name"] == name).unwrap()[figure].as_f64().unwrap()
}

#[test]
fn a_recommender_is_trained_judged_and_asked() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let report = trained(folder);
    let [ours, popular] = ["mult-vae", "popularity"].map(|name| figure(&report, name, "ndcg_100"));
    assert!(ours > 1.5 * popular, "{report}");
    assert!(figure(&report, "EASE", "recall_20") > 0.0);
    assert_eq!(report["users"], serde_json::json!([128, 16, 16]));

    let names: BTreeSet<String> = fs::read_dir(folder.join("runs/mult-vae-1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for name in ["config.toml", "metrics.jsonl", "model.safetensors", "loss.png"] {
        assert!(names.contains(name), "{names:?}");
    }
    let again = succeed(folder, &["eval", "runs/mult-vae-1", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap()["test"], report["test"]);

    // A reader of the table gets other books of the same genres.
    let lists = succeed(folder, &["recommend", "runs/mult-vae-1", "--user", "r3", "--top", "5"]);
    let (header, lines) = csv(&lists);
    assert_eq!((header.join(","), lines.len()), ("user,rank,item,score".to_owned(), 5));
    let table = ratings(160);
    let read: Vec<&str> =
        table.lines().filter_map(|line| line.strip_prefix("r3,")?.split(',').next()).collect();
    let genres: BTreeSet<&str> = read.iter().map(|book| &book[..2]).collect();
    assert!(lines.iter().all(|line| !read.contains(&line[2].as_str())), "{lists}");
    assert!(lines[..3].iter().all(|line| genres.contains(&line[2][..2])), "{lists}, but likes {genres:?}");
    let scores: Vec<f64> = lines.iter().map(|line| line[3].parse().unwrap()).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b) && scores[0] < 1.0, "{scores:?}");
}

#[test]
fn new_users_are_served_by_what_they_chose() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    trained(folder);
    fs::write(folder.join("new.tsv"), "who\twhat\nann\tg2-1\nann\tg2-4\nann\tunheard of\nbob\tunheard of\n")
        .unwrap();
    let columns = ["--data", "new.tsv", "--columns", "user=who,item=what"];
    let output = zoo(folder, &[&["recommend", "runs/mult-vae-1", "--top", "3"][..], &columns].concat());
    let said = String::from_utf8(output.stderr).unwrap();
    let (_, lines) = csv(&String::from_utf8(output.stdout).unwrap());
    assert!(output.status.success(), "{said}");
    let users: Vec<&str> = lines.iter().map(|line| line[0].as_str()).collect();
    assert_eq!(users, ["ann", "ann", "ann", "bob", "bob", "bob"]);
    assert!(lines[..2].iter().all(|line| line[2].starts_with("g2-")), "{lines:?}");
    assert!(lines.iter().all(|line| !["g2-1", "g2-4"].contains(&line[2].as_str()) || line[0] == "bob"));
    assert!(said.contains("2 of 4 choices are of 1 items that the model does not know"), "{said}");
    assert!(said.contains("nothing that the model knows was chosen by `bob`"), "{said}");

    // Who is not there is said, and the others get their lists.
    let asked = ["recommend", "runs/mult-vae-1", "--user", "r3", "--user", "nobody", "--out", "top.csv"];
    let output = zoo(folder, &asked);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("there is no user `nobody` in ratings.csv"), "{said}");
    assert_eq!(csv(&fs::read_to_string(folder.join("top.csv")).unwrap()).1.len(), 10);
    refuse(folder, &asked, "top.csv: the file exists");
    refuse(folder, &["recommend", "runs/mult-vae-1", "--user", "nobody"], "there is no user `nobody`");

    // Others of the same kind judge the model, and get codes.
    fs::write(folder.join("others.csv"), ratings(30)).unwrap();
    let text = succeed(folder, &["eval", "runs/mult-vae-1", "--data", "others.csv"]);
    assert!(text.contains("30 users") && text.contains("NDCG@100"), "{text}");
    let codes = succeed(folder, &["encode", "runs/mult-vae-1", "--data", "others.csv"]);
    assert_eq!((csv(&codes).0.len(), csv(&codes).1[2][0].as_str()), (9, "r2"));
    refuse(folder, &["report", "runs/mult-vae-1"], "has no examples to look at");
}

#[test]
fn ratings_are_predicted() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("ratings.csv"), ratings(160)).unwrap();
    let train = [
        "train",
        "autorec",
        "--data",
        "ratings.csv",
        "--json",
        "--code",
        "16",
        "--epochs",
        "100",
        "--lr",
        "0.01",
    ];
    let report: Value = serde_json::from_str(&succeed(folder, &train)).unwrap();
    let [ours, mean] = ["autorec", "mean"].map(|name| figure(&report, name, "rmse"));
    assert!(ours < 0.9 * mean && ours < figure(&report, "biases", "rmse"), "{report}");
    let lists = succeed(folder, &["recommend", "runs/autorec-1", "--user", "r7"]);
    let scores: Vec<f64> = csv(&lists).1.iter().map(|line| line[3].parse().unwrap()).collect();
    assert!(scores.len() == 10 && scores.iter().all(|score| (1.0..=5.0).contains(score)), "{lists}");
}

#[test]
fn every_recommender_learns_the_same_whatever_the_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("ratings.csv"), ratings(60)).unwrap();
    for model in ["mult-vae", "mult-dae", "autorec"] {
        let [one, two] = ["1", "2"].map(|threads| {
            let out = format!("{model}-{threads}");
            let train = ["train", model, "--data", "ratings.csv", "--epochs", "2", "--threads", threads];
            let report = succeed(folder, &[&train[..], &["--out", &out]].concat());
            (fs::read(folder.join(&out).join("model.safetensors")).unwrap(), report.replace(&out, ""))
        });
        let figures = |text: &str| text.split("\n\n").nth(1).unwrap().to_owned();
        assert!(one.0 == two.0 && figures(&one.1) == figures(&two.1), "{model}: {}{}", one.1, two.1);
    }
}

#[test]
fn wrong_tables_are_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let wrong = |model: &str, text: &str, expected: &str| {
        fs::write(folder.join("a.csv"), text).unwrap();
        refuse(folder, &["train", model, "--data", "a.csv"], expected);
    };
    wrong(
        "mult-vae",
        "film,stars\nx,3\ny,4\n",
        "no column is recognized as that of users among `film`, `stars`",
    );
    wrong(
        "mult-vae",
        "user,item\na,x\na,y\na,z\na,v\na,w\na,u\n",
        "1 of 1 users have 5 or more choices, too few",
    );
    wrong("autorec", "user,item,stars\na,x,good\nb,x,bad\n", "column `stars`: \"good\" is not a number");
    wrong("autorec", "user,item\na,x\nb,x\n", "this model learns ratings, and there is no column of them");
    wrong("mult-dae", "user,item\n", "the file holds only a header");
    wrong("mult-dae", "", "the file is empty");
    refuse(folder, &["train", "mult-vae"], "a recommender learns from a table of who chose what");
    let columns = ["train", "mult-vae", "--data", "a.csv", "--columns", "reader=a"];
    fs::write(folder.join("a.csv"), ratings(20)).unwrap();
    refuse(folder, &columns, "there is no `reader`");
    refuse(
        folder,
        &["train", "mult-vae", "--data", "a.csv", "--at-least", "9"],
        "0 of 20 users have 5 or more",
    );
    fs::remove_file(folder.join("a.csv")).unwrap();

    trained(folder);
    fs::write(folder.join("unknown.csv"), "user,item\nx,unheard of\n").unwrap();
    let recommend = ["recommend", "runs/mult-vae-1", "--data", "unknown.csv", "--top", "2"];
    let said = String::from_utf8(zoo(folder, &recommend).stderr).unwrap();
    assert!(said.contains("1 of 1 choices are of 1 items that the model does not know"), "{said}");
    fs::write(folder.join("unknown.csv"), "user,item\n").unwrap();
    refuse(folder, &recommend, "the file holds only a header");
    refuse(folder, &["recommend", "runs/mult-vae-1", "--top", "0"], "at least 1 item");
    fs::remove_file(folder.join("ratings.csv")).unwrap();
    refuse(folder, &["recommend", "runs/mult-vae-1"], "or give histories with --data");
}

#[test]
fn settings_of_a_recommender_are_searched_by_what_is_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("ratings.csv"), ratings(80)).unwrap();
    // A model that hardly learns, and one that does.
    let small =
        ["--data", "ratings.csv", "--epochs", "20", "--set", "network.hidden=[16]", "--set", "code=8"];
    let search = |model: &str, measure: &str| {
        let space = ["search", model, "--space", "train.learning_rate=1e-9,1e-2", "--trials", "2", "--json"];
        let found: Value = serde_json::from_str(&succeed(folder, &[&space[..], &small].concat())).unwrap();
        assert_eq!(
            (&found["measure"], &found["best"]["settings"]["train.learning_rate"]),
            (&measure.into(), &0.01.into())
        );
        let losses: Vec<f64> =
            found["trials"].as_array().unwrap().iter().map(|trial| trial["loss"].as_f64().unwrap()).collect();
        assert_eq!(losses.len(), 2, "{found}");
        // The command that it prints trains such a model, and its lists for validation are as good.
        let command = found["command"].as_str().unwrap();
        assert!(
            command.starts_with(&format!("zoo train {model} --data ratings.csv --epochs 20 ")),
            "{command}"
        );
        let arguments: Vec<&str> = command
            .split(' ')
            .skip(1)
            .map(|argument| argument.trim_matches('\''))
            .chain(["--json"])
            .collect();
        let report: Value = serde_json::from_str(&succeed(folder, &arguments)).unwrap();
        let validation = &report["validation"][0];
        let figure = match measure {
            "RMSE" => validation["rmse"].as_f64().unwrap(),
            _ => 1.0 - validation["ndcg_100"].as_f64().unwrap(),
        };
        assert_eq!(losses.iter().copied().fold(f64::INFINITY, f64::min), figure, "{report}");
    };
    search("mult-vae", "1 − NDCG@100");
    search("autorec", "RMSE");
    let asked = ["search", "mult-vae", "--data", "ratings.csv", "--space", "code=2,4", "--measure", "loss"];
    refuse(folder, &asked, "a recommender is judged by its lists or its ratings; leave --measure away");
}
