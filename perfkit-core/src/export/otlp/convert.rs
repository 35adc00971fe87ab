//! From operations to OTLP messages.

use std::ops::Range;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, metric::Data, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message as _;

use crate::export::metric_table::{Kind, MetricInfo, OF_OPERATIONS, OVERFLOW_CALLS};
use crate::export::operation_series::{Series, Value, series};
use crate::export::program_totals::ProgramTotal;
use crate::histogram::Histogram;
use crate::metric_summary::MetricSummary;
use crate::snapshot::OperationSnapshot;
use crate::unit::Unit;

use super::attributes::{attribute, attributes_of};
use super::config::{Config, HistogramForm, Temporality};
use super::growth::Reading;
use super::points::{
    Period, data_point_count, exemplars_of, explicit_histogram, explicit_point,
    exponential_histogram, exponential_point, number_point, seconds, sum_of,
};

/// Collectors refuse requests above 4 MiB by default.
pub(super) const LARGEST_REQUEST: usize = 3_500_000;

/// How values are told.
#[derive(Clone)]
pub(super) struct Form {
    temporality: Temporality,
    histograms: HistogramForm,
    bounds: Vec<Duration>,
    max_buckets: usize,
}

impl Form {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            temporality: config.temporality,
            histograms: config.histograms,
            bounds: config.bounds.clone(),
            max_buckets: config.max_buckets,
        }
    }

    /// Whether anything is told since the last time.
    pub(super) fn has_deltas(&self) -> bool {
        self.is_delta(Kind::Counter)
    }

    pub(super) fn is_delta(&self, kind: Kind) -> bool {
        match (self.temporality, kind) {
            (Temporality::Cumulative, _) | (_, Kind::UpDownCounter | Kind::Gauge) => false,
            (Temporality::LowMemory, Kind::ObservableCounter) => false,
            (Temporality::Delta | Temporality::LowMemory, _) => true,
        }
    }
}

/// A number that is not of an operation.
pub(super) struct Total {
    pub(super) metric: &'static MetricInfo,
    pub(super) attributes: Vec<(&'static str, &'static str)>,
    /// In nanoseconds where it is a time.
    pub(super) value: u64,
    /// What was added, and since when; `None` where that is everything.
    pub(super) added: Option<(u64, u64)>,
}

impl From<ProgramTotal> for Total {
    fn from((metric, value): ProgramTotal) -> Self {
        Self {
            metric,
            attributes: Vec::new(),
            value,
            added: None,
        }
    }
}

impl Total {
    /// What tells it from all others.
    pub(super) fn key(&self) -> String {
        format!("{} {:?}", self.metric.name, self.attributes)
    }
}

/// What one export tells.
pub(super) struct Export<'a> {
    pub(super) readings: Vec<Reading<'a>>,
    pub(super) totals: Vec<Total>,
    pub(super) period: Period,
    pub(super) form: &'a Form,
    pub(super) resource: &'a Resource,
}

/// One request, and what it carries.
pub(super) struct Request {
    pub(super) bytes: Vec<u8>,
    pub(super) data_points: u64,
    /// Which of the export's operations.
    pub(super) operations: Range<usize>,
    /// Which of its counters and gauges.
    pub(super) numbers: Range<usize>,
    pub(super) has_totals: bool,
}

impl Export<'_> {
    /// Requests that together carry everything, each within the collectors' limit.
    pub(super) fn requests(&self) -> Vec<Request> {
        self.requests_of(0..self.readings.len(), true)
    }

    /// The first of them with the metrics that are not of one operation.
    fn requests_of(&self, operations: Range<usize>, has_totals: bool) -> Vec<Request> {
        let mut metrics = self.operation_metrics(&self.readings[operations.clone()]);
        if has_totals {
            let of_one = self.totals.chunk_by(|a, b| a.metric.name == b.metric.name);
            metrics.extend(of_one.map(|totals| self.total_metric(totals)));
        }
        let data_points = metrics.iter().map(data_point_count).sum();
        let message = message(self.resource, metrics);
        if message.encoded_len() > LARGEST_REQUEST && operations.len() > 1 {
            let middle = operations.start + operations.len() / 2;
            let mut halves = self.requests_of(operations.start..middle, has_totals);
            halves.extend(self.requests_of(middle..operations.end, false));
            return halves;
        }
        vec![Request {
            bytes: message.encode_to_vec(),
            data_points,
            operations,
            numbers: 0..0,
            has_totals,
        }]
    }

    fn operation_metrics(&self, readings: &[Reading]) -> Vec<Metric> {
        let metrics = OF_OPERATIONS.iter().map(|metric| match metric.kind {
            Kind::Histogram => self.distribution(metric, readings),
            _ => self.sum(metric, readings),
        });
        metrics
            .filter(|metric| data_point_count(metric) > 0)
            .collect()
    }

    /// What is told of an operation, and the time that it covers.
    fn told<'r>(&self, reading: &'r Reading, kind: Kind) -> (&'r OperationSnapshot, Period) {
        match &reading.added {
            Some((added, since)) if self.form.is_delta(kind) => (added, self.since(*since)),
            _ => (reading.whole, self.period),
        }
    }

    fn since(&self, start: u64) -> Period {
        Period {
            start,
            ..self.period
        }
    }

    /// The series that operations have of a metric, each with its attributes and its time.
    fn told_series<'r>(
        &self,
        metric: &MetricInfo,
        readings: &'r [Reading],
    ) -> Vec<(Vec<KeyValue>, Value<'r>, Period, &'r OperationSnapshot)> {
        let is_delta = self.form.is_delta(metric.kind);
        let told = readings.iter().flat_map(|reading| {
            let (operation, period) = self.told(reading, metric.kind);
            let is_told = |series: &Series<'_>| !is_delta || series.value.is_any();
            let series = series(metric, operation).into_iter().filter(is_told);
            series.map(
                move |Series {
                          attribute: own,
                          value,
                      }| {
                    let mut attributes = attributes_of(operation);
                    attributes.extend(own.map(|(key, value)| attribute(key, value)));
                    (attributes, value, period, operation)
                },
            )
        });
        told.collect()
    }

    fn distribution(&self, metric: &MetricInfo, readings: &[Reading]) -> Metric {
        let is_delta = self.form.is_delta(metric.kind);
        let told = self.told_series(metric, readings);
        let nothing = MetricSummary::from_histogram(Unit::default(), Histogram::new());
        let told = told
            .into_iter()
            .filter_map(|(attributes, value, period, operation)| {
                let Value::Distribution(summary) = value else {
                    return None;
                };
                let exemplars = exemplars_of(metric, operation);
                Some((attributes, summary.unwrap_or(&nothing), period, exemplars))
            });
        let told: Vec<_> = told.collect();
        // Sums without a distribution are one bucket.
        let is_whole = told
            .iter()
            .any(|(_, summary, _, _)| summary.histogram.is_some());
        let data = match self.form.histograms {
            HistogramForm::Exponential if is_whole => {
                let point = |(attributes, summary, period, exemplars)| {
                    let most = self.form.max_buckets;
                    let point = exponential_point(attributes, summary, metric, most, period)?;
                    Some(ExponentialHistogramDataPoint { exemplars, ..point })
                };
                exponential_histogram(told.into_iter().filter_map(point).collect(), is_delta)
            }
            _ => {
                let point = |(attributes, summary, period, exemplars)| {
                    let bounds = &self.form.bounds;
                    let point = explicit_point(attributes, summary, metric, bounds, period);
                    HistogramDataPoint { exemplars, ..point }
                };
                explicit_histogram(told.into_iter().map(point).collect(), is_delta)
            }
        };
        metric_of(metric, data)
    }

    /// A number of each operation that has it.
    fn sum(&self, metric: &MetricInfo, readings: &[Reading]) -> Metric {
        let told = self.told_series(metric, readings).into_iter();
        let points = told.filter_map(|(attributes, value, period, _)| match value {
            Value::Sum(value) => Some(number_point(in_unit(metric, value), attributes, period)),
            Value::Distribution(_) => None,
        });
        self.sum_metric(metric, points.collect())
    }

    /// Of totals of one metric.
    fn total_metric(&self, totals: &[Total]) -> Metric {
        let metric = totals.first().map_or(&OVERFLOW_CALLS, |total| total.metric);
        let points = totals.iter().map(|total| {
            let (value, period) = match total.added {
                Some((added, since)) if self.form.is_delta(metric.kind) => {
                    (added, self.since(since))
                }
                _ => (total.value, self.period),
            };
            let attributes = total.attributes.iter();
            let attributes = attributes
                .map(|(key, value)| attribute(key, value))
                .collect();
            number_point(in_unit(metric, value as i64), attributes, period)
        });
        self.sum_metric(metric, points.collect())
    }

    fn sum_metric(&self, metric: &MetricInfo, points: Vec<NumberDataPoint>) -> Metric {
        let is_monotonic = metric.kind != Kind::UpDownCounter;
        let data = sum_of(points, is_monotonic, self.form.is_delta(metric.kind));
        metric_of(metric, data)
    }
}

/// A request's message.
pub(super) fn message(resource: &Resource, metrics: Vec<Metric>) -> ExportMetricsServiceRequest {
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource.clone()),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(InstrumentationScope {
                    name: "perfkit".to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    ..InstrumentationScope::default()
                }),
                metrics,
                schema_url: String::new(),
            }],
            schema_url: String::new(),
        }],
    }
}

pub(super) fn metric_of(info: &MetricInfo, data: Data) -> Metric {
    Metric {
        name: info.name.to_owned(),
        unit: info.unit.to_owned(),
        description: info.description.to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

/// A whole number of a metric, which of a time is nanoseconds.
pub(super) fn in_unit(metric: &MetricInfo, value: i64) -> number_data_point::Value {
    match metric.unit {
        "s" => seconds(value),
        _ => number_data_point::Value::AsInt(value),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::*;
    use crate::export::program_totals::overflow_calls;
    use crate::monitor::Monitor;

    #[test]
    fn a_large_export_is_split_and_loses_nothing() {
        let monitor = Monitor::builder().max_operations(20_000).build();
        for number in 0..12_000 {
            monitor.measure(&format!("{number} {}", "x".repeat(150)), || ());
        }
        let snapshot = monitor.snapshot();
        let period = Period::new(UNIX_EPOCH, SystemTime::now());
        let form = Form::of(&Config::default());
        let export = Export {
            readings: snapshot.operations.iter().map(Reading::untold).collect(),
            totals: overflow_calls(&snapshot.operations)
                .map(Total::from)
                .into_iter()
                .collect(),
            period,
            form: &form,
            resource: &Resource::default(),
        };
        let requests = export.requests();
        assert!(requests.len() > 1);
        assert!(
            requests
                .iter()
                .all(|request| request.bytes.len() <= LARGEST_REQUEST)
        );
        let mut next = 0;
        for request in &requests {
            assert_eq!(request.operations.start, next);
            assert_eq!(request.has_totals, next == 0);
            next = request.operations.end;
        }
        assert_eq!(next, 12_000);
        let points: u64 = requests.iter().map(|request| request.data_points).sum();
        // Of each its time, its self time, its calls by four outcomes and those in flight; and the
        // calls beyond all limits.
        assert_eq!(points, 7 * 12_000 + 1);
    }
}
