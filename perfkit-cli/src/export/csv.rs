//! For spreadsheets and scripts: one line per metric, in base units.

use perfkit::{MetricSummary, Report};

use crate::error::Error;

const HEADINGS: [&str; 13] = [
    "kind", "name", "metric", "unit", "count", "mean", "std_dev", "min", "median", "p95", "p99",
    "p99.9", "max",
];

/// Every metric of every benchmark and operation.
pub(super) fn render(report: &Report) -> Result<String, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| Error::data(format!("cannot write CSV: {error}"));
    writer.write_record(HEADINGS).map_err(failed)?;
    for benchmark in &report.benchmarks {
        for (metric, summary) in &benchmark.metrics {
            let line = line("benchmark", &benchmark.name, metric.name(), summary);
            writer.write_record(line).map_err(failed)?;
        }
    }
    for operation in &report.operations {
        for (metric, summary) in &operation.lifetime.metrics {
            let line = line("operation", &operation.name, metric.name(), summary);
            writer.write_record(line).map_err(failed)?;
        }
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| Error::data(format!("cannot write CSV: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn line(kind: &str, name: &str, metric: &str, summary: &MetricSummary) -> Vec<String> {
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    vec![
        kind.to_owned(),
        inert(name),
        inert(metric),
        summary.unit.symbol().to_owned(),
        summary.count.to_string(),
        number(summary.mean),
        number(summary.std_dev),
        number(summary.min),
        number(summary.median),
        number(summary.p95),
        number(summary.p99),
        number(summary.p99_9),
        number(summary.max),
    ]
}

/// A name that a spreadsheet does not take for a formula.
fn inert(name: &str) -> String {
    if name.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{name}")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use perfkit::Metric;
    use perfkit::report::{Benchmark, Environment};
    use perfkit::unit::Unit;

    #[test]
    fn a_name_is_quoted_and_no_formula() {
        let mut report = Report::new(Environment::detect("mock"));
        for name in ["=1+1", "a,\"b\""] {
            let mut benchmark = Benchmark::new(name);
            let summary = MetricSummary::from_samples(Unit::Nanoseconds, vec![1.5, 2.5]);
            benchmark.metrics.insert(Metric::WALL_TIME, summary);
            report.benchmarks.push(benchmark);
        }
        let text = render(&report).unwrap();
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines[0],
            "benchmark,'=1+1,wall_time,ns,2,2,0.7071067811865476,1.5,1.5,,,,2.5"
        );
        assert!(lines[1].starts_with("benchmark,\"a,\"\"b\"\"\",wall_time,"));
    }
}
