//! What each metric tells of an operation, which knows no format.

use std::collections::BTreeMap;

use crate::metric::Metric;
use crate::metric_summary::MetricSummary;
use crate::outcome::Ending;
use crate::recorder::Quantity;
use crate::snapshot::{Exemplar, OperationSnapshot};

use super::metric_table::{ERROR_TYPE, Kind, MetricInfo, OUTCOME, Source};

/// The most kinds of errors of an operation, of which this version records fewer.
const MOST_KINDS: usize = 64;

/// The kind of errors whose own is not known, as OpenTelemetry calls it.
const OTHER_KIND: &str = "_OTHER";

/// One series of a metric.
pub(super) struct Series<'a> {
    /// Beside the attributes of the operation.
    pub(super) attribute: Option<(&'static str, &'a str)>,
    pub(super) value: Value<'a>,
}

/// What a series tells, in perfkit's own units: nanoseconds where it is a time.
pub(super) enum Value<'a> {
    Sum(i64),
    /// `None` where there are no values so far.
    Distribution(Option<&'a MetricSummary>),
}

impl Value<'_> {
    /// Whether it is not nothing.
    #[cfg(feature = "otlp")]
    pub(super) fn is_any(&self) -> bool {
        match self {
            Self::Sum(sum) => *sum != 0,
            Self::Distribution(summary) => summary.is_some_and(|summary| summary.count > 0),
        }
    }
}

/// The series of a metric that an operation has.
///
/// Zero is told where more may come: a series that appears with its first value has no increase
/// that Prometheus could see.
pub(super) fn series<'a>(info: &MetricInfo, operation: &'a OperationSnapshot) -> Vec<Series<'a>> {
    let one = |value| {
        let attribute = None;
        vec![Series { attribute, value }]
    };
    let where_any = |count: u64| match count {
        0 => Vec::new(),
        count => one(Value::Sum(saturated(count))),
    };
    let metrics = &operation.lifetime.metrics;
    match info.source {
        Source::Quantity(quantity) => match (info.kind, metrics.get(&quantity.metric())) {
            (Kind::Histogram, Some(summary)) => one(Value::Distribution(Some(summary))),
            (Kind::UpDownCounter, Some(summary)) => one(Value::Sum(summary.sum as i64)),
            // A file may claim what no counter can be.
            (_, Some(summary)) => one(Value::Sum(summary.sum.max(0.0) as i64)),
            (_, None) if info.is_of_every_call() && !operation.is_of_values => {
                one(Value::Distribution(None))
            }
            (_, None) => Vec::new(),
        },
        Source::Values(unit) => match metrics.get(&Metric::VALUE) {
            Some(summary) if summary.unit == unit => one(Value::Distribution(Some(summary))),
            _ => Vec::new(),
        },
        Source::Calls => calls(operation),
        Source::Failures => failures(operation),
        Source::RecursiveCalls => where_any(operation.recursive_calls),
        Source::UntimedCalls => where_any(operation.untimed_calls),
        // Zero is told too: the gauge would stand still where it was.
        Source::CallsInFlight if !operation.is_of_values => {
            one(Value::Sum(saturated(operation.calls_in_flight)))
        }
        Source::IdleTime => idle_time(operation).map_or_else(Vec::new, |ns| one(Value::Sum(ns))),
        // Those of no operation.
        _ => Vec::new(),
    }
}

/// The single calls that are shown beside a metric's distribution.
pub(super) fn exemplars<'a>(
    info: &MetricInfo,
    operation: &'a OperationSnapshot,
) -> impl Iterator<Item = &'a Exemplar> {
    let successes = match info.source {
        Source::Quantity(Quantity::ExecutionTime) => Some(true),
        Source::Quantity(Quantity::FailureTime) => Some(false),
        _ => None,
    };
    let all = operation.exemplars.iter();
    all.filter(move |call| successes == Some(call.ending == Ending::Success))
}

fn saturated(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The time of async calls in which they waited, in nanoseconds; `None` where some calls were not
/// async, whose time would be in it.
fn idle_time(operation: &OperationSnapshot) -> Option<i64> {
    let (whole, busy) = (
        operation.lifetime.execution_time()?,
        operation.lifetime.busy_time()?,
    );
    let idle = (whole.sum - busy.sum).max(0.0) as i64;
    (whole.count == busy.count).then_some(idle)
}

fn calls(operation: &OperationSnapshot) -> Vec<Series<'_>> {
    let calls = operation.lifetime.calls;
    let by_outcome = [
        ("success", calls.success),
        ("failure", calls.failure),
        ("panic", calls.panic),
        ("cancelled", calls.cancelled),
    ];
    let series = by_outcome.into_iter().map(|(outcome, count)| Series {
        attribute: Some((OUTCOME, outcome)),
        value: Value::Sum(saturated(count)),
    });
    series.collect()
}

fn failures(operation: &OperationSnapshot) -> Vec<Series<'_>> {
    let failures = operation.lifetime.calls.failure;
    let apart = operation.errors.iter().filter(|error| !error.is_overflow);
    let mut by_kind = BTreeMap::<&str, u64>::new();
    let mut known = 0_u64;
    for error in apart.take(MOST_KINDS) {
        let count = by_kind.entry(&error.kind).or_default();
        *count = count.saturating_add(error.count);
        known = known.saturating_add(error.count);
    }
    // Those of too many kinds; and a report of another tool may not know all kinds. A
    // program may have a kind of that name, and a series stands there once.
    let others = failures.saturating_sub(known);
    if others > 0 {
        let count = by_kind.entry(OTHER_KIND).or_default();
        *count = count.saturating_add(others);
    }
    let series = by_kind.into_iter().map(|(kind, count)| Series {
        attribute: Some((ERROR_TYPE, kind)),
        value: Value::Sum(saturated(count)),
    });
    series.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::metric_table::FAILURES;
    use crate::monitor::Monitor;
    use crate::outcome::{Failure, Outcome};

    #[test]
    fn failures_of_too_many_kinds_are_of_another_type() {
        let monitor = Monitor::new();
        let fail = |kind: String| {
            let failure = || Outcome::Failure(Failure::new(kind, ""));
            monitor.operation("pay").measure_with(|| (), |()| failure());
        };
        (0..20).for_each(|number| fail(format!("code {number}")));
        let operation = &monitor.snapshot().operations[0];
        let of = |series: &Series<'_>| match series.value {
            Value::Sum(count) => (series.attribute.unwrap().1.to_owned(), count),
            Value::Distribution(_) => panic!("no count"),
        };
        let found: Vec<_> = series(&FAILURES, operation).iter().map(of).collect();
        assert_eq!(found.len(), 17);
        for expected in [("code 7", 1), ("_OTHER", 4)] {
            let is_it = |(kind, count): &(String, i64)| (kind.as_str(), *count) == expected;
            assert!(found.iter().any(is_it), "{expected:?}");
        }
    }
}
