//! From operations to OTLP messages.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, InstrumentationScope, KeyValue, any_value::Value,
};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, ExponentialHistogram, ExponentialHistogramDataPoint, Metric,
    NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric::Data, number_data_point,
};
use prost::Message as _;

use crate::metric_summary::MetricSummary;
use crate::process::ProcessUsage;
use crate::recorder::Quantity;
use crate::snapshot::OperationSnapshot;
use crate::text::cut;
use crate::unit::Unit;

use super::exponential::{SCALE, buckets};

/// Collectors refuse requests above 4 MiB by default.
const LARGEST_REQUEST: usize = 3_500_000;

/// The longest key or value of an attribute, in bytes. Functions have shorter
/// names; a file by somebody else may hold anything.
const LONGEST_TEXT: usize = 1000;

/// The most kinds of errors and the most labels of an operation, of which this
/// version records fewer.
const MOST_KINDS: usize = 64;
const MOST_LABELS: usize = 64;

const NS_TO_SECONDS: f64 = 1e-9;

/// The time that cumulative values cover, in nanoseconds since 1970.
#[derive(Clone, Copy)]
pub(super) struct Period {
    start: u64,
    end: u64,
}

impl Period {
    pub(super) fn new(start: SystemTime, end: SystemTime) -> Self {
        let [start, end] = [start, end].map(|time| {
            let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
            u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
        });
        Self { start, end }
    }
}

/// One request, and how many data points it carries.
pub(super) struct Request {
    pub(super) bytes: Vec<u8>,
    pub(super) data_points: u64,
}

/// Requests that together carry everything, each within the collectors' limit.
pub(super) fn requests(
    operations: &[OperationSnapshot],
    process: Option<ProcessUsage>,
    period: Period,
) -> Vec<Request> {
    let of_process = process.iter();
    let of_process = of_process.flat_map(|usage| process_metrics(usage, period));
    let once = overflow_metric(operations, period).into_iter();
    requests_with(operations, once.chain(of_process).collect(), period)
}

/// The first of them with the metrics that are not of one operation.
fn requests_with(
    operations: &[OperationSnapshot],
    once: Vec<Metric>,
    period: Period,
) -> Vec<Request> {
    let mut metrics = operation_metrics(operations, period);
    metrics.extend(once.iter().cloned());
    let data_points = metrics.iter().map(data_point_count).sum();
    let message = message(metrics);
    if message.encoded_len() > LARGEST_REQUEST && operations.len() > 1 {
        let (first, second) = operations.split_at(operations.len() / 2);
        let mut halves = requests_with(first, once, period);
        halves.extend(requests_with(second, Vec::new(), period));
        return halves;
    }
    vec![Request {
        bytes: message.encode_to_vec(),
        data_points,
    }]
}

fn message(metrics: Vec<Metric>) -> ExportMetricsServiceRequest {
    let resource = opentelemetry_sdk::Resource::builder().build();
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some((&resource).into()),
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

fn operation_metrics(operations: &[OperationSnapshot], period: Period) -> Vec<Metric> {
    let histogram = |name, quantity: Quantity| {
        let (unit, factor) = unit_of(quantity);
        let point = |operation: &OperationSnapshot| {
            let summary = operation.lifetime.metrics.get(&quantity.metric())?;
            histogram_point(attributes_of(operation), summary, factor, period)
        };
        let histogram = ExponentialHistogram {
            data_points: operations.iter().filter_map(point).collect(),
            aggregation_temporality: AggregationTemporality::Cumulative.into(),
        };
        metric(name, unit, Data::ExponentialHistogram(histogram))
    };
    let sum = |name, quantity: Quantity| {
        let point = |operation: &OperationSnapshot| {
            let summary = operation.lifetime.metrics.get(&quantity.metric())?;
            let attributes = attributes_of(operation);
            Some(whole_point(summary.sum as i64, attributes, period))
        };
        let points = operations.iter().filter_map(point).collect();
        sum_metric(name, unit_of(quantity).0, true, points)
    };
    let calls = operations
        .iter()
        .flat_map(|o| call_points(o, period))
        .collect();
    let untimed = operations.iter().filter(|o| o.untimed_calls > 0);
    let untimed = untimed
        .map(|o| whole_point(o.untimed_calls as i64, attributes_of(o), period))
        .collect();
    let in_flight = operations.iter().filter(|o| !o.is_of_values);
    let in_flight = in_flight
        .map(|o| whole_point(o.calls_in_flight as i64, attributes_of(o), period))
        .collect();
    let metrics = [
        histogram("perfkit.operation.duration", Quantity::ExecutionTime),
        sum_metric("perfkit.operation.calls", "{call}", true, calls),
        sum_metric("perfkit.operation.untimed_calls", "{call}", true, untimed),
        sum_metric(
            "perfkit.operation.calls_in_flight",
            "{call}",
            false,
            in_flight,
        ),
        histogram("perfkit.operation.failure_duration", Quantity::FailureTime),
        histogram("perfkit.operation.cpu_time", Quantity::CpuTime),
        histogram("perfkit.operation.allocated", Quantity::Allocated),
        histogram("perfkit.operation.peak_growth", Quantity::PeakGrowth),
        sum("perfkit.operation.items", Quantity::Items),
        sum("perfkit.operation.bytes", Quantity::Bytes),
    ];
    metrics
        .into_iter()
        .filter(|metric| data_point_count(metric) > 0)
        .collect()
}

/// The unit in OpenTelemetry's words, and how many of it make one of a quantity's own.
fn unit_of(quantity: Quantity) -> (&'static str, f64) {
    match quantity.unit() {
        Unit::Nanoseconds => ("s", NS_TO_SECONDS),
        Unit::Bytes => ("By", 1.0),
        _ => ("{item}", 1.0),
    }
}

/// The operation's name and its labels. What is beyond a limit is marked as the
/// specification of OpenTelemetry says.
fn attributes_of(operation: &OperationSnapshot) -> Vec<KeyValue> {
    let labelled = operation.labelled.as_ref();
    let name = labelled.map_or(&operation.name, |labelled| &labelled.name);
    let labels = labelled.iter().flat_map(|labelled| &labelled.labels);
    let labels = labels.take(MOST_LABELS);
    let labels = labels.filter(|_| !operation.is_overflow);
    let overflow = operation.is_overflow.then_some(Value::BoolValue(true));
    let overflow = overflow.map(|value| attribute_of("otel.metric.overflow", value));
    let side = operation
        .side
        .map(|side| attribute("perfkit.side", side.word()));
    std::iter::once(attribute("code.function.name", name))
        .chain(labels.map(|(key, value)| attribute(key, value)))
        .chain(overflow)
        .chain(side)
        .collect()
}

/// Calls by outcome, failures also by the type of the error.
fn call_points(operation: &OperationSnapshot, period: Period) -> Vec<NumberDataPoint> {
    let calls = operation.lifetime.calls;
    let point = |outcome: &str, error: Option<&str>, count: u64| {
        let mut attributes = attributes_of(operation);
        attributes.push(attribute("perfkit.outcome", outcome));
        attributes.extend(error.map(|error| attribute("error.type", error)));
        (count > 0).then(|| whole_point(count as i64, attributes, period))
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

/// The calls of all operations that stand for too many names or labels; told from the start,
/// so that the first of them is an increase.
fn overflow_metric(operations: &[OperationSnapshot], period: Period) -> Option<Metric> {
    let overflow = operations.iter().filter(|o| o.is_overflow);
    let calls = overflow.map(|operation| operation.lifetime.calls.total());
    let calls = calls.fold(0, u64::saturating_add);
    let point = whole_point(calls as i64, Vec::new(), period);
    let name = "perfkit.operation.overflow_calls";
    (!operations.is_empty()).then(|| sum_metric(name, "{call}", true, vec![point]))
}

fn process_metrics(usage: &ProcessUsage, period: Period) -> [Metric; 2] {
    let memory = whole_point(usage.memory_bytes as i64, Vec::new(), period);
    let cpu_seconds = number_data_point::Value::AsDouble(usage.cpu_time_ns as f64 * NS_TO_SECONDS);
    let cpu = NumberDataPoint {
        value: Some(cpu_seconds),
        ..whole_point(0, Vec::new(), period)
    };
    [
        sum_metric("process.memory.usage", "By", false, vec![memory]),
        sum_metric("process.cpu.time", "s", true, vec![cpu]),
    ]
}

fn histogram_point(
    attributes: Vec<KeyValue>,
    summary: &MetricSummary,
    factor: f64,
    period: Period,
) -> Option<ExponentialHistogramDataPoint> {
    let histogram = summary.histogram.as_ref()?;
    let (positive, zero_count) = buckets(histogram, factor);
    Some(ExponentialHistogramDataPoint {
        attributes,
        start_time_unix_nano: period.start,
        time_unix_nano: period.end,
        count: histogram.count(),
        sum: Some(histogram.sum() as f64 * factor),
        scale: SCALE,
        zero_count,
        positive: Some(positive),
        min: histogram.min().map(|value| value as f64 * factor),
        max: histogram.max().map(|value| value as f64 * factor),
        ..ExponentialHistogramDataPoint::default()
    })
}

fn whole_point(value: i64, attributes: Vec<KeyValue>, period: Period) -> NumberDataPoint {
    NumberDataPoint {
        attributes,
        start_time_unix_nano: period.start,
        time_unix_nano: period.end,
        value: Some(number_data_point::Value::AsInt(value)),
        ..NumberDataPoint::default()
    }
}

fn sum_metric(
    name: &str,
    unit: &str,
    is_monotonic: bool,
    data_points: Vec<NumberDataPoint>,
) -> Metric {
    let sum = Sum {
        data_points,
        aggregation_temporality: AggregationTemporality::Cumulative.into(),
        is_monotonic,
    };
    metric(name, unit, Data::Sum(sum))
}

fn metric(name: &str, unit: &str, data: Data) -> Metric {
    Metric {
        name: name.to_owned(),
        unit: unit.to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

fn attribute(key: &str, value: &str) -> KeyValue {
    attribute_of(key, Value::StringValue(bounded(value)))
}

fn attribute_of(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: bounded(key),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// A text that is too long is cut, with a mark of the whole at its end, so that
/// two names stay two names.
fn bounded(text: &str) -> String {
    if text.len() <= LONGEST_TEXT {
        return text.to_owned();
    }
    let head = cut(text, LONGEST_TEXT);
    format!("{head} #{:08x}", crc32fast::hash(text.as_bytes()))
}

fn data_point_count(metric: &Metric) -> u64 {
    let count = match &metric.data {
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        _ => 0,
    };
    count as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Monitor;
    use crate::outcome::{Failure, Outcome};

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
    fn what_is_beyond_a_limit_is_marked_as_the_specification_says() {
        let monitor = Monitor::builder()
            .max_operations(1)
            .max_label_sets(1)
            .build();
        for (name, user) in [("get", 1), ("get", 2), ("put", 1)] {
            let label = |(): &()| Outcome::Success.label("user", user);
            monitor.operation(name).measure_labelled(|| (), label);
        }
        let text = |text: &str| Value::StringValue(text.to_owned());
        let name = |name: &str| ("code.function.name".to_owned(), text(name));
        let overflow = || ("otel.metric.overflow".to_owned(), Value::BoolValue(true));
        let of = |operation: &OperationSnapshot| {
            let attributes = attributes_of(operation).into_iter();
            let pair = |one: KeyValue| (one.key, one.value.unwrap().value.unwrap());
            attributes.map(pair).collect::<Vec<_>>()
        };
        let attributes: Vec<_> = monitor.snapshot().operations.iter().map(of).collect();
        let expected = [
            vec![name("get"), overflow()],
            vec![name("get"), ("user".to_owned(), text("1"))],
            vec![name("overflow"), overflow()],
        ];
        assert_eq!(attributes, expected);
    }

    #[test]
    fn a_large_export_is_split_and_loses_nothing() {
        let monitor = Monitor::builder().max_operations(20_000).build();
        for number in 0..12_000 {
            monitor.measure(&format!("{number} {}", "x".repeat(150)), || ());
        }
        let snapshot = monitor.snapshot();
        let period = Period::new(UNIX_EPOCH, SystemTime::now());
        let requests = requests(&snapshot.operations, None, period);
        assert!(requests.len() > 1);
        assert!(
            requests
                .iter()
                .all(|request| request.bytes.len() <= LARGEST_REQUEST)
        );
        let points: u64 = requests.iter().map(|request| request.data_points).sum();
        // Of each its time, its calls and those in flight; and the calls beyond all limits.
        assert_eq!(points, 3 * 12_000 + 1);
    }
}
