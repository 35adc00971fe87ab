//! The text formats.

use std::fmt::{Display, Write as _};

use crate::export::program_totals::ProgramTotal;
#[cfg(feature = "bench")]
use crate::report::Report;
use crate::snapshot::OperationSnapshot;

use super::bounds::BucketBounds;
use super::catalogue::MetricDescription;
#[cfg(feature = "bench")]
use super::family::result_families;
use super::family::{Family, Series, Value, families};
use super::label::escaped;
use super::subject::subjects;

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
        self.page(operations, &[])
    }

    /// The same, and numbers of the program.
    pub(super) fn page(self, operations: &[OperationSnapshot], totals: &[ProgramTotal]) -> String {
        let subjects = subjects(operations);
        self.text(families(&subjects, totals))
    }

    /// All that a report says: its operations, and what its benchmarks, comparisons and gate
    /// came to, with the commit and the branch where the report knows them.
    #[cfg(feature = "bench")]
    #[must_use]
    pub fn render_report(self, report: &Report) -> String {
        let subjects = subjects(&report.operations);
        self.text(families(&subjects, &[]).chain(result_families(report)))
    }

    fn text<'a>(self, families: impl Iterator<Item = Family<'a>>) -> String {
        let mut text = String::new();
        for family in families {
            self.head(&mut text, family.metric);
            let bounds = BucketBounds::of(family.metric.info.per_unit());
            for series in &family.series {
                lines_of(&mut text, &bounds, &family.metric.name, series);
            }
        }
        if self == Self::OpenMetrics {
            text.push_str("# EOF\n");
        }
        text
    }

    /// OpenMetrics names the family of a counter, the older format its samples.
    fn head(self, text: &mut String, metric: &MetricDescription) {
        let name = match self {
            Self::Text => &metric.name,
            Self::OpenMetrics => metric.name.strip_suffix("_total").unwrap_or(&metric.name),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {}", metric.help);
        let _ = writeln!(text, "# TYPE {name} {}", metric.metric_type.word());
        if let (Self::OpenMetrics, Some(unit)) = (self, &metric.unit) {
            let _ = writeln!(text, "# UNIT {name} {unit}");
        }
    }
}

fn lines_of(text: &mut String, bounds: &BucketBounds, name: &str, series: &Series<'_>) {
    let mut labels = series.subject.map_or(String::new(), |s| s.text.clone());
    for (key, value) in &series.labels {
        let comma = if labels.is_empty() { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(labels, "{comma}{key}=\"{}\"", escaped(value));
    }
    match &series.value {
        Value::Whole(number) => sample(text, name, &labels, number),
        Value::Number(number) => sample(text, name, &labels, number),
        Value::Distribution(values) => {
            let covered = values.histogram.iter().flat_map(|h| bounds.cumulative(h));
            let covered = covered.map(|(bound, count)| (bound.le.as_str(), count));
            for (le, count) in covered.chain([("+Inf", values.count)]) {
                let labels = format!("{labels},le=\"{le}\"");
                sample(text, &format!("{name}_bucket"), &labels, count);
            }
            sample(text, &format!("{name}_sum"), &labels, values.sum);
            sample(text, &format!("{name}_count"), &labels, values.count);
        }
    }
}

fn sample(text: &mut String, name: &str, labels: &str, value: impl Display) {
    // Writing to a string cannot fail.
    let _ = match labels {
        "" => writeln!(text, "{name} {value}"),
        _ => writeln!(text, "{name}{{{labels}}} {value}"),
    };
}
