//! `zoo report` and `zoo compare`: runs as pages.

use std::path::{Path, PathBuf};

use nn::files::write_atomically;
use nn::{Error, Result};
use zoo::reference::Reference;
use zoo::report;
use zoo::run::Run;

use super::Outcome;
use super::output::may_write;
use super::terminal;
use crate::cli::{CompareArgs, ReportArgs};

/// Makes the page of a run.
pub(crate) fn report(args: &ReportArgs) -> Result<Outcome> {
    let run = Run::open(&args.run)?;
    let path = args.out.clone().unwrap_or_else(|| args.run.join("report.html"));
    may_write(&path, args.force)?;
    let reference = run.reference()?;
    write(&path, &report::page(&of(&run, &reference)))
}

/// Makes the page that compares runs.
pub(crate) fn compare(args: &CompareArgs) -> Result<Outcome> {
    let path = args.out.clone().unwrap_or_else(|| PathBuf::from("compare.html"));
    may_write(&path, args.force)?;
    let runs = args.runs.iter().map(|folder| Run::open(folder)).collect::<Result<Vec<_>>>()?;
    let kept = runs.iter().map(Run::reference).collect::<Result<Vec<_>>>()?;
    for (run, other) in runs.iter().zip(&kept).skip(1) {
        let same = other.examples[1] == kept[0].examples[1] && other.data.test.x == kept[0].data.test.x;
        if !same {
            let [first, folder] = [&runs[0].folder, &run.folder].map(|folder| folder.display());
            let [a, b] = [&runs[0].config.data, &run.config.data];
            let how = if a == b { "prepared differently".to_owned() } else { format!("{a} and {b}") };
            return Err(Error::Invalid(format!(
                "{first} and {folder} were tested on different examples ({how}); compare runs on the same data"
            )));
        }
    }
    let pages: Vec<report::Run> = runs.iter().zip(&kept).map(|(run, kept)| of(run, kept)).collect();
    write_atomically(&path, report::compare(&pages).as_bytes())?;
    Ok(Outcome::Done(format!("{}\nWritten to {}\n", table(&pages), path.display())))
}

/// The errors of the runs, as `zoo train` prints them.
fn table(runs: &[report::Run]) -> String {
    let test = &runs[0].reference.data.test;
    let (examples, unit) =
        if test.image.is_some() { ("test images", "SSE/img") } else { ("test rows", "SSE/row") };
    let name = |run: &report::Run| {
        let code = run.config.settings.get("code").map(|code| format!(", code {code}")).unwrap_or_default();
        format!("{} ({}{code})", run.folder, run.entry.name)
    };
    let names: Vec<String> = runs.iter().map(name).collect();
    let width = names.iter().map(|name| terminal::width(name)).max().unwrap_or(0).max(examples.len());
    let mut text = format!("  {examples:width$}  {unit:>12}  {:>8}\n", "R²");
    for (run, name) in runs.iter().zip(&names) {
        let fidelity = &run.reference.fidelity;
        let sse = fidelity.sse;
        let explained = match fidelity.variance > 0.0 {
            true => format!("{:.2} %", 100.0 * fidelity.r_squared()),
            false => "–".to_owned(),
        };
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
