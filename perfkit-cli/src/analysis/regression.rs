//! Bounds relative to a baseline.

use std::iter::once;

use perfkit::Direction;
use perfkit::budget::engine::{Amount, DIGITS, more_pairs, other_unit};
use perfkit::compare::VerdictRules;
use perfkit::report::{
    Comparison, ExactValues, GateFinding, GateOutcome, Note, Ratio, Report, Side,
};
use perfkit::unit::Unit;

use crate::input::{Ceiling, GateRules, Limit, Regression, Scope};

use super::finding::limit_text;
use super::pairs::{Pair, Pairs};
use super::sides::Sides;
use super::waivers::{Waivable, Waivers};

/// A regression rule on everything that it is for, with notes on what only one
/// side has.
pub(super) fn judge_regression(
    reports: &[Report],
    baseline: Option<&[Report]>,
    regression: &Regression,
    gate_rules: &GateRules,
    waivers: &mut Waivers<'_>,
) -> (Vec<GateFinding>, Vec<Note>) {
    let rules = VerdictRules {
        confidence: gate_rules.confidence,
        same_confidence: gate_rules.confidence,
        ..VerdictRules::default()
    };
    let mut pairs = Pairs::default();
    let sides = baseline.map(|baseline| Sides::of(baseline, reports));
    match &sides {
        Some(sides) => pairs.add_saved(sides, regression, &rules),
        None => {
            for report in reports {
                pairs.add_interleaved(report, regression, &rules);
            }
        }
    }
    let rule = rule_text(regression);
    let lost_of_name = |side, name: &str| match regression.scope {
        Scope::Operation(_) => sides.as_ref()?.lost_of_name(side, name),
        Scope::Benchmark(_) | Scope::Number(..) => None,
    };
    let unpaired = pairs.unpaired(regression, &rule, gate_rules.missing, lost_of_name);
    let is_for_nothing = pairs.all.is_empty() && unpaired.is_empty();
    let lost = sides
        .as_ref()
        .map(|sides| lost(sides, &regression.scope, is_for_nothing));
    let lost = lost.into_iter().flatten();
    if let Some(finding) = pairs.none_in_common(regression, &rule) {
        return (once(finding).chain(lost).collect(), pairs.notes);
    }
    if is_for_nothing {
        let has_baseline = baseline.is_some() || pairs.is_any_measured();
        let nothing = pairs.nothing(regression, &rule, has_baseline);
        return (once(nothing).chain(lost).collect(), pairs.notes);
    }
    if let Some(finding) = pairs.no_such_metric(regression, &rule) {
        return (vec![finding], pairs.notes);
    }
    let findings = judge_pairs(&pairs.all, regression, waivers);
    if baseline.is_some() {
        let judged = findings.iter().zip(&pairs.all);
        let unsure = judged.filter(|(finding, _)| finding.outcome == GateOutcome::Inconclusive);
        let notes = unsure.flat_map(|(_, pair)| pair.comparison.notes.iter().cloned());
        pairs.notes.extend(notes);
    }
    let findings = findings.into_iter().chain(unpaired).chain(lost);
    (findings.collect(), pairs.notes)
}

/// Each pair held against a rule, as far as no waiver lets it be worse.
fn judge_pairs(
    pairs: &[Pair],
    regression: &Regression,
    waivers: &mut Waivers<'_>,
) -> Vec<GateFinding> {
    let judged = pairs.iter().map(|pair| {
        let finding = judge_pair(pair, regression);
        let waivable = Waivable::of_regression(regression, &pair.subject);
        let finding = waivers.apply(&waivable, finding, |ceiling| {
            let Ceiling::Regression(limit) = ceiling else {
                return None;
            };
            let limit = *limit;
            let waived = Regression {
                limit,
                ..regression.clone()
            };
            Some(judge_pair(pair, &waived))
        });
        finding.of_program(pair.comparison.program.as_deref())
    });
    judged.collect()
}

/// What each side has lost of the calls that a rule may be for: no pass shows anything of
/// these.
fn lost(sides: &Sides<'_>, scope: &Scope, is_for_nothing: bool) -> Vec<GateFinding> {
    let Scope::Operation(pattern) = scope else {
        return Vec::new();
    };
    let pattern = pattern.to_string();
    let of_side = |side: Side| {
        let lost = match is_for_nothing && scope.is_literal() {
            true => sides.lost_of_name(side, &pattern),
            false => sides.lost_of_pattern(side, &pattern),
        };
        let measured = format!("{}: {}", side.word(), lost?);
        let rule = "all calls that are meant are there";
        let undecided = GateOutcome::Inconclusive;
        Some(GateFinding::new(&pattern, rule, measured, undecided))
    };
    let sides = [Side::Baseline, Side::Candidate].into_iter();
    sides.filter_map(of_side).collect()
}

fn rule_text(regression: &Regression) -> String {
    let limit = limit_text(&regression.limit);
    let mut text = match &regression.metric {
        None => format!("at most {limit} slower"),
        Some(metric) => format!("{metric} at most {limit} worse"),
    };
    if let Some(least) = regression.min_change {
        let least = least.unit.format(least.value, DIGITS);
        text.push_str(&format!(", if by {least} or more"));
    }
    text
}

/// Broken only when the whole interval is beyond the bound, and beyond what the
/// machine makes of one thing run against itself; holding only when the whole
/// interval is within the bound.
fn judge_pair(pair: &Pair, regression: &Regression) -> GateFinding {
    let rule = rule_text(regression);
    let comparison = &pair.comparison;
    if let Some(baseline) = pair.baseline
        && let Some(asked) = amounts(regression).find(|amount| !amount.fits(baseline.unit))
    {
        return other_unit(&pair.subject, &rule, baseline.unit, asked.unit);
    }
    let finding = |outcome, measured| GateFinding::new(&pair.subject, &rule, measured, outcome);
    let mut finding = match (worsening(comparison), &comparison.exact) {
        (Some(ratio), _) => {
            let Some(tolerated) = tolerated(pair, regression) else {
                let message = "the baseline says neither its median nor its mean, so no amount can be held against it: give a percentage";
                return finding(GateOutcome::DataAtFault, message.to_owned());
            };
            let (outcome, measured) = judge_ratio(&ratio, pair, regression, tolerated);
            let mut finding = finding(outcome, measured);
            if outcome == GateOutcome::Fail {
                finding = finding.with_excess(ratio.estimate / (1.0 + tolerated));
            }
            if outcome == GateOutcome::Inconclusive && !is_noisy(pair, tolerated) {
                finding.more_runs_needed = more_pairs(&ratio, tolerated, comparison.pairs);
            }
            finding
        }
        (None, Some(values)) => {
            let message = format!("{} {values}", comparison.metric);
            finding(judge_exactly(comparison, values, regression), message)
        }
        (None, None) if comparison.direction == Direction::Unknown => {
            let message = format!("nobody said which values of {} are good", comparison.metric);
            finding(GateOutcome::Inconclusive, message)
        }
        (None, None) if comparison.is_across_machines => {
            let message = format!(
                "{} was measured on different machines, which is no verdict on the code",
                comparison.metric
            );
            finding(GateOutcome::Inconclusive, message)
        }
        (None, None) => {
            let message = format!(
                "too few values of {} for an interval, or none: `perfkit report -v` shows what was measured",
                comparison.metric
            );
            finding(GateOutcome::Inconclusive, message)
        }
    };
    if finding.outcome == GateOutcome::Inconclusive && pair.is_known_same {
        finding.outcome = GateOutcome::Pass;
        finding.more_runs_needed = None;
        finding.measured.push_str("; it is the same program");
    }
    finding
}

/// What a rule states as amounts.
fn amounts(regression: &Regression) -> impl Iterator<Item = Amount> {
    let limit = match regression.limit {
        Limit::Share(_) => None,
        Limit::Amount(amount) => Some(amount),
    };
    limit.into_iter().chain(regression.min_change)
}

/// The share by which a pair may be worse: what the rule says, or its least change where
/// that is more. Amounts are shares of the baseline's median; `None` where it is unknown.
fn tolerated(pair: &Pair, regression: &Regression) -> Option<f64> {
    let share = |amount: Amount| {
        let share = amount.value / pair.baseline?.value;
        Some(match pair.comparison.direction {
            // Of a rate so much less is a larger share of what is left.
            Direction::HigherIsBetter if share < 1.0 => share / (1.0 - share),
            Direction::HigherIsBetter => f64::INFINITY,
            _ => share,
        })
    };
    let limit = match regression.limit {
        Limit::Share(limit) => limit,
        Limit::Amount(amount) => share(amount)?,
    };
    match regression.min_change {
        None => Some(limit),
        Some(least) => Some(limit.max(share(least)?)),
    }
}

/// Whether things differ more from themselves here than is tolerated.
fn is_noisy(pair: &Pair, tolerated: f64) -> bool {
    pair.noise.is_some_and(|noise| noise > tolerated)
}

fn judge_ratio(
    ratio: &Ratio,
    pair: &Pair,
    regression: &Regression,
    tolerated: f64,
) -> (GateOutcome, String) {
    let noise = pair.noise.filter(|_| is_noisy(pair, tolerated));
    let outcome = if ratio.low > 1.0 + noise.unwrap_or(tolerated) {
        GateOutcome::Fail
    } else if ratio.high <= 1.0 + tolerated {
        GateOutcome::Pass
    } else {
        GateOutcome::Inconclusive
    };
    // A metric is told as it is, whichever of its values are good.
    let (takes, times, told) = match (&regression.metric, &pair.comparison.ratio) {
        (Some(_), Some(ratio)) => ("", "times as much", ratio),
        _ => ("takes ", "times as long", ratio),
    };
    let than = match pair.baseline {
        Some(Amount { value, unit }) if amounts(regression).next().is_some() => {
            format!(" as {}", unit.format(value, DIGITS))
        }
        _ => String::new(),
    };
    let mut measured = format!(
        "{takes}{:.3} {times}{than} (between {:.3} and {:.3})",
        told.estimate, told.low, told.high
    );
    if let Some(noise) = noise {
        let noise = Unit::Ratio.format(noise, 2);
        measured.push_str(&format!("; run against itself, up to {noise} differ here"));
    }
    (outcome, measured)
}

/// Of values that never vary and of which no ratio can be taken, as zero allocations.
fn judge_exactly(
    comparison: &Comparison,
    values: &ExactValues,
    regression: &Regression,
) -> GateOutcome {
    let rise = values.candidate - values.baseline;
    let worse_by = match comparison.direction {
        Direction::LowerIsBetter => rise,
        Direction::HigherIsBetter => -rise,
        Direction::Unknown => return GateOutcome::Inconclusive,
    };
    let limit = match regression.limit {
        Limit::Share(share) => share * values.baseline.abs(),
        Limit::Amount(amount) => amount.value,
    };
    let least = regression.min_change.map_or(0.0, |least| least.value);
    if worse_by <= limit.max(least) {
        GateOutcome::Pass
    } else {
        GateOutcome::Fail
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
