//! `zoo report` and `zoo compare`: runs as pages.

use std::path::{Path, PathBuf};

use nn::files::write_atomically;
use nn::losses::Unit;
use nn::{Error, Result};
use serde_json::{Value, json};
use zoo::reference::Reference;
use zoo::report;
use zoo::run::Run;

use super::examples::{open, open_numbers};
use super::output::may_write;
use super::{Outcome, json as pretty, terminal};
use crate::cli::{CompareArgs, ReportArgs};

/// Makes the page of a run.
pub(crate) fn report(args: &ReportArgs) -> Result<Outcome> {
    let run = open(&args.run)?;
    let path = args.out.clone().unwrap_or_else(|| args.run.join("report.html"));
    may_write(&path, args.force)?;
    let reference = run.reference()?;
    write(&path, &report::page(&of(&run, &reference)))
}

/// Makes the page that compares runs.
pub(crate) fn compare(args: &CompareArgs) -> Result<Outcome> {
    let path = args.out.clone().unwrap_or_else(|| PathBuf::from("compare.html"));
    may_write(&path, args.force)?;
    let runs = args.runs.iter().map(|folder| open_numbers(folder)).collect::<Result<Vec<_>>>()?;
    let kept = runs.iter().map(Run::reference).collect::<Result<Vec<_>>>()?;
    for (run, other) in runs.iter().zip(&kept).skip(1) {
        let same = other.examples[1] == kept[0].examples[1] && other.data.test.x() == kept[0].data.test.x();
        if !same {
            let [first, folder] = [&runs[0].folder, &run.folder].map(|folder| folder.display());
            let [a, b] = [&runs[0].config.data, &run.config.data];
            let how = if a == b { "prepared differently".to_owned() } else { format!("{a} and {b}") };
            return Err(Error::data(format!(
                "{first} and {folder} were tested on different examples ({how}); compare runs on the same data"
            )));
        }
    }
    let pages: Vec<report::Run> = runs.iter().zip(&kept).map(|(run, kept)| of(run, kept)).collect();
    write_atomically(&path, report::compare(&pages).as_bytes())?;
    if args.json.json {
        return Ok(Outcome::Done(pretty(&json(&pages, &path))));
    }
    Ok(Outcome::Done(format!("{}\nWritten to {}\n", table(&pages), path.display())))
}

/// The error of a run, and its share of the variance that is explained, if there is any variance.
fn errors(run: &report::Run) -> (f64, Option<f64>) {
    let fidelity = &run.reference.fidelity;
    (fidelity.sse, (fidelity.variance > 0.0).then(|| fidelity.r_squared()))
}

/// The errors of the runs, for programs.
fn json(runs: &[report::Run], page: &Path) -> Value {
    let of = |run: &report::Run| {
        let (sse, r2) = errors(run);
        json!({
            "run": run.folder,
            "model": run.entry.name,
            "settings": run.config.settings,
            "unit": Unit::SquaredError.per(run.entry.example(&run.reference.data.test)),
            "sse": sse,
            "r2": r2,
        })
    };
    json!({
        "data": runs[0].config.data,
        "test_examples": runs[0].reference.examples[1],
        "page": page,
        "runs": runs.iter().map(of).collect::<Vec<_>>(),
    })
}

/// The errors of the runs, as `zoo train` prints them.
fn table(runs: &[report::Run]) -> String {
    let test = &runs[0].reference.data.test;
    let example = runs[0].entry.example(test);
    let examples = format!("test {}s", if example == "img" { "image" } else { example });
    let unit = Unit::SquaredError.per(example);
    let name = |run: &report::Run| {
        let code = run.config.setting("code").map(|code| format!(", code {code}")).unwrap_or_default();
        format!("{} ({}{code})", run.folder, run.entry.name)
    };
    let names: Vec<String> = runs.iter().map(name).collect();
    let width = names.iter().map(|name| terminal::width(name)).max().unwrap_or(0).max(examples.len());
    let mut text = format!("  {examples:width$}  {unit:>12}  {:>8}\n", "R²");
    for (run, name) in runs.iter().zip(&names) {
        let (sse, r2) = errors(run);
        let explained = r2.map_or("–".to_owned(), |r2| format!("{:.2} %", 100.0 * r2));
        text += &format!("  {name:width$}  {sse:>12.4}  {explained:>8}\n");
    }
    text
}

fn write(path: &Path, page: &str) -> Result<Outcome> {
    write_atomically(path, page.as_bytes())?;
    Ok(Outcome::Done(format!("Written to {}\n", path.display())))
}

fn of<'a>(run: &'a Run, reference: &'a Reference) -> report::Run<'a> {
    report::Run {
        entry: run.entry,
        model: &*run.model,
        reference,
        preparation: &run.preparation,
        config: &run.config,
        epochs: &run.epochs,
        seconds: run.seconds,
        folder: run.folder.display().to_string(),
    }
}
