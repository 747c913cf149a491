//! `zoo describe`.

use nn::Result;
use zoo::data::digits;
use zoo::describe::{Setting, model};
use zoo::registry;

use super::{Outcome, json, terminal};
use crate::cli::DescribeArgs;

/// Columns of text that can be read with ease.
const WIDEST: usize = 100;

/// A model in words.
pub(crate) fn run(args: &DescribeArgs) -> Result<Outcome> {
    let entry = registry::find(&args.model)?;
    let found = model(entry, &digits().train);
    if args.json.json {
        return Ok(Outcome::Done(json(&found)));
    }
    let columns = terminal::columns().unwrap_or(WIDEST).min(WIDEST);
    let wrapped = |text: &str, indentation| terminal::wrapped(text, indentation, columns);
    let mut text = format!("{}: {}\n\n", found.name, found.title);
    for line in found.about.lines() {
        text += &wrapped(line, if line.starts_with("    ") { 6 } else { 2 });
    }
    text += &format!("\n  Loss:    {}\n  Source:  {}\n", found.equation, found.source);
    let about =
        "Settings (--set KEY=VALUE), with the defaults for the embedded digits; some grow with the data:";
    text += &format!("\n{}\n", wrapped(about, 0));
    let settings = |settings: &[Setting], prefix: &str| -> String {
        let lines = settings.iter().map(|setting| {
            let values = match setting.values.is_empty() {
                true => String::new(),
                false => wrapped(&format!("One of: {}.", setting.values.join(", ")), 6),
            };
            format!(
                "  {prefix}{} = {}\n{}{values}",
                setting.name,
                setting.default,
                wrapped(&setting.about, 6)
            )
        });
        lines.collect()
    };
    text += &settings(&found.settings, "");
    if !found.training.is_empty() {
        text += "\nTraining:\n\n";
        text += &settings(&found.training, "train.");
    }
    let data = entry.recommends.map_or("", |_| " --data ratings.csv");
    text += &format!("\nExample:\n  zoo train {}{data}\n", found.name);
    Ok(Outcome::Done(text))
}
