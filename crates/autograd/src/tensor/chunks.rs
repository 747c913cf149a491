//! Pieces of a result, shared out to the threads.
//!
//! Elements that do not depend on each other are divided equally among the threads. Sums are split at fixed places that do not
//! depend on the number of threads, and partial sums are combined in a fixed order: the same inputs give the same bits on
//! any machine with any number of threads.

use std::sync::{Mutex, PoisonError};

use super::threads::{self, share};

/// The most elements handled by one task.
pub(super) const CHUNK: usize = 1 << 14;

/// Tasks begin at multiples of so many elements: whole cache lines.
pub(super) const LINE: usize = 16;

/// Calls `task(i, piece)` for every piece of `out` of length `chunk`, in parallel if there are
/// several.
pub(super) fn for_each_chunk<T: Send>(out: &mut [T], chunk: usize, task: impl Fn(usize, &mut [T]) + Sync) {
    if out.len() <= chunk {
        return out.chunks_mut(chunk.max(1)).for_each(|all| task(0, all));
    }
    let count = out.len().div_ceil(chunk);
    let pieces = Mutex::new(out.chunks_mut(chunk).enumerate());
    share(count, |_| {
        let next = pieces.lock().unwrap_or_else(PoisonError::into_inner).next();
        let (i, piece) = next.expect("one for each part");
        task(i, piece);
    });
}

/// The length of the pieces for [`for_each_chunk`] where work may be divided anywhere: a multiple of `unit`, at most
/// about `most`, and equally much for every thread. (128 × 784 elements in pieces of `CHUNK` would be four for one
/// thread and three for the other.)
pub(super) fn piece(len: usize, most: usize, unit: usize) -> usize {
    if len <= most {
        return most;
    }
    let pieces = len.div_ceil(most).next_multiple_of(threads::count());
    len.div_ceil(pieces).next_multiple_of(unit)
}
