//! `zoo interpolate`.

use nn::{Error, Result};
use zoo::data::Rows;
use zoo::settings::check_size;
use zoo::uses::geodesic::geodesic;
use zoo::uses::latent::{linear, spherical};

use super::Outcome;
use super::encode::decoded;
use super::examples::{image_size, images, open, rows, sheet};
use super::output::Target;
use super::progress::Spinner;
use crate::cli::{InterpolateArgs, PathName};

/// Steps of the optimization of a geodesic.
const ITERATIONS: usize = 300;

/// From one example to another.
pub(crate) fn run(args: &InterpolateArgs) -> Result<Outcome> {
    let target = Target::new(&args.out)?;
    let least = if matches!(args.path, PathName::Geodesic) { 3 } else { 2 };
    if args.steps < least {
        return Err(Error::setting(
            "steps",
            format!("such a path has at least {least} steps, not {}", args.steps),
        ));
    }
    let run = open(&args.run)?;
    let width = run.preparation.features + run.code();
    check_size(&format!("--steps {}", args.steps), args.steps as f64 * width as f64)?;
    if target.is_picture() {
        image_size(&run)?;
    }
    let Rows { data, names, .. } = rows(&run, &args.rows)?;
    let code = |flag: &str, row: usize| match row {
        row if (1..=data.len()).contains(&row) => Ok(run.model.encode(&data.rows(&[row - 1]))),
        _ => Err(Error::setting(flag, format!("--{flag} {row}: there are rows 1 to {}", data.len()))),
    };
    let (a, b) = (code("from", args.from)?, code("to", args.to)?);
    let codes = match args.path {
        PathName::Line => linear(&a, &b, args.steps),
        PathName::Circle => spherical(&a, &b, args.steps),
        PathName::Geodesic => {
            let _spinner = Spinner::new("looking for the shortest way");
            geodesic(&*run.model, &a, &b, args.steps, ITERATIONS)?.codes
        }
    };
    let x = decoded(&run, &codes);
    let title = format!("From {} to {}", names[args.from - 1], names[args.to - 1]);
    target.put(|| Ok(sheet(&run, None, &x)), || images(&run, &title, args.steps, &x))
}
