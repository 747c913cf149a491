//! `zoo describe`.

use nn::Result;
use zoo::config::{Draft, Setup};
use zoo::describe::{Setting, model, with_settings};
use zoo::{data, registry};

use super::{Outcome, json, terminal};
use crate::cli::{DescribeArgs, quoted};

/// Columns of text that can be read with ease.
const WIDEST: usize = 100;

/// A model in words.
pub(crate) fn run(args: &DescribeArgs) -> Result<Outcome> {
    let entry = registry::find(&args.model)?;
    let is_usual = args.data == "digits" && args.net.is_none();
    let found = if is_usual {
        model(entry, &data::digits().train)
    } else {
        let Setup { config, .. } = setup(args)?;
        with_settings(entry, &config.settings, &config.train)
    };
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
    let of = match &*args.data {
        "digits" => "the embedded digits; --data FILE shows those for a file".to_owned(),
        data => quoted(data),
    };
    text +=
        &format!("\n{}\n", wrapped(&format!("Settings (--set KEY=VALUE), with the defaults for {of}:"), 0));
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
    let data = match (&*args.data, entry.recommends) {
        ("digits", Some(_)) => " --data ratings.csv".into(),
        ("digits", None) => String::new(),
        (data, _) => format!(" --data {}{}", quoted(data), args.reading.text()),
    };
    let net = args.net.as_ref().map_or(String::new(), |net| format!(" --net {net}"));
    text += &format!("\nExample:\n  zoo train {}{data}{net}\n", found.name);
    Ok(Outcome::Done(text))
}

/// The settings and data that a training with these flags would begin with.
fn setup(args: &DescribeArgs) -> Result<Setup> {
    let mut draft = Draft {
        model: Some(args.model.clone()),
        data: Some(args.data.clone()),
        reading: args.reading.over(Default::default()),
        ..Draft::default()
    };
    if let Some(net) = &args.net {
        draft.say("network.name", net.clone());
    }
    draft.complete()
}
