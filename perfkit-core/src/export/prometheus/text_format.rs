//! The text formats.

use std::fmt::{Display, Write as _};
use std::time::UNIX_EPOCH;

use crate::export::number_series::NumberSeries;
#[cfg(feature = "bench")]
use crate::export::number_series::number_series;
use crate::export::program_totals::ProgramTotal;
#[cfg(feature = "bench")]
use crate::report::Report;
use crate::snapshot::{Exemplar, OperationSnapshot};

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
        self.page(operations, &[], &[])
    }

    /// The same, counters and gauges, and numbers of the program.
    pub(super) fn page(
        self,
        operations: &[OperationSnapshot],
        numbers: &[NumberSeries<'_>],
        totals: &[ProgramTotal],
    ) -> String {
        let subjects = subjects(operations);
        self.text(families(&subjects, numbers, totals))
    }

    /// All that a report says: its operations, counters and gauges, and what its benchmarks,
    /// comparisons and gate came to, with the commit and the branch where the report knows
    /// them.
    #[cfg(feature = "bench")]
    #[must_use]
    pub fn render_report(self, report: &Report) -> String {
        let subjects = subjects(&report.operations);
        let numbers = number_series(&report.counters, &report.gauges);
        self.text(families(&subjects, &numbers, &[]).chain(result_families(report)))
    }

    fn text<'a>(self, families: impl Iterator<Item = Family<'a>>) -> String {
        let mut text = String::new();
        for family in families {
            self.head(&mut text, family.metric);
            let bounds = BucketBounds::of(family.metric.info.per_unit());
            for series in &family.series {
                self.lines_of(&mut text, &bounds, &family.metric.name, series);
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

/// Where the bucket of all values ends: none is so large.
const ALL: (&str, u64) = ("+Inf", u64::MAX);

impl TextFormat {
    fn lines_of(self, text: &mut String, bounds: &BucketBounds, name: &str, series: &Series<'_>) {
        let mut labels = series.subject.map_or(String::new(), |s| s.text.clone());
        for (key, value) in &series.labels {
            let comma = if labels.is_empty() { "" } else { "," };
            // Writing to a string cannot fail.
            let _ = write!(labels, "{comma}{key}=\"{}\"", escaped(value));
        }
        let values = match &series.value {
            Value::Whole(number) => return sample(text, name, &labels, number),
            Value::Number(number) => return sample(text, name, &labels, number),
            Value::Distribution(values) => values,
        };
        let covered = values.histogram.iter().flat_map(|h| bounds.cumulative(h));
        let covered = covered.map(|(bound, count)| ((bound.le.as_str(), bound.own), count));
        let mut before = 0;
        for ((le, own), count) in covered.chain([(ALL, values.count)]) {
            let labels = format!("{labels},le=\"{le}\"");
            let name = format!("{name}_bucket");
            let exemplar = values.exemplar_within(before, own);
            match exemplar.filter(|_| self == Self::OpenMetrics) {
                Some(exemplar) => {
                    let exemplar = exemplar_text(exemplar, values.per_unit);
                    sample(text, &name, &labels, format_args!("{count} # {exemplar}"));
                }
                None => sample(text, &name, &labels, count),
            }
            before = own;
        }
        sample(text, &format!("{name}_sum"), &labels, values.sum);
        sample(text, &format!("{name}_count"), &labels, values.count);
    }
}

/// A single call, as it stands behind the number of those of its bucket.
fn exemplar_text(exemplar: &Exemplar, per_unit: f64) -> String {
    let [trace, span] = [exemplar.trace.trace_id_hex(), exemplar.trace.span_id_hex()];
    let value = exemplar.duration_ns as f64 / per_unit;
    let at = exemplar.time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, milliseconds) = (at.as_secs(), at.subsec_millis());
    format!("{{trace_id=\"{trace}\",span_id=\"{span}\"}} {value} {seconds}.{milliseconds:03}")
}

fn sample(text: &mut String, name: &str, labels: &str, value: impl Display) {
    // Writing to a string cannot fail.
    let _ = match labels {
        "" => writeln!(text, "{name} {value}"),
        _ => writeln!(text, "{name}{{{labels}}} {value}"),
    };
}
