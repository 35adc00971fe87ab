//! What a bound comes to.

use crate::report::{GateFinding, GateOutcome};
use crate::unit::Unit;

use super::bound::{Bound, DIGITS};
use super::known::Known;
use super::more_runs::{more_for_quantile, more_for_share, more_values};
use super::statistic::{BoundKind, Statistic};
use super::subject::Subject;

/// Any confidence does where only it counts whether there is a value.
const HALF: f64 = 0.5;

/// What is said where calls so far keep a bound that further calls might always break.
const NEVER_SHOWN: &str = "no number of calls shows that none will ever fail";

/// A rule at fault: a bound on what was measured of nothing that it is for. Where it was of
/// some, those that lack it are inconclusive.
#[must_use]
pub fn never_measured<'a>(
    pattern: &str,
    bound: &Bound,
    mut subjects: impl Iterator<Item = &'a Subject<'a>>,
) -> Option<GateFinding> {
    let is_measured = subjects
        .any(|subject| subject.is_of_nothing() || Known::of(subject, bound, HALF).is_some());
    (!is_measured).then(|| {
        let measured = format!("there is no {} of it", bound.statistic.name());
        GateFinding::new(
            pattern,
            bound.to_string(),
            measured,
            GateOutcome::RuleAtFault,
        )
    })
}

/// Holds one thing against a bound: broken, or kept, with this confidence, or else
/// inconclusive.
#[must_use]
pub fn judge_bound(subject: &Subject<'_>, bound: &Bound, confidence: f64) -> GateFinding {
    let rule = bound.to_string();
    let name = subject.name();
    let finding = |outcome, measured| GateFinding::new(name, &rule, measured, outcome);
    let metric = bound.metric.as_ref();
    if let Some(summary) = metric.and_then(|_| subject.metric(metric))
        && !bound.limit.fits(summary.unit)
    {
        return other_unit(name, &rule, summary.unit, bound.limit.unit);
    }
    if let Some(unit) = subject.unit(bound.statistic)
        && !bound.limit.fits(unit)
    {
        return other_unit(name, &rule, unit, bound.limit.unit);
    }
    if subject.is_of_nothing() {
        let measured = "0 of 0: nothing was counted that it could be a share of".to_owned();
        return finding(GateOutcome::DataAtFault, measured);
    }
    let Some(known) = Known::of(subject, bound, confidence) else {
        return finding(GateOutcome::Inconclusive, "not measured".to_owned());
    };
    let (worst, best) = known.worst_and_best(bound.kind);
    let measured = measured_text(&known, bound);
    if best.is_some_and(|best| !bound.holds(best)) {
        if let Some(unfit) = subject.unfit_generator(bound.statistic) {
            // Lag only adds: what is kept is kept, and who broke it nobody knows.
            let why = format!("the load generator was late itself: {}", unfit.reason());
            return finding(GateOutcome::Inconclusive, format!("{measured}: {why}"));
        }
        return finding(GateOutcome::Fail, measured).with_excess(bound.excess(known.value));
    }
    if !worst.is_some_and(|worst| bound.holds(worst)) {
        let why = match bound.statistic {
            Statistic::SuccessRate if bound.limit.value >= 1.0 => NEVER_SHOWN,
            Statistic::ErrorRate if bound.limit.value <= 0.0 => NEVER_SHOWN,
            Statistic::Value if bound.is_at_end_of_shares() => "no number shows that it always is",
            _ => "too few values to be sure",
        };
        let mut finding = finding(GateOutcome::Inconclusive, format!("{measured}: {why}"));
        finding.more_runs_needed = more_needed(subject, &known, bound, confidence);
        return finding;
    }
    let is_beyond = |level: Option<f64>| {
        level.is_some_and(|level| match bound.kind {
            BoundKind::Max => known.value > level,
            BoundKind::Min => known.value < level,
        })
    };
    if is_beyond(bound.critical) {
        let measured = format!("{measured}: critically close to the bound");
        return finding(GateOutcome::Warn, measured);
    }
    if is_beyond(bound.warn) {
        return finding(GateOutcome::Warn, format!("{measured}: close to the bound"));
    }
    finding(GateOutcome::Pass, measured)
}

/// How much is used of what a bound allows: 1 at its limit, more beyond it. Of a success rate,
/// how many calls did not succeed against how many may. `None` where it is not measured.
#[must_use]
pub fn used_share(subject: &Subject<'_>, bound: &Bound) -> Option<f64> {
    let value = Known::of(subject, bound, HALF)?.value;
    let share = match bound.statistic {
        Statistic::SuccessRate => (1.0 - value) / (1.0 - bound.limit.value),
        _ => bound.excess(value),
    };
    // Nothing of what nothing is allowed of.
    Some(if share.is_nan() { 0.0 } else { share })
}

/// A rule whose limit cannot be held against a metric.
#[must_use]
pub fn other_unit(subject: &str, rule: &str, own: Unit, asked: Unit) -> GateFinding {
    let asked = match asked {
        Unit::Score => "a number without a unit",
        unit => unit.symbol(),
    };
    let own = own.symbol();
    let measured = format!("measured in {own}, which cannot be held against {asked}");
    GateFinding::new(subject, rule, measured, GateOutcome::RuleAtFault)
}

/// About how many calls more would decide a bound, as far as that can be told.
fn more_needed(
    subject: &Subject<'_>,
    known: &Known,
    bound: &Bound,
    confidence: f64,
) -> Option<u64> {
    let limit = bound.limit.value;
    let (successes, all) = subject.successes(bound.counts_cancelled);
    let is_decided = |(low, high): (f64, f64)| low > limit || high < limit;
    match bound.statistic {
        Statistic::SuccessRate => more_for_share((successes, all), confidence, is_decided),
        Statistic::ErrorRate => {
            more_for_share((all.saturating_sub(successes), all), confidence, is_decided)
        }
        Statistic::Value => more_for_share((successes, all), confidence, is_decided),
        statistic => {
            let count = subject.metric(bound.metric.as_ref())?.count;
            let is_beyond = (known.value > limit) == (bound.kind == BoundKind::Max);
            let (worst, best) = known.worst_and_best(bound.kind);
            let end = if is_beyond { best } else { worst };
            match (end, statistic) {
                (Some(end), _) => more_values(known.value, end, limit, count),
                (None, Statistic::Percentile(quantile)) => {
                    more_for_quantile(quantile, confidence, count)
                }
                (None, _) => None,
            }
        }
    }
}

fn measured_text(known: &Known, bound: &Bound) -> String {
    let show = |value: f64| bound.limit.unit.format(value, DIGITS);
    let value = show(known.value);
    match (known.low, known.high) {
        (Some(low), Some(high)) if low == high => value,
        (Some(low), Some(high)) => format!("{value} (between {} and {})", show(low), show(high)),
        (Some(low), None) => format!("{value} (at least {})", show(low)),
        (None, Some(high)) => format!("{value} (at most {})", show(high)),
        (None, None) => value,
    }
}
