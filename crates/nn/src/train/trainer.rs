//! The trainer: it never knows which model it trains.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use autograd::Real;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Callback, Plan, Task, Terms, Update};
use crate::checkpoint::{Checkpoint, Metadata};
use crate::data::shuffled;
use crate::error::{Diverged, Number};
use crate::optim::{Optimizer, Plateau};
use crate::pieces::{Alone, Crew, Ranks};
use crate::{Context, Error, Result};

/// The prefix of the model's parameters in a checkpoint.
pub(super) const MODEL: &str = "model";

/// How a training ended that did not fail. One that diverged has failed, with
/// [`Error::Diverged`](crate::Error::Diverged).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All epochs of the plan are completed.
    Finished,
    /// A callback stopped it before: early stopping, or a [`StopFlag`](super::StopFlag).
    Stopped,
    /// The training of a part of the model, before the first step of the whole, was stopped (see [`Task::begin`]). No
    /// checkpoint was written.
    StoppedInPretraining,
}

/// One step of training.
#[derive(Clone, Debug)]
pub struct Step {
    /// Steps made so far, counted from 1 over all epochs.
    pub done: usize,
    /// Steps in all.
    pub of: usize,
    /// Its epoch, counted from 1.
    pub epoch: usize,
    /// The learning rate it was made with.
    pub rate: f64,
    /// Examples in its batch.
    pub examples: usize,
    /// The loss of its batch, before the update.
    pub loss: Terms,
}

/// What one epoch came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Counted from 1.
    pub number: usize,
    /// The learning rate of its last step.
    pub rate: f64,
    /// Training loss: the mean over the epoch's examples, each before the update of its step.
    pub train: Terms,
    /// The loss after the epoch on examples that are not trained on.
    pub validation: Option<Terms>,
    /// Seconds of training up to its end. Not part of a checkpoint: 0 for epochs before a resumption.
    #[serde(skip)]
    pub seconds: f64,
}

impl Epoch {
    /// The loss to judge the epoch by: validation if there is one, else training.
    pub fn judged(&self) -> &Terms {
        self.validation.as_ref().unwrap_or(&self.train)
    }
}

/// Where the training is: everything that the following steps depend on besides the model, the
/// optimizer and the callbacks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Position {
    epochs: Vec<Epoch>,
    /// Steps made in the unfinished epoch, and the sum of their losses.
    steps: usize,
    sum: Option<Terms>,
}

impl Position {
    /// The number of epochs that have begun, completed or not.
    fn begun(&self) -> usize {
        self.epochs.len() + usize::from(self.steps > 0)
    }
}

/// Trains a [`Task`] by a [`Plan`] with an optimizer.
///
/// The result depends on the plan alone: not on the number of threads, [workers](Self::with_workers) or
/// [ranks](Self::with_ranks), and not on whether training was interrupted and [resumed](Self::resume).
pub struct Trainer<'a, T: Real> {
    plan: Plan,
    optimizer: Box<Optimizer<T>>,
    plateau: Option<Plateau>,
    callbacks: Vec<Box<dyn Callback<T> + Send + 'a>>,
    file: Option<CheckpointFile>,
    about: Metadata,
    position: Position,
    workers: usize,
    ranks: Arc<dyn Ranks>,
}

/// Where checkpoints go, and when.
struct CheckpointFile {
    path: PathBuf,
    every: Duration,
    written: Option<Instant>,
}

impl CheckpointFile {
    /// Whether it is time for the next one, in an epoch or at its end.
    fn is_due(&self, started: Instant, in_epoch: bool) -> bool {
        /// Checkpoints in an epoch are not closer than this; nor is more lost at the beginning of a long one.
        const SOON: Duration = Duration::from_secs(5);
        match (self.written, in_epoch) {
            (None, false) => true,
            (None, true) => started.elapsed() >= SOON,
            (Some(written), false) => written.elapsed() >= self.every,
            (Some(written), true) => written.elapsed() >= self.every.max(SOON),
        }
    }
}

impl<'a, T: Real> Trainer<'a, T> {
    /// A trainer that has not begun. The plan's learning rate counts, not the optimizer's.
    pub fn new(plan: Plan, optimizer: impl Into<Box<Optimizer<T>>>) -> Self {
        let optimizer = optimizer.into();
        Trainer {
            plan,
            optimizer,
            plateau: None,
            callbacks: vec![],
            file: None,
            about: Metadata::new(),
            position: Position::default(),
            workers: 1,
            ranks: Arc::new(Alone),
        }
    }

    /// Works on so many [pieces](Plan::pieces) of a batch at the same time.
    pub fn with_workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Shares the pieces of a batch with other processes, which train the same task by the same plan. All of them have the
    /// same model after each step; one of them is enough to write it.
    pub fn with_ranks(mut self, ranks: Arc<dyn Ranks>) -> Self {
        self.ranks = ranks;
        self
    }

    /// Tells this callback of every step and epoch, after those before it.
    pub fn with(mut self, callback: impl Callback<T> + Send + 'a) -> Self {
        self.callbacks.push(Box::new(callback));
        self
    }

    /// Lowers the learning rate when the loss of an epoch does not improve any more.
    pub fn with_plateau(mut self, plateau: Plateau) -> Self {
        self.plateau = Some(plateau);
        self
    }

    /// Writes a checkpoint to this file after the first epoch, or after five seconds of it; then whenever `every` has
    /// passed since the last one, but in an epoch not more often than every five seconds; and when training ends or
    /// is stopped.
    pub fn with_checkpoints(mut self, path: impl Into<PathBuf>, every: Duration) -> Self {
        self.file = Some(CheckpointFile { path: path.into(), every, written: None });
        self
    }

    /// Adds this text to every checkpoint.
    pub fn with_metadata(mut self, about: Metadata) -> Self {
        self.about = about;
        self
    }

    /// What the completed epochs came to.
    pub fn epochs(&self) -> &[Epoch] {
        &self.position.epochs
    }

    /// Whether all epochs of the plan are completed.
    pub fn is_finished(&self) -> bool {
        self.position.epochs.len() >= self.plan.epochs
    }

    /// Trains until the plan is fulfilled, or a callback stops it; says which.
    ///
    /// # Errors
    /// If the plan makes no sense, a checkpoint cannot be written, a callback fails, or, as
    /// [`Error::Diverged`](crate::Error::Diverged), the loss is not a finite number any more.
    pub fn run(&mut self, task: &mut dyn Task<T>) -> Result<Ended> {
        self.plan.check(task.examples())?;
        if let Some((name, problem)) = self.optimizer.bad_setting() {
            return Err(Error::setting(name, problem));
        }
        self.check_last_batch(task)?;
        let crew = Crew::new(self.plan.pieces, self.workers, self.ranks.clone())?;
        if self.position.begun() == 0 && task.begin(self.plan.seed)? != Ended::Finished {
            return Ok(Ended::StoppedInPretraining);
        }
        let trained = self.train(task, &crew);
        // Also when it failed: the best parameters may be needed more than ever.
        let ended = self.callbacks.iter_mut().try_for_each(|callback| callback.end(task));
        trained.and(ended)?;
        Ok(if self.is_finished() { Ended::Finished } else { Ended::Stopped })
    }

    /// Refuses steps of fewer examples than the task can learn from.
    fn check_last_batch(&self, task: &dyn Task<T>) -> Result<()> {
        let (batch, examples, needed) = (self.plan.batch, task.examples(), task.smallest_batch());
        if batch < needed {
            return Err(Error::setting(
                "batch",
                format!(
                    "batch is {batch}, but this model learns from at least {needed} examples in a step; choose \
                 {needed} or more"
                ),
            ));
        }
        let last = examples - (self.plan.steps(examples) - 1) * batch;
        if last < needed {
            return Err(Error::setting(
                "batch",
                format!(
                    "the last batch of an epoch has {last} of the {examples} training examples, but this model \
                 learns from at least {needed} in a step; set drop_last to true, or choose another batch \
                 than {batch}"
                ),
            ));
        }
        Ok(())
    }

    fn train(&mut self, task: &mut dyn Task<T>, crew: &Crew) -> Result<()> {
        let started = Instant::now();
        let mut flow = crew.agree(self.callbacks.iter_mut().try_for_each(|callback| callback.begin()));
        while flow.is_continue() && !self.is_finished() {
            flow = self.epoch(task, crew, started)?;
            if flow.is_continue() {
                self.write_if_due(task, started, false)?;
            }
        }
        self.write(task)
    }

    /// Trains to the end of the current epoch, or until a callback stops it.
    fn epoch(&mut self, task: &mut dyn Task<T>, crew: &Crew, started: Instant) -> Result<ControlFlow<()>> {
        let (plan, examples) = (self.plan.clone(), task.examples());
        let number = self.position.epochs.len() + 1;
        let per_epoch = plan.steps(examples);
        let seen = examples.min(per_epoch * plan.batch);
        let of = plan.epochs * per_epoch;
        let order = shuffled(examples, plan.seed, number as u64);
        let lowered = self.plateau.as_ref().map_or(1.0, Plateau::current);
        let mut rate = plan.learning_rate * lowered;
        let mut flow = ControlFlow::Continue(());
        for numbers in order.chunks(plan.batch).take(per_epoch).skip(self.position.steps) {
            let done = (number - 1) * per_epoch + self.position.steps;
            rate = plan.learning_rate * lowered * plan.schedule.factor(done, of);
            self.optimizer.set_rate(rate);
            let mut update = Update { optimizer: &mut *self.optimizer, clip_norm: plan.clip_norm };
            let context = Context::training(plan.seed, number as u64, numbers)
                .with_progress(done as f64 / of as f64)
                .with_crew(crew);
            let step = done + 1;
            let loss = task.step(numbers, context, &mut update).map_err(|error| match error {
                Error::Diverged(diverged) => diverged.at(Some(step), number).into_error(),
                other => other.within(format!("training stopped at step {step} (epoch {number})")),
            })?;
            if let Some((name, value)) = loss.not_finite() {
                let diverged = Diverged::new(Number::Term(name.to_string()), *value);
                return Err(diverged.at(Some(step), number).into_error());
            }
            Terms::add(&mut self.position.sum, loss.clone(), numbers.len() as f64 / seen as f64);
            self.position.steps += 1;
            let step = Step { done: step, of, epoch: number, rate, examples: numbers.len(), loss };
            for callback in &mut self.callbacks {
                if callback.step(&step)?.is_break() {
                    flow = ControlFlow::Break(());
                }
            }
            flow = crew.agree(flow);
            // After the last step the epoch is completed first.
            if self.position.steps < per_epoch {
                if flow.is_break() {
                    return Ok(flow);
                }
                self.write_if_due(task, started, true)?;
            }
        }
        let validation = task.validate(plan.seed)?;
        if let Some((name, value)) = validation.as_ref().and_then(Terms::not_finite) {
            let diverged = Diverged::new(Number::Validation(name.to_string()), *value);
            return Err(diverged.at(None, number).into_error());
        }
        let epoch = Epoch {
            number,
            rate,
            train: self.position.sum.take().expect("an epoch has a step"),
            validation,
            seconds: started.elapsed().as_secs_f64(),
        };
        self.position.steps = 0;
        if let Some(plateau) = &mut self.plateau {
            plateau.observe(epoch.judged().total());
        }
        for callback in &mut self.callbacks {
            if callback.epoch(&epoch, task)?.is_break() {
                flow = ControlFlow::Break(());
            }
        }
        self.position.epochs.push(epoch);
        Ok(crew.agree(flow))
    }

    fn write_if_due(&mut self, task: &dyn Task<T>, started: Instant, in_epoch: bool) -> Result<()> {
        let due = self.file.as_ref().is_some_and(|file| file.is_due(started, in_epoch));
        if due { self.write(task) } else { Ok(()) }
    }

    fn write(&mut self, task: &dyn Task<T>) -> Result<()> {
        let Some(CheckpointFile { path, .. }) = &self.file else { return Ok(()) };
        self.checkpoint(task).write(path)?;
        self.file.iter_mut().for_each(|file| file.written = Some(Instant::now()));
        Ok(())
    }

    /// Everything that the rest of the training depends on: the model, the optimizer, the callbacks, the
    /// plan and how far it is. Byte for byte the same however the training came here.
    pub fn checkpoint(&self, task: &dyn Task<T>) -> Checkpoint<T> {
        let mut checkpoint = Checkpoint::default();
        task.model().insert(MODEL, &mut checkpoint);
        checkpoint.metadata.extend(self.about.clone());
        checkpoint.insert_state("optimizer", self.optimizer.state());
        if let Some(plateau) = &self.plateau {
            let numbers = plateau.state().numbers;
            checkpoint.insert_state("plateau", crate::optim::State { numbers, ..Default::default() });
        }
        for (i, callback) in self.callbacks.iter().enumerate() {
            checkpoint.insert_state(&format!("callback{i}"), callback.state());
        }
        let json = |value: serde_json::Result<String>| value.expect("numbers and names are JSON");
        let text = [
            ("plan", json(serde_json::to_string(&self.plan))),
            ("position", json(serde_json::to_string(&self.position))),
        ];
        checkpoint.metadata.extend(text.map(|(name, text)| (name.to_owned(), text)));
        checkpoint
    }

    /// Goes back to where a checkpoint was written. Afterwards [`run`](Self::run) does what was left of
    /// the plan, with the same result to the last bit as if nothing had happened.
    ///
    /// The plan may have another number of epochs than the checkpoint's, if no more have begun, but must be the same
    /// in everything else.
    ///
    /// # Errors
    /// If the file cannot be read, was written by other training, or does not fit the model.
    pub fn resume(&mut self, task: &mut dyn Task<T>, path: &Path) -> Result<()> {
        let checkpoint = Checkpoint::read(path)?;
        self.restore(task, checkpoint).map_err(|error| error.in_file(path))
    }

    fn restore(&mut self, task: &mut dyn Task<T>, mut checkpoint: Checkpoint<T>) -> Result<()> {
        let text = |name: &str| {
            let text = checkpoint.metadata.get(name);
            let missing = || format!("there is no {name} in this file, so training cannot go on from it");
            text.ok_or_else(|| Error::stored(missing()))
        };
        let broken =
            |name: &str, error| Error::stored(format!("the {name} in this file cannot be read ({error})"));
        let plan: Plan = serde_json::from_str(text("plan")?).map_err(|error| broken("plan", error))?;
        let position: Position =
            serde_json::from_str(text("position")?).map_err(|error| broken("position", error))?;
        if let Some((setting, theirs, ours)) = difference(&plan, &self.plan) {
            return Err(Error::stored(format!(
                "it was written with another plan: {setting} is {theirs} there, here it is {ours}"
            )));
        }
        let (begun, epochs) = (position.begun(), self.plan.epochs);
        if begun > epochs {
            return Err(Error::stored(format!(
                "the training is in epoch {begun}, but epochs is {epochs}; put back the epochs it had, or more"
            )));
        }
        let optimizer = checkpoint.take_state("optimizer")?;
        task.model().restore_optimizer(&mut self.optimizer, optimizer)?;
        if let Some(plateau) = &mut self.plateau {
            let numbers = checkpoint.take_state("plateau")?.numbers;
            plateau.restore(crate::optim::State { numbers, ..Default::default() })?;
        }
        for (i, callback) in self.callbacks.iter_mut().enumerate() {
            callback.restore(checkpoint.take_state(&format!("callback{i}"))?)?;
        }
        task.model_mut().restore(MODEL, &checkpoint)?;
        self.position = position;
        Ok(())
    }
}

/// The first setting in which two plans differ, besides the number of epochs, and what it is in both.
fn difference(theirs: &Plan, ours: &Plan) -> Option<(String, String, String)> {
    let [Value::Object(theirs), Value::Object(ours)] =
        [theirs, ours].map(|plan| serde_json::to_value(plan).expect("numbers and names are JSON"))
    else {
        unreachable!("a plan is an object");
    };
    // What is absent by default may be in one of them only.
    let mut all = ours.keys().chain(theirs.keys()).filter(|setting| *setting != "epochs");
    all.find_map(|setting| {
        let [theirs, ours] = [&theirs, &ours]
            .map(|plan| plan.get(setting).map_or_else(|| "none".to_owned(), Value::to_string));
        (theirs != ours).then(|| (setting.clone(), theirs, ours))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_checkpoint_is_not_waited_for() {
        let ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds)).unwrap();
        let every = Duration::from_secs(30);
        let mut file = CheckpointFile { path: "a".into(), every, written: None };
        assert!(file.is_due(ago(0), false), "after the first epoch");
        assert!(file.is_due(ago(6), true) && !file.is_due(ago(4), true), "or after five seconds of it");
        file.written = Some(ago(20));
        assert!([false, true].iter().all(|&in_epoch| !file.is_due(ago(60), in_epoch)));
        file.written = Some(ago(31));
        assert!(
            [false, true].iter().all(|&in_epoch| file.is_due(ago(60), in_epoch)),
            "then every half minute"
        );
        // After every epoch, but not after every step.
        (file.every, file.written) = (Duration::ZERO, Some(ago(1)));
        assert!(file.is_due(ago(60), false) && !file.is_due(ago(60), true));
    }
}
