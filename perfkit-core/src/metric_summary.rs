//! The numbers that sum a sample up.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::histogram::Histogram;
use crate::metric::Direction;
use crate::number;
use crate::stats;
use crate::unit::Unit;

/// The numbers that sum up the sample of one metric, in the metric's base unit.
///
/// A number that the sample does not support is `None`: all of them without a
/// value, `std_dev` with fewer than two, `p99` with fewer than 100.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MetricSummary {
    /// The unit of all values.
    pub unit: Unit,
    /// Which values are the good ones.
    #[serde(default, rename = "better", skip_serializing_if = "number::is_default")]
    pub direction: Direction,
    /// How many values there are.
    pub count: u64,
    /// The sum of the values; exact while below 2⁵³, and infinite where no number
    /// can hold it, for which JSON has null.
    #[serde(
        serialize_with = "number::serialize",
        deserialize_with = "number::null_is_infinite",
        default
    )]
    pub sum: f64,
    /// The arithmetic mean.
    #[serde(serialize_with = "number::serialize_option", default)]
    pub mean: Option<f64>,
    /// The standard deviation with divisor n − 1.
    #[serde(serialize_with = "number::serialize_option", default)]
    pub std_dev: Option<f64>,
    /// The smallest value.
    #[serde(serialize_with = "number::serialize_option", default)]
    pub min: Option<f64>,
    /// The nearest-rank median.
    #[serde(serialize_with = "number::serialize_option", default)]
    pub median: Option<f64>,
    /// The nearest-rank 95th percentile; `None` with fewer than 20 values.
    #[serde(serialize_with = "number::serialize_option", default)]
    pub p95: Option<f64>,
    /// The nearest-rank 99th percentile; `None` with fewer than 100 values.
    #[serde(serialize_with = "number::serialize_option", default)]
    pub p99: Option<f64>,
    /// The nearest-rank 99.9th percentile; `None` with fewer than 1000 values.
    #[serde(rename = "p99.9", serialize_with = "number::serialize_option", default)]
    pub p99_9: Option<f64>,
    /// The largest value.
    #[serde(serialize_with = "number::serialize_option", default)]
    pub max: Option<f64>,
    /// Every value, in the order of measuring, where all were kept.
    #[serde(
        serialize_with = "number::serialize_list",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub samples: Vec<f64>,
    /// The distribution, where it was kept in buckets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Histogram>,
}

impl MetricSummary {
    /// Sums up raw values and keeps them; values that are not finite are left out.
    #[must_use]
    pub fn from_samples(unit: Unit, samples: Vec<f64>) -> Self {
        let samples: Vec<f64> = samples.into_iter().filter(|v| v.is_finite()).collect();
        let mut summary = Self::from_values(unit, &samples);
        summary.samples = samples;
        summary
    }

    /// Sums up raw values without keeping them.
    #[must_use]
    pub fn from_values(unit: Unit, values: &[f64]) -> Self {
        let mut values = values.to_vec();
        values.retain(|value| value.is_finite());
        Self::of_finite(unit, values)
    }

    /// As [`MetricSummary::from_values`], of values that are finite.
    pub(crate) fn of_finite(unit: Unit, mut ordered: Vec<f64>) -> Self {
        ordered.sort_unstable_by(f64::total_cmp);
        let summary = Self {
            unit,
            count: ordered.len() as u64,
            sum: ordered.iter().sum(),
            mean: stats::mean(&ordered),
            std_dev: stats::std_dev(&ordered),
            min: ordered.first().copied(),
            max: ordered.last().copied(),
            ..Self::default()
        };
        summary.with_percentiles(|q| stats::percentile(&ordered, q))
    }

    /// Sums up a histogram and keeps it.
    #[must_use]
    pub fn from_histogram(unit: Unit, histogram: Histogram) -> Self {
        let summary = Self {
            unit,
            count: histogram.count(),
            sum: histogram.sum() as f64,
            mean: histogram.mean(),
            std_dev: histogram.std_dev(),
            min: histogram.min().map(|value| value as f64),
            max: histogram.max().map(|value| value as f64),
            ..Self::default()
        };
        let summary = summary.with_percentiles(|q| histogram.percentile(q));
        Self {
            histogram: Some(histogram),
            ..summary
        }
    }

    /// With those percentiles that so many values support.
    fn with_percentiles(mut self, percentile: impl Fn(f64) -> Option<f64>) -> Self {
        let at = |q| percentile(q).filter(|_| stats::supports(q, self.count));
        (self.median, self.p95) = (at(0.5), at(0.95));
        (self.p99, self.p99_9) = (at(0.99), at(0.999));
        self
    }

    /// Sums up values of which only the totals are known.
    #[must_use]
    pub fn from_totals(unit: Unit, totals: &Totals) -> Self {
        let extremes = totals.has_extremes();
        Self {
            unit,
            count: totals.count,
            sum: totals.sum as f64,
            mean: (totals.count > 0).then(|| totals.sum as f64 / totals.count as f64),
            min: extremes.then_some(totals.min as f64),
            max: extremes.then_some(totals.max as f64),
            ..Self::default()
        }
    }

    /// The same numbers of a metric of which other values are good.
    #[must_use]
    pub fn direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }

    /// The summary of the same values in another unit, of which so many of these make
    /// one. Only whole numbers have a distribution in buckets.
    pub(crate) fn in_unit(mut self, unit: Unit, per_unit: f64) -> Self {
        self.unit = unit;
        if per_unit == 1.0 {
            return self;
        }
        self.sum /= per_unit;
        for number in [
            &mut self.mean,
            &mut self.std_dev,
            &mut self.min,
            &mut self.median,
            &mut self.p95,
            &mut self.p99,
            &mut self.p99_9,
            &mut self.max,
        ] {
            *number = number.map(|number| number / per_unit);
        }
        self.samples.iter_mut().for_each(|value| *value /= per_unit);
        self.histogram = None;
        self
    }

    /// The summary of both samples together: with a distribution where both have
    /// one, otherwise with count, sum, mean, minimum and maximum.
    #[must_use]
    pub fn merged(&self, other: &Self) -> Self {
        if let (Some(mine), Some(theirs)) = (&self.histogram, &other.histogram) {
            let mut histogram = mine.clone();
            histogram.merge(theirs);
            return Self::from_histogram(self.unit, histogram).direction(self.direction);
        }
        let count = self.count.saturating_add(other.count);
        let sum = self.sum + other.sum;
        let either = |a: Option<f64>, b: Option<f64>, pick: fn(f64, f64) -> f64| match (a, b) {
            (Some(a), Some(b)) => Some(pick(a, b)),
            (a, b) => a.or(b),
        };
        Self {
            unit: self.unit,
            direction: self.direction,
            count,
            sum,
            mean: (count > 0 && sum.is_finite()).then(|| sum / count as f64),
            min: either(self.min, other.min, f64::min),
            max: either(self.max, other.max, f64::max),
            ..Self::default()
        }
    }

    /// Whether more than the summary itself was kept.
    #[must_use]
    pub fn has_distribution(&self) -> bool {
        !self.samples.is_empty() || self.histogram.is_some()
    }

    /// The nearest-rank percentile of a quantile in [0, 1], from the raw values
    /// or the histogram, whichever was kept; with too few values the maximum.
    #[must_use]
    pub fn percentile(&self, quantile: f64) -> Option<f64> {
        if let Some(histogram) = &self.histogram {
            return histogram.percentile(quantile);
        }
        if !self.samples.is_empty() {
            return stats::percentile(&stats::sorted(&self.samples)?, quantile);
        }
        let known = [
            (0.0, self.min),
            (0.5, self.median),
            (0.95, self.p95.or(self.max)),
            (0.99, self.p99.or(self.max)),
            (0.999, self.p99_9.or(self.max)),
            (1.0, self.max),
        ];
        let (_, value) = known.into_iter().find(|(q, _)| *q == quantile)?;
        value
    }

    /// The values that enclose the true quantile, each at this one-sided confidence and
    /// whatever the distribution; `None` on a side for which there are too few values, or
    /// where neither values nor a histogram were kept. They are order statistics, by the
    /// binomial distribution (Conover 1999).
    #[cfg(feature = "bench")]
    #[must_use]
    pub fn quantile_bounds(&self, quantile: f64, confidence: f64) -> (Option<f64>, Option<f64>) {
        let (low, high) = stats::quantile_bounds(quantile, self.count, confidence);
        if let Some(histogram) = &self.histogram {
            let at = |rank: u64| histogram.value_at_rank(rank);
            return (low.and_then(at), high.and_then(at));
        }
        let ordered = stats::sorted(&self.samples).unwrap_or_default();
        let at = |rank: u64| ordered.get(rank.checked_sub(1)? as usize).copied();
        (low.and_then(at), high.and_then(at))
    }
}

/// The one number that stands for a sample.
#[cfg(feature = "bench")]
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TypicalValue {
    /// The number, in the unit of the sample.
    pub value: f64,
    /// Which one it is: `median`, or `mean`.
    pub statistic: &'static str,
    /// What encloses the true one; `None` where too little is known.
    pub bounds: Option<(f64, f64)>,
}

#[cfg(feature = "bench")]
impl MetricSummary {
    /// The median, or the mean where the values are not known, with two-sided bounds of which
    /// each holds at this confidence; `None` without a finite one.
    #[must_use]
    pub fn typical(&self, confidence: f64) -> Option<TypicalValue> {
        let (value, statistic, bounds) = match self.median {
            Some(median) => {
                let (low, high) = self.quantile_bounds(0.5, confidence);
                (median, "median", low.zip(high))
            }
            None => {
                let mean = self.mean?;
                let bounds = self
                    .std_dev
                    .and_then(|deviation| {
                        stats::mean_bounds(mean, deviation, self.count, confidence)
                    })
                    .filter(|(low, high)| low.is_finite() && high.is_finite());
                (mean, "mean", bounds)
            }
        };
        value.is_finite().then_some(TypicalValue {
            value,
            statistic,
            bounds,
        })
    }
}

macro_rules! durations {
    ($($(#[$doc:meta])+ $name:ident = $value:ident;)+) => {
        /// Times. `None` where the number is, and for a metric that is no time.
        impl MetricSummary {
            $(
                $(#[$doc])+
                #[must_use]
                pub fn $name(&self) -> Option<Duration> {
                    self.duration(self.$value?)
                }
            )+
        }
    };
}

durations! {
    /// The arithmetic mean, to the nanosecond.
    mean_duration = mean;
    /// The smallest time.
    min_duration = min;
    /// The nearest-rank median.
    median_duration = median;
    /// The nearest-rank 95th percentile; `None` with fewer than 20 values.
    p95_duration = p95;
    /// The nearest-rank 99th percentile; `None` with fewer than 100 values.
    p99_duration = p99;
    /// The nearest-rank 99.9th percentile; `None` with fewer than 1000 values.
    p99_9_duration = p99_9;
    /// The largest time.
    max_duration = max;
}

impl MetricSummary {
    /// A percentile as a time; see [`MetricSummary::percentile`]. `None` for a
    /// metric that is no time.
    ///
    /// ```
    /// use std::time::Duration;
    /// let monitor = perfkit::Monitor::new();
    /// monitor.measure("work", || ());
    /// let snapshot = monitor.snapshot();
    /// let time = snapshot.operation("work").unwrap().lifetime.execution_time().unwrap();
    /// assert!(time.percentile_duration(0.5) < Some(Duration::from_secs(1)));
    /// ```
    #[must_use]
    pub fn percentile_duration(&self, quantile: f64) -> Option<Duration> {
        self.duration(self.percentile(quantile)?)
    }

    /// The sum of all times; `None` for a metric that is no time.
    #[must_use]
    pub fn total_duration(&self) -> Option<Duration> {
        self.duration(self.sum)
    }

    /// Negative values and those beyond the range are the nearest time there is.
    fn duration(&self, ns: f64) -> Option<Duration> {
        let is_time = self.unit == Unit::Nanoseconds && !ns.is_nan();
        is_time.then(|| Duration::from_nanos(ns.round() as u64))
    }
}

/// Count, sum, minimum and maximum of signed whole numbers, all exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// How many values there are.
    pub count: u64,
    /// Their sum.
    pub sum: i128,
    /// The smallest; `i64::MAX` where it is not known, as without a value.
    pub min: i64,
    /// The largest; `i64::MIN` where it is not known, as without a value.
    pub max: i64,
}

impl Default for Totals {
    fn default() -> Self {
        Self {
            count: 0,
            sum: 0,
            min: i64::MAX,
            max: i64::MIN,
        }
    }
}

impl Totals {
    /// Totals with extremes that are not known where they are in no order.
    pub(crate) fn with(count: u64, sum: i128, [min, max]: [i64; 2]) -> Self {
        let unknown = Self::default();
        let is_known = min <= max;
        Self {
            count,
            sum,
            min: if is_known { min } else { unknown.min },
            max: if is_known { max } else { unknown.max },
        }
    }

    /// Adds one value.
    pub fn record(&mut self, value: i64) {
        self.count += 1;
        self.sum += i128::from(value);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// Adds the values of another.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// Whether the smallest and the largest value are known.
    #[must_use]
    pub fn has_extremes(&self) -> bool {
        self.min <= self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_sample_has_no_high_percentiles() {
        let summary =
            MetricSummary::from_samples(Unit::Nanoseconds, (1..=19).map(f64::from).collect());
        assert_eq!(summary.median, Some(10.0));
        assert_eq!(summary.p95, None);
        assert_eq!(summary.percentile(0.95), Some(19.0));
        assert_eq!(summary.max, Some(19.0));
    }

    #[test]
    fn nothing_measured_is_nothing_said() {
        let summary = MetricSummary::from_samples(Unit::Bytes, vec![f64::NAN]);
        assert_eq!((summary.count, summary.mean, summary.min), (0, None, None));
        let empty = MetricSummary::from_totals(Unit::Bytes, &Totals::default());
        assert_eq!((empty.mean, empty.min, empty.max), (None, None, None));
    }

    #[test]
    fn json_keeps_every_bit_and_drops_the_fraction_of_whole_numbers() {
        let samples = vec![20.0, 0.1 + 0.2, 1e300];
        let summary = MetricSummary::from_samples(Unit::Nanoseconds, samples);
        let json = serde_json::to_string(&summary).unwrap();
        assert!(json.contains("[20,0.30000000000000004,"), "{json}");
        let back: MetricSummary = serde_json::from_str(&json).unwrap();
        assert_eq!(back, summary);
    }
}
