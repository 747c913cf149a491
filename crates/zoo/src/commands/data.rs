//! `zoo data` and `zoo data fetch`.

use nn::{Error, Result};
use zoo::data::{Description, Reading, describe, fetch};

use super::progress::{Spinner, bar};
use super::terminal::{self, filled, one_line, say_notes, width};
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
    say_notes(&found.notes);
    Ok(Outcome::Done(if args.json.json { json(&found) } else { table(&found) }))
}

fn table(found: &Description) -> String {
    let what = match found.shape {
        Some([1, height, width]) => format!("{} images of {height} × {width} pixels", found.examples),
        Some([_, height, width]) => format!("{} colour images of {height} × {width} pixels", found.examples),
        None if found.sounds.is_some() => {
            let sounds = found.sounds.as_ref().expect("it is some");
            let files = if sounds.files == 1 { "1 sound".into() } else { format!("{} sounds", sounds.files) };
            let channels = match sounds.channels {
                1 => "mono".into(),
                2 => "stereo".into(),
                more => format!("{more} channels"),
            };
            format!("{files} of {:.1} s in all at {} Hz, {channels}", sounds.seconds, sounds.rate)
        }
        None if has_kinds(found) => {
            let (rows, columns) = (found.examples, found.columns.len());
            format!("{rows} rows of {columns} columns, {} numbers for a model", found.features)
        }
        None if found.columns.iter().any(|column| column.name.ends_with(" of a text"))
            && found.features == 1 =>
        {
            format!("{} texts", found.examples)
        }
        None => format!("{} examples of {} numbers", found.examples, found.features),
    };
    let test = found.test.map_or(String::new(), |test| format!(", {test} of them for testing"));
    let mut text = format!("{}: {what}{test}\n", found.name);
    if !found.classes.is_empty() {
        let classes: Vec<String> =
            found.classes.iter().map(|(name, count)| format!("{} ({count})", one_line(name))).collect();
        text += &format!("classes: {}\n", classes.join(", "));
    }
    if has_kinds(found) {
        let line = |column: &zoo::data::ColumnDescription| {
            let kind = column.kind.map_or(String::new(), |kind| kind.to_string());
            [column.name.clone(), kind, column.about.clone()]
        };
        let lines: Vec<[String; 3]> = found.columns.iter().map(line).collect();
        return format!(
            "{text}\n{}\nAnother kind for a column: --columns NAME=KIND\n",
            terminal::columns_table(&lines)
        );
    }
    if !found.text.is_empty() {
        let names: Vec<String> = found.text.iter().map(|name| one_line(name)).collect();
        text += &format!(
            "columns of text: {}; leave them out with --drop-columns, or take one as --label-column\n",
            names.join(", ")
        );
    }
    if found.features == 0 {
        text += "There is no column of numbers, and a model learns from numbers.\n";
    } else {
        text += &columns(found);
    }
    text
}

/// Whether this is a table of several kinds of columns.
fn has_kinds(found: &Description) -> bool {
    found.columns.iter().any(|column| column.kind.is_some())
}

/// A line for each column of numbers.
fn columns(found: &Description) -> String {
    let names: Vec<String> = found.columns.iter().map(|column| one_line(&column.name)).collect();
    let width = names.iter().map(|name| width(name)).max().unwrap_or(0);
    let mut text = format!(
        "\n  {:width$}  {:>11}  {:>11}  {:>11}  {:>11}  {:>7}\n",
        "", "min", "mean", "median", "max", "missing"
    );
    for (column, name) in found.columns.iter().zip(&names) {
        let constant = if column.min == column.max { "  constant" } else { "" };
        let spread = column.max - column.min;
        let [min, mean, median, max] =
            [column.min, column.mean, column.median, column.max].map(|x| short(x, spread));
        text += &format!(
            "  {}  {min:>11}  {mean:>11}  {median:>11}  {max:>11}  {:>7}{constant}\n",
            filled(name, width),
            column.missing
        );
    }
    text
}

/// A number of a column with few digits, but as many as show the spread of the column.
fn short(x: f64, spread: f64) -> String {
    match x.abs() {
        _ if x.is_nan() => "–".into(),
        0.0 => "0".into(),
        a if (1e7..1e15).contains(&a) && spread > 0.0 && spread < 1e-2 * a => {
            let digits = (2.0 - spread.log10()).clamp(0.0, 6.0) as usize;
            format!("{x:.digits$}")
        }
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
        fetch::find(name).ok_or_else(|| Error::setting("name", format!("`{name}` cannot be fetched")))?;
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
