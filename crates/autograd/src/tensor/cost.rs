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

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    static FLOPS: Cell<u64> = const { Cell::new(0) };
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
