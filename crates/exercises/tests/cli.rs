//! The guide, as a reader calls it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder for the reader's programs, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    /// Runs a command; its exit code is 0 or not, and this is what it prints.
    fn run(&self, words: &[&str]) -> (bool, String) {
        let mut guide = Command::new(env!("CARGO_BIN_EXE_exercises"));
        guide.args(words).arg("--into").arg(&self.0).env("CARGO_NET_OFFLINE", "true");
        // What cargo has set for this test is not for the package in the folder.
        for name in ["CARGO_TARGET_DIR", "CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS"] {
            guide.env_remove(name);
        }
        let output = guide.output().unwrap();
        let printed = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(printed).unwrap())
    }

    fn step(&self, name: &str) -> PathBuf {
        self.0.join("tests").join(format!("{name}.rs"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_reader_fills_the_first_hole_and_is_led_on() {
    let folder = Folder::new("reader");
    let (right, printed) = folder.run(&[]);
    assert!(!right && printed.contains("There is a hole to fill, at tests/01_secant.rs:"), "{printed}");
    assert!(printed.contains("cargo run -p formulas -- book book.html"), "{printed}");
    assert!(!folder.run(&[]).1.contains("book.html"), "it is said once");

    let answer = |answer: &str| {
        let path = folder.step("01_secant");
        let text = fs::read_to_string(&path).unwrap();
        let (before, rest) = text.split_once("x: f64, h: f64) -> f64 {\n").unwrap();
        let (_, after) = rest.split_once("\n}").unwrap();
        fs::write(path, format!("{before}x: f64, h: f64) -> f64 {{\n    {answer}\n}}{after}")).unwrap();
    };
    answer("(f(x + h) - f(x)) / h");
    let (right, printed) = folder.run(&["check", "1"]);
    assert!(!right && printed.contains("are both sides used?"), "the message of the test is told: {printed}");
    assert!(!printed.contains("RUST_BACKTRACE") && !printed.contains("thread '"), "{printed}");

    answer("(f(x + h) - f(x - h)) / (2.0 * h)");
    let (_, printed) = folder.run(&[]);
    assert!(printed.contains("✓ 01_secant passes its 3 tests"), "{printed}");
    assert!(printed.contains("Step 2 of "), "it goes on by itself: {printed}");
    assert!(folder.run(&["list"]).1.contains("✓ 01_secant"));
    assert!(folder.run(&["solution", "1"]).0, "after it has passed the solution is shown");

    // A passed step that is changed has not passed any more.
    answer("0.0");
    assert!(folder.run(&["list"]).1.contains("… 01_secant"));
    let (right, _) = folder.run(&["reset", "secant"]);
    assert!(right && folder.run(&["list"]).1.contains("· 01_secant"));
    assert!(
        fs::read_to_string(folder.step("01_secant").with_extension("rs.old")).unwrap().contains("    0.0\n")
    );
}

#[test]
fn solutions_wait_and_hints_do_not() {
    let folder = Folder::new("hints");
    let (right, printed) = folder.run(&["solution", "7"]);
    assert!(!right && printed.contains("has not passed yet") && !printed.contains("adjoint["), "{printed}");
    assert!(folder.run(&["solution", "7", "--show"]).1.contains("adjoint[input] += adjoint[id] * slope"));
    assert!(folder.run(&["hint", "7"]).1.contains("(0..=output).rev()"));
    let stub = fs::read_to_string(folder.step("07_reading_it_backwards")).unwrap();
    for secret in ["// hint", "// wrong", "// hole", "adjoint[id] * slope"] {
        assert!(!stub.contains(secret), "the reader's copy has {secret}");
    }
}

#[test]
fn what_does_not_exist_is_said_in_a_sentence() {
    let folder = Folder::new("mistakes");
    let (right, printed) = folder.run(&["hint", "99"]);
    assert!(!right && printed.contains("There is no step “99”; `list` names all of them."), "{printed}");
    let (right, printed) = folder.run(&["chek"]);
    assert!(!right && printed.contains("`chek` is no command of this program."), "{printed}");
}

#[test]
fn a_lab_with_other_tests_has_no_marks() {
    let folder = Folder::new("marks");
    folder.run(&["list"]);
    let path = folder.step("3_silent_bugs");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replace("fn gradients_do_not_add_up() {", "fn gradients_do_not_add_up() {\n        return;"),
    )
    .unwrap();
    let (right, printed) = folder.run(&["lab", "3"]);
    assert!(!right && printed.contains("are not those of the lab, so there are no marks"), "{printed}");
}
