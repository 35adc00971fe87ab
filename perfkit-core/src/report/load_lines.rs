//! Operations under load, as plain text.

use std::fmt;

use crate::metric_summary::MetricSummary;
use crate::snapshot::OperationSnapshot;
use crate::text::printable;
use crate::unit::Unit;

use super::Report;

/// Significant digits of times.
const DIGITS: usize = 3;

/// What each load came to, before anything else.
pub(super) fn write_verdicts(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    for operation in &report.operations {
        if let Some(verdict) = operation.load_verdict() {
            writeln!(f, "{}: {verdict}", printable(&operation.name))?;
        }
    }
    Ok(())
}

/// Where response times come from, and of what kinds failures are.
pub(super) fn write(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    for operation in report.operations.iter().filter(|o| o.load.is_some()) {
        write_operation(f, operation)?;
    }
    Ok(())
}

fn write_operation(f: &mut fmt::Formatter<'_>, operation: &OperationSnapshot) -> fmt::Result {
    let name = printable(&operation.name);
    let calls = &operation.lifetime;
    let times = [
        ("response time, from when it was due", calls.call_time()),
        ("service time, from its start", calls.service_time()),
        ("schedule lag, between both", calls.schedule_lag()),
    ];
    for (what, time) in times {
        if let Some(time) = time {
            writeln!(f, "{name}: {what}: {}", percentiles(time))?;
        }
    }
    for error in &operation.errors {
        let count = Unit::Count.format(error.count as f64, DIGITS);
        let [kind, text] = [&error.kind, &error.last_text].map(|text| printable(text));
        writeln!(f, "{name}: {count} failed with {kind}: {text}")?;
    }
    Ok(())
}

fn percentiles(time: &MetricSummary) -> String {
    let show = |ns: Option<f64>| {
        ns.map_or_else(|| "-".to_owned(), |ns| Unit::Nanoseconds.format(ns, DIGITS))
    };
    format!(
        "median {}, p95 {}, p99 {}, p99.9 {}, max {}",
        show(time.median),
        show(time.p95),
        show(time.p99),
        show(time.p99_9),
        show(time.max)
    )
}
