//! Counters: memory held and arithmetic done by the current thread.
//!
//! They cost next to nothing and are always on, so that a test can state the cost of a computation.
//!
//! ```
//! use autograd::{Tensor, cost};
//!
//! let before = cost::live_bytes();
//! let a = Tensor::<f32>::zeros([1000]);
//! assert_eq!(cost::live_bytes() - before, 4000);
//! drop(a);
//! assert_eq!(cost::live_bytes(), before);
//! ```

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    static FLOPS: Cell<u64> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(isize::MAX) };
}

/// Bytes in the buffers that this thread made and that are still in use, less those it dropped for
/// other threads.
pub fn live_bytes() -> isize {
    LIVE.get()
}

/// The largest value of [`live_bytes`] since the thread began or [`reset_peak`].
pub fn peak_bytes() -> isize {
    PEAK.get()
}

/// Lets [`peak_bytes`] begin anew from the present.
pub fn reset_peak() {
    PEAK.set(LIVE.get());
}

/// The result of `f`, and the bytes that it held at most beyond those that were held before.
///
/// ```
/// use autograd::{Tensor, cost};
///
/// let (_, bytes) = cost::peak_of(|| Tensor::<f32>::zeros([1000]).map(|x| x + 1.0));
/// assert_eq!(bytes, 8000);
/// ```
pub fn peak_of<R>(f: impl FnOnce() -> R) -> (R, usize) {
    let (before, earlier) = (live_bytes(), peak_bytes());
    reset_peak();
    let result = f();
    let peak = peak_bytes();
    PEAK.set(peak.max(earlier));
    (result, (peak - before).max(0) as usize)
}

/// The bytes of the tensor that was too much for [`within`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TooMuch(pub f64);

/// The result of `f`, if this thread holds at no time so many bytes more than before. Else it ends at the tensor that would
/// be too much, and before that is made: so what does not fit into memory is known without filling it.
///
/// ```
/// use autograd::{Tensor, cost};
///
/// let ones = |n: usize| cost::within(1_000_000, || Tensor::<f32>::ones([n, n]));
/// assert_eq!(ones(400).unwrap().len(), 160_000);
/// assert_eq!(ones(1_000_000).unwrap_err(), cost::TooMuch(4e12));
/// ```
///
/// # Errors
/// If it would hold more.
pub fn within<R>(bytes: usize, f: impl FnOnce() -> R) -> Result<R, TooMuch> {
    let before = MOST.get();
    let most = live_bytes().saturating_add_unsigned(bytes);
    MOST.set(before.min(most));
    // What `f` borrows is given up by whoever learns that it ended.
    let result = catch_unwind(AssertUnwindSafe(f));
    MOST.set(before);
    match result {
        Ok(result) => Ok(result),
        Err(payload) => match payload.downcast::<TooMuch>() {
            Ok(much) if most <= before => Err(*much),
            // The limit around this one.
            Ok(much) => resume_unwind(much),
            Err(payload) => resume_unwind(payload),
        },
    }
}

/// True if this thread may hold so many bytes more.
pub(crate) fn allows(bytes: usize) -> bool {
    LIVE.get().saturating_add_unsigned(bytes) <= MOST.get()
}

/// Ends what runs [`within`] a limit; returns if nothing does.
pub(crate) fn end(bytes: f64) {
    if MOST.get() < isize::MAX {
        resume_unwind(Box::new(TooMuch(bytes)));
    }
}

/// Floating-point operations of the kernels that this thread has called: one for every element that
/// an elementwise function computes or a sum reads, `2mkn` for a matrix product.
pub fn flops() -> u64 {
    FLOPS.get()
}

pub(crate) fn hold(bytes: usize) {
    // A thread that ends may drop buffers after its counters; there is nothing left to count then.
    let _ = LIVE.try_with(|live| {
        live.set(live.get() + bytes as isize);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(live.get())));
    });
}

pub(crate) fn release(bytes: usize) {
    let _ = LIVE.try_with(|live| live.set(live.get() - bytes as isize));
}

pub(crate) fn work(flops: usize) {
    FLOPS.set(FLOPS.get() + flops as u64);
}
