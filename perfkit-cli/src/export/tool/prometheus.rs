//! The text formats of Prometheus, for the textfile collector of node_exporter: operations as
//! a running program exposes them, and what benchmarks, comparisons and a gate came to.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::UNIX_EPOCH;

use perfkit::Report;
use perfkit::prometheus::TextFormat;
use perfkit::report::{Benchmark, Comparison, GateOutcome, Verdict};
use perfkit::unit::Unit;

use crate::error::Error;
use crate::text::{printable, shorten};

use super::common::lacks;
use super::measure::{self, Measure};

/// The longest value of a label, in columns.
const LONGEST: usize = 300;

/// The report's results as text.
pub(crate) fn render(report: &Report, format: TextFormat) -> Result<String, Error> {
    let has_results =
        !report.benchmarks.is_empty() || !report.comparisons.is_empty() || report.gate.is_some();
    if report.operations.is_empty() && !has_results {
        return Err(lacks("results"));
    }
    let mut text = format.render(&report.operations);
    if has_results {
        // The mark of the end stands after everything.
        let end = if text.ends_with("# EOF\n") {
            "# EOF\n"
        } else {
            ""
        };
        text.truncate(text.len() - end.len());
        text += &results(report).text();
        text += end;
    }
    // A label has no escape for what CI services take for a command, so that it is spelt in
    // another way, as everywhere.
    Ok(text.replace("##[", "##(").replace("##vso[", "##vso("))
}

/// Gauges by name, each with its help and its series.
struct Gauges {
    /// Labels that every series has: which state of the code the numbers are of.
    revision: Vec<(&'static str, String)>,
    families: BTreeMap<&'static str, Family>,
}

struct Family {
    help: &'static str,
    /// By labels, as they stand between braces.
    series: BTreeMap<String, f64>,
}

impl Gauges {
    fn add(
        &mut self,
        (name, help): (&'static str, &'static str),
        labels: &[(&str, &str)],
        value: f64,
    ) {
        let labels = labels.iter().copied();
        let revision = self.revision.iter().map(|(key, value)| (*key, &**value));
        let mut text = String::new();
        for (key, value) in labels
            .chain(revision)
            .filter(|(_, value)| !value.is_empty())
        {
            let comma = if text.is_empty() { "" } else { "," };
            // Writing to a string cannot fail.
            let _ = write!(text, "{comma}{key}=\"{}\"", escape(value));
        }
        let series = BTreeMap::new();
        let family = self.families.entry(name).or_insert(Family { help, series });
        // Two of the same name that nothing tells apart: a series may stand there once.
        let mut key = text.clone();
        let mut number = 1;
        while family.series.contains_key(&key) {
            number += 1;
            key = format!("{text},number=\"{number}\"");
        }
        family.series.insert(key, value);
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for (name, family) in &self.families {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "# HELP {name} {}\n# TYPE {name} gauge", family.help);
            for (labels, value) in &family.series {
                let braces = match labels.as_str() {
                    "" => String::new(),
                    labels => format!("{{{labels}}}"),
                };
                let _ = writeln!(text, "{name}{braces} {value}");
            }
        }
        text
    }
}

/// A label's value as it stands between quotes. Line breaks are spaces by then.
fn escape(value: &str) -> String {
    let shown = shorten(&printable(value), LONGEST);
    shown.replace('\\', r"\\").replace('"', r#"\""#)
}

fn results(report: &Report) -> Gauges {
    let mut gauges = Gauges {
        revision: revision_of(report),
        families: BTreeMap::new(),
    };
    let created = report.created.duration_since(UNIX_EPOCH);
    gauges.add(
        (
            "perfkit_report_created_timestamp_seconds",
            "When the report was made, in seconds since 1970.",
        ),
        &[],
        created.map_or(0.0, |since| since.as_secs_f64()),
    );
    for benchmark in &report.benchmarks {
        add_benchmark(&mut gauges, benchmark);
    }
    for comparison in &report.comparisons {
        add_comparison(&mut gauges, comparison);
    }
    add_gate(&mut gauges, report);
    gauges
}

/// The commit, as `git describe` marks it where files differ from it, and the branch.
fn revision_of(report: &Report) -> Vec<(&'static str, String)> {
    let Some(git) = &report.environment.git else {
        return Vec::new();
    };
    let dirty = match git.dirty {
        Some(true) => "-dirty",
        _ => "",
    };
    vec![
        ("commit", format!("{}{dirty}", git.commit)),
        ("branch", git.branch.clone().unwrap_or_default()),
    ]
}

fn add_benchmark(gauges: &mut Gauges, benchmark: &Benchmark) {
    let label = benchmark.label();
    for (outcome, runs) in [
        ("success", benchmark.successes),
        ("failure", benchmark.failures),
    ] {
        let labels = [("benchmark", &*label), ("outcome", outcome)];
        let runs_of = ("perfkit_benchmark_runs", "Counted runs by how they ended.");
        gauges.add(runs_of, &labels, runs as f64);
    }
    for measure in measure::of_benchmark(benchmark).measures {
        add_measure(gauges, &label, &measure);
    }
}

fn add_measure(gauges: &mut Gauges, benchmark: &str, measure: &Measure<'_>) {
    let (family, divisor) = family_of(measure.unit);
    let mut add = |statistic, value: f64| {
        let labels = [
            ("benchmark", benchmark),
            ("metric", measure.metric),
            ("statistic", statistic),
        ];
        gauges.add(family, &labels, value / divisor);
    };
    add(measure.statistic, measure.value);
    if let Some((low, high)) = measure.bounds {
        add("low", low);
        add("high", high);
    }
}

/// A family has one unit, which is the end of its name, and base units are Prometheus' own.
fn family_of(unit: Unit) -> ((&'static str, &'static str), f64) {
    match unit {
        Unit::Nanoseconds => (
            (
                "perfkit_benchmark_seconds",
                "Times of a benchmark, with the bounds of a 95 % interval.",
            ),
            1e9,
        ),
        Unit::Bytes => (
            (
                "perfkit_benchmark_bytes",
                "Sizes of a benchmark, with the bounds of a 95 % interval.",
            ),
            1.0,
        ),
        Unit::BytesPerSecond => (
            (
                "perfkit_benchmark_bytes_per_second",
                "Data rates of a benchmark, with the bounds of a 95 % interval.",
            ),
            1.0,
        ),
        Unit::PerSecond => (
            (
                "perfkit_benchmark_per_second",
                "Rates of a benchmark, with the bounds of a 95 % interval.",
            ),
            1.0,
        ),
        Unit::Ratio => (
            (
                "perfkit_benchmark_ratio",
                "Shares of a benchmark, with the bounds of a 95 % interval.",
            ),
            1.0,
        ),
        _ => (
            (
                "perfkit_benchmark_value",
                "Counts and scores of a benchmark, with the bounds of a 95 % interval.",
            ),
            1.0,
        ),
    }
}

fn add_comparison(gauges: &mut Gauges, comparison: &Comparison) {
    let baseline = comparison.baseline_label();
    let of = |key, value| {
        [
            ("baseline", &*baseline),
            ("candidate", &*comparison.candidate),
            ("metric", comparison.metric.name()),
            (key, value),
            ("control", if comparison.is_control { "true" } else { "" }),
        ]
    };
    if let Some(ratio) = comparison.ratio {
        let name = (
            "perfkit_comparison_ratio",
            "Candidate over baseline, with the bounds of its interval.",
        );
        for (statistic, value) in [
            ("estimate", ratio.estimate),
            ("low", ratio.low),
            ("high", ratio.high),
        ] {
            gauges.add(name, &of("statistic", statistic), value);
        }
    }
    let verdict = match comparison.verdict {
        Verdict::Faster => "faster",
        Verdict::Slower => "slower",
        Verdict::Same => "same",
        Verdict::Inconclusive => "inconclusive",
    };
    let name = (
        "perfkit_comparison_verdict",
        "1 for what a comparison says of the candidate.",
    );
    gauges.add(name, &of("verdict", verdict), 1.0);
}

fn add_gate(gauges: &mut Gauges, report: &Report) {
    let Some(gate) = &report.gate else {
        return;
    };
    let whole = ("perfkit_gate_verdict", "1 for what the gate came to.");
    gauges.add(whole, &[("verdict", outcome_word(gate.outcome))], 1.0);
    let one = (
        "perfkit_gate_finding",
        "1 for what a rule came to on a benchmark or an operation.",
    );
    for finding in &gate.findings {
        let labels = [
            ("subject", &*finding.subject),
            ("rule", &*finding.rule),
            ("verdict", outcome_word(finding.outcome)),
        ];
        gauges.add(one, &labels, 1.0);
    }
}

/// As in the report's file.
fn outcome_word(outcome: GateOutcome) -> &'static str {
    match outcome {
        GateOutcome::Fail => "fail",
        GateOutcome::RuleAtFault => "rule_at_fault",
        GateOutcome::DataAtFault => "data_at_fault",
        GateOutcome::Inconclusive => "inconclusive",
        GateOutcome::Warn => "warn",
        GateOutcome::Waived => "waived",
        GateOutcome::Pass => "pass",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_that_nothing_tells_apart_are_numbered() {
        let mut gauges = Gauges {
            revision: vec![("commit", "c".to_owned()), ("branch", String::new())],
            families: BTreeMap::new(),
        };
        for value in [1.0, 2.5] {
            gauges.add(("name", "Help."), &[("key", "a\\\"\n")], value);
        }
        let expected = "# HELP name Help.\n# TYPE name gauge\n\
            name{key=\"a\\\\\\\" \",commit=\"c\"} 1\n\
            name{key=\"a\\\\\\\" \",commit=\"c\",number=\"2\"} 2.5\n";
        assert_eq!(gauges.text(), expected);
    }
}
