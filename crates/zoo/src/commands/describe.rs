//! `zoo describe`.

use nn::Result;
use zoo::data::digits;
use zoo::describe::{Setting, model};
use zoo::registry;

use super::{Outcome, json};
use crate::cli::DescribeArgs;

/// A model in words.
pub(crate) fn run(args: &DescribeArgs) -> Result<Outcome> {
    let found = model(registry::find(&args.model)?, &digits().train);
    if args.json.json {
        return Ok(Outcome::Done(json(&found)));
    }
    let mut text = format!("{}: {}\n\n", found.name, found.title);
    for line in found.about.lines() {
        text += &wrapped(line, if line.starts_with("    ") { 6 } else { 2 });
    }
    text += &format!("\n  Loss:    {}\n  Source:  {}\n", found.equation, found.source);
    text += "\nSettings (--set KEY=VALUE), with the defaults for the embedded digits; some grow with the data:\n\n";
    let settings = |settings: &[Setting], prefix: &str| -> String {
        let lines = settings.iter().map(|setting| {
            format!("  {prefix}{} = {}\n{}", setting.name, setting.default, wrapped(&setting.about, 6))
        });
        lines.collect()
    };
    text += &settings(&found.settings, "");
    if !found.training.is_empty() {
        text += "\nTraining:\n\n";
        text += &settings(&found.training, "train.");
    }
    text += &format!("\nExample:\n  zoo train {}\n", found.name);
    Ok(Outcome::Done(text))
}

/// The words of a line, on lines of at most 100 characters with this indentation.
fn wrapped(line: &str, indentation: usize) -> String {
    const WIDTH: usize = 100;
    let (mut text, mut length) = (String::new(), 0);
    for word in line.split_whitespace() {
        let width = word.chars().count();
        if length == 0 || length + 1 + width > WIDTH {
            text += if length == 0 { "" } else { "\n" };
            text += &" ".repeat(indentation);
            length = indentation;
        } else {
            text.push(' ');
            length += 1;
        }
        text += word;
        length += width;
    }
    text + "\n"
}
