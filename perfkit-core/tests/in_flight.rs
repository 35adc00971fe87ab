//! Calls that have begun and not ended.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};

use perfkit::{Monitor, measure};

/// How many calls are in flight, and how many have ended.
fn calls(monitor: &Monitor, name: &str) -> (u64, u64) {
    let snapshot = monitor.snapshot();
    let operation = snapshot.operation(name);
    operation.map_or((0, 0), |o| (o.calls_in_flight, o.lifetime.calls.total()))
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Pending so often, then ready.
async fn waits(mut polls: u32) {
    std::future::poll_fn(|_| {
        polls = polls.saturating_sub(1);
        if polls > 0 {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
}

#[test]
fn a_call_is_in_flight_until_it_ends_however_it_does() {
    let monitor = Monitor::new();
    // Also the first call of all, which may never end.
    monitor.measure("first", || assert_eq!(calls(&monitor, "first"), (1, 0)));
    assert_eq!(calls(&monitor, "first"), (0, 1));
    for _ in 0..3 {
        let panics = || monitor.measure("panics", || panic!("expected in this test"));
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    }
    assert_eq!(calls(&monitor, "panics"), (0, 3));
    monitor.measure("outer", || {
        monitor.measure("outer", || assert_eq!(calls(&monitor, "outer"), (2, 0)));
        assert_eq!(calls(&monitor, "outer"), (1, 1));
    });
}

#[test]
fn futures_that_wait_are_in_flight() {
    let monitor = Monitor::new();
    let mut waiting: Vec<_> = (0..5)
        .map(|_| Box::pin(monitor.measure_async("get", waits(3))))
        .collect();
    assert_eq!(calls(&monitor, "get"), (0, 0), "none of them was polled");
    for round in 0..3 {
        for call in &mut waiting {
            assert_eq!(poll(call.as_mut()).is_ready(), round == 2);
        }
        let expected = if round == 2 { (0, 5) } else { (5, 0) };
        assert_eq!(calls(&monitor, "get"), expected);
    }
    assert_eq!(calls(&monitor, "get"), (0, 5));
    let mut dropped = Box::pin(monitor.measure_async("get", pending::<()>()));
    assert!(poll(dropped.as_mut()).is_pending());
    assert_eq!(calls(&monitor, "get"), (1, 5));
    // On another thread than that on which it began to wait.
    std::thread::spawn(move || drop(dropped)).join().unwrap();
    assert_eq!(calls(&monitor, "get"), (0, 6));
}

#[test]
fn a_future_is_in_flight_once_while_it_is_polled_elsewhere() {
    let monitor = Monitor::new();
    let seen = monitor.clone();
    let mut first = true;
    let looks = std::future::poll_fn(move |_| {
        assert_eq!(calls(&seen, "hops"), (1, 0));
        match std::mem::take(&mut first) {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }
    });
    let mut hops = Box::pin(monitor.measure_async("hops", looks));
    assert!(poll(hops.as_mut()).is_pending());
    assert_eq!(calls(&monitor, "hops"), (1, 0));
    let rest = std::thread::spawn(move || assert!(poll(hops.as_mut()).is_ready()));
    rest.join().unwrap();
    assert_eq!(calls(&monitor, "hops"), (0, 1));
}

#[test]
fn guards_are_in_flight() {
    let monitor = Monitor::new();
    let operation = monitor.operation("guard");
    let timers = [operation.start(), operation.start(), operation.start()];
    assert_eq!(calls(&monitor, "guard"), (3, 0));
    let [stopped, failed, discarded] = timers;
    stopped.stop();
    failed.fail("refused", "no");
    assert_eq!(calls(&monitor, "guard"), (1, 2));
    discarded.discard();
    assert_eq!(calls(&monitor, "guard"), (0, 2));
}

#[test]
fn those_of_all_threads_are_in_flight() {
    let monitor = Monitor::new();
    let (began, may_end) = (Barrier::new(9), Barrier::new(9));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                monitor.measure("work", || {
                    began.wait();
                    may_end.wait();
                });
            });
        }
        began.wait();
        assert_eq!(calls(&monitor, "work"), (8, 0));
        may_end.wait();
    });
    assert_eq!(calls(&monitor, "work"), (0, 8));
}

/// There is no memory for counters of their own.
#[test]
fn threads_that_share_counters_are_seen_too() {
    let monitor = Monitor::builder().memory_budget(0).build();
    monitor.measure("work", || assert_eq!(calls(&monitor, "work"), (1, 0)));
    let mut waiting = Box::pin(monitor.measure_async("work", waits(2)));
    assert!(poll(waiting.as_mut()).is_pending());
    assert_eq!(calls(&monitor, "work"), (1, 1));
    assert!(poll(waiting.as_mut()).is_ready());
    assert_eq!(calls(&monitor, "work"), (0, 2));
}

#[measure(name = "respond", monitor = monitor, labels(status = |status: &u16| *status))]
fn respond(monitor: &Monitor, status: u16) -> u16 {
    assert_eq!(calls(monitor, "respond"), (1, 0));
    // A call of the bare name is no recursion of one that will have labels.
    monitor.measure("respond", || ());
    status
}

#[test]
fn a_call_without_its_labels_yet_is_with_the_bare_name() {
    let monitor = Monitor::new();
    assert_eq!(respond(&monitor, 200), 200);
    assert_eq!(calls(&monitor, "respond"), (0, 1));
    assert_eq!(calls(&monitor, r#"respond{status="200"}"#), (0, 1));
    let snapshot = monitor.snapshot();
    let bare = snapshot.operation("respond").unwrap();
    assert_eq!(
        (
            bare.recursive_calls,
            bare.lifetime.execution_time().unwrap().count
        ),
        (0, 1)
    );
}

#[test]
fn what_began_before_a_reset_is_still_in_flight() {
    let monitor = Monitor::new();
    let timer = monitor.operation("guard").start();
    monitor.measure("work", || {
        monitor.reset();
        assert_eq!(calls(&monitor, "work"), (1, 0));
    });
    assert_eq!(calls(&monitor, "guard"), (1, 0));
    timer.stop();
    assert_eq!(
        (calls(&monitor, "work"), calls(&monitor, "guard")),
        ((0, 1), (0, 1))
    );
}

/// Between the end of a call and its count somebody may look: nothing goes away then.
#[test]
fn what_was_seen_in_flight_is_seen_until_a_reset() {
    let monitor = Monitor::new();
    let timer = monitor.operation("guard").start();
    assert_eq!(calls(&monitor, "guard"), (1, 0));
    timer.discard();
    let is_there = || monitor.snapshot().operation("guard").is_some();
    assert!(is_there());
    monitor.reset();
    assert!(!is_there());
}
