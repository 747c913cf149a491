//! `zoo report` and `zoo compare`: runs as pages.

use std::path::{Path, PathBuf};

use nn::files::write_atomically;
use nn::{Error, Result};
use zoo::data::Split;
use zoo::report;
use zoo::run::Run;

use super::Outcome;
use super::output::may_write;
use crate::cli::{CompareArgs, ReportArgs};

/// Makes the page of a run.
pub(crate) fn report(args: &ReportArgs) -> Result<Outcome> {
    let run = Run::open(&args.run)?;
    let path = args.out.clone().unwrap_or_else(|| args.run.join("report.html"));
    may_write(&path, args.force)?;
    let data = run.data()?;
    write(&path, &report::page(&of(&run, &data)))
}

/// Makes the page that compares runs.
pub(crate) fn compare(args: &CompareArgs) -> Result<Outcome> {
    let path = args.out.clone().unwrap_or_else(|| PathBuf::from("compare.html"));
    may_write(&path, args.force)?;
    let runs = args.runs.iter().map(|folder| Run::open(folder)).collect::<Result<Vec<_>>>()?;
    let data = runs.iter().map(Run::data).collect::<Result<Vec<_>>>()?;
    for (run, other) in runs.iter().zip(&data).skip(1) {
        if other.test.x != data[0].test.x {
            let [first, folder] = [&runs[0].folder, &run.folder].map(|folder| folder.display());
            let [a, b] = [&runs[0].config.data, &run.config.data];
            let how = if a == b { "prepared differently".to_owned() } else { format!("{a} and {b}") };
            return Err(Error::Invalid(format!(
                "{first} and {folder} were tested on different examples ({how}); compare runs on the same data"
            )));
        }
    }
    let pages: Vec<report::Run> = runs.iter().zip(&data).map(|(run, data)| of(run, data)).collect();
    write(&path, &report::compare(&pages))
}

fn write(path: &Path, page: &str) -> Result<Outcome> {
    write_atomically(path, page.as_bytes())?;
    Ok(Outcome::Done(format!("Written to {}\n", path.display())))
}

fn of<'a>(run: &'a Run, data: &'a Split) -> report::Run<'a> {
    report::Run {
        entry: run.entry,
        model: &*run.model,
        data,
        preparation: &run.preparation,
        config: &run.config,
        epochs: &run.epochs,
        seconds: run.epochs.last().map_or(0.0, |epoch| epoch.seconds),
        folder: run.folder.display().to_string(),
    }
}
