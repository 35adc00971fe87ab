//! The data points of OTLP.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint,
    Histogram, HistogramDataPoint, Metric, NumberDataPoint, Sum, exemplar, metric::Data,
    number_data_point,
};

use crate::export::metric_table::MetricInfo;
use crate::export::operation_series::exemplars;
use crate::metric_summary::MetricSummary;
use crate::snapshot::{self, OperationSnapshot};
use crate::unit::NS_PER_SECOND;

use super::explicit;
use super::exponential::{Exponential, exponential};

/// The time that values cover, in nanoseconds since 1970.
#[derive(Clone, Copy)]
pub(super) struct Period {
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Period {
    pub(super) fn new(start: SystemTime, end: SystemTime) -> Self {
        let [start, end] = [start, end].map(unix_ns);
        Self { start, end }
    }
}

fn temporality(is_delta: bool) -> i32 {
    match is_delta {
        true => AggregationTemporality::Delta.into(),
        false => AggregationTemporality::Cumulative.into(),
    }
}

pub(super) fn exponential_histogram(
    data_points: Vec<ExponentialHistogramDataPoint>,
    is_delta: bool,
) -> Data {
    Data::ExponentialHistogram(ExponentialHistogram {
        data_points,
        aggregation_temporality: temporality(is_delta),
    })
}

pub(super) fn explicit_histogram(data_points: Vec<HistogramDataPoint>, is_delta: bool) -> Data {
    Data::Histogram(Histogram {
        data_points,
        aggregation_temporality: temporality(is_delta),
    })
}

/// `None` where there are totals without a distribution.
pub(super) fn exponential_point(
    attributes: Vec<KeyValue>,
    summary: &MetricSummary,
    metric: &MetricInfo,
    max_buckets: usize,
    period: Period,
) -> Option<ExponentialHistogramDataPoint> {
    let histogram = summary.histogram.as_ref()?;
    let per_unit = metric.per_unit();
    let Exponential {
        scale,
        positive,
        zero_count,
    } = exponential(histogram, per_unit, max_buckets);
    Some(ExponentialHistogramDataPoint {
        attributes,
        start_time_unix_nano: period.start,
        time_unix_nano: period.end,
        count: histogram.count(),
        sum: Some(histogram.sum() as f64 / per_unit),
        scale,
        zero_count,
        positive: Some(positive),
        min: summary.min.map(|value| value / per_unit),
        max: summary.max.map(|value| value / per_unit),
        ..ExponentialHistogramDataPoint::default()
    })
}

/// Totals without a distribution are one bucket.
pub(super) fn explicit_point(
    attributes: Vec<KeyValue>,
    summary: &MetricSummary,
    metric: &MetricInfo,
    bounds: &[Duration],
    period: Period,
) -> HistogramDataPoint {
    let per_unit = metric.per_unit();
    let bounds = match &summary.histogram {
        Some(_) => explicit::bounds_of(metric.unit, bounds),
        None => Vec::new(),
    };
    let (count, bucket_counts, sum) = match &summary.histogram {
        Some(histogram) => {
            let counts = explicit::counts(histogram, per_unit, &bounds);
            (histogram.count(), counts, histogram.sum() as f64)
        }
        None => (summary.count, vec![summary.count], summary.sum),
    };
    HistogramDataPoint {
        attributes,
        start_time_unix_nano: period.start,
        time_unix_nano: period.end,
        count,
        sum: Some(sum / per_unit),
        bucket_counts,
        explicit_bounds: bounds,
        min: summary.min.map(|value| value / per_unit),
        max: summary.max.map(|value| value / per_unit),
        ..HistogramDataPoint::default()
    }
}

/// The single calls that are shown beside a metric's distribution.
pub(super) fn exemplars_of(metric: &MetricInfo, operation: &OperationSnapshot) -> Vec<Exemplar> {
    let exemplar = |call: &snapshot::Exemplar| Exemplar {
        filtered_attributes: Vec::new(),
        time_unix_nano: unix_ns(call.time),
        span_id: call.trace.span_id().to_vec(),
        trace_id: call.trace.trace_id().to_vec(),
        value: Some(exemplar::Value::AsDouble(
            call.duration_ns as f64 / metric.per_unit(),
        )),
    };
    exemplars(metric, operation).map(exemplar).collect()
}

fn unix_ns(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

pub(super) fn number_point(
    value: number_data_point::Value,
    attributes: Vec<KeyValue>,
    period: Period,
) -> NumberDataPoint {
    NumberDataPoint {
        attributes,
        start_time_unix_nano: period.start,
        time_unix_nano: period.end,
        value: Some(value),
        ..NumberDataPoint::default()
    }
}

/// Nanoseconds, as a number of seconds.
pub(super) fn seconds(ns: i64) -> number_data_point::Value {
    number_data_point::Value::AsDouble(ns as f64 / NS_PER_SECOND)
}

pub(super) fn sum_of(
    data_points: Vec<NumberDataPoint>,
    is_monotonic: bool,
    is_delta: bool,
) -> Data {
    Data::Sum(Sum {
        data_points,
        aggregation_temporality: temporality(is_delta),
        is_monotonic,
    })
}

pub(super) fn data_point_count(metric: &Metric) -> u64 {
    let count = match &metric.data {
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Histogram(histogram)) => histogram.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        _ => 0,
    };
    count as u64
}
