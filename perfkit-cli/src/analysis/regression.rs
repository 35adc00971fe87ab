//! Bounds relative to a baseline.

use perfkit::Metric;
use perfkit::bench::{self, compare_interleaved, compare_saved, compare_saved_operations};
use perfkit::report::{Benchmark, GateFinding, GateOutcome, Note, Ratio, Report};
use perfkit::unit::Unit;

use crate::input::{Regression, Subject};

use super::finding::{DIGITS, nothing_matched};

/// A regression rule on everything that it is for, with notes on what only one
/// side has.
pub(super) fn judge_regression(
    reports: &[Report],
    baseline: Option<&Report>,
    regression: &Regression,
    confidence: f64,
) -> (Vec<GateFinding>, Vec<Note>) {
    let rules = bench::Rules {
        confidence,
        ..bench::Rules::default()
    };
    let mut pairs = Pairs::default();
    for report in reports {
        match baseline {
            Some(baseline) => pairs.add_saved(report, baseline, &regression.subject, &rules),
            None => pairs.add_interleaved(report, &regression.subject, &rules),
        }
    }
    let limit = Unit::Ratio.format(regression.max_slowdown, DIGITS);
    let rule = format!("at most {limit} slower");
    if pairs.ratios.is_empty() {
        let mut finding = nothing_matched(&regression.subject, &rule);
        if baseline.is_none() {
            "there is no baseline to compare with: give one with --baseline"
                .clone_into(&mut finding.measured);
        } else if !pairs.notes.is_empty() {
            "report and baseline have none in common".clone_into(&mut finding.measured);
        }
        return (vec![finding], pairs.notes);
    }
    let finding = |(name, ratio)| judge_ratio(name, ratio, &rule, regression.max_slowdown);
    (pairs.ratios.into_iter().map(finding).collect(), pairs.notes)
}

/// Broken only when the whole interval is beyond the bound, and holding only
/// when the whole interval is within it.
fn judge_ratio(
    subject: String,
    ratio: Option<Ratio>,
    rule: &str,
    max_slowdown: f64,
) -> GateFinding {
    let limit = 1.0 + max_slowdown;
    let outcome = match ratio {
        Some(ratio) if ratio.low > limit => GateOutcome::Fail,
        Some(ratio) if ratio.high <= limit => GateOutcome::Pass,
        _ => GateOutcome::Inconclusive,
    };
    let measured = match ratio {
        Some(ratio) => format!(
            "takes {:.3} times as long (between {:.3} and {:.3})",
            ratio.estimate, ratio.low, ratio.high
        ),
        None => "too few values for an interval".to_owned(),
    };
    GateFinding {
        subject,
        rule: rule.to_owned(),
        measured,
        outcome,
    }
}

/// How many times as long it takes; by throughput where another tool measured
/// only that.
fn slowdown(before: &Benchmark, after: &Benchmark, rules: &bench::Rules) -> Option<Ratio> {
    let both = |metric| before.metrics.contains_key(metric) && after.metrics.contains_key(metric);
    if both(&Metric::WALL_TIME) || !both(&Metric::THROUGHPUT) {
        return compare_saved(before, after, &Metric::WALL_TIME, rules).ratio;
    }
    let ratio = compare_saved(before, after, &Metric::THROUGHPUT, rules).ratio?;
    Some(Ratio {
        estimate: 1.0 / ratio.estimate,
        low: 1.0 / ratio.high,
        high: 1.0 / ratio.low,
        confidence: ratio.confidence,
    })
}

/// What a rule is for: ratios by name, and what has no counterpart.
#[derive(Default)]
struct Pairs {
    ratios: Vec<(String, Option<Ratio>)>,
    notes: Vec<Note>,
}

impl Pairs {
    /// The contestants of a comparison, each against its baseline.
    fn add_interleaved(&mut self, report: &Report, subject: &Subject, rules: &bench::Rules) {
        let Subject::Benchmark(pattern) = subject else {
            return;
        };
        let of_name = |name: &str| report.benchmarks.iter().find(|b| b.name == name);
        for comparison in &report.comparisons {
            let is_meant = comparison.interleaved
                && comparison.metric == Metric::WALL_TIME
                && pattern.matches(&comparison.candidate);
            let sides = of_name(&comparison.baseline).zip(of_name(&comparison.candidate));
            if let (true, Some((before, after))) = (is_meant, sides) {
                let compared = compare_interleaved(before, after, &Metric::WALL_TIME, rules);
                self.ratios.push((after.name.clone(), compared.ratio));
            }
        }
    }

    /// What both reports have.
    fn add_saved(
        &mut self,
        report: &Report,
        baseline: &Report,
        subject: &Subject,
        rules: &bench::Rules,
    ) {
        match subject {
            Subject::Benchmark(pattern) => self.add_common(
                (&baseline.benchmarks, &report.benchmarks),
                |benchmark| &benchmark.name,
                |name| pattern.matches(name),
                |before, after| slowdown(before, after, rules),
            ),
            Subject::Operation(pattern) => self.add_common(
                (&baseline.operations, &report.operations),
                |operation| &operation.name,
                |name| pattern.matches(name),
                |before, after| compare_saved_operations(before, after, rules).ratio,
            ),
        }
    }

    fn add_common<T>(
        &mut self,
        (before, after): (&[T], &[T]),
        name: impl Fn(&T) -> &str,
        is_meant: impl Fn(&str) -> bool,
        ratio: impl Fn(&T, &T) -> Option<Ratio>,
    ) {
        for now in after.iter().filter(|now| is_meant(name(now))) {
            match before.iter().find(|then| name(then) == name(now)) {
                Some(then) => self.ratios.push((name(now).to_owned(), ratio(then, now))),
                None => {
                    let message = format!("{} is new: the baseline does not have it", name(now));
                    self.notes.push(Note::info("new", message));
                }
            }
        }
        for then in before.iter().filter(|then| is_meant(name(then))) {
            if !after.iter().any(|now| name(now) == name(then)) {
                let message = format!("{} is only in the baseline", name(then));
                self.notes.push(Note::info("vanished", message));
            }
        }
    }
}
