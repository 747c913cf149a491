//! Data of all kinds on the command line: right and wrong.

use std::fs;
use std::path::Path;

use autograd::Tensor;
use nn::data::npy;

use crate::common::{close, csv, pipe, refuse, succeed, table};

const QUICK: [&str; 8] = ["train", "ae", "--code", "2", "--hidden", "6", "--epochs", "1"];

fn train(folder: &Path, more: &[&str]) -> String {
    succeed(folder, &[&QUICK[..], more].concat())
}

fn refuse_to_train(folder: &Path, more: &[&str], expected: &str) {
    refuse(folder, &[&QUICK[..], more].concat(), expected);
}

const PEOPLE: &str = "name,age,income,city,group\n\
    ann,31,2000,rome,a\nbob,,1500,oslo,b\neve,44,NA,bonn,a\nkim,29,1800,rome,b\njoe,50,2500,oslo,a\n\
    sue,38,2200,bonn,b\ntom,27,1700,rome,a\nmax,61,3000,oslo,b\nida,33,2100,bonn,a\nlea,47,2600,rome,b\n";

#[test]
fn a_table_with_text_and_gaps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("people.csv"), PEOPLE).unwrap();
    let data = ["--data", "people.csv"];
    // All of it can be learnt from as it is.
    assert!(train(path, &[&data[..], &["--out", "all"]].concat()).contains("(8 training and 2 test rows)"));
    let drop = [&data[..], &["--drop-columns", "name,city", "--label-column", "group"]].concat();
    refuse_to_train(
        path,
        &[&drop[..], &["--impute", "refuse"]].concat(),
        "the value is missing; fill such gaps with --impute mean or --impute median",
    );
    let good = [&drop[..], &["--impute", "median"]].concat();
    assert!(train(path, &good).contains("(8 training and 2 test rows)"));
    refuse_to_train(
        path,
        &[&drop[..], &["--impute", "mean", "--test-fraction", "1"]].concat(),
        "the test fraction must lie between 0 and 1",
    );
    refuse_to_train(
        path,
        &[&data[..], &["--drop-columns", "nme"]].concat(),
        "there is no column `nme`; the nearest name is `name`",
    );
    // The same preparation for new people, whose columns come in another order.
    fs::write(path.join("new.csv"), "income,age\n2000,31\n,29\n").unwrap();
    let codes = succeed(path, &["encode", "runs/ae-1", "--data", "new.csv"]);
    let known = succeed(path, &["encode", "runs/ae-1", "--data", "people.csv"]);
    assert!(close(&csv(&codes).1[0], &csv(&known).1[0]), "ann in both");
    let piped = pipe(path, &["encode", "runs/ae-1", "--data", "-"], b"income,age\n2000,31\n,29\n");
    assert_eq!(piped, codes, "the same from standard input");

    let text = succeed(path, &["data", "people.csv"]);
    assert!(text.contains("10 rows of 5 columns"), "{text}");
    for (name, kind) in [("name", "identifier"), ("income", "real"), ("city", "category")] {
        let line = text.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        assert!(line.contains(kind), "{line}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&succeed(path, &["data", "people.csv", "--label-column", "group", "--json"]))
            .unwrap();
    assert_eq!((&json["columns"][1]["missing"], &json["classes"]["a"]), (&1.into(), &5.into()));
    assert_eq!(
        (&json["columns"][2]["median"], &json["columns"][2]["kind"]),
        (&2100.0.into(), &"real".into())
    );
}

#[test]
fn arrays_and_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let rows = Tensor::from_fn([30, 5], |i| ((i * 7 % 13) as f32).sin());
    npy::save(&path.join("rows.npy"), &rows).unwrap();
    assert!(train(path, &["--data", "rows.npy"]).contains("(24 training and 6 test rows)"));
    let images = Tensor::from_fn([30, 4, 3], |i| (i * 37 % 200) as f32);
    npy::save(&path.join("images.npy"), &images).unwrap();
    assert!(train(path, &["--data", "images.npy", "--out", "i"]).contains("test images"));
    assert!(path.join("i/reconstructions.png").exists());
    npy::save(&path.join("cube.npy"), &Tensor::<f32>::zeros([2, 2, 2, 2])).unwrap();
    refuse_to_train(path, &["--data", "cube.npy"], "cube.npy: the shape is [2, 2, 2, 2], but examples are");
    let text = pipe(path, &[&QUICK[..], &["--data", "-", "--out", "s"]].concat(), table(40).as_bytes());
    assert!(text.contains("(32 training and 8 test rows)"), "{text}");
    let tabs = table(5).replace(',', "\t");
    let codes = pipe(path, &["encode", "s", "--data", "-"], tabs.as_bytes());
    assert_eq!(codes.lines().count(), 6, "{codes}");
    // What came through a pipe cannot be read again; the run keeps it.
    assert!(succeed(path, &["eval", "s", "--part", "train"]).contains("training examples of -"));
}

#[test]
fn pictures_of_mixed_sizes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::create_dir(path.join("photos")).unwrap();
    for i in 0..12_u32 {
        let [width, height] = [5 + i % 4, 4 + i % 3];
        let pixel = |place: u32| (place % width * 40 + place / width * 9 + i) as u8;
        let pixels: Vec<u8> = (0..width * height).map(pixel).collect();
        let picture = zoo::plot::grey_png(&pixels, width as usize);
        fs::write(path.join(format!("photos/{i:02}.png")), picture).unwrap();
    }
    let data = ["--data", "photos"];
    refuse_to_train(
        path,
        &data,
        "photos: pictures must be scaled to one size; say which, as in --size 32x32",
    );
    let conv =
        ["train", "conv", "--data", "photos", "--size", "6x5", "--colour", "--epochs", "1", "--out", "conv"];
    assert!(succeed(path, &conv).contains("images"));
    let text = train(path, &[&data[..], &["--size", "6x5", "--out", "run"]].concat());
    assert!(
        text.contains("(10 training and 2 test images)") || text.contains("(9 training and 3 test images)"),
        "{text}"
    );
    let scores = succeed(path, &["score", "run", "--data", "photos", "--contamination", "0.2", "--top", "3"]);
    assert!(scores.contains(".png"), "rows are called by their files: {scores}");
    let one = succeed(path, &["encode", "run", "--data", "photos/03.png"]);
    let all = succeed(path, &["encode", "run", "--data", "photos"]);
    assert!(close(&csv(&one).1[0][1..], &csv(&all).1[3][1..]));
    fs::write(path.join("photos/04.png"), "no picture").unwrap();
    refuse_to_train(path, &[&data[..], &["--size", "6x5"]].concat(), "photos/04.png: ");
}

#[test]
fn what_is_no_data_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let refused = |name: &str, content: &[u8], expected: &str| {
        fs::write(path.join(name), content).unwrap();
        refuse_to_train(path, &["--data", name], expected);
    };
    refused("empty.csv", b"", "empty.csv: the file is empty");
    refused("header.csv", b"a,b\n", "header.csv: the file holds only a header and no examples");
    refused("one.csv", b"a,b\n1,2\n", "one.csv: there is only 1 example");
    refused(
        "two.csv",
        b"a,b\n1,2\n3,4\n",
        "two.csv: 2 examples are too few to have 0.200 of them for the test; choose another \
         --test-fraction, such as 0.5",
    );
    fs::write(path.join("names.csv"), (0..20).fold("a,who\n".to_owned(), |t, i| t + &format!("{i},p{i}\n")))
        .unwrap();
    refuse_to_train(
        path,
        &["--data", "names.csv", "--label-column", "who"],
        "names.csv: each of the 20 classes has at most 1 of the 20 examples, too few to have 0.200 of \
         every class for the test; leave the labels out (--drop-columns in place of --label-column), or \
         choose another",
    );
    refused(
        "ragged.csv",
        b"a,b\n1,2\n3,4,5\n",
        "ragged.csv: line 3: the row has 3 fields, but the first row has 2",
    );
    fs::write(path.join("nan.csv"), "a,b\n1,2\nNaN,4\n5,6\n").unwrap();
    let refuse_gaps = ["--data", "nan.csv", "--impute", "refuse"];
    refuse_to_train(path, &refuse_gaps, "nan.csv: line 3, column `a`: the value is missing");
    refused("inf.csv", b"a,b\n1,2\ninf,4\n", "inf.csv: line 3, column `a`: \"inf\" is not finite");
    refused("junk.csv", &[0xff, 0xfe, 0, 1, 2, 250, 251, 10, 0x80], "junk.csv: ");
    refused("short.npy", b"\x93NUMPY\x01\0", "short.npy: ");
    let huge =
        b"\x93NUMPY\x01\0\x4a\0{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 9), }   \n\n";
    refused("huge.npy", huge, "huge.npy: the header promises");
    refused("idx", &[0, 0, 8, 3, 0, 0, 0, 1], "idx: this is one file of an IDX data set; give the folder");
    refused(
        "t10k-labels-idx1-ubyte.gz",
        &[0x1f, 0x8b, 8, 0],
        "gz: this is one file of an IDX data set; give the",
    );
    refuse_to_train(path, &["--data", "missing.csv"], "missing.csv: there is no such file or folder");
    refuse_to_train(path, &["--data", "mnist.csv"], "mnist.csv: there is no such file or folder");
    // Columns that never change are no obstacle.
    fs::write(path.join("same.csv"), "a,b\n".to_owned() + &"1,2\n".repeat(20)).unwrap();
    let text = train(path, &["--data", "same.csv"]);
    assert!(text.contains("–") && !text.contains("NaN"), "{text}");
}

#[test]
fn what_was_not_fetched_says_how_to_fetch_it() {
    let folder = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_zoo"))
        .args(["train", "ae", "--data", "mnist"])
        .env("XDG_CACHE_HOME", folder.path())
        .env("HOME", folder.path())
        .current_dir(folder.path())
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(error, "error: `mnist` is not here yet; get it with `zoo data fetch mnist`\n");
    refuse(
        folder.path(),
        &["data", "fetch", "mnist", "--to", "m", "--mirror", "https://a.b"],
        if cfg!(feature = "https") {
            "cannot fetch https://a.b/"
        } else {
            "this zoo was built without https"
        },
    );
    refuse(
        folder.path(),
        &["data", "fetch", "mnist", "--to", ".", "--mirror", "http://127.0.0.1:1"],
        "cannot fetch http://127.0.0.1:1/",
    );
}

#[test]
fn tables_of_other_programs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let write = |name: &str, content: &str| fs::write(path.join(name), content).unwrap();
    write("semicolons.csv", "a;b\n1,5;2\n3;4\n5;6\n");
    train(path, &["--data", "semicolons.csv", "--out", "semicolons"]);
    write("spaces.txt", "a b c\n1 2 3\n4 5 6\n7 8 9\n");
    train(path, &["--data", "spaces.txt", "--out", "spaces"]);
    train(path, &["--data", "spaces.txt", "--delimiter", " ", "--out", "by-spaces"]);
    let decimal = ["--data", "semicolons.csv", "--delimiter", ";"];
    train(path, &[&decimal[..], &["--out", "by-semicolons"]].concat());
    train(path, &[&decimal[..], &["--decimal", ",", "--out", "decimal"]].concat());
    write("infinite.csv", "a,b\n1,2\ninf,4\n5,6\n");
    refuse_to_train(
        path,
        &["--data", "infinite.csv"],
        "\"inf\" is not finite; correct the value or leave its",
    );
    // pandas writes numbers as names where columns have none; years look like numbers as well.
    write("pandas.csv", ",0,1,2\n0,5,6,7\n1,6,6,8\n2,5,7,7\n3,8,6,9\n");
    assert!(succeed(path, &["data", "pandas.csv"]).contains("4 examples of 4 numbers"));
    write("years.csv", "2019,2020\n1,2\n3,5\n2,2\n");
    assert!(succeed(path, &["data", "years.csv"]).contains("4 examples of 2 numbers"));
    assert!(succeed(path, &["data", "years.csv", "--header", "yes"]).contains("3 examples of 2 numbers"));
    let missing = "a,b,c\n1,NULL,3\nN/A,2,3\n<NA>,2,#N/A\n4,None,null\n";
    write("missing.csv", missing);
    let found = succeed(path, &["data", "missing.csv"]);
    assert!(found.contains("4 rows of 3 columns") && found.contains("2 missing"), "{found}");
}

#[test]
fn what_is_no_data_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let cases: [(&str, &[u8], &str); 9] = [
        ("t.xlsx", b"PK\x03\x04....", "this is a spreadsheet; save it as CSV"),
        ("t.zip", b"PK\x03\x04....", "this is a zip archive; unpack it"),
        ("t.h5", b"\x89HDF\r\n\x1a\n", "this is an HDF5 file"),
        ("t.pkl", b"\x80\x04\x95....", "this is a pickled Python object"),
        ("t.json", b"[{\"a\": 1}]", "this is JSON; write it as CSV"),
        ("t.feather", b"ARROW1\0\0", "this is an Arrow (Feather) file"),
        ("t.bin", b"\0\0\0\0\0\0\0\0", "this is no data that can be read: a table (CSV, TSV)"),
        ("t.csv", b"\xff\xfea\0,\0b\0", "the file holds only a header and no examples"),
        ("t.gif", b"GIF89a....", "pictures are read as PNG or JPEG"),
    ];
    for (name, content, expected) in cases {
        fs::write(path.join(name), content).unwrap();
        refuse_to_train(path, &["--data", name], &format!("{name}: {expected}"));
    }
    refuse_to_train(path, &["--data", "nothing.csv"], "nothing.csv: there is no such file or folder");
    refuse_to_train(path, &["--data", "mnst"], "nor a data set of this name (digits, mnist, fashion-mnist)");
}

#[test]
fn instructions_that_mean_nothing_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    npy::save(&path.join("x.npy"), &Tensor::<f32>::from_fn([20, 3], |i| i as f32)).unwrap();
    fs::write(path.join("t.csv"), table(20)).unwrap();
    let cases: [(&[&str], &str); 8] = [
        (&["--data", "x.npy", "--drop-columns", "2"], "x.npy: --drop-columns means nothing for an NPY array"),
        (&["--data", "x.npy", "--label-column", "2"], "put the labels beside the examples in an NPZ file"),
        (&["--data", "t.csv", "--array", "x"], "t.csv: --array means nothing for a table"),
        (&["--data", "t.csv", "--size", "8x8"], "t.csv: --size means nothing for a table"),
        (&["--data", "digits", "--delimiter", ";"], "digits: --delimiter means nothing for the embedded"),
        (&["--data", "digits", "--colour"], "digits: --colour means nothing for the embedded digits"),
        (
            &["--data", "digits", "--impute", "mean"],
            "digits: --impute means nothing for the embedded digits; no",
        ),
        (
            &["--data", "digits", "--test-fraction", "0.5"],
            "digits; they say themselves which are for testing",
        ),
    ];
    for (flags, expected) in cases {
        refuse_to_train(path, flags, expected);
    }
}

#[test]
fn a_code_is_narrower_than_a_narrow_table() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.csv"), table(40)).unwrap();
    let text = succeed(folder.path(), &["train", "ae", "--data", "t.csv", "--epochs", "1"]);
    assert!(text.contains("ae, code 2"), "4 features: {text}");
    let bad = succeed(folder.path(), &["train", "ae", "--data", "t.csv", "--epochs", "1", "--lr", "1e6"]);
    assert!(
        bad.contains("trained for 1 epoch in") && bad.contains("Not yet better than the mean row"),
        "{bad}"
    );
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_needs_its_feature() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("t.parquet"), b"PAR1....PAR1").unwrap();
    refuse_to_train(
        folder.path(),
        &["--data", "t.parquet"],
        "t.parquet: this zoo was built without Parquet; build it in with `cargo install",
    );
}

#[test]
fn a_model_takes_data_of_another_kind_than_it_learnt_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("t.csv"), table(40)).unwrap();
    assert!(train(path, &["--data", "t.csv", "--drop-columns", "same"]).contains("ae, code 2"));
    let array = Tensor::<f32>::from_fn([5, 3], |i| [10.0, 50.0, 0.5][i % 3]);
    npy::save(&path.join("x.npy"), &array).unwrap();
    assert_eq!(csv(&succeed(path, &["encode", "runs/ae-1", "--data", "x.npy"])).1.len(), 5);
    // Pictures get the size of those that the model learnt from.
    succeed(path, &["train", "vae", "--epochs", "1", "--hidden", "8"]);
    fs::create_dir(path.join("pictures")).unwrap();
    succeed(path, &["sample", "runs/vae-1", "--count", "4", "--out", "pictures/new.png"]);
    assert_eq!(csv(&succeed(path, &["encode", "runs/vae-1", "--data", "pictures"])).1.len(), 1);
    refuse(
        path,
        &["encode", "runs/ae-1", "--data", "pictures"],
        "pictures: the model was trained with examples of 3 features, and these are pictures",
    );
}

#[test]
fn an_index_is_no_feature() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let rows = |number: fn(usize) -> usize| -> String {
        (0..20).map(|i| format!("{},{}.5,{}\n", number(i), i * 7 % 5, i * 3 % 4)).collect()
    };
    // Counted from 0 and from 1, shuffled, and what is left of an index after rows were taken out.
    let numbers: [fn(usize) -> usize; 4] = [|i| i, |i| i + 1, |i| i * 7 % 20, |i| i * i + 3];
    for (place, (name, flag)) in
        [("", "1"), ("Unnamed: 0", "'Unnamed: 0'"), ("index", "index"), ("PassengerId", "PassengerId")]
            .into_iter()
            .enumerate()
    {
        fs::write(path.join("pandas.csv"), format!("{name},a,b\n{}", rows(numbers[place]))).unwrap();
        let column = if name.is_empty() { "column 1" } else { name };
        refuse_to_train(
            path,
            &["--data", "pandas.csv"],
            &format!(
                "pandas.csv: column `{column}` holds a different whole number in every row, as an index or an \
                 identifier does, which says nothing about the row; leave it out with --drop-columns {flag}, or \
                 keep it with --keep-columns {flag}"
            ),
        );
        let note = format!("note: column `{column}` holds a different whole number in every row");
        let noted = crate::common::zoo(path, &["data", "pandas.csv"]);
        assert!(noted.status.success() && String::from_utf8(noted.stderr).unwrap().contains(&note));
        let flag = flag.trim_matches('\'');
        train(path, &["--data", "pandas.csv", "--keep-columns", flag, "--out", &format!("kept-{place}")]);
        train(path, &["--data", "pandas.csv", "--drop-columns", flag, "--out", &format!("run-{place}")]);
        let codes = succeed(path, &["encode", &format!("run-{place}"), "--data", "pandas.csv"]);
        assert_eq!(csv(&codes).1.len(), 20);
    }
    // The same for a table that is larger than memory.
    refuse_to_train(
        path,
        &["--data", "pandas.csv", "--memory", "0"],
        "--drop-columns PassengerId, or keep it",
    );
    refuse_to_train(
        path,
        &["--data", "pandas.csv", "--keep-columns", "idx"],
        "there is no column `idx` to keep",
    );
    // A count that is called a time is one.
    fs::write(path.join("time.csv"), format!("time,a,b\n{}", rows(|i| i))).unwrap();
    train(path, &["--data", "time.csv"]);
}

/// An array [examples, steps, channels] and a table of as many columns are the same series.
#[test]
fn series_are_read_from_arrays_and_tables() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let wave = |i: usize| {
        let (example, step, channel) = (i / 24, i / 2 % 12, i % 2);
        // Channels of different sizes: each has one scale for all steps.
        let scale = if channel == 0 { 1.0 } else { 100.0 };
        scale * (0.5 * step as f32 + 0.7 * example as f32 + channel as f32).sin()
    };
    let series = Tensor::from_fn([40, 12, 2], wave);
    fs::write(path.join("s.npy"), npy::bytes(&series)).unwrap();
    let row = |row: &[f32]| row.iter().map(f32::to_string).collect::<Vec<_>>().join(",") + "\n";
    let names = (0..24).map(|i| format!("c{i}")).collect::<Vec<_>>().join(",") + "\n";
    let table: String = std::iter::once(names).chain(series.to_vec().chunks(24).map(row)).collect();
    fs::write(path.join("t.csv"), table).unwrap();
    let learn = |source: &str, out: &str, more: &[&str]| {
        let start = ["train", "ae", "--data", source, "--series", "2", "--epochs", "3", "--out", out];
        succeed(path, &[&start, more].concat())
    };
    let error = |text: &str| text.lines().find(|line| line.contains("SSE")).map(str::to_owned);
    let mut of_convolutions = None;
    for (net, out) in [("conv1d", "a"), ("gru", "b"), ("lstm", "c"), ("transformer", "d"), ("residual", "e")]
    {
        let text = learn("s.npy", out, &["--net", net]);
        of_convolutions = of_convolutions.or(error(&text));
        let config = fs::read_to_string(path.join(out).join("config.toml")).unwrap();
        assert!(config.contains(&format!("name = \"{net}\"")) && config.contains("series = 2"), "{config}");
    }
    // Convolutions are taken when nothing is said, and the table is the same series.
    assert!(of_convolutions.is_some());
    assert_eq!(error(&learn("t.csv", "f", &[])), of_convolutions);
    succeed(path, &["eval", "b", "--data", "s.npy"]);
    refuse(
        path,
        &["train", "ae", "--data", "s.npy", "--series", "3"],
        "which is series of 2 channels (--series 2)",
    );
    refuse(
        path,
        &["train", "ae", "--data", "t.csv", "--series", "5"],
        "24 columns are no series with 5 channels",
    );
    refuse(path, &["train", "ae", "--series", "8"], "--series means nothing for the embedded digits");
}
