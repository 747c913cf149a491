//! Every numbered example prints what examples/expected/ says it does.
//!
//! Words have to be the same; numbers may differ by 10 % or three units of their last digit, as other processors
//! round otherwise, and training carries that on. `docs/figures.sh` writes the files anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A search ends at one setting or another by a hair, so what it prints is not compared.
const OPEN: [&str; 1] = ["28_search"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A piece of text: a number and how many decimals it is written with, or something else.
#[derive(Debug, PartialEq)]
enum Piece {
    Number { value: f64, last_digit: f64 },
    Other(String),
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut found = vec![];
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number = rest[..digits].trim_end_matches('.');
        if let (true, Ok(value)) = (first.is_ascii_digit(), number.parse()) {
            let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            found.push(Piece::Number { value, last_digit: 0.1_f64.powi(decimals as i32) });
            rest = &rest[number.len()..];
        } else {
            match found.last_mut() {
                Some(Piece::Other(word)) => word.push(first),
                _ => found.push(Piece::Other(first.into())),
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    found
}

/// Whether two outputs say the same.
fn alike(printed: &str, expected: &str) -> bool {
    let (printed, expected) = (pieces(printed), pieces(expected));
    printed.len() == expected.len()
        && printed.iter().zip(&expected).all(|pair| match pair {
            (Piece::Number { value: a, .. }, Piece::Number { value: b, last_digit }) => {
                (a - b).abs() <= (0.1 * b.abs()).max(3.001 * last_digit)
            }
            (printed, expected) => printed == expected,
        })
}

#[test]
fn numbers_may_differ_a_little_and_words_not_at_all() {
    assert!(alike("SSE/img 1.562, 8 units", "SSE/img 1.56, 8 units"));
    assert!(alike("λ = 0.1: 100.0 %", "λ = 0.1: 103 %"));
    assert!(!alike("SSE/img 1.42", "SSE/img 1.60") && alike("SSE/img 1.45", "SSE/img 1.5"));
    assert!(!alike("SSE/img 1.5", "SSE/img −1.5") && !alike("a 1", "b 1") && !alike("a 1\n", "a 1\na 1\n"));
}

#[test]
#[ignore = "minutes; after `cargo build --release --examples`, as .ci/run does"]
fn examples_print_what_they_promise() {
    // This program lies in target/release/deps, the examples beside in target/release/examples.
    let program = std::env::current_exe().unwrap();
    let built = program.parent().unwrap().with_file_name("examples");
    let mut expected: Vec<PathBuf> =
        fs::read_dir(root().join("examples/expected")).unwrap().map(|entry| entry.unwrap().path()).collect();
    expected.sort();
    let mut wrong = vec![];
    for file in expected {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let out = Command::new(built.join(name)).current_dir(root()).output();
        let out = out
            .unwrap_or_else(|error| panic!("{name}: {error}; `cargo build --release --examples` builds it"));
        let printed = String::from_utf8(out.stdout).unwrap();
        let expected = fs::read_to_string(&file).unwrap();
        println!("{name}: {}", if out.status.success() { "ok" } else { "failed" });
        if !out.status.success() || !(OPEN.contains(&name) || alike(&printed, &expected)) {
            let errors = String::from_utf8_lossy(&out.stderr);
            wrong.push(format!("{name} should print\n{expected}\nbut prints\n{printed}{errors}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
