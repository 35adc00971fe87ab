//! Changes in a history, and whether they may stay.

use perfkit::budget::engine::DIGITS;
use perfkit::report::{GateFinding, GateOutcome, Ratio};
use perfkit::unit::Unit;
use perfkit::{Direction, Metric};
use toml::value::Date;
use wildmatch::WildMatch;

use crate::history::{SeriesId, SeriesKind};
use crate::input::{Ceiling, Limit, NumberKind, Regression, Scope, Waiver};

use super::waivers::{Waivable, Waivers};

/// A change of a series.
pub(crate) struct SeriesChange<'a> {
    pub(crate) id: &'a SeriesId<'a>,
    /// The values after it over those before.
    pub(crate) ratio: Ratio,
    /// Where it is, in words.
    pub(crate) place: String,
    /// Whether it is among the newest values; others are told, and fail nothing.
    pub(crate) is_recent: bool,
    /// Whether so few values lie after it that it may yet turn out to be none.
    pub(crate) is_watched: bool,
}

/// What each change comes to; waivers hold until their day.
pub(crate) fn judge_changes(
    changes: &[SeriesChange<'_>],
    floor: f64,
    waivers: &[Waiver],
    today: Date,
) -> Vec<GateFinding> {
    let mut waivers = Waivers::new(waivers, today);
    let judged = changes.iter().map(|change| {
        let rule = regression_rule(change.id, floor);
        let waivable = Waivable::of_regression(&rule, &change.id.name);
        let finding = finding(change, floor);
        waivers.apply(&waivable, finding.clone(), |ceiling| match ceiling {
            Ceiling::Regression(Limit::Share(share)) => {
                let mut again = finding.clone();
                again.outcome = match worsening(change) <= *share {
                    true => GateOutcome::Pass,
                    false => GateOutcome::Fail,
                };
                Some(again)
            }
            _ => None,
        })
    });
    judged.collect()
}

fn finding(change: &SeriesChange<'_>, floor: f64) -> GateFinding {
    let id = change.id;
    let worsening = worsening(change);
    let outcome = match () {
        () if !change.is_recent => GateOutcome::Pass,
        () if id.direction == Direction::Unknown => GateOutcome::Warn,
        () if worsening <= 0.0 => GateOutcome::Pass,
        () if change.is_watched => GateOutcome::Warn,
        () => GateOutcome::Fail,
    };
    let Ratio {
        estimate,
        low,
        high,
        ..
    } = change.ratio;
    let watched = match change.is_watched {
        true => ": watching, few values lie after it",
        false => "",
    };
    let age = if change.is_recent { "" } else { "earlier: " };
    let measured = format!(
        "{age}{} ({} to {}) {}{watched}",
        signed(estimate),
        signed(low),
        signed(high),
        change.place
    );
    let to = match id.is_anchored() {
        true => format!(" to that of {}", id.anchor_text()),
        false => String::new(),
    };
    let floor_text = Unit::Ratio.format(floor, DIGITS);
    let rule = format!("{}{to} stays within {floor_text}", id.metric);
    let program = Some(&*id.program).filter(|program| !program.is_empty());
    let finding = GateFinding::new(id.name.clone(), rule, measured, outcome).of_program(program);
    match outcome {
        GateOutcome::Fail => finding.with_excess(worsening / floor.max(1e-9)),
        _ => finding,
    }
}

/// By which share it is worse than before; less than 0 where it is better.
fn worsening(change: &SeriesChange<'_>) -> f64 {
    match change.id.direction {
        Direction::HigherIsBetter => 1.0 / change.ratio.estimate - 1.0,
        _ => change.ratio.estimate - 1.0,
    }
}

/// The rule that a waiver of it would be for: of times without a metric, as of the gate.
fn regression_rule(id: &SeriesId<'_>, floor: f64) -> Regression {
    let pattern = WildMatch::new(&id.name);
    let metric = Metric::named(&id.metric);
    let is_time = metric == Metric::WALL_TIME || metric == Metric::EXECUTION_TIME;
    Regression {
        scope: match id.kind {
            SeriesKind::Benchmark => Scope::Benchmark(pattern),
            SeriesKind::Operation => Scope::Operation(pattern),
            SeriesKind::Counter => Scope::Number(NumberKind::Counter, pattern),
            SeriesKind::Gauge => Scope::Number(NumberKind::Gauge, pattern),
            SeriesKind::Ratio => Scope::Number(NumberKind::Ratio, pattern),
        },
        metric: (!is_time).then_some(metric),
        limit: Limit::Share(floor),
        min_change: None,
    }
}

/// A ratio as a change: `+5.1 %`.
fn signed(ratio: f64) -> String {
    format!("{:+.1} %", (ratio - 1.0) * 100.0)
}
