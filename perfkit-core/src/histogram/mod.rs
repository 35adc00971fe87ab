//! Distributions in logarithmic buckets.

pub(crate) mod bucket;
mod v2;

use std::collections::BTreeMap;
use std::fmt;

use crate::stats;

pub use v2::HistogramError;

/// A distribution of whole numbers from 0 to 2⁴⁸ − 1 in the buckets of
/// HdrHistogram with two significant digits, with exact count, sum, minimum and
/// maximum beside them. Larger values are counted in the last bucket.
///
/// A percentile is the middle of its bucket: within 0.4 % of the exact one.
/// Memory grows with the number of different buckets, not of values: some 40
/// bytes each, at most 5376 of them.
#[derive(Clone, PartialEq)]
pub struct Histogram {
    // Most metrics have no distribution, and reports have many of them.
    inner: Box<Inner>,
}

#[derive(Clone, PartialEq)]
struct Inner {
    counts: BTreeMap<u16, u64>,
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// A histogram without values.
    #[must_use]
    pub fn new() -> Self {
        let inner = Box::new(Inner {
            counts: BTreeMap::new(),
            count: 0,
            sum: 0,
            min: u64::MAX,
            max: 0,
        });
        Self { inner }
    }

    /// Adds one value.
    pub fn record(&mut self, value: u64) {
        self.record_n(value, 1);
    }

    /// Adds a value `count` times.
    pub fn record_n(&mut self, value: u64, count: u64) {
        if count == 0 {
            return;
        }
        self.add_to_bucket(bucket::index(value), count);
        let added = u128::from(value) * u128::from(count);
        self.inner.sum = self.inner.sum.saturating_add(added);
        self.inner.min = self.inner.min.min(value);
        self.inner.max = self.inner.max.max(value);
    }

    /// Adds the values of another histogram.
    pub fn merge(&mut self, other: &Self) {
        for (index, count) in &other.inner.counts {
            self.add_to_bucket(*index, *count);
        }
        self.inner.sum = self.inner.sum.saturating_add(other.inner.sum);
        self.inner.min = self.inner.min.min(other.inner.min);
        self.inner.max = self.inner.max.max(other.inner.max);
    }

    /// Adds to a bucket; the exact numbers are set by
    /// [`Histogram::set_exact`] afterwards.
    pub(crate) fn add_to_bucket(&mut self, index: u16, count: u64) {
        let bucket = self.inner.counts.entry(index).or_default();
        *bucket = bucket.saturating_add(count);
        self.inner.count = self.inner.count.saturating_add(count);
    }

    /// How many values there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.inner.count
    }

    /// The exact sum of the values.
    #[must_use]
    pub fn sum(&self) -> u128 {
        self.inner.sum
    }

    /// The exact smallest value.
    #[must_use]
    pub fn min(&self) -> Option<u64> {
        (self.inner.count > 0).then_some(self.inner.min)
    }

    /// The exact largest value.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        (self.inner.count > 0).then_some(self.inner.max)
    }

    /// The exact arithmetic mean.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.inner.count > 0).then(|| self.inner.sum as f64 / self.inner.count as f64)
    }

    /// The standard deviation with divisor n − 1, every value taken as the
    /// middle of its bucket.
    #[must_use]
    pub fn std_dev(&self) -> Option<f64> {
        let n = self.inner.count;
        if n < 2 {
            return None;
        }
        let mean = self.mean()?;
        let squares: f64 = self
            .recorded()
            .map(|(value, count)| (value as f64 - mean).powi(2) * count as f64)
            .sum();
        Some((squares / (n - 1) as f64).sqrt())
    }

    /// The nearest-rank percentile of a quantile in [0, 1].
    #[must_use]
    pub fn percentile(&self, quantile: f64) -> Option<f64> {
        let rank = stats::nearest_rank(quantile, self.inner.count)?;
        self.value_at_rank(rank)
    }

    /// The value of the given 1-based rank, within its bucket's width.
    #[must_use]
    pub fn value_at_rank(&self, rank: u64) -> Option<f64> {
        let extremes = [self.inner.min, self.inner.max];
        value_at_rank(self.buckets(), extremes, self.inner.count, rank)
    }

    /// The value that stands for every bucket that holds values, ascending, with
    /// the bucket's count: its middle, or as near to it as minimum and maximum
    /// allow.
    pub fn recorded(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let extremes = [self.inner.min, self.inner.max];
        let values = self.buckets();
        values.map(move |(index, count)| (value_of(index, extremes), count))
    }

    /// The buckets that hold values, ascending.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        self.inner
            .counts
            .iter()
            .map(|(index, count)| (*index, *count))
    }

    /// Puts the exact numbers in place of those derived from the buckets.
    pub(crate) fn set_exact(&mut self, sum: u128, min: u64, max: u64) {
        self.inner.sum = sum;
        self.inner.min = min;
        self.inner.max = max;
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count())
            .field("sum", &self.inner.sum)
            .field("min", &self.min())
            .field("max", &self.max())
            .finish_non_exhaustive()
    }
}

/// The value that stands for a bucket: its middle, or as near to it as minimum and maximum of
/// all values allow.
fn value_of(index: u16, [min, max]: [u64; 2]) -> u64 {
    let middle = bucket::middle(index).clamp(min, max.max(min));
    middle.clamp(bucket::lowest(index), bucket::highest(index))
}

/// The value of a 1-based rank among so many that are in these buckets, ascending, with their
/// minimum and maximum.
pub(crate) fn value_at_rank(
    buckets: impl Iterator<Item = (u16, u64)>,
    [min, max]: [u64; 2],
    count: u64,
    rank: u64,
) -> Option<f64> {
    if rank == 0 || rank > count {
        return None;
    }
    if rank == count {
        return Some(max as f64);
    }
    let mut seen = 0_u64;
    for (index, count) in buckets {
        seen = seen.saturating_add(count);
        if seen >= rank {
            let value = value_of(index, [min, max]);
            return Some(value.max(min).min(max) as f64);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_empty_histogram_says_nothing() {
        let empty = Histogram::new();
        assert_eq!((empty.count(), empty.min(), empty.max()), (0, None, None));
        assert_eq!((empty.mean(), empty.percentile(0.5)), (None, None));
        assert_eq!(empty.std_dev(), None);
    }

    #[test]
    fn values_beyond_the_range_keep_their_sum_and_maximum() {
        let mut histogram = Histogram::new();
        histogram.record(u64::MAX);
        histogram.record(0);
        assert_eq!(histogram.count(), 2);
        assert_eq!(histogram.sum(), u128::from(u64::MAX));
        assert_eq!(histogram.percentile(1.0), Some(u64::MAX as f64));
        assert_eq!(histogram.percentile(0.0), Some(0.0));
    }

    #[test]
    fn more_values_than_can_be_counted_have_percentiles() {
        let mut histogram = Histogram::new();
        histogram.record_n(1, 1 << 63);
        histogram.record_n(200, u64::MAX);
        assert_eq!(histogram.percentile(0.25), Some(1.0));
        assert_eq!(histogram.percentile(0.75), Some(200.0));
    }

    proptest! {
        #[test]
        fn percentiles_are_within_one_percent(
            values in prop::collection::vec(0_u64..10_000_000_000, 1..500),
            quantile in 0.0_f64..=1.0,
        ) {
            let mut histogram = Histogram::new();
            for &value in &values {
                histogram.record(value);
            }
            let mut ordered = values.clone();
            ordered.sort_unstable();
            let exact = stats::percentile(&ordered, quantile).unwrap() as f64;
            let estimate = histogram.percentile(quantile).unwrap();
            prop_assert!((estimate - exact).abs() <= 0.004 * exact + 0.5, "{} is not {}", estimate, exact);
            prop_assert_eq!(histogram.sum(), values.iter().map(|&v| u128::from(v)).sum::<u128>());
            prop_assert_eq!(histogram.min(), ordered.first().copied());
            prop_assert_eq!(histogram.max(), ordered.last().copied());
        }

        #[test]
        fn merging_equals_recording_everything_in_one(
            a in prop::collection::vec(0_u64..1 << 50, 0..100),
            b in prop::collection::vec(0_u64..1 << 50, 0..100),
        ) {
            let record = |values: &[u64]| {
                let mut histogram = Histogram::new();
                values.iter().for_each(|&value| histogram.record(value));
                histogram
            };
            let mut merged = record(&a);
            merged.merge(&record(&b));
            let all = record(&[a, b].concat());
            prop_assert_eq!(merged.count(), all.count());
            prop_assert_eq!(merged.sum(), all.sum());
            prop_assert_eq!(merged.recorded().collect::<Vec<_>>(), all.recorded().collect::<Vec<_>>());
        }
    }
}
