//! Preparing the next batches while the model learns from this one.
//!
//! An iterator is moved to a thread of its own, a few items ahead of who asks for them. The items and
//! their order are those of the iterator, so nothing but time depends on the thread.
//!
//! ```
//! use autograd::Tensor;
//! use nn::Dataset;
//! use nn::data::{Examples, prefetch, shuffled};
//!
//! let data = Dataset::new(Tensor::from_fn([10, 3], |i| i as f32));
//! let order = shuffled(data.len(), 7, 0);
//! let mut seen = 0;
//! std::thread::scope(|scope| {
//!     for batch in prefetch(scope, 2, order.chunks(4).map(|numbers| Examples::rows(&data, numbers))) {
//!         seen += batch?.shape()[0];
//!     }
//!     Ok::<(), nn::Error>(())
//! })?;
//! assert_eq!(seen, 10);
//! # Ok::<(), nn::Error>(())
//! ```

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

/// The items of an iterator that runs in the background. Made by [`prefetch`].
///
/// Dropped early, it stops the thread after the item at hand.
#[derive(Debug)]
pub struct Prefetch<'scope, T> {
    items: Receiver<T>,
    thread: Option<ScopedJoinHandle<'scope, ()>>,
}

/// Runs the iterator on a thread of this scope, where at most `ahead` items wait and one more is in the
/// making. Errors are items like any other. A panic of the iterator comes out of
/// [`next`](Iterator::next), after the items before it.
pub fn prefetch<'scope, I>(
    scope: &'scope Scope<'scope, '_>,
    ahead: usize,
    items: I,
) -> Prefetch<'scope, I::Item>
where
    I: Iterator<Item: Send + 'scope> + Send + 'scope,
{
    let (sender, receiver) = sync_channel(ahead);
    let thread = scope.spawn(move || {
        for item in items {
            // Nobody listens any more.
            if sender.send(item).is_err() {
                break;
            }
        }
    });
    Prefetch { items: receiver, thread: Some(thread) }
}

impl<T> Iterator for Prefetch<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if let Ok(item) = self.items.recv() {
            return Some(item);
        }
        // The thread has ended, and only its end tells whether that was the last item or a panic.
        if let Some(Err(panic)) = self.thread.take().map(ScopedJoinHandle::join) {
            resume_unwind(panic);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread::{self, scope};
    use std::time::Duration;

    use super::*;
    use crate::{Error, Result};

    #[test]
    fn the_same_items_in_the_same_order_from_another_thread() {
        let here = thread::current().id();
        for ahead in [0, 1, 3, 100] {
            scope(|scope| {
                let found: Vec<_> =
                    prefetch(scope, ahead, (0..20).map(|i| (i, thread::current().id()))).collect();
                assert!(found.iter().map(|item| item.0).eq(0..20));
                assert!(found.iter().all(|item| item.1 != here));
            });
        }
    }

    #[test]
    fn no_more_is_prepared_than_asked_for() {
        let prepared = AtomicUsize::new(0);
        scope(|scope| {
            let mut items =
                prefetch(scope, 2, (0..).inspect(|_| _ = prepared.fetch_add(1, Ordering::SeqCst)));
            assert_eq!(items.next(), Some(0));
            // One is taken, two wait, one more wants to.
            while prepared.load(Ordering::SeqCst) < 4 {
                thread::yield_now();
            }
            // Long enough for any others to show up.
            thread::sleep(Duration::from_millis(50));
            assert_eq!(prepared.load(Ordering::SeqCst), 4);
            // The iterator has no end; that the scope has one is the other half of this test.
        });
    }

    #[test]
    fn errors_come_in_their_turn() {
        scope(|scope| {
            let load = |i| if i == 2 { Err(Error::data("two")) } else { Ok(i) };
            let found: Vec<Result<u32>> = prefetch(scope, 1, (0..4).map(load)).collect();
            assert_eq!(found[2].as_ref().unwrap_err().to_string(), "two");
            assert_eq!([&found[0], &found[1], &found[3]].map(|item| *item.as_ref().unwrap()), [0, 1, 3]);
        });
    }

    #[test]
    #[should_panic(expected = "the second item")]
    fn panics_come_in_their_turn() {
        scope(|scope| {
            let mut items = prefetch(scope, 1, (0..4).inspect(|&i| assert_ne!(i, 1, "the second item")));
            assert_eq!(items.next(), Some(0));
            items.next();
        });
    }

    #[test]
    fn after_the_end_there_is_nothing() {
        scope(|scope| {
            let mut items = prefetch(scope, 1, 0..1);
            assert_eq!([items.next(), items.next(), items.next()], [Some(0), None, None]);
        });
    }
}
