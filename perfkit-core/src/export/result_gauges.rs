//! What the benchmarks, comparisons and gate of a report came to, as gauges, which knows no
//! format.

use std::collections::BTreeSet;
use std::time::UNIX_EPOCH;

use crate::report::{Benchmark, Comparison, Report};
use crate::stats;
use crate::unit::Unit;

use super::metric_table::result_attributes as of;
use super::metric_table::{
    BENCHMARK_DATA_RATE, BENCHMARK_RATE, BENCHMARK_RATIO, BENCHMARK_RUNS, BENCHMARK_SIZE,
    BENCHMARK_TIME, BENCHMARK_VALUE, COMPARISON_RATIO, COMPARISON_VERDICT, GATE_FINDING,
    GATE_VERDICT, MetricInfo, OUTCOME, REPORT_CREATED,
};

/// How sure the bounds of a number are.
const CONFIDENCE: f64 = 0.95;

/// One value of a metric.
pub(super) struct Gauge {
    pub(super) metric: &'static MetricInfo,
    pub(super) attributes: Vec<(&'static str, String)>,
    /// In the metric's unit.
    pub(super) value: f64,
}

/// The results of a report; nothing where it has operations alone. No two have the same
/// metric and attributes.
pub(super) fn gauges(report: &Report) -> Vec<Gauge> {
    if report.benchmarks.is_empty() && report.comparisons.is_empty() && report.gate.is_none() {
        return Vec::new();
    }
    let mut results = Results {
        revision: revision_of(report),
        gauges: Vec::new(),
        known: BTreeSet::new(),
    };
    let created = report.created.duration_since(UNIX_EPOCH);
    let created = created.map_or(0.0, |since| since.as_secs_f64());
    results.add(&REPORT_CREATED, &[], created);
    for benchmark in &report.benchmarks {
        results.add_benchmark(benchmark);
    }
    for comparison in &report.comparisons {
        results.add_comparison(comparison);
    }
    results.add_gate(report);
    results.gauges
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
        (of::COMMIT, format!("{}{dirty}", git.commit)),
        (of::BRANCH, git.branch.clone().unwrap_or_default()),
    ]
}

struct Results {
    /// Which state of the code all are of.
    revision: Vec<(&'static str, String)>,
    gauges: Vec<Gauge>,
    known: BTreeSet<(&'static str, Vec<(&'static str, String)>)>,
}

impl Results {
    fn add(
        &mut self,
        metric: &'static MetricInfo,
        attributes: &[(&'static str, &str)],
        value: f64,
    ) {
        let own = attributes.iter();
        let own = own.map(|(key, value)| (*key, (*value).to_owned()));
        let mut attributes: Vec<_> = own.chain(self.revision.iter().cloned()).collect();
        attributes.retain(|(_, value)| !value.is_empty());
        // Two of the same name that nothing tells apart: a series may stand there once.
        let plain = attributes.clone();
        let mut number = 1;
        while !self.known.insert((metric.name, attributes.clone())) {
            number += 1;
            attributes.clone_from(&plain);
            attributes.push((of::NUMBER, number.to_string()));
        }
        if value.is_finite() {
            self.gauges.push(Gauge {
                metric,
                attributes,
                value,
            });
        }
    }

    fn add_benchmark(&mut self, benchmark: &Benchmark) {
        let label = benchmark.label();
        let (successes, failures) = (benchmark.successes, benchmark.failures);
        for (outcome, runs) in [("success", successes), ("failure", failures)] {
            let attributes = [(of::BENCHMARK, &*label), (OUTCOME, outcome)];
            self.add(&BENCHMARK_RUNS, &attributes, runs as f64);
        }
        for (metric, summary) in &benchmark.metrics {
            let Some(typical) = summary.typical(CONFIDENCE) else {
                continue;
            };
            let low_and_high = typical
                .bounds
                .map(|(low, high)| [("low", low), ("high", high)]);
            let statistics = [(typical.statistic, typical.value)];
            let statistics = statistics
                .into_iter()
                .chain(low_and_high.into_iter().flatten());
            for (statistic, value) in statistics {
                let name = metric.name();
                self.add_value(summary.unit, [&label, name, statistic], value);
            }
        }
        let runs = successes.saturating_add(failures);
        if runs > 0 {
            let (low, high) = stats::proportion_bounds(successes, runs, CONFIDENCE);
            let rate = successes as f64 / runs as f64;
            for (statistic, value) in [("value", rate), ("low", low), ("high", high)] {
                self.add_value(Unit::Ratio, [&label, "success_rate", statistic], value);
            }
        }
    }

    fn add_value(&mut self, unit: Unit, [benchmark, metric, statistic]: [&str; 3], value: f64) {
        let info = match unit {
            Unit::Nanoseconds => &BENCHMARK_TIME,
            Unit::Bytes => &BENCHMARK_SIZE,
            Unit::PerSecond => &BENCHMARK_RATE,
            Unit::BytesPerSecond => &BENCHMARK_DATA_RATE,
            Unit::Ratio => &BENCHMARK_RATIO,
            Unit::Count | Unit::Score => &BENCHMARK_VALUE,
        };
        let attributes = [
            (of::BENCHMARK, benchmark),
            (of::METRIC, metric),
            (of::STATISTIC, statistic),
        ];
        self.add(info, &attributes, value / info.per_unit());
    }

    fn add_comparison(&mut self, comparison: &Comparison) {
        let baseline = comparison.baseline_label();
        let control = if comparison.is_control { "true" } else { "" };
        let with = |key, value| {
            [
                (of::BASELINE, &*baseline),
                (of::CANDIDATE, &*comparison.candidate),
                (of::METRIC, comparison.metric.name()),
                (key, value),
                (of::CONTROL, control),
            ]
        };
        if let Some(ratio) = comparison.ratio {
            for (statistic, value) in [
                ("estimate", ratio.estimate),
                ("low", ratio.low),
                ("high", ratio.high),
            ] {
                self.add(&COMPARISON_RATIO, &with(of::STATISTIC, statistic), value);
            }
        }
        let verdict = comparison.verdict.name();
        self.add(&COMPARISON_VERDICT, &with(of::VERDICT, verdict), 1.0);
    }

    fn add_gate(&mut self, report: &Report) {
        let Some(gate) = &report.gate else {
            return;
        };
        self.add(&GATE_VERDICT, &[(of::VERDICT, gate.outcome.name())], 1.0);
        for finding in &gate.findings {
            let attributes = [
                (of::SUBJECT, &*finding.subject),
                (of::RULE, &*finding.rule),
                (of::VERDICT, finding.outcome.name()),
            ];
            self.add(&GATE_FINDING, &attributes, 1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Environment;

    #[test]
    fn what_nothing_tells_apart_is_numbered() {
        let mut report = Report::new(Environment::detect("mock"));
        report.environment.git = None;
        report.benchmarks = vec![Benchmark::new("sort"); 2];
        let of_runs = gauges(&report).into_iter();
        let of_runs = of_runs.filter(|gauge| gauge.metric == &BENCHMARK_RUNS);
        let numbers: Vec<_> = of_runs
            .map(|gauge| gauge.attributes.get(2).cloned())
            .collect();
        let second = Some((of::NUMBER, "2".to_owned()));
        assert_eq!(numbers, [None, None, second.clone(), second]);
    }
}
