//! Numbers on their way from files to models and back: exact, the same from every kind of file, read once.

use std::fs;
use std::path::Path;
use std::process::Output;

use autograd::Tensor;
use nn::data::npy;

use crate::common::{close, csv, refuse, succeed, table, zoo};

/// Text on standard error of a command that succeeds.
fn said(folder: &Path, arguments: &[&str]) -> String {
    let output = zoo(folder, arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "zoo {arguments:?}: {text}");
    text
}

/// Rows of three columns: a time stamp plus `shift`, and two that follow it.
fn stamps(shift: i64, rows: i64) -> String {
    let row = |i: i64| format!("{},{}.5,{}\n", shift + i, i * 7 % 11, i * i % 13);
    "time,a,b\n".to_owned() + &(0..rows).map(row).collect::<String>()
}

const PCA: [&str; 6] = ["train", "pca", "--set", "code=1", "--data", "FILE"];

/// Trains PCA with a code of one number on a file.
fn pca(folder: &Path, file: &str, more: &[&str]) -> String {
    let mut arguments = PCA.to_vec();
    arguments[5] = file;
    succeed(folder, &[&arguments[..], more].concat())
}

/// The part of a text after its first line, which names the data.
fn numbers(text: &str) -> String {
    let end = text.find("\nSettings").unwrap_or(text.len());
    text[text.find('\n').unwrap()..end].to_owned()
}

#[test]
fn a_shift_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let shift = 1_700_000_000;
    fs::write(path.join("near.csv"), stamps(0, 40)).unwrap();
    fs::write(path.join("far.csv"), stamps(shift, 40)).unwrap();
    let rows: Vec<f64> = stamps(shift, 40)
        .lines()
        .skip(1)
        .flat_map(|line| line.split(',').map(|field| field.parse::<f64>().unwrap()).collect::<Vec<_>>())
        .collect();
    npy::save(&path.join("far.npy"), &Tensor::<f64>::from_vec([40, 3], rows)).unwrap();
    let near = numbers(&pca(path, "near.csv", &["--out", "near"]));
    for (file, more) in [("far.csv", &[][..]), ("far.npy", &[]), ("far.csv", &["--memory", "0"])] {
        let run = format!("{file}{}", more.len());
        let text = numbers(&pca(path, file, &[more, &["--out", &run]].concat()));
        if more.is_empty() {
            assert_eq!(text, near, "{file}");
        }
        // What comes back is in the units of the data, with all its digits.
        let back = csv(&succeed(path, &["reconstruct", &run, "--data", file])).1;
        let stamp: f64 = back[7][1].parse().unwrap();
        assert!((stamp - (shift + 7) as f64).abs() < 20.0 && stamp.fract() != 0.0, "{back:?}");
    }
    let [a, b] = ["near", "far"].map(|name| {
        let (run, file) = (if name == "near" { "near" } else { "far.csv0" }, format!("{name}.csv"));
        csv(&succeed(path, &["reconstruct", run, "--data", &file])).1
    });
    for (a, b) in a.iter().zip(&b) {
        let [a, b] = [a, b].map(|row| row[1].parse::<f64>().unwrap());
        assert!((a + shift as f64 - b).abs() < 2e-5, "{a} {b}");
    }
    let text = succeed(path, &["data", "far.csv"]);
    assert!(text.contains("1700000039") && !text.contains("constant"), "{text}");
    let score = succeed(path, &["score", "far.csv0", "--data", "far.csv", "--top", "40"]);
    assert!(score.contains("time 1700000039 (expected 17000000"), "{score}");
    let array = path.join("back.npy");
    succeed(path, &["reconstruct", "far.csv0", "--data", "far.csv", "--out", "back.npy"]);
    assert!(npy::read::<f64>(&array).unwrap().to_vec()[3 * 7].fract() != 0.0);
}

#[test]
fn what_comes_back_unchanged_looks_unchanged() {
    // A code as wide as the data rebuilds them, and the digits of their scale are not shown.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let rows = (0..30).map(|i| format!("{},{},{}\n", i % 2, 1_700_000_000 + i * i % 17, i * 7 % 5));
    fs::write(path.join("t.csv"), "flag,time,level\n".to_owned() + &rows.collect::<String>()).unwrap();
    succeed(path, &["train", "pca", "--set", "code=3", "--data", "t.csv"]);
    let back = succeed(path, &["reconstruct", "runs/pca-1", "--data", "t.csv"]);
    let whole = csv(&back).1.iter().flatten().filter(|field| !field.contains('.')).count();
    assert!(whole > 110, "{whole} of 120 fields are whole:\n{back}");
}

#[test]
fn a_column_that_loses_digits_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("t.csv"), stamps(1_700_000_000, 40)).unwrap();
    let mut arguments = PCA.to_vec();
    arguments[5] = "t.csv";
    assert_eq!(said(path, &[&arguments[..], &["--out", "a"]].concat()), "");
    let text = said(path, &[&arguments[..], &["--out", "b", "--scale", "none"]].concat());
    assert!(text.contains("note: column `time` loses digits: of 32 different values 1 are left"), "{text}");
    assert!(text.contains("--scale standard") && text.lines().count() == 1, "{text}");
    // One value far from the others makes a scale in which these are equal.
    fs::write(path.join("far.csv"), "a,b\n".to_owned() + &"1,2\n2,1\n1e15,1\n3,0\n".repeat(20)).unwrap();
    arguments[5] = "far.csv";
    let text = said(path, &[&arguments[..], &["--out", "c"]].concat());
    assert!(text.contains("column `a` loses digits: of ") && text.contains("far from all others"), "{text}");
    // Names of rows that no number of double precision tells apart.
    let ids = |i: i64| format!("{},{}\n", 9_007_199_254_740_993 + i, i * 7 % 11);
    fs::write(path.join("ids.csv"), "key,a\n".to_owned() + &(0..20).map(ids).collect::<String>()).unwrap();
    for arguments in [&["data", "ids.csv"][..], &["train", "pca", "--set", "code=1", "--data", "ids.csv"]] {
        let text = said(path, arguments);
        assert!(text.contains("note: column `key` has whole numbers above 2⁵³"), "{text}");
    }
    // What is too large without a scale is refused, and with one it is not.
    fs::write(path.join("huge.csv"), "a\n".to_owned() + &"1e300\n-1e300\n".repeat(9)).unwrap();
    arguments[5] = "huge.csv";
    let refused = "column `a`: the value 1e300 is too large for single precision; scale the data";
    refuse(path, &[&arguments[..], &["--scale", "none"]].concat(), refused);
    assert!(succeed(path, &[&arguments[..], &["--out", "h"]].concat()).contains("mean row"));
}

/// An NPY file of unsigned bytes.
fn bytes(shape: &str, elements: &[u8]) -> Vec<u8> {
    array_of("|u1", shape, elements)
}

/// An NPY file of elements of any kind.
fn array_of(descr: &str, shape: &str, elements: &[u8]) -> Vec<u8> {
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let start = [&b"\x93NUMPY\x01\0"[..], &(text.len() as u16).to_le_bytes(), text.as_bytes()].concat();
    [&start, elements].concat()
}

/// An archive of such files.
fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    // Stored without compression: local headers, then the directory.
    let (mut out, mut directory) = (vec![], vec![]);
    for (name, content) in entries {
        let mut sum = flate2::Crc::new();
        sum.update(content);
        let size = (content.len() as u32).to_le_bytes();
        let fields =
            [&[0_u8; 8][..], &sum.sum().to_le_bytes(), &size, &size, &(name.len() as u16).to_le_bytes()];
        let start = (out.len() as u32).to_le_bytes();
        out.extend([b"PK\x03\x04\x14\0", &fields.concat()[..], &[0, 0], name.as_bytes(), content].concat());
        directory.extend(
            [b"PK\x01\x02\x14\0\x14\0", &fields.concat()[..], &[0; 12], &start, name.as_bytes()].concat(),
        );
    }
    let (count, size, start) = (entries.len() as u16, directory.len() as u32, out.len() as u32);
    let end =
        [&count.to_le_bytes()[..], &count.to_le_bytes(), &size.to_le_bytes(), &start.to_le_bytes()].concat();
    [out, directory, [b"PK\x05\x06\0\0\0\0", &end[..], &[0, 0]].concat()].concat()
}

/// Pixels that follow a few causes.
fn pixels(images: usize) -> Vec<u8> {
    (0..images * 12).map(|i| ((i / 12) * (i % 12 + 3) * 37 % 251) as u8).collect()
}

#[test]
fn bytes_are_the_same_pixels_in_every_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let elements = pixels(30);
    let array = bytes("(30, 4, 3)", &elements);
    fs::write(path.join("x.npy"), &array).unwrap();
    fs::write(path.join("x.npz"), archive(&[("x.npy", &array)])).unwrap();
    let rows: Vec<String> = elements
        .chunks(12)
        .map(|row| row.iter().map(u8::to_string).collect::<Vec<_>>().join(",") + "\n")
        .collect();
    fs::write(path.join("x.csv"), rows.concat()).unwrap();
    let floats: Vec<f32> = elements.iter().map(|&byte| byte.into()).collect();
    npy::save(&path.join("floats.npy"), &Tensor::from_vec([30, 4, 3], floats.clone())).unwrap();
    let halves: Vec<f32> = floats.iter().map(|pixel| pixel / 255.0).collect();
    npy::save(&path.join("ones.npy"), &Tensor::from_vec([30, 4, 3], halves)).unwrap();

    let trained = |file: &str| numbers(&pca(path, file, &["--out", &format!("r-{file}")]));
    let of_bytes = trained("x.npy");
    assert_eq!(of_bytes, trained("x.npz"));
    assert_eq!(of_bytes, trained("ones.npy"));
    trained("floats.npy");
    let codes = |run: &str, file: &str| csv(&succeed(path, &["encode", run, "--data", file])).1.concat();
    for run in ["r-x.npy", "r-x.npz", "r-floats.npy"] {
        let wanted = codes(run, run.strip_prefix("r-").unwrap());
        for file in ["x.npy", "x.npz", "floats.npy", "x.csv"] {
            assert!(close(&codes(run, file), &wanted), "{run} {file}");
        }
    }
    // A run keeps the rule that it learnt by; what is done is said.
    let note = "note: these whole numbers from 0 to 255 are taken for bytes";
    assert!(said(path, &["eval", "r-x.npy", "--data", "x.csv"]).contains(note));
    assert_eq!(said(path, &["eval", "r-x.npy", "--data", "x.npz"]), "");
    assert_eq!(said(path, &["eval", "r-floats.npy", "--data", "x.npz"]), "");
    assert!(close(&codes("r-ones.npy", "x.npz"), &codes("r-ones.npy", "ones.npy")));
    // Pictures whose white is another.
    let half = Tensor::from_vec([30, 4, 3], floats.iter().map(|pixel| pixel + 0.5).collect());
    npy::save(&path.join("half.npy"), &half).unwrap();
    for (run, file) in [("r-x.npy", "half.npy"), ("r-floats.npy", "ones.npy")] {
        let text = said(path, &["eval", run, "--data", file]);
        assert!(text.contains(&format!("warning: {file}: the values run from ")), "{text}");
    }
}

#[test]
fn data_far_from_what_was_learnt_are_said_aloud() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("t.csv"), table(60)).unwrap();
    succeed(
        path,
        &["train", "ae", "--data", "t.csv", "--code", "2", "--hidden", "6", "--epochs", "1", "--out", "r"],
    );
    let grams: String = table(20)
        .lines()
        .enumerate()
        .map(|(i, line)| match line.split_once(',') {
            Some((length, rest)) if i > 0 => format!("{},{rest}\n", length.parse::<f64>().unwrap() * 1000.0),
            _ => format!("{line}\n"),
        })
        .collect();
    fs::write(path.join("grams.csv"), grams).unwrap();
    for command in ["eval", "score", "encode", "reconstruct", "denoise", "interpolate", "inspect"] {
        let warnings = |file: &str| {
            let text = said(path, &[command, "r", "--data", file]);
            text.lines().filter(|line| line.starts_with("warning: ")).map(str::to_owned).collect::<Vec<_>>()
        };
        assert!(warnings("t.csv").is_empty(), "{command}");
        let found = warnings("grams.csv");
        assert_eq!(found.len(), 1, "{command}: {found:?}");
        assert!(
            found[0].starts_with("warning: grams.csv: column `length` runs from 9"),
            "{command}: {found:?}"
        );
        assert!(
            found[0].contains("where the model learnt from 9.0") && found[0].contains("in 20 of 20 rows")
        );
    }
}

#[test]
fn arrays_as_others_write_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let elements = pixels(36);
    let write = |name: &str, content: &[u8]| fs::write(path.join(name), content).unwrap();
    // Colour images with the channels last and first.
    write("last.npy", &bytes("(12, 4, 3, 3)", &elements));
    let place = |i: usize| (i / 36) * 36 + i % 12 * 3 + i % 36 / 12;
    let first: Vec<u8> = (0..elements.len()).map(|i| elements[place(i)]).collect();
    write("first.npy", &bytes("(12, 3, 4, 3)", &first));
    write("grey.npy", &bytes("(36, 1, 2, 6)", &elements));
    write("plain.npy", &bytes("(36, 2, 6)", &elements));
    let axes = |file: &str| said(path, &["data", file]);
    assert!(
        axes("last.npy").contains("taken as [images, height, width, channels]: 4 x 3 pixels, channels: 3")
    );
    assert!(
        axes("grey.npy").contains("taken as [images, channels, height, width]: 2 x 6 pixels, channels: 1")
    );
    assert!(succeed(path, &["data", "grey.npy"]).contains("36 images of 2 × 6 pixels"));
    let trained = |file: &str| numbers(&pca(path, file, &["--out", &format!("r-{file}")]));
    assert_eq!(trained("grey.npy"), trained("plain.npy"));
    // (12, 3, 4, 3) could be either, and is taken for channels last.
    assert!(axes("first.npy").contains("taken as [images, height, width, channels]"));
    let wide: Vec<u8> = elements.iter().chain(&elements).copied().collect();
    write("wide-last.npy", &bytes("(12, 4, 6, 3)", &wide));
    let place = |i: usize| (i / 72) * 72 + i % 24 * 3 + i % 72 / 24;
    write(
        "wide-first.npy",
        &bytes("(12, 3, 4, 6)", &(0..wide.len()).map(|i| wide[place(i)]).collect::<Vec<_>>()),
    );
    assert!(axes("wide-first.npy").contains("taken as [images, channels, height, width]"));
    assert_eq!(trained("wide-last.npy"), trained("wide-first.npy"));

    // Text beside the numbers is left out with a note, unless it is asked for.
    let text = array_of("<U1", "(1,)", b"a\0\0\0");
    let x = bytes("(36, 4, 3)", &elements);
    write("text.npz", &archive(&[("names.npy", &text), ("x.npy", &x)]));
    let note = "note: left out, because these arrays hold no numbers: `names`\n";
    assert_eq!(axes("text.npz"), note);
    assert_eq!(
        numbers(&pca(path, "text.npz", &["--out", "r-text"])),
        numbers(&pca(path, "plain.npy", &["--out", "again"]))
    );
    refuse(
        path,
        &["data", "text.npz", "--label-column", "names"],
        "the array `names` cannot be used: text.npz/names.npy: the NPY header cannot be read: the elements are `<U1` (text)",
    );
    write("only.npz", &archive(&[("names.npy", &text)]));
    refuse(path, &["data", "only.npz"], "only.npz: no array in it can be read: only.npz/names.npy: ");
    write("brain.npy", &array_of("<V2", "(2, 2)", b"12345678"));
    refuse(path, &["data", "brain.npy"], "`<V2` (raw bytes of two; NumPy has no other name for bfloat16)");
    // Half precision.
    write("half.npy", &array_of("<f2", "(2, 2)", &[0, 0x3c, 0, 0xc0, 0, 0x40, 0, 0]));
    let found = succeed(path, &["data", "half.npy"]);
    assert!(found.contains("2 examples of 2 numbers") && found.contains("-2.0000"), "{found}");
}

#[test]
fn no_command_that_succeeds_prints_nan() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let rows: String = (0..40).map(|i| format!("{}3e38,{i},\n", if i % 2 == 0 { "-" } else { "" })).collect();
    fs::write(path.join("far.csv"), "a,b,none\n".to_owned() + &rows).unwrap();
    let text = succeed(path, &["data", "far.csv", "--drop-columns", "none"]);
    let row = text.lines().find(|line| line.trim_start().starts_with("a ")).unwrap();
    assert_eq!(
        row.split_whitespace().collect::<Vec<_>>(),
        ["a", "-3.000e38", "0", "0", "3.000e38", "0"],
        "{text}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&succeed(path, &["data", "far.csv", "--json"])).unwrap();
    assert_eq!((json["columns"][0]["median"].as_f64(), &json["columns"][2]["mean"]), (Some(0.0), &().into()));
    let drop = ["--drop-columns", "none"];
    let trained = pca(path, "far.csv", &[&drop[..], &["--out", "r"]].concat());
    let ae =
        ["train", "ae", "--data", "far.csv", "--epochs", "2", "--code", "1", "--hidden", "4", "--out", "a"];
    let mut texts = vec![text, trained, succeed(path, &[&ae[..], &drop].concat())];
    for run in ["r", "a"] {
        for command in ["eval", "score", "encode", "reconstruct", "inspect"] {
            texts.push(succeed(path, &[command, run, "--data", "far.csv"]));
        }
        texts.push(succeed(path, &["eval", run, "--json"]));
    }
    // Unscaled, they are still within the range of a solution in double precision, of which 100 % is right.
    let none = [&drop[..], &["--scale", "none"]].concat();
    let unscaled = pca(path, "far.csv", &[&none[..], &["--out", "u"]].concat());
    assert!(unscaled.contains("100.00 %"), "{unscaled}");
    texts.push(unscaled);
    for text in texts {
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    }
    // The gradients of a training leave the range: one sentence, and nothing is left behind.
    let none = [&none[..], &["--out", "n"]].concat();
    let unscaled = zoo(path, &[&ae[..8], &["--hidden", "4"], &none].concat());
    assert!(!unscaled.status.success());
    let error = String::from_utf8(unscaled.stderr).unwrap();
    assert!(error.contains("loss became inf") && error.contains("(epoch 1)"), "{error}");
}

/// Runs `zoo` with a named pipe `pipe` in the folder, through which this content comes once.
#[cfg(unix)]
fn through_pipe(folder: &Path, arguments: &[&str], content: &[u8]) -> Output {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    let pipe = folder.join("pipe");
    let _ = fs::remove_file(&pipe);
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut child = Command::new(env!("CARGO_BIN_EXE_zoo"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Whoever opens the pipe a second time waits for ever.
    let content = content.to_vec();
    let name = pipe.clone();
    let writer = std::thread::spawn(move || fs::write(name, content));
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > Duration::from_secs(120) {
            child.kill().unwrap();
            panic!("zoo {arguments:?} waits for ever");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    // One that never opened it would leave the writer waiting.
    let _ = fs::OpenOptions::new().read(true).write(true).open(&pipe).map(|file| (writer.join(), file));
    fs::remove_file(&pipe).unwrap();
    child.wait_with_output().unwrap()
}

#[cfg(unix)]
#[test]
fn a_pipe_is_opened_once_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let csv_text = table(40);
    fs::write(path.join("file"), &csv_text).unwrap();
    let rows: Vec<f64> = csv_text
        .lines()
        .skip(1)
        .flat_map(|line| line.split(',').map(|field| field.parse::<f64>().unwrap()).collect::<Vec<_>>())
        .collect();
    let array = npy::bytes(&Tensor::from_vec([40, 4], rows));
    let gzip = |content: &[u8]| {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    };
    let tabs = csv_text.replace(',', "\t");
    let contents: [(&str, Vec<u8>); 7] = [
        ("csv", csv_text.clone().into()),
        ("tsv", tabs.clone().into()),
        ("csv.gz", gzip(csv_text.as_bytes())),
        ("tsv.gz", gzip(tabs.as_bytes())),
        ("npy", array.clone()),
        ("npy.gz", gzip(&array)),
        ("npz", archive(&[("x.npy", &array)])),
    ];
    let text = |output: Output| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        String::from_utf8(output.stdout).unwrap()
    };
    succeed(path, &["train", "pca", "--set", "code=2", "--data", "file", "--out", "run"]);
    let encoded = csv(&succeed(path, &["encode", "run", "--data", "file"])).1;
    for (name, content) in &contents {
        let codes = text(through_pipe(path, &["encode", "run", "--data", "pipe"], content));
        let codes = csv(&codes).1;
        assert_eq!(codes.len(), 40, "{name}");
        assert!(close(&codes.concat(), &encoded.concat()), "{name}");
        let described = text(through_pipe(path, &["data", "pipe"], content));
        assert!(described.starts_with("pipe: 40 examples of 4 numbers"), "{name}: {described}");
        let trained =
            text(through_pipe(path, &["train", "pca", "--set", "code=2", "--data", "pipe"], content));
        assert!(trained.contains("(32 training and 8 test rows)"), "{name}: {trained}");
        let large = ["train", "pca", "--set", "code=2", "--data", "pipe", "--memory", "0"];
        text(through_pipe(path, &large, content));
        // Standard input is such a pipe.
        assert_eq!(
            csv(&crate::common::pipe(path, &["encode", "run", "--data", "-"], content)).1,
            codes,
            "{name}"
        );
    }
    // Every other command that reads data gives what it gives for the file.
    for command in ["eval", "score", "reconstruct", "denoise", "interpolate", "inspect"] {
        let found = text(through_pipe(path, &[command, "run", "--data", "pipe"], csv_text.as_bytes()));
        let wanted = succeed(path, &[command, "run", "--data", "file"]);
        assert_eq!(found.replace("pipe", "file"), wanted, "{command}");
    }
    let codes = succeed(path, &["encode", "run", "--data", "file"]);
    let decoded = text(through_pipe(path, &["decode", "run", "--codes", "pipe"], codes.as_bytes()));
    assert_eq!(csv(&decoded).1.len(), 40);
    let search = ["search", "ae", "--data", "pipe", "--space", "code=1,2", "--trials", "2", "--epochs", "1"];
    let output = through_pipe(path, &search, csv_text.as_bytes());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // What is wrong is said of the pipe, and a pipe that is there later is not read again.
    let output = through_pipe(path, &["data", "pipe"], b"a,b\n1,2\n3\n");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.starts_with("error: pipe: line 3: the row has 1 fields"), "{error}");
    let output = through_pipe(path, &["data", "pipe"], b"");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "error: pipe: the file is empty\n");
    let trained =
        through_pipe(path, &["train", "pca", "--data", "pipe", "--out", "piped"], csv_text.as_bytes());
    assert!(trained.status.success());
    assert!(std::process::Command::new("mkfifo").arg(path.join("pipe")).status().unwrap().success());
    // It would wait for ever for a writer.
    zoo(path, &["eval", "piped"]);
    succeed(path, &["encode", "piped", "--data", "file"]);
}
