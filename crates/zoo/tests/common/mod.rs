//! What the tests of the command line share.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{LazyLock, Mutex, PoisonError};

/// Runs `zoo` in a folder.
pub(crate) fn zoo(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_zoo")).args(arguments).current_dir(folder).output().unwrap()
}

pub(crate) fn succeed(folder: &Path, arguments: &[&str]) -> String {
    let output = zoo(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "zoo {arguments:?}: {said}");
    flags_exist(arguments, &said);
    String::from_utf8(output.stdout).unwrap()
}

/// Asserts that every flag that a message names is one of the command that printed it, or of the command that the
/// message names before it.
pub(crate) fn flags_exist(arguments: &[&str], message: &str) {
    let ran = match arguments {
        ["data", "fetch", ..] => "data fetch",
        _ => arguments.first().copied().unwrap_or_default(),
    };
    for (place, _) in message.match_indices("--") {
        let (before, after) = message.split_at(place);
        let is_letter = |sign: char| sign.is_ascii_lowercase() || sign == '-';
        let flag = &after[..after.find(|sign| !is_letter(sign)).unwrap_or(after.len())];
        let is_flag = flag.len() > 3 && flag.as_bytes()[2] != b'-';
        let of_cargo = before.rsplit('`').next().is_some_and(|text| text.starts_with("cargo "));
        if !is_flag || before.ends_with(char::is_alphanumeric) || before.ends_with('\'') || of_cargo {
            continue;
        }
        // `zoo train --config` in a message of another command.
        let named =
            before.rsplit_once("zoo ").map(|(_, rest)| rest.split_whitespace().next().unwrap_or_default());
        let commands = [
            named.filter(|_| before.rsplit('`').next().is_some_and(|text| text.starts_with("zoo "))),
            Some(ran),
        ];
        let command = commands.into_iter().flatten().next().unwrap_or_default();
        assert!(has_flag(command, flag), "zoo {command} has no {flag}, which it names:\n{message}");
    }
}

/// Whether the help of a command lists a flag.
pub(crate) fn has_flag(command: &str, flag: &str) -> bool {
    static HELP: LazyLock<Mutex<HashMap<String, String>>> = LazyLock::new(Default::default);
    // A test that failed with it says so itself.
    let mut known = HELP.lock().unwrap_or_else(PoisonError::into_inner);
    let help = known.entry(command.to_owned()).or_insert_with(|| {
        let arguments: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let output = zoo(Path::new("."), &arguments);
        assert!(output.status.success(), "`zoo {command}` is no command");
        String::from_utf8(output.stdout).unwrap()
    });
    help.split(|sign: char| !(sign.is_ascii_lowercase() || sign == '-')).any(|word| word == flag)
}

/// Asserts that `zoo` fails with one clear line that holds `expected`, and leaves nothing behind.
pub(crate) fn refuse(folder: &Path, arguments: &[&str], expected: &str) {
    let before = listing(folder);
    let output = zoo(folder, arguments);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "zoo {arguments:?} succeeded");
    assert!(error.contains(expected), "zoo {arguments:?} says\n{error}not\n{expected}");
    assert!(!error.contains("panicked") && !error.contains("backtrace"), "{error}");
    assert_eq!(error.lines().count(), 1, "one sentence, not\n{error}");
    flags_exist(arguments, &error);
    assert_eq!(listing(folder), before, "zoo {arguments:?} left something behind");
}

pub(crate) fn listing(folder: &Path) -> Vec<String> {
    let mut names = vec![];
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        names.push(path.display().to_string());
        if path.is_dir() {
            names.extend(listing(&path));
        }
    }
    names.sort();
    // The folder for runs may stay, empty.
    names.retain(|name| !name.ends_with("/runs"));
    names
}

/// Runs `zoo` with something on standard input.
pub(crate) fn piped(folder: &Path, arguments: &[&str], input: &[u8]) -> Output {
    use std::io::Write;
    use std::process::Stdio;
    let mut child = Command::new(env!("CARGO_BIN_EXE_zoo"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

/// The same; what it prints, if it succeeds.
pub(crate) fn pipe(folder: &Path, arguments: &[&str], input: &[u8]) -> String {
    let output = piped(folder, arguments, input);
    assert!(output.status.success(), "zoo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Numbers that look measured: three features that follow two causes, and one that is constant.
pub(crate) fn table(rows: usize) -> String {
    let row = |i: usize| {
        let (a, b) = ((i as f64 * 0.7).sin(), (i as f64 * 1.3).cos());
        format!("{:.4},{:.4},{:.4},5\n", 10.0 + a, 100.0 * b, a - b)
    };
    "length,width,height,same\n".to_owned() + &(0..rows).map(row).collect::<String>()
}

/// Writes a table of 60 rows and trains a small autoencoder on it: `runs/ae-1`.
pub(crate) fn trained_on_table(folder: &Path) {
    fs::write(folder.join("table.csv"), table(60)).unwrap();
    let model = ["train", "ae", "--code", "2", "--hidden", "8", "--epochs", "2"];
    succeed(folder, &[&model[..], &["--data", "table.csv"]].concat());
}

/// The rows of a CSV text after its header, and the header.
pub(crate) fn csv(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect());
    (lines.next().unwrap(), lines.collect())
}

/// Whether these are the same numbers but for rounding: products of other heights are rounded otherwise.
pub(crate) fn close(a: &[String], b: &[String]) -> bool {
    let number = |text: &String| text.parse::<f64>().unwrap();
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (number(a) - number(b)).abs() < 1e-5)
}

/// The files of a run that do not tell the time.
pub(crate) fn bytes(run: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(run).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let told = files.iter().filter(|path| path.is_file());
    let read = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut bytes = fs::read(path).unwrap();
        if name == "report.html" {
            // It is made of the others, with the name of the run and the time that it took in words.
            bytes.clear();
        }
        if name == "metrics.jsonl" {
            let text = String::from_utf8(bytes).unwrap();
            bytes = without_times(&text).into_bytes();
        }
        (name, bytes)
    };
    told.map(read).collect()
}

/// Every number after `"seconds":` left out.
fn without_times(text: &str) -> String {
    let mut parts = text.split("\"seconds\":");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept += part.trim_start_matches(|sign: char| sign.is_ascii_digit() || ".e- ".contains(sign));
    }
    kept
}
