//! What every snapshot must fulfil, and every one against the one before. For
//! operations that do not call themselves: then every success has a time.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use perfkit::histogram::Histogram;
use perfkit::{MetricSummary, OperationSnapshot, Snapshot, WindowSnapshot};

/// The largest value with a bucket of its own.
const HIGHEST: u64 = (1 << 48) - 1;

/// HdrHistogram's own bucket boundaries.
static LAYOUT: LazyLock<hdrhistogram::Histogram<u64>> =
    LazyLock::new(|| hdrhistogram::Histogram::new_with_bounds(1, HIGHEST, 2).unwrap());

/// Looks at one snapshot after another.
#[derive(Default)]
pub(crate) struct Watch {
    earlier: BTreeMap<String, WindowSnapshot>,
}

impl Watch {
    /// Fails where the snapshot contradicts itself or takes something back.
    pub(crate) fn see(&mut self, snapshot: &Snapshot) {
        for operation in &snapshot.operations {
            is_sound(operation);
            let now = operation.lifetime.clone();
            let before = self.earlier.insert(operation.name.clone(), now);
            if let Some(before) = before {
                only_grew(&operation.name, &before, &operation.lifetime);
            }
        }
        let known = self.earlier.keys();
        let shown = snapshot.operations.iter().map(|operation| &operation.name);
        assert!(known.eq(shown), "an operation vanished, or they lost order");
    }
}

fn is_sound(operation: &OperationSnapshot) {
    let name = &operation.name;
    for window in [
        &operation.lifetime,
        &operation.last_calls,
        &operation.last_period,
    ] {
        let count = |metric| window.metric(metric).map_or(0, |metric| metric.count);
        let calls = window.calls;
        let others = calls.failure + calls.panic + calls.cancelled;
        let scope = window.window;
        assert_eq!(count("execution_time"), calls.success, "{name}, {scope:?}");
        assert_eq!(count("self_time"), calls.success, "{name}, {scope:?}");
        assert_eq!(count("failure_time"), others, "{name}, {scope:?}");
        for summary in window.metrics.values() {
            is_readable_when_saved(name, summary);
        }
    }
}

/// A report keeps histograms with a checksum, sum, minimum and maximum, and is
/// refused when those contradict the buckets.
fn is_readable_when_saved(name: &str, summary: &MetricSummary) {
    let Some(histogram) = &summary.histogram else {
        return;
    };
    let text = serde_json::to_string(histogram).unwrap();
    let back: Histogram = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{name}: {error}: {histogram:?} {text}"));
    assert_eq!(&back, histogram, "{name}");
    assert_eq!(histogram.count(), summary.count, "{name}");
}

fn only_grew(name: &str, before: &WindowSnapshot, now: &WindowSnapshot) {
    let (old, new) = (before.calls, now.calls);
    let is_more = new.success >= old.success
        && new.failure >= old.failure
        && new.panic >= old.panic
        && new.cancelled >= old.cancelled;
    assert!(is_more, "{name}: after {old:?} came {new:?}");
    for (metric, old) in &before.metrics {
        let new = now.metrics.get(metric);
        let new = new.unwrap_or_else(|| panic!("{name}: {metric} vanished"));
        assert!(
            new.count >= old.count && new.min <= old.min && new.max >= old.max,
            "{name}, {metric}: after {old:?} came {new:?}"
        );
        if let (Some(old), Some(new)) = (&old.histogram, &new.histogram) {
            every_bucket_only_grew(name, old, new);
        }
    }
}

fn every_bucket_only_grew(name: &str, before: &Histogram, now: &Histogram) {
    assert!(now.sum() >= before.sum(), "{name}: {before:?}, {now:?}");
    let counts = buckets(now);
    for (lowest, old) in buckets(before) {
        let new = counts.get(&lowest).copied().unwrap_or(0);
        assert!(
            new >= old,
            "{name}: the bucket of {lowest} fell from {old} to {new}"
        );
    }
}

/// The counts by the lowest value of their bucket. The recorded values will not
/// do: those of the outermost buckets move with minimum and maximum.
fn buckets(histogram: &Histogram) -> BTreeMap<u64, u64> {
    let lowest = |value: u64| LAYOUT.lowest_equivalent(value.min(HIGHEST));
    let counts = histogram.recorded();
    counts
        .map(|(value, count)| (lowest(value), count))
        .collect()
}
