//! What listens while training goes on.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use autograd::Real;
use indicatif::{HumanDuration, ProgressStyle};
use serde_json::{Map, Value, json};

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
            Error::Invalid(format!(
                "early stopping cannot watch `{wanted}`, which is no term of the loss; its terms are: {}",
                names.join(", ")
            ))
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
            task.save(&mut self.parameters);
        } else {
            self.waited += 1;
        }
        Ok(self.flow())
    }

    fn end(&mut self, task: &mut dyn Task<T>) -> Result<()> {
        if self.parameters.tensors.is_empty() {
            return Ok(());
        }
        task.restore(&self.parameters).map_err(Error::Invalid)
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

/// Between two lines of a log at least.
const LINES: Duration = Duration::from_secs(10);

/// A bar on the terminal with the loss of the last epoch, the throughput and the time left. Where standard error is no
/// terminal, a line of a long training says the same now and then: after ten seconds, and again whenever ten more or a
/// tenth of the time so far have gone by.
pub struct ProgressBar {
    bar: indicatif::ProgressBar,
    examples: u64,
    /// One example, in the unit of the loss.
    example: &'static str,
    /// What is shown: less in a narrow terminal, where the line would break, and its first half would stay behind at
    /// every step.
    template: &'static str,
    terminal: bool,
    /// The time after which the next line is due where there is no terminal.
    due: Duration,
    /// How far it was when it began here: a training that was resumed is not at its beginning.
    begun: Option<usize>,
}

impl ProgressBar {
    /// A bar, not yet shown.
    pub fn new() -> Self {
        let bar = indicatif::ProgressBar::new(0);
        let terminal = console::Term::stderr().is_term();
        let (template, due, begun) = ("", LINES, None);
        let mut bar = ProgressBar { bar, examples: 0, example: "img", template, terminal, due, begun };
        bar.fit();
        bar
    }

    /// Names the unit of the loss for images (the default), or for rows of numbers.
    pub fn images(self, images: bool) -> Self {
        self.per(if images { "img" } else { "row" })
    }

    /// Names the unit of the loss for examples of this kind: `sequence`, say.
    pub fn per(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    /// What is said of an epoch.
    fn message(&self, epoch: &Epoch) -> String {
        let (kind, loss) =
            if epoch.validation.is_some() { ("test", epoch.judged()) } else { ("training", &epoch.train) };
        format!("epoch {}: {kind} loss {:.3} {}", epoch.number, loss.total(), loss.unit.per(self.example))
    }

    /// The line for a log, if one is due after this time.
    fn line(&mut self, step: &Step, elapsed: Duration) -> Option<String> {
        let begun = *self.begun.get_or_insert(step.done.saturating_sub(1));
        if elapsed < self.due {
            return None;
        }
        self.due = elapsed + LINES.max(elapsed / 10);
        let left = elapsed.as_secs_f64() * (step.of - step.done) as f64 / (step.done - begun).max(1) as f64;
        let left = HumanDuration(Duration::from_secs(left as u64));
        let message = self.bar.message();
        let message = if message.is_empty() { String::new() } else { format!("  {message}") };
        Some(format!("{:3.0} %{message}  {left} left", 100.0 * step.done as f64 / step.of.max(1) as f64))
    }

    /// Shows what the terminal has room for.
    fn fit(&mut self) {
        let columns = console::Term::stderr().size_checked().map_or(u16::MAX, |(_, columns)| columns);
        let template = match columns {
            90.. => "{msg}  {wide_bar}  {percent:>3} %  {prefix}  {eta} left",
            60.. => "{msg}  {wide_bar}  {percent:>3} %  {eta} left",
            _ => "{percent:>3} %  {wide_msg}",
        };
        if self.template != template {
            self.template = template;
            let style = ProgressStyle::with_template(template).expect("a valid template");
            self.bar.set_style(style.progress_chars("━━─"));
        }
    }
}

impl Default for ProgressBar {
    fn default() -> Self {
        ProgressBar::new()
    }
}

impl<T: Real> Callback<T> for ProgressBar {
    fn step(&mut self, step: &Step) -> Result<ControlFlow<()>> {
        self.examples += step.examples as u64;
        if self.bar.length() != Some(step.of as u64) {
            self.bar.set_length(step.of as u64);
            // What was done before a resumption says nothing about the speed.
            self.bar.set_position(step.done as u64);
            self.bar.reset_eta();
        }
        self.bar.set_position(step.done as u64);
        let line = if self.terminal { None } else { self.line(step, self.bar.elapsed()) };
        // A log that nobody takes is no reason to end a training.
        line.iter().for_each(|line| _ = writeln!(std::io::stderr(), "{line}"));
        Ok(ControlFlow::Continue(()))
    }

    fn epoch(&mut self, epoch: &Epoch, _: &dyn Task<T>) -> Result<ControlFlow<()>> {
        self.fit();
        self.bar.set_message(self.message(epoch));
        let rate = self.examples as f64 / self.bar.elapsed().as_secs_f64().max(1e-9);
        self.bar.set_prefix(format!("{} examples/s", rounded(rate)));
        Ok(ControlFlow::Continue(()))
    }

    fn end(&mut self, _: &mut dyn Task<T>) -> Result<()> {
        self.bar.finish_and_clear();
        Ok(())
    }
}

impl Drop for ProgressBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Two digits and a unit: `340`, `12k`, `1.5M`.
fn rounded(x: f64) -> String {
    match x {
        x if x < 1e3 => format!("{x:.0}"),
        x if x < 1e4 => format!("{:.1}k", x / 1e3),
        x if x < 1e6 => format!("{:.0}k", x / 1e3),
        x => format!("{:.1}M", x / 1e6),
    }
}

/// A line of JSON for every epoch, in a file that can be followed while training goes on: `tail -f`.
pub struct MetricsFile {
    path: PathBuf,
    file: File,
    /// The part of the model that is trained, if it is not the whole.
    part: Option<usize>,
    /// One example, in the unit of the loss.
    example: &'static str,
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
        Ok(MetricsFile { path: path.to_owned(), file, part: None, example: "img" })
    }

    /// Names the unit of the loss for examples of this kind in place of images: `row`, say.
    pub fn per(self, example: &'static str) -> Self {
        MetricsFile { example, ..self }
    }

    /// The line of an epoch; `example` is one example in the unit of its loss: `img`, or `row`.
    pub fn line(epoch: &Epoch, example: &str) -> String {
        format!("{}\n", MetricsFile::value(epoch, example))
    }

    fn value(epoch: &Epoch, example: &str) -> Value {
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

fn json_of(terms: &Terms, example: &str) -> Value {
    let mut map = Map::new();
    map.insert("unit".into(), terms.unit.per(example).into());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::losses::Unit;

    #[test]
    fn the_bar_names_the_unit_of_images_or_of_rows() {
        let train = Terms { unit: Unit::SquaredError, values: vec![("reconstruction".into(), 1.5)] };
        let mut epoch = Epoch { number: 3, rate: 0.1, train: train.clone(), validation: None, seconds: 0.0 };
        assert_eq!(ProgressBar::new().message(&epoch), "epoch 3: training loss 1.500 SSE/img");
        epoch.validation = Some(train);
        assert_eq!(ProgressBar::new().images(false).message(&epoch), "epoch 3: test loss 1.500 SSE/row");
        assert_eq!(
            ProgressBar::new().per("sequence").message(&epoch),
            "epoch 3: test loss 1.500 SSE/sequence"
        );
    }

    #[test]
    fn a_log_has_a_line_now_and_then() {
        let loss = Terms { unit: Unit::Nats, values: vec![] };
        let step = |done| Step { done, of: 1000, epoch: 1, rate: 0.1, examples: 8, loss: loss.clone() };
        let mut bar = ProgressBar::new();
        let lines: Vec<(usize, String)> = (1..=1000)
            .filter_map(|done| Some((done, bar.line(&step(done), Duration::from_secs(done as u64))?)))
            .collect();
        let times: Vec<usize> = lines.iter().map(|line| line.0).collect();
        assert_eq!(times[..11], [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110]);
        assert_eq!(times[times.len() - 2..], [840, 924]);
        assert_eq!(lines[1].1, "  2 %  16 minutes left");
        // One that goes on knows its speed from here on only.
        let mut bar = ProgressBar::new();
        assert_eq!(bar.line(&step(901), Duration::from_secs(1)), None);
        bar.bar.set_message("epoch 9: test loss 1.500 nats/row");
        let line = bar.line(&step(950), Duration::from_secs(10)).unwrap();
        assert_eq!(line, " 95 %  epoch 9: test loss 1.500 nats/row  10 seconds left");
    }
}
