//! A training beside the interpreter, which hears of its progress and may stop it.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nn::Result;
use nn::train::{Callback, Ended, Epoch, Step, StopFlag, Task};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use rayon::ThreadPool;
use zoo::config::{Draft, Setup};
use zoo::data::Input;
use zoo::registry::Training;
use zoo::run::Run;
use zoo::train::{Plan, trainer};

use crate::data::{Data, Labels};
use crate::errors::{of_panic, raised};
use crate::fitted::Fitted;
use crate::threads;

/// The time between two looks at the progress, and at Ctrl-C.
const LOOK: Duration = Duration::from_millis(50);

/// Fits a model to data. `settings` is the text of a `config.toml`, which need not be complete, and each of `assignments` is one of
/// `zoo train --set`. While it goes on, `progress` is called with the steps that are done and those of all, and with number, loss
/// and test loss of the last epoch.
#[pyfunction]
#[pyo3(signature = (settings, assignments, data, labels=None, threads=None, progress=None))]
pub(crate) fn fit(
    py: Python<'_>,
    settings: &str,
    assignments: Vec<String>,
    data: Data<'_>,
    labels: Labels,
    threads: Option<usize>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Fitted> {
    let mut draft = Draft::parse(Path::new("settings"), settings).map_err(raised)?;
    assignments.iter().try_for_each(|assignment| draft.set(assignment)).map_err(raised)?;
    let (input, pool) = (data.input(labels), threads::pool(threads)?);
    let (watch, stop) = (Watch::default(), StopFlag::default());
    let fitted = py.detach(|| {
        thread::scope(|scope| {
            let (ended, wait) = channel::<()>();
            let (other, flag) = (watch.clone(), stop.clone());
            let worker = scope.spawn(move || fit_in(&pool, draft, &input, other, flag, ended));
            let mut problem = None;
            // The sender goes when the work has ended, and then this does not wait any longer.
            while let Err(RecvTimeoutError::Timeout) = wait.recv_timeout(LOOK) {
                let looked = Python::attach(|py| {
                    py.check_signals()?;
                    progress.as_ref().map_or(Ok(()), |progress| watch.tell(py, progress))
                });
                if let Err(error) = looked {
                    stop.raise();
                    problem.get_or_insert(error);
                }
            }
            let fitted = worker.join().unwrap_or_else(|panic| Err(of_panic(&*panic)));
            problem.map_or(fitted, Err)
        })
    })?;
    match (fitted, progress) {
        (None, _) => Err(PyKeyboardInterrupt::new_err("the training was stopped")),
        (Some(fitted), Some(progress)) => watch.tell(py, &progress).map(|()| fitted),
        (Some(fitted), None) => Ok(fitted),
    }
    .map(|(run, notes)| Fitted::new(run, notes, threads))
}

/// A run, and the sentences about its data; none if it was stopped.
type Outcome = Option<(Run, Vec<String>)>;

fn fit_in(
    pool: &ThreadPool,
    draft: Draft,
    input: &Input,
    watch: Watch,
    stop: StopFlag,
    _ended: Sender<()>,
) -> PyResult<Outcome> {
    let fit = || train(draft.complete_from(input)?, watch, stop);
    match pool.install(|| catch_unwind(AssertUnwindSafe(fit))) {
        Ok(result) => result.map_err(raised),
        Err(panic) => Err(of_panic(&*panic)),
    }
}

/// Trains as `zoo train` does.
fn train(setup: Setup, watch: Watch, stop: StopFlag) -> Result<Outcome> {
    let started = Instant::now();
    let mut model = setup.build()?;
    let mut epochs = vec![];
    if setup.entry.training == Training::Gradient {
        let watched = |plan: &Plan| trainer(plan).with(stop.clone()).with(watch.clone());
        let parts = |task: &mut dyn Task<f32>, plan: &Plan| watched(plan).run(task);
        let mut trainer = watched(&setup.config.train);
        let ended = setup.lesson(&mut *model, &parts, |lesson| trainer.run(lesson))?;
        if ended != Ended::Finished {
            return Ok(None);
        }
        epochs = trainer.epochs().to_vec();
    }
    let notes = setup.notes.clone();
    let run = Run::of(setup, model, epochs, started.elapsed().as_secs_f64())?;
    Ok(Some((run, notes)))
}

/// How far a training is.
#[derive(Clone, Default)]
struct Watch(Arc<State>);

#[derive(Default)]
struct State {
    done: AtomicUsize,
    of: AtomicUsize,
    /// Number, loss and test loss of the last epoch.
    epoch: Mutex<Option<(usize, f64, Option<f64>)>>,
}

impl Watch {
    fn tell(&self, py: Python<'_>, progress: &Py<PyAny>) -> PyResult<()> {
        let [done, of] = [&self.0.done, &self.0.of].map(|count| count.load(Ordering::Relaxed));
        let epoch = *self.0.epoch.lock().unwrap_or_else(PoisonError::into_inner);
        progress.call1(py, (done, of, epoch)).map(|_| ())
    }
}

impl Callback<f32> for Watch {
    fn step(&mut self, step: &Step) -> Result<ControlFlow<()>> {
        self.0.done.store(step.done, Ordering::Relaxed);
        self.0.of.store(step.of, Ordering::Relaxed);
        Ok(ControlFlow::Continue(()))
    }

    fn epoch(&mut self, epoch: &Epoch, _: &dyn Task<f32>) -> Result<ControlFlow<()>> {
        let test = epoch.validation.as_ref().map(nn::train::Terms::total);
        let told = (epoch.number, epoch.train.total(), test);
        *self.0.epoch.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
        Ok(ControlFlow::Continue(()))
    }
}
