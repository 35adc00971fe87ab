//! Operations in words: a summary, then tables.

use perfkit::report::Report;
use perfkit::unit::Unit;
use perfkit::{MetricSummary, OperationSnapshot, WindowSnapshot};

use crate::text::{label, shorten};

use super::blocks::{Align, Document, Table};
use super::numbers::{NOTHING, or_nothing, percentile, value};
use super::spans::Sentence;

/// Significant digits: percentiles are within 0.8 %.
const DIGITS: usize = 3;

/// The longest text of an error that is shown whole, in columns.
const LONGEST_TEXT: usize = 60;

pub(super) fn describe(report: &Report, document: &mut Document) {
    document.sentence(summary(report));
    let is_of_values = |operation: &&OperationSnapshot| operation.is_of_values;
    let (of_values, mut operations): (Vec<_>, Vec<_>) =
        report.operations.iter().partition(is_of_values);
    operations.sort_by(|a, b| total_ns(b).total_cmp(&total_ns(a)));
    if !operations.is_empty() {
        document.table(times(&operations));
    }
    if !of_values.is_empty() {
        document.table(values(&of_values));
    }
    // What follows is of both.
    let operations = [operations, of_values].concat();
    let has = |metric: &str| {
        operations
            .iter()
            .any(|o| o.lifetime.metric(metric).is_some())
    };
    if has("allocated") {
        document.table(memory(&operations));
    }
    let has_throughput = |o: &&OperationSnapshot| throughput(&o.lifetime) != NOTHING;
    if has("cpu_time") || has("busy_time") || operations.iter().any(has_throughput) {
        document.table(work(&operations));
    }
    let has_more_ends =
        |o: &&OperationSnapshot| o.lifetime.calls.is_any_cut_off() || o.calls_in_flight > 0;
    if operations.iter().any(has_more_ends) {
        document.table(ends(&operations));
    }
    if has("failure_time") {
        document.table(times_by_end(&operations));
    }
    if operations.iter().any(|o| !o.errors.is_empty()) {
        document.table(errors(&operations));
    }
}

fn summary(report: &Report) -> Sentence {
    let summary = report.summary();
    let sentence = Sentence::plain(&format!(
        "Calls: {}, operations: {}, successful: {}, mean: {}.",
        summary.ended,
        summary.operations,
        value(summary.ended.success_rate(), Unit::Ratio, 4),
        value(summary.average_ns, Unit::Nanoseconds, DIGITS),
    ));
    let (Some(slowest), Some(fastest), true) =
        (&summary.slowest, &summary.fastest, summary.operations > 1)
    else {
        return sentence;
    };
    let time = |ns| Unit::Nanoseconds.format(ns, DIGITS);
    sentence
        .text(" Slowest: ")
        .code(&label(&slowest.name))
        .text(&format!(" ({}). Fastest: ", time(slowest.average_ns)))
        .code(&label(&fastest.name))
        .text(&format!(" ({}).", time(fastest.average_ns)))
}

fn total_ns(operation: &OperationSnapshot) -> f64 {
    let time = operation.lifetime.execution_time();
    time.map_or(0.0, |time| time.sum)
}

fn times(operations: &[&OperationSnapshot]) -> Table {
    let mut table = Table::new(&[
        ("operation", Align::Left, 0),
        ("calls", Align::Right, 1),
        ("success", Align::Right, 2),
        ("total", Align::Right, 3),
        ("self", Align::Right, 4),
        ("mean", Align::Right, 1),
        ("median", Align::Right, 0),
        ("p95", Align::Right, 0),
        ("p99", Align::Right, 2),
        ("max", Align::Right, 3),
    ]);
    for operation in operations {
        let calls = &operation.lifetime;
        let time = |pick| number(operation, "execution_time", pick);
        let percentile = |pick: Pick| {
            let time = calls.execution_time();
            or_nothing(time.map(|time| percentile(pick(time), time, DIGITS)))
        };
        table.row(vec![
            label(&operation.label()),
            Unit::Count.format(calls.count() as f64, DIGITS),
            value(calls.success_rate(), Unit::Ratio, 4),
            time(|time| Some(time.sum)),
            number(operation, "self_time", |time| Some(time.sum)),
            time(|time| time.mean),
            time(|time| time.median),
            percentile(|time| time.p95),
            percentile(|time| time.p99),
            time(|time| time.max),
        ]);
    }
    table
}

/// Which number of a metric.
type Pick = fn(&MetricSummary) -> Option<f64>;

/// A number of one of the operation's metrics.
fn number(operation: &OperationSnapshot, metric: &str, pick: Pick) -> String {
    let metric = operation.lifetime.metric(metric);
    or_nothing(metric.map(|metric| value(pick(metric), metric.unit, DIGITS)))
}

/// What the program handed over: the numbers of counters, gauges and histograms.
fn values(operations: &[&OperationSnapshot]) -> Table {
    let mut table = Table::new(&[
        ("value", Align::Left, 0),
        ("recorded", Align::Right, 1),
        ("sum", Align::Right, 0),
        ("mean", Align::Right, 1),
        ("median", Align::Right, 2),
        ("p95", Align::Right, 2),
        ("p99", Align::Right, 3),
        ("max", Align::Right, 1),
    ]);
    for operation in operations {
        let window = &operation.lifetime;
        if window.metrics.is_empty() {
            // Nobody knows what they are, or none could be kept.
            let counted = Unit::Count.format(window.calls.success as f64, DIGITS);
            let mut row = vec![label(&operation.label()), counted];
            row.resize(table.columns.len(), NOTHING.to_owned());
            table.row(row);
        }
        for summary in window.metrics.values() {
            let number = |number| value(number, summary.unit, DIGITS);
            table.row(vec![
                label(&operation.label()),
                Unit::Count.format(summary.count as f64, DIGITS),
                number(Some(summary.sum)),
                number(summary.mean),
                number(summary.median),
                percentile(summary.p95, summary, DIGITS),
                percentile(summary.p99, summary, DIGITS),
                number(summary.max),
            ]);
        }
    }
    table
}

fn memory(operations: &[&OperationSnapshot]) -> Table {
    let mut table = Table::new(&[
        ("memory of a call", Align::Left, 0),
        ("allocations", Align::Right, 1),
        ("allocated", Align::Right, 0),
        ("net growth", Align::Right, 1),
        ("peak growth", Align::Right, 0),
        ("largest peak", Align::Right, 2),
    ]);
    for operation in operations {
        if operation.lifetime.metric("allocated").is_none() {
            continue;
        }
        let mean = |name: &str| number(operation, name, |metric| metric.mean);
        table.row(vec![
            label(&operation.label()),
            mean("allocations"),
            mean("allocated"),
            mean("net_growth"),
            mean("peak_growth"),
            number(operation, "peak_growth", |metric| metric.max),
        ]);
    }
    table
}

fn work(operations: &[&OperationSnapshot]) -> Table {
    let mut table = Table::new(&[
        ("work of a call", Align::Left, 0),
        ("CPU", Align::Right, 0),
        ("busy", Align::Right, 1),
        ("throughput", Align::Right, 0),
    ]);
    for operation in operations {
        let mean = |name: &str| number(operation, name, |metric| metric.mean);
        let cells = [
            mean("cpu_time"),
            mean("busy_time"),
            throughput(&operation.lifetime),
        ];
        if cells.iter().any(|cell| cell != NOTHING) {
            let name = label(&operation.label());
            table.row([vec![name], cells.to_vec()].concat());
        }
    }
    table
}

/// Items or bytes per second of the whole time, where calls declared them.
fn throughput(window: &WindowSnapshot) -> String {
    match (window.items_per_second, window.bytes_per_second) {
        (Some(items), _) => Unit::PerSecond.format(items, DIGITS),
        (None, bytes) => value(bytes, Unit::BytesPerSecond, DIGITS),
    }
}

/// How the calls of each operation ended, and how many have not.
fn ends(operations: &[&OperationSnapshot]) -> Table {
    let mut headings = vec![
        ("end of calls", Align::Left, 0),
        ("successful", Align::Right, 1),
        ("failed", Align::Right, 0),
        ("panicked", Align::Right, 0),
        ("cancelled", Align::Right, 0),
    ];
    if operations.iter().any(|o| o.calls_in_flight > 0) {
        headings.push(("in flight", Align::Right, 0));
    }
    let mut table = Table::new(&headings);
    for operation in operations {
        let calls = operation.lifetime.calls;
        let ends = [calls.success, calls.failure, calls.panic, calls.cancelled];
        let counts = ends.into_iter().chain([operation.calls_in_flight]);
        let cells = counts.map(|calls| Unit::Count.format(calls as f64, DIGITS));
        let name = label(&operation.label());
        table.row(
            [name]
                .into_iter()
                .chain(cells)
                .take(headings.len())
                .collect(),
        );
    }
    table
}

/// How long calls took by how they ended: who waits does not know that before.
fn times_by_end(operations: &[&OperationSnapshot]) -> Table {
    let mut table = Table::new(&[
        ("time by end", Align::Left, 0),
        ("calls", Align::Left, 0),
        ("timed", Align::Right, 1),
        ("mean", Align::Right, 1),
        ("median", Align::Right, 0),
        ("p95", Align::Right, 0),
        ("p99", Align::Right, 2),
        ("max", Align::Right, 3),
    ]);
    let has_failed = |o: &&&OperationSnapshot| o.lifetime.failure_time().is_some();
    for operation in operations.iter().filter(has_failed) {
        let calls = &operation.lifetime;
        let both = calls.execution_time().and(calls.call_time());
        let rows = [
            ("successful", calls.execution_time()),
            ("others", calls.failure_time()),
            ("all", both),
        ];
        for (of, time) in rows.into_iter().filter_map(|(of, time)| Some((of, time?))) {
            let number = |number| value(number, time.unit, DIGITS);
            table.row(vec![
                label(&operation.label()),
                of.to_owned(),
                Unit::Count.format(time.count as f64, DIGITS),
                number(time.mean),
                number(time.median),
                percentile(time.p95, time, DIGITS),
                percentile(time.p99, time, DIGITS),
                number(time.max),
            ]);
        }
    }
    table
}

fn errors(operations: &[&OperationSnapshot]) -> Table {
    let mut table = Table::new(&[
        ("failed operation", Align::Left, 0),
        ("failures", Align::Right, 0),
        ("kind", Align::Left, 1),
        ("latest", Align::Left, 2),
    ]);
    for operation in operations {
        for error in &operation.errors {
            let kind = if error.is_overflow {
                "other kinds"
            } else {
                &error.kind
            };
            table.row(vec![
                label(&operation.label()),
                Unit::Count.format(error.count as f64, DIGITS),
                shorten(kind, LONGEST_TEXT),
                shorten(&error.last_text, LONGEST_TEXT),
            ]);
        }
    }
    table
}
