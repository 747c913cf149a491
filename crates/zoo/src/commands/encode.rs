//! `zoo encode` and `zoo decode`.

use std::io::{Read, stdin};
use std::path::Path;

use autograd::Tensor;
use nn::data::npy;
use nn::data::table::{self, Column, TableOptions};
use nn::{Error, Result};
use zoo::run::Run;
use zoo::{evaluate, pictures};

use super::Outcome;
use super::examples::{called, caption, image_size, images, rows_carrying, sheet};
use super::output::{Sheet, Target};
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
    let title = format!("Codes of {}\n{}", called(&run, &args.rows), caption(&run));
    target.put(
        || {
            Ok(Sheet {
                rows: Some(rows.names.clone()),
                texts: rows.ids.clone().into_iter().collect(),
                columns,
                values: codes.clone(),
            })
        },
        || {
            Ok(pictures::codes_titled(
                &title,
                &codes,
                rows.data.labels.as_deref(),
                &run.preparation.class_names,
            ))
        },
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

/// Decodes a few hundred codes at a time.
pub(super) fn decoded(run: &Run, codes: &Tensor<f32>) -> Tensor<f32> {
    const BATCH: usize = 500;
    let _spinner = Spinner::new("decoding");
    let count = codes.shape()[0];
    let part = |start| run.model.decode(&codes.slice(0, start, count.min(start + BATCH), 1));
    let parts: Vec<Tensor<f32>> = (0..count).step_by(BATCH).map(part).collect();
    Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0)
}

/// Codes as `zoo encode` writes them.
fn read_codes(source: &str, width: usize) -> Result<Tensor<f32>> {
    let (path, mut content) = (Path::new(source), vec![]);
    let codes = if source != "-" && npy::element(path).is_ok() {
        npy::read::<f32>(path)?
    } else {
        let name = if source == "-" { Path::new("standard input") } else { path };
        match source {
            "-" => stdin().lock().read_to_end(&mut content).map(|_| ()),
            _ => std::fs::read(path).map(|read| content = read),
        }
        .map_err(|error| Error::io("read", name, error))?;
        let unlike = |error: Error| {
            let problem = match error {
                Error::File { problem, .. } => problem,
                error => error.to_string(),
            };
            let problem = problem.split("; leave").next().unwrap_or_default();
            Error::file(name, format!("{problem}; codes are numbers, as `zoo encode` writes them"))
        };
        let columns = table::parse_columns(name, &content[..], &TableOptions::default()).map_err(unlike)?;
        // Beside the numbers z1, z2, … it has the row, and perhaps a column that was carried along.
        let is_code =
            |name: &String| name.strip_prefix('z').is_some_and(|number| number.parse::<usize>().is_ok());
        let beside = |name: &&String| {
            *name == "row"
                || columns.names.iter().filter(|name| is_code(name)).count() == width && !is_code(name)
        };
        let drop = columns.names.iter().filter(beside).map(|name| Column::Name(name.clone()));
        let options = TableOptions { drop: drop.collect(), ..TableOptions::default() };
        table::parse(name, &content[..], &options).map_err(unlike)?.data.x
    };
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
