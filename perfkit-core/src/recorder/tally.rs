//! Counts and sums over a set of calls.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::histogram::{Histogram, bucket};
use crate::metric::Totals;
use crate::outcome::Ending;

use super::sample::{Quantity, Sample};

/// How many calls ended in each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// Calls that returned a value or an `Ok`.
    pub success: u64,
    /// Calls that returned an `Err` or were declared failed.
    pub failure: u64,
    /// Calls that panicked.
    pub panic: u64,
    /// Async calls whose future was dropped before it finished.
    pub cancelled: u64,
}

impl Calls {
    /// All calls, however they ended.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.finished().saturating_add(self.cancelled)
    }

    /// The share of successes among the calls that were not cancelled; `None`
    /// without such a call.
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        let finished = self.finished();
        (finished > 0).then(|| self.success as f64 / finished as f64)
    }

    fn finished(&self) -> u64 {
        self.success
            .saturating_add(self.failure)
            .saturating_add(self.panic)
    }

    pub(crate) fn count(&mut self, ending: Ending) {
        match ending {
            Ending::Success => self.success += 1,
            Ending::Failure => self.failure += 1,
            Ending::Panic => self.panic += 1,
            Ending::Cancelled => self.cancelled += 1,
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.success = self.success.saturating_add(other.success);
        self.failure = self.failure.saturating_add(other.failure);
        self.panic = self.panic.saturating_add(other.panic);
        self.cancelled = self.cancelled.saturating_add(other.cancelled);
    }
}

/// The values of one quantity: exact totals and, for most, sparse buckets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    pub(crate) totals: Totals,
    buckets: BTreeMap<u16, u64>,
}

impl Series {
    fn record(&mut self, value: i64, has_distribution: bool) {
        self.totals.record(value);
        if has_distribution {
            let bucket = bucket::index(u64::try_from(value).unwrap_or(0));
            *self.buckets.entry(bucket).or_default() += 1;
        }
    }

    fn merge(&mut self, other: &Self) {
        self.totals.merge(&other.totals);
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
    }

    /// The distribution; `None` for a quantity of which only totals are kept.
    pub(crate) fn histogram(&self) -> Option<Histogram> {
        if self.buckets.is_empty() {
            return None;
        }
        let mut histogram = Histogram::new();
        for (bucket, count) in &self.buckets {
            histogram.add_to_bucket(*bucket, *count);
        }
        let whole = |value: i64| u64::try_from(value).unwrap_or(0);
        histogram.set_exact(
            u128::try_from(self.totals.sum).unwrap_or(0),
            whole(self.totals.min),
            whole(self.totals.max),
        );
        Some(histogram)
    }
}

/// Counts and values over a set of calls. Empty ones take no memory but their
/// own; a quantity takes memory once it has a value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) calls: Calls,
    /// Successful calls inside another call of the same operation.
    pub(crate) nested: u64,
    series: [Option<Box<Series>>; Quantity::ALL.len()],
}

impl Tally {
    /// Counts a call.
    pub(crate) fn record(&mut self, sample: &Sample) {
        self.calls.count(sample.ending);
        self.nested += u64::from(sample.nested && sample.ending == Ending::Success);
        for quantity in Quantity::ALL {
            let Some(value) = sample.value(quantity) else {
                continue;
            };
            self.series[quantity as usize]
                .get_or_insert_default()
                .record(value, quantity.has_distribution());
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.calls.merge(other.calls);
        self.nested += other.nested;
        for (mine, theirs) in self.series.iter_mut().zip(&other.series) {
            if let Some(theirs) = theirs {
                mine.get_or_insert_default().merge(theirs);
            }
        }
    }

    pub(crate) fn series(&self, quantity: Quantity) -> Option<&Series> {
        self.series[quantity as usize].as_deref()
    }
}
