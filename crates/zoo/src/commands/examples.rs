//! What the commands that use a trained model share: examples to work on, and pictures of them.

use std::path::Path;

use autograd::Tensor;
use nn::{Error, Result};
use zoo::data::{Reading, Rows, Scale};
use zoo::plot::{Picture, Size, image_grid};
use zoo::run::Run;

use super::output::{Sheet, finite};
use super::progress::Spinner;
use super::terminal::say_notes;
use crate::cli::{CarriedArgs, Part, RowsArgs, column};

/// Opens a run for a command that looks at examples: one that learnt from tables, pictures or series.
///
/// # Errors
/// Those of [`Run::open`], and if it learnt who chose what.
pub(super) fn open(folder: &Path) -> Result<Run> {
    let run = Run::open(folder)?;
    if run.preparation.reading.choices.is_some() {
        let problem = "this run learnt who chose what, and has no examples to look at; `zoo recommend`, `zoo eval` and \
                       `zoo encode` use it";
        return Err(Error::file(folder, problem));
    }
    Ok(run)
}

/// Opens a run for a command that takes examples for numbers: one that learnt from no texts either.
///
/// # Errors
/// Those of [`open`], and if it learnt from texts.
pub(super) fn open_numbers(folder: &Path) -> Result<Run> {
    let run = open(folder)?;
    refuse_texts(&run)?;
    Ok(run)
}

/// Refuses a run of texts where examples are numbers.
///
/// # Errors
/// If it is one.
pub(super) fn refuse_texts(run: &Run) -> Result<()> {
    match run.preparation.alphabet {
        None => Ok(()),
        Some(_) => Err(Error::file(
            &run.folder,
            "this run learnt from texts, and this command takes examples for numbers; `zoo encode`, `decode`, `reconstruct`, \
             `interpolate`, `sample`, `eval` and `report` use it",
        )),
    }
}

/// The examples that the flags ask for, prepared for the model of the run.
pub(super) fn rows(run: &Run, args: &RowsArgs) -> Result<Rows> {
    rows_carrying(run, args, &CarriedArgs { id: None })
}

/// The same, and beside them the column that is carried along.
pub(super) fn rows_carrying(run: &Run, args: &RowsArgs, carried: &CarriedArgs) -> Result<Rows> {
    let mut given = args.reading.over(Reading::default());
    if args.data.is_none() && !given.is_default() {
        let flags = args.reading.text();
        return Err(Error::setting(
            "data",
            format!("{} says how --data is read, so give --data as well", flags.trim()),
        ));
    }
    given.id = carried.id.as_deref().map(column);
    let spinner = Spinner::new("reading data");
    let or_give = |error: Error| Error::data(format!("{error}, or give data with --data"));
    let part = if args.part == Some(Part::Train) { 0 } else { 1 };
    let rows = match (&args.data, &given.id) {
        (Some(source), _) => run.preparation.read_as(source, &given)?,
        (None, Some(id)) if run.preparation.reading.id.as_ref() != Some(id) => {
            let [train, test] = run.rows_carrying(Some(id.clone())).map_err(or_give)?;
            if part == 0 { train } else { test }
        }
        (None, _) => {
            let (mut rows, note) = run.examples(part).map_err(or_give)?;
            rows.notes.extend(note);
            rows
        }
    };
    drop(spinner);
    say_notes(&rows.notes);
    match &carried.id {
        Some(id) if rows.ids.is_none() => Err(Error::setting(
            "id",
            format!("there is no column `{id}` in these data to carry along (--id)"),
        )),
        _ => Ok(rows),
    }
}

/// What the examples are called in a title.
pub(super) fn called(run: &Run, args: &RowsArgs) -> String {
    match (&args.data, args.part) {
        (Some(source), _) => source.clone(),
        (None, Some(Part::Train)) => format!("training examples of {}", run.config.data),
        (None, _) => format!("test examples of {}", run.config.data),
    }
}

/// Examples `[rows, features]` as a model sees them, as a table in the units of the data, beside what `rows` are
/// called.
pub(super) fn sheet(run: &Run, rows: Option<&Rows>, x: &Tensor<f32>) -> Sheet {
    let names = match run.preparation.columns.is_empty() {
        false => run.preparation.columns.clone(),
        true => (0..run.preparation.features).map(|j| run.preparation.feature(j).replace(' ', "_")).collect(),
    };
    Sheet {
        rows: rows.map(|rows| rows.names.clone()),
        texts: rows.and_then(|rows| rows.ids.clone()).into_iter().collect(),
        words: match run.preparation.texts(x) {
            Some(texts) => vec![("text".to_owned(), texts)],
            None => run.preparation.table(x),
        },
        columns: names,
        values: run.preparation.restore_units(x),
        single: !run.preparation.is_scaled(),
    }
}

/// The size of the images that the run is about.
pub(super) fn image_size(run: &Run) -> Result<Size> {
    match run.preparation.shape() {
        Some([_, height, width]) => Ok(Size { height, width }),
        None => Err(Error::unsupported(
            "these examples are no grey images and no colour ones, so they cannot be drawn; write .csv or .npy instead",
        )),
    }
}

/// Images `[rows, features]` as a model sees them, in columns.
pub(super) fn images(run: &Run, title: &str, columns: usize, x: &Tensor<f32>) -> Result<Picture> {
    let size = image_size(run)?;
    let [values] = shown(run, [x])?;
    let features = run.preparation.features;
    let images: Vec<Vec<f32>> = values.chunks(features).map(<[f32]>::to_vec).collect();
    let title = format!("{title}\n{}", caption(run));
    Ok(image_grid(&title, size, columns, &images, None))
}

/// The values of images as a model sees them, from 0 (black) to 1.
pub(super) fn shown<const N: usize>(run: &Run, images: [&Tensor<f32>; N]) -> Result<[Vec<f32>; N]> {
    let values = images.map(Tensor::to_vec);
    let all = || values.iter().flatten().copied();
    finite(all().map(f64::from))?;
    let range = || all().fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], v| [low.min(v), high.max(v)]);
    // Standardized images have no black and no white, so the darkest and the brightest value stand in.
    let [low, high] = if run.preparation.reading.scale == Scale::Standard { range() } else { [0.0, 1.0] };
    let shown = |v: f32| ((v - low) / (high - low).max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
    Ok(values.map(|values| values.into_iter().map(shown).collect()))
}

/// What a picture says about the model.
pub(super) fn caption(run: &Run) -> String {
    format!("{}, code {}, {}", run.entry.title, run.code(), run.folder.display())
}
