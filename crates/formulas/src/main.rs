//! Tools of the book besides mdBook: a preprocessor that typesets its formulas, which `mdbook build docs` runs (see
//! `docs/book.toml`), and the whole book in one file, or its slides, without mdBook: `cargo run -p formulas -- book book.html`,
//! `cargo run -p formulas -- slides slides.html`.
//!
//! The preprocessor reads a book as JSON from the standard input, and writes it, with MathML in place of formulas, to the standard
//! output. With the word `supports` it only says by its exit code that it can serve a renderer.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it talks to mdBook")]

mod formula;
mod mathml;
mod page;
mod single;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;
use single::Sources;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["supports", ..] => Ok(()),
        ["book", file] => write(file, single::book),
        ["slides", file] => write(file, single::slides),
        [] => preprocess().map_err(|error| error.to_string()),
        _ => Err("say `book FILE.html`, `slides FILE.html`, or nothing if you are mdBook".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes one file that is made of the sources of the book.
fn write(file: &str, make: impl Fn(&Sources) -> Result<String, String>) -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src");
    let text = make(&Sources::read(&folder)?)?;
    fs::write(file, text).map_err(|error| format!("cannot write {file}: {error}"))
}

fn preprocess() -> Result<(), Box<dyn std::error::Error>> {
    let mut given: Value = serde_json::from_reader(io::stdin().lock())?;
    let book =
        given.get_mut(1).ok_or("mdBook gives a context and a book; start me by `mdbook build docs`")?;
    typeset(book);
    serde_json::to_writer(io::stdout().lock(), book)?;
    io::stdout().flush()?;
    Ok(())
}

/// Every chapter within, wherever this version of mdBook keeps it.
fn typeset(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(typeset),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == "content" => *text = page::typeset(text),
                    _ => typeset(value),
                }
            }
        }
        _ => {}
    }
}
