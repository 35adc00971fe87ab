//! Bounds relative to a baseline.

use perfkit::compare::{
    ComparisonSet, VerdictRules, compare_paired, compare_unpaired, compare_unpaired_operations,
};
use perfkit::report::{
    Benchmark, Comparison, GateFinding, GateOutcome, Note, NoteCode, Ratio, Report, Verdict,
};
use perfkit::unit::Unit;
use perfkit::{Direction, Metric};

use crate::input::{Regression, Scope};

use super::finding::{DIGITS, nothing_matched};

/// A regression rule on everything that it is for, with notes on what only one
/// side has.
pub(super) fn judge_regression(
    reports: &[Report],
    baseline: Option<&Report>,
    regression: &Regression,
    confidence: f64,
) -> (Vec<GateFinding>, Vec<Note>) {
    let rules = VerdictRules {
        confidence,
        same_confidence: confidence,
        ..VerdictRules::default()
    };
    let mut pairs = Pairs::default();
    for report in reports {
        match baseline {
            Some(baseline) => pairs.add_saved(report, baseline, regression, &rules),
            None => pairs.add_interleaved(report, regression, &rules),
        }
    }
    let limit = Unit::Ratio.format(regression.max_slowdown, DIGITS);
    let rule = match &regression.metric {
        None => format!("at most {limit} slower"),
        Some(metric) => format!("{metric} at most {limit} worse"),
    };
    if pairs.all.is_empty() {
        let mut finding = nothing_matched(&regression.scope, &rule);
        if baseline.is_none() {
            "there is no baseline to compare with: give one with --baseline, or measure one with --base"
                .clone_into(&mut finding.measured);
        } else if !pairs.notes.is_empty() {
            "report and baseline have none in common".clone_into(&mut finding.measured);
        }
        return (vec![finding], pairs.notes);
    }
    let finding = |pair| judge_pair(pair, &rule, regression);
    (pairs.all.into_iter().map(finding).collect(), pairs.notes)
}

/// Broken only when the whole interval is beyond the bound, and beyond what the
/// machine makes of one thing run against itself; holding only when the whole
/// interval is within the bound.
fn judge_pair(pair: Pair, rule: &str, regression: &Regression) -> GateFinding {
    let comparison = &pair.comparison;
    let (mut outcome, mut measured) = match (worsening(comparison), &comparison.exact) {
        (Some(ratio), _) => judge_ratio(&ratio, &pair, regression),
        (None, Some(values)) => {
            let message = format!(
                "{} was {} and is {}, in every run",
                comparison.metric, values.baseline, values.candidate
            );
            (judge_exactly(comparison.verdict), message)
        }
        (None, None) if comparison.direction == Direction::Unknown => {
            let message = format!("nobody said which values of {} are good", comparison.metric);
            (GateOutcome::Inconclusive, message)
        }
        (None, None) => {
            let message = format!(
                "too few values of {} for an interval, or none: `perfkit report -v` shows what was measured",
                comparison.metric
            );
            (GateOutcome::Inconclusive, message)
        }
    };
    if outcome == GateOutcome::Inconclusive && pair.is_known_same {
        outcome = GateOutcome::Pass;
        measured.push_str("; it is the same program");
    }
    GateFinding {
        subject: pair.subject,
        rule: rule.to_owned(),
        measured,
        outcome,
    }
}

fn judge_ratio(ratio: &Ratio, pair: &Pair, regression: &Regression) -> (GateOutcome, String) {
    let max_slowdown = regression.max_slowdown;
    let noise = pair.noise.filter(|noise| *noise > max_slowdown);
    let outcome = if ratio.low > 1.0 + noise.unwrap_or(max_slowdown) {
        GateOutcome::Fail
    } else if ratio.high <= 1.0 + max_slowdown {
        GateOutcome::Pass
    } else {
        GateOutcome::Inconclusive
    };
    // A metric is told as it is, whichever of its values are good.
    let (takes, times, told) = match (&regression.metric, &pair.comparison.ratio) {
        (Some(_), Some(ratio)) => ("", "times as much", ratio),
        _ => ("takes ", "times as long", ratio),
    };
    let mut measured = format!(
        "{takes}{:.3} {times} (between {:.3} and {:.3})",
        told.estimate, told.low, told.high
    );
    if let Some(noise) = noise {
        let noise = Unit::Ratio.format(noise, 2);
        measured.push_str(&format!("; run against itself, up to {noise} differ here"));
    }
    (outcome, measured)
}

/// Of values that never vary and of which no ratio can be taken, as zero allocations.
fn judge_exactly(verdict: Verdict) -> GateOutcome {
    match verdict {
        Verdict::Slower => GateOutcome::Fail,
        Verdict::Same | Verdict::Faster => GateOutcome::Pass,
        Verdict::Inconclusive => GateOutcome::Inconclusive,
    }
}

/// How many times as bad the candidate is.
fn worsening(comparison: &Comparison) -> Option<Ratio> {
    let ratio = comparison.ratio?;
    match comparison.direction {
        Direction::LowerIsBetter => Some(ratio),
        Direction::HigherIsBetter => Some(ratio.inverse()),
        Direction::Unknown => None,
    }
}

/// The comparison in a metric, by default in time; by throughput where another tool
/// measured only that.
fn compare_files(
    before: &Benchmark,
    after: &Benchmark,
    metric: Option<&Metric>,
    rules: &VerdictRules,
) -> Comparison {
    let both = |metric| before.metrics.contains_key(metric) && after.metrics.contains_key(metric);
    let is_by_throughput = !both(&Metric::WALL_TIME) && both(&Metric::THROUGHPUT);
    let usual = if is_by_throughput {
        Metric::THROUGHPUT
    } else {
        Metric::WALL_TIME
    };
    compare_unpaired(before, after, metric.unwrap_or(&usual), rules)
}

/// What a rule is for.
struct Pair {
    subject: String,
    comparison: Comparison,
    /// By how much things may differ from themselves, where that was measured.
    noise: Option<f64>,
    /// Whether both are one program.
    is_known_same: bool,
}

/// All that a rule is for, and what has no counterpart.
#[derive(Default)]
struct Pairs {
    all: Vec<Pair>,
    notes: Vec<Note>,
}

impl Pairs {
    /// The contestants of a comparison, each against its baseline.
    fn add_interleaved(&mut self, report: &Report, rule: &Regression, rules: &VerdictRules) {
        let Scope::Benchmark(pattern) = &rule.scope else {
            return;
        };
        let metric = rule.metric.as_ref().unwrap_or(&Metric::WALL_TIME);
        let set = ComparisonSet::of_report(report);
        let noise = set.noise(&report.benchmarks, metric);
        let is_known_same =
            |pair: &(usize, usize)| set.same_programs.iter().any(|(known, _)| known == pair);
        let sides = |pair: &(usize, usize)| {
            Some((
                report.benchmarks.get(pair.0)?,
                report.benchmarks.get(pair.1)?,
                is_known_same(pair),
            ))
        };
        let pairs = set.pairs.iter();
        let pairs = pairs.filter(|pair| !set.controls.contains(pair));
        let pairs = pairs.filter_map(sides);
        let before = self.all.len();
        for (baseline, candidate, is_known_same) in
            pairs.filter(|(_, after, _)| pattern.matches(&after.name))
        {
            self.all.push(Pair {
                subject: candidate.name.clone(),
                comparison: compare_paired(baseline, candidate, metric, rules),
                noise,
                is_known_same,
            });
        }
        let has_ratio = |pair: &Pair| pair.comparison.ratio.is_some();
        if noise.is_none() && self.all.iter().skip(before).any(has_ratio) {
            self.notes.push(Note::info(
                NoteCode::NoControl,
                "by how much this machine makes things differ from themselves was not measured: `perfkit compare --null` does",
            ));
        }
    }

    /// What both reports have.
    fn add_saved(
        &mut self,
        report: &Report,
        baseline: &Report,
        rule: &Regression,
        rules: &VerdictRules,
    ) {
        match &rule.scope {
            Scope::Benchmark(pattern) => self.add_common(
                (&baseline.benchmarks, &report.benchmarks),
                |benchmark| &benchmark.name,
                |name| pattern.matches(name),
                |before, after| compare_files(before, after, rule.metric.as_ref(), rules),
            ),
            Scope::Operation(pattern) => self.add_common(
                (&baseline.operations, &report.operations),
                |operation| &operation.name,
                |name| pattern.matches(name),
                |before, after| compare_unpaired_operations(before, after, rules),
            ),
        }
    }

    fn add_common<T>(
        &mut self,
        (before, after): (&[T], &[T]),
        name: impl Fn(&T) -> &str,
        is_meant: impl Fn(&str) -> bool,
        compare: impl Fn(&T, &T) -> Comparison,
    ) {
        for now in after.iter().filter(|now| is_meant(name(now))) {
            match before.iter().find(|then| name(then) == name(now)) {
                Some(then) => self.all.push(Pair {
                    subject: name(now).to_owned(),
                    comparison: compare(then, now),
                    noise: None,
                    is_known_same: false,
                }),
                None => {
                    let message = format!("{} is new: the baseline does not have it", name(now));
                    self.notes.push(Note::info(NoteCode::New, message));
                }
            }
        }
        for then in before.iter().filter(|then| is_meant(name(then))) {
            if !after.iter().any(|now| name(now) == name(then)) {
                let message = format!("{} is only in the baseline", name(then));
                self.notes.push(Note::info(NoteCode::Gone, message));
            }
        }
    }
}
