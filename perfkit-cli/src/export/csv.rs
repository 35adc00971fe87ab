//! For spreadsheets and scripts: one line per metric, in base units.

use std::fmt::Display;
use std::io;

use perfkit::report::Gate;
use perfkit::unit::Unit;
use perfkit::{
    Calls, CounterSnapshot, GaugeSnapshot, GaugeWindow, Metric, MetricSummary, RatioSnapshot,
    Report,
};

use crate::error::Error;
use crate::text::{printable, shorten};

use super::layout::{Layout, Named, only};

const HEADINGS: [&str; 13] = [
    "kind", "name", "metric", "unit", "count", "mean", "std_dev", "min", "median", "p95", "p99",
    "p99.9", "max",
];

const GATE_HEADINGS: [&str; 4] = ["outcome", "subject", "rule", "measured"];

/// Every metric of every benchmark and operation, counters, ratios and gauges; of a gate,
/// every finding.
/// Where there is none, nothing but the headings.
pub(super) fn render(reports: &[Named<'_>], _: Layout<'_>) -> Result<String, Error> {
    let mut bytes = Vec::new();
    write(only(reports)?, &mut bytes)?;
    String::from_utf8(bytes).map_err(|error| failed(&error))
}

/// The same, one line at a time: there may be hundreds of thousands of them. A reader that went
/// away is no error.
pub(super) fn write(report: &Report, to: &mut impl io::Write) -> Result<(), Error> {
    let lines: Box<dyn Iterator<Item = Vec<String>>> = match &report.gate {
        Some(gate) => Box::new(findings(gate).into_iter()),
        None => Box::new(metrics(report)),
    };
    let mut writer = csv::Writer::from_writer(to);
    let write = |line| writer.write_record(line).map_err(cause);
    let written = { lines }.try_for_each(write);
    match written.and_then(|()| writer.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(failed(&error)),
        _ => Ok(()),
    }
}

/// What the system said, if it said something.
fn cause(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(cause) => cause,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn failed(error: &dyn Display) -> Error {
    Error::data(format!("cannot write CSV: {error}"))
}

fn findings(gate: &Gate) -> Vec<Vec<String>> {
    let mut lines = vec![GATE_HEADINGS.map(str::to_owned).to_vec()];
    lines.extend(gate.findings.iter().map(|finding| {
        let texts = [&finding.subject, &finding.rule, &finding.measured];
        std::iter::once(finding.outcome.name().to_owned())
            .chain(texts.map(|text| inert(text)))
            .collect()
    }));
    lines
}

fn metrics(report: &Report) -> impl Iterator<Item = Vec<String>> {
    let headings = std::iter::once(HEADINGS.map(str::to_owned).to_vec());
    let benchmarks = report.benchmarks.iter();
    let benchmarks = benchmarks.map(|b| ("benchmark", b.label(), &b.metrics));
    let operations = || report.operations.iter().map(|o| (o.label(), &o.lifetime));
    let of_calls = operations().map(|(name, window)| ("operation", name, &window.metrics));
    let of_metrics = benchmarks
        .chain(of_calls)
        .flat_map(|(kind, name, metrics)| {
            let of_metric =
                move |(metric, summary): (&Metric, _)| line(kind, &name, metric.name(), summary);
            metrics.iter().map(of_metric)
        });
    let of_ends = operations().flat_map(|(name, window)| ends(&name, window.calls));
    let of_ends = headings.chain(of_metrics).chain(of_ends);
    let counters = report.counters.iter().flat_map(counter_lines);
    let ratios = report.ratios.iter().map(ratio_line);
    let gauges = report.gauges.iter().flat_map(gauge_lines);
    of_ends.chain(counters).chain(ratios).chain(gauges)
}

/// A line of the kind of something that is counted, with a count and a mean.
fn count_line(
    [kind, name, metric, unit]: [&str; 4],
    count: impl Display,
    mean: Option<f64>,
) -> Vec<String> {
    let mean = mean.map(|mean| mean.to_string()).unwrap_or_default();
    let texts = [kind, &inert(name), metric, unit].map(str::to_owned);
    let mut line = texts.to_vec();
    line.extend([count.to_string(), mean]);
    line.resize(HEADINGS.len(), String::new());
    line
}

/// The total is the count, and the number in a second the mean.
fn counter_lines(counter: &CounterSnapshot) -> [Vec<String>; 2] {
    let windows = [
        ("total", &counter.lifetime),
        ("last_period_total", &counter.last_period),
    ];
    windows.map(|(metric, window)| {
        let unit = counter.unit.symbol();
        let texts = ["counter", &counter.name, metric, unit];
        count_line(texts, window.total, window.per_second)
    })
}

/// The denominator is the count, and the ratio the mean.
fn ratio_line(ratio: &RatioSnapshot) -> Vec<String> {
    let unit = Unit::Ratio.symbol();
    let texts = ["ratio", &ratio.name, "value", unit];
    count_line(texts, ratio.lifetime.of, ratio.lifetime.value)
}

/// The value at the end is a mean of its own; the others are over time.
fn gauge_lines(gauge: &GaugeSnapshot) -> [Vec<String>; 3] {
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let texts = |metric| ["gauge", gauge.name.as_str(), metric, gauge.unit.symbol()];
    let of_window = |metric, window: &GaugeWindow| {
        let mut line = count_line(texts(metric), "", window.mean);
        // Below `min` and `max`.
        line[7] = number(window.min);
        line[12] = number(window.max);
        line
    };
    [
        count_line(texts("value"), gauge.updates, gauge.value),
        of_window("over_time", &gauge.lifetime),
        of_window("last_period", &gauge.last_period),
    ]
}

/// A line with the number of calls for each way to end.
fn ends(name: &str, calls: Calls) -> Vec<Vec<String>> {
    let ends = [
        ("successes", calls.success),
        ("failures", calls.failure),
        ("panics", calls.panic),
        ("cancellations", calls.cancelled),
    ];
    let line = |(end, calls): (&str, u64)| {
        let mut line = vec!["operation".to_owned(), inert(name), end.to_owned()];
        line.extend([String::new(), calls.to_string()]);
        line.resize(HEADINGS.len(), String::new());
        line
    };
    ends.map(line).to_vec()
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

/// The longest text, in columns.
const LONGEST_TEXT: usize = 1000;

/// Text that neither a terminal nor a spreadsheet takes for an instruction: some
/// of them look for a formula behind spaces, and take the full-width signs of
/// Chinese and Japanese for the others.
fn inert(text: &str) -> String {
    let text = shorten(&printable(text), LONGEST_TEXT);
    let first = text.trim_start().chars().next();
    let signs = [
        '=', '+', '-', '@', '＝', '＋', '－', '＠', '|', '%', '\u{FFFD}',
    ];
    if first.is_some_and(|first| signs.contains(&first)) {
        format!("'{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Detail;
    use perfkit::report::{Benchmark, Environment};

    #[test]
    fn a_name_is_quoted_and_no_formula() {
        let mut report = Report::new(Environment::detect("mock"));
        for name in ["=1+1", "a,\"b\"", " \t＝1"] {
            let mut benchmark = Benchmark::new(name);
            let summary = MetricSummary::from_samples(Unit::Nanoseconds, vec![1.5, 2.5]);
            benchmark.metrics.insert(Metric::WALL_TIME, summary);
            report.benchmarks.push(benchmark);
        }
        let layout = Layout {
            view: Detail::Usual.into(),
            width: None,
        };
        let text = render(&[("", &report)], layout).unwrap();
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines[0],
            "benchmark,'=1+1,wall_time,ns,2,2,0.7071067811865476,1.5,1.5,,,,2.5"
        );
        assert!(lines[1].starts_with("benchmark,\"a,\"\"b\"\"\",wall_time,"));
        assert!(lines[2].starts_with("benchmark,'  ＝1,wall_time,"));
    }
}
