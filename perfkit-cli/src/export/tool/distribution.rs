//! The distributions of times that a report has, for HdrHistogram's formats.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram as Buckets;
use hdrhistogram::serialization::Deserializer;
use perfkit::histogram::Histogram;
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary, Report};

use crate::error::Error;

/// The times of one benchmark or operation.
pub(super) struct Distribution<'a> {
    pub(super) name: &'a str,
    pub(super) times: Buckets<u64>,
    /// How long it was measured, where that is known.
    pub(super) span: Duration,
}

/// Every distribution of times; those of which all values were kept are counted
/// into buckets.
pub(super) fn distributions(report: &Report) -> Result<Vec<Distribution<'_>>, Error> {
    let benchmarks = report
        .benchmarks
        .iter()
        .map(|b| (b.name.as_str(), &b.metrics, 0));
    let operations = report.operations.iter().map(|o| {
        let window = &o.lifetime;
        (o.name.as_str(), &window.metrics, window.span_ns)
    });
    let mut found = Vec::new();
    for (name, metrics, span_ns) in benchmarks.chain(operations) {
        if let Some(histogram) = times(metrics) {
            found.push(Distribution {
                name,
                times: buckets(&histogram)?,
                span: Duration::from_nanos(span_ns),
            });
        }
    }
    if found.is_empty() {
        return Err(super::lacks("distributions of times"));
    }
    Ok(found)
}

/// The distribution of what a subject is measured for first.
fn times(metrics: &BTreeMap<Metric, MetricSummary>) -> Option<Histogram> {
    let named = [Metric::EXECUTION_TIME, Metric::WALL_TIME];
    let summary = named.iter().find_map(|metric| metrics.get(metric));
    let summary = summary.filter(|summary| summary.unit == Unit::Nanoseconds)?;
    let histogram = match &summary.histogram {
        Some(histogram) => histogram.clone(),
        None => {
            let mut histogram = Histogram::new();
            let times = summary.samples.iter().filter(|time| **time >= 0.0);
            times.for_each(|time| histogram.record(time.round() as u64));
            histogram
        }
    };
    (histogram.count() > 0).then_some(histogram)
}

fn buckets(histogram: &Histogram) -> Result<Buckets<u64>, Error> {
    let bytes = histogram
        .to_v2()
        .map_err(|error| Error::data(error.to_string()))?;
    Deserializer::new()
        .deserialize(&mut &bytes[..])
        .map_err(|error| Error::data(format!("a histogram cannot be exported: {error}")))
}
