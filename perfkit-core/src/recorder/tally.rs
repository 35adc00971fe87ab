//! Counts and sums over a set of calls.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Scale;
use crate::histogram::{Histogram, bucket, value_at_rank};
use crate::metric_summary::Totals;
use crate::outcome::Ending;
use crate::stats;
use crate::unit::Unit;

use super::sample::{Quantity, signed, unsigned};

/// How many calls ended in each way.
///
/// ```
/// use perfkit::Calls;
/// let monitor = perfkit::Monitor::new();
/// monitor.measure("work", || ());
/// let calls = monitor.snapshot().operation("work").unwrap().lifetime.calls;
/// assert_eq!(calls, Calls::NONE.with_success(1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
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
    /// No call at all: what the others are built from.
    pub const NONE: Self = Self {
        success: 0,
        failure: 0,
        panic: 0,
        cancelled: 0,
    };

    /// The same with so many successes.
    #[must_use]
    pub const fn with_success(mut self, calls: u64) -> Self {
        self.success = calls;
        self
    }

    /// The same with so many failures.
    #[must_use]
    pub const fn with_failure(mut self, calls: u64) -> Self {
        self.failure = calls;
        self
    }

    /// The same with so many panics.
    #[must_use]
    pub const fn with_panic(mut self, calls: u64) -> Self {
        self.panic = calls;
        self
    }

    /// The same with so many cancelled calls.
    #[must_use]
    pub const fn with_cancelled(mut self, calls: u64) -> Self {
        self.cancelled = calls;
        self
    }

    /// All calls, however they ended.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.success
            .saturating_add(self.failure)
            .saturating_add(self.panic)
            .saturating_add(self.cancelled)
    }

    /// The share of successes among all calls, from 0 to 1; `None` without a call. One that
    /// was cancelled did not succeed.
    #[must_use]
    pub fn success_rate(&self) -> Option<f64> {
        let total = self.total();
        (total > 0).then(|| self.success as f64 / total as f64)
    }

    /// Whether any of them panicked or was cancelled.
    #[must_use]
    pub fn is_any_cut_off(&self) -> bool {
        self.panic > 0 || self.cancelled > 0
    }

    pub(crate) fn add(&mut self, ending: Ending, calls: u64) {
        let count = match ending {
            Ending::Success => &mut self.success,
            Ending::Failure => &mut self.failure,
            Ending::Panic => &mut self.panic,
            Ending::Cancelled => &mut self.cancelled,
        };
        *count = count.saturating_add(calls);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        *self = self.combined(other, u64::saturating_add);
    }

    fn combined(self, other: Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            success: combine(self.success, other.success),
            failure: combine(self.failure, other.failure),
            panic: combine(self.panic, other.panic),
            cancelled: combine(self.cancelled, other.cancelled),
        }
    }
}

/// All calls, and how they ended unless all succeeded: `434 (420 successful, 14 cancelled)`.
impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |calls: u64| Unit::Count.format(calls as f64, 1);
        f.write_str(&count(self.total()))?;
        let ends = [
            (self.success, "successful"),
            (self.failure, "failed"),
            (self.panic, "panicked"),
            (self.cancelled, "cancelled"),
        ];
        let ends = ends.into_iter().filter(|(calls, _)| *calls > 0);
        let ends: Vec<String> = ends.map(|(n, end)| format!("{} {end}", count(n))).collect();
        if self.success == self.total() {
            return Ok(());
        }
        write!(f, " ({})", ends.join(", "))
    }
}

/// The values of one quantity: exact totals and, for most, sparse buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Series {
    pub(crate) totals: Totals,
    /// Bucket and count, ascending.
    pub(crate) buckets: Vec<(u16, u64)>,
}

impl Series {
    fn merge(&mut self, other: &Self) {
        self.totals.merge(&other.totals);
        let mine = std::mem::take(&mut self.buckets);
        self.buckets = joined(&mine, &other.buckets, |mine, theirs| mine + theirs);
    }

    /// What was added since an earlier state. Its extremes are those of its
    /// buckets; without buckets they are not known.
    fn since(&self, earlier: &Self) -> Self {
        let less = |now: u64, then: u64| now.saturating_sub(then);
        let buckets = joined(&self.buckets, &earlier.buckets, less);
        let edge = |edge: Option<&(u16, u64)>| {
            let (bucket, _) = edge?;
            let middle = signed(bucket::middle(*bucket));
            if !self.totals.has_extremes() {
                return Some(middle);
            }
            let nearest = middle.clamp(self.totals.min, self.totals.max);
            // The extremes of a thread that noticed a reset late may miss a call.
            Some(if is_in(*bucket, nearest) {
                nearest
            } else {
                middle
            })
        };
        let unknown = Totals::default();
        Self {
            totals: Totals {
                count: less(self.totals.count, earlier.totals.count),
                sum: self.totals.sum - earlier.totals.sum,
                min: edge(buckets.first()).unwrap_or(unknown.min),
                max: edge(buckets.last()).unwrap_or(unknown.max),
            },
            buckets,
        }
    }

    /// From ticks to nanoseconds.
    fn in_ns(&mut self, scale: Scale) {
        let sum = u128::try_from(self.totals.sum).unwrap_or(0);
        self.totals.sum = i128::try_from(scale.ns_wide(sum)).unwrap_or(i128::MAX);
        if self.totals.has_extremes() {
            let ns = |ticks| signed(scale.ns(unsigned(ticks)));
            (self.totals.min, self.totals.max) = (ns(self.totals.min), ns(self.totals.max));
        }
        let mut scaled: Vec<(u16, u64)> = Vec::with_capacity(self.buckets.len());
        for &(bucket, count) in &self.buckets {
            let bucket = bucket::index(scale.ns(bucket::middle(bucket)));
            match scaled.last_mut() {
                Some((last, sum)) if *last == bucket => *sum += count,
                _ => scaled.push((bucket, count)),
            }
        }
        self.buckets = scaled;
    }

    /// Puts right the extremes that are not in the outermost buckets: they may be
    /// of a call that is just being counted, or miss one that met a reset. The outer
    /// edges of those buckets take nothing back of what was told before.
    fn fix_extremes(&mut self) {
        let (Some(&(first, _)), Some(&(last, _))) = (self.buckets.first(), self.buckets.last())
        else {
            return;
        };
        if !is_in(first, self.totals.min) {
            self.totals.min = signed(bucket::lowest(first));
        }
        if !is_in(last, self.totals.max) {
            self.totals.max = signed(bucket::highest(last));
        }
    }

    /// Makes the totals agree: the sum may know of a call that ended while the
    /// buckets were read.
    fn clamp_sum(&mut self) {
        let totals = &mut self.totals;
        if totals.has_extremes() {
            let all = |value: i64| i128::from(value).saturating_mul(i128::from(totals.count));
            let (least, most) = (all(totals.min), all(totals.max));
            totals.sum = totals.sum.clamp(least, most);
        }
    }

    /// The sum of the values, as a histogram has it where there are buckets.
    pub(crate) fn sum(&self) -> f64 {
        match self.buckets.is_empty() {
            true => self.totals.sum as f64,
            false => self.totals.sum.max(0) as f64,
        }
    }

    /// The largest value, where it is known.
    pub(crate) fn max(&self) -> Option<f64> {
        match self.buckets.is_empty() {
            true => self.totals.has_extremes().then_some(self.totals.max as f64),
            false => Some(unsigned(self.totals.max) as f64),
        }
    }

    /// What [`MetricSummary::from_histogram`] says of the histogram's percentile, without
    /// making one.
    ///
    /// [`MetricSummary::from_histogram`]: crate::metric_summary::MetricSummary::from_histogram
    pub(crate) fn percentile(&self, quantile: f64) -> Option<f64> {
        let counts = self.buckets.iter().map(|(_, count)| *count);
        let count = counts.fold(0, u64::saturating_add);
        let rank = stats::nearest_rank(quantile, count)?;
        if !stats::supports(quantile, count) {
            return None;
        }
        let extremes = [self.totals.min, self.totals.max].map(unsigned);
        value_at_rank(self.buckets.iter().copied(), extremes, count, rank)
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
        histogram.set_exact(
            u128::try_from(self.totals.sum).unwrap_or(0),
            unsigned(self.totals.min),
            unsigned(self.totals.max),
        );
        Some(histogram)
    }
}

fn is_in(bucket: u16, value: i64) -> bool {
    bucket::index(unsigned(value)) == bucket
}

/// The buckets of both, combined, without those that come to nothing.
pub(super) fn joined(
    mine: &[(u16, u64)],
    theirs: &[(u16, u64)],
    combine: impl Fn(u64, u64) -> u64,
) -> Vec<(u16, u64)> {
    let mut all = Vec::with_capacity(mine.len().max(theirs.len()));
    let (mut mine, mut theirs) = (mine.iter().peekable(), theirs.iter().peekable());
    loop {
        let next = match (mine.peek(), theirs.peek()) {
            (None, None) => return all,
            (Some((bucket, _)), None) | (None, Some((bucket, _))) => *bucket,
            (Some((a, _)), Some((b, _))) => *a.min(b),
        };
        let is_next = |entry: &&(u16, u64)| entry.0 == next;
        let count = |entry: Option<&(u16, u64)>| entry.map_or(0, |(_, count)| *count);
        let mine = count(mine.next_if(is_next));
        let combined = combine(mine, count(theirs.next_if(is_next)));
        if combined > 0 {
            all.push((next, combined));
        }
    }
}

pub(super) fn only_totals(totals: Totals) -> Series {
    Series {
        totals,
        buckets: Vec::new(),
    }
}

/// Counts and values over a set of calls. Empty ones take no memory but their
/// own; a quantity takes memory once it has a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) calls: Calls,
    /// Successful calls inside another call of the same operation.
    pub(crate) nested: u64,
    /// Successful calls that were counted and not timed.
    pub(crate) untimed: u64,
    pub(super) series: [Option<Box<Series>>; Quantity::ALL.len()],
}

impl Tally {
    pub(crate) fn series(&self, quantity: Quantity) -> Option<&Series> {
        self.series[quantity as usize].as_deref()
    }

    /// Sets what is known of a quantity, if there is a value.
    pub(super) fn set(&mut self, quantity: Quantity, series: Series) {
        if series.totals.count > 0 {
            self.series[quantity as usize] = Some(Box::new(series));
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.calls.merge(other.calls);
        self.nested += other.nested;
        self.untimed += other.untimed;
        for (mine, theirs) in self.series.iter_mut().zip(&other.series) {
            if let Some(theirs) = theirs {
                mine.get_or_insert_default().merge(theirs);
            }
        }
    }

    /// What was added since an earlier state of the same counters.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let mut added = Self {
            calls: self.calls.combined(earlier.calls, u64::saturating_sub),
            nested: self.nested.saturating_sub(earlier.nested),
            untimed: self.untimed.saturating_sub(earlier.untimed),
            ..Self::default()
        };
        for quantity in Quantity::ALL {
            match (self.series(quantity), earlier.series(quantity)) {
                (Some(now), Some(then)) => added.set(quantity, now.since(then)),
                (Some(now), None) => added.set(quantity, now.clone()),
                (None, _) => {}
            }
        }
        added
    }

    /// Puts exact extremes in place of those derived from the buckets, where they
    /// are in the same buckets: a thread may have noticed a reset late.
    pub(super) fn take_extremes(&mut self, exact: &Self) {
        for (mine, exact) in self.series.iter_mut().zip(&exact.series) {
            let (Some(mine), Some(exact)) = (mine, exact) else {
                continue;
            };
            let fits = |edge: Option<&(u16, u64)>, value: i64| {
                edge.is_none_or(|(bucket, _)| is_in(*bucket, value))
            };
            let (min, max) = (exact.totals.min, exact.totals.max);
            if fits(mine.buckets.first(), min) {
                mine.totals.min = min;
            }
            if fits(mine.buckets.last(), max) {
                mine.totals.max = max;
            }
        }
    }

    /// From ticks to nanoseconds.
    pub(super) fn in_ns(&mut self, scale: Scale) {
        for quantity in Quantity::ALL {
            if let Some(series) = &mut self.series[quantity as usize] {
                series.fix_extremes();
                if quantity.is_in_ticks() {
                    series.in_ns(scale);
                }
                series.clamp_sum();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn series(values: &[u64]) -> Series {
        let mut series = Series::default();
        let mut buckets = std::collections::BTreeMap::new();
        for &value in values {
            series.totals.record(i64::try_from(value).unwrap());
            *buckets.entry(bucket::index(value)).or_default() += 1;
        }
        series.buckets = buckets.into_iter().collect();
        series
    }

    proptest! {
        #[test]
        fn the_part_that_was_added_is_the_difference(
            earlier in prop::collection::vec(0_u64..1 << 40, 0..50),
            added in prop::collection::vec(0_u64..1 << 40, 1..50),
        ) {
            let now = series(&[earlier.clone(), added.clone()].concat());
            let since = now.since(&series(&earlier));
            let expected = series(&added);
            prop_assert_eq!(&since.buckets, &expected.buckets);
            prop_assert_eq!(since.totals.count, expected.totals.count);
            prop_assert_eq!(since.totals.sum, expected.totals.sum);
            let near = |a: i64, b: i64| (a - b).abs() as f64 <= 0.004 * b as f64 + 0.5;
            prop_assert!(near(since.totals.min, expected.totals.min));
            prop_assert!(near(since.totals.max, expected.totals.max));
        }

        #[test]
        fn nanoseconds_keep_the_count_and_can_be_stored(
            ticks in prop::collection::vec(0_u64..1 << 46, 1..60),
            mhz in 800_u64..6000,
            disturbed in -5_i128..5,
        ) {
            let scale = Scale::measured(mhz * 1_000_000, 1_000_000_000).unwrap();
            let mut series = series(&ticks);
            series.totals.sum += disturbed * i128::from(series.totals.max);
            series.in_ns(scale);
            series.clamp_sum();
            let histogram = series.histogram().unwrap();
            prop_assert_eq!(histogram.count(), ticks.len() as u64);
            let stored = serde_json::to_string(&histogram).unwrap();
            let back: Histogram = serde_json::from_str(&stored).unwrap();
            prop_assert_eq!(&back, &histogram);
            let mut exact: Vec<u64> = ticks.iter().map(|&ticks| scale.ns(ticks)).collect();
            exact.sort_unstable();
            for (rank, &exact) in exact.iter().enumerate() {
                let estimate = histogram.value_at_rank(rank as u64 + 1).unwrap();
                prop_assert!((estimate - exact as f64).abs() <= 0.01 * exact as f64 + 1.0);
            }
        }
    }
}
