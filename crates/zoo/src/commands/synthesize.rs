//! `zoo synthesize`.

use std::fmt::Write;

use autograd::Tensor;
use nn::files::write_atomically;
use nn::{Context, Error, Purpose, Result, generator};
use zoo::mixture::GaussianMixture;
use zoo::report;
use zoo::run::Run;
use zoo::settings::check_size;
use zoo::uses::synthesize::likeness::{Beside, Likeness, likeness};
use zoo::uses::synthesize::{Given, candidates, synthesize};

use super::Outcome;
use super::examples::{images, open_numbers, sheet};
use super::output::{Sheet, Target, may_write};
use super::progress::{Spinner, note};
use super::terminal::{filled, one_line};
use crate::cli::SynthesizeArgs;

/// Columns and pairs that the terminal shows.
const SHOWN: usize = 8;

/// New rows of a table.
pub(crate) fn run(args: &SynthesizeArgs) -> Result<Outcome> {
    let target = Target::new(&args.out)?;
    if let Some(page) = &args.report {
        may_write(page, args.out.force)?;
    }
    let wanted = args.compare || args.report.is_some() || args.target.is_some();
    if wanted && args.out.out.is_none() {
        return Err(Error::setting(
            "out",
            "the comparison is printed, so the rows must go to a file: --out new.csv",
        ));
    }
    if args.rows == Some(0) {
        return Err(Error::setting("rows", "at least 1 row must be made (--rows 1)"));
    }
    let run = open_numbers(&args.run)?;
    if run.preparation.shape().is_some() {
        return Err(Error::unsupported("the model learnt from pictures; `zoo sample` makes new ones"));
    }
    if !args.conditions.is_empty() && run.entry.draws_classes {
        return Err(Error::unsupported(
            "--where is for models without classes; of `cvae` ask for a class: zoo sample --class",
        ));
    }
    let rows = args.rows.unwrap_or(run.preparation.examples);
    let given = given(&run, &args.conditions)?;
    let count = if given.is_some() { candidates(rows) } else { rows };
    check_size(&format!("--rows {rows}"), count as f64 * (run.preparation.features + run.code()) as f64)?;
    let spinner = Spinner::new("drawing rows");
    let (codes, texts) = codes(&run, count, args)?;
    let new = synthesize(&*run.model, &codes, given.as_ref(), rows, args.seed).ok_or_else(|| {
        Error::unsupported(format!(
            "`{}` is no distribution to draw rows from; train `vae`, or use zoo sample",
            run.entry.name
        ))
    })?;
    drop(spinner);
    if let Some(effective) = new.effective.filter(|effective| *effective < 100.0) {
        note(&format!(
            "rows like these are so rare that only about {effective:.0} of {count} codes have a say in them, so they vary \
             little"
        ));
    }
    let x = run.preparation.within_ranges(&new.x);
    let found = wanted.then(|| compared(&run, &x, args)).transpose()?;
    let table = || Ok(Sheet { texts, ..sheet(&run, None, &x) });
    let written = target.put(table, || images(&run, "New rows", 1, &x))?;
    let Some(found) = found else { return Ok(written) };
    let mut said = match written {
        Outcome::Done(text) => text + &told(&found),
        other => return Ok(other),
    };
    if let Some(page) = &args.report {
        write_atomically(page, report::likeness::page(&args.run.display().to_string(), &found).as_bytes())?;
        let _ = writeln!(said, "\nThe page is {}", page.display());
    }
    Ok(Outcome::Done(said))
}

/// The new rows beside real ones.
fn compared(run: &Run, x: &Tensor<f32>, args: &SynthesizeArgs) -> Result<Likeness> {
    let _spinner = Spinner::new("comparing with real rows");
    let data = run.reference()?.data;
    likeness(&run.preparation, [&data.train, &data.test], x, args.target.as_deref())
}

/// The features that are asked for.
fn given(run: &Run, conditions: &[String]) -> Result<Option<Given>> {
    if conditions.is_empty() {
        return Ok(None);
    }
    let width = run.preparation.features;
    let (mut x, mut mask) = (vec![0.0; width], vec![0.0; width]);
    for condition in conditions {
        let Some((column, text)) = condition.split_once('=') else {
            let problem =
                format!("--where {condition}: write a column and its value, as in --where income=high");
            return Err(Error::setting("where", problem));
        };
        let (features, values) = run.preparation.cell_of(column.trim(), text)?;
        if mask[features.start] > 0.0 {
            return Err(Error::setting("where", format!("--where names the column `{column}` twice")));
        }
        mask[features.clone()].fill(1.0);
        x[features].copy_from_slice(&values);
    }
    Ok(Some(Given { x: Tensor::from_vec([width], x), mask: Tensor::from_vec([width], mask) }))
}

/// A column of text beside the numbers: its name, and a cell for each row.
type Texts = Vec<(String, Vec<String>)>;

/// Codes of the prior, or of a mixture fitted to those of the training rows; of a model of classes with the class of each.
fn codes(run: &Run, count: usize, args: &SynthesizeArgs) -> Result<(Tensor<f32>, Texts)> {
    if let Some(components) = args.mixture {
        let mixture = GaussianMixture::fit(&run.reference()?.codes, components, args.seed)?;
        return Ok((mixture.sample(count, &mut generator(args.seed, Purpose::Sample, 0, 0)), vec![]));
    }
    let numbers: Vec<usize> = (0..count).collect();
    let mut context = Context::sampling(args.seed, &numbers);
    let mut texts = vec![];
    if run.entry.draws_classes {
        // As often as among the training rows.
        let known = run.reference()?.data.train.labels().map(<[u32]>::to_vec).unwrap_or_else(|| vec![0]);
        let classes: Vec<u32> =
            (0..count).map(|row| known[row * known.len() / count.max(known.len()) % known.len()]).collect();
        texts.push(zoo::uses::sample::of_classes(run, &classes));
        context = context.with_labels(Some(classes));
    }
    let codes = run.model.sample(context).ok_or_else(|| {
        Error::unsupported(format!(
            "the model `{}` has no prior to draw from; draw from a mixture of Gaussians fitted to its codes: --mixture 10",
            run.entry.name
        ))
    })?;
    Ok((codes, texts))
}

/// The comparison for a terminal.
fn told(found: &Likeness) -> String {
    let mut text = String::new();
    let [train, new, real] = found.rows;
    let _ = writeln!(
        text,
        "\n{new} new rows beside {real} real ones, both compared with {train} training rows\n"
    );
    let line = |text: &mut String, what: &str, figures: [String; 2]| {
        let _ = writeln!(text, "  {}  {:>8}  {:>8}", filled(what, 44), figures[0], figures[1]);
    };
    let figures = |of: Beside| [of.new, of.real].map(|x| format!("{x:.3}"));
    line(&mut text, "", ["new".into(), "real".into()]);
    let mut columns: Vec<_> = found.columns.iter().collect();
    columns.sort_by(|a, b| b.distance.new.total_cmp(&a.distance.new));
    let mean = |of: fn(&Beside) -> f64| {
        columns.iter().map(|column| of(&column.distance)).sum::<f64>() / columns.len().max(1) as f64
    };
    line(
        &mut text,
        "distance of the columns' distributions, mean",
        [mean(|of| of.new), mean(|of| of.real)].map(|x| format!("{x:.3}")),
    );
    for column in columns.iter().take(SHOWN) {
        line(&mut text, &format!("  {}", one_line(&column.name)), figures(column.distance));
    }
    line(&mut text, "difference of associations, mean of all pairs", figures(found.pair_difference));
    line(&mut text, "distance to the nearest training row, median", figures(found.nearest));
    line(
        &mut text,
        "copies of a training row",
        [found.copies.new, found.copies.real].map(|x| format!("{:.2} %", 100.0 * x)),
    );
    if let Some(lesson) = &found.lesson {
        let name = one_line(&lesson.target);
        line(&mut text, &format!("predicting {name}: accuracy on real rows"), figures(lesson.accuracy));
        line(&mut text, &format!("predicting {name}: F1 on real rows"), figures(lesson.f1));
        let _ = writeln!(text, "\n  The last two: learnt from new rows, and learnt from training rows.");
    }
    text
}
