//! The distributions of times that a report has, for HdrHistogram's formats.

use std::fmt::Display;
use std::time::Duration;

use hdrhistogram::serialization::Deserializer;
use hdrhistogram::{CreationError, Histogram as Buckets};
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, Report, SmallMap};

use crate::error::Error;

/// The largest time that has a bucket of its own, as in perfkit's histograms.
const HIGHEST_NS: u64 = (1 << 48) - 1;

/// The times of one benchmark or operation.
pub(super) struct Distribution {
    pub(super) name: String,
    pub(super) times: Buckets<u64>,
    /// How long it was measured, where that is known.
    pub(super) span: Duration,
}

/// Every distribution of times; those of which all values were kept are counted
/// into buckets.
pub(super) fn distributions(report: &Report) -> Result<Vec<Distribution>, Error> {
    let benchmarks = report.benchmarks.iter().map(|b| (b.label(), &b.metrics, 0));
    let operations = report.operations.iter().map(|o| {
        let window = &o.lifetime;
        (o.label(), &window.metrics, window.span_ns)
    });
    let mut found = Vec::new();
    for (name, metrics, span_ns) in benchmarks.chain(operations) {
        if let Some(times) = times(metrics)? {
            found.push(Distribution {
                name,
                times,
                span: Duration::from_nanos(span_ns),
            });
        }
    }
    if found.is_empty() {
        return Err(super::common::lacks("distributions of times"));
    }
    Ok(found)
}

/// The distribution of what a subject is measured for first.
fn times(metrics: &SmallMap<Metric, MetricSummary>) -> Result<Option<Buckets<u64>>, Error> {
    let named = [Metric::EXECUTION_TIME, Metric::WALL_TIME];
    let summary = named.iter().find_map(|metric| metrics.get(metric));
    let Some(summary) = summary.filter(|summary| summary.unit == Unit::Nanoseconds) else {
        return Ok(None);
    };
    let failed =
        |error: &dyn Display| Error::data(format!("a histogram cannot be exported: {error}"));
    let times = match &summary.histogram {
        Some(histogram) => {
            let bytes = histogram.to_v2().map_err(|error| failed(&error))?;
            let times = Deserializer::new().deserialize(&mut &bytes[..]);
            times.map_err(|error| failed(&error))?
        }
        None => counted(&summary.samples).map_err(|error| failed(&error))?,
    };
    Ok((!times.is_empty()).then_some(times))
}

/// Values that were all kept, with one digit more than perfkit's own buckets.
fn counted(samples: &[f64]) -> Result<Buckets<u64>, CreationError> {
    const DIGITS: u8 = 3;
    let mut times = Buckets::new_with_bounds(1, HIGHEST_NS, DIGITS)?;
    for time in samples.iter().filter(|time| **time >= 0.0) {
        times.saturating_record(time.round() as u64);
    }
    Ok(times)
}
