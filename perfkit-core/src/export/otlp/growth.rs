//! What was added since a collector was last told, so that it can be told alone.

use std::collections::BTreeMap;

use crate::histogram::{Histogram, bucket};
use crate::metric_summary::MetricSummary;
use crate::recorder::Calls;
use crate::snapshot::Exemplar;
use crate::snapshot::{ErrorSnapshot, OperationSnapshot, WindowSnapshot};

/// What collectors were told, and up to when, so that the rest is a difference.
///
/// It moves on only by what arrived: an export that fails is part of the next one, which begins
/// where this one did. It takes one reading of each operation, however long exports fail.
#[derive(Default)]
pub(super) struct Ledger {
    operations: BTreeMap<(String, bool), (OperationSnapshot, u64)>,
    totals: BTreeMap<String, (u64, u64)>,
}

/// An operation at an instant, and of it what was not told so far.
pub(super) struct Reading<'a> {
    pub(super) whole: &'a OperationSnapshot,
    /// With the moment from which on it was added, in nanoseconds since 1970; `None` where that
    /// is everything.
    pub(super) added: Option<(OperationSnapshot, u64)>,
}

impl<'a> Reading<'a> {
    /// One of which nothing was told.
    pub(super) fn untold(whole: &'a OperationSnapshot) -> Self {
        Self { whole, added: None }
    }
}

fn key(operation: &OperationSnapshot) -> (String, bool) {
    (operation.name.clone(), operation.is_overflow)
}

impl Ledger {
    pub(super) fn read<'a>(&self, operation: &'a OperationSnapshot) -> Reading<'a> {
        let told = self.operations.get(&key(operation));
        let added = |(told, until): &(OperationSnapshot, u64)| (added(operation, told), *until);
        Reading {
            whole: operation,
            added: told.map(added),
        }
    }

    /// What was added to a total, and since when; `None` for a total of which nothing was told.
    pub(super) fn read_total(&self, name: &str, now: u64) -> Option<(u64, u64)> {
        let (told, until) = self.totals.get(name)?;
        Some((now.saturating_sub(*told), *until))
    }

    /// An operation arrived as it was at a moment.
    pub(super) fn arrived(&mut self, mut operation: OperationSnapshot, until: u64) {
        operation.last_calls = WindowSnapshot::default();
        operation.last_period = WindowSnapshot::default();
        self.operations.insert(key(&operation), (operation, until));
    }

    pub(super) fn total_arrived(&mut self, key: String, total: u64, until: u64) {
        self.totals.insert(key, (total, until));
    }
}

/// An operation with what was added to it.
fn added(now: &OperationSnapshot, told: &OperationSnapshot) -> OperationSnapshot {
    let less = u64::saturating_sub;
    let (calls, earlier) = (now.lifetime.calls, told.lifetime.calls);
    let calls = Calls::NONE
        .with_success(less(calls.success, earlier.success))
        .with_failure(less(calls.failure, earlier.failure))
        .with_panic(less(calls.panic, earlier.panic))
        .with_cancelled(less(calls.cancelled, earlier.cancelled));
    let mut lifetime = WindowSnapshot {
        calls,
        ..WindowSnapshot::default()
    };
    for (metric, summary) in &now.lifetime.metrics {
        let summary = match told.lifetime.metrics.get(metric) {
            Some(told) => added_values(summary, told),
            None => summary.clone(),
        };
        lifetime.metrics.insert(metric.clone(), summary);
    }
    let errors = now.errors.iter().map(|error| {
        let is_it = |told: &&ErrorSnapshot| {
            (&told.kind, told.is_overflow) == (&error.kind, error.is_overflow)
        };
        let told = told.errors.iter().find(is_it).map_or(0, |told| told.count);
        ErrorSnapshot {
            count: less(error.count, told),
            ..error.clone()
        }
    });
    let is_new = |exemplar: &&Exemplar| !told.exemplars.contains(exemplar);
    let exemplars = now.exemplars.iter().filter(is_new);
    OperationSnapshot {
        lifetime,
        errors: errors.collect(),
        exemplars: exemplars.copied().collect(),
        recursive_calls: less(now.recursive_calls, told.recursive_calls),
        untimed_calls: less(now.untimed_calls, told.untimed_calls),
        name: now.name.clone(),
        labelled: now.labelled.clone(),
        load: now.load.clone(),
        last_calls: WindowSnapshot::default(),
        last_period: WindowSnapshot::default(),
        ..*now
    }
}

/// The values that were added. Their extremes are known where they are new ones.
fn added_values(now: &MetricSummary, told: &MetricSummary) -> MetricSummary {
    let histograms = now.histogram.as_ref().zip(told.histogram.as_ref());
    MetricSummary {
        unit: now.unit,
        count: now.count.saturating_sub(told.count),
        sum: now.sum - told.sum,
        min: now
            .min
            .filter(|min| told.min.is_none_or(|told| *min < told)),
        max: now
            .max
            .filter(|max| told.max.is_none_or(|told| *max > told)),
        histogram: histograms.map(|(now, told)| added_counts(now, told)),
        ..MetricSummary::default()
    }
}

fn added_counts(now: &Histogram, told: &Histogram) -> Histogram {
    let told_counts: BTreeMap<u16, u64> = told.buckets().collect();
    let mut added = Histogram::new();
    for (index, count) in now.buckets() {
        let told = told_counts.get(&index).copied().unwrap_or(0);
        if count > told {
            added.add_to_bucket(index, count - told);
        }
    }
    let edges: Vec<u16> = added.buckets().map(|(index, _)| index).collect();
    let sum = now.sum().saturating_sub(told.sum());
    if let (Some(first), Some(last)) = (edges.first(), edges.last()) {
        added.set_exact(sum, bucket::lowest(*first), bucket::highest(*last));
    }
    added
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::MockClock;
    use crate::monitor::Monitor;

    /// Whatever arrives and whatever does not, the parts that arrive add up to the whole.
    #[test]
    fn what_arrives_in_parts_adds_up_to_the_whole() {
        let clock = MockClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        let mut ledger = Ledger::default();
        let (mut calls, mut sum, mut histogram) = (0, 0, Histogram::new());
        let mut start_of_next = 0;
        for round in 0..20_u64 {
            for call in 0..round {
                let _ = monitor.try_measure("work", || {
                    clock.advance(Duration::from_micros(1 + call * 37 % 900));
                    if call % 3 == 0 { Err("no") } else { Ok(()) }
                });
            }
            let snapshot = monitor.snapshot();
            let Some(work) = snapshot.operation("work") else {
                continue;
            };
            let reading = ledger.read(work);
            let (added, since) = reading.added.unwrap_or_else(|| (work.clone(), 0));
            assert_eq!(since, start_of_next);
            // Two of three exports fail.
            if round % 3 != 2 {
                continue;
            }
            calls += added.lifetime.calls.total();
            if let Some(time) = added.lifetime.execution_time() {
                let distribution = time.histogram.as_ref().unwrap();
                assert_eq!(distribution.count(), time.count);
                sum += distribution.sum();
                histogram.merge(distribution);
            }
            ledger.arrived(work.clone(), round);
            start_of_next = round;
        }
        let snapshot = monitor.snapshot();
        let work = snapshot.operation("work").unwrap();
        let reading = ledger.read(work).added.unwrap().0;
        let rest = reading.lifetime.calls.total();
        assert_eq!(calls + rest, (0..20).sum::<u64>());
        let time = reading.lifetime.execution_time().unwrap();
        histogram.merge(time.histogram.as_ref().unwrap());
        sum += time.histogram.as_ref().unwrap().sum();
        let whole = work.lifetime.execution_time().unwrap().histogram.as_ref();
        let whole = whole.unwrap();
        assert_eq!((histogram.count(), sum), (whole.count(), whole.sum()));
        assert!(histogram.buckets().eq(whole.buckets()));
    }

    #[test]
    fn extremes_of_a_part_are_told_where_they_are_known() {
        let summary = |values: &[u64]| {
            let mut histogram = Histogram::new();
            values.iter().for_each(|value| histogram.record(*value));
            MetricSummary::from_histogram(crate::unit::Unit::Nanoseconds, histogram)
        };
        let told = summary(&[10, 20]);
        let within = added_values(&summary(&[10, 20, 15]), &told);
        assert_eq!((within.min, within.max, within.sum), (None, None, 15.0));
        let beyond = added_values(&summary(&[10, 20, 5, 30]), &told);
        assert_eq!((beyond.min, beyond.max), (Some(5.0), Some(30.0)));
    }
}
