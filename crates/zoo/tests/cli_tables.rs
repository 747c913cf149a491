//! Tables as people have them, on the command line, and messages that say what to do about them.

use std::fs;
use std::path::Path;

use crate::common::{csv, flags_exist, has_flag, pipe, piped, refuse, succeed, table, trained_on_table, zoo};

const QUICK: [&str; 8] = ["train", "ae", "--code", "1", "--hidden", "6", "--epochs", "1"];

/// Every command that reads data, without the data.
const READERS: [&[&str]; 10] = [
    &QUICK,
    &["search", "ae", "--space", "code=1,2", "--trials", "1", "--epochs", "1"],
    &["data"],
    &["encode", "runs/ae-1"],
    &["eval", "runs/ae-1"],
    &["score", "runs/ae-1"],
    &["reconstruct", "runs/ae-1"],
    &["denoise", "runs/ae-1"],
    &["interpolate", "runs/ae-1"],
    &["inspect", "runs/ae-1"],
];

fn train(folder: &Path, more: &[&str]) -> String {
    succeed(folder, &[&QUICK[..], more].concat())
}

fn refuse_to_train(folder: &Path, more: &[&str], expected: &str) {
    refuse(folder, &[&QUICK[..], more].concat(), expected);
}

/// Text on standard error of a command that succeeds.
fn said(folder: &Path, arguments: &[&str]) -> String {
    let output = zoo(folder, arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "zoo {arguments:?}: {text}");
    flags_exist(arguments, &text);
    text
}

/// Output of `zoo data`, and the notes before it.
fn described(folder: &Path, arguments: &[&str]) -> String {
    let arguments = [&["data"], arguments].concat();
    said(folder, &arguments) + &succeed(folder, &arguments)
}

/// The table of `common` with some texts in it replaced.
fn changed(rows: usize, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(table(rows), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

#[test]
fn messages_name_only_flags_that_the_command_has() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    trained_on_table(path);
    let plain = table(60);
    let lines: Vec<&str> = plain.lines().collect();
    let files: [(&str, String); 22] = [
        ("semicolons.csv", plain.replace(',', ";")),
        ("decimal.csv", plain.replace(',', ";").replace('.', ",")),
        ("tabs.csv", plain.replace(',', "\t")),
        ("commas.tsv", plain.clone()),
        ("spaces.csv", plain.replace(',', "   ")),
        ("gap.csv", changed(60, &[("10.6442", "")])),
        ("mark.csv", changed(60, &[("10.6442", "-")])),
        ("text.csv", changed(60, &[("10.6442", "tall")]).replace(",5\n", ",red\n")),
        ("all.csv", "a,b\nx,y\nz,x\n".into()),
        ("one.csv", "a\nx\ny\n".into()),
        ("infinite.csv", changed(60, &[("10.6442", "inf")])),
        ("large.csv", changed(60, &[("10.6442", "1e99")])),
        ("ragged.csv", plain.clone() + "1,2\n"),
        ("extra.csv", plain.replace('\n', ",x\n")),
        ("fewer.csv", plain.replace("length,", "long,")),
        ("headless.csv", lines[1..].join("\n")),
        ("dash.csv", changed(60, &[("length,width,height,same\n", "-,2,3,4\n")])),
        (
            "index.csv",
            "id,".to_owned()
                + &lines.iter().enumerate().map(|(i, l)| format!("{l}\n{i},")).collect::<String>(),
        ),
        ("thousands.csv", plain.replace(",5\n", ",\"5,000\"\n")),
        ("date.csv", plain.replace(",5\n", ",5.12.2024\n")),
        ("page.csv", "<html>".into()),
        ("short.csv", lines[..2].join("\n")),
    ];
    let more: [&[&str]; 8] = [
        &[],
        &["--header", "no"],
        &["--delimiter", ";"],
        &["--decimal", ","],
        &["--drop-columns", "length"],
        &["--label-column", "same"],
        &["--array", "x"],
        &["--impute", "mean"],
    ];
    for (name, content) in &files {
        fs::write(path.join(name), content).unwrap();
        for (number, reader) in READERS.iter().enumerate() {
            // All flags with the commands for training, one after the other with the others.
            for flags in more.iter().enumerate().filter(|(place, _)| *place == 0 || place % 7 == number % 7) {
                let data: &[&str] = if reader[0] == "data" { &[] } else { &["--data"] };
                let out = path.join("out");
                let out_flags: &[&str] = if reader[0] == "train" { &["--out", "out"] } else { &[] };
                let arguments = [reader, data, &[*name], flags.1, out_flags].concat();
                let output = zoo(path, &arguments);
                let [text, error] =
                    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
                assert!(!error.contains("panicked"), "zoo {arguments:?}: {error}");
                assert!(
                    !error.contains('`') || !error.contains("`drop`") && !error.contains("`impute`"),
                    "{error}"
                );
                flags_exist(&arguments, &error);
                if reader[0] == "data" {
                    flags_exist(&arguments, &text);
                }
                let _ = fs::remove_dir_all(out);
            }
        }
    }
}

/// Flags that a source file names exist on the commands that it belongs to.
#[test]
fn flags_in_the_source_exist() {
    /// The files of several commands, or of one with another name, and one command that has all of their flags.
    const OF: [(&str, &str); 18] = [
        ("score_series", "score"),
        ("score_series/follow", "score"),
        ("judged", "eval"),
        ("texts", "train"),
        ("crew", "train"),
        ("maps", "score"),
        ("photo", "denoise"),
        ("realism", "sample"),
        ("describe", "train"),
        ("outlook", "train"),
        ("page", "report"),
        ("run_folder", "train"),
        ("report", "train"),
        ("output", "encode"),
        ("examples", "encode"),
        ("bench/numbers", "bench"),
        ("mod", "train"),
        ("terminal", "train"),
    ];
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![source.clone()];
    let mut found = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let place = path.strip_prefix(&source).unwrap().with_extension("").display().to_string();
        if path.extension().is_none_or(|ending| ending != "rs")
            || place.starts_with("cli")
            || place.starts_with("report")
        {
            continue;
        }
        let command = place
            .strip_prefix("commands/")
            .or(place.strip_prefix("uses/").filter(|name| *name == "sample"))
            .map(|name| OF.iter().find(|of| of.0 == name).map_or(name, |of| of.1));
        // Data are read by the commands that train, which have all flags of reading.
        let command = command.unwrap_or("train");
        let text = fs::read_to_string(&path).unwrap();
        for line in text
            .split("mod tests {")
            .next()
            .unwrap()
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            for (start, _) in line.match_indices("--") {
                let flag: String = line[start..]
                    .chars()
                    .take_while(|sign| sign.is_ascii_lowercase() || *sign == '-')
                    .collect();
                let known = ["--path", "--features", "--out", "--mirror", "--to", "--data"];
                if flag.len() < 4 || flag[2..].starts_with('-') || known.contains(&flag.as_str()) {
                    continue;
                }
                found += 1;
                let named = line[..start].rsplit_once("zoo ").and_then(|(_, rest)| rest.split(' ').next());
                let named = named.filter(|name| {
                    ["train", "data", "describe", "encode", "recommend", "sample"].contains(name)
                });
                assert!(
                    has_flag(named.unwrap_or(command), &flag),
                    "{place}: zoo {command} has no {flag}: {line}"
                );
            }
        }
    }
    assert!(found > 40, "{found} flags");
}

#[test]
fn trained_models_read_tables_that_are_written_differently() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    trained_on_table(path);
    let codes = succeed(path, &["encode", "runs/ae-1", "--data", "table.csv"]);
    let plain = table(60);
    let same = |name: &str, content: String, flags: &[&str]| {
        fs::write(path.join(name), content).unwrap();
        let arguments = [&["encode", "runs/ae-1", "--data", name], flags].concat();
        assert_eq!(succeed(path, &arguments), codes, "{name} {flags:?}");
        said(path, &arguments)
    };
    let note = same("semicolons.csv", plain.replace(',', ";"), &[]);
    assert_eq!(note, "note: ';' is taken to separate fields\n");
    same("semicolons.csv", plain.replace(',', ";"), &["--delimiter", ";"]);
    let decimal = plain.replace(',', ";").replace('.', ",");
    let note = same("decimal.csv", decimal.clone(), &[]);
    assert_eq!(note, "note: ';' is taken to separate fields, and commas as decimal signs\n");
    same("decimal.csv", decimal, &["--delimiter", ";", "--decimal", ","]);
    same("tabs.csv", plain.replace(',', "\t"), &["--delimiter", "\t"]);
    same("sep.csv", format!("sep=;\n{}", plain.replace(',', ";")), &[]);
    same("comment.csv", format!("# exported\n{plain}"), &[]);
    let no_header: String = plain.lines().skip(1).map(|line| format!("{line}\n")).collect();
    same("headless.csv", no_header, &["--header", "no"]);
    // Columns that the model was not trained with, of text and of numbers, are left out with a note.
    let mut lines = plain.lines();
    let mut extra = format!("who,{},kg\n", lines.next().unwrap());
    lines.for_each(|line| extra += &format!("ann,{line},7\n"));
    let note = same("extra.csv", extra, &[]);
    let expected = "note: columns `who`, `kg` are left out, because the model was not trained with them\n";
    assert_eq!(note, expected);
    // Flags that would not be heeded are refused.
    refuse(
        path,
        &["encode", "runs/ae-1", "--delimiter", ";"],
        "--delimiter ';' says how --data is read, so give --data as well",
    );
    refuse(
        path,
        &["eval", "runs/ae-1", "--data", "table.csv", "--array", "x"],
        "table.csv: --array means nothing for a table",
    );
}

#[test]
fn gaps_in_new_data_are_filled_by_the_training_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let rows: String = (0..40).map(|i| format!("{},{}\n", i % 5, i % 3)).collect();
    fs::write(path.join("t.csv"), format!("a,b\n{rows}")).unwrap();
    train(path, &["--data", "t.csv", "--out", "run"]);
    fs::write(path.join("new.csv"), "a,b\n,3\n2,-\n").unwrap();
    refuse(
        path,
        &["encode", "run", "--data", "new.csv", "--impute", "refuse"],
        "new.csv: line 2, column `a`: the value is missing; fill such gaps with --impute mean or --impute median, \
         by the values of the training data",
    );
    let filled = succeed(path, &["encode", "run", "--data", "new.csv", "--impute", "median"]);
    // The median of the column of the training part.
    let whole = succeed(path, &["data", "t.csv", "--json"]);
    let whole: serde_json::Value = serde_json::from_str(&whole).unwrap();
    let [a, b] = [0, 1].map(|column| whole["columns"][column]["median"].as_f64().unwrap());
    fs::write(path.join("by-hand.csv"), format!("a,b\n{a},3\n2,{b}\n")).unwrap();
    assert_eq!(filled, succeed(path, &["encode", "run", "--data", "by-hand.csv"]));
    // Without a word, what is missing is no reason to be strange.
    let scores =
        succeed(path, &["score", "run", "--data", "new.csv", "--score", "squared-error", "--contributions"]);
    let [a, b] =
        ["because_a", "because_b"].map(|name| csv(&scores).0.iter().position(|other| other == name).unwrap());
    let (_, rows) = csv(&scores);
    assert!(rows[0][a] == "0" && rows[0][b] != "0" && rows[1][b] == "0", "{scores}");
}

#[test]
fn one_stray_mark_does_not_make_a_column_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for mark in ["-", ".", "\\N", "#DIV/0!", "none", "unknown", "*"] {
        let name = "dash.csv";
        fs::write(path.join(name), changed(39, &[("10.9882", mark)])).unwrap();
        let _ = fs::remove_dir_all(path.join("run"));
        train(path, &["--data", name, "--out", "run"]);
        let text = described(path, &[name]);
        assert!(text.contains("39 rows of 4 columns"), "{text}");
        let note = format!("note: in column `length`, which holds numbers, `{mark}` counts as missing\n");
        assert!(text.contains(&note), "{text}");
        let length = text.lines().find(|line| line.trim_start().starts_with("length")).unwrap();
        assert!(length.ends_with(", 1 missing"), "one value is missing: {length}");
        let _ = fs::remove_dir_all(path.join("run"));
        train(path, &["--data", name, "--missing", mark, "--impute", "median", "--out", "run"]);
    }
    // A text that is no mark is a mistake.
    fs::write(path.join("dash.csv"), changed(39, &[("10.9882", "7O")])).unwrap();
    refuse_to_train(
        path,
        &["--data", "dash.csv"],
        "dash.csv: line 13, column `length`: \"7O\" is not a number, but the column's other values are 38 numbers; say \
         --missing '7O' if that marks missing values, or leave the column out with --drop-columns length, or take the \
         values for words with --columns length=category",
    );
    train(path, &["--data", "dash.csv", "--columns", "length=category", "--out", "words"]);
}

#[test]
fn a_guessed_header_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let write = |name: &str, content: &str| fs::write(path.join(name), content).unwrap();
    let plain = table(40).lines().skip(1).map(|line| format!("{line}\n")).collect::<String>();
    let dash = plain.replacen("100.0000", "-", 1);
    assert_ne!(dash, plain);
    write("nohead.csv", &dash);
    let text = described(path, &["nohead.csv"]);
    assert!(
        text.contains("40 rows of 4 columns") && text.contains("if it names the columns, say --header yes"),
        "{text}"
    );
    assert!(described(path, &["nohead.csv", "--header", "yes"]).contains("39 examples"));
    // No header and names of rows.
    write("names.csv", "ann,1.5,2\nbob,2.5,3\neve,2.5,1\nkim,0.5,2\nlea,1.5,7\n");
    let drop = ["--data", "names.csv", "--drop-columns", "1", "--out", "run"];
    let note = said(path, &[&QUICK[..], &drop].concat());
    assert!(
        note.starts_with("note: the first row (`ann`, `1.5`, `2`) is taken for an example, because"),
        "{note}"
    );
    assert!(note.ends_with("if it names the columns, say --header yes\n"), "{note}");
    // Names that are years.
    write("years.csv", "2019,2020\n1,2\n3,5\n2,2\n");
    let note = "note: the first row (`2019`, `2020`) is taken for an example, because it holds only numbers";
    assert!(described(path, &["years.csv"]).contains(note));
    write("wide.csv", "name,2019,2020\nann,1,2\nbob,3,5\n");
    let text = described(path, &["wide.csv"]);
    assert!(
        text.contains("2 rows of 3 columns") && text.contains("if it is an example, say --header no"),
        "{text}"
    );
    write("plain.csv", &table(20));
    assert!(!described(path, &["plain.csv"]).contains("note"));
}

#[test]
fn files_that_are_no_tables_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let cases: [(&str, &[u8], &str); 10] = [
        (
            "page.csv",
            b"<!DOCTYPE html>\n<html><head><title>404</title></head>\n<body>Not found</body></html>\n",
            "this is an HTML page",
        ),
        (
            "lfs.csv",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n",
            "this is a Git LFS pointer",
        ),
        ("rows.csv", b"{\"a\": 1}\n{\"a\": 2}\n", "these are JSON lines"),
        ("json.txt", b"[1, 2, 3]\n", "this is JSON"),
        ("rows.xml", b"<?xml version=\"1.0\"?>\n<rows/>\n", "this is XML"),
        ("paper.csv", b"%PDF-1.7\n\xe2\xe3\n", "this is a PDF document"),
        ("base.csv", b"SQLite format 3\0....", "this is an SQLite database"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "this is an old Excel or Office file"),
        ("t.pickle", b"\x80\x04\x95....", "this is a pickled Python object"),
        ("comment.csv", b"a\n1\n", "there is only 1 example"),
    ];
    for (name, content, expected) in cases {
        fs::write(path.join(name), content).unwrap();
        refuse_to_train(path, &["--data", name], &format!("{name}: {expected}"));
        let output = piped(path, &["data", "-"], content);
        if !name.starts_with('c') {
            let error = String::from_utf8(output.stderr).unwrap();
            assert!(error.contains(expected), "standard input: {error}");
        }
    }
    let text = pipe(path, &["data", "-"], b"who,a\nann,1\nbob,2\n");
    assert!(text.contains("2 rows of 2 columns") && text.contains("who  category"), "{text}");
    for (name, content) in
        [("commas.tsv", "a,b\n1,2\n3,4\n5,6\n"), ("fixed.txt", "  a   b\n1.0  22\n 10   3\n 11  4\n")]
    {
        fs::write(path.join(name), content).unwrap();
        let text = described(path, &[name]);
        assert!(
            text.contains("is taken to separate fields\n") && text.contains("3 examples of 2 numbers"),
            "{text}"
        );
    }
    fs::write(path.join("wide.txt"), "  a   b\n1.0  22\n 10   3\n  4   4\n").unwrap();
    assert!(described(path, &["wide.txt", "--delimiter", " "]).contains("3 examples of 2 numbers"));
}

#[test]
fn a_table_of_text_is_described() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("text.csv"), "name,city\nann,rome\nbob,oslo\neve,rome\n").unwrap();
    train(path, &["--data", "text.csv"]);
    let text = described(path, &["text.csv"]);
    assert!(text.contains("3 rows of 2 columns"), "{text}");
    assert_eq!(text.matches("  category  ").count(), 2, "{text}");
    fs::write(
        path.join("names.csv"),
        "name\n".to_owned() + &(0..30).map(|i| format!("n{i}\n")).collect::<String>(),
    )
    .unwrap();
    refuse_to_train(
        path,
        &["--data", "names.csv"],
        "names.csv: there is no column that a model can learn from: `name` has 30 different texts in 30 rows, as an \
         identifier does, so it is left out; --columns name=category keeps its 100 most frequent",
    );
}

#[test]
fn truth_values_dates_and_other_letters() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let row = |i: usize| {
        let owns = if i.is_multiple_of(3) { "True" } else { "False" };
        format!("2024-05-{:02},{owns},{}\n", 1 + i, i * i % 7)
    };
    let text = "day,besitzt,größe\n".to_owned() + &(0..20).map(row).collect::<String>();
    fs::write(path.join("dummies.csv"), &text).unwrap();
    let note = said(path, &[&QUICK[..], &["--data", "dummies.csv"]].concat());
    assert!(note.contains("column `day` holds dates, read as days since the beginning of 1970\n"), "{note}");
    assert!(note.contains("column `besitzt` holds true and false, read as 1 and 0\n"), "{note}");
    let codes = succeed(path, &["encode", "runs/ae-1", "--data", "dummies.csv"]);
    assert_eq!(csv(&codes).1.len(), 20);
    let latin: Vec<u8> = text.chars().map(|sign| sign as u8).collect();
    let wide: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (name, content) in [("latin.csv", latin), ("wide.csv", wide)] {
        fs::write(path.join(name), content).unwrap();
        assert_eq!(succeed(path, &["encode", "runs/ae-1", "--data", name]), codes, "{name}");
    }
}

#[test]
fn names_do_not_break_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let row = |i: usize| format!("{}.5,{},{},\"kind\n{}\",x\n", i % 7, i * 3 % 5, i % 4, i % 2);
    let names =
        format!("\"height\nin cm\",\"tab\there\",{},\"class\r\none\",\"te\nxt\"\n", "long".repeat(30));
    let text = names + &(0..30).map(row).collect::<String>();
    fs::write(path.join("t.csv"), text).unwrap();
    let flags = ["--label-column", "4", "--drop-columns", "5"];
    let text = described(path, &[&["t.csv"], &flags[..2]].concat());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 9, "one line for each: {text}");
    assert!(lines[1].contains("kind\\n0 (15), kind\\n1 (15)") && lines[6].contains("te\\nxt"), "{text}");
    assert!(lines[3].contains("height\\nin cm") && lines[4].contains("tab\\there"), "{text}");
    assert!(lines.iter().all(|line| line.chars().count() < 120), "{text}");
    // In errors as well, which are one line.
    refuse_to_train(
        path,
        &["--data", "t.csv", "--label-column", "4", "--columns", "5=real"],
        "column `te\\nxt`: \"x\" is not a number",
    );
    train(path, &[&["--data", "t.csv", "--impute", "mean"], &flags[..]].concat());
    fs::write(path.join("new.csv"), "a,b\n1,2\n").unwrap();
    refuse(
        path,
        &["encode", "runs/ae-1", "--data", "new.csv"],
        "there is no column `height\\nin cm`, which the model",
    );
}
