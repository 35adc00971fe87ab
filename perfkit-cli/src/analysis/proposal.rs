//! Budgets for what a report measured, with headroom: the strictest of some bounds that the
//! report itself keeps.

use perfkit::report::{GateOutcome, Report};
use perfkit::text::is_invisible;
use perfkit::unit::Unit;
use perfkit::{Metric, MetricSummary};
use toml::value::Date;

use crate::input::ConfigFile;

use super::gate::{gate_of, judge};
use super::sides::own_operations;

/// As many things get a budget: more is no proposal that anybody reads.
const MOST_PROPOSALS: usize = 40;

/// By how much a bound on times may exceed what was measured, the least first.
const HEADROOM: [f64; 4] = [1.5, 2.0, 3.0, 5.0];

/// The bounds on rates, the strictest first.
const RATES: [&str; 7] = ["99.99%", "99.9%", "99.5%", "99%", "98%", "95%", "90%"];

/// Significant digits of what was measured.
const DIGITS: usize = 3;

/// No rule is waived here, and so no day counts.
const ANY_DAY: Date = Date {
    year: 2000,
    month: 1,
    day: 1,
};

/// What is proposed of a report.
#[derive(Debug, Default)]
pub(crate) struct Proposals {
    pub(crate) budgets: Vec<ProposedBudget>,
    /// What keeps none of the bounds, as the scope of a budget.
    pub(crate) without_bounds: Vec<String>,
    /// How many things got none because there are too many.
    pub(crate) left_out: usize,
}

/// A budget for one operation or benchmark.
#[derive(Debug, PartialEq)]
pub(crate) struct ProposedBudget {
    /// `operation = "…"` or `benchmark = "…"`.
    pub(crate) scope: String,
    pub(crate) bounds: Vec<ProposedBound>,
}

/// A bound as it stands in the configuration, and what it was taken from.
#[derive(Debug, PartialEq)]
pub(crate) struct ProposedBound {
    /// `p95 = "< 15 ms"`
    pub(crate) bound: String,
    pub(crate) measured: String,
}

/// One thing that was measured.
struct Measured<'a> {
    kind: &'static str,
    name: &'a str,
    times: Option<&'a MetricSummary>,
    successes: u64,
    all: u64,
}

/// Budgets for the operations and benchmarks of a report, those with the most calls first.
pub(crate) fn propose(report: &Report) -> Proposals {
    let operations = own_operations(report).map(|operation| Measured {
        kind: "operation",
        name: &operation.name,
        times: operation.lifetime.execution_time(),
        successes: operation.lifetime.calls.success,
        all: operation.lifetime.calls.total(),
    });
    let benchmarks = report.own_benchmarks().map(|benchmark| Measured {
        kind: "benchmark",
        name: &benchmark.name,
        times: benchmark.metrics.get(&Metric::WALL_TIME),
        successes: benchmark.successes,
        all: benchmark.successes.saturating_add(benchmark.failures),
    });
    // A budget is for the one kind or the other, and so is a report.
    let mut measured: Vec<Measured<'_>> = operations.collect();
    if measured.is_empty() {
        measured = benchmarks.collect();
    }
    measured.sort_by(|a, b| b.all.cmp(&a.all).then_with(|| a.name.cmp(b.name)));
    let left_out = measured.len().saturating_sub(MOST_PROPOSALS);
    measured.truncate(MOST_PROPOSALS);
    let budgets = measured.iter().map(|one| budget(one, report));
    let (budgets, without): (Vec<_>, Vec<_>) = budgets.partition(|one| !one.bounds.is_empty());
    Proposals {
        budgets,
        without_bounds: without.into_iter().map(|one| one.scope).collect(),
        left_out,
    }
}

/// All bounds that are kept, which may be none.
fn budget(measured: &Measured<'_>, report: &Report) -> ProposedBudget {
    let scope = format!("{} = {}", measured.kind, quoted(measured.name));
    let keeps = |bound: &String| is_kept(&scope, bound, report);
    let bounds = [time(measured, keeps), rate(measured, keeps)];
    let bounds = bounds.into_iter().flatten().collect();
    ProposedBudget { scope, bounds }
}

/// A bound on the highest percentile that the sample supports, or on the longest.
fn time(measured: &Measured<'_>, keeps: impl Fn(&String) -> bool) -> Option<ProposedBound> {
    let times = measured.times?;
    let statistics = [
        ("p95", times.p95),
        ("median", times.median),
        ("max", times.max),
    ];
    let candidates = statistics.into_iter().flat_map(|(key, value)| {
        let bounds = HEADROOM.map(|headroom| {
            let value = value.filter(|value| *value > 0.0)?;
            let bound = rounded_up(value * headroom);
            let bound = times.unit.format(bound, 2);
            Some((format!("{key} = \"< {bound}\""), value))
        });
        bounds.into_iter().flatten()
    });
    let mut kept = candidates.into_iter().filter(|(bound, _)| keeps(bound));
    let (bound, value) = kept.next()?;
    let value = times.unit.format(value, DIGITS);
    let runs = Unit::Count.format(times.count as f64, DIGITS);
    Some(ProposedBound {
        bound,
        measured: format!("{value}, n = {runs}"),
    })
}

/// A bound on the share of successes.
fn rate(measured: &Measured<'_>, keeps: impl Fn(&String) -> bool) -> Option<ProposedBound> {
    let bounds = RATES.map(|rate| format!("success_rate = \">= {rate}\""));
    let bound = bounds.into_iter().find(keeps)?;
    let count = |count: u64| Unit::Count.format(count as f64, DIGITS);
    Some(ProposedBound {
        bound,
        measured: format!("{} of {}", count(measured.successes), count(measured.all)),
    })
}

/// Whether the report keeps a bound, as the gate would decide it.
fn is_kept(scope: &str, bound: &str, report: &Report) -> bool {
    let text = format!("[[budget]]\n{scope}\n{bound}\n");
    let Ok(rules) = ConfigFile::of_text(text).rules() else {
        return false;
    };
    let reports = std::slice::from_ref(report);
    let findings = judge(reports, None, &rules, ANY_DAY).findings();
    gate_of(findings, rules.inconclusive).outcome == GateOutcome::Pass
}

/// To two significant digits.
fn rounded_up(value: f64) -> f64 {
    let step = 10_f64.powf(value.log10().floor() - 1.0);
    (value / step).ceil() * step
}

/// A name as TOML has it. What is not to be seen is written as a number.
fn quoted(name: &str) -> String {
    let character = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if is_invisible(c) => format!("\\U{:08X}", c as u32),
        c => c.to_string(),
    };
    format!("\"{}\"", name.chars().map(character).collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use perfkit::{MockClock, Monitor};

    use super::*;

    fn report(calls: &[(&str, u64)]) -> Report {
        let clock = MockClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        for (name, calls) in calls {
            for call in 0..*calls {
                monitor.measure(name, || {
                    clock.advance(Duration::from_micros(1000 + call % 100));
                });
            }
        }
        Report::from_snapshot(monitor.snapshot())
    }

    fn bounds(report: &Report) -> Vec<Vec<String>> {
        let proposed = propose(report).budgets.into_iter();
        let bounds = |budget: ProposedBudget| budget.bounds.into_iter().map(|b| b.bound).collect();
        proposed.map(bounds).collect()
    }

    #[test]
    fn bounds_are_on_what_the_sample_supports() {
        let all = bounds(&report(&[("often", 1000), ("some", 20), ("once", 1)]));
        assert_eq!(
            all[0],
            ["p95 = \"< 1.7 ms\"", "success_rate = \">= 99.5%\""]
        );
        assert_eq!(all[1], ["median = \"< 1.6 ms\""]);
        assert_eq!(all[2], ["max = \"< 1.5 ms\""]);
    }

    #[test]
    fn what_keeps_no_bound_is_named() {
        let monitor = Monitor::with_clock(MockClock::new());
        for _ in 0..3 {
            let _ = monitor.try_measure("fails\nalways", || Err::<(), _>("down"));
        }
        let proposals = propose(&Report::from_snapshot(monitor.snapshot()));
        assert!(proposals.budgets.is_empty());
        let named = ["operation = \"fails\\U0000000Aalways\""];
        assert_eq!(proposals.without_bounds, named);
    }

    #[test]
    fn more_than_anybody_reads_is_left_out() {
        let names: Vec<String> = (0..50)
            .map(|number| format!("operation {number}"))
            .collect();
        let calls: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 1)).collect();
        let proposals = propose(&report(&calls));
        assert_eq!((proposals.budgets.len(), proposals.left_out), (40, 10));
    }

    #[test]
    fn hostile_names_are_text_and_match_themselves() {
        let hostile = "a\"]\n[[budget]]\\ \u{202e}\u{7f}*";
        let proposals = propose(&report(&[(hostile, 1000)]));
        let budget = &proposals.budgets[0];
        assert_eq!(budget.bounds.len(), 2);
        assert!(!budget.scope.contains(is_invisible), "{}", budget.scope);
        let table: toml::Table = toml::from_str(&budget.scope).unwrap();
        assert_eq!(table["operation"].as_str(), Some(hostile));
    }

    #[test]
    fn bounds_are_rounded_up() {
        assert_eq!(rounded_up(1501.0).round() as u64, 1600);
        assert_eq!(rounded_up(9.95).round() as u64, 10);
    }

    #[test]
    fn a_report_without_results_has_no_budgets() {
        assert!(propose(&report(&[])).budgets.is_empty());
    }
}
