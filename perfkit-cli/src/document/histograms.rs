//! The distribution of each implementation's times, above one axis.

use perfkit::report::Benchmark;
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary};

use super::blocks::{BINS, Histogram, Histograms};

/// The most implementations whose distribution is shown usually, and in full detail.
pub(super) const USUAL: usize = 12;
pub(crate) const MOST: usize = 200;

/// The fewest values that have one.
const FEWEST_VALUES: u64 = 5;

/// An axis over more than this is logarithmic.
const WIDEST_LINEAR: f64 = 20.0;

/// The distributions of wall times, of at most so many; `None` where there are none.
pub(super) fn histograms<'a>(
    benchmarks: impl Iterator<Item = &'a Benchmark>,
    most: usize,
) -> Option<Histograms> {
    let mut all: Vec<(String, &MetricSummary)> = benchmarks
        .filter_map(|benchmark| Some((benchmark.label(), times(benchmark)?)))
        .collect();
    let left_out = all.len().saturating_sub(most);
    all.truncate(most);
    let lows = all.iter().filter_map(|(_, times)| times.min);
    let highs = all.iter().filter_map(|(_, times)| shown_maximum(times));
    let axis = Axis::over(
        lows.fold(f64::INFINITY, f64::min),
        highs.fold(0.0, f64::max),
    )?;
    let mut beyond = 0;
    let mut rows = Vec::new();
    for (name, times) in all {
        let mut bins = vec![0; BINS];
        for &time in &times.samples {
            match axis.bin(time) {
                Some(bin) => bins[bin] += 1,
                None => beyond += 1,
            }
        }
        rows.push(Histogram::new(&name, bins));
    }
    Some(Histograms {
        unit: Unit::Nanoseconds,
        low: axis.low,
        high: axis.high,
        is_logarithmic: axis.is_logarithmic,
        beyond,
        rows,
        left_out,
    })
}

fn times(benchmark: &Benchmark) -> Option<&MetricSummary> {
    let named = [Metric::WALL_TIME, Metric::EXECUTION_TIME];
    let times = named.iter().find_map(|m| benchmark.metrics.get(m))?;
    let is_shown = times.unit == Unit::Nanoseconds && times.samples.len() as u64 >= FEWEST_VALUES;
    is_shown.then_some(times)
}

/// The maximum, unless it is so far out that it would squeeze everything else
/// into a corner.
fn shown_maximum(times: &MetricSummary) -> Option<f64> {
    let (median, max) = (times.median?, times.max?);
    let reach = times.p95.or(times.max)? - median;
    Some(max.min(median + 4.0 * reach.max(0.02 * median)))
}

struct Axis {
    low: f64,
    high: f64,
    is_logarithmic: bool,
}

impl Axis {
    fn over(low: f64, high: f64) -> Option<Self> {
        let is_drawable = low.is_finite() && high.is_finite() && (0.0..1e18).contains(&low);
        if !is_drawable || high < low {
            return None;
        }
        // An axis has a length, also where all times are equal.
        let high = high.max(low * 1.001).max(low + 1.0);
        Some(Self {
            low,
            high,
            is_logarithmic: low > 0.0 && high > WIDEST_LINEAR * low,
        })
    }

    fn bin(&self, time: f64) -> Option<usize> {
        if !(self.low..=self.high).contains(&time) {
            return None;
        }
        let share = if self.is_logarithmic {
            (time / self.low).ln() / (self.high / self.low).ln()
        } else {
            (time - self.low) / (self.high - self.low)
        };
        Some(((share * BINS as f64) as usize).min(BINS - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn benchmark(values: &[f64]) -> Benchmark {
        let mut benchmark = Benchmark::new("b");
        let summary = MetricSummary::from_samples(Unit::Nanoseconds, values.to_vec());
        benchmark.metrics.insert(Metric::WALL_TIME, summary);
        benchmark
    }

    #[test]
    fn every_value_is_within_or_beyond() {
        for values in [
            &[5e6; 10][..],
            &[0.0; 5],
            &[1.0, 2.0, 3.0, 4.0, 1e15],
            &[1e6, 1e6, 1e6, 1e6, 1e6, 9e6],
        ] {
            let benchmarks = [benchmark(values), benchmark(&[7.0; 5])];
            let drawn = histograms(benchmarks.iter(), USUAL).unwrap();
            let counted: u32 = drawn.rows.iter().flat_map(|row| &row.bins).sum();
            assert_eq!(u64::from(counted) + drawn.beyond, values.len() as u64 + 5);
        }
    }

    #[test]
    fn few_values_are_no_distribution() {
        assert!(histograms([benchmark(&[1.0; 4])].iter(), USUAL).is_none());
        assert!(histograms([benchmark(&[f64::MAX; 9])].iter(), USUAL).is_none());
    }
}
