//! A report as plain text, for a program that prints its own at exit.

use std::fmt;

use crate::metric::Metric;
use crate::metric_summary::MetricSummary;
use crate::snapshot::OperationSnapshot;
use crate::text::printable;
use crate::unit::Unit;

use super::{Report, Severity, load_lines, number_lines};

/// Significant digits of times.
const DIGITS: usize = 3;

const HEADINGS: [&str; 8] = [
    "operation",
    "calls",
    "success",
    "mean",
    "median",
    "p95",
    "p99",
    "max",
];

/// The summary and one line per operation, the most total time first.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.operations.is_empty() {
            writeln!(f, "perfkit: no calls were recorded")?;
            if self.counters.is_empty() && self.gauges.is_empty() {
                return Ok(());
            }
        } else {
            load_lines::write_verdicts(f, self)?;
            writeln!(f, "{}", headline(self))?;
        }
        let is_of_values = |operation: &&OperationSnapshot| operation.is_of_values;
        let (values, mut operations): (Vec<_>, Vec<_>) =
            self.operations.iter().partition(is_of_values);
        if !operations.is_empty() {
            operations.sort_by(|a, b| total_ns(b).total_cmp(&total_ns(a)));
            write_table(f, &operations)?;
        }
        let is_told =
            |o: &&OperationSnapshot| self.operations.len() > 1 && o.lifetime.calls.is_any_cut_off();
        for operation in self.operations.iter().filter(is_told) {
            let name = printable(&operation.name);
            writeln!(f, "{name}: calls: {}", operation.lifetime.calls)?;
        }
        for operation in self.operations.iter().filter(|o| o.calls_in_flight > 0) {
            let name = printable(&operation.name);
            writeln!(f, "{name}: in flight: {}", operation.calls_in_flight)?;
        }
        let has_failed = |o: &&OperationSnapshot| o.lifetime.failure_time().is_some();
        for operation in self.operations.iter().filter(has_failed) {
            if let (false, Some(line)) = (operation.is_of_values, call_time_line(operation)) {
                writeln!(f, "{line}")?;
            }
        }
        load_lines::write(f, self)?;
        for operation in values {
            writeln!(f, "{}", values_line(operation))?;
        }
        number_lines::write(f, self)?;
        for note in &self.notes {
            let severity = match note.severity {
                Severity::Detail | Severity::Info => "note",
                Severity::Warning => "warning",
                Severity::Error => "error",
            };
            writeln!(f, "{severity}: {}", printable(&note.message))?;
        }
        Ok(())
    }
}

/// One line per operation.
fn write_table(f: &mut fmt::Formatter<'_>, operations: &[&OperationSnapshot]) -> fmt::Result {
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    rows.extend(operations.iter().map(|operation| row(operation)));
    let width = |column: usize| {
        let lengths = rows.iter().map(|row| row[column].chars().count());
        lengths.max().unwrap_or(0)
    };
    let widths: [usize; 8] = std::array::from_fn(width);
    for row in &rows {
        write!(f, "{:<width$}", row[0], width = widths[0])?;
        for (cell, width) in row.iter().zip(widths).skip(1) {
            write!(f, "  {cell:>width$}")?;
        }
        writeln!(f)?;
    }
    Ok(())
}

fn headline(report: &Report) -> String {
    let summary = report.summary();
    let share = summary.ended.success_rate();
    let share = share.map(|rate| Unit::Ratio.format(rate, 4));
    let mut line = format!(
        "perfkit: calls: {}, operations: {}, successful: {}, mean: {}",
        summary.ended,
        summary.operations,
        share.as_deref().unwrap_or("-"),
        time(summary.average_ns),
    );
    if let (Some(slowest), Some(fastest)) = (summary.slowest, summary.fastest)
        && summary.operations > 1
    {
        line += &format!(
            "; slowest: {} ({}), fastest: {} ({})",
            printable(&slowest.name),
            time(Some(slowest.average_ns)),
            printable(&fastest.name),
            time(Some(fastest.average_ns)),
        );
    }
    line
}

fn row(operation: &OperationSnapshot) -> [String; 8] {
    let calls = &operation.lifetime;
    let share = calls.success_rate().map(|rate| Unit::Ratio.format(rate, 4));
    let metric = calls.execution_time();
    [
        printable(&operation.name),
        Unit::Count.format(calls.count() as f64, DIGITS),
        share.unwrap_or_else(|| "-".to_owned()),
        time(calls.average()),
        time(calls.median()),
        time(metric.and_then(|time| time.p95)),
        time(metric.and_then(|time| time.p99)),
        time(calls.max()),
    ]
}

/// How long calls took, however they ended.
fn call_time_line(operation: &OperationSnapshot) -> Option<String> {
    let all = operation.lifetime.call_time()?;
    Some(format!(
        "{}: time of all calls: mean {}, median {}, p95 {}, p99 {}, max {}",
        printable(&operation.name),
        time(all.mean),
        time(all.median),
        time(all.p95),
        time(all.p99),
        time(all.max),
    ))
}

/// What was recorded of a metric of which each value is a call.
fn values_line(operation: &OperationSnapshot) -> String {
    let of_metric = |(metric, summary): (&Metric, &MetricSummary)| {
        let number = |value: Option<f64>| {
            let format = |value| summary.unit.format(value, DIGITS);
            value.map_or_else(|| "-".to_owned(), format)
        };
        format!(
            "; {metric}: sum {}, mean {}, p95 {}, max {}",
            number(Some(summary.sum)),
            number(summary.mean),
            number(summary.p95),
            number(summary.max),
        )
    };
    let metrics: String = operation.lifetime.metrics.iter().map(of_metric).collect();
    let name = printable(&operation.name);
    format!("{name}: values: {}{metrics}", operation.lifetime.calls)
}

fn total_ns(operation: &OperationSnapshot) -> f64 {
    let time = operation.lifetime.execution_time();
    time.map_or(0.0, |time| time.sum)
}

fn time(ns: Option<f64>) -> String {
    ns.map_or_else(|| "-".to_owned(), |ns| Unit::Nanoseconds.format(ns, DIGITS))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::{MockClock, Monitor, Report};

    #[test]
    fn the_text_is_aligned_and_without_control_characters() {
        let clock = MockClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        for name in ["a", "with \u{1b}[31m colour"] {
            for _ in 0..3 {
                monitor.measure(name, || clock.advance(Duration::from_millis(2)));
            }
        }
        let mut report = Report::from_snapshot(monitor.snapshot());
        report.notes.clear();
        let expected = "\
perfkit: calls: 6, operations: 2, successful: 100 %, mean: 2.00 ms; slowest: with \u{FFFD}[31m colour (2.00 ms), fastest: a (2.00 ms)
operation          calls  success     mean   median  p95  p99      max
a                      3    100 %  2.00 ms  2.00 ms    -    -  2.00 ms
with \u{FFFD}[31m colour      3    100 %  2.00 ms  2.00 ms    -    -  2.00 ms
";
        assert_eq!(report.to_string(), expected);
    }

    #[test]
    fn nothing_recorded_is_said() {
        let report = Report::from_snapshot(Monitor::new().snapshot());
        assert_eq!(report.to_string(), "perfkit: no calls were recorded\n");
    }
}
