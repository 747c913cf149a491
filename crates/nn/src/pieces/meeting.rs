//! Where the pieces of a batch wait for each other.

use std::any::Any;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use autograd::{Real, Tensor};

use super::ranks::{self, Ranks};
use super::sum;

/// The panic of a piece that ends because another did.
pub(super) struct Gone;

/// The pieces of one batch in one process, each on a thread. So many of them as there are workers go on at the same
/// time; one that waits for the others lets another go on.
pub(crate) struct Meeting {
    pieces: usize,
    /// The pieces of this process: a seat for each.
    own: Range<usize>,
    workers: usize,
    ranks: Arc<dyn Ranks>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Pieces that are worked on now.
    working: usize,
    /// Pieces that are done.
    left: usize,
    /// The purpose for which some wait, what each brought, and how many did.
    purpose: &'static str,
    brought: Vec<Option<Box<dyn Any + Send>>>,
    waiting: usize,
    /// The number of times that all have met, and what came out of the last.
    met: usize,
    result: Option<Box<dyn Any + Send>>,
    /// Why those that wait would wait for ever.
    failed: Option<Failure>,
}

#[derive(Clone, Copy)]
enum Failure {
    /// A piece has panicked.
    Panic,
    /// A piece does not come to where the others are.
    Elsewhere,
}

impl std::fmt::Debug for Meeting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Meeting of the pieces {:?} of {}", self.own, self.pieces)
    }
}

impl Meeting {
    pub(super) fn new(pieces: usize, own: Range<usize>, workers: usize, ranks: Arc<dyn Ranks>) -> Self {
        let state = State { brought: own.clone().map(|_| None).collect(), ..State::default() };
        Meeting { pieces, own, workers, ranks, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Does the work of one piece, when a worker is free.
    pub(super) fn attend<R>(&self, work: impl FnOnce() -> R) -> R {
        drop(self.begin(self.state()));
        let _leaves = Leaves(self);
        work()
    }

    /// The result of `combine` on what all pieces bring, in their order; it waits for the last of them.
    ///
    /// # Panics
    /// If another piece brings something for another purpose, or has ended.
    pub(super) fn meet<T: Real>(
        &self,
        seat: usize,
        purpose: &'static str,
        brought: Tensor<T>,
        combine: impl FnOnce(Vec<Tensor<T>>) -> Tensor<T>,
    ) -> Tensor<T> {
        let mut state = self.state();
        if state.left > 0 || state.waiting > 0 && state.purpose != purpose {
            state.failed.get_or_insert(Failure::Elsewhere);
            give_up(state);
        }
        state.purpose = purpose;
        state.brought[seat] = Some(Box::new(brought));
        state.waiting += 1;
        if state.waiting == self.own.len() {
            let brought = state.brought.iter_mut().map(|place| {
                let tensor = place.take().expect("each has brought one").downcast::<Tensor<T>>();
                *tensor.expect("of one precision")
            });
            let brought = brought.collect();
            state.result = Some(Box::new(combine(self.of_all(purpose, brought))));
            state.waiting = 0;
            state.met += 1;
            self.changed.notify_all();
        } else {
            let met = state.met;
            state.working -= 1;
            self.changed.notify_all();
            let still = |state: &mut State| state.met == met && state.failed.is_none();
            state = self.changed.wait_while(state, still).unwrap_or_else(PoisonError::into_inner);
            state = self.begin(state);
        }
        let result = state.result.as_ref().and_then(|result| result.downcast_ref::<Tensor<T>>());
        result.expect("all have met").clone()
    }

    /// The sums over all pieces of what each of this process's has, after the work.
    pub(crate) fn sums<T: Real>(&self, own: Vec<Vec<Tensor<T>>>) -> Vec<Tensor<T>> {
        sum::over_pieces(own, &self.own, self.pieces, &*self.ranks)
    }

    /// The tensor of each piece, given those of this process's.
    pub(crate) fn of_all<T: Real>(&self, purpose: &str, own: Vec<Tensor<T>>) -> Vec<Tensor<T>> {
        if self.ranks.count() == 1 {
            return own;
        }
        let counted = ranks::pieces_of(self.ranks.number(), self.pieces, self.ranks.count());
        let own = if counted == self.own { own } else { vec![] };
        let all = ranks::together(&*self.ranks, purpose, ranks::encode(&own));
        all.iter().flat_map(|bytes| ranks::decode(bytes)).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a free worker.
    fn begin<'m>(&'m self, state: MutexGuard<'m, State>) -> MutexGuard<'m, State> {
        let wait = |state: &mut State| state.working >= self.workers && state.failed.is_none();
        let mut state = self.changed.wait_while(state, wait).unwrap_or_else(PoisonError::into_inner);
        state.working += 1;
        match state.failed {
            Some(_) => give_up(state),
            None => state,
        }
    }
}

/// Ends this piece, because another has failed.
fn give_up(state: MutexGuard<'_, State>) -> ! {
    let (failed, purpose) = (state.failed, state.purpose);
    drop(state);
    match failed {
        Some(Failure::Elsewhere) => panic!(
            "{purpose}: another piece of the batch is somewhere else; what a loss does must not depend on the examples"
        ),
        _ => resume_unwind(Box::new(Gone)),
    }
}

/// A piece that is worked on, and then is not.
struct Leaves<'m>(&'m Meeting);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.working -= 1;
        state.left += 1;
        if std::thread::panicking() {
            state.failed.get_or_insert(Failure::Panic);
        } else if state.waiting > 0 {
            state.failed.get_or_insert(Failure::Elsewhere);
        }
        self.0.changed.notify_all();
    }
}
