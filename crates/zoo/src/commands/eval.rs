//! `zoo eval`.

use nn::{Dataset, Error, Result};
use serde_json::json;
use zoo::evaluate;
use zoo::likelihood::{self, Nll};
use zoo::registry::Training;
use zoo::run::Run;
use zoo::settings::check_size;

use super::examples::{called, rows};
use super::progress::{Spinner, note};
use super::report::Summary;
use super::{Outcome, json as pretty, judged, texts};
use crate::cli::EvalArgs;

/// The metrics of a trained model.
pub(crate) fn run(args: &EvalArgs) -> Result<Outcome> {
    if args.likelihood == Some(0) {
        return Err(Error::setting("likelihood", "the likelihood needs at least 1 draw (--likelihood 100)"));
    }
    if let Some(draws) = args.likelihood {
        // The weights of a hundred examples, in double precision, are there at the same time.
        check_size(&format!("--likelihood {draws}"), 200.0 * draws as f64)?;
    }
    let run = Run::open(&args.run)?;
    if run.preparation.reading.choices.is_some() {
        return judged::eval(&run, args);
    }
    if run.preparation.alphabet.is_some() {
        return texts::eval(&run, args);
    }
    let data = rows(&run, &args.rows)?.data;
    let _spinner = Spinner::new("measuring");
    let (model, seed) = (&*run.model, run.config.train.seed);
    // PCA and the mean are those of the training examples; without these there is nothing to compare with.
    let reference = match run.reference() {
        Ok(kept) => Some(kept.pca),
        Err(error) => {
            note(&format!("{error}. PCA is left out, and R² compares with the mean of the given rows."));
            None
        }
    };
    let mean = reference.as_ref().map_or_else(|| evaluate::mean(data.x()), |pca| pca.mean.clone());
    let nll = likelihood_of(&run, &data, args)?;
    let summary = Summary {
        model: run.entry.name.to_owned(),
        data: called(&run, &args.rows),
        example: run.entry.example(&data),
        features: run.preparation.features,
        examples: [run.preparation.examples, data.len()],
        code: run.code(),
        epochs: 0,
        interrupted: false,
        tendency: None,
        seconds: 0.0,
        sse: evaluate::mean_squared_error(model, &data),
        pca: reference.map(|pca| evaluate::mean_squared_error(&pca, &data)),
        mean: evaluate::variance_around(&mean, &data),
        columns: zoo::uses::columns::errors(model, &data, &run.preparation),
        loss: (run.entry.training == Training::Gradient).then(|| evaluate::loss(model, &data, seed)),
        usage: evaluate::usage(model, &data),
        in_levels: super::report::in_levels(&run.config),
    };
    summary.check()?;
    if args.json.json {
        let mut value = json!({
            "model": summary.model,
            "run": run.folder,
            "data": summary.data,
            "examples": data.len(),
            "code": summary.code,
            "nll": nll.map(|nll| json!({
                "nats": nll.nats, "draws": args.likelihood, "effective_samples": nll.effective_samples,
            })),
        });
        value.as_object_mut().expect("it is an object").extend(summary.errors());
        return Ok(Outcome::Done(pretty(&value)));
    }
    let mut text = summary.table();
    if let Some(nll) = nll {
        text += &format!(
            "\n  −ln p(x) ≤ {:.3} nats with {} draws for each example (of which {:.1} count)\n",
            nll.nats,
            args.likelihood.unwrap_or(0),
            nll.effective_samples
        );
    }
    Ok(Outcome::Done(text))
}

/// The likelihood of data by as many draws as `--likelihood` asks for, if it does.
pub(super) fn likelihood_of(run: &Run, data: &Dataset, args: &EvalArgs) -> Result<Option<Nll>> {
    let Some(draws) = args.likelihood else { return Ok(None) };
    likelihood::nll(&*run.model, data, draws, &[run.config.train.seed]).map(Some).ok_or_else(|| {
        let name = run.entry.name;
        Error::unsupported(format!(
            "the model `{name}` is no distribution, so there is no likelihood of data"
        ))
    })
}
