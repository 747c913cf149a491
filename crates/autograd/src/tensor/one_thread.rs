//! The place of `threads.rs` where the feature `rayon` is off: the caller does all the work.

/// Number of threads that share work.
pub(super) fn count() -> usize {
    1
}

/// Calls `work(0)`, …, `work(count − 1)`.
pub(crate) fn share(count: usize, work: impl Fn(usize) + Sync) {
    (0..count).for_each(work);
}
