//! How long calls take, however they end.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use hdrhistogram::Histogram as Independent;
use perfkit::budget::Budget;
use perfkit::{Metric, MetricSummary, MockClock, Monitor, Report, WindowSnapshot};

const MS: u64 = 1_000_000;

fn on_mock_clock() -> (Monitor, MockClock) {
    let clock = MockClock::new();
    (Monitor::with_clock(clock.clone()), clock)
}

fn wait(clock: &MockClock, ms: u64) {
    clock.advance(Duration::from_millis(ms));
}

/// Calls of so many milliseconds, of which each third fails, panics or is cancelled in
/// turns. Says what somebody saw who timed them: all, and those without success.
fn calls(monitor: &Monitor, clock: &MockClock, times: impl Iterator<Item = u64>) -> [Vec<u64>; 2] {
    let (mut all, mut others) = (Vec::new(), Vec::new());
    for (number, ms) in times.enumerate() {
        all.push(ms * MS);
        if number % 3 > 0 {
            monitor.measure("work", || wait(clock, ms));
            continue;
        }
        others.push(ms * MS);
        match number % 9 {
            0 => drop(monitor.try_measure("work", || {
                wait(clock, ms);
                Err::<(), _>("no")
            })),
            3 => drop(catch_unwind(AssertUnwindSafe(|| {
                monitor.measure("work", || {
                    wait(clock, ms);
                    panic!("expected in this test");
                });
            }))),
            _ => {
                let mut call =
                    Box::pin(monitor.measure_async("work", std::future::pending::<()>()));
                let mut context = std::task::Context::from_waker(std::task::Waker::noop());
                assert!(call.as_mut().poll(&mut context).is_pending());
                wait(clock, ms);
            }
        }
    }
    [all, others]
}

/// As HdrHistogram counts them.
fn agrees(found: &MetricSummary, expected: &[u64]) {
    let mut independent = Independent::<u64>::new(3).unwrap();
    expected
        .iter()
        .for_each(|ns| independent.record(*ns).unwrap());
    assert_eq!(found.count, expected.len() as u64);
    assert_eq!(found.sum, expected.iter().sum::<u64>() as f64);
    let edges = (found.min.unwrap(), found.max.unwrap());
    let near = |found: f64, expected: u64| (found / expected as f64 - 1.0).abs() < 0.01;
    assert!(near(edges.0, *expected.iter().min().unwrap()), "{found:?}");
    assert!(near(edges.1, *expected.iter().max().unwrap()), "{found:?}");
    for (quantile, found) in [(0.5, found.median), (0.95, found.p95), (0.99, found.p99)] {
        if let Some(found) = found {
            let expected = independent.value_at_quantile(quantile);
            assert!(near(found, expected), "{quantile}: {found}, {expected}");
        }
    }
}

#[test]
fn percentiles_of_all_calls_are_those_of_all_calls() {
    let (monitor, clock) = on_mock_clock();
    let times = (0..900).map(|n| 1 + n * 7919 % 997);
    let [all, others] = calls(&monitor, &clock, times);
    let snapshot = monitor.snapshot();
    let work = snapshot.operation("work").unwrap();
    let ended = work.lifetime.calls;
    assert_eq!((ended.success, ended.failure), (600, 100));
    assert_eq!((ended.panic, ended.cancelled), (100, 100));
    agrees(work.lifetime.failure_time().unwrap(), &others);
    agrees(work.lifetime.call_time().unwrap(), &all);
    // The last calls are kept one by one.
    let last = &work.last_calls;
    agrees(last.call_time().unwrap(), &all);
    assert_eq!(last.call_time().unwrap().histogram, None);
    let kept = Report::from_snapshot(snapshot.clone()).to_json().unwrap();
    let kept = Report::from_json(kept.as_bytes()).unwrap();
    assert_eq!(kept.operations, snapshot.operations);
    // Another process had no failure.
    let (other, clock) = on_mock_clock();
    other.measure("work", || wait(&clock, 5000));
    let mut both = work.clone();
    both.merge(other.snapshot().operation("work").unwrap());
    agrees(
        both.lifetime.call_time().unwrap(),
        &[all, vec![5000 * MS]].concat(),
    );
}

#[test]
fn windows_have_them_too_and_a_reset_forgets_them() {
    let clock = MockClock::new();
    let period = Duration::from_secs(60);
    let monitor = Monitor::builder()
        .clock(clock.clone())
        .last_period(period)
        .build();
    calls(&monitor, &clock, (0..9).map(|_| 400));
    wait(&clock, 120_000);
    let [all, others] = calls(&monitor, &clock, (0..90).map(|n| 1 + n));
    let window = monitor
        .snapshot()
        .operation("work")
        .unwrap()
        .last_period
        .clone();
    agrees(window.failure_time().unwrap(), &others);
    agrees(window.call_time().unwrap(), &all);
    monitor.reset();
    let [all, others] = calls(&monitor, &clock, (0..30).map(|n| 20 + n));
    let work = monitor.snapshot().operation("work").unwrap().clone();
    for window in [&work.lifetime, &work.last_calls, &work.last_period] {
        agrees(window.failure_time().unwrap(), &others);
        agrees(window.call_time().unwrap(), &all);
    }
}

/// Who asks for the p99 of a service means that of all requests.
#[test]
fn a_budget_sees_those_that_ran_into_a_time_out() {
    let (monitor, clock) = on_mock_clock();
    for number in 0..1000 {
        let timer = monitor.operation("get").start();
        wait(&clock, if number % 20 == 0 { 3000 } else { 10 });
        match number % 20 {
            0 => timer.fail("timeout", "no answer"),
            _ => timer.stop(),
        }
    }
    let snapshot = monitor.snapshot();
    let budget = Budget::of("get").p99(Duration::from_millis(100));
    assert_eq!(budget.check(&snapshot), Ok(()));
    let broken = budget.metric(Metric::CALL_TIME).check(&snapshot);
    let text = broken.unwrap_err().to_string();
    assert!(
        text.contains("get: call_time: p99 <= 100.0 ms: broken"),
        "{text}"
    );
}

#[test]
fn where_all_end_alike_it_is_the_time_of_those() {
    let (monitor, clock) = on_mock_clock();
    monitor.measure("good", || wait(&clock, 2));
    let failing = monitor.operation("bad").start();
    wait(&clock, 3);
    failing.fail("refused", "no");
    let snapshot = monitor.snapshot();
    let window = |name: &str| snapshot.operation(name).unwrap().lifetime.clone();
    let max = |window: &WindowSnapshot| window.summary(&Metric::CALL_TIME).unwrap().max;
    assert_eq!(max(&window("good")), Some(2e6));
    assert_eq!(max(&window("bad")), Some(3e6));
    assert!(!window("good").metrics.contains_key(&Metric::CALL_TIME));
    assert!(!window("bad").metrics.contains_key(&Metric::CALL_TIME));
}

/// Recursive calls are in the outermost's time, however they end.
#[test]
fn calls_within_others_are_counted_and_not_timed_twice() {
    let (monitor, clock) = on_mock_clock();
    let _ = monitor.try_measure("walk", || {
        let _ = monitor.try_measure("walk", || {
            wait(&clock, 1);
            Err::<(), _>("inner")
        });
        wait(&clock, 1);
        Err::<(), _>("outer")
    });
    let walk = monitor
        .snapshot()
        .operation("walk")
        .unwrap()
        .lifetime
        .clone();
    assert_eq!((walk.calls.failure, walk.count()), (2, 2));
    let time = walk.failure_time().unwrap();
    assert_eq!((time.count, time.sum), (1, 2e6));
    assert!(time.histogram.is_some());
}
