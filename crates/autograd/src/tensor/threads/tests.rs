use super::*;

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads")
}

#[test]
fn every_part_is_done_once() {
    for threads in [1, 2, 3, 8] {
        pool(threads).install(|| {
            for count in (0..200).chain([10_000]) {
                let times: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
                share(count, |i| {
                    times[i].fetch_add(1, Ordering::Relaxed);
                });
                assert!(times.iter().all(|times| times.load(Ordering::Relaxed) == 1), "{count}");
            }
        });
    }
}

#[test]
fn jobs_inside_jobs_and_from_many_threads() {
    let total = AtomicUsize::new(0);
    let work = || {
        share(20, |_| {
            share(10, |_| {
                total.fetch_add(1, Ordering::Relaxed);
            });
        });
    };
    thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(|| (0..50).for_each(|_| work())))));
    assert_eq!(total.into_inner(), 4 * 50 * 200);
}

#[test]
fn helpers_come_and_leave() {
    pool(2).install(|| {
        let helped = AtomicUsize::new(0);
        let caller = thread::current().id();
        let deadline = Instant::now() + Duration::from_secs(20);
        while helped.load(Ordering::Relaxed) == 0 && Instant::now() < deadline {
            share(2, |_| {
                helped.fetch_add(usize::from(thread::current().id() != caller), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(5));
            });
        }
        assert!(helped.load(Ordering::Relaxed) > 0, "nobody ever helped");
        let present = || TEAM.with(|team| team.get().unwrap().helpers.load(Ordering::Relaxed));
        while present() > 0 && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(present(), 0, "helpers must not stay for ever");
    });
}

#[test]
fn a_panic_reaches_the_caller_when_all_parts_have_ended() {
    pool(2).install(|| {
        for bad in [0, 7, 15] {
            let ended = AtomicUsize::new(0);
            let result = catch_unwind(AssertUnwindSafe(|| {
                share(16, |i| {
                    assert!(i != bad, "part {i}");
                    ended.fetch_add(1, Ordering::Relaxed);
                });
            }));
            let payload = result.expect_err("one part panics");
            assert_eq!(payload.downcast_ref::<String>().unwrap(), &format!("part {bad}"));
            assert_eq!(ended.into_inner(), 15);
        }
        share(4, |_| {}); // and the team still works
    });
}
