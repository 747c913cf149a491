//! The end of a training: the model is saved, then measured and drawn.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::path::Path;
use std::time::Instant;

use nn::Result;
use zoo::config::{Config, Setup};
use zoo::plot::{Picture, png};
use zoo::reference::{self, Reference};
use zoo::registry::{Entry, Training};
use zoo::tendency::Tendency;
use zoo::train::Epoch;
use zoo::{AnyModel, evaluate, pictures, report, run};

use super::json as pretty;
use super::progress::{Spinner, note};
use super::report::Summary;
use super::run_folder::RunFolder;
use super::{judged, texts};

/// A training that has ended.
#[derive(Clone, Copy)]
pub(super) struct Trained<'a> {
    pub(super) setup: &'a Setup,
    pub(super) model: &'a dyn AnyModel,
    pub(super) folder: &'a RunFolder,
    pub(super) epochs: &'a [Epoch],
    pub(super) started: Instant,
    pub(super) interrupted: bool,
    /// Whether the report is for programs.
    pub(super) json: bool,
}

impl Trained<'_> {
    /// Writes the page of the run, which took so many seconds.
    pub(super) fn write_page(&self, reference: &Reference, seconds: f64) -> Result<()> {
        let &Trained { setup: Setup { entry, config, preparation, .. }, model, folder, epochs, .. } = self;
        let place = folder.path().display().to_string();
        let run =
            report::Run { entry, model, reference, preparation, config, epochs, seconds, folder: place };
        folder.write("report.html", report::page(&run).as_bytes())
    }
}

/// Saves the model, measures it, writes what the run keeps of its data, and draws. Nothing that fails after the model
/// was saved costs more than itself.
pub(super) fn finish(trained: Trained<'_>) -> Result<String> {
    let Trained { setup, model, folder, epochs, started, interrupted, json } = trained;
    if setup.study.is_some() {
        return judged::finish(trained);
    }
    if setup.preparation.alphabet.is_some() {
        return texts::finish(trained);
    }
    let Setup { entry, config, data, origins, preparation, .. } = setup;
    let spinner = Spinner::new("measuring and drawing");
    model.save(&folder.path().join(run::MODEL), run::metadata(config, preparation))?;
    let place = folder.path().display();
    let mut missing = Missing::default();
    let learn = || Ok(Reference::learn(model, data, origins, preparation.examples, config.train.seed));
    let Some(reference) = missing.without("the measurement", learn) else {
        drop(spinner);
        return Ok(missing.told(format!("The model is in {place}\n")));
    };
    let code = reference.codes.shape()[1];
    let fidelity = &reference.fidelity;
    let summary = Summary {
        model: entry.name.to_owned(),
        data: data.name.clone(),
        example: entry.example(&data.train),
        features: preparation.features,
        examples: reference.examples,
        code,
        epochs: epochs.len(),
        interrupted,
        tendency: Tendency::of(epochs),
        seconds: started.elapsed().as_secs_f64(),
        sse: fidelity.sse,
        pca: Some(fidelity.pca_sse),
        mean: fidelity.variance,
        columns: zoo::uses::columns::errors(model, &data.test, preparation),
        loss: (entry.training == Training::Gradient).then(|| reference.loss.clone()),
        usage: evaluate::usage(model, &data.test),
        in_levels: super::report::in_levels(config),
    };
    summary.check()?;
    let path = |name: &str| folder.path().join(name);
    missing.without(run::METRICS, || folder.append(run::METRICS, &summary.json().to_string()));
    missing.without(reference::EXAMPLES, || reference.write(&path(reference::EXAMPLES), model));
    missing.without(reference::SCORES, || reference::write_scores(&path(reference::SCORES), model, data));

    if let Some(held) = &setup.series {
        missing.without(reference::ORDINARY, || {
            reference::write_ordinary(&path(reference::ORDINARY), model, preparation, held)
        });
    }

    let test = &reference.data.test;
    let caption = caption(entry, config, &data.name, epochs.len());
    let codes = missing.without("the codes of test examples", || Ok(evaluate::codes(model, test)));
    let mut draw = |name: &str, picture: &dyn Fn() -> Option<Picture>| {
        missing.without(name, || picture().map_or(Ok(()), |picture| folder.write(name, &png(&picture))));
    };
    if let Some(codes) = &codes {
        draw("codes.png", &|| Some(pictures::code_map(&caption, codes, test, &preparation.class_names)));
        draw("manifold.png", &|| {
            let has_prior = model.sample(nn::Context::sampling(0, &[0])).is_some();
            has_prior.then(|| pictures::manifold(&caption, model, test, codes))?
        });
    }
    draw("reconstructions.png", &|| {
        pictures::reconstructions(&caption, model, test, &evaluate::squared_errors(model, test))
    });
    draw("loss.png", &|| pictures::loss(&caption, epochs, (code, fidelity.pca_sse), test));
    draw("samples.png", &|| pictures::samples(&caption, model, test, config.train.seed));
    missing.without("report.html", || trained.write_page(&reference, summary.seconds));
    drop(spinner);
    if json {
        return Ok(missing.told(pretty(&summary.whole(folder.path()))));
    }
    Ok(missing.told(format!(
        "{}\nSettings, metrics, checkpoint, pictures and report.html are in {place}\n",
        summary.table()
    )))
}

/// Files that could not be made, each with the reason.
#[derive(Default)]
pub(super) struct Missing(Vec<String>);

impl Missing {
    /// Makes something; if it fails or panics, that is noted.
    pub(super) fn without<R>(&mut self, name: &str, make: impl FnOnce() -> Result<R>) -> Option<R> {
        // The note says it.
        let hook = take_hook();
        set_hook(Box::new(|_| ()));
        let made = catch_unwind(AssertUnwindSafe(make));
        set_hook(hook);
        let problem = match made {
            Ok(Ok(made)) => return Some(made),
            Ok(Err(error)) => error.to_string(),
            Err(panic) => report::sentence(&*panic),
        };
        self.0.push(format!("{name} could not be made: {problem}"));
        None
    }

    /// The text, after a note for everything that is missing.
    pub(super) fn told(self, text: String) -> String {
        self.0.iter().for_each(|problem| note(problem));
        text
    }
}

/// Caption of the pictures of a run.
pub(super) fn caption(entry: &Entry, config: &Config, data: &str, epochs: usize) -> String {
    let code = config.setting("code").map(|code| format!(", code {code}")).unwrap_or_default();
    let epochs = match epochs {
        0 => String::new(),
        1 => ", 1 epoch".to_owned(),
        _ => format!(", {epochs} epochs"),
    };
    let data = Path::new(data).file_name().map_or(data.into(), |name| name.to_string_lossy());
    format!("{} on {data}{code}{epochs}, seed {}", entry.title, config.train.seed)
}

#[cfg(test)]
mod tests {
    use nn::Error;

    use super::*;

    #[test]
    fn what_fails_is_noted_and_what_follows_goes_on() {
        let mut missing = Missing::default();
        assert_eq!(missing.without("a", || Ok(1)), Some(1));
        assert_eq!(missing.without("b", || Err::<(), _>(Error::data("the disk is full"))), None);
        assert_eq!(missing.without("c", || -> Result<()> { panic!("matmul: {} and 3 differ", 2) }), None);
        assert_eq!(missing.without("d", || Ok(4)), Some(4));
        let expected =
            ["b could not be made: the disk is full", "c could not be made: matmul: 2 and 3 differ"];
        assert_eq!(missing.0, expected);
    }
}
