//! A run that was trained earlier, opened again: its settings, its model, its history, its data.
//!
//! A run folder holds `config.toml`, `metrics.jsonl`, `model.safetensors`, what the run keeps of its data (see
//! [`mod@reference`]) and pictures. The checkpoint also keeps how data were prepared, so that other data
//! are treated the same way. The training data are needed only to train on:
//!
//! ```no_run
//! use zoo::run::Run;
//!
//! let run = Run::open("runs/vae-1".as_ref())?;
//! let rows = run.preparation.read("new.csv")?;
//! let codes = run.model.encode(rows.data.x());
//! # Ok::<(), nn::Error>(())
//! ```

mod memory;

use std::fs;
use std::path::{Path, PathBuf};

use autograd::Tensor;
use nn::checkpoint::{Checkpoint, Metadata};
use nn::data::table::Column;
use nn::losses::Unit;
use nn::{Dataset, Error, Result};
use serde_json::Value;

use crate::AnyModel;
use crate::config::{Config, check_format};
use crate::data::{Origin, Preparation, Prepared, Rows, Split, is_stream, prepare_rows};
use crate::recommend::Study;
use crate::reference::{self, Reference};
use crate::registry::{self, Entry};
use crate::train::{Epoch, Terms};
use crate::uses::anomaly::{Detector, Normal, Score};
use crate::uses::series::Monitor;

/// The settings of a run, in its folder.
pub const CONFIG: &str = "config.toml";
/// A line of JSON for every epoch and one for the result, in its folder.
pub const METRICS: &str = "metrics.jsonl";
/// The name of data that were in the memory of the program that trained on them, and are no file.
pub const IN_MEMORY: &str = "<memory>";
/// Parameters, settings and preparation, in its folder.
pub const MODEL: &str = "model.safetensors";

/// A trained model with everything that belongs to it.
pub struct Run {
    /// Where it was opened.
    pub folder: PathBuf,
    /// What was computed.
    pub config: Config,
    /// Which model it is.
    pub entry: &'static Entry,
    /// What is done to data before the model sees them.
    pub preparation: Preparation,
    /// The model with the parameters of the checkpoint.
    pub model: Box<dyn AnyModel>,
    /// What every epoch came to, by `metrics.jsonl`; none for a model that is computed in closed form.
    pub epochs: Vec<Epoch>,
    /// Seconds from the start of the training to its end, by `metrics.jsonl`.
    pub seconds: f64,
    /// The part of the folder that is in memory.
    memory: Option<memory::Kept>,
}

impl Run {
    /// Opens a run folder. The training data are not touched.
    ///
    /// # Errors
    /// With one sentence, if there is no such folder, it is no run folder, a file in it is damaged, or the
    /// checkpoint belongs to another model.
    pub fn open(folder: &Path) -> Result<Self> {
        let about = fs::metadata(folder).map_err(|_| {
            Error::file(folder, "there is no such run folder; `zoo train` makes one and prints its name")
        })?;
        let [config_path, metrics_path, model_path] = [CONFIG, METRICS, MODEL].map(|name| folder.join(name));
        if !about.is_dir() || !config_path.is_file() {
            let problem =
                format!("this is no run folder: there is no {CONFIG} in it, as `zoo train` leaves one");
            return Err(Error::file(folder, problem));
        }
        let config = Config::read(&config_path)?;
        let entry = registry::find(&config.model).map_err(|error| error.in_file(&config_path))?;
        if !model_path.is_file() {
            let problem = format!("the run has no {MODEL}; it was interrupted or is still training");
            return Err(Error::file(folder, problem));
        }
        let checkpoint = Checkpoint::read(&model_path)?;
        let preparation = preparation(&checkpoint).map_err(|error| error.in_file(&model_path))?;
        let trained = trained_with(&checkpoint).map_err(|error| error.in_file(&model_path))?;
        config.check_belongs(&config_path, &trained)?;
        let mut model =
            entry.outline(&config.settings, &preparation).map_err(|error| error.in_file(&config_path))?;
        model.restore("", &checkpoint).map_err(|error| {
            let place = format!("this is not the checkpoint of the `{}` in {CONFIG}", entry.name);
            error.within(place).in_file(&model_path)
        })?;
        if let Some(name) = not_finite(&*model) {
            let problem =
                format!("the parameter `{name}` holds a value that is no finite number; train again");
            return Err(Error::file(&model_path, problem));
        }
        let (epochs, seconds) = if metrics_path.is_file() { metrics(&metrics_path)? } else { (vec![], 0.0) };
        let folder = folder.to_owned();
        Ok(Run { folder, config, entry, preparation, model, epochs, seconds, memory: None })
    }

    /// The part of its data that the run keeps. An older run that keeps nothing learns it from them.
    ///
    /// # Errors
    /// If the file is damaged, or those of [`rows`](Self::rows) for an older run.
    pub fn reference(&self) -> Result<Reference> {
        if let Some(kept) = self.kept()? {
            return Ok(kept);
        }
        let [train, test] = self.rows()?;
        let origins = [&train, &test].map(Origin::of);
        let data = Split { name: self.config.data.clone(), train: train.data, test: test.data };
        let examples = self.preparation.examples;
        Ok(Reference::learn(&*self.model, &data, &origins, examples, self.config.train.seed))
    }

    /// The examples for training (0) or for testing (1). If they were too many to keep, they are read from the data
    /// again; where these are gone, what was kept of them must do, and a note says so.
    ///
    /// # Errors
    /// If the file is damaged, or those of [`rows`](Self::rows) for an older run.
    pub fn examples(&self, part: usize) -> Result<(Rows, Option<String>)> {
        let Some(kept) = self.kept()? else {
            let [train, test] = self.rows()?;
            return Ok((if part == 0 { train } else { test }, None));
        };
        let all = kept.examples[part];
        let (some, whole) = kept.rows(part);
        if whole {
            return Ok((some, None));
        }
        match self.rows() {
            Ok([train, test]) => Ok((if part == 0 { train } else { test }, None)),
            Err(error) => {
                let (count, kind) = (some.data.len(), ["training", "test"][part]);
                Ok((
                    some,
                    Some(format!(
                        "{error}. These are the {count} of {all} {kind} examples that the run keeps."
                    )),
                ))
            }
        }
    }

    /// A detector of anomalies that knows the training examples. If an older run does not and the data are gone, the
    /// `given` examples serve as ordinary ones, and a note says so.
    ///
    /// # Errors
    /// If a file is damaged, or the score cannot be measured.
    pub fn detector(&self, score: Score, given: &Dataset) -> Result<(Detector<'_>, Option<String>)> {
        let model = &*self.model;
        if let Some(normal) = self.normal(score)? {
            return Ok((Detector::new(model, normal), None));
        }
        match self.examples(0).and_then(|train| Ok([train, self.examples(1)?])) {
            Ok([(train, _), (test, _)]) => {
                Ok((Detector::new(model, reference::normal(model, [&train.data, &test.data], score)?), None))
            }
            Err(error) => {
                let note = format!("{error}. The given rows themselves serve as the ordinary ones.");
                Ok((Detector::fit(model, given, score)?, Some(note)))
            }
        }
    }

    /// The score of anomalies that suits the data when nothing is said.
    pub fn usual_score(&self) -> Score {
        match self.preparation.shape() {
            // A picture of a new kind often has an ordinary code; in tables a model learns its anomalies.
            Some(_) => Score::SquaredError,
            None => Score::Neighbours,
        }
    }

    /// Normal values of a score, if the run has them.
    fn normal(&self, score: Score) -> Result<Option<Normal>> {
        let path = self.folder.join(reference::SCORES);
        match &self.memory {
            Some(kept) => Ok(kept.normal(&*self.model, score)),
            None if path.is_file() => reference::read_scores(&path, &*self.model, score),
            None => Ok(None),
        }
    }

    /// A monitor of series that knows what was ordinary in what the model did not learn from.
    ///
    /// # Errors
    /// If the model did not learn windows of a series, or a file is damaged, or those of [`rows`](Self::rows) where the
    /// file is not there.
    pub fn monitor(&self) -> Result<Monitor<'_>> {
        let (model, path) = (&*self.model, self.folder.join(reference::ORDINARY));
        if path.is_file()
            && let Some(ordinary) = reference::read_ordinary(&path, model, self.preparation.channels.len())?
        {
            return Monitor::new(model, &self.preparation, ordinary);
        }
        let none =
            || Error::unsupported(format!("{} did not learn windows of a series", self.folder.display()));
        Monitor::fit(model, &self.preparation, &self.prepared_again(None)?.series.ok_or_else(none)?)
    }

    /// Contents of the file, if it is there and belongs to the model.
    fn kept(&self) -> Result<Option<Reference>> {
        if let Some(kept) = &self.memory {
            return Ok(kept.reference().cloned());
        }
        let path = self.folder.join(reference::EXAMPLES);
        if path.is_file() { Reference::read(&path, &*self.model) } else { Ok(None) }
    }

    /// The data of the run, read again, prepared and split as they were for training.
    ///
    /// # Errors
    /// If they are not there any more, or have changed so that they cannot be used.
    pub fn data(&self) -> Result<Split> {
        let [train, test] = self.rows()?;
        Ok(Split { name: self.config.data.clone(), train: train.data, test: test.data })
    }

    /// The same data with the names of their rows: those for training, then those for testing.
    ///
    /// # Errors
    /// Those of [`data`](Self::data).
    pub fn rows(&self) -> Result<[Rows; 2]> {
        self.rows_carrying(None)
    }

    /// The same, carrying along this column of their table in place of the one of the training.
    ///
    /// # Errors
    /// Those of [`data`](Self::data), and if there is no such column.
    pub fn rows_carrying(&self, id: Option<Column>) -> Result<[Rows; 2]> {
        let Prepared { mut rows, notes, .. } = self.prepared_again(id)?;
        rows.iter_mut().for_each(|rows| rows.notes.clone_from(&notes));
        Ok(rows)
    }

    /// The choices that a recommender learnt from, in the same parts.
    ///
    /// # Errors
    /// Those of [`data`](Self::data), and if it learnt from no choices.
    pub fn study(&self) -> Result<Study> {
        let none = || Error::unsupported(format!("{} did not learn who chose what", self.folder.display()));
        self.prepared_again(None)?.study.ok_or_else(none)
    }

    fn prepared_again(&self, id: Option<Column>) -> Result<Prepared> {
        let gone = |problem: String| {
            Error::data(format!(
                "the training data of {} are needed here, but {problem}",
                self.folder.display()
            ))
        };
        let name = &self.config.data;
        if name == "-" {
            return Err(gone("they came from standard input".into()));
        }
        if name == IN_MEMORY {
            return Err(gone("they were in the memory of the program that trained it".into()));
        }
        // Under its name there may be another pipe by now, or one that never ends.
        if is_stream(name) {
            return Err(gone(format!("they came from the pipe {name}")));
        }
        let mut reading = self.preparation.reading.clone();
        reading.id = id.or(reading.id);
        let mut prepared =
            prepare_rows(name, &reading).map_err(|error| gone(format!("{error}; put them back")))?;
        prepared.preparation.reading = self.preparation.reading.clone();
        if prepared.preparation != self.preparation {
            return Err(gone(format!("{name} has changed since then")));
        }
        Ok(prepared)
    }

    /// Numbers in a code.
    pub fn code(&self) -> usize {
        let one = Tensor::zeros([1, self.preparation.features]);
        self.model.encode(&one).shape()[1]
    }
}

/// What a checkpoint holds besides parameters: the settings and the preparation.
pub fn metadata(config: &Config, preparation: &Preparation) -> Metadata {
    let preparation = serde_json::to_string(preparation).expect("numbers and names are JSON");
    Metadata::from([("config".to_owned(), config.to_toml()), ("preparation".to_owned(), preparation)])
}

/// How the data of this checkpoint's model were prepared.
pub(crate) fn preparation(checkpoint: &Checkpoint<f32>) -> Result<Preparation> {
    let text = checkpoint.metadata.get("preparation").ok_or_else(|| {
        Error::stored(
            "the checkpoint does not say how its data were prepared; it was not written by `zoo train`, or by \
             an older one",
        )
    })?;
    let broken = |error| format!("the preparation of the data in this checkpoint cannot be read ({error})");
    Preparation::from_json(text).map_err(|error| Error::stored(broken(error)))
}

/// The settings that this checkpoint's model was trained with.
///
/// # Errors
/// If the checkpoint does not say.
pub fn trained_with(checkpoint: &Checkpoint<f32>) -> Result<Config> {
    let text = checkpoint.metadata.get("config").ok_or_else(|| {
        Error::stored(
            "the file does not say which model it holds; it was not written by this library, or by an older one",
        )
    })?;
    let unreadable = |error: toml::de::Error| {
        Error::stored(format!("the settings in this file cannot be read ({})", error.message()))
    };
    let table: toml::Table = toml::from_str(text).map_err(unreadable)?;
    check_format(&table).map_err(Error::stored)?;
    table.try_into().map_err(unreadable)
}

/// The name of a parameter that is not finite.
fn not_finite(model: &dyn AnyModel) -> Option<String> {
    let mut found = None;
    model.parameters(&mut |name, tensor| {
        if found.is_none() && !tensor.to_vec().iter().all(|v| v.is_finite()) {
            found = Some(name.to_string());
        }
    });
    found
}

/// The epochs in a file of metrics, and the seconds that the training took.
fn metrics(path: &Path) -> Result<(Vec<Epoch>, f64)> {
    let text = fs::read_to_string(path).map_err(|source| Error::io("read", path, source))?;
    // A training that was killed may have left half a line.
    let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
    let (mut epochs, mut seconds) = (vec![], None);
    for (number, line) in (1..).zip(whole.lines()) {
        let broken = |problem: &str| Error::file(path, format!("line {number}: {problem}"));
        let line: Value =
            serde_json::from_str(line).map_err(|error| broken(&format!("no JSON ({error})")))?;
        if line.get("pretraining").is_some() {
            continue;
        }
        // The last line is the result, which is no epoch.
        if line.get("epoch").is_none() {
            seconds = line.get("seconds").and_then(Value::as_f64);
            continue;
        }
        epochs.push(epoch(&line).ok_or_else(|| broken("this is not what `zoo train` writes for an epoch"))?);
    }
    let seconds = seconds.or(epochs.last().map(|epoch| epoch.seconds)).unwrap_or(0.0);
    Ok((epochs, seconds))
}

fn epoch(line: &Value) -> Option<Epoch> {
    Some(Epoch {
        number: line.get("epoch")?.as_u64()? as usize,
        rate: line.get("learning_rate")?.as_f64()?,
        seconds: line.get("seconds")?.as_f64()?,
        train: terms(line.get("train")?)?,
        validation: match line.get("validation")? {
            Value::Null => None,
            validation => Some(terms(validation)?),
        },
    })
}

fn terms(of: &Value) -> Option<Terms> {
    let of = of.as_object()?;
    let unit = of.get("unit")?.as_str()?;
    let example = unit.split_once('/')?.1;
    let unit =
        [Unit::SquaredError, Unit::Error, Unit::Nats].into_iter().find(|known| known.per(example) == unit)?;
    let named = of.iter().filter(|(name, _)| !matches!(name.as_str(), "unit" | "total"));
    let values = named.map(|(name, value)| Some((name.clone().into(), value.as_f64()?)));
    Some(Terms { unit, values: values.collect::<Option<_>>()? })
}
