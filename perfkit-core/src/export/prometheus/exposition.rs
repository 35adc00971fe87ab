//! From operations to the text formats.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use crate::histogram::Histogram;
use crate::metric_summary::MetricSummary;
use crate::recorder::Quantity;
use crate::snapshot::OperationSnapshot;
use crate::unit::{NS_PER_SECOND, Unit};

use super::bounds::BucketBounds;
use super::label::{self, escaped};

/// The text formats that Prometheus reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TextFormat {
    /// Prometheus' own, version 0.0.4.
    Text,
    /// OpenMetrics, version 1.0.
    OpenMetrics,
}

impl TextFormat {
    /// The media type, for the `Content-Type` of an HTTP answer.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// The lifetime of operations, for example those of a report. Operations of
    /// the same name are added up, because a time series may stand there once.
    ///
    /// ```
    /// use perfkit::prometheus::TextFormat;
    ///
    /// let monitor = perfkit::Monitor::new();
    /// monitor.measure("greet", || "hello");
    /// let report = perfkit::Report::from_snapshot(monitor.snapshot());
    /// let text = TextFormat::OpenMetrics.render(&report.operations);
    /// assert!(text.ends_with("# EOF\n"));
    /// ```
    #[must_use]
    pub fn render(self, operations: &[OperationSnapshot]) -> String {
        let operations = by_label(operations);
        let mut exposition = Exposition {
            format: self,
            text: String::new(),
        };
        exposition.execution_times(&operations);
        exposition.failure_times(&operations);
        exposition.calls(&operations);
        exposition.untimed_calls(&operations);
        exposition.calls_in_flight(&operations);
        exposition.overflow_calls(&operations);
        exposition.errors(&operations);
        for quantity in Quantity::ALL {
            if let Some(help) = help_of_total(quantity) {
                exposition.total(quantity, help, &operations);
            }
        }
        if self == Self::OpenMetrics {
            exposition.text.push_str("# EOF\n");
        }
        exposition.text
    }
}

/// Operations by the text of their label, ascending.
type Operations<'a> = BTreeMap<String, Cow<'a, OperationSnapshot>>;

fn by_label(operations: &[OperationSnapshot]) -> Operations<'_> {
    let mut by_label = Operations::new();
    for operation in operations {
        by_label
            .entry(labels_of(operation))
            .and_modify(|same| same.to_mut().merge(operation))
            .or_insert(Cow::Borrowed(operation));
    }
    by_label
}

/// The operation and its labels, as they stand between braces.
fn labels_of(operation: &OperationSnapshot) -> String {
    let labelled = operation.labelled.as_ref();
    let name = labelled.map_or(&operation.name, |labelled| &labelled.name);
    let mut text = format!("operation=\"{}\"", escaped(name));
    for (key, value) in labelled.iter().flat_map(|labelled| &labelled.labels) {
        let _ = write!(text, ",{}=\"{}\"", label::key(key), escaped(value));
    }
    if let Some(side) = operation.side {
        let _ = write!(text, ",{}=\"{}\"", label::key("perfkit.side"), side.word());
    }
    text
}

const EXECUTION_TIME: &str = "perfkit_execution_time_seconds";

const FAILURE_TIME: &str = "perfkit_failure_time_seconds";

/// What the sum of a quantity says; `None` where it would say nothing.
fn help_of_total(quantity: Quantity) -> Option<&'static str> {
    Some(match quantity {
        Quantity::SelfTime => "Time of successful calls less that of measured callees.",
        Quantity::BusyTime => "Time in the polls of successful async calls.",
        Quantity::CpuTime => "CPU time of the thread during successful calls.",
        Quantity::Allocated => "Bytes allocated during successful calls.",
        Quantity::Allocations => "Allocations during successful calls.",
        Quantity::Items => "Items processed by successful calls.",
        Quantity::Bytes => "Bytes processed by successful calls.",
        // Those of time are histograms.
        Quantity::ExecutionTime
        | Quantity::FailureTime
        | Quantity::NetGrowth
        | Quantity::PeakGrowth => return None,
    })
}

/// The text so far.
struct Exposition {
    format: TextFormat,
    text: String,
}

impl Exposition {
    fn execution_times(&mut self, operations: &Operations) {
        let bounds = BucketBounds::new();
        let mut samples = String::new();
        let is_timed = |(_, operation): &(_, &Cow<'_, OperationSnapshot>)| !operation.is_of_values;
        for (label, operation) in operations.iter().filter(is_timed) {
            let summary = operation.lifetime.execution_time();
            distribution(&mut samples, &bounds, EXECUTION_TIME, label, summary);
        }
        let help = "Time of successful outermost calls from start to end.";
        self.family(EXECUTION_TIME, "histogram", Some("seconds"), help, &samples);
    }

    /// Of those that have any: the same buckets, so that both add up to the time of all
    /// calls.
    fn failure_times(&mut self, operations: &Operations) {
        let bounds = BucketBounds::new();
        let mut samples = String::new();
        for (label, operation) in operations {
            if let Some(summary) = operation.lifetime.failure_time() {
                distribution(&mut samples, &bounds, FAILURE_TIME, label, Some(summary));
            }
        }
        let help = "Time of outermost calls that failed, panicked or were cancelled.";
        self.family(FAILURE_TIME, "histogram", Some("seconds"), help, &samples);
    }

    /// Every outcome is told, also before it first occurs: a counter that
    /// appears at 1 has no increase that Prometheus could see.
    fn calls(&mut self, operations: &Operations) {
        let mut samples = String::new();
        for (label, operation) in operations {
            let calls = operation.lifetime.calls;
            for (outcome, count) in [
                ("success", calls.success),
                ("failure", calls.failure),
                ("panic", calls.panic),
                ("cancelled", calls.cancelled),
            ] {
                let labels = format!("{label},outcome=\"{outcome}\"");
                sample(&mut samples, "perfkit_calls_total", &labels, count);
            }
        }
        self.counter("perfkit_calls", None, "Calls by how they ended.", &samples);
    }

    fn untimed_calls(&mut self, operations: &Operations) {
        let mut samples = String::new();
        for (label, operation) in operations {
            if operation.untimed_calls > 0 {
                let count = operation.untimed_calls;
                sample(&mut samples, "perfkit_untimed_calls_total", label, count);
            }
        }
        let help =
            "Successful calls that were counted and not timed, of operations that are sampled.";
        self.counter("perfkit_untimed_calls", None, help, &samples);
    }

    /// Zero is told too: the gauge would stand still where it was.
    fn calls_in_flight(&mut self, operations: &Operations) {
        let name = "perfkit_calls_in_flight";
        let mut samples = String::new();
        let is_timed = |(_, operation): &(_, &Cow<'_, OperationSnapshot>)| !operation.is_of_values;
        for (label, operation) in operations.iter().filter(is_timed) {
            sample(&mut samples, name, label, operation.calls_in_flight);
        }
        let help = "Calls that have begun and not ended.";
        self.family(name, "gauge", None, help, &samples);
    }

    /// Told from the start, so that the first of them is an increase.
    fn overflow_calls(&mut self, operations: &Operations) {
        if operations.is_empty() {
            return;
        }
        let overflow = operations.values().filter(|o| o.is_overflow);
        let calls = overflow.map(|operation| operation.lifetime.calls.total());
        let calls = calls.fold(0, u64::saturating_add);
        let mut samples = String::new();
        // Writing to a string cannot fail.
        let _ = writeln!(samples, "perfkit_overflow_calls_total {calls}");
        let help = "Calls that lost their name or their labels, because there were too many.";
        self.counter("perfkit_overflow_calls", None, help, &samples);
    }

    fn errors(&mut self, operations: &Operations) {
        let mut samples = String::new();
        for (label, operation) in operations {
            let mut by_kind = BTreeMap::<String, u64>::new();
            for error in &operation.errors {
                let count = by_kind.entry(escaped(&error.kind)).or_default();
                *count = count.saturating_add(error.count);
            }
            for (kind, count) in by_kind {
                let labels = format!("{label},error_type=\"{kind}\"");
                sample(&mut samples, "perfkit_errors_total", &labels, count);
            }
        }
        let help = "Failed calls by the kind of error.";
        self.counter("perfkit_errors", None, help, &samples);
    }

    /// A counter that is the sum of a quantity. Its unit is the end of its name.
    fn total(&mut self, quantity: Quantity, help: &str, operations: &Operations) {
        let (unit, divisor) = match quantity.unit() {
            Unit::Nanoseconds => (Some("seconds"), NS_PER_SECOND),
            Unit::Bytes => (Some("bytes"), 1.0),
            _ => (None, 1.0),
        };
        let metric = quantity.metric();
        let name = match unit.filter(|unit| !metric.name().ends_with(unit)) {
            Some(unit) => format!("perfkit_{metric}_{unit}"),
            None => format!("perfkit_{metric}"),
        };
        let sample_name = format!("{name}_total");
        let mut samples = String::new();
        for (label, operation) in operations {
            if let Some(summary) = operation.lifetime.metrics.get(&metric) {
                // A file may claim what no counter can be.
                let value = summary.sum.max(0.0) / divisor;
                sample(&mut samples, &sample_name, label, value);
            }
        }
        self.counter(&name, unit, help, &samples);
    }

    /// OpenMetrics names the family, the older format its samples.
    fn counter(&mut self, name: &str, unit: Option<&str>, help: &str, samples: &str) {
        let suffix = match self.format {
            TextFormat::Text => "_total",
            TextFormat::OpenMetrics => "",
        };
        self.family(&format!("{name}{suffix}"), "counter", unit, help, samples);
    }

    /// A family's head and its samples; nothing where it has none.
    fn family(&mut self, name: &str, kind: &str, unit: Option<&str>, help: &str, samples: &str) {
        if samples.is_empty() {
            return;
        }
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
        if let (TextFormat::OpenMetrics, Some(unit)) = (self.format, unit) {
            self.line(format_args!("# UNIT {name} {unit}"));
        }
        self.text.push_str(samples);
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{line}");
    }
}

fn distribution(
    samples: &mut String,
    bounds: &BucketBounds,
    name: &str,
    label: &str,
    summary: Option<&MetricSummary>,
) {
    // An operation that never succeeded has an empty distribution. Of totals
    // without a distribution, as in the report of another tool, only the last
    // bucket is known.
    let nothing = Histogram::new();
    let histogram = summary.map_or(Some(&nothing), |summary| summary.histogram.as_ref());
    let count = histogram.map_or_else(
        || summary.map_or(0, |summary| summary.count),
        Histogram::count,
    );
    let sum_ns = summary.map_or(0.0, |summary| summary.sum.max(0.0));

    let covered = histogram.map(|histogram| bounds.cumulative(histogram));
    for (le, count) in covered.into_iter().flatten().chain([("+Inf", count)]) {
        let labels = format!("{label},le=\"{le}\"");
        sample(samples, &format!("{name}_bucket"), &labels, count);
    }
    let sum = sum_ns / NS_PER_SECOND;
    sample(samples, &format!("{name}_sum"), label, sum);
    sample(samples, &format!("{name}_count"), label, count);
}

fn sample(samples: &mut String, name: &str, labels: &str, value: impl Display) {
    // Writing to a string cannot fail.
    let _ = writeln!(samples, "{name}{{{labels}}} {value}");
}
