//! `zoo encode` and `zoo decode`.

use std::path::Path;

use autograd::Tensor;
use nn::data::npy;
use nn::data::table::{self, Column, TableOptions};
use nn::{Error, Result};
use zoo::data::Input;
use zoo::run::Run;
use zoo::{evaluate, pictures};

use super::Outcome;
use super::examples::{called, caption, image_size, images, rows_carrying, sheet};
use super::output::{Sheet, Target, finite};
use super::progress::Spinner;
use crate::cli::{DecodeArgs, EncodeArgs};

/// Examples to codes.
pub(crate) fn encode(args: &EncodeArgs) -> Result<Outcome> {
    let target = Target::new(&args.out)?;
    let run = Run::open(&args.run)?;
    let rows = rows_carrying(&run, &args.rows, &args.carried)?;
    let spinner = Spinner::new("encoding");
    let codes = evaluate::codes(&*run.model, &rows.data);
    drop(spinner);
    let columns = (1..=codes.shape()[1]).map(|j| format!("z{j}")).collect();
    let texts = run.preparation.texts(rows.data.x()).map(|texts| ("text".to_owned(), texts));
    let title = format!("Codes of {}\n{}", called(&run, &args.rows), caption(&run));
    target.put(
        || {
            Ok(Sheet {
                rows: Some(rows.names.clone()),
                texts: rows.ids.clone().into_iter().chain(texts).collect(),
                words: vec![],
                columns,
                values: codes.cast(),
                single: true,
            })
        },
        || Ok(pictures::codes_titled(&title, &codes, rows.data.labels(), &run.preparation.class_names)),
    )
}

/// Codes to examples.
pub(crate) fn decode(args: &DecodeArgs) -> Result<Outcome> {
    let target = Target::new(&args.out)?;
    let run = Run::open(&args.run)?;
    if target.is_picture() {
        image_size(&run)?;
    }
    let codes = read_codes(&args.codes, run.code())?;
    let x = decoded(&run, &codes);
    target.put(|| Ok(sheet(&run, None, &x)), || images(&run, "Decoded codes", 10, &x))
}

/// Decodes any number of codes.
pub(super) fn decoded(run: &Run, codes: &Tensor<f32>) -> Tensor<f32> {
    let _spinner = Spinner::new("decoding");
    evaluate::in_batches(codes, |z| run.model.decode(z))
}

/// Codes as `zoo encode` writes them.
fn read_codes(source: &str, width: usize) -> Result<Tensor<f32>> {
    let input = Input::open(source)?;
    input.named(codes_in(input.path(), width))
}

fn codes_in(path: &Path, width: usize) -> Result<Tensor<f32>> {
    let codes = if npy::element(path).is_ok() {
        npy::read::<f32>(path)?
    } else {
        const ARE: &str = "; codes are numbers, as `zoo encode` writes them";
        let unlike = |error: Error| match error {
            Error::Table(error) => Error::file(path, error.fact() + ARE),
            Error::File { problem, .. } => Error::file(path, problem + ARE),
            error => error,
        };
        let columns = table::columns(path, &TableOptions::default()).map_err(unlike)?;
        // Beside the numbers z1, z2, … it has the row, and perhaps a column that was carried along.
        let is_code =
            |name: &String| name.strip_prefix('z').is_some_and(|number| number.parse::<usize>().is_ok());
        let beside = |name: &&String| {
            *name == "row"
                || columns.names.iter().filter(|name| is_code(name)).count() == width && !is_code(name)
        };
        let drop = columns.names.iter().filter(beside).map(|name| Column::Name(name.clone()));
        let options = TableOptions { drop: drop.collect(), ..TableOptions::default() };
        table::read(path, &options).map_err(unlike)?.data.x().cast()
    };
    finite(codes.to_vec().into_iter().map(f64::from))?;
    match codes.shape() {
        [rows, found] if *found == width && *rows > 0 => Ok(codes),
        shape => Err(Error::file(
            path,
            format!(
                "the codes have shape {shape:?}, but a code of this model has {width} numbers: [rows, {width}]"
            ),
        )),
    }
}
