//! Checking a step: its program is compiled and run by cargo, and the first failure is told.

use std::collections::BTreeSet;
use std::io;
use std::process::{Command, Stdio};

use crate::folder::Folder;
use crate::step::Step;

/// The result of the tests of a step.
pub(crate) struct Outcome {
    /// Names of the tests that pass.
    pub(crate) passed: BTreeSet<String>,
    /// Each failure: the test, and what it says.
    pub(crate) failures: Vec<(String, String)>,
    /// True if the program could not be compiled; the compiler has said why.
    pub(crate) broken: bool,
}

impl Outcome {
    /// True if all is well.
    pub(crate) fn all_right(&self) -> bool {
        !self.broken && self.failures.is_empty() && !self.passed.is_empty()
    }
}

/// Compiles and runs the program of a step.
///
/// # Errors
/// If cargo cannot be run.
pub(crate) fn check(folder: &Folder, step: &Step) -> io::Result<Outcome> {
    let libraries = step.uses_libraries();
    let broken = Outcome { passed: BTreeSet::new(), failures: vec![], broken: true };
    if libraries && !folder.compiled() {
        println!("This step is the first to use the libraries. To compile them takes some minutes, once.\n");
        // By themselves: a step that does not compile leaves them compiled all the same.
        if !cargo(folder, &["build", "--lib"]).status()?.success() {
            return Ok(broken);
        }
        folder.note_compiled()?;
    }
    let test = || {
        let mut test = cargo(folder, &["test", "--quiet", "--test", &step.name]);
        test.args((!libraries).then_some("--no-default-features"));
        test
    };
    if !test().arg("--no-run").status()?.success() {
        return Ok(broken);
    }
    let mut run = test();
    run.args(["--", "--format", "pretty", "--color", "never"]);
    run.env("RUST_BACKTRACE", "0").stderr(Stdio::null());
    let output = run.output()?;
    let mut outcome = outcome(&String::from_utf8_lossy(&output.stdout));
    // The test program goes by the alphabet, the reader from top to bottom.
    let order = step.tests();
    outcome.failures.sort_by_key(|(test, _)| order.iter().position(|name| name == test));
    Ok(outcome)
}

fn cargo(folder: &Folder, words: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Cargo sets variables for the programs that it runs; the other package must not see them.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" {
            cargo.env_remove(name);
        }
    }
    cargo.current_dir(&folder.path).args(words);
    cargo
}

/// The results that the test program has printed.
fn outcome(printed: &str) -> Outcome {
    let test = |line: &str, result: &str| {
        line.strip_prefix("test ")?.strip_suffix(result)?.split(" - ").next().map(short)
    };
    let passed = printed.lines().filter_map(|line| test(line, " ... ok")).collect();
    let failures = printed.split("\n---- ").skip(1).filter_map(|block| {
        let (name, said) = block.split_once(" stdout ----\n")?;
        let said: Vec<&str> = said.lines().take_while(|line| !line.starts_with("failures:")).collect();
        let said = said.into_iter().filter(|line| !line.starts_with("note: "));
        Some((short(name), said.collect::<Vec<_>>().join("\n").trim().to_owned()))
    });
    let failures: Vec<_> = failures.collect();
    Outcome { broken: false, passed, failures }
}

/// The name of a test without its module.
fn short(name: &str) -> String {
    name.rsplit("::").next().unwrap_or(name).to_owned()
}

/// The message of a failed test, for people: the place, and the message. `thread '…' panicked at FILE:LINE:COLUMN:` goes.
pub(crate) fn told(said: &str) -> String {
    let Some((first, message)) = said.split_once('\n') else { return said.to_owned() };
    match first.split_once(" panicked at ") {
        Some((_, place)) => {
            let place = place.trim_end_matches(':').rsplit_once(':').map_or(place, |(place, _)| place);
            format!("{place}\n{message}")
        }
        None => said.to_owned(),
    }
}

/// The place and the text of a hole, if that is why a test failed.
pub(crate) fn hole(said: &str) -> Option<(String, String)> {
    let told = told(said);
    let (place, message) = told.split_once('\n')?;
    Some((place.to_owned(), message.strip_prefix("here is a hole to fill: ")?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "
running 2 tests
test tests::it_adds ... ok
test tests::it_doubles ... FAILED

failures:

---- tests::it_doubles stdout ----

thread 'tests::it_doubles' (17) panicked at tests/01_secant.rs:12:9:
assertion failed: twice
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace


failures:
    tests::it_doubles

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    #[test]
    fn failures_are_found_and_told() {
        let outcome = outcome(PRINTED);
        assert_eq!(outcome.passed, BTreeSet::from(["it_adds".to_owned()]));
        let [(name, said)] = &outcome.failures[..] else { panic!("{:?}", outcome.failures) };
        assert_eq!(name, "it_doubles");
        assert_eq!(told(said), "tests/01_secant.rs:12\nassertion failed: twice");
    }
}
