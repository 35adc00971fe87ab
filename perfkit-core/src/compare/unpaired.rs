//! Comparing what was not measured alternately: saved sessions.
//!
//! A session has one value, the median of its runs, or their mean where a tool kept nothing
//! else. Values of one session are more alike than those of two sessions, which no statistic
//! of one session can know: so what sessions differ by is in the interval, as far as it is
//! known beforehand and as far as several sessions of a side show it. With a single session
//! on a side there is a least half-width: that session may have been an odd one.
//!
//! What it cannot do: find small differences. From one session on a side 10 % stay
//! undecided, and 3 % practically always.

use crate::metric::Metric;
use crate::metric_summary::MetricSummary;
use crate::report::{Benchmark, Comparison, ExactValues, Note, NoteCode, Ratio, SessionCounts};
use crate::snapshot::OperationSnapshot;
use crate::stats::{self, SessionNoise, SessionValue};
use crate::unit::Unit;

use super::paired::{bounded, common_program, direction};
use super::rules::VerdictRules;
use super::verdict::{verdict_of, verdict_of_values};

/// Sessions of one program on one quiet machine differ by about 2 %, and one in some thirty
/// by about 10 %.
const NOISE_OF_TIMES: SessionNoise = SessionNoise {
    deviation: 0.02,
    least_half_width: 0.13,
};

/// What is counted, as instructions and bytes, does not depend on the state of the machine.
const NOISE_OF_COUNTS: SessionNoise = SessionNoise {
    deviation: 0.003,
    least_half_width: 0.02,
};

/// The two-sided confidence level of the interval of a session's median that its standard
/// error is read from, and how many standard errors that interval has on a side.
const CONFIDENCE_OF_A_SESSION: f64 = 0.95;
const STANDARD_ERRORS: f64 = 1.96;

/// How far apart two sides were measured that did not take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apart {
    /// One after the other in one session, where taking turns would be better.
    InOneSession,
    /// In sessions of one machine, as far as is known.
    OnOneMachine,
    /// On machines that differ, so that times are no measure for each other.
    OnSeveralMachines,
}

/// The sessions of both sides, each with what it measured of one thing.
#[derive(Clone, Debug)]
pub struct Sessions<'a, T> {
    /// Those of the baseline, the newest last.
    pub baseline: Vec<&'a T>,
    /// Those of the candidate, the newest last.
    pub candidate: Vec<&'a T>,
    /// How far apart both sides were measured.
    pub apart: Apart,
}

/// Each session once: a file and its copy are one, and counted as two they would promise
/// what they cannot hold.
pub fn distinct_sessions<'a, T>(
    all: impl Iterator<Item = &'a T>,
    are_same: impl Fn(&T, &T) -> bool,
) -> Vec<&'a T> {
    let mut distinct: Vec<&T> = Vec::new();
    for one in all {
        if !distinct.iter().any(|other| are_same(other, one)) {
            distinct.push(one);
        }
    }
    distinct
}

/// Compares a benchmark of saved reports in one metric.
#[must_use]
pub fn compare_unpaired(
    sessions: &Sessions<'_, Benchmark>,
    metric: &Metric,
    rules: &VerdictRules,
) -> Comparison {
    let name = |side: &[&Benchmark]| side.last().map(|b| b.name.clone()).unwrap_or_default();
    let names = (name(&sessions.baseline), name(&sessions.candidate));
    let sides = sessions.of(|benchmark| benchmark.metrics.get(metric));
    let newest = sessions.baseline.last().zip(sessions.candidate.last());
    Comparison {
        program: newest.and_then(|(then, now)| common_program(then, now)),
        ..compare_summaries(names, &sides, metric, rules)
    }
}

/// Compares an operation of saved reports by its execution time, as
/// [`compare_unpaired`] does benchmarks.
#[must_use]
pub fn compare_unpaired_operations(
    sessions: &Sessions<'_, OperationSnapshot>,
    rules: &VerdictRules,
) -> Comparison {
    let metric = Metric::EXECUTION_TIME;
    let name = |side: &[&OperationSnapshot]| side.last().map(|o| o.name.clone());
    let name = |side| name(side).unwrap_or_default();
    let names = (name(&sessions.baseline), name(&sessions.candidate));
    let sides = sessions.of(|operation| operation.lifetime.metrics.get(&metric));
    compare_summaries(names, &sides, &metric, rules)
}

impl<'a, T> Sessions<'a, T> {
    /// One part of what each session measured, without the sessions that lack it.
    fn of<U>(&self, part: impl Fn(&'a T) -> Option<&'a U>) -> Sessions<'a, U> {
        let of_side = |side: &[&'a T]| side.iter().filter_map(|session| part(session)).collect();
        Sessions {
            baseline: of_side(&self.baseline),
            candidate: of_side(&self.candidate),
            apart: self.apart,
        }
    }

    fn both(&self) -> impl Iterator<Item = &'a T> {
        self.baseline.iter().chain(&self.candidate).copied()
    }

    /// What a function yields of every session; `None` where it yields nothing of one.
    fn each<U>(&self, value: impl Fn(&T) -> Option<U>) -> Option<(Vec<U>, Vec<U>)> {
        let of_side = |side: &[&'a T]| -> Option<Vec<U>> {
            side.iter().map(|session| value(session)).collect()
        };
        Some((of_side(&self.baseline)?, of_side(&self.candidate)?))
    }

    fn counts(&self) -> SessionCounts {
        SessionCounts {
            baseline: self.baseline.len() as u64,
            candidate: self.candidate.len() as u64,
        }
    }
}

fn compare_summaries(
    (baseline, candidate): (String, String),
    all: &Sessions<'_, MetricSummary>,
    metric: &Metric,
    rules: &VerdictRules,
) -> Comparison {
    let newest = all.candidate.last().copied();
    let direction = direction(newest);
    let constant = constants(all);
    // Counts that never vary do not depend on the machine, and all else does.
    let is_across_machines = all.apart == Apart::OnSeveralMachines && constant.is_none();
    let is_by_intervals = constant.is_none() && !is_across_machines;
    let (without_short, needs) = match &constant {
        Some(_) => {
            let without_single = all.of(|session| has_runs(session).then_some(session));
            (Some(without_single), "to show that none varies")
        }
        None => (
            without_short(all).filter(|_| is_by_intervals),
            "for an interval",
        ),
    };
    let sides = without_short.as_ref().unwrap_or(all);
    let ratio = match is_by_intervals {
        true => ratio_of_sessions(sides, rules),
        false => constant.and_then(|values| ratio_of_constants(values, rules)),
    };
    let exact = constant.filter(|_| ratio.is_none());
    let is_undecided = ratio.is_none() && exact.is_none();
    let mut notes = Vec::new();
    if is_by_intervals {
        notes.push(not_in_turn(sides, ratio.is_some()));
    }
    notes.extend(left_out(all, sides, metric, needs));
    if is_across_machines {
        notes.push(Note::warning(
            NoteCode::DifferentMachines,
            "measured on different machines, whose difference is no verdict on the code: measure both on one",
        ));
    } else if is_undecided {
        notes.push(why_no_ratio(sides, metric));
    }
    notes.extend(single_values(&candidate, sides, metric).filter(|_| is_undecided));
    notes.extend(no_samples(sides, metric).filter(|_| ratio.is_some()));
    Comparison {
        direction,
        indifference: rules.indifference,
        verdict: match exact {
            Some(values) => verdict_of_values(values, direction),
            None => verdict_of(ratio.as_ref(), rules.indifference, direction),
        },
        ratio,
        exact,
        sessions: Some(sides.counts()),
        is_across_machines,
        notes,
        ..Comparison::new(baseline, candidate, metric.clone())
    }
}

/// Without the sessions that are too short for an interval of their logarithm, which would
/// take it from all; `None` where a side has no other.
fn without_short<'a>(all: &Sessions<'a, MetricSummary>) -> Option<Sessions<'a, MetricSummary>> {
    // Where only sessions with all their values remain, these have to do for a median.
    let usable = all.of(|session| {
        let is_usable = session.has_distribution() || is_long_enough(session, mean_interval);
        is_usable.then_some(session)
    });
    let interval = interval_of(&usable);
    let remaining = usable.of(|session| is_long_enough(session, interval).then_some(session));
    let has_both = !remaining.baseline.is_empty() && !remaining.candidate.is_empty();
    has_both.then_some(remaining)
}

/// Whether a session has an interval, and one that only reaches zero where its values do.
fn is_long_enough(session: &MetricSummary, interval: Interval) -> bool {
    let has_zero = session.min.is_some_and(|min| min <= 0.0);
    interval(session).is_some_and(|found| has_zero || session_value(found).is_some())
}

/// How many sessions were too short, and for what.
fn left_out(
    all: &Sessions<'_, MetricSummary>,
    sides: &Sessions<'_, MetricSummary>,
    metric: &Metric,
    needs: &str,
) -> Option<Note> {
    let (count, kept) = (all.both().count(), sides.both().count());
    (kept < count).then(|| {
        Note::warning(
            NoteCode::TooFewRuns,
            format!(
                "{} of {count} sessions have too few values of {metric} {needs} and are left out",
                count - kept
            ),
        )
    })
}

/// What is in the interval where the sides did not take turns, and what would help.
fn not_in_turn(sides: &Sessions<'_, MetricSummary>, has_interval: bool) -> Note {
    let SessionCounts {
        baseline,
        candidate,
    } = sides.counts();
    let message = match (noise_of(sides), baseline.min(candidate)) {
        _ if !has_interval => {
            "not measured in turn, and sessions differ by more than the runs of one".to_owned()
        }
        (noise, 0 | 1) if noise == NOISE_OF_TIMES && sides.apart == Apart::InOneSession => {
            "run one after the other and not in turn: what the machine did meanwhile may be 12 % and more, so no less than 15 % is told apart; leave out --sequential, and less can be".to_owned()
        }
        (noise, 0 | 1) if noise == NOISE_OF_TIMES => {
            let whom = match (baseline, candidate) {
                (1, 1) => "once more on each side",
                (1, _) => "the baseline once more",
                _ => "the candidate once more",
            };
            format!("not measured in turn: a session differs from the next by up to about 12 %, so with one session on a side no less than 15 % is told apart; measure {whom} and less can be, or measure both in turn (`perfkit compare --base`, `perfkit gate --base`), which decides better")
        }
        (noise, _) if noise == NOISE_OF_TIMES => format!(
            "not measured in turn, but the baseline in {baseline} sessions and the candidate in {candidate}: by how much sessions differ is in the interval; to tell 3 % and less apart, measure both in turn (`perfkit compare --base`, `perfkit gate --base`)"
        ),
        _ => "not measured in turn: by how much sessions differ is in the interval, for what is counted at least 2 % where a side has one session".to_owned(),
    };
    Note::info(NoteCode::NotInterleaved, message)
}

fn why_no_ratio(sides: &Sessions<'_, MetricSummary>, metric: &Metric) -> Note {
    let has_zero = sides.both().any(|session| session.min == Some(0.0));
    if has_zero {
        let message = format!("{metric} has values of zero, of which no ratio can be taken");
        return Note::info(NoteCode::ZeroValues, message);
    }
    Note::warning(
        NoteCode::TooFewRuns,
        format!("there are too few values of {metric} in a session for an interval"),
    )
}

/// The values of both sides, for where no interval can be had of their ratio.
fn single_values(name: &str, sides: &Sessions<'_, MetricSummary>, metric: &Metric) -> Option<Note> {
    let typical = |side: &MetricSummary| Some(side.unit.format(side.median.or(side.mean)?, 4));
    let newest = |side: &[&MetricSummary]| typical(side.last()?);
    let (baseline, candidate) = (newest(&sides.baseline)?, newest(&sides.candidate)?);
    Some(Note::info(
        NoteCode::NoInterval,
        format!("{name}: {metric} was {baseline} and is {candidate}, without an interval"),
    ))
}

/// Says so where a session has no more than a mean and a standard deviation, as of other
/// tools.
fn no_samples(sides: &Sessions<'_, MetricSummary>, metric: &Metric) -> Option<Note> {
    let is_whole = sides.both().all(MetricSummary::has_distribution);
    (!is_whole).then(|| {
        Note::info(
            NoteCode::NoSamples,
            format!("no samples of {metric}: ratio and interval are from the reported means and standard deviations"),
        )
    })
}

/// Numbers that are counted and came out the same in every run and every session of a
/// side, such as allocations, do not vary between sessions either. Sessions of one run may
/// show that they vary, and not that they don't.
fn constants(all: &Sessions<'_, MetricSummary>) -> Option<ExactValues> {
    let constant = |side: &[&MetricSummary]| {
        let value = side.iter().find(|session| has_runs(session))?.min?;
        let is_constant = |session: &&MetricSummary| {
            let ends = match has_runs(session) {
                true => [session.min, session.max],
                false => [session.min.or(session.mean).or(Some(value)); 2],
            };
            is_counted(session.unit) && ends == [Some(value); 2]
        };
        side.iter().all(is_constant).then_some(value)
    };
    Some(ExactValues {
        baseline: constant(&all.baseline)?,
        candidate: constant(&all.candidate)?,
    })
}

/// `None` where a value is zero.
fn ratio_of_constants(values: ExactValues, rules: &VerdictRules) -> Option<Ratio> {
    let are_positive = values.baseline > 0.0 && values.candidate > 0.0;
    let estimate = bounded(values.candidate / values.baseline);
    are_positive.then_some(Ratio {
        estimate,
        low: estimate,
        high: estimate,
        confidence: rules.confidence,
    })
}

/// Whether a session has more than one run, so that it can show that nothing varies.
fn has_runs(session: &MetricSummary) -> bool {
    session.count >= 2
}

fn is_counted(unit: Unit) -> bool {
    matches!(unit, Unit::Count | Unit::Bytes)
}

fn noise_of(sides: &Sessions<'_, MetricSummary>) -> SessionNoise {
    match sides.both().all(|session| is_counted(session.unit)) {
        true => NOISE_OF_COUNTS,
        false => NOISE_OF_TIMES,
    }
}

/// Of the medians, or of the means where a session kept nothing else.
fn ratio_of_sessions(sides: &Sessions<'_, MetricSummary>, rules: &VerdictRules) -> Option<Ratio> {
    let interval = interval_of(sides);
    let (baseline, candidate) = sides.each(|session| session_value(interval(session)?))?;
    let shift = stats::session_shift(&baseline, &candidate, noise_of(sides), rules.confidence)?;
    Some(Ratio {
        estimate: bounded(shift.value.exp()),
        low: bounded(shift.low.exp()),
        high: bounded(shift.high.exp()),
        confidence: shift.confidence,
    })
}

/// What yields the value of a session with its two-sided interval: low end, value, high end.
type Interval = fn(&MetricSummary) -> Option<(f64, f64, f64)>;

/// One kind for all sessions.
fn interval_of(sides: &Sessions<'_, MetricSummary>) -> Interval {
    match sides.both().all(MetricSummary::has_distribution) {
        true => median_interval,
        false => mean_interval,
    }
}

/// The logarithm of a value, and the standard error that its interval implies.
fn session_value((low, value, high): (f64, f64, f64)) -> Option<SessionValue> {
    (low > 0.0).then(|| SessionValue {
        value: value.ln(),
        standard_error: (high.ln() - low.ln()) / 2.0 / STANDARD_ERRORS,
    })
}

/// The median with its two-sided interval, from raw values or a histogram.
fn median_interval(summary: &MetricSummary) -> Option<(f64, f64, f64)> {
    let (low, high) = summary.quantile_bounds(0.5, ONE_SIDED);
    Some((low?, summary.percentile(0.5)?, high?))
}

/// The mean with its two-sided interval, from the standard deviation.
fn mean_interval(summary: &MetricSummary) -> Option<(f64, f64, f64)> {
    let (mean, deviation) = (summary.mean?, summary.std_dev?);
    let (low, high) = stats::mean_bounds(mean, deviation, summary.count, ONE_SIDED)?;
    Some((low, mean, high))
}

/// What each side of a session's interval holds with.
const ONE_SIDED: f64 = 1.0 - (1.0 - CONFIDENCE_OF_A_SESSION) / 2.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::Direction;
    use crate::report::Verdict;

    fn benchmark(values: &[f64]) -> Benchmark {
        let mut benchmark = Benchmark::new("a");
        let summary = MetricSummary::from_samples(Unit::Nanoseconds, values.to_vec());
        benchmark.metrics.insert(Metric::WALL_TIME, summary);
        benchmark
    }

    fn of_one_each(before: &Benchmark, after: &Benchmark, metric: &Metric) -> Comparison {
        let sessions = Sessions {
            baseline: vec![before],
            candidate: vec![after],
            apart: Apart::OnOneMachine,
        };
        compare_unpaired(&sessions, metric, &VerdictRules::of_sessions())
    }

    #[test]
    fn saved_reports_need_a_clear_difference() {
        let compare = |factor: f64| {
            let baseline = benchmark(&[1e7; 100]);
            let candidate = benchmark(&[factor * 1e7; 100]);
            of_one_each(&baseline, &candidate, &Metric::WALL_TIME)
        };
        assert_eq!(compare(1.10).verdict, Verdict::Inconclusive);
        assert_eq!(compare(1.16).verdict, Verdict::Slower);
        assert_eq!(compare(0.86).verdict, Verdict::Faster);
        let same = compare(1.0);
        assert!(!same.interleaved && same.ratio.unwrap().confidence == 0.99);
        assert_eq!(same.notes[0].code, NoteCode::NotInterleaved);
        assert!(same.notes[0].message.contains("once more on each side"));
    }

    #[test]
    fn a_second_session_on_each_side_tells_ten_per_cent() {
        let session = |factor: f64| benchmark(&[factor * 1e7; 100]);
        let before = [session(1.0), session(1.01)];
        let after = [session(1.10), session(1.11)];
        let compare = |before: &[Benchmark], after: &[Benchmark]| {
            let sessions = Sessions {
                baseline: before.iter().collect(),
                candidate: after.iter().collect(),
                apart: Apart::OnOneMachine,
            };
            compare_unpaired(&sessions, &Metric::WALL_TIME, &VerdictRules::of_sessions())
        };
        let found = compare(&before, &after);
        assert_eq!(found.verdict, Verdict::Slower);
        let counts = SessionCounts {
            baseline: 2,
            candidate: 2,
        };
        assert_eq!(found.sessions, Some(counts));
        assert!(found.notes[0].message.contains("in 2 sessions"));
        let unsure = compare(&before, &after[..1]);
        assert_eq!(unsure.verdict, Verdict::Inconclusive);
        assert!(unsure.notes[0].message.contains("the candidate once more"));
        // Sessions that contradict each other are no evidence.
        let apart = compare(&[session(1.0), session(1.3)], &after);
        assert_eq!(apart.verdict, Verdict::Inconclusive);
    }

    #[test]
    fn a_session_that_is_too_short_is_left_out() {
        let session = |factor: f64, runs: usize| benchmark(&vec![factor * 1e7; runs]);
        let before = [session(1.0, 100), session(1.01, 100), session(1.0, 3)];
        let after = [session(1.10, 100), session(1.11, 100)];
        let compare = |before: &[Benchmark]| {
            let sessions = Sessions {
                baseline: before.iter().collect(),
                candidate: after.iter().collect(),
                apart: Apart::OnOneMachine,
            };
            compare_unpaired(&sessions, &Metric::WALL_TIME, &VerdictRules::of_sessions())
        };
        let of_short = |note: &&Note| note.code == NoteCode::TooFewRuns;
        let found = compare(&before);
        let counts = SessionCounts {
            baseline: 2,
            candidate: 2,
        };
        assert_eq!(
            (found.verdict, found.sessions),
            (Verdict::Slower, Some(counts))
        );
        let note = found.notes.iter().find(of_short).unwrap();
        assert!(note.message.starts_with("1 of 5 sessions have too few"));
        let whole = compare(&before[..2]);
        assert_eq!(found.ratio, whole.ratio);
        assert!(!whole.notes.iter().any(|note| of_short(&note)));
        // Of a side that has no other, nothing can be left out.
        let short = compare(&before[2..]);
        assert_eq!((short.ratio, short.sessions.unwrap().baseline), (None, 1));
    }

    #[test]
    fn a_session_whose_interval_reaches_zero_is_too_short_and_one_of_zeros_is_not() {
        let mut two_runs = benchmark(&[1e7; 2]);
        let time = two_runs.metrics.get_mut(&Metric::WALL_TIME).unwrap();
        time.samples.clear();
        time.std_dev = Some(1.2e6);
        let (long, zeros) = (benchmark(&[1e7; 100]), benchmark(&[0.0; 100]));
        let (many, few) = (benchmark(&[1e7; 100]), benchmark(&[0.0; 2]));
        let compare = |baseline: Vec<&Benchmark>| {
            let sessions = Sessions {
                baseline,
                candidate: vec![&long],
                apart: Apart::OnOneMachine,
            };
            compare_unpaired(&sessions, &Metric::WALL_TIME, &VerdictRules::of_sessions())
        };
        let has = |found: &Comparison, code| found.notes.iter().any(|note| note.code == code);
        let found = compare(vec![&two_runs, &many]);
        assert_eq!(found.ratio, compare(vec![&many]).ratio);
        assert_eq!(found.sessions.unwrap().baseline, 1);
        assert!(has(&found, NoteCode::TooFewRuns));
        let short = compare(vec![&few, &many]);
        assert_eq!(short.ratio, found.ratio);
        let of_zeros = compare(vec![&zeros, &many]);
        assert_eq!(
            (of_zeros.ratio, of_zeros.sessions.unwrap().baseline),
            (None, 2)
        );
        assert!(has(&of_zeros, NoteCode::ZeroValues) && !has(&of_zeros, NoteCode::TooFewRuns));
    }

    #[test]
    fn a_number_without_a_deviation_is_left_out_and_medians_count() {
        let mut number = benchmark(&[1.0]);
        let time = number.metrics.get_mut(&Metric::WALL_TIME).unwrap();
        time.samples.clear();
        time.std_dev = None;
        let (long, short) = (benchmark(&[1e7; 100]), benchmark(&[1e7, 1.1e7, 1.2e7]));
        let sessions = Sessions {
            baseline: vec![&number, &long, &short],
            candidate: vec![&long],
            apart: Apart::OnOneMachine,
        };
        let found = compare_unpaired(&sessions, &Metric::WALL_TIME, &VerdictRules::of_sessions());
        assert_eq!(found.ratio.unwrap().estimate, 1.0);
        assert_eq!(found.sessions.unwrap().baseline, 1);
        let is_of_means = |note: &Note| note.code == NoteCode::NoSamples;
        assert!(!found.notes.iter().any(is_of_means));
        // Of these values only the mean's interval reaches zero.
        let mut values = vec![1e7; 20];
        values[0] = 1e10;
        let rare = benchmark(&values);
        let sessions = Sessions {
            baseline: vec![&number, &rare],
            ..sessions
        };
        let found = compare_unpaired(&sessions, &Metric::WALL_TIME, &VerdictRules::of_sessions());
        assert_eq!(found.ratio.unwrap().estimate, 1.0);
    }

    #[test]
    fn times_of_two_machines_are_no_verdict_and_counts_that_never_vary_are_one() {
        let mut before = benchmark(&[1e7; 100]);
        let mut after = benchmark(&[3e7; 100]);
        for (side, count) in [(&mut before, 3.0), (&mut after, 4.0)] {
            let counts = MetricSummary::from_samples(Unit::Count, vec![count; 2]);
            side.metrics.insert(Metric::ALLOCATIONS, counts);
        }
        let sessions = Sessions {
            baseline: vec![&before],
            candidate: vec![&after],
            apart: Apart::OnSeveralMachines,
        };
        let compare = |metric| compare_unpaired(&sessions, metric, &VerdictRules::of_sessions());
        let times = compare(&Metric::WALL_TIME);
        assert_eq!((times.verdict, times.ratio), (Verdict::Inconclusive, None));
        assert!(times.is_across_machines);
        let counts = compare(&Metric::ALLOCATIONS);
        assert_eq!(counts.verdict, Verdict::Slower);
        assert!(!counts.is_across_machines);
    }

    #[test]
    fn more_is_better_where_the_metric_says_so() {
        let side = |rate: f64| {
            let mut side = benchmark(&[1.0]);
            let rates = MetricSummary::from_samples(Unit::PerSecond, vec![rate; 100]);
            side.metrics.insert(
                Metric::THROUGHPUT,
                rates.direction(Direction::HigherIsBetter),
            );
            side
        };
        let compare =
            |before: f64, after: f64| of_one_each(&side(before), &side(after), &Metric::THROUGHPUT);
        assert_eq!(compare(1e6, 1.5e6).verdict, Verdict::Faster);
        assert_eq!(compare(1e6, 0.5e6).verdict, Verdict::Slower);
        assert_eq!(compare(1e6, 1.5e6).direction, Direction::HigherIsBetter);
    }

    #[test]
    fn means_and_deviations_stand_in_for_samples() {
        let side = |factor: f64| {
            let values: Vec<f64> = (0..60)
                .map(|run| factor * f64::from(1000 + run % 7))
                .collect();
            let mut side = benchmark(&values);
            let time = side.metrics.get_mut(&Metric::WALL_TIME).unwrap();
            time.samples.clear();
            side
        };
        let compared = of_one_each(&side(1.0), &side(3.0), &Metric::WALL_TIME);
        assert_eq!(compared.verdict, Verdict::Slower);
        assert!((compared.ratio.unwrap().estimate - 3.0).abs() < 1e-9);
        assert!(
            compared
                .notes
                .iter()
                .any(|note| note.code == NoteCode::NoSamples)
        );
    }

    #[test]
    fn a_session_of_one_run_takes_no_exactness_from_counts_that_it_does_not_contradict() {
        let session = |count: f64, runs: usize| {
            let mut session = benchmark(&[1.0]);
            let counts = MetricSummary::from_samples(Unit::Count, vec![count; runs]);
            session.metrics.insert(Metric::ALLOCATIONS, counts);
            session
        };
        let (before, after) = (session(300.0, 2), session(301.0, 40));
        let compare = |short: &Benchmark| {
            let sessions = Sessions {
                baseline: vec![&before, short],
                candidate: vec![&after],
                apart: Apart::OnSeveralMachines,
            };
            compare_unpaired(
                &sessions,
                &Metric::ALLOCATIONS,
                &VerdictRules::of_sessions(),
            )
        };
        let found = compare(&session(300.0, 1));
        let exact = found.ratio.unwrap();
        assert_eq!((exact.low, exact.high), (301.0 / 300.0, 301.0 / 300.0));
        assert_eq!(found.sessions.unwrap().baseline, 1);
        let told: Vec<&str> = found.notes.iter().map(|n| n.message.as_str()).collect();
        assert_eq!(
            told,
            [
                "1 of 3 sessions have too few values of allocations to show that none varies and are left out"
            ]
        );
        let contradicted = compare(&session(299.0, 1));
        assert_eq!(contradicted.ratio, None);
        assert!(contradicted.is_across_machines);
    }

    #[test]
    fn counts_that_never_vary_are_compared_exactly() {
        let side = |count: f64| {
            let mut side = benchmark(&[1.0]);
            let counts = MetricSummary::from_samples(Unit::Count, vec![count; 2]);
            side.metrics.insert(Metric::ALLOCATIONS, counts);
            side
        };
        let compare =
            |before, after| of_one_each(&side(before), &side(after), &Metric::ALLOCATIONS).verdict;
        assert_eq!(compare(3.0, 3.0), Verdict::Same);
        assert_eq!(compare(3.0, 4.0), Verdict::Slower);
    }

    #[test]
    fn counts_of_zero_that_never_vary_are_compared_exactly() {
        let side = |count: f64| {
            let mut side = benchmark(&[1.0]);
            let counts = MetricSummary::from_samples(Unit::Count, vec![count; 2]);
            side.metrics.insert(Metric::ALLOCATIONS, counts);
            side
        };
        let compare = |before, after| {
            let found = of_one_each(&side(before), &side(after), &Metric::ALLOCATIONS);
            assert_eq!((found.ratio, found.notes.len()), (None, 0));
            let values = ExactValues {
                baseline: before,
                candidate: after,
            };
            assert_eq!(found.exact, Some(values));
            found.verdict
        };
        assert_eq!(compare(0.0, 0.0), Verdict::Same);
        assert_eq!(compare(0.0, 2.0), Verdict::Slower);
        assert_eq!(compare(2.0, 0.0), Verdict::Faster);
    }
}
