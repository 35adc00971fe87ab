//! Whether anything in a history got worse.

use std::collections::HashMap;

use perfkit::history::{self, Certainty, Change, ChangeKind, HistoryRules, Judged, Series};
use perfkit::report::{GateFinding, GateOutcome};
use perfkit::{Metric, Report};

use crate::analysis::{SeriesChange, gate_of, judge_changes};
use crate::args::{CheckChoice, Format, Verbosity};
use crate::command::deliver;
use crate::command::gate::today;
use crate::document::Detail;
use crate::error::Error;
use crate::exit::Exit;
use crate::history::{IndexedSeries, Surroundings};
use crate::input::{ConfigFile, GateRules, OnInconclusive, environment};
use crate::text::{printable, shorten};

use super::choice::{Chosen, series_named};
use super::place::{Opened, short_commit};

/// What is not looked at unless it is named: what differs from run to run on any machine, or is
/// part of something else that is looked at.
const UNWATCHED: [Metric; 12] = [
    Metric::USER_TIME,
    Metric::SYSTEM_TIME,
    Metric::MINOR_PAGE_FAULTS,
    Metric::MAJOR_PAGE_FAULTS,
    Metric::VOLUNTARY_CONTEXT_SWITCHES,
    Metric::INVOLUNTARY_CONTEXT_SWITCHES,
    Metric::SELF_TIME,
    Metric::BUSY_TIME,
    Metric::FAILURE_TIME,
    Metric::CALL_TIME,
    Metric::CYCLES,
    Metric::NET_GROWTH,
];

/// The longest subject of a commit that is told, in columns.
const LONGEST_SUBJECT: usize = 50;

/// A record, as far as changes are told by it.
struct Place {
    position: u64,
    commit: String,
    /// Of the commit, where it is known.
    subject: Option<String>,
    is_chosen: bool,
}

impl Place {
    fn told(&self) -> String {
        match &self.subject {
            Some(subject) => format!("{} ({subject})", self.commit),
            None => self.commit.clone(),
        }
    }
}

pub(super) fn run(
    opened: &Opened<'_>,
    choice: &CheckChoice,
    config: Option<&std::path::Path>,
    verbosity: Verbosity,
) -> Result<Exit, Error> {
    let format = Format::chosen(choice.output.format)?.value;
    let rules = match ConfigFile::find(config)? {
        Some(config) => config.rules()?,
        None => GateRules::default(),
    };
    let defaults = HistoryRules::default();
    let error = choice.error.map_or(defaults.error, |error| error.0);
    let history_rules = HistoryRules {
        error,
        // What is only watched is never surer than what is found.
        watch_error: defaults.watch_error.max(error),
        floor: choice.floor.map_or(defaults.floor, |floor| floor.0),
    };
    let surroundings = opened.index.surroundings()?;
    let places = places(opened, choice, &surroundings)?;
    let known = series_of(opened, choice)?;
    let groups = Groups::of(&surroundings);
    let (mut series, mut points) = (Vec::new(), Vec::new());
    for one in &known {
        let (own, numbers) = values_of(opened, choice, one, &places, &groups)?;
        series.push(own);
        points.push(numbers);
    }
    let judged = history::judge(&series, &history_rules);
    let told = told(&known, &points, &judged, &places, choice.recent);
    let mut findings = judge_changes(&told, history_rules.floor, &rules.waivers, today());
    findings.extend(unchanged(&judged));
    let inconclusive = match choice.strict {
        true => OnInconclusive::Fail,
        false => rules.inconclusive,
    };
    let mut report = Report::new(environment::detect());
    let gate = gate_of(findings, inconclusive);
    let outcome = gate.outcome;
    report.gate = Some(gate);
    deliver(
        &report,
        Detail::from(verbosity),
        format,
        choice.output.output.as_deref(),
    )?;
    Ok(match outcome {
        GateOutcome::Fail => Exit::Broken,
        _ => opened.exit,
    })
}

/// The series that are looked at.
fn series_of(opened: &Opened<'_>, choice: &CheckChoice) -> Result<Vec<IndexedSeries>, Error> {
    let mut series = match &choice.choice.filter {
        Some(pattern) => series_named(&opened.index, pattern)?,
        None => opened.index.series()?,
    };
    match &choice.metric {
        Some(metric) => series.retain(|series| series.id.metric == *metric),
        None => series.retain(|series| {
            let metric = series.id.metric.as_ref();
            UNWATCHED.iter().all(|unwatched| unwatched.name() != metric)
        }),
    }
    if series.is_empty() {
        let message = "there is no series that could be checked";
        return Err(Error::usage(message).hint("`perfkit history show '*'` shows all"));
    }
    Ok(series)
}

/// All records by their numbers, and where each stands among them.
fn places(
    opened: &Opened<'_>,
    choice: &CheckChoice,
    surroundings: &Surroundings,
) -> Result<HashMap<u32, Place>, Error> {
    let mut records = choice.choice.clone();
    // Series are chosen by their names, and not records by those of their series.
    records.filter = None;
    let chosen = Chosen::new(&records, &opened.index, surroundings)?;
    let mut found = Vec::new();
    opened.index.records(|record| {
        let commit = record.commit.as_deref().unwrap_or("an unknown commit");
        let commit = short_commit(commit);
        let subject = record.subject.as_deref().map(printable);
        let subject = subject.map(|subject| shorten(&subject, LONGEST_SUBJECT));
        found.push((record.number, (commit, subject), chosen.has(&record)));
        true
    })?;
    let newest_first = found.into_iter().rev().zip(0..);
    let place = |((number, (commit, subject), is_chosen), position)| {
        let place = Place {
            position,
            commit,
            subject,
            is_chosen,
        };
        (number, place)
    };
    Ok(newest_first.map(place).collect())
}

/// Which machines are one: those with one key.
struct Groups(HashMap<u16, u64>);

impl Groups {
    fn of(surroundings: &Surroundings) -> Self {
        let mut keys: Vec<&str> = Vec::new();
        keys.extend(surroundings.machines.values().map(|(key, _)| key.as_str()));
        keys.sort_unstable();
        keys.dedup();
        let machines = surroundings.machines.iter().map(|(number, (key, _))| {
            let at = keys.binary_search(&key.as_str()).unwrap_or(0);
            (*number, at as u64)
        });
        Self(machines.collect())
    }
}

/// The newest values of a series, and the numbers of their records.
fn values_of(
    opened: &Opened<'_>,
    choice: &CheckChoice,
    series: &IndexedSeries,
    places: &HashMap<u32, Place>,
    groups: &Groups,
) -> Result<(Series, Vec<u32>), Error> {
    let points = opened.index.points(series.number)?;
    let mut chosen = Vec::new();
    for point in points {
        let Some(place) = places.get(&point.record).filter(|place| place.is_chosen) else {
            continue;
        };
        let half_width = point.bounds().map(|(low, high)| (high - low) / 2.0);
        let machine = groups.0.get(&point.machine).copied().unwrap_or(0);
        let group = match series.id.is_anchored() {
            true => 0,
            false => machine << 16 | u64::from(point.toolchain),
        };
        let judged = history::Point {
            position: place.position,
            value: point.estimate,
            half_width: half_width
                .map(|half| half / point.estimate.abs())
                .filter(|half| half.is_finite()),
            group,
        };
        chosen.push((judged, point.record));
    }
    // Of two that are at one place, the order of the index is as good as any.
    chosen.sort_by_key(|(point, _)| point.position);
    let first = chosen.len().saturating_sub(choice.values);
    let (points, numbers) = chosen.drain(first..).unzip();
    Ok((Series { points }, numbers))
}

/// The changes that were found, as they are told.
fn told<'a>(
    known: &'a [IndexedSeries],
    records: &[Vec<u32>],
    judged: &Judged,
    places: &HashMap<u32, Place>,
    recent: usize,
) -> Vec<SeriesChange<'a>> {
    let mut together = HashMap::new();
    for event in &judged.events {
        for change in &event.changes {
            together.insert(*change, event.changes.len());
        }
    }
    let mut told = Vec::new();
    for (index, (series, one)) in known.iter().zip(&judged.series).enumerate() {
        for (at, change) in one.changes.iter().enumerate() {
            let mut place = where_it_is(change, &records[index], places);
            let others = together.get(&(index, at)).map_or(0, |all| all - 1);
            if others > 0 {
                place += &format!(", with {others} other series");
            }
            if one.is_bimodal {
                place += "; values gather about two levels, so that single ones say little";
            }
            let last = match change.kind {
                ChangeKind::Step => change.first,
                ChangeKind::Drift => change.other,
            };
            told.push(SeriesChange {
                id: &series.id,
                ratio: change.ratio,
                place,
                is_recent: last + recent >= records[index].len(),
                is_watched: change.certainty == Certainty::Watching,
            });
        }
    }
    told
}

/// The commit of a change, and between which ones it may be.
fn where_it_is(change: &Change, records: &[u32], places: &HashMap<u32, Place>) -> String {
    let told = |index: usize| {
        let place = records.get(index).and_then(|record| places.get(record));
        place.map_or_else(|| "an unknown commit".to_owned(), Place::told)
    };
    let (first, other) = (told(change.first), told(change.other));
    if change.kind == ChangeKind::Drift {
        return format!("little by little from {first} to {other}");
    }
    let at = |position: u64| {
        let found = records.iter().find(|record| {
            let place = places.get(record);
            place.is_some_and(|place| place.position == position)
        });
        let place = found.and_then(|record| places.get(record));
        place.map(|place| place.commit.as_str())
    };
    let between = match (at(change.positions.0), at(change.positions.1)) {
        (Some(low), Some(high)) if low != high => format!(", or between {low} and {high}"),
        _ => String::new(),
    };
    format!("at {first}{between}, after {other}")
}

/// What is said of the series without a change, all together, and of those of which the newest
/// values could not be judged.
fn unchanged(judged: &Judged) -> Vec<GateFinding> {
    let unchanged = judged.series.iter();
    let unchanged = unchanged.filter(|one| one.is_newest_judged && one.changes.is_empty());
    let unjudged = judged.series.iter().filter(|one| !one.is_newest_judged);
    let of = |count: usize, measured: &str, outcome| {
        let (subject, rule) = (format!("{count} series"), "values stay as they were");
        let finding = GateFinding::new(subject, rule, measured.to_owned(), outcome);
        (count > 0).then_some(finding)
    };
    let unjudged_are = "the newest values are fewer than 8 of one machine and one toolchain";
    let findings = [
        of(unchanged.count(), "no change was found", GateOutcome::Pass),
        of(unjudged.count(), unjudged_are, GateOutcome::Inconclusive),
    ];
    findings.into_iter().flatten().collect()
}
