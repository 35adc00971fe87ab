//! Bounds relative to a baseline.

use perfkit::Direction;
use perfkit::compare::VerdictRules;
use perfkit::report::{Comparison, GateFinding, GateOutcome, Note, Ratio, Report, Verdict};
use perfkit::unit::Unit;

use crate::input::{GateRules, Regression};

use super::finding::DIGITS;
use super::pairs::{Pair, Pairs};

/// A regression rule on everything that it is for, with notes on what only one
/// side has.
pub(super) fn judge_regression(
    reports: &[Report],
    baseline: Option<&Report>,
    regression: &Regression,
    gate_rules: &GateRules,
) -> (Vec<GateFinding>, Vec<Note>) {
    let rules = VerdictRules {
        confidence: gate_rules.confidence,
        same_confidence: gate_rules.confidence,
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
    let unpaired = pairs.unpaired(regression, &rule, gate_rules.missing);
    if let Some(finding) = pairs.none_in_common(regression, &rule) {
        return (vec![finding], pairs.notes);
    }
    if pairs.all.is_empty() && unpaired.is_empty() {
        let is_measured = !pairs.names.is_empty() || !pairs.only_in_candidate.is_empty();
        let has_baseline = baseline.is_some() || is_measured;
        return (
            vec![pairs.nothing(regression, &rule, has_baseline)],
            pairs.notes,
        );
    }
    if let Some(finding) = pairs.no_such_metric(regression, &rule) {
        return (vec![finding], pairs.notes);
    }
    let judged = pairs.all.into_iter();
    let judged = judged.map(|pair| judge_pair(pair, &rule, regression));
    (judged.chain(unpaired).collect(), pairs.notes)
}

/// Broken only when the whole interval is beyond the bound, and beyond what the
/// machine makes of one thing run against itself; holding only when the whole
/// interval is within the bound.
fn judge_pair(pair: Pair, rule: &str, regression: &Regression) -> GateFinding {
    let comparison = &pair.comparison;
    let (mut outcome, mut measured) = match (worsening(comparison), &comparison.exact) {
        (Some(ratio), _) => judge_ratio(&ratio, &pair, regression),
        (None, Some(values)) => {
            let message = format!("{} {values}", comparison.metric);
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
