//! Writes the programs of the proof: each step with its solution, with each hole blank, and with each wrong answer.
//! (See `tests/proof.rs`.) All of them are modules of one program, because a program for each would take minutes.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use step::{Fill, Step};

#[allow(dead_code, reason = "the proof needs a part of it")]
#[path = "src/step.rs"]
mod step;

fn main() {
    println!("cargo::rerun-if-changed=src/step.rs");
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let mut program = String::new();
    for (folder, prefix) in [("steps", "step"), ("labs", "lab")] {
        println!("cargo::rerun-if-changed={folder}");
        for step in Step::all(&here.join(folder)) {
            write_step(&mut program, &here.join(folder), prefix, &step);
        }
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("proof.rs"), program).expect("cargo's folder can be written");
}

/// The solution as a module with its tests, and a test of all others.
fn write_step(program: &mut String, folder: &Path, prefix: &str, step: &Step) {
    let Step { name, .. } = step;
    let file = folder.join(format!("{name}.rs"));
    writeln!(program, "#[path = {file:?}]\nmod {prefix}_{name};").expect("strings take all");

    let mut others = String::new();
    let mut add = |kind: &str, text: String| {
        let module = format!("{prefix}_{name}_{kind}");
        let text = text
            .replace("//!", "//")
            .replace("#[cfg(test)]\n", "pub(crate) ")
            .replace("    #[test]\n    fn", "    pub(crate) fn");
        writeln!(program, "#[allow(warnings, clippy::all, clippy::pedantic)]\nmod {module} {{\n{text}}}")
            .expect("strings take all");
        let tests: Vec<String> = step.tests().iter().map(|test| format!("{module}::tests::{test}")).collect();
        writeln!(others, "        ({kind:?}, &[{}]),", tests.join(", ")).expect("strings take all");
    };
    for (hole, wrong) in step.holes().into_iter().enumerate() {
        let only = |fill| step.text(|number| if number == hole { fill } else { Fill::Solution });
        add(&format!("blank_{hole}"), only(Fill::Blank));
        for number in 0..wrong {
            add(&format!("wrong_{hole}_{number}"), only(Fill::Wrong(number)));
        }
    }
    if step.holes().len() > 1 {
        add("stub", step.stub());
    }
    writeln!(
        program,
        "#[test]\nfn {prefix}_{name}_notices() {{\n    notices({name:?}, &[\n{others}    ]);\n}}"
    )
    .expect("strings take all");
}
