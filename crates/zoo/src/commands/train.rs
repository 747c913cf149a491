//! `zoo train` and `zoo resume`.

use std::cell::Cell;
use std::path::Path;
use std::time::{Duration, Instant};

use nn::checkpoint::{Checkpoint, Metadata};
use nn::data::Examples;
use nn::train::{ProgressBar, StopFlag, Task};
use nn::{Error, Result};
use toml::Value;
use zoo::config::{Config, Draft, Setup};
use zoo::data::{Prepared, Split, prepare_rows};
use zoo::models::pca::Pca;
use zoo::plot::png;
use zoo::registry::{self, Entry, Training};
use zoo::tendency::Tendency;
use zoo::train::{Epoch, Lesson, Plan, trainer};
use zoo::{AnyModel, evaluate, pictures, report, run};

use super::progress::{Spinner, note};
use super::report::{Summary, metrics};
use super::run_folder::RunFolder;
use super::{Outcome, json as pretty};
use crate::cli::{ResumeArgs, TrainArgs};

/// Where a training that is not finished keeps everything it needs to go on.
const UNFINISHED: &str = "training.safetensors";
/// Under these names it says how the data were prepared, and which they were.
const PREPARATION: &str = "preparation";
const DATA: &str = "data";

/// Trains, writes the run folder, and returns the report.
pub(crate) fn run(args: &TrainArgs) -> Result<Outcome> {
    use_threads(args.threads.threads)?;
    let draft = draft(args)?;
    let spinner = Spinner::new("reading data");
    let setup = draft.complete()?;
    drop(spinner);
    let Setup { entry, config, data, .. } = &setup;
    let model = entry.build(&config.settings, &data.train, config.train.seed)?;
    if entry.training == Training::Gradient {
        config.train.check(setup.preparation.examples)?;
    }
    let code =
        config.settings.get("code").and_then(Value::as_integer).and_then(|code| usize::try_from(code).ok());
    let features = setup.preparation.features;
    if let Some(code) = code.filter(|code| entry.may_copy() && *code >= features) {
        note(&format!(
            "a code of {code} numbers for {features} is no bottleneck, and `{}` may learn to copy; choose less with --code",
            entry.name
        ));
    }
    let folder = RunFolder::claim(args.out.as_deref(), entry.name)?;
    // First of all, so that a training that is killed can go on.
    folder.write(run::CONFIG, config.to_toml().as_bytes())?;
    let trained = train(&setup, model, &folder, false, args.json.json);
    if !matches!(trained, Ok(Outcome::Done(_))) && !folder.path().join(UNFINISHED).exists() {
        let _ = std::fs::remove_file(folder.path().join(run::CONFIG));
    }
    trained
}

/// Goes on where a training was interrupted.
pub(crate) fn resume(args: &ResumeArgs) -> Result<Outcome> {
    use_threads(args.threads.threads)?;
    let path = &args.run;
    let config_path = path.join(run::CONFIG);
    if !config_path.is_file() {
        let problem = format!("there is no training to resume: no {} in it", run::CONFIG);
        return Err(Error::file(path, problem));
    }
    if !path.join(UNFINISHED).is_file() {
        let problem = match path.join(run::MODEL).is_file() {
            true => "the training is complete; nothing is left to resume",
            false => {
                "the training was ended before its first checkpoint; begin again with `zoo train --config`"
            }
        };
        return Err(Error::file(path, problem));
    }
    let config = Config::read(&config_path)?;
    let entry =
        registry::find(&config.model).map_err(|error| Error::file(&config_path, error.to_string()))?;
    let written = match entry.training {
        Training::ClosedForm => None,
        Training::Gradient => Some(checkpoint_of(path, &config)?),
    };
    let Prepared { rows: [train_rows, test_rows], preparation, stored } =
        prepare_rows(&config.data, &config.reading)?;
    let data = Split { name: config.data.clone(), train: train_rows.data, test: test_rows.data };
    // All parameters come from the checkpoint, so nothing has to be fitted or pretrained again.
    // A model is built for the examples that are at hand.
    let mut built_with = preparation.clone();
    built_with.examples = data.train.len();
    let model = entry.outline(&config.settings, &built_with)?;
    let setup = Setup { entry, config, data, preparation, stored };
    let changed = |written: &Metadata| {
        let now = about(&setup);
        [PREPARATION, DATA].iter().any(|name| written.get(*name) != now.get(*name))
    };
    if written.as_ref().is_some_and(changed) {
        return Err(match setup.config.data.as_str() {
            "-" => Error::file(
                path,
                "the data on standard input are not those that the training began with; pipe the same in \
                 again",
            ),
            name => Error::file(
                Path::new(name),
                "the data have changed since the training was interrupted; put back what they were, or begin \
                 another training with `zoo train --config`",
            ),
        });
    }
    train(&setup, model, &RunFolder::existing(path), true, args.json.json)
}

/// What the checkpoint of an unfinished training says of itself, if these settings may go on with it.
fn checkpoint_of(path: &Path, config: &Config) -> Result<Metadata> {
    let unfinished = path.join(UNFINISHED);
    let checkpoint = Checkpoint::read(&unfinished)?;
    let trained = run::trained_with(&checkpoint).map_err(|problem| Error::file(&unfinished, problem))?;
    config.check_belongs(&path.join(run::CONFIG), &trained)?;
    Ok(checkpoint.metadata)
}

/// What the checkpoint of an unfinished training says besides: everything that must be the same when it
/// goes on.
fn about(setup: &Setup) -> Metadata {
    let data = match &setup.stored {
        Some(stored) => stored.fingerprint(),
        None => setup.data.fingerprint(),
    };
    let mut about = run::metadata(&setup.config, &setup.preparation);
    about.insert(DATA.into(), format!("{data:016x}"));
    about
}

/// Trains to the end of the plan or to Ctrl-C, and writes everything but the settings.
fn train(
    setup: &Setup,
    mut model: Box<dyn AnyModel>,
    folder: &RunFolder,
    resume: bool,
    json: bool,
) -> Result<Outcome> {
    let Setup { entry, config, data, .. } = setup;
    let started = Instant::now();
    let stop = stop_by_ctrl_c();
    let unfinished = folder.path().join(UNFINISHED);
    let mut finished = true;
    let epochs = match entry.training {
        Training::ClosedForm => vec![],
        Training::Gradient => {
            let mut trainer = trainer(&config.train)
                .with(stop.clone())
                .with(ProgressBar::new().per(entry.example(&data.train)))
                .with_checkpoints(&unfinished, Duration::from_secs(30));
            let stored = setup.stored.as_ref().map(|examples| examples as &dyn Examples);
            let pretraining_stopped = Cell::new(false);
            let parts = |task: &mut dyn Task<f32>, plan: &Plan| {
                let bar = ProgressBar::new().per(entry.example(&data.train));
                let mut trainer = zoo::train::trainer(plan).with(stop.clone()).with(bar);
                trainer.run(task)?;
                pretraining_stopped.set(!trainer.is_finished());
                match trainer.is_finished() {
                    true => Ok(()),
                    false => Err(Error::Invalid("stopped before all parts of the model were trained".into())),
                }
            };
            let lesson = Lesson::new(&mut *model, data);
            let mut lesson = Lesson { stored, about: about(setup), parts: &parts, ..lesson };
            if resume {
                trainer.resume(&mut lesson, &unfinished)?;
            }
            match trainer.run(&mut lesson) {
                // Parts have no checkpoint of their own.
                Err(_) if pretraining_stopped.get() => {
                    let text = "Stopped during the pretraining, of which nothing is kept: begin again.\n";
                    return Ok(Outcome::Interrupted(text.into()));
                }
                ran => ran?,
            }
            finished = trainer.is_finished();
            trainer.epochs().to_vec()
        }
    };
    let mut text = finish(setup, &*model, folder, &epochs, started, !finished, json)?;
    if finished {
        let _ = std::fs::remove_file(unfinished);
        return Ok(Outcome::Done(text));
    }
    let mut next = format!("Go on with: zoo resume {}\n", folder.path().display());
    if config.data == "-" {
        next += "The data came from standard input: pipe the same in again.\n";
    }
    match json {
        true => eprint!("{next}"),
        false => text += &next,
    }
    Ok(Outcome::Interrupted(text))
}

/// Measures the model, writes metrics, checkpoint and pictures, and returns the report, for programs if `json`.
fn finish(
    setup: &Setup,
    model: &dyn AnyModel,
    folder: &RunFolder,
    epochs: &[Epoch],
    started: Instant,
    interrupted: bool,
    json: bool,
) -> Result<String> {
    let Setup { entry, config, data, preparation, .. } = setup;
    let _spinner = Spinner::new("measuring and drawing");
    let codes = evaluate::codes(model, &data.test);
    let code = codes.shape()[1];
    let pca = Pca::fit(&data.train.x, code);
    let (errors, sse) = pictures::errors(model, data);
    let pca_sse = evaluate::mean_squared_error(&pca, &data.test);
    let summary = Summary {
        model: entry.name.to_owned(),
        data: data.name.clone(),
        example: entry.example(&data.train),
        features: preparation.features,
        examples: [preparation.examples, data.test.len()],
        code,
        epochs: epochs.len(),
        interrupted,
        tendency: Tendency::of(epochs),
        seconds: started.elapsed().as_secs_f64(),
        sse,
        pca: Some(pca_sse),
        mean: evaluate::variance_around(&pca.mean, &data.test),
        loss: (entry.training == Training::Gradient)
            .then(|| evaluate::loss(model, &data.test, config.train.seed)),
    };
    folder.write(run::METRICS, metrics(epochs, &summary).as_bytes())?;
    model.save(&folder.path().join(run::MODEL), run::metadata(config, preparation))?;

    let caption = caption(entry, config, data, epochs.len());
    let mut drawn =
        vec![("codes.png", Some(pictures::code_map(&caption, &codes, &data.test, &preparation.class_names)))];
    drawn.push(("reconstructions.png", pictures::reconstructions(&caption, model, &data.test, &errors)));
    drawn.push(("loss.png", pictures::loss(&caption, epochs, (code, pca_sse), &data.test)));
    let samples = pictures::samples(&caption, model, &data.test, config.train.seed);
    if samples.is_some() {
        drawn.push(("samples.png", samples));
        drawn.push(("manifold.png", pictures::manifold(&caption, model, &data.test, &codes)));
    }
    for (name, picture) in drawn.into_iter().filter_map(|(name, picture)| Some((name, picture?))) {
        folder.write(name, &png(&picture))?;
    }
    let run = report::Run {
        entry,
        model,
        data,
        preparation,
        config,
        epochs,
        seconds: summary.seconds,
        folder: folder.path().display().to_string(),
    };
    folder.write("report.html", report::page(&run).as_bytes())?;
    if json {
        return Ok(pretty(&summary.whole(folder.path())));
    }
    Ok(format!(
        "{}\nSettings, metrics, checkpoint, pictures and report.html are in {}\n",
        summary.table(),
        folder.path().display()
    ))
}

/// What is to be done: the file given by `--config`, then `--set`, then the flags.
fn draft(args: &TrainArgs) -> Result<Draft> {
    let mut draft = args.config.as_deref().map(Draft::read).transpose()?.unwrap_or_default();
    if let Some(model) = &args.model {
        // Settings of another model mean nothing to this one.
        if draft.model.as_ref().is_some_and(|other| other != model) {
            draft.settings.clear();
        }
        draft.model = Some(model.clone());
    }
    draft.data = args.data.clone().or(draft.data);
    draft.reading = args.reading.over(draft.reading);
    for assignment in &args.set {
        draft.set(assignment)?;
    }
    if let Some(code) = args.code {
        draft.settings.insert("code".into(), integer("code", code)?);
    }
    if let Some(hidden) = &args.hidden {
        let units = hidden.iter().map(|&units| integer("hidden", units)).collect::<Result<Vec<_>>>()?;
        draft.settings.insert("hidden".into(), Value::Array(units));
    }
    for (name, key, value) in [("epochs", "epochs", args.epochs), ("batch", "batch", args.batch)] {
        if let Some(value) = value {
            draft.train.insert(key.into(), integer(name, value)?);
        }
    }
    if let Some(rate) = args.lr {
        draft.train.insert("learning_rate".into(), rate.into());
    }
    if let Some(seed) = args.seed {
        draft.train.insert("seed".into(), integer("seed", seed)?);
    }
    Ok(draft)
}

fn integer(name: &str, value: impl TryInto<i64> + Copy + std::fmt::Display) -> Result<Value> {
    let fits = value.try_into().map(Value::Integer);
    fits.map_err(|_| Error::Invalid(format!("--{name} {value} is too large")))
}

/// The first Ctrl-C ends training after the current step; a second one ends the program.
fn stop_by_ctrl_c() -> StopFlag {
    let stop = StopFlag::default();
    let flag = stop.clone();
    let handler = move || {
        if flag.raise() {
            std::process::exit(130);
        }
    };
    // Without a handler Ctrl-C ends the program at once, which is no reason not to train.
    let _ = ctrlc::set_handler(handler);
    stop
}

pub(super) fn use_threads(threads: Option<usize>) -> Result<()> {
    if threads == Some(0) {
        return Err(Error::Invalid("at least 1 thread is needed (--threads 1)".into()));
    }
    // Threads beyond the cores only wait for each other; starting thousands takes longer than most trainings.
    let most = (4 * std::thread::available_parallelism().map_or(1, usize::from)).max(16);
    if let Some(threads) = threads.filter(|threads| *threads > most) {
        return Err(Error::Invalid(format!(
            "--threads {threads} is far more than this machine has cores; choose {most} or less, or leave \
             it away"
        )));
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0));
    pool.build_global().map_err(|error| Error::Invalid(format!("cannot start {threads:?} threads: {error}")))
}

/// What pictures say about the run they show.
pub(super) fn caption(entry: &Entry, config: &Config, data: &Split, epochs: usize) -> String {
    let code = config.settings.get("code").map(|code| format!(", code {code}")).unwrap_or_default();
    let epochs = if epochs > 0 { format!(", {epochs} epochs") } else { String::new() };
    let data =
        Path::new(&data.name).file_name().map_or(data.name.clone(), |name| name.to_string_lossy().into());
    format!("{} on {data}{code}{epochs}, seed {}", entry.title, config.train.seed)
}
