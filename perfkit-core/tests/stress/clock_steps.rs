//! A clock that steps wildly, forwards and back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use perfkit::histogram::Histogram;
use perfkit::{MetricSummary, MockClock, Monitor, unit::Unit};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{SetOnDrop, assert_exact, operation, under_watch};

const LAST_CALLS: usize = 50;

fn on_mock_clock() -> (Monitor, MockClock) {
    let clock = MockClock::new();
    let monitor = Monitor::builder()
        .clock(clock.clone())
        .last_calls(LAST_CALLS)
        .build();
    (monitor, clock)
}

/// Any time at all, the first and the last ones more often than others.
fn any_ns() -> impl Strategy<Value = u64> {
    const EDGES: [u64; 5] = [0, 1, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX];
    prop_oneof![any::<u64>(), prop::sample::select(&EDGES)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Within 18 minutes, so that the sums are exact in a double.
    #[test]
    fn a_call_takes_as_long_as_the_clock_went_forward(times in vec(0_u64..1 << 40, 1..400)) {
        let (monitor, clock) = on_mock_clock();
        let mut now_ns = 0;
        let mut durations = Vec::new();
        for time_ns in times {
            monitor.measure("step", || clock.set_ns(time_ns));
            durations.push(time_ns.saturating_sub(now_ns));
            now_ns = time_ns;
        }
        let step = operation(&monitor, "step");
        let mut expected = Histogram::new();
        durations.iter().for_each(|&ns| expected.record(ns));
        prop_assert_eq!(step.lifetime.calls.success, expected.count());
        assert_exact(&step.lifetime, "execution_time", &expected);
        let last = &durations[durations.len().saturating_sub(LAST_CALLS)..];
        let last: Vec<f64> = last.iter().map(|&ns| ns as f64).collect();
        let expected = MetricSummary::from_values(Unit::Nanoseconds, &last);
        prop_assert_eq!(step.last_calls.execution_time(), Some(&expected));
    }

    #[test]
    fn no_time_is_too_wild(times in vec(any_ns(), 1..200)) {
        let (monitor, clock) = on_mock_clock();
        let mut now_ns = 0;
        let mut furthest_ns = 0;
        for &time_ns in &times {
            monitor.measure("outer", || {
                monitor.measure("step", || clock.set_ns(time_ns));
                let _ = monitor.try_measure("refused", || Err::<(), _>("as expected"));
            });
            furthest_ns = furthest_ns.max(time_ns.saturating_sub(now_ns));
            now_ns = time_ns;
            let shown = operation(&monitor, "step");
            prop_assert!(shown.last_period.count() <= shown.lifetime.count());
        }
        for name in ["outer", "step"] {
            is_within(&monitor, name, times.len() as u64, furthest_ns);
        }
        let refused = operation(&monitor, "refused").lifetime;
        prop_assert_eq!(refused.calls.failure, times.len() as u64);
        prop_assert_eq!(refused.failure_time().unwrap().sum, 0.0);
    }
}

/// So many calls, none longer than that. Sums may stop at their limit, but do
/// not begin again at zero.
fn is_within(monitor: &Monitor, name: &str, count: u64, furthest_ns: u64) {
    let shown = operation(monitor, name);
    assert_eq!(shown.lifetime.calls.success, count, "{name}");
    assert_eq!(shown.last_calls.count(), count.min(LAST_CALLS as u64));
    let time = shown.lifetime.execution_time().unwrap();
    let (min, max) = (time.min.unwrap(), time.max.unwrap());
    assert!(
        0.0 <= min && min <= max && max <= furthest_ns as f64,
        "{time:?}"
    );
    assert!(
        max <= time.sum && time.sum <= count as f64 * max,
        "{time:?}"
    );
}

#[test]
fn threads_record_while_the_clock_steps() {
    const THREADS: u64 = 4;
    const CALLS: u64 = 10_000;
    const HIGHEST_NS: u64 = 1 << 40;
    let (monitor, clock) = on_mock_clock();
    let work = || {
        for _ in 0..CALLS {
            monitor.measure("work", || ());
            monitor.operation("timed").start().stop();
        }
    };
    let are_done = AtomicBool::new(false);
    let step = || {
        // A linear congruence, of which the high bits look random.
        let mut state = 1_u64;
        while !are_done.load(Ordering::Relaxed) {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            clock.set_ns(state >> 24);
        }
    };
    under_watch(
        &monitor,
        || 0,
        || {
            thread::scope(|scope| {
                scope.spawn(step);
                let _done = SetOnDrop(&are_done);
                let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
                for thread in threads {
                    thread.join().unwrap();
                }
            });
        },
    );
    for name in ["work", "timed"] {
        is_within(&monitor, name, THREADS * CALLS, HIGHEST_NS);
    }
}
