//! `zoo search`.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use nn::data::schema::Shape;
use nn::{Error, Result};
use serde_json::json;
use toml::{Table, Value};
use zoo::config::{Draft, Setup, value_of};
use zoo::settings::{find, names};
use zoo::uses::search::{
    Judge, Measure, Outcome as Tried, Range, Search, Space, Strategy, Study, Trial, Validation,
};

use super::progress::bar;
use super::ranks;
use super::terminal::say_notes;
use super::train::use_threads;
use super::{Outcome, json as pretty};
use crate::INTERRUPTED;
use crate::cli::{MeasureName, SearchArgs, StrategyName, quoted};

/// The fraction of the training examples that judges.
const HELD_BACK: f64 = 0.25;
/// Trials that are chosen at once where several processes were started together, whatever their number.
const AT_ONCE: usize = 4;

/// Tries settings, and says which were best and how to train with them.
pub(crate) fn run(args: &SearchArgs) -> Result<Outcome> {
    use_threads(args.threads.threads)?;
    if ranks::count() > 1 && args.state.is_none() {
        let problem = "processes that search together share the trials by a file; add --state FILE";
        return Err(Error::setting("state", problem));
    }
    let mut space = Space::default();
    for text in &args.space {
        let (key, range) = range(text)?;
        if space.0.insert(key.clone(), range).is_some() {
            return Err(Error::setting(
                "space",
                format!("`{key}` has two ranges to search; give one --space {key}=… with all of it"),
            ));
        }
    }
    let mut draft = Draft {
        model: Some(args.model.clone()),
        data: Some(args.data.clone()),
        reading: args.reading.over(Default::default()),
        ..Draft::default()
    };
    args.set.iter().try_for_each(|assignment| draft.set(assignment))?;
    if let Some(epochs) = args.epochs {
        draft.set(&format!("train.epochs={epochs}"))?;
    }
    let fixed = draft.settings.clone();
    let said = said(&draft, &space, args.epochs.is_some());
    let setup = draft.complete()?;
    let Setup { entry, config, data, notes, study: choices, .. } = &setup;
    known(&space, &config.settings)?;
    let (judge, what) = match (choices, args.measure) {
        (Some(_), Some(_)) => {
            let problem = "a recommender is judged by its lists or its ratings; leave --measure away";
            return Err(Error::setting("measure", problem));
        }
        (Some(choices), None) => {
            let what = if choices.is_rated() { "RMSE" } else { "1 − NDCG@100" };
            (Judge::of_choices(&setup, choices), what)
        }
        (None, measure) => {
            let is_text = matches!(data.train.schema().shape(), Some(Shape::Tokens { .. }));
            let (measure, what) = match measure.unwrap_or(MeasureName::SquaredError) {
                MeasureName::SquaredError if is_text => {
                    let problem = "texts have no squared error; search with --measure loss";
                    return Err(Error::setting("measure", problem));
                }
                MeasureName::SquaredError => (Measure::SquaredError, "SSE"),
                MeasureName::Loss => (Measure::Loss, "loss"),
            };
            let held_back = Validation::Fraction(HELD_BACK);
            (Judge::new(entry, &data.train, config.train.clone(), held_back, measure)?, what)
        }
    };
    say_notes(notes);
    let strategy = match args.strategy {
        StrategyName::Random => Strategy::Random,
        StrategyName::Halving => Strategy::Halving { factor: 3 },
        StrategyName::Tpe => Strategy::Tpe,
    };
    let data_text = quoted(&args.data) + &args.reading.text();
    let mut about = format!("`{}` on {data_text}, {} epochs, by {what}", args.model, config.train.epochs);
    if !said.is_empty() {
        about += &format!(", with {}", flags(&said).join(", "));
    }
    let different = space.size().filter(|size| *size <= args.trials);
    let at_once = args.at_once.unwrap_or(if ranks::count() > 1 { AT_ONCE } else { 1 });
    let search = Search { about, space, strategy, trials: args.trials, at_once, seed: args.seed };
    let words = Words {
        model: args.model.clone(),
        data: data_text,
        said,
        epochs: args.epochs,
        what,
        json: args.json.json,
    };
    let so_far = Arc::new(Mutex::new(Study { search: search.clone(), trials: vec![] }));
    stop_by_ctrl_c(words.clone(), args.state.clone(), so_far.clone());
    let progress =
        bar(different.unwrap_or(args.trials) as u64, "{bar:30}  trial {pos} of {len}  {msg}  {eta} left");
    let study = search.run_watched(
        args.state.as_deref(),
        |settings, budget| {
            let mut all = fixed.clone();
            all.extend(settings.clone());
            judge.loss(&all, budget)
        },
        |study| {
            let best = study.best_so_far().last().copied().unwrap_or(f64::INFINITY);
            progress.set_position(study.ended() as u64);
            progress.set_message(format!("best {best:.4}"));
            *so_far.lock().unwrap_or_else(PoisonError::into_inner) = study.clone();
        },
    )?;
    progress.finish_and_clear();
    words.of(&study).map(Outcome::Done)
}

/// Ctrl-C ends the search at once, with what it has found. A trial is lost, but it would be the same again.
fn stop_by_ctrl_c(words: Words, state: Option<PathBuf>, so_far: Arc<Mutex<Study>>) {
    let handler = move || {
        if !ranks::is_first() {
            std::process::exit(i32::from(INTERRUPTED));
        }
        let study = so_far.lock().unwrap_or_else(PoisonError::into_inner);
        let count = study.ended();
        match words.of(&study) {
            Ok(text) => print!("{text}"),
            Err(_) => eprintln!("no trial has succeeded yet"),
        }
        match &state {
            Some(path) => eprintln!(
                "Stopped after {count} trials. Go on with the same command; they are in {}.",
                path.display()
            ),
            None => eprintln!(
                "Stopped after {count} trials, which are not kept; with --state FILE a search can go on."
            ),
        }
        std::process::exit(i32::from(INTERRUPTED));
    };
    // Without a handler Ctrl-C ends the program as well.
    let _ = ctrlc::set_handler(handler);
}

/// How the result is told.
#[derive(Clone)]
struct Words {
    model: String,
    /// The data with the flags that read them.
    data: String,
    said: Table,
    epochs: Option<usize>,
    what: &'static str,
    json: bool,
}

impl Words {
    /// The best trials, and how to train with the best of them.
    fn of(&self, study: &Study) -> Result<String> {
        let Some(found) = study.best() else {
            let why = study.trials.iter().find_map(|trial| match &trial.outcome {
                Tried::Failed(why) => Some(why.clone()),
                Tried::Loss(_) | Tried::Open => None,
            });
            return Err(Error::data(format!(
                "every trial failed, the first because {}",
                why.unwrap_or_default()
            )));
        };
        let Words { model, data, said, what, .. } = self;
        let mut ranked: Vec<_> = study.trials.iter().filter(|trial| trial.loss().is_finite()).collect();
        ranked.sort_by(|a, b| a.loss().total_cmp(&b.loss()));
        let mut set: Vec<String> = flags(said).into_iter().chain(flags(&found.settings)).collect();
        set.iter_mut().for_each(|flag| *flag = format!("--set '{flag}'"));
        // A flag would override what was found.
        let epochs = self.epochs.filter(|_| !found.settings.contains_key("train.epochs"));
        let epochs = epochs.map_or(String::new(), |epochs| format!(" --epochs {epochs}"));
        let command = format!("zoo train {model} --data {data}{epochs} {}", set.join(" "));
        if self.json {
            let trial = |trial: &Trial| {
                let failed = match &trial.outcome {
                    Tried::Failed(why) => Some(why),
                    Tried::Loss(_) | Tried::Open => None,
                };
                let loss = Some(trial.loss()).filter(|loss| loss.is_finite());
                json!({"settings": trial.settings, "budget": trial.budget, "loss": loss, "failed": failed})
            };
            return Ok(pretty(&json!({
                "model": model,
                "measure": what,
                "best": trial(found),
                "command": command,
                "trials": study.trials.iter().map(trial).collect::<Vec<_>>(),
            })));
        }
        let (count, size) = (study.trials.len(), study.search.space.size());
        let all = size
            .filter(|size| *size <= count)
            .map_or(String::new(), |size| format!(" of all {size} settings in the space"));
        let mut text = format!("{count} trials{all}; the best by {what} on examples held back:\n\n");
        for trial in ranked.iter().take(5) {
            text += &format!("  {:>12.4}  {}\n", trial.loss(), flags(&trial.settings).join("  "));
        }
        Ok(text + &format!("\nTrain with it:\n  {command}\n"))
    }
}

/// What was said with `--set`, but for what is searched, and for the epochs if they have a flag of their own.
fn said(draft: &Draft, space: &Space, epochs: bool) -> Table {
    let of_training = draft.train.iter().map(|(key, value)| (format!("train.{key}"), value.clone()));
    let mut said: Table = draft.settings.clone().into_iter().chain(of_training).collect();
    let elsewhere = |key: &str| space.0.contains_key(key) || epochs && key == "train.epochs";
    said.retain(|key, _| !elsewhere(key));
    said
}

/// `key=value` for every setting.
fn flags(settings: &Table) -> Vec<String> {
    settings.iter().map(|(key, value)| format!("{key}={value}")).collect()
}

/// Refuses a setting that the model does not have before anything is trained.
fn known(space: &Space, settings: &Table) -> Result<()> {
    for name in space.0.keys() {
        if !name.starts_with("train.") && find(settings, name).is_none() {
            let known = names(settings).join(", ");
            return Err(Error::setting(
                "space",
                format!(
                    "there is no setting `{name}` to search; the settings are {known}, and train.epochs, \
                 train.batch, train.learning_rate"
                ),
            ));
        }
    }
    Ok(())
}

/// `key=1..8`, `key=1e-4..1e-1:log`, `key=relu,tanh` or `key=[32],[64,32]`.
fn range(text: &str) -> Result<(String, Range)> {
    let wrong = || {
        Error::setting(
            "space",
            format!("`{text}` is no range; write KEY=LOW..HIGH, KEY=LOW..HIGH:log or KEY=VALUE,VALUE,…"),
        )
    };
    let (key, values) = text.split_once('=').ok_or_else(wrong)?;
    let Some((low, high)) = values.split_once("..") else {
        // A list of TOML, in which quotes may be left out.
        let values = match value_of(&format!("[{values}]")) {
            Value::Array(values) => values,
            _ => values.split(',').map(|value| value_of(value.trim())).collect(),
        };
        return Ok((key.to_owned(), Range::Choice(values)));
    };
    let (high, log) = match high.split_once(':') {
        None => (high, false),
        Some((high, "log")) => (high, true),
        Some(_) => return Err(wrong()),
    };
    let range = match (low.parse(), high.parse()) {
        (Ok(low), Ok(high)) => Range::Whole { low, high, log },
        _ => {
            let [low, high] = [low, high].map(str::parse);
            Range::Real { low: low.map_err(|_| wrong())?, high: high.map_err(|_| wrong())?, log }
        }
    };
    Ok((key.to_owned(), range))
}
