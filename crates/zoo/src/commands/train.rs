//! `zoo train` and `zoo resume`.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nn::checkpoint::{Checkpoint, Metadata};
use nn::train::{Ended, MetricsFile, ProgressBar, StopFlag, Task, TensorBoard};
use nn::{Error, Result};
use toml::Value;
use zoo::config::{Config, Draft, Setup};
use zoo::data::{Origin, Prepared, Reading, Split, prepare_rows};
use zoo::registry::{self, Entry, Training};
use zoo::train::Plan;
use zoo::{AnyModel, run};

use super::finish::{Trained, finish};
use super::outlook::announce;
use super::progress::{Spinner, note};
use super::run_folder::RunFolder;
use super::terminal::say_notes;
use super::{Outcome, crew, ranks};
use crate::cli::{ResumeArgs, TrainArgs};

/// Where a training that is not finished keeps everything it needs to go on.
const UNFINISHED: &str = "training.safetensors";
/// Where a finished one keeps it, for more epochs.
const FINISHED: &str = "finished.safetensors";
/// The time between two checkpoints.
const CHECKPOINTS: Duration = Duration::from_secs(30);
/// Events for TensorBoard.
const TENSORBOARD: &str = "tensorboard";
/// Under these names it says how the data were prepared, and which they were.
const PREPARATION: &str = "preparation";
const DATA: &str = "data";

/// Trains, writes the run folder, and returns the report.
pub(crate) fn run(args: &TrainArgs) -> Result<Outcome> {
    if let Some(run) = &args.resume {
        if args.reading.over(Reading::default()) != Reading::default() {
            let problem =
                "--resume goes on with the data as they were read; leave the flags for reading away";
            return Err(Error::setting("resume", problem));
        }
        let how = How { tensorboard: args.tensorboard, json: args.json.json, workers: args.workers.workers };
        return go_on(run, args.epochs, how, args.threads.threads);
    }
    use_threads(args.threads.threads)?;
    let draft = draft(args)?;
    let spinner = Spinner::new("reading data");
    let setup = draft.complete()?;
    let Setup { entry, config, .. } = &setup;
    crew::check(config, args.workers.workers)?;
    let model = setup.build()?;
    if !ranks::is_first() {
        return follow(&setup, model, &From::Start, args.workers.workers);
    }
    if entry.training == Training::Gradient {
        announce(&setup, &*model)?;
    }
    drop(spinner);
    say_notes(&setup.notes);
    if setup.preparation.has_kinds() {
        let lines = setup.preparation.column_lines();
        eprintln!("The columns, by looking at them (--columns NAME=KIND for another kind):");
        eprint!("{}", super::terminal::columns_table(&lines));
        if let Some(advice) = entry.on_gaps(&setup.data.train).filter(|_| setup.preparation.fills()) {
            note(&advice);
        }
    }
    let code = config.setting("code").and_then(Value::as_integer).and_then(|code| usize::try_from(code).ok());
    let features = setup.preparation.features;
    if let Some(code) = code.filter(|code| entry.may_copy && *code >= features) {
        note(&format!(
            "a code of {code} numbers for {features} is no bottleneck, and `{}` may learn to copy; choose less with --code",
            entry.name
        ));
    }
    let folder = RunFolder::claim(args.out.as_deref(), entry.name)?;
    // First of all, so that a training that is killed can go on.
    folder.write(run::CONFIG, config.to_toml().as_bytes())?;
    let how = How { tensorboard: args.tensorboard, json: args.json.json, workers: args.workers.workers };
    let started = Instant::now();
    let trained = train(&setup, model, &folder, From::Start, how);
    // A failure would come again, but whoever has waited for it may want to see how it came.
    let failed_soon = trained.is_err() && started.elapsed() < CHECKPOINTS;
    let kept = [UNFINISHED, run::MODEL].iter().any(|name| folder.path().join(name).exists());
    if failed_soon || !kept {
        for name in [run::CONFIG, run::METRICS, UNFINISHED] {
            let _ = std::fs::remove_file(folder.path().join(name));
        }
        let _ = std::fs::remove_dir_all(folder.path().join(TENSORBOARD));
    }
    trained
}

/// Goes on where a training was interrupted, or with more epochs.
pub(crate) fn resume(args: &ResumeArgs) -> Result<Outcome> {
    let how = How { tensorboard: false, json: args.json.json, workers: args.workers.workers };
    go_on(&args.run, args.epochs, how, args.threads.threads)
}

fn go_on(path: &Path, epochs: Option<usize>, how: How, threads: Option<usize>) -> Result<Outcome> {
    use_threads(threads)?;
    let config_path = path.join(run::CONFIG);
    if !config_path.is_file() {
        let problem = format!("there is no training to resume: no {} in it", run::CONFIG);
        return Err(Error::file(path, problem));
    }
    let mut config = Config::read(&config_path)?;
    let entry = registry::find(&config.model).map_err(|error| error.in_file(&config_path))?;
    config.train.epochs = epochs.unwrap_or(config.train.epochs);
    crew::check(&config, how.workers)?;
    let from = beginning(path, entry, &config, epochs.is_some())?;
    let written = match &from {
        From::Checkpoint(file) => Some(checkpoint_of(path, file, &config)?),
        From::Start => None,
    };
    let Prepared { rows: [train_rows, test_rows], preparation, stored, study, series, notes } =
        prepare_rows(&config.data, &config.reading)?;
    let origins = [&train_rows, &test_rows].map(Origin::of);
    let data = Split { name: config.data.clone(), train: train_rows.data, test: test_rows.data };
    let model = match from {
        From::Start => entry.build(&config.settings, &data.train, config.train.seed)?,
        // All parameters come from the checkpoint, so nothing has to be fitted or pretrained again.
        // A model is built for the examples that are at hand.
        From::Checkpoint(_) => {
            let mut built_with = preparation.clone();
            built_with.examples = data.train.len();
            entry.outline(&config.settings, &built_with)?
        }
    };
    let setup = Setup { entry, config, data, origins, preparation, stored, study, series, notes };
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
    if !ranks::is_first() {
        return follow(&setup, model, &from, how.workers);
    }
    say_notes(&setup.notes);
    let folder = RunFolder::existing(path);
    if epochs.is_some() {
        folder.write(run::CONFIG, setup.config.to_toml().as_bytes())?;
    }
    let tensorboard = how.tensorboard || path.join(TENSORBOARD).is_dir();
    train(&setup, model, &folder, from, How { tensorboard, ..how })
}

/// Output of a training besides the run folder.
#[derive(Clone, Copy)]
struct How {
    /// Whether it writes events for TensorBoard.
    tensorboard: bool,
    /// Whether the report is for programs.
    json: bool,
    /// The number of workers, if somebody said it.
    workers: Option<usize>,
}

/// Where a training goes on.
enum From {
    /// At the beginning.
    Start,
    /// Where this file was written.
    Checkpoint(PathBuf),
}

/// Where the training of a run goes on, with so many epochs as the settings say; `more` if somebody asked for them.
fn beginning(path: &Path, entry: &Entry, config: &Config, more: bool) -> Result<From> {
    let [unfinished, finished, model] = [UNFINISHED, FINISHED, run::MODEL].map(|name| path.join(name));
    let refused = |problem: String| Err(Error::file(path, problem));
    if entry.training == Training::ClosedForm {
        return match model.is_file() {
            true if more => refused(format!("`{}` is computed, not trained, and has no epochs", entry.name)),
            true => refused("the training is complete; nothing is left to resume".into()),
            false => Ok(From::Start),
        };
    }
    if unfinished.is_file() {
        return Ok(From::Checkpoint(unfinished));
    }
    if finished.is_file() {
        let done = epochs_of(&Checkpoint::read(&finished)?);
        return match config.train.epochs > done {
            true => Ok(From::Checkpoint(finished)),
            false if more => refused(format!("the run has {done} epochs already; ask for more of them in all")),
            false => refused(
                "the training is complete; nothing is left to resume, but --epochs N goes on to N epochs in all"
                    .into(),
            ),
        };
    }
    if !model.is_file() {
        note("the training was ended before its first checkpoint, so it begins again");
        return Ok(From::Start);
    }
    refused(
        "the training is complete; nothing is left to resume. For more epochs there is no state of the optimizer, as an \
         older version kept none: train again with `zoo train --config`"
            .into(),
    )
}

/// How many epochs are completed in a checkpoint of a training.
fn epochs_of(checkpoint: &Checkpoint<f32>) -> usize {
    let position =
        checkpoint.metadata.get("position").and_then(|text| text.parse::<serde_json::Value>().ok());
    position.and_then(|position| position["epochs"].as_array().map(Vec::len)).unwrap_or(0)
}

/// What the checkpoint of an unfinished training says of itself, if these settings may go on with it.
fn checkpoint_of(path: &Path, file: &Path, config: &Config) -> Result<Metadata> {
    let checkpoint = Checkpoint::read(file)?;
    let trained = run::trained_with(&checkpoint).map_err(|error| error.in_file(file))?;
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
    from: From,
    how: How,
) -> Result<Outcome> {
    let Setup { entry, config, data, .. } = setup;
    if !config.reading.augment.is_none() && data.train.schema().as_image().is_none() {
        let problem = "these examples are no pictures, and only pictures are changed; leave --augment away";
        return Err(Error::setting("augment", problem));
    }
    let (started, example) = (Instant::now(), entry.example(&data.train));
    let stop = stop_by_ctrl_c();
    let [unfinished, metrics] = [UNFINISHED, run::METRICS].map(|name| folder.path().join(name));
    if matches!(from, From::Start) {
        let _ = std::fs::remove_file(&metrics);
    }
    let (epochs, ended) = match entry.training {
        Training::ClosedForm => (vec![], Ended::Finished),
        Training::Gradient => {
            let mut trainer = crew::trainer(&config.train, how.workers)
                .with(stop.clone())
                .with(ProgressBar::new().per(example))
                .with_metadata(about(setup))
                .with_checkpoints(&unfinished, CHECKPOINTS);
            let part = Cell::new(0);
            let parts = |task: &mut dyn Task<f32>, plan: &Plan| {
                part.set(part.get() + 1);
                let bar = ProgressBar::new().per(example);
                let lines = MetricsFile::append(&metrics, part.get())?.per(example);
                crew::trainer(plan, how.workers).with(stop.clone()).with(bar).with(lines).run(task)
            };
            setup.lesson(&mut *model, &parts, |lesson| {
                if let From::Checkpoint(file) = &from {
                    trainer.resume(lesson, file)?;
                }
                let lines = MetricsFile::resume(&metrics, trainer.epochs(), example)?;
                let mut trainer = trainer.with(lines);
                if how.tensorboard {
                    trainer = trainer.with(TensorBoard::create(&folder.path().join(TENSORBOARD))?);
                }
                let ended = trainer.run(lesson)?;
                Ok::<_, Error>((trainer.epochs().to_vec(), ended))
            })?
        }
    };
    if ended == Ended::StoppedInPretraining {
        // Parts have no checkpoint of their own.
        let text = "Stopped during the pretraining, of which nothing is kept: begin again.\n";
        return Ok(Outcome::Interrupted(text.into()));
    }
    let finished = ended == Ended::Finished;
    let (model, epochs, interrupted) = (&*model, &epochs[..], !finished);
    let mut text = finish(Trained { setup, model, folder, epochs, started, interrupted, json: how.json })?;
    if finished {
        let _ = std::fs::rename(unfinished, folder.path().join(FINISHED));
        return Ok(Outcome::Done(text));
    }
    let mut next = format!("Go on with: zoo resume {}\n", folder.path().display());
    if config.data == "-" {
        next += "The data came from standard input: pipe the same in again.\n";
    }
    match how.json {
        true => eprint!("{next}"),
        false => text += &next,
    }
    Ok(Outcome::Interrupted(text))
}

/// Trains along with the first of several processes, which alone writes and speaks.
fn follow(
    setup: &Setup,
    mut model: Box<dyn AnyModel>,
    from: &From,
    workers: Option<usize>,
) -> Result<Outcome> {
    if setup.entry.training == Training::Gradient {
        let stop = stop_by_ctrl_c();
        let parts =
            |task: &mut dyn Task<f32>, plan: &Plan| crew::trainer(plan, workers).with(stop.clone()).run(task);
        setup.lesson(&mut *model, &parts, |lesson| {
            let mut trainer = crew::trainer(&setup.config.train, workers).with(stop.clone());
            if let From::Checkpoint(file) = from {
                trainer.resume(lesson, file)?;
            }
            trainer.run(lesson)
        })?;
    }
    Ok(Outcome::Done(String::new()))
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
        draft.say("code", integer("code", code)?);
    }
    if let Some(name) = &args.net {
        draft.say("network.name", name.clone());
    }
    for (key, list) in [("hidden", &args.hidden), ("channels", &args.channels)] {
        if let Some(list) = list {
            let list = list.iter().map(|&n| integer(key, n)).collect::<Result<Vec<_>>>()?;
            draft.say(key, list);
        }
    }
    for (name, key, value) in [("epochs", "epochs", args.epochs), ("batch", "batch", args.batch)] {
        if let Some(value) = value {
            draft.train.insert(key.into(), integer(name, value)?);
        }
    }
    crew::cut(&mut draft, args.workers.workers)?;
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
    fits.map_err(|_| Error::setting(name, format!("--{name} {value} is too large")))
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
        return Err(Error::setting("threads", "at least 1 thread is needed (--threads 1)"));
    }
    // Threads beyond the cores only wait for each other; starting thousands takes longer than most trainings.
    let most = (4 * std::thread::available_parallelism().map_or(1, usize::from)).max(16);
    if let Some(threads) = threads.filter(|threads| *threads > most) {
        return Err(Error::setting(
            "threads",
            format!(
                "--threads {threads} is far more than this machine has cores; choose {most} or less, or leave \
             it away"
            ),
        ));
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0));
    pool.build_global()
        .map_err(|error| Error::setting("threads", format!("cannot start {threads:?} threads: {error}")))
}
