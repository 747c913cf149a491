//! What listens while training goes on.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use autograd::Real;
use serde_json::{Map, Value, json};

use super::trainer::MODEL;
use super::{Epoch, Step, Task, Terms};
use crate::checkpoint::Checkpoint;
use crate::optim::State;
use crate::{Error, Result};

/// Is told of every step and every epoch, and may stop the training.
pub trait Callback<T: Real> {
    /// Before training begins, or goes on: there may be nothing left to do.
    fn begin(&mut self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// After every step.
    ///
    /// # Errors
    /// Whatever fails; training ends with it.
    fn step(&mut self, _step: &Step) -> Result<ControlFlow<()>> {
        Ok(ControlFlow::Continue(()))
    }

    /// After every epoch.
    ///
    /// # Errors
    /// Whatever fails; training ends with it.
    fn epoch(&mut self, _epoch: &Epoch, _task: &dyn Task<T>) -> Result<ControlFlow<()>> {
        Ok(ControlFlow::Continue(()))
    }

    /// When training has ended, was stopped or has failed.
    ///
    /// # Errors
    /// Whatever fails.
    fn end(&mut self, _task: &mut dyn Task<T>) -> Result<()> {
        Ok(())
    }

    /// What a checkpoint has to keep of it.
    fn state(&self) -> State<T> {
        State::default()
    }

    /// Takes back its [`state`](Self::state).
    ///
    /// # Errors
    /// If it is the state of something else.
    fn restore(&mut self, state: State<T>) -> Result<()> {
        state.finish()
    }
}

/// Stops when the loss has not improved for some epochs, and brings back the parameters of the best one.
/// The loss is that of the validation examples, or of the training if there are none. It is the sum of all terms,
/// or the term that is [watched](Self::watch).
pub struct EarlyStopping<T: Real> {
    /// Epochs without an improvement that are put up with.
    patience: usize,
    /// The term to judge by; `None`: their sum.
    term: Option<String>,
    waited: u64,
    best: f64,
    parameters: Checkpoint<T>,
}

impl<T: Real> EarlyStopping<T> {
    /// Puts up with this many epochs without an improvement.
    pub fn patience(epochs: usize) -> Self {
        let (best, parameters) = (f64::INFINITY, Checkpoint::default());
        EarlyStopping { patience: epochs, term: None, waited: 0, best, parameters }
    }

    /// Never stops, but keeps the best parameters.
    pub fn keep_best() -> Self {
        EarlyStopping::patience(usize::MAX)
    }

    /// Judges by the term of this name alone, `reconstruction` say, where the others have weights that change
    /// during the training. Training fails after its first epoch if the loss has no such term.
    pub fn watch(self, term: &str) -> Self {
        EarlyStopping { term: Some(term.to_owned()), ..self }
    }

    /// What an epoch is judged by.
    fn judge(&self, terms: &Terms) -> Result<f64> {
        let Some(wanted) = &self.term else { return Ok(terms.total()) };
        let found = terms.values.iter().find(|(name, _)| name == wanted);
        found.map(|term| term.1).ok_or_else(|| {
            let names: Vec<&str> = terms.values.iter().map(|(name, _)| &**name).collect();
            Error::setting(
                "watch",
                format!(
                    "early stopping cannot watch `{wanted}`, which is no term of the loss; its terms are: {}",
                    names.join(", ")
                ),
            )
        })
    }

    /// The name of the best loss in a checkpoint: that of another term says nothing about this one.
    fn best_name(&self) -> String {
        self.term.as_ref().map_or_else(|| "best".to_owned(), |term| format!("best {term}"))
    }

    fn flow(&self) -> ControlFlow<()> {
        if self.waited > self.patience as u64 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

impl<T: Real> Callback<T> for EarlyStopping<T> {
    fn begin(&mut self) -> ControlFlow<()> {
        self.flow()
    }

    fn epoch(&mut self, epoch: &Epoch, task: &dyn Task<T>) -> Result<ControlFlow<()>> {
        let loss = self.judge(epoch.judged())?;
        if loss < self.best {
            (self.best, self.waited) = (loss, 0);
            self.parameters = Checkpoint::default();
            task.model().insert(MODEL, &mut self.parameters);
        } else {
            self.waited += 1;
        }
        Ok(self.flow())
    }

    fn end(&mut self, task: &mut dyn Task<T>) -> Result<()> {
        if self.parameters.tensors.is_empty() {
            return Ok(());
        }
        task.model_mut().restore(MODEL, &self.parameters)
    }

    fn state(&self) -> State<T> {
        let numbers = [(self.best_name(), self.best), ("waited".to_owned(), self.waited as f64)];
        State { tensors: self.parameters.tensors.clone(), numbers: numbers.into() }
    }

    fn restore(&mut self, mut state: State<T>) -> Result<()> {
        self.best = state.take_number(&self.best_name())?;
        self.waited = state.take_count("waited")?;
        self.parameters = Checkpoint { tensors: std::mem::take(&mut state.tensors), ..Checkpoint::default() };
        state.finish()
    }
}

/// Stops training after the current step once it is raised, from a handler of Ctrl-C or another thread.
#[derive(Clone, Debug, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// Asks for a stop; says whether one was asked for before.
    pub fn raise(&self) -> bool {
        self.0.swap(true, Ordering::Relaxed)
    }

    /// Whether a stop was asked for.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl<T: Real> Callback<T> for StopFlag {
    fn step(&mut self, _: &Step) -> Result<ControlFlow<()>> {
        Ok(if self.is_raised() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}

/// A line of JSON for every epoch, in a file that can be followed while training goes on: `tail -f`.
pub struct MetricsFile {
    path: PathBuf,
    file: File,
    /// The part of the model that is trained, if it is not the whole.
    part: Option<usize>,
    /// One example, in the unit of the loss, if that is known.
    example: Option<&'static str>,
}

impl MetricsFile {
    /// A new file; one of this name must not be there yet.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn create(path: &Path) -> Result<Self> {
        MetricsFile::open(path, File::options().create_new(true))
    }

    /// The file of a training that goes on after the epochs that are `done`. Lines of later epochs, written after the
    /// last checkpoint, are taken back: they will come again; and lines that are missing are written. Those of
    /// [pretraining](Self::append) stay. `example` is one example in the unit of the loss: `img`, or `row`.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub fn resume(path: &Path, done: &[Epoch], example: &'static str) -> Result<Self> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            read => read.map_err(|source| Error::io("read", path, source))?,
        };
        let lines: Vec<(Value, &str)> = (text.split_inclusive('\n'))
            .filter_map(|line| Some((serde_json::from_str(line).ok()?, line)))
            .collect();
        let parts = lines.iter().filter(|(value, _)| value.get(PART).is_some());
        let mut kept: String = parts.map(|(_, line)| *line).collect();
        for epoch in done {
            let is_its = |value: &Value| value.get(PART).is_none() && value["epoch"] == epoch.number;
            match lines.iter().find(|(value, _)| is_its(value)) {
                Some((_, line)) => kept += line,
                None => kept += &MetricsFile::line(epoch, example),
            }
        }
        crate::files::write_atomically(path, kept.as_bytes())?;
        Ok(MetricsFile::open(path, &mut File::options())?.per(example))
    }

    /// The same file for the pretraining of a part of the model, counted from 1. Its lines have the number as
    /// `pretraining`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn append(path: &Path, part: usize) -> Result<Self> {
        let file = MetricsFile::open(path, File::options().create(true))?;
        Ok(MetricsFile { part: Some(part), ..file })
    }

    fn open(path: &Path, how: &mut OpenOptions) -> Result<Self> {
        let file = how.append(true).open(path).map_err(|source| Error::io("write", path, source))?;
        Ok(MetricsFile { path: path.to_owned(), file, part: None, example: None })
    }

    /// Names an example in the unit of the loss: `img`, `row` or `sequence`, say.
    pub fn per(self, example: &'static str) -> Self {
        MetricsFile { example: Some(example), ..self }
    }

    /// The line of an epoch; `example` is one example in the unit of its loss: `img`, or `row`.
    pub fn line(epoch: &Epoch, example: &str) -> String {
        format!("{}\n", MetricsFile::value(epoch, Some(example)))
    }

    fn value(epoch: &Epoch, example: Option<&str>) -> Value {
        json!({
            "epoch": epoch.number,
            "learning_rate": epoch.rate,
            "seconds": epoch.seconds,
            "train": json_of(&epoch.train, example),
            "validation": epoch.validation.as_ref().map(|terms| json_of(terms, example)),
        })
    }
}

/// The name of the number of a part in a line of metrics.
const PART: &str = "pretraining";

/// The unit of a loss, with the name of an example if that is known.
pub(super) fn unit(terms: &Terms, example: Option<&str>) -> String {
    example.map_or_else(|| terms.unit.to_string(), |example| terms.unit.per(example))
}

fn json_of(terms: &Terms, example: Option<&str>) -> Value {
    let mut map = Map::new();
    map.insert("unit".into(), unit(terms, example).into());
    map.insert("total".into(), terms.total().into());
    map.extend(terms.values.iter().map(|(name, value)| (name.to_string(), (*value).into())));
    Value::Object(map)
}

impl<T: Real> Callback<T> for MetricsFile {
    fn epoch(&mut self, epoch: &Epoch, _: &dyn Task<T>) -> Result<ControlFlow<()>> {
        let mut value = MetricsFile::value(epoch, self.example);
        if let Some(part) = self.part {
            value[PART] = part.into();
        }
        // A line at once, so that nobody reads half of it.
        let line = format!("{value}\n");
        self.file.write_all(line.as_bytes()).map_err(|source| Error::io("write", &self.path, source))?;
        Ok(ControlFlow::Continue(()))
    }
}
