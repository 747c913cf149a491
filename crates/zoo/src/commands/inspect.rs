//! `zoo inspect`.

use std::fs;

use autograd::Tensor;
use nn::files::write_atomically;
use nn::{Error, Result};
use serde_json::json;
use zoo::plot::{Series, curves, png};
use zoo::uses::manifold::{affordable, decoder_tangents, mean_spectrum, tangents};
use zoo::{AnyModel, evaluate, likelihood};

use super::examples::{called, caption, images, open_numbers, rows};
use super::progress::Spinner;
use super::{Outcome, json as pretty};
use crate::cli::InspectArgs;

/// Units that are listed for people.
const LISTED: usize = 32;

/// What is inside a model.
pub(crate) fn run(args: &InspectArgs) -> Result<Outcome> {
    if let Some(folder) = args.out.as_ref().filter(|folder| folder.exists()) {
        return Err(Error::file(folder, "it is there already; name a new folder"));
    }
    let run = open_numbers(&args.run)?;
    let data = rows(&run, &args.rows)?.data;
    let spinner = Spinner::new("looking inside");
    let codes = evaluate::codes(&*run.model, &data);
    let units = usage(&codes);
    let active = likelihood::active_units(&*run.model, &data);
    let some = affordable(&*run.model, data.x());
    let spectrum = mean_spectrum(&*run.model, &some);
    drop(spinner);

    let mut text = format!(
        "{} in {}: {} of {} units are active (variance above 0.01)\non {} examples, {}\n\n",
        run.entry.title,
        run.folder.display(),
        active,
        units.len(),
        data.len(),
        called(&run, &args.rows)
    );
    text += "  unit        mean   deviation   not zero\n";
    for (number, unit) in units.iter().enumerate().take(LISTED) {
        let Unit { mean, deviation, used } = unit;
        text += &format!("  {:>4}  {mean:>10.4}  {deviation:>10.4}  {:>7.1} %\n", number + 1, 100.0 * used);
    }
    if units.len() > LISTED {
        text += &format!("  … and {} more (--json lists all)\n", units.len() - LISTED);
    }
    let shown: Vec<String> = spectrum.iter().take(10).map(|value| format!("{value:.3}")).collect();
    text += &format!(
        "\n  singular values of the encoder's Jacobian, means over {} examples:\n  {}\n",
        some.shape()[0],
        shown.join(" ")
    );

    if let Some(folder) = &args.out {
        let _spinner = Spinner::new("drawing");
        fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, error))?;
        let title = format!("Spectrum of the encoder's Jacobian\n{}", caption(&run));
        let points = (1..).map(f64::from).zip(spectrum.iter().copied()).collect();
        let series = [Series { name: String::new(), points }];
        let picture = curves(&title, "rank", "singular value, mean over examples", &series, &[]);
        write_atomically(&folder.join("spectrum.png"), &png(&picture))?;
        if run.preparation.image().is_some() {
            let filters = filters(&*run.model, &codes);
            let columns = (filters.shape()[0] as f64).sqrt().ceil() as usize;
            let title = "Filters\nwhat each unit of the code adds to the mean; grey is nothing";
            write_atomically(&folder.join("filters.png"), &png(&images(&run, title, columns, &filters)?))?;
            let (rows, encoder, decoder) = tangent_rows(&*run.model, &some);
            let title = match encoder {
                0 => format!("Tangents\nan example, {decoder} directions of the decoder"),
                _ => format!(
                    "Tangents\nan example, {encoder} directions of the encoder, {decoder} of the decoder"
                ),
            };
            let picture = images(&run, &title, 1 + encoder + decoder, &rows)?;
            write_atomically(&folder.join("tangents.png"), &png(&picture))?;
        }
        text += &format!("\nPictures are in {}\n", folder.display());
    }
    if args.json.json {
        let units: Vec<_> = units
            .iter()
            .map(|unit| json!({"mean": unit.mean, "deviation": unit.deviation, "not_zero": unit.used}))
            .collect();
        return Ok(Outcome::Done(pretty(&json!({"active": active, "units": units, "spectrum": spectrum}))));
    }
    Ok(Outcome::Done(text))
}

/// How one number of the code is used.
struct Unit {
    mean: f64,
    deviation: f64,
    /// The fraction of examples in which it is not 0.
    used: f64,
}

fn usage(codes: &Tensor<f32>) -> Vec<Unit> {
    let [examples, width] = [0, 1].map(|axis| codes.shape()[axis]);
    let (values, n) = (codes.to_vec(), examples as f64);
    let unit = |j: usize| {
        let column = || values.iter().skip(j).step_by(width).map(|&z| f64::from(z));
        let mean = column().sum::<f64>() / n;
        let variance = column().map(|z| (z - mean).powi(2)).sum::<f64>() / n;
        Unit { mean, deviation: variance.sqrt(), used: column().filter(|z| *z != 0.0).count() as f64 / n }
    };
    (0..width).map(unit).collect()
}

/// `∂x̂/∂zⱼ` at the mean code, one row for each unit, around grey.
fn filters(model: &dyn AnyModel, codes: &Tensor<f32>) -> Tensor<f32> {
    let mean = evaluate::mean(codes);
    let jacobian = model.decoder_jacobian(&mean.reshape([1, mean.len()]));
    let [features, code] = [1, 2].map(|axis| jacobian.shape()[axis]);
    around_grey(&jacobian.reshape([features, code]).t().contiguous())
}

/// A few examples, each beside its tangents; and how many of those the encoder has in a row, and the decoder.
fn tangent_rows(model: &dyn AnyModel, x: &Tensor<f32>) -> (Tensor<f32>, usize, usize) {
    const ROWS: usize = 6;
    const EACH: usize = 4;
    let mut rows = vec![];
    let (mut encoder, mut decoder) = (0, 0);
    for number in 0..x.shape()[0].min(ROWS) {
        let example = x.slice(0, number..number + 1);
        let of_decoder = decoder_tangents(model, &model.encode(&example), EACH);
        let of_encoder = tangents(model, &example, EACH);
        (encoder, decoder) = (of_encoder.len(), of_decoder.len());
        let directions = of_encoder.into_iter().chain(of_decoder);
        let drawn = directions.map(|tangent| {
            let direction = Tensor::from_vec([1, tangent.direction.len()], tangent.direction);
            around_grey(&direction)
        });
        rows.extend([example].into_iter().chain(drawn));
    }
    (Tensor::concat(&rows.iter().collect::<Vec<_>>(), 0), encoder, decoder)
}

/// Each row scaled so that 0 becomes ½ and its largest magnitude 0 or 1.
fn around_grey(rows: &Tensor<f32>) -> Tensor<f32> {
    let width = rows.shape()[1];
    let values = rows.to_vec();
    let scaled = values.chunks(width).flat_map(|row| {
        let largest = row.iter().fold(f32::MIN_POSITIVE, |m, v| m.max(v.abs()));
        row.iter().map(move |v| 0.5 + 0.5 * v / largest)
    });
    Tensor::from_vec(rows.shape(), scaled.collect())
}
