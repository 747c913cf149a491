//! Threads of this package. They are its own: NumPy's pools know nothing of them, and they nothing of those.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process;
use std::sync::{Arc, Mutex, PoisonError};

use nn::Result;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::errors::{of_panic, raised};

/// The last pool, with the process that it was made in and its number of threads.
static POOL: Mutex<Option<(u32, usize, Arc<ThreadPool>)>> = Mutex::new(None);

/// A pool of so many threads; `None`: as many as `RAYON_NUM_THREADS` or `OMP_NUM_THREADS` says (by which joblib shares the
/// cores among its processes), else one for each core.
///
/// A process that was forked has the memory of its parent, but not its threads: work that is given to them would never be
/// done. So a pool belongs to the process that made it.
pub(crate) fn pool(threads: Option<usize>) -> PyResult<Arc<ThreadPool>> {
    let said = |name: &str| std::env::var(name).ok()?.parse::<usize>().ok().filter(|&threads| threads > 0);
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = threads
        .or_else(|| said("RAYON_NUM_THREADS"))
        .or_else(|| Some(said("OMP_NUM_THREADS")?.min(cores())))
        .unwrap_or_else(cores);
    let mut last = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((owner, count, pool)) = &*last
        && (*owner, *count) == (process::id(), threads)
    {
        return Ok(pool.clone());
    }
    let made = ThreadPoolBuilder::new().num_threads(threads).build();
    let made =
        made.map_err(|error| PyRuntimeError::new_err(format!("cannot start {threads} threads: {error}")))?;
    let made = Arc::new(made);
    if let Some((owner, _, other)) = last.replace((process::id(), threads, made.clone()))
        && owner != process::id()
    {
        // Ending threads that are not there would wait for ever.
        std::mem::forget(other);
    }
    Ok(made)
}

/// Does some work in the pool, while other threads of Python go on.
pub(crate) fn work<R: Send>(
    py: Python<'_>,
    threads: Option<usize>,
    work: impl FnOnce() -> Result<R> + Send,
) -> PyResult<R> {
    let pool = pool(threads)?;
    let done = py.detach(|| pool.install(|| catch_unwind(AssertUnwindSafe(work))));
    match done {
        Ok(result) => result.map_err(raised),
        Err(panic) => Err(of_panic(&*panic)),
    }
}
