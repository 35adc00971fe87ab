//! Streams: one call each, from the first poll to the end.
#![allow(
    clippy::expect_used,
    clippy::float_cmp,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_util::StreamExt as _;
use futures_util::stream;
use perfkit::{Calls, CountingAllocator, MockClock, Monitor, OperationSnapshot};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::system();

const MS: f64 = 1e6;

fn on_mock_clock() -> (Monitor, MockClock) {
    let clock = MockClock::new();
    (Monitor::with_clock(clock.clone()), clock)
}

fn operation(monitor: &Monitor, name: &str) -> OperationSnapshot {
    let snapshot = monitor.snapshot();
    let names: Vec<_> = snapshot.operations.iter().map(|o| o.name.clone()).collect();
    snapshot
        .operation(name)
        .unwrap_or_else(|| panic!("{name} is not in {names:?}"))
        .clone()
}

fn calls(monitor: &Monitor, name: &str) -> Calls {
    operation(monitor, name).lifetime.calls
}

fn sum(monitor: &Monitor, name: &str, metric: &str) -> f64 {
    let operation = operation(monitor, name);
    operation.lifetime.metric(metric).unwrap().sum
}

fn sum_ms(monitor: &Monitor, name: &str, metric: &str) -> f64 {
    sum(monitor, name, metric) / MS
}

fn advance(clock: &MockClock, ms: u64) {
    clock.advance(Duration::from_millis(ms));
}

/// What a poll does.
#[derive(Clone, Copy, Debug)]
enum Step {
    Wait,
    Yield(u32),
    Panic,
}
use Step::{Panic, Wait, Yield};

/// A stream of which each poll takes a millisecond, the last one that of its end too.
#[derive(Clone, Debug)]
struct Steps {
    clock: MockClock,
    steps: VecDeque<Step>,
    is_over: bool,
}

impl Steps {
    fn new(clock: &MockClock, steps: &[Step]) -> Self {
        Self {
            clock: clock.clone(),
            steps: steps.iter().copied().collect(),
            is_over: false,
        }
    }
}

impl Stream for Steps {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u32>> {
        advance(&self.clock, 1);
        match self.steps.pop_front() {
            Some(Wait) => Poll::Pending,
            Some(Yield(item)) => Poll::Ready(Some(item)),
            Some(Panic) => panic!("expected in this test"),
            None => {
                self.is_over = true;
                Poll::Ready(None)
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.steps.len()))
    }
}

impl FusedStream for Steps {
    fn is_terminated(&self) -> bool {
        self.is_over
    }
}

fn poll<S: Stream + ?Sized>(stream: Pin<&mut S>) -> Poll<Option<S::Item>> {
    stream.poll_next(&mut Context::from_waker(Waker::noop()))
}

/// Polls to the end, with 10 ms between polls.
fn drain<S: Stream + ?Sized>(mut stream: Pin<&mut S>, clock: &MockClock) -> Vec<S::Item> {
    let mut items = Vec::new();
    loop {
        match poll(stream.as_mut()) {
            Poll::Ready(Some(item)) => items.push(item),
            Poll::Ready(None) => return items,
            Poll::Pending => {}
        }
        advance(clock, 10);
    }
}

#[test]
fn a_stream_is_one_call_from_its_first_poll_to_its_end() {
    let (monitor, clock) = on_mock_clock();
    let steps = Steps::new(&clock, &[Wait, Yield(1), Yield(2), Wait, Yield(3)]);
    let mut stream = pin!(monitor.measure_stream("rows", steps));
    advance(&clock, 500);
    assert_eq!(drain(stream.as_mut(), &clock), [1, 2, 3]);
    assert_eq!(calls(&monitor, "rows").success, 1);
    assert_eq!(sum_ms(&monitor, "rows", "execution_time"), 56.0);
    assert_eq!(sum_ms(&monitor, "rows", "busy_time"), 6.0);
    assert_eq!(sum_ms(&monitor, "rows", "self_time"), 56.0);
    assert_eq!(sum(&monitor, "rows", "items"), 3.0);
    let first = "rows (first item)";
    assert_eq!(calls(&monitor, first).success, 1);
    assert_eq!(sum_ms(&monitor, first, "execution_time"), 12.0);
    assert_eq!(sum_ms(&monitor, first, "busy_time"), 2.0);
    assert!(
        operation(&monitor, first)
            .lifetime
            .metric("items")
            .is_none()
    );

    // Who polls it once more measures nothing.
    assert_eq!(poll(stream.as_mut()), Poll::Ready(None));
    assert_eq!(monitor.snapshot().operations.len(), 2);
    assert_eq!(calls(&monitor, "rows").total(), 1);
}

#[test]
fn an_empty_stream_has_no_first_item() {
    let (monitor, clock) = on_mock_clock();
    let stream = pin!(monitor.measure_stream("none", Steps::new(&clock, &[])));
    assert!(drain(stream, &clock).is_empty());
    assert_eq!(sum_ms(&monitor, "none", "execution_time"), 1.0);
    assert_eq!(sum(&monitor, "none", "items"), 0.0);
    assert_eq!(monitor.snapshot().operations.len(), 1);
}

#[test]
fn dropped_before_its_end_it_is_cancelled_and_before_its_first_poll_no_call() {
    let (monitor, clock) = on_mock_clock();
    let rows = monitor.operation("rows");
    drop(rows.measure_stream(Steps::new(&clock, &[Yield(1)])));
    assert!(monitor.snapshot().operations.is_empty());

    let mut stream = Box::pin(rows.measure_stream(Steps::new(&clock, &[Yield(1), Yield(2)])));
    assert_eq!(poll(stream.as_mut()), Poll::Ready(Some(1)));
    advance(&clock, 4);
    drop(stream);
    let all = calls(&monitor, "rows");
    assert_eq!((all.cancelled, all.total()), (1, 1));
    assert_eq!(sum_ms(&monitor, "rows", "failure_time"), 5.0);
    assert!(
        operation(&monitor, "rows")
            .lifetime
            .metric("items")
            .is_none()
    );
    // What came, came.
    assert_eq!(calls(&monitor, "rows (first item)").success, 1);
}

#[test]
fn a_poll_that_panics_ends_the_call() {
    let (monitor, clock) = on_mock_clock();
    for steps in [&[Panic][..], &[Wait, Yield(7), Panic]] {
        let mut stream = Box::pin(monitor.measure_stream("rude", Steps::new(&clock, steps)));
        let drained = catch_unwind(AssertUnwindSafe(|| drain(stream.as_mut(), &clock)));
        assert!(drained.is_err());
        assert_eq!(poll(stream.as_mut()), Poll::Ready(None));
    }
    let all = calls(&monitor, "rude");
    assert_eq!((all.panic, all.total()), (2, 2));
    assert_eq!(sum_ms(&monitor, "rude", "failure_time"), 1.0 + 23.0);
    assert_eq!(calls(&monitor, "rude (first item)").total(), 1);
    // The thread is as it was: what follows is no callee of the call.
    monitor.measure("after", || advance(&clock, 2));
    assert_eq!(sum_ms(&monitor, "after", "self_time"), 2.0);
}

#[test]
fn what_is_called_in_a_poll_is_a_callee_and_a_stream_is_one_of_who_polls_it() {
    let (monitor, clock) = on_mock_clock();
    let steps = Steps::new(&clock, &[Yield(1), Wait, Yield(2)]);
    let mapped = steps.map(|item| {
        monitor.measure("convert", || advance(&clock, 3));
        item
    });
    let inner = monitor.measure_stream("inner", mapped);
    let outer = monitor.measure_stream("outer", inner);
    assert_eq!(drain(pin!(outer), &clock), [1, 2]);
    assert_eq!(sum_ms(&monitor, "convert", "execution_time"), 6.0);
    // Four polls of 1 ms, two conversions, and three waits of 10 ms between.
    assert_eq!(sum_ms(&monitor, "inner", "execution_time"), 40.0);
    assert_eq!(sum_ms(&monitor, "inner", "busy_time"), 10.0);
    assert_eq!(sum_ms(&monitor, "inner", "self_time"), 34.0);
    assert_eq!(sum_ms(&monitor, "outer", "execution_time"), 40.0);
    assert_eq!(sum_ms(&monitor, "outer", "self_time"), 0.0);
    let first = "inner (first item)";
    assert_eq!(sum_ms(&monitor, first, "execution_time"), 4.0);
    assert_eq!(sum_ms(&monitor, first, "self_time"), 1.0);
}

#[test]
fn a_stream_is_in_flight_until_it_ends_however_it_does() {
    let clock = MockClock::new();
    for monitor in [Monitor::new(), Monitor::with_clock(clock.clone())] {
        let in_flight = || {
            let snapshot = monitor.snapshot();
            snapshot.operation("s").map_or(0, |s| s.calls_in_flight)
        };
        let begin = |steps: &[Step]| {
            let mut stream = Box::pin(monitor.measure_stream("s", Steps::new(&clock, steps)));
            let _ = poll(stream.as_mut());
            stream
        };
        let mut ends = begin(&[Yield(1), Wait, Yield(2)]);
        let mut panics = begin(&[Wait, Panic]);
        let dropped = begin(&[Yield(1)]);
        assert_eq!(in_flight(), 3);
        drop(begin(&[]));
        assert_eq!(in_flight(), 3);
        catch_unwind(AssertUnwindSafe(|| poll(panics.as_mut()))).unwrap_err();
        assert_eq!(in_flight(), 2);
        std::thread::spawn(move || drop(dropped)).join().unwrap();
        assert_eq!(in_flight(), 1);
        assert!(poll(ends.as_mut()).is_pending());
        assert!(poll(ends.as_mut()).is_ready());
        assert_eq!(in_flight(), 1);
        assert!(drain(ends.as_mut(), &clock).is_empty());
        assert_eq!(in_flight(), 0);
        assert_eq!(calls(&monitor, "s").total(), 4);
    }
}

#[test]
fn a_stream_within_one_of_its_operation_is_recursive() {
    let (monitor, clock) = on_mock_clock();
    let inner = monitor.measure_stream("tree", Steps::new(&clock, &[Yield(1)]));
    let outer = monitor.measure_stream("tree", inner);
    assert_eq!(drain(pin!(outer), &clock), [1]);
    let tree = operation(&monitor, "tree");
    assert_eq!((tree.lifetime.calls.success, tree.recursive_calls), (2, 1));
    assert_eq!(sum_ms(&monitor, "tree", "execution_time"), 12.0);
    assert_eq!(sum(&monitor, "tree", "items"), 1.0);
    assert_eq!(operation(&monitor, "tree (first item)").recursive_calls, 1);
}

#[test]
fn a_stream_may_move_between_threads() {
    let (monitor, clock) = on_mock_clock();
    let steps = Steps::new(&clock, &[Wait, Yield(1), Yield(2), Yield(3)]);
    let mut stream = Box::pin(monitor.measure_stream("hop", steps));
    let mut items = Vec::new();
    loop {
        let polled;
        (stream, polled) = std::thread::spawn(move || {
            let polled = poll(stream.as_mut());
            (stream, polled)
        })
        .join()
        .unwrap();
        advance(&clock, 10);
        match polled {
            Poll::Ready(Some(item)) => items.push(item),
            Poll::Ready(None) => break,
            Poll::Pending => {}
        }
    }
    assert_eq!(items, [1, 2, 3]);
    assert_eq!(calls(&monitor, "hop").success, 1);
    assert_eq!(sum_ms(&monitor, "hop", "execution_time"), 45.0);
    assert_eq!(sum_ms(&monitor, "hop", "busy_time"), 5.0);
    assert_eq!(sum(&monitor, "hop", "items"), 3.0);
}

#[test]
fn the_traits_of_the_stream_are_passed_on() {
    fn is_send_and_unpin<T: Send + Unpin + 'static>(_: &T) {}
    let (monitor, clock) = on_mock_clock();
    let steps = Steps::new(&clock, &[Yield(1), Yield(2)]);
    let mut stream = monitor.measure_stream("traits", steps);
    is_send_and_unpin(&stream);
    assert_eq!(stream.size_hint(), (0, Some(2)));
    assert_eq!(poll(Pin::new(&mut stream)), Poll::Ready(Some(1)));
    assert_eq!(stream.size_hint(), (0, Some(1)));

    // A clone is a call of its own.
    let clone = stream.clone();
    assert_eq!(drain(pin!(clone), &clock), [2]);
    assert!(!stream.is_terminated());
    assert_eq!(drain(Pin::new(&mut stream), &clock), [2]);
    assert!(stream.is_terminated());
    assert_eq!(calls(&monitor, "traits").success, 2);
    assert_eq!(sum(&monitor, "traits", "items"), 3.0);
    assert_eq!(calls(&monitor, "traits (first item)").success, 2);
}

#[test]
fn while_disabled_streams_are_bare_and_calls_in_flight_are_recorded() {
    let (monitor, clock) = on_mock_clock();
    let mut begun = Box::pin(monitor.measure_stream("s", Steps::new(&clock, &[Wait, Yield(1)])));
    assert!(poll(begun.as_mut()).is_pending());
    monitor.set_enabled(false);
    let mut later = Box::pin(monitor.measure_stream("s", Steps::new(&clock, &[Yield(2)])));
    assert_eq!(poll(later.as_mut()), Poll::Ready(Some(2)));
    monitor.set_enabled(true);
    assert!(drain(later.as_mut(), &clock).is_empty());
    // Of the other one nothing is known.
    assert_eq!(calls(&monitor, "s").total(), 0);
    assert_eq!(operation(&monitor, "s").calls_in_flight, 1);
    assert_eq!(drain(begun.as_mut(), &clock), [1]);
    assert_eq!(calls(&monitor, "s").success, 1);
    assert_eq!(calls(&monitor, "s (first item)").success, 1);
}

/// On the counter of cycles the first poll takes a shorter way than on a mock clock.
#[test]
fn on_the_real_clock_streams_are_measured_alike() {
    let (monitor, clock) = (Monitor::new(), MockClock::new());
    for steps in [
        &[][..],
        &[Yield(1)],
        &[Yield(1), Yield(2)],
        &[Wait, Yield(1), Wait],
    ] {
        let operation = monitor.operation("s").memory().cpu().bytes(1000);
        drain(
            pin!(operation.measure_stream(Steps::new(&clock, steps))),
            &clock,
        );
    }
    let mut left = Box::pin(monitor.measure_stream("s", stream::iter([1, 2])));
    assert!(poll(left.as_mut()).is_ready());
    drop(left);
    let panicking = Steps::new(&clock, &[Panic]);
    let mut panicking = Box::pin(monitor.measure_stream("s", panicking));
    catch_unwind(AssertUnwindSafe(|| poll(panicking.as_mut()))).unwrap_err();
    drop(panicking);

    let all = calls(&monitor, "s");
    assert_eq!((all.success, all.cancelled, all.panic), (4, 1, 1));
    assert_eq!(sum(&monitor, "s", "items"), 4.0);
    let s = operation(&monitor, "s");
    assert!(s.lifetime.metric("bytes").is_none());
    for metric in ["busy_time", "items", "allocated"] {
        assert_eq!(s.lifetime.metric(metric).unwrap().count, 4, "{metric}");
    }
    assert_eq!(s.lifetime.metric("cpu_time").is_some(), cfg!(unix));
    assert_eq!(calls(&monitor, "s (first item)").success, 4);
}

#[test]
fn first_items_beyond_the_limit_of_names_are_counted_as_all_else_there() {
    let clock = MockClock::new();
    let monitor = Monitor::builder()
        .clock(clock.clone())
        .max_operations(1)
        .build();
    for name in ["known", "further"] {
        for _ in 0..2 {
            let stream = monitor.measure_stream(name, Steps::new(&clock, &[Yield(1)]));
            drain(pin!(stream), &clock);
        }
    }
    assert_eq!(calls(&monitor, "known").success, 2);
    // Two first items of the known one, and both of two of the other.
    assert_eq!(calls(&monitor, "overflow").success, 6);
}
