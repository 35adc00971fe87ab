//! What changed in many series, which share the error that is allowed.

use std::collections::BTreeMap;

use super::change::{Certainty, Change, ChangeKind};
use super::event::{Event, events};
use super::judged_series::JudgedSeries;
use super::series::{Point, Series};
use crate::report::Ratio;
use crate::stats::{self, ChangePoint, ChangeRules, ChangeShape, Estimate};

/// What counts as a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HistoryRules {
    /// The share of the series called changed of which it may be wrong, and the chance to call
    /// one changed where none is.
    pub error: f64,
    /// The same for changes that are only watched.
    pub watch_error: f64,
    /// What a change must be larger than, such as 0.005 for half a percent.
    pub floor: f64,
}

impl Default for HistoryRules {
    fn default() -> Self {
        Self {
            error: 0.01,
            watch_error: 0.03,
            floor: 0.005,
        }
    }
}

/// What was found in many series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// In the order of the series.
    pub series: Vec<JudgedSeries>,
    /// Changes at the same place, in order.
    pub events: Vec<Event>,
}

/// Points of a group that are fewer are not judged.
const FEWEST_JUDGED: usize = 8;

/// Makes half the width of a 95 % interval a standard error.
const HALF_WIDTH_ERRORS: f64 = 1.96;

/// What a valley between two levels must be deeper by, as a share of the higher peak.
const VALLEY: f64 = 0.25;

/// How far two levels must lie apart to be told.
const LEAST_APART: f64 = 0.02;

/// The changes of many series. A series is called changed by the rule of Benjamini and
/// Hochberg over all of them that can be judged, each by the least p-value of its groups times
/// their number.
#[must_use]
pub fn judge(series: &[Series], rules: &HistoryRules) -> Judged {
    let mut judged: Vec<JudgedSeries> = series.iter().map(|s| judge_one(s, rules)).collect();
    // Watched changes have an error of their own, and so a step-up of their own.
    keep_few_wrong(&mut judged, series, Certainty::Found, rules.error);
    keep_few_wrong(&mut judged, series, Certainty::Watching, rules.watch_error);
    let events = events(&judged);
    Judged {
        series: judged,
        events,
    }
}

fn keep_few_wrong(
    judged: &mut [JudgedSeries],
    series: &[Series],
    certainty: Certainty,
    error: f64,
) {
    let is_judged =
        |(one, of): &(&JudgedSeries, &Series)| one.left_out + one.too_few < of.points.len();
    let all = judged.iter().zip(series).filter(is_judged).count();
    let of_kind = |change: &&Change| change.certainty == certainty;
    let p_values: Vec<f64> = judged
        .iter()
        .map(|one| one.changes.iter().filter(of_kind).map(|c| c.p_value))
        .map(|p_values| p_values.fold(1.0, f64::min))
        .collect();
    let limit = |allowed: usize| error * allowed as f64 / all.max(1) as f64;
    let found_at = |allowed: usize| {
        let is_found = |p: &&f64| **p <= limit(allowed);
        p_values.iter().filter(is_found).count()
    };
    let limit = limit(stats::step_up(all, found_at));
    for one in judged {
        one.changes
            .retain(|change| change.certainty != certainty || change.p_value <= limit);
    }
}

fn judge_one(series: &Series, rules: &HistoryRules) -> JudgedSeries {
    let mut groups: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    let mut judged = JudgedSeries::default();
    for (index, point) in series.points.iter().enumerate() {
        match point.value.is_finite() && point.value >= 0.0 {
            true => groups.entry(point.group).or_default().push(index),
            false => judged.left_out += 1,
        }
    }
    groups.retain(|_, members| {
        let is_enough = members.len() >= FEWEST_JUDGED;
        judged.too_few += if is_enough { 0 } else { members.len() };
        is_enough
    });
    let newest = series.points.last();
    judged.is_newest_judged = newest.is_some_and(|newest| groups.contains_key(&newest.group));
    let all = groups.len() as f64;
    let change_rules = ChangeRules {
        error: rules.error / all.max(1.0),
        watch_error: rules.watch_error / all.max(1.0),
        floor: rules.floor.max(0.0).ln_1p(),
    };
    for members in groups.values() {
        let points: Vec<Point> = members.iter().map(|index| series.points[*index]).collect();
        let logs = logarithms(&points);
        let errors: Vec<f64> = points.iter().map(standard_error).collect();
        let changes = stats::change_points(&logs, &errors, change_rules);
        judged.is_bimodal |= is_bimodal(&logs, &changes);
        let change = |found: &ChangePoint| change(found, members, &points, all);
        judged.changes.extend(changes.iter().map(change));
    }
    judged.changes.sort_by_key(|change| change.first);
    judged
}

/// Of zero there is no logarithm: it counts as half of the least value that is more, so that
/// a ratio to or from zero is two or more.
fn logarithms(points: &[Point]) -> Vec<f64> {
    let positive = points.iter().map(|point| point.value).filter(|v| *v > 0.0);
    let least = positive.fold(f64::INFINITY, f64::min);
    let nothing = if least.is_finite() {
        least.ln() - std::f64::consts::LN_2
    } else {
        0.0
    };
    let logarithm = |point: &Point| {
        if point.value > 0.0 {
            point.value.ln()
        } else {
            nothing
        }
    };
    points.iter().map(logarithm).collect()
}

fn standard_error(point: &Point) -> f64 {
    let half_width = point
        .half_width
        .filter(|width| width.is_finite() && *width > 0.0);
    half_width.map_or(0.0, |width| width / HALF_WIDTH_ERRORS)
}

/// Whether what the changes leave gathers about two levels.
fn is_bimodal(logs: &[f64], changes: &[ChangePoint]) -> bool {
    let mut rest = logs.to_vec();
    let steps = changes
        .iter()
        .filter(|change| change.shape == ChangeShape::Step);
    for step in steps {
        for value in &mut rest[step.first..] {
            *value -= step.size.value;
        }
    }
    let modes = || {
        let ordered = stats::sorted(&rest)?;
        let modes = stats::modes(&ordered, stats::bandwidth(&ordered)?, VALLEY)?;
        Some(modes.last()?.at - modes.first()?.at)
    };
    modes().is_some_and(|apart| apart > LEAST_APART)
}

fn change(found: &ChangePoint, members: &[usize], points: &[Point], groups: f64) -> Change {
    let is_step = found.shape == ChangeShape::Step;
    let position = |at: usize| points[at.min(points.len() - 1)].position;
    let other = if is_step {
        found.first.saturating_sub(1)
    } else {
        found.range.1
    };
    // Whatever lies after the last point before it may be what changed.
    let earliest = match is_step {
        true => position(found.range.0.saturating_sub(1)).saturating_add(1),
        false => position(found.range.0),
    };
    Change {
        kind: if is_step {
            ChangeKind::Step
        } else {
            ChangeKind::Drift
        },
        certainty: if found.is_found {
            Certainty::Found
        } else {
            Certainty::Watching
        },
        first: members[found.first],
        other: members[other],
        positions: (earliest, position(found.range.1)),
        ratio: ratio(&found.size),
        p_value: (found.p_value * groups).min(1.0),
    }
}

fn ratio(size: &Estimate) -> Ratio {
    // What is beyond a double's range has no other end.
    let finite = |log: f64| log.exp().clamp(f64::MIN_POSITIVE, f64::MAX);
    Ratio {
        estimate: finite(size.value),
        low: finite(size.low),
        high: finite(size.high),
        confidence: size.confidence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that vary a little and grow by this factor from this point on.
    fn series(factor: f64, from: u64, seed: u64) -> Series {
        let noise = |at: u64| ((at * 37 + seed * 11 + at * at * 17) % 101) as f64 / 101.0 - 0.5;
        let level = |at: u64| if at < from { 1.0 } else { factor };
        let point = |position: u64| Point {
            position,
            value: 1e6 * level(position) * (1.0 + 0.02 * noise(position)),
            half_width: Some(0.001),
            group: 0,
        };
        Series {
            points: (0..60).map(point).collect(),
        }
    }

    #[test]
    fn changes_at_one_place_are_one_event() {
        let all = [
            series(1.2, 40, 1),
            series(1.0, 0, 2),
            series(0.8, 40, 3),
            series(1.3, 20, 4),
        ];
        let judged = judge(&all, &HistoryRules::default());
        let changes: Vec<usize> = judged.series.iter().map(|one| one.changes.len()).collect();
        assert_eq!(changes, [1, 0, 1, 1]);
        let events: Vec<_> = judged
            .events
            .iter()
            .map(|event| &event.changes[..])
            .collect();
        assert_eq!(events, [&[(3, 0)][..], &[(0, 0), (2, 0)]]);
        let ratio = judged.series[2].changes[0].ratio;
        assert!(ratio.low < 0.8 && 0.8 < ratio.high, "{ratio:?}");
    }

    #[test]
    fn points_of_different_groups_are_not_compared() {
        let mut moved = series(1.5, 40, 1);
        for point in &mut moved.points[40..] {
            point.group = 1;
        }
        let judged = judge(&[moved.clone()], &HistoryRules::default());
        assert_eq!(judged.series[0].changes, []);
        for point in &mut moved.points {
            point.group = point.position % 2;
        }
        let judged = judge(&[moved], &HistoryRules::default());
        let places: Vec<usize> = judged.series[0].changes.iter().map(|c| c.first).collect();
        assert_eq!(places, [40, 41]);
        assert_eq!(judged.events.len(), 1);
    }

    #[test]
    fn odd_values_are_counted_and_zeros_are_low() {
        let mut odd = series(1.0, 0, 1);
        odd.points[3].value = f64::NAN;
        odd.points[4].value = -1.0;
        for point in &mut odd.points[40..] {
            point.value = 0.0;
        }
        let judged = judge(&[odd, Series::default()], &HistoryRules::default());
        assert_eq!(
            (judged.series[0].left_out, judged.series[0].too_few),
            (2, 0)
        );
        assert!(judged.series[0].changes[0].ratio.high < 0.6);
    }
}
