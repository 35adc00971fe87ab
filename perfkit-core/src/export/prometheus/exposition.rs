//! From operations to the text formats.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use crate::histogram::Histogram;
use crate::metric::Metric;
use crate::snapshot::OperationSnapshot;
use crate::unit::NS_PER_SECOND;

use super::bounds::BucketBounds;
use super::label::{self, escaped};

/// The text formats that Prometheus reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        exposition.calls(&operations);
        exposition.untimed_calls(&operations);
        exposition.errors(&operations);
        for total in &TOTALS {
            exposition.total(total, &operations);
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

/// Samples under one name.
struct MetricFamily {
    /// Without `_total`; it ends in the unit where there is one.
    name: &'static str,
    kind: Kind,
    unit: Option<&'static str>,
    help: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Counter,
    Histogram,
}

const EXECUTION_TIME: MetricFamily = MetricFamily {
    name: "perfkit_execution_time_seconds",
    kind: Kind::Histogram,
    unit: Some("seconds"),
    help: "Time of successful outermost calls from start to end.",
};

const UNTIMED_CALLS: MetricFamily = MetricFamily {
    name: "perfkit_untimed_calls",
    kind: Kind::Counter,
    unit: None,
    help: "Successful calls that were counted and not timed, of operations that are sampled.",
};

const CALLS: MetricFamily = MetricFamily {
    name: "perfkit_calls",
    kind: Kind::Counter,
    unit: None,
    help: "Calls by how they ended.",
};

const ERRORS: MetricFamily = MetricFamily {
    name: "perfkit_errors",
    kind: Kind::Counter,
    unit: None,
    help: "Failed calls by the kind of error.",
};

/// A counter that is the sum of a metric.
struct Total {
    family: MetricFamily,
    metric: Metric,
    /// How many of the metric's units make one of the counter's.
    divisor: f64,
}

impl Total {
    const fn seconds(metric: Metric, name: &'static str, help: &'static str) -> Self {
        Self::new(metric, name, Some("seconds"), help, NS_PER_SECOND)
    }

    const fn bytes(metric: Metric, name: &'static str, help: &'static str) -> Self {
        Self::new(metric, name, Some("bytes"), help, 1.0)
    }

    const fn count(metric: Metric, name: &'static str, help: &'static str) -> Self {
        Self::new(metric, name, None, help, 1.0)
    }

    const fn new(
        metric: Metric,
        name: &'static str,
        unit: Option<&'static str>,
        help: &'static str,
        divisor: f64,
    ) -> Self {
        Self {
            family: MetricFamily {
                name,
                kind: Kind::Counter,
                unit,
                help,
            },
            metric,
            divisor,
        }
    }
}

const TOTALS: [Total; 8] = [
    Total::seconds(
        Metric::SELF_TIME,
        "perfkit_self_time_seconds",
        "Time of successful calls less that of measured callees.",
    ),
    Total::seconds(
        Metric::BUSY_TIME,
        "perfkit_busy_time_seconds",
        "Time in the polls of successful async calls.",
    ),
    Total::seconds(
        Metric::CPU_TIME,
        "perfkit_cpu_time_seconds",
        "CPU time of the thread during successful calls.",
    ),
    Total::seconds(
        Metric::FAILURE_TIME,
        "perfkit_failure_time_seconds",
        "Time of calls that failed, panicked or were cancelled.",
    ),
    Total::bytes(
        Metric::ALLOCATED,
        "perfkit_allocated_bytes",
        "Bytes allocated during successful calls.",
    ),
    Total::count(
        Metric::ALLOCATIONS,
        "perfkit_allocations",
        "Allocations during successful calls.",
    ),
    Total::count(
        Metric::ITEMS,
        "perfkit_items",
        "Items processed by successful calls.",
    ),
    Total::bytes(
        Metric::BYTES,
        "perfkit_bytes",
        "Bytes processed by successful calls.",
    ),
];

/// The text so far.
struct Exposition {
    format: TextFormat,
    text: String,
}

impl Exposition {
    fn execution_times(&mut self, operations: &Operations) {
        let bounds = BucketBounds::new();
        let mut samples = String::new();
        for (label, operation) in operations {
            execution_time(&mut samples, &bounds, label, operation);
        }
        self.family(&EXECUTION_TIME, &samples);
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
        self.family(&CALLS, &samples);
    }

    fn untimed_calls(&mut self, operations: &Operations) {
        let mut samples = String::new();
        for (label, operation) in operations {
            if operation.untimed_calls > 0 {
                let count = operation.untimed_calls;
                sample(&mut samples, "perfkit_untimed_calls_total", label, count);
            }
        }
        self.family(&UNTIMED_CALLS, &samples);
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
        self.family(&ERRORS, &samples);
    }

    fn total(&mut self, total: &Total, operations: &Operations) {
        let name = format!("{}_total", total.family.name);
        let mut samples = String::new();
        for (label, operation) in operations {
            if let Some(summary) = operation.lifetime.metrics.get(&total.metric) {
                // A file may claim what no counter can be.
                let value = summary.sum.max(0.0) / total.divisor;
                sample(&mut samples, &name, label, value);
            }
        }
        self.family(&total.family, &samples);
    }

    /// A family's head and its samples; nothing where it has none.
    fn family(&mut self, family: &MetricFamily, samples: &str) {
        if samples.is_empty() {
            return;
        }
        let kind = match family.kind {
            Kind::Counter => "counter",
            Kind::Histogram => "histogram",
        };
        // OpenMetrics names the family, the older format its samples.
        let suffix = match (self.format, family.kind) {
            (TextFormat::Text, Kind::Counter) => "_total",
            _ => "",
        };
        let name = family.name;
        self.line(format_args!("# HELP {name}{suffix} {}", family.help));
        self.line(format_args!("# TYPE {name}{suffix} {kind}"));
        if let (TextFormat::OpenMetrics, Some(unit)) = (self.format, family.unit) {
            self.line(format_args!("# UNIT {name} {unit}"));
        }
        self.text.push_str(samples);
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{line}");
    }
}

fn execution_time(
    samples: &mut String,
    bounds: &BucketBounds,
    label: &str,
    operation: &OperationSnapshot,
) {
    // An operation that never succeeded has an empty distribution. Of totals
    // without a distribution, as in the report of another tool, only the last
    // bucket is known.
    let nothing = Histogram::new();
    let summary = operation.lifetime.metrics.get(&Metric::EXECUTION_TIME);
    let histogram = summary.map_or(Some(&nothing), |summary| summary.histogram.as_ref());
    let count = histogram.map_or_else(
        || summary.map_or(0, |summary| summary.count),
        Histogram::count,
    );
    let sum_ns = summary.map_or(0.0, |summary| summary.sum.max(0.0));

    let covered = histogram.map(|histogram| bounds.cumulative(histogram));
    for (le, count) in covered.into_iter().flatten().chain([("+Inf", count)]) {
        let labels = format!("{label},le=\"{le}\"");
        sample(
            samples,
            "perfkit_execution_time_seconds_bucket",
            &labels,
            count,
        );
    }
    let sum = sum_ns / NS_PER_SECOND;
    sample(samples, "perfkit_execution_time_seconds_sum", label, sum);
    sample(
        samples,
        "perfkit_execution_time_seconds_count",
        label,
        count,
    );
}

fn sample(samples: &mut String, name: &str, labels: &str, value: impl Display) {
    // Writing to a string cannot fail.
    let _ = writeln!(samples, "{name}{{{labels}}} {value}");
}
