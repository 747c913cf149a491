//! `zoo data` and `zoo data fetch`.

use nn::{Error, Result};
use zoo::data::{Description, Reading, describe, fetch};

use super::progress::{Spinner, bar};
use super::{Outcome, json};
use crate::cli::{DataArgs, DataCommand, DatasetName, FetchArgs};

/// Describes a data set or fetches one.
pub(crate) fn run(args: &DataArgs) -> Result<Outcome> {
    if let Some(DataCommand::Fetch(args)) = &args.command {
        return run_fetch(args);
    }
    let source = args.source.as_deref().unwrap_or("digits");
    let spinner = Spinner::new("reading data");
    let found = describe(source, &args.reading.over(Reading::default()))?;
    drop(spinner);
    Ok(Outcome::Done(if args.json.json { json(&found) } else { table(&found) }))
}

fn table(found: &Description) -> String {
    let what = match found.shape {
        Some([1, height, width]) => format!("{} images of {height} × {width} pixels", found.examples),
        Some([_, height, width]) => format!("{} colour images of {height} × {width} pixels", found.examples),
        None => format!("{} examples of {} numbers", found.examples, found.features),
    };
    let test = found.test.map_or(String::new(), |test| format!(", {test} of them for testing"));
    let mut text = format!("{}: {what}{test}\n", found.name);
    text.extend(found.notes.iter().map(|note| format!("note: {note}\n")));
    if !found.classes.is_empty() {
        let classes: Vec<String> =
            found.classes.iter().map(|(name, count)| format!("{name} ({count})")).collect();
        text += &format!("classes: {}\n", classes.join(", "));
    }
    if !found.text.is_empty() {
        text += &format!(
            "columns of text: {}; leave them out with --drop-columns, or take one as --label-column\n",
            found.text.join(", ")
        );
    }
    let width = found.columns.iter().map(|column| column.name.chars().count()).max().unwrap_or(0);
    text += &format!(
        "\n  {:width$}  {:>11}  {:>11}  {:>11}  {:>11}  {:>7}\n",
        "", "min", "mean", "median", "max", "missing"
    );
    for column in &found.columns {
        let constant = if column.min == column.max { "  constant" } else { "" };
        text += &format!(
            "  {:width$}  {:>11}  {:>11}  {:>11}  {:>11}  {:>7}{constant}\n",
            column.name,
            short(column.min.into()),
            short(column.mean),
            short(column.median.into()),
            short(column.max.into()),
            column.missing
        );
    }
    text
}

/// A number with few digits.
fn short(x: f64) -> String {
    match x.abs() {
        0.0 => "0".into(),
        a if (1e-3..1e7).contains(&a) => format!("{x:.4}"),
        _ => format!("{x:.3e}"),
    }
}

fn run_fetch(args: &FetchArgs) -> Result<Outcome> {
    let name = match args.name {
        DatasetName::Mnist => "mnist",
        DatasetName::FashionMnist => "fashion-mnist",
    };
    let collection =
        fetch::find(name).ok_or_else(|| Error::Invalid(format!("`{name}` cannot be fetched")))?;
    let folder = match &args.to {
        Some(folder) => folder.clone(),
        None => collection.folder()?,
    };
    let progress = bar(0, "{msg}  {bar:30}  {bytes} of {total_bytes}  {bytes_per_sec}");
    collection.fetch(args.mirror.as_deref(), &folder, &mut |file, bytes| {
        progress.set_message(file.name);
        progress.set_length(file.bytes);
        progress.set_position(bytes);
    })?;
    progress.finish_and_clear();
    let use_it = if args.to.is_some() { folder.display().to_string() } else { name.to_owned() };
    Ok(Outcome::Done(format!(
        "{name} is in {}\nTrain on it with: zoo train vae --data {use_it}\n",
        folder.display()
    )))
}
