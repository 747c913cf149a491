//! Sharing a kernel's work among the threads of the current [`rayon`] pool.
//!
//! A kernel takes from a few to a few hundred microseconds, and the next one follows at once. Waking a sleeping
//! thread takes longer than many of them: a parallel loop of rayon's over two tasks of 20 µs, 50 µs after the
//! last one, took 50 µs inside the pool and 64 µs outside, measured on two cores. So a thread of the pool that
//! has helped stays for a moment ([`PATIENCE`]) to help with the next kernel, and the same takes 20 µs. The caller
//! works too, and never waits for a helper that has not come.

use std::any::Any;
use std::cell::OnceCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// The time for which a helper without work stays. It lets other programs run meanwhile.
const PATIENCE: Duration = Duration::from_micros(200);

/// Number of threads that share work.
pub(super) fn count() -> usize {
    rayon::current_num_threads()
}

/// Calls `work(0)`, …, `work(count − 1)`, on this and other threads, in any order.
///
/// # Panics
/// If one of them does, after all have ended.
pub(crate) fn share(count: usize, work: impl Fn(usize) + Sync) {
    let threads = self::count().min(count);
    if threads <= 1 {
        return (0..count).for_each(work);
    }
    TEAM.with(|team| team.get_or_init(Team::new).share(count, threads - 1, &work));
}

thread_local! {
    static TEAM: OnceCell<Arc<Team>> = const { OnceCell::new() };
}

/// A thread that shares its work, and those that help it.
struct Team {
    owner: ThreadId,
    /// True while the owner is in the middle of a job.
    busy: AtomicBool,
    /// The number of the job in the upper half, and in the lower the number of its parts that are not claimed.
    open: AtomicU64,
    /// The present job. Whoever has claimed a part may read it, until that part is done.
    job: AtomicPtr<Job<'static>>,
    /// Helpers that have been called and have not left.
    helpers: AtomicUsize,
}

struct Job<'a> {
    work: &'a (dyn Fn(usize) + Sync),
    done: AtomicUsize,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Team {
    fn new() -> Arc<Self> {
        Arc::new(Team {
            owner: thread::current().id(),
            busy: AtomicBool::new(false),
            open: AtomicU64::new(0),
            job: AtomicPtr::default(),
            helpers: AtomicUsize::new(0),
        })
    }

    fn share(self: &Arc<Self>, count: usize, helpers: usize, work: &(dyn Fn(usize) + Sync)) {
        if self.busy.swap(true, Ordering::Relaxed) {
            // This is inside a part of a job of this very thread: the others are busy with that one.
            return (0..count).for_each(work);
        }
        let number = self.open.load(Ordering::Relaxed) >> 32;
        let job = Job { work, done: AtomicUsize::new(0), panic: Mutex::new(None) };
        self.job.store((&raw const job).cast_mut().cast(), Ordering::Relaxed);
        let parts = u32::try_from(count).expect("fewer than 2³² parts");
        self.open.store((number + 1) << 32 | u64::from(parts), Ordering::Release);
        while self.helpers.load(Ordering::Relaxed) < helpers {
            self.helpers.fetch_add(1, Ordering::Relaxed);
            let team = self.clone();
            rayon::spawn(move || team.help());
        }
        while self.do_a_part() {}
        // Until the last helper is done with its part, the job has to stay where it is.
        let mut waited = 0;
        while job.done.load(Ordering::Acquire) < count {
            pause(&mut waited);
        }
        self.busy.store(false, Ordering::Relaxed);
        if let Some(payload) = job.panic.into_inner().unwrap_or_else(PoisonError::into_inner) {
            resume_unwind(payload);
        }
    }

    fn help(&self) {
        if thread::current().id() != self.owner {
            let (mut last, mut waited) = (Instant::now(), 0);
            while last.elapsed() < PATIENCE {
                match self.do_a_part() {
                    true => last = Instant::now(),
                    false => pause(&mut waited),
                }
            }
        }
        self.helpers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Claims one part of the present job and does it; false if none is open.
    #[allow(unsafe_code)]
    fn do_a_part(&self) -> bool {
        let claim = |open: u64| (open as u32 > 0).then(|| open - 1);
        let Ok(open) = self.open.fetch_update(Ordering::Acquire, Ordering::Relaxed, claim) else {
            return false;
        };
        // SAFETY: the claim was for the job that `open` spoke of, which was stored before. `share` keeps it
        // alive, and begins no other, until all of its parts are done; this one is done with the last line.
        let job = unsafe { &*self.job.load(Ordering::Relaxed) };
        let part = open as u32 as usize - 1;
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| (job.work)(part))) {
            *job.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(payload);
        }
        job.done.fetch_add(1, Ordering::Release);
        true
    }
}

/// Waits for less than a microsecond; now and then lets another program have the processor.
fn pause(waited: &mut u32) {
    *waited += 1;
    match *waited % 64 {
        0 => thread::yield_now(),
        _ => std::hint::spin_loop(),
    }
}

#[cfg(test)]
mod tests;
