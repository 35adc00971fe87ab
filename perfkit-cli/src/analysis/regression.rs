//! Bounds relative to a baseline.

use perfkit::Metric;
use perfkit::bench::{self, Family, compare_interleaved, compare_saved, compare_saved_operations};
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
        same_confidence: confidence,
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
            "there is no baseline to compare with: give one with --baseline, or measure one with --base"
                .clone_into(&mut finding.measured);
        } else if !pairs.notes.is_empty() {
            "report and baseline have none in common".clone_into(&mut finding.measured);
        }
        return (vec![finding], pairs.notes);
    }
    let finding = |pair| judge_pair(pair, &rule, regression.max_slowdown);
    (pairs.ratios.into_iter().map(finding).collect(), pairs.notes)
}

/// Broken only when the whole interval is beyond the bound, and beyond what the
/// machine makes of one thing run against itself; holding only when the whole
/// interval is within the bound.
fn judge_pair(pair: Pair, rule: &str, max_slowdown: f64) -> GateFinding {
    let Pair {
        subject,
        ratio,
        noise,
    } = pair;
    let noise = noise.filter(|noise| *noise > max_slowdown);
    let outcome = match ratio {
        Some(ratio) if ratio.low > 1.0 + noise.unwrap_or(max_slowdown) => GateOutcome::Fail,
        Some(ratio) if ratio.high <= 1.0 + max_slowdown => GateOutcome::Pass,
        _ => GateOutcome::Inconclusive,
    };
    let mut measured = match ratio {
        Some(ratio) => format!(
            "takes {:.3} times as long (between {:.3} and {:.3})",
            ratio.estimate, ratio.low, ratio.high
        ),
        None => "too few values for an interval".to_owned(),
    };
    if let Some(noise) = noise {
        let noise = Unit::Ratio.format(noise, 2);
        measured.push_str(&format!("; run against itself, up to {noise} differ here"));
    }
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

/// What a rule is for.
struct Pair {
    subject: String,
    ratio: Option<Ratio>,
    /// By how much things may differ from themselves, where that was measured.
    noise: Option<f64>,
}

/// All that a rule is for, and what has no counterpart.
#[derive(Default)]
struct Pairs {
    ratios: Vec<Pair>,
    notes: Vec<Note>,
}

impl Pairs {
    /// The contestants of a comparison, each against its baseline.
    fn add_interleaved(&mut self, report: &Report, subject: &Subject, rules: &bench::Rules) {
        let Subject::Benchmark(pattern) = subject else {
            return;
        };
        let family = Family::of_report(report);
        let noise = family.noise(&report.benchmarks, &Metric::WALL_TIME);
        let sides = |pair: &(usize, usize)| {
            Some((
                report.benchmarks.get(pair.0)?,
                report.benchmarks.get(pair.1)?,
            ))
        };
        let pairs = family.pairs.iter();
        let pairs = pairs.filter(|pair| !family.nulls.contains(pair));
        let pairs = pairs.filter_map(sides);
        let before = self.ratios.len();
        for (baseline, candidate) in pairs.filter(|(_, after)| pattern.matches(&after.name)) {
            let compared = compare_interleaved(baseline, candidate, &Metric::WALL_TIME, rules);
            self.ratios.push(Pair {
                subject: candidate.name.clone(),
                ratio: compared.ratio,
                noise,
            });
        }
        if noise.is_none() && self.ratios.len() > before {
            self.notes.push(Note::info(
                "no-null",
                "by how much this machine makes things differ from themselves was not measured: `perfkit compare --null` does",
            ));
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
                Some(then) => self.ratios.push(Pair {
                    subject: name(now).to_owned(),
                    ratio: ratio(then, now),
                    noise: None,
                }),
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
