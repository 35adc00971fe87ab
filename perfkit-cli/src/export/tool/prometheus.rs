//! The text formats of Prometheus, for the textfile collector of node_exporter: operations,
//! counters and gauges as a running program exposes them, and what benchmarks, comparisons and a gate came to.

use perfkit::Report;
use perfkit::prometheus::TextFormat;

use crate::error::Error;

use super::common::lacks;

/// The report's results as text.
pub(crate) fn render(report: &Report, format: TextFormat) -> Result<String, Error> {
    let has_results =
        !report.benchmarks.is_empty() || !report.comparisons.is_empty() || report.gate.is_some();
    let has_recorded =
        !report.operations.is_empty() || !report.counters.is_empty() || !report.gauges.is_empty();
    if !has_recorded && !has_results {
        return Err(lacks("results"));
    }
    let text = format.render_report(report);
    // A label has no escape for what CI services take for a command, so that it is spelt in
    // another way, as everywhere.
    Ok(text.replace("##[", "##(").replace("##vso[", "##vso("))
}
