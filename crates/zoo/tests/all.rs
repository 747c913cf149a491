//! All tests of the public interface and of the command line, one module a file: a program for each would link the
//! whole zoo again. (`steady_state.rs` is a program of its own, as it counts the page faults of its process,
//! and `ranks.rs`, as it needs MPI.)

use std::fs;
use std::path::Path;

mod book;
mod bounds;
mod cli;
mod cli_data;
mod cli_kinds;
mod cli_numbers;
mod cli_pictures;
mod cli_recommend;
mod cli_results;
mod cli_runs;
mod cli_series;
mod cli_sound;
mod cli_sparse;
mod cli_tables;
mod cli_text;
mod cli_training;
mod cli_uses;
mod common;
mod ends;
mod examples;
mod first_step;
mod graphs;
mod in_memory;
mod latents;
mod models;
mod pages;
mod pairs;
mod pieces;
mod run;
mod tape_page;
mod variational;

/// In the three crates; a file that nobody names is not compiled, and what it tests is not tested.
#[test]
fn every_file_of_tests_is_a_module_or_a_program() {
    for name in ["autograd", "nn", "zoo"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
        let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
        let (modules, programs) = (read("tests/all.rs"), read("Cargo.toml"));
        let mut count = 0;
        for entry in fs::read_dir(folder.join("tests")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let file = path.file_stem().unwrap().to_str().unwrap();
            let named = modules.contains(&format!("\nmod {file};"))
                || programs.contains(&format!("path = \"tests/{file}.rs\""));
            assert!(named, "crates/{name}/tests/{file}.rs is neither in tests/all.rs nor in Cargo.toml");
            count += 1;
        }
        assert!(count > 5, "{name}: {count} files");
    }
}
