//! Texts on the command line: trained on, encoded, written, walked between, and what is no text.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::{csv, refuse, succeed, zoo};

/// Lines of two words out of a few.
fn lines(count: usize) -> String {
    let (first, second) = (["red", "dark", "small", "größe"], ["sun", "moon", "tree", "名前"]);
    (0..count).map(|i| format!("{} {}\n", first[i % 4], second[i / 4 % 4])).collect()
}

const SMALL: [&str; 10] =
    ["--code", "8", "--epochs", "60", "--net", "gru", "--set", "state=32", "--lr", "0.02"];

/// Trains on 160 lines: `runs/vae-1`.
fn trained(folder: &Path, model: &str) -> Value {
    fs::write(folder.join("lines.txt"), format!("\n{}", lines(160))).unwrap();
    let text =
        succeed(folder, &[&["train", model, "--data", "lines.txt", "--text", "--json"][..], &SMALL].concat());
    serde_json::from_str(&text).unwrap()
}

/// The column of this name of a table on standard output.
fn column(text: &str, name: &str) -> Vec<String> {
    let (header, rows) = csv(text);
    let place =
        header.iter().position(|other| other == name).unwrap_or_else(|| panic!("{name} in {header:?}"));
    rows.into_iter().map(|row| row[place].clone()).collect()
}

#[test]
fn texts_are_learnt_encoded_written_and_walked_between() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let report = trained(folder, "ae");
    let figure = |name: &str| report["test"][name].as_f64().unwrap();
    assert_eq!(report["training_examples"], 128, "{report}");
    assert!(figure("bits_per_character") < 0.2 * figure("bits_by_frequency"), "{report}");
    assert!(figure("exact") > 0.9, "{report}");
    assert!((figure("perplexity").log2() - figure("bits_per_character")).abs() < 1e-9);

    // What would learn its texts by heart is given others as well; a model that draws texts is not.
    let splice = |run: &str| {
        let config: toml::Table =
            fs::read_to_string(folder.join(run).join("config.toml")).unwrap().parse().unwrap();
        config["data"]["text"]["splice"].as_float().unwrap()
    };
    assert_eq!(splice("runs/ae-1"), 0.5);
    for (model, more, share) in [
        ("vae", &[][..], 0.0),
        ("ae", &["--augment", "splice=0"], 0.0),
        ("vae", &["--augment", "splice"], 0.5),
    ] {
        let run = format!("runs/{model}-{share}-{}", more.len());
        let train = ["train", model, "--data", "lines.txt", "--text", "--epochs", "1", "--out", &run];
        succeed(folder, &[&train, more].concat());
        assert_eq!(splice(&run), share, "{run}");
    }

    let again: Value = serde_json::from_str(&succeed(folder, &["eval", "runs/ae-1", "--json"])).unwrap();
    assert_eq!(again["test"], report["test"]);
    let back = succeed(folder, &["reconstruct", "runs/ae-1"]);
    let (before, after) = (column(&back, "text"), column(&back, "reconstruction"));
    assert!(before.iter().all(|text| lines(16).lines().any(|line| line == text)), "{before:?}");
    let same = before.iter().zip(&after).filter(|(a, b)| a == b).count() as f64 / before.len() as f64;
    assert!((same - figure("exact")).abs() < 1e-9, "{back}");

    // Codes of new lines, and the way back.
    fs::write(folder.join("new.txt"), "red moon\r\n\ndark 名前\nred fox\n").unwrap();
    let codes = succeed(folder, &["encode", "runs/ae-1", "--data", "new.txt", "--out", "codes.csv"]);
    assert!(codes.contains("codes.csv"));
    let table = fs::read_to_string(folder.join("codes.csv")).unwrap();
    assert_eq!((column(&table, "row"), column(&table, "text")), {
        let of = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
        (of(["1", "3", "4"]), of(["red moon", "dark 名前", "red �o�"]))
    });
    let decoded = column(&succeed(folder, &["decode", "runs/ae-1", "--codes", "codes.csv"]), "text");
    assert_eq!((decoded.len(), &decoded[0][..]), (3, "red moon"));
    let way = ["interpolate", "runs/ae-1", "--data", "new.txt", "--from", "1", "--to", "2", "--steps", "4"];
    let way = column(&succeed(folder, &way), "text");
    assert_eq!((way.len(), &way[0], &way[3]), (4, &decoded[0], &decoded[1]));
    // A model without a prior needs a mixture.
    let new = succeed(folder, &["sample", "runs/ae-1", "--count", "5", "--mixture", "2"]);
    assert_eq!(column(&new, "text").len(), 5);

    let page = fs::read_to_string(folder.join("runs/ae-1/report.html")).unwrap();
    for expected in ["what comes back", "\"texts\":[", "bits per character"] {
        assert!(page.contains(expected), "{expected}");
    }
    assert!(!page.contains("could not be made"), "a section failed");
    for (command, said) in [
        (&["export", "runs/ae-1", "--out", "m.onnx"][..], "learnt from texts"),
        (&["score", "runs/ae-1"], "learnt from texts"),
        (&["reconstruct", "runs/ae-1", "--out", "r.png"], "no grey images"),
    ] {
        refuse(folder, command, said);
    }
    succeed(folder, &["export", "runs/ae-1", "--out", "m.safetensors"]);
}

#[test]
fn a_variational_model_of_texts_draws_and_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let report = trained(folder, "vae");
    assert!(
        report["test"]["bits_in_all"].as_f64() > report["test"]["bits_per_character"].as_f64(),
        "{report}"
    );
    let sample = |flags: &[&str]| {
        column(
            &succeed(folder, &[&["sample", "runs/vae-1", "--count", "6", "--seed", "3"], flags].concat()),
            "text",
        )
    };
    let (likely, drawn) = (sample(&[]), sample(&["--draw"]));
    assert_eq!((likely.len(), drawn.len()), (6, 6));
    assert_eq!(sample(&["--draw"]), drawn);
    let bound: Value =
        serde_json::from_str(&succeed(folder, &["eval", "runs/vae-1", "--likelihood", "4", "--json"]))
            .unwrap();
    assert!(bound["nll"]["bits_per_character"].as_f64().unwrap() > 0.0, "{bound}");

    // The same bits in one piece and in two, with one thread and with two, with each network, as bytes and from a table.
    let table: String = lines(40).lines().map(|line| format!("1,{line}\n")).collect();
    fs::write(folder.join("t.csv"), format!("id,words\n{table}")).unwrap();
    for (net, size) in [("gru", "state=8"), ("lstm", "state=8"), ("transformer", "width=8")] {
        let run = |out: &str, epochs: &str, threads: &str| {
            let data = ["--data", "t.csv", "--text", "words", "--bytes", "--length", "9", "--net", net];
            let plan = ["--epochs", epochs, "--set", "train.schedule=constant", "--set", size];
            let out = ["--threads", threads, "--out", out, "--code", "3", "--set", "warm_up=0.0"];
            succeed(folder, &[&["train", "vae"][..], &data, &plan, &out].concat());
        };
        let [whole, parts] = ["whole", "parts"].map(|name| format!("{net}-{name}"));
        run(&whole, "3", "2");
        run(&parts, "2", "1");
        succeed(folder, &["resume", &parts, "--epochs", "3", "--threads", "1"]);
        let model = |run: &str| fs::read(folder.join(run).join("model.safetensors")).unwrap();
        assert!(model(&whole) == model(&parts), "{net}");
    }
}

#[test]
fn what_is_no_text_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let write = |name: &str, content: &[u8]| fs::write(path.join(name), content).unwrap();
    write("empty.txt", b"");
    write("blank.txt", b"\n\r\n\n");
    write("one.txt", b"only this\n");
    write("latin.txt", b"ok\ngr\xfc\xdfe\n");
    write("binary", &[0x89, b'P', b'N', b'G', 0, 1]);
    write(
        "t.csv",
        b"id,words\n1,red\n2,blue\n3,green\n4,white\n5,black\n6,brown\n7,grey\n8,pink\n9,gold\n10,teal\n",
    );
    let cases: [(&[&str], &str); 13] = [
        (&["--data", "empty.txt", "--text"], "empty"),
        (&["--data", "blank.txt", "--text"], "every line is empty"),
        (&["--data", "one.txt", "--text"], "there is only 1 text"),
        (&["--data", "latin.txt", "--text"], "line 2 is no text in UTF-8 (byte 0xfc after 2 others)"),
        (&["--data", "binary", "--text"], "this is no file of lines"),
        (&["--data", "no.txt", "--text"], "there is no such file"),
        (&["--data", "t.csv", "--text", "word"], "there is no column `word` (--text); did you mean `words`?"),
        (&["--data", "t.csv", "--text", "words", "--length", "1"], "--length 1: a text has 2 to 4096 places"),
        (&["--data", "t.csv", "--text", "words", "--scale", "none"], "--scale means nothing for texts"),
        (&["--data", "t.csv", "--text", "words", "--net", "mlp"], "the network `mlp` reads no texts"),
        (&["--text"], "the embedded digits are no texts"),
        (&["--data", "t.csv", "--text", "words", "--augment", "splice=2"], "from 0 to 1, not 2"),
        (&["--data", "t.csv", "--text", "words", "--augment", "flip"], "--augment means nothing for texts"),
    ];
    for (flags, expected) in cases {
        refuse(path, &[&["train", "ae"], flags].concat(), expected);
    }
    refuse(
        path,
        &["train", "pca", "--data", "t.csv", "--text", "words"],
        "`pca` learns from numbers and not from texts",
    );

    // A line of a million characters is cut, and takes no more memory than others.
    write("long.txt", format!("{}\nab\nba\nabab\n", "é".repeat(1_000_000)).as_bytes());
    let flags = ["--length", "6", "--epochs", "1", "--set", "width=8", "--code", "2"];
    let output = zoo(path, &[&["train", "ae", "--data", "long.txt", "--text"][..], &flags].concat());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("the longest has 1000000"), "{said}");
}
