//! Proof that the steps do what they promise: each solution passes its tests (these are ordinary tests here), each blank
//! and each wrong answer fails one of them, and no step uses a name that a later one introduces.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::catch_unwind;
use std::path::PathBuf;

use step::Step;

mod cli;

#[allow(dead_code, reason = "the build script needs a part of it")]
#[path = "../src/step.rs"]
mod step;

include!(concat!(env!("OUT_DIR"), "/proof.rs"));

/// A test of a program, as a function.
type Test = fn();

/// Insists that each program fails one of its tests.
fn notices(name: &str, programs: &[(&str, &[Test])]) {
    for (kind, tests) in programs {
        let fails = |test: &Test| catch_unwind(test).is_err();
        assert!(tests.iter().any(fails), "{name}: no test notices {kind}");
    }
}

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn steps() -> Vec<Step> {
    Step::all(&here().join("steps"))
}

/// The words of a program, without comments.
fn words(text: &str) -> BTreeSet<&str> {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    code.flat_map(|code| code.split(|c: char| !c.is_alphanumeric() && c != '_')).collect()
}

#[test]
fn no_step_uses_what_comes_later() {
    let steps = steps();
    let mut introduced: BTreeMap<&str, &str> = BTreeMap::new();
    for step in &steps {
        for name in &step.new {
            assert_eq!(introduced.insert(name, &step.name), None, "{name} is introduced twice");
            assert!(words(&step.solution()).contains(name.as_str()), "{}: {name} is not used", step.name);
        }
    }
    for step in &steps {
        let text = step.solution();
        for word in words(&text) {
            if let Some(first) = introduced.get(word) {
                assert!(**first <= *step.name, "{} uses {word}, which {first} introduces", step.name);
            }
        }
        // What is imported from the libraries must be introduced somewhere.
        for line in text
            .lines()
            .map(str::trim)
            .filter(|line| line.starts_with("use autograd") || line.starts_with("use nn"))
        {
            for name in words(line.split_once("::").map_or("", |(_, names)| names)) {
                let module = ["", "losses", "random", "optim", "layers", "Tape", "Var"].contains(&name);
                assert!(
                    module || introduced.contains_key(name),
                    "{}: {name} is introduced nowhere",
                    step.name
                );
            }
        }
    }
}

#[test]
fn steps_follow_the_book_and_each_points_into_it() {
    let steps = steps();
    for (number, step) in steps.iter().enumerate() {
        assert!(
            step.name.starts_with(&format!("{:02}_", number + 1)),
            "{}: expected number {}",
            step.name,
            number + 1
        );
    }
    let table = fs::read_to_string(here().join("../../docs/src/steps.md")).unwrap();
    for (number, step) in (1..).zip(&steps) {
        let row = format!(
            "| {number} | {} | [chapter {}]({}) |",
            step.title,
            step.page[..2].trim_start_matches('0'),
            step.page
        );
        assert!(table.contains(&row), "docs/src/steps.md should have the row\n{row}");
    }
    let chapters: Vec<&str> = steps.iter().map(|step| &step.page[..2]).collect();
    assert!(chapters.is_sorted(), "{chapters:?}");
    for step in steps.iter().chain(&Step::all(&here().join("labs"))) {
        let (page, heading) = step.page.split_once('#').unwrap_or((&step.page, ""));
        let text = fs::read_to_string(here().join("../../docs/src").join(page)).unwrap();
        let slug = |line: &str| {
            let line = line.trim_start_matches('#').trim().to_lowercase();
            line.replace(' ', "-").replace(|c: char| !c.is_alphanumeric() && c != '-', "")
        };
        let found =
            heading.is_empty() || text.lines().any(|line| line.starts_with('#') && slug(line) == heading);
        assert!(found, "{}: {page} has no heading {heading}", step.name);
    }
}

#[test]
fn every_test_of_a_lab_has_marks() {
    for lab in Step::all(&here().join("labs")) {
        let marked: Vec<&String> = lab.marks.iter().map(|(test, _)| test).collect();
        assert_eq!(marked, lab.tests().iter().collect::<Vec<_>>(), "{}", lab.name);
    }
}

/// Every step has a wrong answer, and a blank that says what is missing.
#[test]
fn every_hole_can_be_filled_wrongly() {
    for step in steps() {
        assert!(step.holes().iter().sum::<usize>() > 0, "{}: no wrong answer", step.name);
        assert!(step.stub().contains("exercises::blank(\""), "{}", step.name);
    }
}
