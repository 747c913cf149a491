//! A batch in pieces: data-parallel training, by threads and by processes, with the same bytes for any number of them.
//!
//! The batch of a step is cut into a number of pieces that is a setting of the training ([`Plan::pieces`]), not of
//! the machine. Each piece goes forward and backward on a tape of its own, and the gradients are added in one fixed tree
//! over the pieces. So the sum does not depend on which thread or which process had a piece, and neither does any
//! other number.
//!
//! Random numbers are keyed by example, so the noise of a piece is that of its examples. What is no sum over examples,
//! such as batch normalization or a penalty on a mean over the batch, says so by [`Context::whole`]: an operation that
//! joins the rows of all pieces, at which they wait for each other. Its derivative is the sum of the cotangents of all
//! pieces, so that a gradient passes from the loss of one piece to the rows of another, as it does in a batch that is not
//! cut.
//!
//! A [`Crew`] is who works: threads of this process, and [`Ranks`], other processes that run the same program. The
//! [trainer](crate::train::Trainer::with_workers) makes one.
//!
//! [`Plan::pieces`]: crate::train::Plan::pieces
//! [`Context::whole`]: crate::Context::whole

mod meeting;
mod ranks;
mod share;
mod sum;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use crate::{Error, Result};
use meeting::Gone;
pub(crate) use meeting::Meeting;
pub use ranks::{Alone, Ranks};
pub(crate) use share::Share;
pub(crate) use sum::add_all;

/// The number of pieces where work is shared and nothing else is said. It does not follow from the number of workers, so
/// that 1, 2 and 4 of them give the same bytes.
pub const USUAL: usize = 4;

/// The most pieces of a batch: each has a thread.
pub const MOST: usize = 256;

/// Refuses a number of pieces that no batch can be cut into.
pub(crate) fn check(pieces: usize) -> Result<()> {
    match pieces {
        1..=MOST => Ok(()),
        _ => Err(Error::setting("pieces", format!("pieces must be from 1 to {MOST}, not {pieces}"))),
    }
}

/// Who works on the pieces of a batch.
pub struct Crew {
    pieces: usize,
    workers: usize,
    ranks: Arc<dyn Ranks>,
    /// A thread for each piece of this process, with kernels that stay on it.
    #[cfg(feature = "rayon")]
    threads: Vec<rayon::ThreadPool>,
}

impl std::fmt::Debug for Crew {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Crew of {} workers for {} pieces, {:?}", self.workers, self.pieces, self.ranks)
    }
}

impl Crew {
    /// A crew for so many pieces, of which `workers` are worked on at the same time in this process.
    ///
    /// # Errors
    /// If there is no piece or no worker, more pieces than [`MOST`], or more ranks than pieces.
    pub fn new(pieces: usize, workers: usize, ranks: Arc<dyn Ranks>) -> Result<Self> {
        check(pieces)?;
        if workers == 0 {
            return Err(Error::setting("workers", "at least 1 worker is needed (--workers 1)"));
        }
        let count = ranks.count();
        if count > pieces && pieces > 1 {
            let problem = format!(
                "there are {count} processes and only {pieces} pieces of a batch; start {pieces} processes or fewer, or \
                 choose --set train.pieces={count}"
            );
            return Err(Error::setting("pieces", problem));
        }
        #[cfg(feature = "rayon")]
        let threads = match pieces {
            1 => vec![],
            _ => (0..owned(pieces, &*ranks).len()).map(|_| one_thread()).collect::<Result<_>>()?,
        };
        Ok(Crew {
            pieces,
            workers,
            ranks,
            #[cfg(feature = "rayon")]
            threads,
        })
    }

    /// Whether batches are cut at all.
    pub fn cuts(&self) -> bool {
        self.pieces > 1
    }

    /// The end for all ranks, if one of them wants to end. All must ask.
    pub(crate) fn agree(&self, here: ControlFlow<()>) -> ControlFlow<()> {
        if self.ranks.count() == 1 {
            return here;
        }
        let all = ranks::together(&*self.ranks, "stop", vec![u8::from(here.is_break())]);
        if all.iter().any(|there| there[0] == 1) { ControlFlow::Break(()) } else { here }
    }

    /// Does `work` for each of this process's pieces of a batch whose examples have these numbers; returns the meeting
    /// of the pieces, and the results in their order.
    ///
    /// # Panics
    /// If one of them does.
    pub(crate) fn share<R: Send>(
        &self,
        examples: &[usize],
        work: impl Fn(Share) -> R + Sync,
    ) -> (Arc<Meeting>, Vec<R>) {
        let batch = examples.len();
        let pieces = self.pieces.min(batch).max(1);
        let own = owned(pieces, &*self.ranks);
        let meeting = Arc::new(Meeting::new(pieces, own.clone(), self.workers, self.ranks.clone()));
        let one = |seat: usize| {
            let piece = own.start + seat;
            let rows = piece * batch / pieces..(piece + 1) * batch / pieces;
            let first = examples.first().copied().unwrap_or(0);
            let share = Share { meeting: meeting.clone(), seat, rows, batch, first };
            catch_unwind(AssertUnwindSafe(|| meeting.attend(|| work(share))))
        };
        let mut results: Vec<_> = (0..own.len()).map(|_| None).collect();
        self.side_by_side(&mut results, &one);
        let mut done = vec![];
        let mut panics: Vec<Box<dyn Any + Send>> = vec![];
        for result in results {
            match result.expect("each piece was worked on") {
                Ok(result) => done.push(result),
                Err(panic) => panics.push(panic),
            }
        }
        // Those that only ended because another piece did have nothing to say.
        panics.sort_by_key(|panic| panic.is::<Gone>());
        if let Some(panic) = panics.into_iter().next() {
            resume_unwind(panic);
        }
        (meeting, done)
    }

    /// Fills each place with the result of its number, on a thread of its own.
    #[cfg(feature = "rayon")]
    fn side_by_side<R: Send>(&self, places: &mut [Option<R>], one: &(impl Fn(usize) -> R + Sync)) {
        fn fill<R: Send>(
            threads: &[rayon::ThreadPool],
            places: &mut [Option<R>],
            number: usize,
            one: &(impl Fn(usize) -> R + Sync),
        ) {
            let ([thread, threads @ ..], [place, places @ ..]) = (threads, places) else { return };
            thread.in_place_scope(|scope| {
                scope.spawn(move |_| *place = Some(one(number)));
                fill(threads, places, number + 1, one);
            });
        }
        fill(&self.threads, places, 0, one);
    }

    /// Fills each place with the result of its number, on a thread of its own.
    #[cfg(not(feature = "rayon"))]
    fn side_by_side<R: Send>(&self, places: &mut [Option<R>], one: &(impl Fn(usize) -> R + Sync)) {
        std::thread::scope(|scope| {
            for (number, place) in places.iter_mut().enumerate() {
                scope.spawn(move || *place = Some(one(number)));
            }
        });
    }
}

/// A pool whose only thread shares no kernel.
#[cfg(feature = "rayon")]
fn one_thread() -> Result<rayon::ThreadPool> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.map_err(|error| Error::setting("pieces", format!("cannot start a thread for each piece: {error}")))
}

/// The pieces of this rank, side by side. With fewer pieces than ranks, as in a small last batch, some have none: they do
/// the same as another rank, for company, and are not counted.
fn owned(pieces: usize, ranks: &dyn Ranks) -> Range<usize> {
    let own = ranks::pieces_of(ranks.number(), pieces, ranks.count());
    match own.is_empty() {
        true => own.start.min(pieces - 1)..own.start.min(pieces - 1) + 1,
        false => own,
    }
}
