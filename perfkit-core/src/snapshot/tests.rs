//! Whole monitors on several threads, in so few calls that Miri can follow each:
//! it sees data races, and memory that is used or lost wrongly.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::mpsc::channel;
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

use crate::monitor::{Monitor, Operation};
use crate::outcome::Ending;
use crate::recorder::{Calls, shard_of_thread};

use super::OperationSnapshot;

const THREADS: u64 = 2;
const ROUNDS: u64 = if cfg!(miri) { 2 } else { 400 };
const SNAPSHOTS: u64 = if cfg!(miri) { 2 } else { 400 };

/// Longer than any test, even in Miri on a slow machine.
const LAST_PERIOD: Duration = Duration::from_secs(24 * 60 * 60);

/// A monitor whose shards no other test gets, because it keeps another number of
/// calls than theirs.
fn monitor() -> Monitor {
    that_keeps(3)
}

fn that_keeps(last_calls: usize) -> Monitor {
    Monitor::builder()
        .last_calls(last_calls)
        .last_period(LAST_PERIOD)
        .build()
}

fn work(monitor: &Monitor) -> OperationSnapshot {
    monitor.snapshot().operation("work").unwrap().clone()
}

/// Calls of every kind and with every ending.
fn round(monitor: &Monitor, operation: &Operation) {
    operation.measure(|| ());
    monitor.measure("work", || ());
    let measured = operation.clone().memory().items(2);
    measured.measure(|| drop(std::hint::black_box(vec![0_u8; 8])));
    operation.measure(|| operation.measure(|| ()));
    operation.start().stop();
    let mut context = Context::from_waker(Waker::noop());
    let ready = pin!(operation.measure_async(std::future::ready(())));
    assert!(ready.poll(&mut context).is_ready());

    let _ = operation.try_measure(|| Err::<(), _>("refused"));
    operation.start().fail("late", "by far");

    let panics = || operation.measure(|| resume_unwind(Box::new("expected in this test")));
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());

    let mut never = Box::pin(operation.measure_async(std::future::pending::<()>()));
    assert!(never.as_mut().poll(&mut context).is_pending());
}

/// What so many rounds are.
fn calls_of(rounds: u64) -> Calls {
    Calls {
        success: 7 * rounds,
        failure: 2 * rounds,
        panic: rounds,
        cancelled: rounds,
    }
}

#[test]
fn threads_record_in_every_way_while_snapshots_are_taken() {
    let monitor = monitor();
    let operation = monitor.operation("work");
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..ROUNDS).for_each(|_| round(&monitor, &operation)));
        }
        let mut seen = 0;
        for _ in 0..SNAPSHOTS {
            let snapshot = monitor.snapshot();
            let Some(work) = snapshot.operation("work") else {
                continue;
            };
            let calls = work.lifetime.calls;
            let timed = work.lifetime.execution_time().map_or(0, |t| t.count);
            assert_eq!(timed + work.recursive_calls, calls.success);
            assert!(calls.total() >= seen);
            seen = calls.total();
        }
    });
    let work = work(&monitor);
    let rounds = THREADS * ROUNDS;
    assert_eq!(work.lifetime.calls, calls_of(rounds));
    assert_eq!(work.recursive_calls, rounds);
    assert_eq!(work.last_period.calls, calls_of(rounds));
    assert_eq!(work.last_calls.calls.total(), 3);
    let errors: Vec<_> = work.errors.iter().map(|error| error.count).collect();
    assert_eq!(errors, [rounds, rounds]);
}

fn address(operation: &Operation) -> usize {
    let shard = shard_of_thread(&operation.destination.entry.recorder);
    std::ptr::from_ref(shard.unwrap()).addr()
}

#[test]
fn a_thread_goes_on_with_the_shard_of_one_that_ended() {
    let monitor = monitor();
    let operation = monitor.operation("work");
    let record = || {
        round(&monitor, &operation);
        address(&operation)
    };
    let of_ended = [(); 3].map(|()| thread::scope(|scope| scope.spawn(record).join().unwrap()));
    assert_eq!(BTreeSet::from(of_ended).len(), 1);
    let here = record();
    let meanwhile = thread::scope(|scope| scope.spawn(record).join().unwrap());
    assert_ne!(here, meanwhile);
    assert_eq!(work(&monitor).lifetime.calls, calls_of(5));
}

#[test]
fn the_shards_of_a_monitor_that_is_gone_serve_the_next_as_if_they_were_new() {
    // A thread that lives as long as this one and knows all monitors.
    let (give, given) = channel::<(Monitor, u64)>();
    let (answer, answers) = channel();
    let record = |monitor: &Monitor, items: u64| {
        let operation = monitor.operation("work");
        round(monitor, &operation);
        operation.clone().items(items).measure(|| ());
        address(&operation)
    };
    let thread = thread::spawn(move || {
        for (monitor, items) in given {
            let address = record(&monitor, items);
            drop(monitor);
            answer.send(address).unwrap();
        }
    });
    let mut shards = BTreeSet::new();
    for items in [30, 20, 10] {
        // As many as in no other test, whose shards would serve here too.
        let monitor = that_keeps(20);
        give.send((monitor.clone(), items)).unwrap();
        shards.insert(record(&monitor, items));
        shards.insert(answers.recv().unwrap());
        let work = work(&monitor);
        let mut expected = calls_of(2);
        expected.success += 2;
        assert_eq!(work.lifetime.calls, expected);
        assert_eq!(work.last_period.calls, expected);
        assert_eq!(work.errors.len(), 2);
        let metric = |name| work.lifetime.metric(name).unwrap();
        assert_eq!(metric("execution_time").count, 14);
        assert_eq!(metric("allocated").count, 2);
        let counted = metric("items");
        assert_eq!((counted.count, counted.max), (4, Some(items as f64)));
    }
    drop(give);
    thread.join().unwrap();
    assert_eq!(shards.len(), 2);
}

#[test]
fn a_monitor_may_go_while_a_thread_that_used_it_ends() {
    for _ in 0..ROUNDS {
        let monitor = monitor();
        let operation = monitor.operation("work");
        let thread = thread::spawn(move || operation.measure(|| ()));
        drop(monitor);
        thread.join().unwrap();
    }
}

#[test]
fn a_reset_meets_calls_of_other_threads() {
    let monitor = monitor();
    let operation = monitor.operation("work");
    thread::scope(|scope| {
        scope.spawn(|| (0..ROUNDS).for_each(|_| round(&monitor, &operation)));
        for _ in 0..SNAPSHOTS {
            monitor.reset();
            let snapshot = monitor.snapshot();
            let total = snapshot
                .operation("work")
                .map_or(0, |work| work.lifetime.count());
            assert!(total <= calls_of(ROUNDS).total());
        }
    });
    monitor.reset();
    assert!(monitor.snapshot().operations.is_empty());
    round(&monitor, &operation);
    let work = work(&monitor);
    assert_eq!(work.lifetime.calls, calls_of(1));
    assert_eq!(work.last_calls.calls.total(), 3);
}

#[test]
fn a_call_while_its_thread_ends_is_counted() {
    struct MeasuresOnDrop(Monitor);
    impl Drop for MeasuresOnDrop {
        fn drop(&mut self) {
            round(&self.0, &self.0.operation("work"));
        }
    }
    thread_local! {
        static LATE: std::cell::RefCell<Option<MeasuresOnDrop>> =
            const { std::cell::RefCell::new(None) };
    }
    let monitor = monitor();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                LATE.with(|late| *late.borrow_mut() = Some(MeasuresOnDrop(monitor.clone())));
                round(&monitor, &monitor.operation("work"));
            });
        }
    });
    // A scope waits for the threads' work, not for their last breath.
    let expected = calls_of(2 * THREADS).total();
    while work(&monitor).lifetime.calls.total() < expected {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(work(&monitor).lifetime.calls, calls_of(2 * THREADS));
}

/// What is saved again only if there is something new must see each kind of call.
#[test]
fn every_call_is_progress_and_a_snapshot_is_none() {
    let monitor = monitor();
    let operation = monitor.operation("work");
    operation.measure(|| ());
    let shard = shard_of_thread(&operation.destination.entry.recorder).unwrap();
    let calls: [&dyn Fn(); 7] = [
        &|| operation.measure(|| ()),
        &|| operation.measure(|| operation.measure(|| ())),
        &|| operation.start().fail("late", "by far"),
        &|| {
            let mut never = Box::pin(operation.measure_async(std::future::pending::<()>()));
            let mut context = Context::from_waker(Waker::noop());
            assert!(never.as_mut().poll(&mut context).is_pending());
        },
        &|| shard.record_untimed_success(),
        &|| shard.record_untimed(Ending::Failure, None),
        &|| monitor.operation("other").measure(|| ()),
    ];
    let mut before = monitor.progress();
    for call in calls {
        call();
        drop(monitor.snapshot());
        let now = monitor.progress();
        assert_ne!(now, before);
        assert_eq!(now, monitor.progress());
        before = now;
    }
    monitor.reset();
    assert_ne!(monitor.progress(), before);
}
