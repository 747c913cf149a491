//! The labs: larger programs whose tests give marks.

use std::io;

use crate::check::{check, told};
use crate::folder::Folder;
use crate::step::Step;

/// Names the labs.
pub(crate) fn list(labs: &[Step]) {
    println!("Labs of ninety minutes; `cargo run -p exercises -- lab 1` makes the program and marks it.\n");
    for lab in labs {
        let marks: u32 = lab.marks.iter().map(|(_, marks)| marks).sum();
        println!("{:<24} {:>3} marks   {}", lab.name, marks, lab.title);
    }
}

/// Runs the tests of a lab and adds up their marks. True if all are reached.
///
/// # Errors
/// If cargo cannot be run.
pub(crate) fn mark(folder: &Folder, lab: &Step) -> io::Result<bool> {
    println!("{}\n  write   {}\n  read    docs/src/{}\n", lab.title, folder.program(lab).display(), lab.page);
    let tests = |text: &str| text.split_once("#[cfg(test)]").map(|(_, tests)| tests.trim().to_owned());
    if tests(&folder.text(lab)?) != tests(&lab.stub()) {
        println!(
            "✗ The tests at its end are not those of the lab, so there are no marks. `reset {}` brings",
            lab.name
        );
        println!("  them back, and keeps your program beside it, with the ending `.rs.old`.");
        return Ok(false);
    }
    let outcome = check(folder, lab)?;
    if outcome.broken {
        println!("✗ {} does not compile; the message is above.", lab.name);
        return Ok(false);
    }
    let (mut reached, mut all) = (0, 0);
    for (test, marks) in &lab.marks {
        let passed = outcome.passed.contains(test);
        all += marks;
        reached += if passed { *marks } else { 0 };
        println!(
            "{} {:>3} of {marks:>2}  {}",
            if passed { "✓" } else { "✗" },
            if passed { *marks } else { 0 },
            test.replace('_', " ")
        );
    }
    println!("\n{reached} of {all} marks.");
    if let Some((test, said)) = outcome.failures.first() {
        println!("\nThe first that fails, “{}”:\n", test.replace('_', " "));
        told(said).lines().for_each(|line| println!("    {line}"));
    }
    Ok(reached == all)
}
