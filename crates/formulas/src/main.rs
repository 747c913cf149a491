//! Preprocessor of mdBook that typesets the formulas of the book: `mdbook build docs` runs it, see `docs/book.toml`.
//!
//! It reads a book as JSON from the standard input, and writes it, with MathML in place of formulas, to the standard
//! output. With the word `supports` it only says by its exit code that it can serve a renderer.

#![allow(clippy::print_stdout, reason = "it talks to mdBook")]

mod formula;
mod mathml;
mod page;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use serde_json::Value;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if std::env::args().nth(1).as_deref() == Some("supports") {
        return Ok(());
    }
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
