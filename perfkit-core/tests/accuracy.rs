//! Percentiles against the exact ones of the same values: within 1 % for the
//! lifetime and the last period, exact for the last calls.
//!
//! Several threads record through several handles. A monitor has one clock, so
//! the threads take turns, and every call takes as long as it moves the clock.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed test panics"
)]

use std::f64::consts::TAU;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use perfkit::{MetricSummary, MockClock, Monitor, Operation, OperationSnapshot};
use proptest::collection::vec;
use proptest::prelude::*;

/// The quantiles in thousandths, so that ranks are whole numbers.
const QUANTILES: [usize; 5] = [500, 900, 950, 990, 999];

/// How many calls the count window keeps.
const LAST_CALLS: usize = 1000;

/// No value is larger, so that all sums are exact in a double.
const LARGEST_NS: f64 = 1e12;

/// The value that so many thousandths of the values do not exceed.
fn nearest_rank(ordered: &[u64], thousandths: usize) -> f64 {
    let rank = (ordered.len() * thousandths).div_ceil(1000);
    ordered[rank - 1] as f64
}

fn sorted(values: &[u64]) -> Vec<u64> {
    let mut ordered = values.to_vec();
    ordered.sort_unstable();
    ordered
}

fn sum(values: &[u64]) -> f64 {
    values.iter().sum::<u64>() as f64
}

/// At least 1 ns: of calls that end at the same instant on two threads, none is
/// the last.
fn whole_ns(value: f64) -> u64 {
    value.clamp(1.0, LARGEST_NS) as u64
}

/// So many numbers from 0 to 1, in pairs.
fn pairs() -> impl Strategy<Value = Vec<(f64, f64)>> {
    vec((0.0..1.0_f64, 0.0..1.0_f64), 1..3000)
}

fn uniform() -> impl Strategy<Value = Vec<u64>> {
    let bounds = (1_u64..1_000_000, 1_u64..1_000_000_000);
    bounds.prop_flat_map(|(low, width)| vec(low..=low + width, 1..3000))
}

fn exponential() -> impl Strategy<Value = Vec<u64>> {
    (1e3..1e9_f64, pairs()).prop_map(|(mean, pairs)| {
        let value = |(u, _): (f64, f64)| whole_ns(-mean * (1.0 - u).ln());
        pairs.into_iter().map(value).collect()
    })
}

fn log_normal() -> impl Strategy<Value = Vec<u64>> {
    (5.0..18.0_f64, 0.05..2.0_f64, pairs()).prop_map(|(mu, sigma, pairs)| {
        // Box and Muller's transform gives normal values.
        let value = |(u, v): (f64, f64)| {
            let normal = (-2.0 * (1.0 - u).ln()).sqrt() * (TAU * v).cos();
            whole_ns((mu + sigma * normal).exp())
        };
        pairs.into_iter().map(value).collect()
    })
}

fn bimodal() -> impl Strategy<Value = Vec<u64>> {
    let modes = (100.0..1e5_f64, 10.0..1e4_f64, 0.0..1.0_f64);
    (modes, pairs()).prop_map(|((fast, ratio, slow_share), pairs)| {
        let value = |(u, v): (f64, f64)| {
            let mode = if u < slow_share { fast * ratio } else { fast };
            whole_ns(mode * (0.9 + 0.2 * v))
        };
        pairs.into_iter().map(value).collect()
    })
}

fn constant() -> impl Strategy<Value = Vec<u64>> {
    (1..LARGEST_NS as u64, 1..3000_usize).prop_map(|(value, count)| vec![value; count])
}

/// How the values are dealt to threads.
#[derive(Clone, Copy, Debug)]
struct Shifts {
    /// So many values before another thread goes on.
    length: usize,
    /// So many threads live all the time and take turns; with none, each shift
    /// is a thread of its own, which ends before the next begins.
    threads: usize,
}

fn shifts() -> impl Strategy<Value = Shifts> {
    let lengths = prop_oneof![1..20_usize, 20..2000_usize];
    (lengths, 0..6_usize).prop_map(|(length, threads)| Shifts {
        // Not too many threads that live for one value.
        length: if threads == 0 { length.max(50) } else { length },
        threads,
    })
}

struct Bench {
    monitor: Monitor,
    clock: MockClock,
}

impl Bench {
    fn with_last_period(period: Duration) -> Self {
        let clock = MockClock::new();
        let monitor = Monitor::builder()
            .clock(clock.clone())
            .last_calls(LAST_CALLS)
            .last_period(period)
            .build();
        Self { monitor, clock }
    }

    fn worker(&self) -> Worker {
        Worker {
            kept: self.monitor.operation("work"),
            monitor: self.monitor.clone(),
            clock: self.clock.clone(),
        }
    }

    fn record(&self, values: &[u64], shifts: Shifts) {
        let team: Vec<_> = (0..shifts.threads).map(|_| self.hire()).collect();
        for (number, shift) in values.chunks(shifts.length).enumerate() {
            if team.is_empty() {
                let (worker, shift) = (self.worker(), shift.to_vec());
                thread::spawn(move || worker.record(&shift)).join().unwrap();
            } else {
                let (send, done) = &team[number % team.len()];
                send.send(shift.to_vec()).unwrap();
                done.recv().unwrap();
            }
        }
    }

    /// A thread that records what it is sent, and says when it is done.
    fn hire(&self) -> (Sender<Vec<u64>>, Receiver<()>) {
        let (send, receive) = channel::<Vec<u64>>();
        let (tell, done) = channel();
        let worker = self.worker();
        thread::spawn(move || {
            for shift in receive {
                worker.record(&shift);
                tell.send(()).unwrap();
            }
        });
        (send, done)
    }

    fn work(&self) -> OperationSnapshot {
        self.monitor.snapshot().operation("work").unwrap().clone()
    }
}

struct Worker {
    kept: Operation,
    monitor: Monitor,
    clock: MockClock,
}

impl Worker {
    fn record(&self, values: &[u64]) {
        let other = self.monitor.operation("work").bytes(1);
        for (number, &ns) in values.iter().enumerate() {
            let advance = || self.clock.advance(Duration::from_nanos(ns));
            match number % 4 {
                0 => self.kept.measure(advance),
                1 => other.measure(advance),
                2 => self.monitor.measure("work", advance),
                _ => {
                    let _timer = self.kept.start();
                    advance();
                }
            }
        }
    }
}

fn execution_time(window: &perfkit::WindowSnapshot) -> &MetricSummary {
    window.execution_time().unwrap()
}

fn assert_percentiles_within(summary: &MetricSummary, values: &[u64], tolerance: f64) {
    let ordered = sorted(values);
    assert_eq!(summary.count, ordered.len() as u64);
    for thousandths in QUANTILES {
        let exact = nearest_rank(&ordered, thousandths);
        let shown = summary.percentile(thousandths as f64 / 1000.0).unwrap();
        assert!(
            (shown - exact).abs() <= tolerance * exact,
            "at {thousandths} thousandths of {} values {shown} is shown and {exact} is exact",
            ordered.len()
        );
    }
}

fn assert_totals(summary: &MetricSummary, values: &[u64]) {
    let ordered = sorted(values);
    assert_eq!(summary.count, ordered.len() as u64);
    assert_eq!(summary.sum, sum(values));
    assert_eq!(summary.min, ordered.first().map(|&ns| ns as f64));
    assert_eq!(summary.max, ordered.last().map(|&ns| ns as f64));
}

/// The window of the last calls has no percentiles but those it names.
fn assert_last_calls(summary: &MetricSummary, values: &[u64]) {
    let last = &values[values.len().saturating_sub(LAST_CALLS)..];
    assert_totals(summary, last);
    let ordered = sorted(last);
    for thousandths in [500, 950, 990, 999] {
        let shown = summary.percentile(f64::from(thousandths) / 1000.0);
        let exact = nearest_rank(&ordered, thousandths as usize);
        assert_eq!(shown, Some(exact), "at {thousandths} thousandths");
    }
}

/// Two lots of values, so far apart in time that the last period has all of the
/// second and none of the first.
fn assert_accurate(values: &[u64], shifts: Shifts) {
    let (first, second) = values.split_at(values.len() / 3);
    let second_ns: u64 = second.iter().sum();
    let period = Duration::from_nanos(2 * second_ns + 60);
    let bench = Bench::with_last_period(period);
    bench.record(first, shifts);
    bench.clock.advance(2 * period);
    bench.record(second, shifts);
    let work = bench.work();
    assert_eq!(work.lifetime.calls.success, values.len() as u64);
    assert_eq!(work.last_calls.count(), values.len().min(LAST_CALLS) as u64);
    assert_eq!(work.last_period.calls.success, second.len() as u64);
    let lifetime = execution_time(&work.lifetime);
    assert_totals(lifetime, values);
    assert_percentiles_within(lifetime, values, 0.01);
    assert_last_calls(execution_time(&work.last_calls), values);
    let last_period = execution_time(&work.last_period);
    assert_eq!(last_period.sum, sum(second));
    assert_percentiles_within(last_period, second, 0.01);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn uniform_values(values in uniform(), shifts in shifts()) {
        assert_accurate(&values, shifts);
    }

    #[test]
    fn exponential_values(values in exponential(), shifts in shifts()) {
        assert_accurate(&values, shifts);
    }

    #[test]
    fn log_normal_values(values in log_normal(), shifts in shifts()) {
        assert_accurate(&values, shifts);
    }

    #[test]
    fn bimodal_values(values in bimodal(), shifts in shifts()) {
        assert_accurate(&values, shifts);
    }

    #[test]
    fn constant_values(values in constant(), shifts in shifts()) {
        assert_accurate(&values, shifts);
    }
}
