//! Tables with words, gaps and dates, on the command line.

use std::fs;
use std::path::Path;

use crate::common::{csv, refuse, succeed, zoo};

/// People whose income follows from their age and their trade, with gaps; `who` is a name for each, `land` never changes.
fn people(rows: usize) -> String {
    let row = |i: usize| {
        let age = 20 + (i * 37) % 45;
        let trade = ["cook", "judge", "pilot"][i * i % 3 + usize::from(age > 50)];
        let income = 1000.0 + 40.0 * age as f64 + if trade == "judge" { 900.5 } else { 0.5 };
        let (children, owns) = ((i * 7) % 5 * ((i * 11) % 4) / 2, if age > 40 { "yes" } else { "no" });
        let age = if i % 9 == 4 { "?".to_owned() } else { age.to_string() };
        let trade = if i % 11 == 5 { "" } else { trade };
        let (day, month) = (1 + i % 28, 1 + i % 12);
        format!("p{i}, {age}, {trade}, {income:.1}, {children}, {owns}, {day:02}.{month:02}.2023, here\n")
    };
    "who, age, trade, income, children, owns, since, land\n".to_owned()
        + &(0..rows).map(row).collect::<String>()
}

const TRAIN: [&str; 10] =
    ["train", "vae", "--data", "people.csv", "--epochs", "300", "--code", "3", "--hidden", "24"];

fn trained(folder: &Path) {
    fs::write(folder.join("people.csv"), people(200)).unwrap();
    succeed(folder, &TRAIN);
}

fn columns_of(text: &str, names: [&str; 8]) -> Vec<[String; 8]> {
    let (header, rows) = csv(text);
    let places = names.map(|name| header.iter().position(|other| other == name).unwrap());
    rows.into_iter().map(|row| places.map(|place| row[place].trim().to_owned())).collect()
}

#[test]
fn one_command_learns_from_a_table_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("people.csv"), people(200)).unwrap();
    let text = succeed(path, &["data", "people.csv"]);
    for (name, kind) in [
        ("who", "identifier  has 200 different texts in 200 rows"),
        ("age", "real"),
        ("trade", "category    3 words:"),
        ("income", "real"),
        ("children", "count"),
        ("owns", "binary      2 words: no, yes"),
        ("since", "date        01.01.2023 to 28.12.2023"),
        ("land", "constant    is `here` wherever it is known"),
    ] {
        let line = text.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        assert!(line.contains(kind), "{line} should have {kind}");
    }
    let output = zoo(path, &TRAIN);
    let (said, text) = (String::from_utf8(output.stderr).unwrap(), String::from_utf8(output.stdout).unwrap());
    assert!(output.status.success() && said.contains("The columns, by looking at them"), "{said}");
    assert!(text.contains("160 training and 40 test rows") && text.contains("mean, mode"), "{text}");
    let line = |name: &str| text.lines().find(|line| line.trim_start().starts_with(name)).unwrap().to_owned();
    assert!(line("income").contains("RMSE") && line("trade").contains("wrong"), "{text}");
    // Everything that comes out is in the words and units of the table.
    let same = succeed(path, &["reconstruct", "runs/vae-1", "--data", "people.csv"]);
    let (header, rows) = csv(&same);
    assert_eq!(header, ["row", "age", "trade", "income", "children", "owns", "since", "land"]);
    for row in &rows {
        assert!(
            ["cook", "judge", "pilot"].contains(&&*row[2]) && ["yes", "no"].contains(&&*row[5]),
            "{row:?}"
        );
        assert!(row[1].parse::<i64>().is_ok() && row[4].parse::<u32>().is_ok(), "whole numbers: {row:?}");
        assert!(row[6].matches('.').count() == 2 && row[7] == "here", "{row:?}");
    }
    let drawn = succeed(path, &["sample", "runs/vae-1", "--count", "7"]);
    assert_eq!((csv(&drawn).0.len(), csv(&drawn).1.len()), (7, 7), "{drawn}");
    let scores = succeed(path, &["score", "runs/vae-1", "--data", "people.csv", "--top", "3"]);
    assert!(scores.contains("(expected "), "{scores}");
    let json = succeed(path, &["eval", "runs/vae-1", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["columns"][0]["name"], "age");
    for model in ["ae", "pca", "wae", "contractive"] {
        let out = format!("of-{model}");
        succeed(path, &["train", model, "--data", "people.csv", "--epochs", "1", "--out", &out]);
        succeed(path, &["reconstruct", &out, "--data", "people.csv"]);
    }
    // In another order, without what is left out, and with a word that nobody knows.
    fs::write(path.join("new.csv"), "income,trade,age,children,since,owns\n2500,baker,,1,02.03.2023,yes\n")
        .unwrap();
    let output = zoo(path, &["encode", "runs/vae-1", "--data", "new.csv"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("in column `trade` 1 row has `baker`, which never occurred in training"), "{said}");
}

#[test]
fn gaps_are_filled_in_the_words_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    trained(path);
    let names = ["who", "age", "trade", "income", "children", "owns", "since", "land"];
    let before = columns_of(&people(200).replace(", ", ","), names);
    let filled = succeed(path, &["impute", "runs/vae-1", "--data", "people.csv"]);
    let after = columns_of(&filled, names);
    let (mut changed, mut wrong) = (0, 0);
    for (i, (before, after)) in before.iter().zip(&after).enumerate() {
        for (a, b) in before.iter().zip(after) {
            let gap = a.is_empty() || a == "?";
            assert!(!b.is_empty() && b != "?" && (gap || a == b), "row {i}: {a} became {b}");
            changed += usize::from(gap);
        }
        let age = 20 + (i * 37) % 45;
        let guess: f64 = after[1].parse().unwrap();
        wrong += usize::from((guess - age as f64).abs() > 10.0);
    }
    assert_eq!(changed, (0..200).filter(|i| i % 9 == 4).count() + (0..200).filter(|i| i % 11 == 5).count());
    assert!(wrong < 8, "of 22 ages that follow from the income {wrong} are guessed badly");
    assert_eq!(filled, succeed(path, &["impute", "runs/vae-1", "--data", "people.csv"]), "the same seed");
    let spread = succeed(path, &["impute", "runs/vae-1", "--data", "people.csv", "--spread"]);
    let (header, rows) = csv(&spread);
    let place = header.iter().position(|name| name == "age_spread").unwrap();
    for (i, row) in rows.iter().enumerate() {
        assert_eq!(row[place].is_empty(), i % 9 != 4, "row {i}: {row:?}");
    }
    let draws = csv(&succeed(path, &["impute", "runs/vae-1", "--data", "people.csv", "--draws", "3"]));
    assert_eq!((draws.0[0].as_str(), draws.1.len(), draws.1[599][0].as_str()), ("draw", 600, "3"));
    // A model without a distribution fills, and says that it cannot draw.
    succeed(path, &["train", "pca", "--data", "people.csv", "--out", "pca"]);
    succeed(path, &["impute", "pca", "--data", "people.csv", "--out", "full.csv"]);
    assert_eq!(fs::read_to_string(path.join("full.csv")).unwrap().lines().count(), 201);
    refuse(
        path,
        &["impute", "pca", "--data", "people.csv", "--draws", "2"],
        "`pca` is no distribution to draw",
    );
}

#[test]
fn new_rows_are_made_in_the_words_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    trained(path);
    let names = ["age", "trade", "income", "children", "owns", "since", "land", "land"];
    let made = |more: &[&str]| {
        let text = succeed(path, &[&["synthesize", "runs/vae-1", "--rows", "150"], more].concat());
        columns_of(&text, names)
    };
    let rows = made(&[]);
    assert_eq!(rows.len(), 150);
    for row in &rows {
        let age: i64 = row[0].parse().unwrap();
        let income: f64 = row[2].parse().unwrap();
        assert!(
            (20..=64).contains(&age) && (1800.0..4500.0).contains(&income),
            "within the table's range: {row:?}"
        );
        assert!(["cook", "judge", "pilot"].contains(&&*row[1]) && row[6] == "here", "{row:?}");
    }
    assert_eq!(rows, made(&[]), "the same seed, the same rows");
    assert_ne!(rows, made(&["--seed", "1"]));
    // In the table judges earn 1075 more than cooks.
    let income_of = |trade: &str| {
        let given = made(&["--where", &format!("trade={trade}")]);
        assert!(given.iter().all(|row| row[1] == trade), "{given:?}");
        given.iter().map(|row| row[2].parse::<f64>().unwrap()).sum::<f64>() / given.len() as f64
    };
    let [judge, cook] = ["judge", "cook"].map(income_of);
    assert!((350.0..1500.0).contains(&(judge - cook)), "a judge earns {judge}, a cook {cook}");
    let all = ["synthesize", "runs/vae-1", "--out", "new.csv", "--report", "new.html", "--target", "owns"];
    let said = succeed(path, &all);
    assert!(
        said.contains("160 new rows beside 40 real ones") && said.contains("predicting owns: F1"),
        "{said}"
    );
    let page = fs::read_to_string(path.join("new.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("Pairs of columns"), "{page}");
    for (given, sentence) in [
        ("trade=judg", "did you mean `judge`?"),
        ("trad=judge", "there is no column `trad`; did you mean `trade`?"),
        ("who=p1", "nothing was learnt from this identifier column"),
        ("age=old", "`age` holds numbers, and this is none"),
        ("age", "write a column and its value"),
    ] {
        refuse(path, &["synthesize", "runs/vae-1", "--where", given], sentence);
    }
    refuse(
        path,
        &["synthesize", "runs/vae-1", "--out", "more.csv", "--target", "income"],
        "`income` is no column of words",
    );
    succeed(path, &["train", "pca", "--data", "people.csv", "--out", "pca"]);
    refuse(path, &["synthesize", "pca"], "`pca` has no prior to draw from");
    refuse(path, &["synthesize", "pca", "--mixture", "3"], "`pca` is no distribution to draw rows from");
}

#[test]
fn wrong_tables_get_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    trained(path);
    let write = |name: &str, text: String| fs::write(path.join(name), text).unwrap();
    write("other.csv", "age,trade,income\n30,cook,2000\n".into());
    refuse(
        path,
        &["encode", "runs/vae-1", "--data", "other.csv"],
        "there is no column `children`, which the model",
    );
    write("twice.csv", "age,age,trade,income,children,owns,since\n1,2,cook,3,0,yes,01.02.2023\n".into());
    refuse(path, &["encode", "runs/vae-1", "--data", "twice.csv"], "two columns here are called `age`");
    write("date.csv", "age,trade,income,children,owns,since\n1,cook,3,0,yes,31.02.2023\n".into());
    refuse(
        path,
        &["encode", "runs/vae-1", "--data", "date.csv"],
        "column `since`: \"31.02.2023\" is no date",
    );
    let train = |name: &str, more: &[&str]| {
        let whole = [&["train", "ae", "--epochs", "1", "--out", "run", "--data", name], more].concat();
        let output = zoo(path, &whole);
        let _ = fs::remove_dir_all(path.join("run"));
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    write("empty.csv", "a,b\n".to_owned() + &(0..20).map(|i| format!("{},\n", i % 7)).collect::<String>());
    let (good, said) = train("empty.csv", &[]);
    assert!(good && said.contains("has no value in any row, so it is left out"), "{said}");
    write(
        "many.csv",
        "a,b\n".to_owned() + &(0..12_000).map(|i| format!("{},w{}\n", i % 7, i % 10_000)).collect::<String>(),
    );
    let (good, said) = train("many.csv", &["--code", "1", "--hidden", "2"]);
    assert!(good && said.contains("has 10000 different texts in 12000 rows, too many to learn"), "{said}");
    write("ragged.csv", "a,b\n1,x\n2\n".into());
    refuse(
        path,
        &["train", "ae", "--data", "ragged.csv"],
        "line 3: the row has 1 fields, but the first row has 2",
    );
    write("same.csv", "a,a,b\nx,1,2\ny,2,3\nx,3,3\n".into());
    refuse(
        path,
        &["train", "ae", "--data", "same.csv", "--columns", "a=category"],
        "columns 1 and 2 are both called `a`; give the number of the one that you mean",
    );
    refuse(
        path,
        &["train", "ae", "--data", "people.csv", "--columns", "agee=real"],
        "there is no column `agee` to give a kind to (--columns)",
    );
    refuse(
        path,
        &["train", "ae", "--data", "people.csv", "--columns", "age=number"],
        "there is no such kind; the kinds are real, positive, count",
    );
    refuse(
        path,
        &["train", "ae", "--data", "people.csv", "--columns", "trade=real"],
        "column `trade`: \"cook\" is not a number",
    );
    refuse(
        path,
        &["train", "ae", "--data", "people.csv", "--columns", "trade=ordinal"],
        "nobody can see the order of the words in column `trade`; say it, as in --columns 'trade=cook<judge<pilot'",
    );
    let (good, said) = train("people.csv", &["--columns", "trade=cook<pilot<judge,children=real"]);
    assert!(good && said.contains("ordinal") && said.contains("3 words: cook, pilot, judge"), "{said}");
}

#[test]
fn tables_of_other_countries_need_no_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let write = |name: &str, text: &str| fs::write(path.join(name), text).unwrap();
    let row = |i: usize| {
        format!("{};{},5%;\"{},{}\";{}\n", i % 4, 10 + i % 30, i % 9, i % 7, ["ja", "nein"][i % 2])
    };
    write("de.csv", &("stufe;anteil;breite;besitzt\n".to_owned() + &(0..40).map(row).collect::<String>()));
    let text = succeed(path, &["data", "de.csv"]);
    assert!(text.contains("40 rows of 4 columns"), "{text}");
    let line = |name: &str| text.lines().find(|line| line.trim_start().starts_with(name)).unwrap().to_owned();
    assert!(line("anteil").contains("real") && line("anteil").contains("10.5% to 39.5%"), "{text}");
    assert!(line("breite").contains("real") && line("besitzt").contains("category"), "{text}");
    write(
        "us.csv",
        &("price,seen,kind\n".to_owned()
            + &(0..40)
                .map(|i| {
                    format!(
                        "\"{},{:03}\",{}/{}/2024,k{}\n",
                        1 + i % 5,
                        i * 7 % 1000,
                        1 + i % 12,
                        1 + i % 28,
                        i % 3
                    )
                })
                .collect::<String>()),
    );
    let output = zoo(path, &["data", "us.csv"]);
    let (said, text) = (String::from_utf8(output.stderr).unwrap(), String::from_utf8(output.stdout).unwrap());
    assert!(said.contains("commas in numbers are taken to part thousands"), "{said}");
    assert!(said.contains("taken with the month before the first /"), "{said}");
    let price = text.lines().find(|line| line.trim_start().starts_with("price")).unwrap();
    assert!(price.contains("real") && price.contains(" to 5"), "{text}");
}
