//! What a collector gets: every call or a count of those that it missed, in order, with all
//! that was measured of it.
#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use perfkit::{CollectedCall, Collector, Ending, Measurement, MockClock, Monitor, Operation};

const PATIENCE: Duration = Duration::from_secs(60);

/// A call as it came.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    operation: String,
    labels: BTreeMap<String, String>,
    start: SystemTime,
    duration: Duration,
    self_time: Duration,
    ending: Ending,
    kind: Option<String>,
    is_nested: bool,
    metrics: Vec<(String, f64)>,
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<Seen>>>);

impl Collector for Log {
    fn collect(&mut self, _: &Measurement) {}

    fn collect_call(&mut self, call: &CollectedCall<'_>) {
        let metrics = call.measurements.iter();
        let labels = call.labelled.map(|labelled| labelled.labels.clone());
        self.0.lock().unwrap().push(Seen {
            operation: call.operation.to_owned(),
            labels: labels.unwrap_or_default(),
            start: call.start,
            duration: call.duration,
            self_time: call.self_time,
            ending: call.ending,
            kind: call.failure.map(|failure| failure.kind().to_owned()),
            is_nested: call.is_nested,
            metrics: metrics
                .map(|one| (one.metric.to_string(), one.value))
                .collect(),
        });
    }
}

impl Log {
    fn of(monitor: &Monitor) -> Self {
        let log = Self::default();
        monitor.set_collector(log.clone()).unwrap();
        log
    }

    fn seen(&self, monitor: &Monitor) -> Vec<Seen> {
        assert!(monitor.flush_collector(PATIENCE));
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

#[test]
fn a_call_comes_with_all_that_was_measured_of_it() {
    let clock = MockClock::new();
    let monitor = Monitor::with_clock(clock.clone());
    let log = Log::of(&monitor);
    let before = SystemTime::now();
    let millisecond = Duration::from_millis(1);
    monitor.operation("outer").cpu().bytes(10).measure(|| {
        clock.compute(millisecond);
        let failed = monitor.try_measure("inner", || {
            clock.compute(2 * millisecond);
            "x".parse::<u8>()
        });
        assert!(failed.is_err());
    });
    let mut timer = monitor.operation("get").start();
    timer.label("status", 404);
    timer.fail("not_found", "");
    let seen = log.seen(&monitor);
    let [inner, outer, get] = &seen[..] else {
        panic!("{seen:?}");
    };
    assert_eq!(inner.ending, Ending::Failure);
    assert_eq!(
        inner.kind.as_deref(),
        Some("core::num::error::ParseIntError")
    );
    assert_eq!(inner.metrics, [("failure_time".to_owned(), 2e6)]);
    assert_eq!(outer.ending, Ending::Success);
    let times = (outer.duration, outer.self_time);
    assert_eq!(times, (3 * millisecond, millisecond));
    let metrics = [
        ("execution_time", 3e6),
        ("self_time", 1e6),
        ("cpu_time", 3e6),
        ("bytes", 10.0),
    ];
    let metrics = metrics.map(|(name, value)| (name.to_owned(), value));
    assert_eq!(outer.metrics, metrics);
    // The mock's clock has stood still since the end of the call.
    assert!(outer.start + 3 * millisecond >= before);
    assert!(outer.start <= SystemTime::now());
    assert_eq!(get.operation, r#"get{status="404"}"#);
    assert_eq!(get.labels["status"], "404");
    assert_eq!(get.kind.as_deref(), Some("not_found"));
}

#[test]
fn a_call_within_another_of_its_operation_says_so() {
    let monitor = Monitor::new();
    let log = Log::of(&monitor);
    monitor.measure("deep", || monitor.measure("deep", || ()));
    let nested: Vec<_> = log.seen(&monitor).iter().map(|it| it.is_nested).collect();
    assert_eq!(nested, [true, false]);
}

/// Threads that begin and end, also with calls in the destructors of their thread-locals.
#[test]
fn the_calls_of_a_thread_come_in_order_and_none_is_lost() {
    const THREADS: u64 = 40;
    const CALLS: u64 = 500;

    struct AtEnd(RefCell<Option<(Operation, u64)>>);
    impl Drop for AtEnd {
        fn drop(&mut self) {
            if let Some((operation, number)) = self.0.take() {
                operation.items(number).measure(|| ());
            }
        }
    }
    thread_local! {
        static AT_END: AtEnd = const { AtEnd(RefCell::new(None)) };
    }

    let monitor = Monitor::new();
    let log = Log::of(&monitor);
    for threads in (0..THREADS).collect::<Vec<_>>().chunks(8) {
        let spawned = threads.iter().map(|thread| {
            let operation = monitor.operation(&format!("thread {thread}"));
            std::thread::spawn(move || {
                AT_END.with(|at_end| {
                    let last = (operation.clone(), CALLS);
                    *at_end.0.borrow_mut() = Some(last);
                });
                for number in 0..CALLS {
                    operation.clone().items(number).measure(|| ());
                }
            })
        });
        // A scope would not wait for the destructors of thread-locals.
        for thread in spawned.collect::<Vec<_>>() {
            thread.join().unwrap();
        }
    }
    let seen = log.seen(&monitor);
    assert_eq!(monitor.dropped_deliveries(), 0);
    let mut numbers: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for call in seen {
        let items = call.metrics.iter().find(|(name, _)| name == "items");
        let number = items.unwrap().1 as u64;
        numbers.entry(call.operation).or_default().push(number);
    }
    assert_eq!(numbers.len() as u64, THREADS);
    for (thread, numbers) in numbers {
        assert!(numbers.into_iter().eq(0..=CALLS), "{thread}");
    }
}

/// The queue of a thread that ended serves the next.
#[test]
fn short_threads_without_number_lose_nothing() {
    let monitor = Monitor::new();
    let log = Log::of(&monitor);
    for _ in 0..700 {
        std::thread::scope(|scope| scope.spawn(|| monitor.measure("short", || ())).join()).unwrap();
    }
    assert_eq!(log.seen(&monitor).len(), 700);
    assert_eq!(monitor.dropped_deliveries(), 0);
}

/// More threads at once than have queues.
#[test]
fn threads_beyond_the_limit_share_a_queue() {
    const THREADS: usize = 540;
    let monitor = Monitor::new();
    let log = Log::of(&monitor);
    let all_are_there = std::sync::Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            let work = || {
                monitor.measure("one of many", || ());
                all_are_there.wait();
                monitor.measure("one of many", || ());
            };
            let small = std::thread::Builder::new().stack_size(64 << 10);
            small.spawn_scoped(scope, work).unwrap();
        }
    });
    assert_eq!(log.seen(&monitor).len(), 2 * THREADS);
    assert_eq!(monitor.dropped_deliveries(), 0);
}
