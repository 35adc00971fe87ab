//! What a table of operations shows of each, and its short form on the wire.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::metric_summary::MetricSummary;
use crate::monitor::{Entry, Monitor};
use crate::number;
use crate::recorder::{Calls, Quantity, Series, Tally};
use crate::snapshot::{OperationSnapshot, WindowSnapshot};
use crate::unit::NS_PER_SECOND;

/// What a table shows of one operation. Times are in nanoseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationRow {
    /// With its labels if it has any.
    pub name: String,
    /// All calls since the start.
    pub calls: Calls,
    /// Calls that had begun and not ended.
    pub calls_in_flight: u64,
    /// Time within successful calls since the start.
    pub total_ns: Option<f64>,
    /// The same less the time of measured callees.
    pub self_ns: Option<f64>,
    /// The median of the last period where there is one with a successful call in it, else of
    /// all since the start.
    pub p50: Option<f64>,
    /// The 95th percentile of these.
    pub p95: Option<f64>,
    /// The 99th percentile of these.
    pub p99: Option<f64>,
    /// The longest of these.
    pub max: Option<f64>,
    /// Calls per second of the last period.
    pub per_second: Option<f64>,
    /// Allocations since the start, where they are counted.
    pub allocations: Option<f64>,
    /// Bytes allocated since the start, where they are counted.
    pub allocated_bytes: Option<f64>,
}

impl OperationRow {
    /// Of what a report tells of it.
    #[must_use]
    pub fn of(operation: &OperationSnapshot) -> Self {
        let lifetime = &operation.lifetime;
        let sum = |summary: Option<&MetricSummary>| summary.map(|summary| summary.sum);
        let time = recent(operation).execution_time();
        Self {
            name: operation.name.clone(),
            calls: lifetime.calls,
            calls_in_flight: operation.calls_in_flight,
            total_ns: sum(lifetime.execution_time()),
            self_ns: sum(lifetime.self_time()),
            p50: time.and_then(|time| time.median),
            p95: time.and_then(|time| time.p95),
            p99: time.and_then(|time| time.p99),
            max: time.and_then(|time| time.max),
            per_second: operation.last_period.calls_per_second,
            allocations: sum(lifetime.allocations()),
            allocated_bytes: sum(lifetime.allocated()),
        }
    }

    /// Of what is recorded of it now: the same numbers, without a snapshot. `None` of one that
    /// was never called.
    pub(super) fn of_entry(monitor: &Monitor, entry: &Entry, now: u64) -> Option<Self> {
        let recorded = entry.recorder.read(now, 0);
        let (lifetime, last_period) = (&recorded.lifetime, &recorded.last_period);
        if lifetime.calls.total() == 0 && !entry.recorder.was_in_flight() {
            return None;
        }
        let start = recorded.last_period_start.max(monitor.started());
        let span_ns = recorded.scale.ns(now.saturating_sub(start)) as f64;
        let per_second = last_period.calls.total() as f64 * NS_PER_SECOND / span_ns;
        let sum = |quantity| lifetime.series(quantity).map(Series::sum);
        let tallies: [&Tally; 2] = [last_period, lifetime];
        let time = tallies.map(|tally| tally.series(Quantity::ExecutionTime));
        let time = time.into_iter().flatten().next();
        let at = |quantile| time?.percentile(quantile);
        Some(Self {
            name: entry.name.to_string(),
            calls: lifetime.calls,
            calls_in_flight: recorded.calls_in_flight,
            total_ns: sum(Quantity::ExecutionTime),
            self_ns: sum(Quantity::SelfTime),
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            max: time.and_then(Series::max),
            per_second: (span_ns > 0.0).then_some(per_second),
            allocations: sum(Quantity::Allocations),
            allocated_bytes: sum(Quantity::Allocated),
        })
    }
}

/// The last period, where there is one with a successful call in it; else all since the start.
#[must_use]
pub fn recent(operation: &OperationSnapshot) -> &WindowSnapshot {
    match operation.last_period.execution_time() {
        Some(_) => &operation.last_period,
        None => &operation.lifetime,
    }
}

/// A row as it goes over the wire: a list of name, counts and numbers, without names of
/// fields, which would be most of it.
#[derive(Serialize, Deserialize)]
struct Line<Name>(Name, [u64; 5], [Number; 7], Option<[Number; 2]>);

/// A number that there may not be; whole ones stand without a fraction.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
struct Number(#[serde(serialize_with = "number::serialize_option")] Option<f64>);

impl Serialize for OperationRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let calls = self.calls;
        let counts = [
            calls.success,
            calls.failure,
            calls.panic,
            calls.cancelled,
            self.calls_in_flight,
        ];
        let numbers = [
            self.total_ns,
            self.self_ns,
            self.p50,
            self.p95,
            self.p99,
            self.max,
            self.per_second,
        ];
        let memory = [self.allocations, self.allocated_bytes];
        // Few operations measure memory.
        let memory = memory
            .iter()
            .any(Option::is_some)
            .then(|| memory.map(Number));
        Line(&*self.name, counts, numbers.map(Number), memory).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for OperationRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Line(name, counts, numbers, memory) = Line::<String>::deserialize(deserializer)?;
        let [success, failure, panic, cancelled, calls_in_flight] = counts;
        let [total_ns, self_ns, p50, p95, p99, max, per_second] = numbers.map(|number| number.0);
        let [allocations, allocated_bytes] = memory.map_or([None; 2], |memory| memory.map(|n| n.0));
        Ok(Self {
            name,
            calls: Calls {
                success,
                failure,
                panic,
                cancelled,
            },
            calls_in_flight,
            total_ns,
            self_ns,
            p50,
            p95,
            p99,
            max,
            per_second,
            allocations,
            allocated_bytes,
        })
    }
}

#[cfg(all(test, feature = "record", not(perfkit_loom)))]
mod tests {
    #![allow(clippy::panic, clippy::unwrap_used, reason = "a failed test panics")]

    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::clock::MockClock;

    /// Of the only operation of a monitor: as a row, and as a report has it.
    fn both(monitor: &Monitor) -> (OperationRow, OperationRow) {
        let [entry] = &monitor.entries()[..] else {
            panic!("{} operations", monitor.entries().len());
        };
        let now = monitor.clock().ticks();
        let row = OperationRow::of_entry(monitor, entry, now).unwrap();
        let snapshot = monitor.snapshot();
        (row, OperationRow::of(&snapshot.operations[0]))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_row_has_the_numbers_of_the_report(
            calls in prop::collection::vec((0_u64..1 << 40, 0_u64..30, prop::bool::ANY), 1..150),
            name in ".{0,20}",
        ) {
            let clock = MockClock::new();
            let monitor = Monitor::with_clock(clock.clone());
            let operation = monitor.operation(&name).memory();
            for (ns, pause, is_good) in calls {
                // All within a minute, or some long before.
                clock.advance(Duration::from_secs(pause));
                let _ = operation.try_measure(|| {
                    clock.advance(Duration::from_nanos(ns % (1 << (ns % 40))));
                    if is_good { Ok(()) } else { Err("no") }
                });
            }
            let (row, of_report) = both(&monitor);
            prop_assert_eq!(&row, &of_report);
            let line = serde_json::to_string(&row).unwrap();
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(serde_json::from_str::<OperationRow>(&line).unwrap(), row);
        }
    }

    #[test]
    fn a_row_on_the_wire_is_short() {
        let monitor = Monitor::with_clock(MockClock::new());
        monitor.operation("pay").measure(|| ());
        let line = serde_json::to_string(&both(&monitor).0).unwrap();
        assert_eq!(line, r#"["pay",[1,0,0,0,0],[0,0,0,null,null,0,null],null]"#);
        for bad in [
            "[]",
            r#"["a"]"#,
            r#"["a",[1],[],null]"#,
            "3",
            r#"["a",[1,0,0,0,-1],[0,0,0,null,null,0,null],null]"#,
        ] {
            assert!(serde_json::from_str::<OperationRow>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_was_never_called_is_no_row() {
        let monitor = Monitor::with_clock(MockClock::new());
        let operation = monitor.operation("pay");
        let row = || OperationRow::of_entry(&monitor, &monitor.entries()[0], 0);
        assert_eq!(row(), None);
        let call = operation.start();
        assert_eq!(row().map(|row| row.calls_in_flight), Some(1));
        call.discard();
        assert_eq!(row().map(|row| row.calls.total()), Some(0));
    }
}
