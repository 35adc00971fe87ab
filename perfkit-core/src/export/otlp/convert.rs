//! From operations to OTLP messages.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::metrics::v1::{
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric::Data, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message as _;

use crate::export::metric_table::{self as table, Kind, MetricInfo};
use crate::recorder::Quantity;
use crate::snapshot::OperationSnapshot;

use super::attributes::{attribute, attributes_of};
use super::config::{Config, HistogramForm, Temporality};
use super::growth::Reading;
use super::points::{
    Period, data_point_count, explicit_histogram, explicit_point, exponential_histogram,
    exponential_point, number_point, seconds, sum_of,
};

/// Collectors refuse requests above 4 MiB by default.
const LARGEST_REQUEST: usize = 3_500_000;

/// The most kinds of errors of an operation, of which this version records fewer.
const MOST_KINDS: usize = 64;

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

    fn is_delta(&self, kind: Kind) -> bool {
        match (self.temporality, kind) {
            (Temporality::Cumulative, _) | (_, Kind::UpDownCounter) => false,
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

impl Total {
    pub(super) fn new(metric: &'static MetricInfo, value: u64) -> Self {
        Self {
            metric,
            attributes: Vec::new(),
            value,
            added: None,
        }
    }

    /// What tells it from all others.
    pub(super) fn key(&self) -> String {
        format!("{} {:?}", self.metric.name, self.attributes)
    }
}

/// The calls of all operations that stand for too many names or labels; told from the start,
/// so that the first of them is an increase.
pub(super) fn overflow_calls(operations: &[OperationSnapshot]) -> Option<Total> {
    let overflow = operations.iter().filter(|o| o.is_overflow);
    let calls = overflow.map(|operation| operation.lifetime.calls.total());
    let calls = calls.fold(0, u64::saturating_add);
    (!operations.is_empty()).then(|| Total::new(&table::OVERFLOW_CALLS, calls))
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
        let message = self.message(metrics);
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
            has_totals,
        }]
    }

    fn message(&self, metrics: Vec<Metric>) -> ExportMetricsServiceRequest {
        ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                resource: Some(self.resource.clone()),
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

    fn operation_metrics(&self, readings: &[Reading]) -> Vec<Metric> {
        let quantities = table::OF_QUANTITIES.iter();
        let quantities = quantities.map(|(quantity, metric)| match metric.kind {
            Kind::Histogram => self.distribution(metric, *quantity, readings),
            _ => self.sum(metric, readings, |operation| {
                let summary = operation.lifetime.metrics.get(&quantity.metric())?;
                Some(summary.sum as i64)
            }),
        });
        let counts = [
            self.calls(readings),
            self.sum(&table::RECURSIVE_CALLS, readings, |operation| {
                (operation.recursive_calls > 0).then_some(operation.recursive_calls as i64)
            }),
            self.sum(&table::IDLE_TIME, readings, idle_time),
            self.sum(&table::UNTIMED_CALLS, readings, |operation| {
                (operation.untimed_calls > 0).then_some(operation.untimed_calls as i64)
            }),
            self.sum(&table::CALLS_IN_FLIGHT, readings, |operation| {
                (!operation.is_of_values).then_some(operation.calls_in_flight as i64)
            }),
        ];
        let metrics = quantities.chain(counts);
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

    fn distribution(&self, metric: &MetricInfo, quantity: Quantity, all: &[Reading]) -> Metric {
        let is_delta = self.form.is_delta(metric.kind);
        let told = all.iter().filter_map(|reading| {
            let (operation, period) = self.told(reading, metric.kind);
            let summary = operation.lifetime.metrics.get(&quantity.metric())?;
            let is_any = summary.count > 0 || !is_delta;
            is_any.then(|| (attributes_of(operation), summary, period))
        });
        let unit = quantity.unit();
        let data = match self.form.histograms {
            HistogramForm::Exponential => {
                let point = |(attributes, summary, period)| {
                    exponential_point(attributes, summary, unit, self.form.max_buckets, period)
                };
                exponential_histogram(told.filter_map(point).collect(), is_delta)
            }
            HistogramForm::ExplicitBuckets => {
                let point = |(attributes, summary, period)| {
                    explicit_point(attributes, summary, unit, &self.form.bounds, period)
                };
                explicit_histogram(told.filter_map(point).collect(), is_delta)
            }
        };
        metric_of(metric, data)
    }

    /// A number of each operation that has it.
    fn sum(
        &self,
        metric: &MetricInfo,
        readings: &[Reading],
        value: impl Fn(&OperationSnapshot) -> Option<i64>,
    ) -> Metric {
        let is_delta = self.form.is_delta(metric.kind);
        let point = |reading: &Reading| {
            let (operation, period) = self.told(reading, metric.kind);
            let value = value(operation).filter(|value| *value != 0 || !is_delta)?;
            // A file may claim what no counter can be.
            let value = match metric.kind {
                Kind::UpDownCounter => value,
                _ => value.max(0),
            };
            let value = in_unit(metric, value);
            Some(number_point(value, attributes_of(operation), period))
        };
        let points = readings.iter().filter_map(point).collect();
        self.sum_metric(metric, points)
    }

    fn calls(&self, readings: &[Reading]) -> Metric {
        let points = readings.iter().flat_map(|reading| {
            let (operation, period) = self.told(reading, table::CALLS.kind);
            call_points(operation, period)
        });
        self.sum_metric(&table::CALLS, points.collect())
    }

    /// Of totals of one metric.
    fn total_metric(&self, totals: &[Total]) -> Metric {
        let metric = totals
            .first()
            .map_or(&table::OVERFLOW_CALLS, |total| total.metric);
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

fn metric_of(info: &MetricInfo, data: Data) -> Metric {
    Metric {
        name: info.name.to_owned(),
        unit: info.unit.to_owned(),
        description: info.description.to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

/// A whole number of a metric, which of a time is nanoseconds.
fn in_unit(metric: &MetricInfo, value: i64) -> number_data_point::Value {
    match metric.unit {
        "s" => seconds(value),
        _ => number_data_point::Value::AsInt(value),
    }
}

/// The time of async calls in which they waited, in nanoseconds; `None` where some calls were not
/// async, whose time would be in it.
fn idle_time(operation: &OperationSnapshot) -> Option<i64> {
    let (whole, busy) = (
        operation.lifetime.execution_time()?,
        operation.lifetime.busy_time()?,
    );
    (whole.count == busy.count).then_some((whole.sum - busy.sum) as i64)
}

/// Calls by outcome, failures also by the type of the error.
fn call_points(operation: &OperationSnapshot, period: Period) -> Vec<NumberDataPoint> {
    let calls = operation.lifetime.calls;
    let point = |outcome: &str, error: Option<&str>, count: u64| {
        let mut attributes = attributes_of(operation);
        attributes.push(attribute("perfkit.outcome", outcome));
        attributes.extend(error.map(|error| attribute("error.type", error)));
        let is_any = count > 0;
        let count = number_data_point::Value::AsInt(count as i64);
        is_any.then(|| number_point(count, attributes, period))
    };
    let apart = operation.errors.iter().filter(|error| !error.is_overflow);
    let mut by_kind = BTreeMap::<&str, u64>::new();
    let mut add = |kind, more| {
        let count = by_kind.entry(kind).or_default();
        *count = count.saturating_add(more);
        more
    };
    let known = apart
        .take(MOST_KINDS)
        .map(|error| add(&error.kind, error.count));
    let known = known.fold(0, u64::saturating_add);
    // Those of too many kinds; and a report of another tool may not know all kinds. A
    // program may have a kind of that name, and a point stands there once.
    add("_OTHER", calls.failure.saturating_sub(known));
    let kinds = by_kind.into_iter();
    let kinds = kinds.map(|(kind, count)| point("failure", Some(kind), count));
    let others = [
        point("success", None, calls.success),
        point("panic", Some("panic"), calls.panic),
        point("cancelled", None, calls.cancelled),
    ];
    kinds.chain(others).flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::*;
    use crate::monitor::Monitor;
    use crate::outcome::{Failure, Outcome};
    use opentelemetry_proto::tonic::common::v1::any_value::Value;

    #[test]
    fn failures_of_too_many_kinds_are_of_another_type() {
        let monitor = Monitor::new();
        let fail = |kind: String| {
            let failure = || Outcome::Failure(Failure::new(kind, ""));
            monitor.operation("pay").measure_with(|| (), |()| failure());
        };
        (0..20).for_each(|number| fail(format!("code {number}")));
        let operation = &monitor.snapshot().operations[0];
        let points = call_points(operation, Period::new(UNIX_EPOCH, SystemTime::now()));
        let types = |point: &NumberDataPoint| {
            let attribute = point.attributes.iter().find(|a| a.key == "error.type");
            let value = attribute.unwrap().value.clone().unwrap().value.unwrap();
            (value, point.value.unwrap())
        };
        let types: Vec<_> = points.iter().map(types).collect();
        let one = |kind: &str, count| {
            let count = number_data_point::Value::AsInt(count);
            (Value::StringValue(kind.to_owned()), count)
        };
        assert_eq!(types.len(), 17);
        assert!(types.contains(&one("code 7", 1)) && types.contains(&one("_OTHER", 4)));
    }

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
            totals: overflow_calls(&snapshot.operations).into_iter().collect(),
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
        // Of each its time, its self time, its calls and those in flight; and the calls beyond all
        // limits.
        assert_eq!(points, 4 * 12_000 + 1);
    }
}
