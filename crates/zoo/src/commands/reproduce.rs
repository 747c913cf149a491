//! `zoo reproduce`.

use std::io::IsTerminal;
use std::path::Path;
use std::time::Instant;

use autograd::Tensor;
use nn::{Dataset, Error, Result};
use zoo::data::{self, Split};
use zoo::reproduce::{self, Bench, Margin, Needs, Published, Row, TARGETS, Watch};
use zoo::together::Board;

use super::progress::line;
use super::train::use_threads;
use super::{Outcome, ranks};
use crate::cli::ReproduceArgs;

/// Runs a target and prints its table; without one, or for `list`, prints what there is.
///
/// # Errors
/// If something is wrong with the arguments or the data, or a figure is outside its margin.
pub(crate) fn run(args: &ReproduceArgs) -> Result<Outcome> {
    let Some(name) = args.target.as_deref().filter(|name| *name != "list") else {
        return Ok(Outcome::Done(list()));
    };
    let target = reproduce::find(name)?;
    let is_shared = args.state.is_some() || ranks::count() > 1;
    if is_shared && !target.in_parts {
        let problem =
            format!("`{name}` has one training, which cannot be shared; start one process, without --state");
        return Err(Error::setting("state", problem));
    }
    if is_shared && args.state.is_none() {
        let problem = "processes share the trainings of a target by a file; add --state FILE";
        return Err(Error::setting("state", problem));
    }
    let Some(folder) = &args.data else {
        return Err(Error::setting(
            "data",
            format!("`zoo reproduce {name}` needs {}: add --data FOLDER", target.needs.words()),
        ));
    };
    if args.epochs == Some(0) {
        return Err(Error::setting("epochs", "--epochs is 0; training needs at least 1 epoch"));
    }
    let folder = folder.to_str().ok_or_else(|| Error::file(folder, "the name is not valid Unicode"))?;
    if !Path::new(folder).is_dir() {
        return Err(Error::file(
            Path::new(folder),
            format!("there is no such folder; --data names the one with {}", target.needs.words()),
        ));
    }
    let data = match target.needs {
        Needs::Mnist => data::load(folder)?,
        _ => Split { name: folder.into(), train: nothing(), test: nothing() },
    };
    use_threads(args.threads)?;

    let terminal = std::io::stderr().is_terminal();
    let started = Instant::now();
    let say = |text: &str| line(&format!("{:5.1} min  {text}", started.elapsed().as_secs_f64() / 60.0));
    let watch = Watch { terminal: terminal && ranks::is_first(), say: &say };
    let rows = target.run(&Bench {
        folder: Path::new(folder),
        data: &data,
        seed: args.seed,
        epochs: args.epochs,
        board: args.state.as_deref().map(Board::at),
        watch,
    })?;
    let minutes = started.elapsed().as_secs_f64() / 60.0;

    let images = match (target.needs, [data.train.len(), data.test.len()]) {
        (Needs::Mnist, [train, test]) => format!("; {train} training and {test} test images"),
        _ => String::new(),
    };
    let mut text = format!("{name}: {}\n{}{images}\n\n", target.title, target.paper);
    text += &table(&rows);
    text += &format!("\n{minutes:.1} minutes\n");
    match rows.iter().filter(|row| row.met() == Some(false)).count() {
        0 => Ok(Outcome::Done(text)),
        missed => {
            if ranks::is_first() {
                crate::print(&text)?;
            }
            Err(Error::data(format!("{missed} of {} figures outside the margin", rows.len())))
        }
    }
}

/// No images.
fn nothing() -> Dataset {
    Dataset::new(Tensor::zeros([0, 1]))
}

/// The targets, a line each.
fn list() -> String {
    let mut lines = vec![["target", "what", "published", "paper", "minutes"].map(str::to_owned)];
    lines.extend(TARGETS.iter().map(|target| {
        let minutes = format!("{:.1}", target.minutes);
        [target.name, target.title, target.published, target.paper, &minutes].map(str::to_owned)
    }));
    aligned(&lines)
}

fn table(rows: &[Row]) -> String {
    let mut lines = vec![["", "published", "ours", "margin", "met"].map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        let digits = row.digits;
        let published = match row.published {
            Some(Published::Exactly(value)) => format!("{value:?}"),
            Some(Published::About(value)) => format!("≈ {value:?}"),
            None => String::new(),
        };
        let margin = match row.margin {
            Some(Margin::Within(value, far)) => format!("{value} ± {far}"),
            Some(Margin::AtMost(most)) => format!("≤ {most}"),
            Some(Margin::AtLeast(least)) => format!("≥ {least}"),
            None => String::new(),
        };
        let met = row.met().map_or("", |met| if met { "yes" } else { "NO" });
        [row.quantity.clone(), published, format!("{:.digits$}", row.ours), margin, met.to_owned()]
    }));
    aligned(&lines)
}

/// Columns as wide as their widest entry, two spaces apart.
fn aligned(lines: &[[String; 5]]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..5).map(width).collect();
    let line = |line: &[String; 5]| {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    lines.iter().map(line).collect()
}
