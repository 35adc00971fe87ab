//! The values of implementations that are drawn.

use perfkit::report::Benchmark;
use perfkit::{Metric, stats};

use crate::text::label;

use super::axis::is_drawable;

/// The name of a benchmark and its wall times, as far as they can be drawn.
pub(super) fn wall_times(benchmark: &Benchmark) -> Option<(String, Vec<f64>)> {
    let samples = &benchmark.metrics.get(&Metric::WALL_TIME)?.samples;
    let drawable = samples.iter().copied().filter(|time| is_drawable(*time));
    Some((label(&benchmark.label()), drawable.collect()))
}

/// The largest of sorted values without those so far out, in quartile ranges, that
/// they would squeeze all others into a corner. What this share of all is below is not
/// far out.
pub(super) fn shown_maximum(sorted: &[f64], reach: f64, share: f64) -> Option<f64> {
    let at = |quantile| stats::percentile(sorted, quantile);
    let fence = at(0.75)? + reach * (at(0.75)? - at(0.25)?);
    let fence = fence.max(at(share)?);
    let last = sorted.partition_point(|time| *time <= fence);
    sorted.get(last.saturating_sub(1)).copied()
}
