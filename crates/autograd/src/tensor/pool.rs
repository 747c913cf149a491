//! Recycled memory.
//!
//! Training repeats the same step, so it asks for the same buffers again and again. Handing them
//! back to the system in between costs more than the arithmetic: every fresh page is cleared and
//! mapped anew. A [`Buffer`] that is dropped therefore waits in a [`Pool`] for the next request of
//! its size.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use smallvec::SmallVec;

use super::cost;
use crate::Real;

/// Up to this many elements lie beside the counters of their tensor, in one piece of memory.
const TINY: usize = 16;

/// Below this many elements the allocator's own free lists are as good as ours.
pub(super) const SMALLEST: usize = 1024;

/// Larger buffers begin where a cache line does, at a multiple of so many bytes: a vector that lies in two
/// lines is read and written twice (W1 −2 %, W5 −4 %).
pub(super) const LINE: usize = 64;

/// At most this many bytes wait for reuse; the rest goes back to the system.
const MOST_BYTES: usize = 1 << 30;

/// The number of bytes from which on the system is asked before they are taken, so that a refusal is no abort. For fewer,
/// asking would take longer than the computation that needs them.
const ASKED: usize = 1 << 20;

/// Buffers that wait for reuse, by size class.
#[derive(Debug)]
pub struct Pool<T> {
    free: Mutex<Shelves<T>>,
}

#[derive(Debug)]
struct Shelves<T> {
    by_class: BTreeMap<usize, Vec<Vec<T>>>,
    bytes: usize,
}

impl<T: Real> Pool<T> {
    pub(crate) const fn new() -> Self {
        Pool { free: Mutex::new(Shelves { by_class: BTreeMap::new(), bytes: 0 }) }
    }

    fn take(&self, class: usize) -> Option<Vec<T>> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let data = free.by_class.get_mut(&class)?.pop()?;
        free.bytes -= size_of::<T>() * class;
        Some(data)
    }

    fn give(&self, data: Vec<T>) {
        let bytes = size_of::<T>() * data.len();
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.bytes + bytes <= MOST_BYTES {
            free.bytes += bytes;
            free.by_class.entry(data.len()).or_default().push(data);
        }
    }
}

/// In tests, the contents of recycled memory are made useless: a kernel that forgets an element is found at once.
pub(super) fn spoil<T: Real>(stale: &mut [T]) {
    if cfg!(any(test, debug_assertions)) {
        stale.fill(T::NAN);
    }
}

/// The number of elements of a buffer. Large sizes have room for a beginning at a [`LINE`], and are rounded up to
/// eighths of a power of two, so that nearly equal requests share buffers and at most an eighth is wasted.
fn class<T>(len: usize) -> usize {
    if len < SMALLEST {
        return len;
    }
    let len = len + LINE / size_of::<T>();
    len.next_multiple_of(len.next_power_of_two() / 16)
}

/// The memory behind a tensor, given back to the pool when dropped.
#[derive(Debug)]
pub(crate) struct Buffer<T: Real> {
    data: SmallVec<[T; TINY]>,
    /// The place in `data` at which the numbers of the tensor begin, and their count.
    start: usize,
    len: usize,
    /// True if it came from the pool, or could have. Memory from outside is freed: were it kept, the pool
    /// would grow with every vector that is made into a tensor.
    pooled: bool,
}

impl<T: Real> Buffer<T> {
    /// A buffer whose content is left over from an earlier use: the caller writes every element. `None` if there
    /// is not so much memory, or this thread may not [have](cost::within) it.
    pub(crate) fn stale(len: usize) -> Option<Self> {
        if size_of::<T>().checked_mul(len).is_none_or(|bytes| bytes > isize::MAX as usize / 2) {
            return None;
        }
        if !cost::allows(size_of::<T>() * len) {
            return None;
        }
        let class = class::<T>(len);
        let recycled = if len < SMALLEST { None } else { T::pool().take(class) };
        let mut data = match recycled {
            Some(data) => SmallVec::from_vec(data),
            None if class <= TINY => SmallVec::from_buf_and_len([T::zero(); TINY], class),
            // Of memory that is cleared on demand, glibc keeps no small pieces at hand.
            None if class < SMALLEST => SmallVec::from_vec(std::iter::repeat_n(T::zero(), class).collect()),
            None if size_of::<T>() * class >= ASKED && !can_be_had::<T>(class) => return None,
            None => SmallVec::from_vec(vec![T::zero(); class]),
        };
        spoil(&mut data);
        let pooled = class >= SMALLEST;
        let start = if pooled { data.as_ptr().align_offset(LINE).min(class - len) } else { 0 };
        Some(Buffer::new(data, start, len, pooled))
    }

    pub(crate) fn from_vec(data: Vec<T>) -> Self {
        let len = data.len();
        Buffer::new(SmallVec::from_vec(data), 0, len, false)
    }

    fn new(data: SmallVec<[T; TINY]>, start: usize, len: usize, pooled: bool) -> Self {
        cost::hold(size_of::<T>() * len);
        Buffer { data, start, len, pooled }
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        &self.data[self.start..][..self.len]
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.data[self.start..][..self.len]
    }
}

/// True if the system has memory for so many elements, which is given back at once.
fn can_be_had<T>(elements: usize) -> bool {
    Vec::<T>::new().try_reserve_exact(elements).is_ok()
}

thread_local!(static OPERATION: Cell<&'static str> = const { Cell::new("") });

/// While it lives, memory is asked for by the operation of this name: for the message if there is none.
pub(crate) struct MadeBy {
    before: &'static str,
}

impl MadeBy {
    pub(crate) fn operation(name: &'static str) -> Self {
        MadeBy { before: OPERATION.replace(name) }
    }
}

impl Drop for MadeBy {
    fn drop(&mut self) {
        OPERATION.set(self.before);
    }
}

/// Says that there is no memory for a tensor of this shape.
#[cold]
#[track_caller]
pub(super) fn too_large<T>(shape: &[usize]) -> ! {
    let bytes = shape.iter().map(|&size| size as f64).product::<f64>() * size_of::<T>() as f64;
    cost::end(bytes);
    let operation = match OPERATION.get() {
        "" => String::new(),
        name => format!("{name}: "),
    };
    panic!("{operation}a tensor of shape {shape:?} takes {bytes:.0} bytes, more memory than there is");
}

impl<T: Real> Drop for Buffer<T> {
    fn drop(&mut self) {
        cost::release(size_of::<T>() * self.len);
        if self.pooled {
            T::pool().give(std::mem::take(&mut self.data).into_vec());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_waste_at_most_an_eighth() {
        for len in (0..5000).chain([100_352, 1 << 20, (1 << 20) + 1, 784_000]) {
            let class = class::<f32>(len);
            let room = if len < SMALLEST { 0 } else { 16 };
            let wasted = class.checked_sub(len + room);
            assert!(wasted.is_some_and(|wasted| wasted <= (len + room) / 8), "{len} is rounded to {class}");
        }
    }

    #[test]
    fn large_buffers_begin_at_a_cache_line() {
        for len in (SMALLEST..2000).chain([784_000]) {
            let (mut single, mut double) =
                (Buffer::<f32>::stale(len).unwrap(), Buffer::<f64>::stale(len).unwrap());
            assert!(single.as_slice().as_ptr().addr().is_multiple_of(LINE), "{len}");
            assert!(double.as_slice().as_ptr().addr().is_multiple_of(LINE), "{len}");
            assert_eq!((single.as_mut_slice().len(), double.as_mut_slice().len()), (len, len));
        }
    }

    #[test]
    fn what_comes_from_outside_is_not_kept() {
        let size = class::<f64>(234_567); // a size no other test asks for
        let outside = Buffer::from_vec(vec![0.0_f64; size]);
        drop(outside);
        assert!(f64::pool().take(size).is_none());
    }

    #[test]
    fn a_dropped_buffer_is_used_again() {
        let odd = 123_457; // a size no other test asks for
        let first = Buffer::<f64>::stale(odd).unwrap();
        let address = first.as_slice().as_ptr();
        drop(first);
        assert_eq!(Buffer::<f64>::stale(odd).unwrap().as_slice().as_ptr(), address);
    }
}
