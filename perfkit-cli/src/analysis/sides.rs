//! The saved sessions of a baseline and of a candidate.

use std::collections::{BTreeMap, BTreeSet};

use perfkit::OperationSnapshot;
use perfkit::budget::engine::{lost_of_name, lost_of_pattern};
use perfkit::compare::{Apart, Sessions, distinct_sessions};
use perfkit::report::{Benchmark, Environment, Report, Side};

use super::by_name::ByName;

/// The reports of both sides, the newest last.
pub(super) struct Sides<'a> {
    pub(super) baseline: &'a [Report],
    pub(super) candidate: &'a [Report],
    /// How far apart they were measured.
    pub(super) apart: Apart,
    benchmarks: [ByName<'a, Benchmark>; 2],
    operations: [ByName<'a, OperationSnapshot>; 2],
}

impl<'a> Sides<'a> {
    pub(super) fn of(baseline: &'a [Report], candidate: &'a [Report]) -> Self {
        let mut machines = baseline.iter().chain(candidate).map(|r| &r.environment);
        let is_other = |first: &Environment| machines.any(|other| other.is_other_machine(first));
        let first = candidate.first().map(|report| &report.environment);
        Self {
            baseline,
            candidate,
            apart: match first.is_some_and(is_other) {
                true => Apart::OnSeveralMachines,
                false => Apart::OnOneMachine,
            },
            benchmarks: [baseline, candidate]
                .map(|reports| ByName::of(reports, Report::own_benchmarks, |b| &b.name)),
            operations: [baseline, candidate]
                .map(|reports| ByName::of(reports, own_operations, |o| &o.name)),
        }
    }

    /// The benchmarks of a name, each of another program.
    pub(super) fn of_benchmark(&self, name: &str) -> OfName<'a> {
        let [before, after] = &self.benchmarks;
        let named = |side: &ByName<'a, Benchmark>| -> Vec<&'a Benchmark> {
            side.named(name).iter().map(|named| named.thing).collect()
        };
        let all = named(before).into_iter().chain(named(after));
        let known: BTreeSet<&str> = all.filter_map(|b| b.program.as_deref()).collect();
        let programs = |side| -> BTreeSet<Option<&str>> {
            let all = named(side).into_iter();
            all.map(|b| b.program_among(&known)).collect()
        };
        let (then, now) = (programs(before), programs(after));
        let is_clear = known.is_empty() || !then.contains(&None) && !now.contains(&None);
        if is_clear && then.len() < 2 && now.len() < 2 {
            // Where each side has it in one, it may have been moved.
            let [before, after] = [before, after].map(|side| sessions_of(side, name, |_| true));
            let without = |programs: BTreeSet<_>, has_other: bool| match has_other {
                true => Vec::new(),
                false => programs.into_iter().collect(),
            };
            return OfName {
                only_in_baseline: without(then, after.is_some()),
                only_in_candidate: without(now, before.is_some()),
                is_of_several: false,
                both: before
                    .zip(after)
                    .map(|(before, after)| self.both(before, after))
                    .into_iter()
                    .collect(),
            };
        }
        let both = then.intersection(&now).filter_map(|program| {
            // What may be of several programs is paired with none.
            let program = (*program)?;
            let is_it = |b: &Benchmark| b.program_among(&known) == Some(program);
            let before = sessions_of(before, name, is_it)?;
            Some(self.both(before, sessions_of(after, name, is_it)?))
        });
        let lacking = |side: &BTreeSet<Option<&'a str>>, other: &BTreeSet<_>| {
            let lacks = |p: &&Option<&str>| p.is_none() || !other.contains(*p);
            side.iter().filter(lacks).copied().collect()
        };
        OfName {
            both: both.collect(),
            only_in_baseline: lacking(&then, &now),
            only_in_candidate: lacking(&now, &then),
            is_of_several: true,
        }
    }

    /// The sessions of an operation whose calls were timed; `None` where a side lacks it.
    pub(super) fn of_operation(&self, name: &str) -> Option<Sessions<'a, OperationSnapshot>> {
        let of_side = |side: &ByName<'a, OperationSnapshot>| {
            let found = side.first_of_each(name, |operation| !operation.is_of_values);
            any_of(distinct_sessions(found, |a, b| a.lifetime == b.lifetime))
        };
        let [before, after] = &self.operations;
        Some(self.both(of_side(before)?, of_side(after)?))
    }

    /// What the newest session of a side that has a benchmark of this name measured of it.
    pub(super) fn newest_benchmark(&self, side: Side, name: &str) -> Option<&'a Benchmark> {
        self.benchmarks[place(side)].newest(name)
    }

    /// As [`Sides::newest_benchmark`] of an operation.
    pub(super) fn newest_operation(&self, side: Side, name: &str) -> Option<&'a OperationSnapshot> {
        self.operations[place(side)].newest(name)
    }

    /// What a side has lost that lacks an operation of this name, where lost calls may have
    /// had it.
    pub(super) fn lost_of_name(&self, side: Side, name: &str) -> Option<String> {
        lost_of_name(&self.overflows(side), name)
    }

    /// What a side has lost of the calls that a pattern of operations may be for.
    pub(super) fn lost_of_pattern(&self, side: Side, pattern: &str) -> Option<String> {
        lost_of_pattern(&self.overflows(side), pattern)
    }

    /// Whether a side counts together under this name what has lost its own.
    pub(super) fn is_overflow(&self, name: &str) -> bool {
        let mut all = self.overflows(Side::Baseline);
        all.extend(self.overflows(Side::Candidate));
        all.iter().any(|operation| operation.name == name)
    }

    /// What counts the calls together of which a side has lost names or labels.
    fn overflows(&self, side: Side) -> Vec<&'a OperationSnapshot> {
        let reports = match side {
            Side::Baseline => self.baseline,
            Side::Candidate => self.candidate,
        };
        let all = reports.iter().flat_map(own_operations);
        all.filter(|operation| operation.is_overflow).collect()
    }

    fn both<T>(&self, baseline: Vec<&'a T>, candidate: Vec<&'a T>) -> Sessions<'a, T> {
        Sessions {
            baseline,
            candidate,
            apart: self.apart,
        }
    }
}

/// What both sides have under a name, and what has no counterpart.
pub(super) struct OfName<'a> {
    /// The sessions of each program's benchmark: those of other programs are other benchmarks.
    pub(super) both: Vec<Sessions<'a, Benchmark>>,
    only_in_baseline: Vec<Option<&'a str>>,
    only_in_candidate: Vec<Option<&'a str>>,
    /// Whether a side has it in several programs, which tell one from another then.
    pub(super) is_of_several: bool,
}

impl<'a> OfName<'a> {
    /// The programs of which only this side has a benchmark of the name; `None` where it may
    /// be any.
    pub(super) fn only_in(&self, side: Side) -> Vec<Option<&'a str>> {
        match side {
            Side::Baseline => self.only_in_baseline.clone(),
            Side::Candidate => self.only_in_candidate.clone(),
        }
    }
}

fn place(side: Side) -> usize {
    match side {
        Side::Baseline => 0,
        Side::Candidate => 1,
    }
}

/// What each session measured of a benchmark.
fn sessions_of<'a>(
    side: &ByName<'a, Benchmark>,
    name: &str,
    is_it: impl Fn(&Benchmark) -> bool,
) -> Option<Vec<&'a Benchmark>> {
    let found = side.first_of_each(name, is_it);
    any_of(distinct_sessions(found, |a, b| a.metrics == b.metrics))
}

fn any_of<T>(sessions: Vec<T>) -> Option<Vec<T>> {
    (!sessions.is_empty()).then_some(sessions)
}

/// The operations of a report's own state: of a comparison that is the candidate's side. One
/// of which no call has ended is not there yet.
pub(super) fn own_operations(report: &Report) -> impl Iterator<Item = &OperationSnapshot> {
    let operations = report.operations.iter();
    operations.filter(|o| o.side != Some(Side::Baseline) && o.is_any_ended())
}

/// The names of what reports have, each once and in its order.
pub(super) fn benchmark_names(reports: &[Report]) -> Vec<&String> {
    each_once(
        reports
            .iter()
            .flat_map(Report::own_benchmarks)
            .map(|b| &b.name),
    )
}

pub(super) fn operation_names(reports: &[Report]) -> Vec<&String> {
    each_once(reports.iter().flat_map(own_operations).map(|o| &o.name))
}

/// Those of operations whose calls were timed, or of values that the program handed over.
pub(super) fn names_of_kind(reports: &[Report], is_of_values: bool) -> Vec<&String> {
    let all = reports.iter().flat_map(own_operations);
    let of_kind = all.filter(|operation| operation.is_of_values == is_of_values);
    each_once(of_kind.map(|operation| &operation.name))
}

fn each_once<'a>(names: impl Iterator<Item = &'a String>) -> Vec<&'a String> {
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(*name)).collect()
}

/// Whether two reports are of one session: of a file and its copy, or of a file that has its
/// numbers beside others. All that both have is the same then. Times that vary are never the
/// same twice; counts may be, in sessions of other moments.
pub(crate) fn is_same_session(one: &Report, other: &Report) -> bool {
    let of_operations = own_operations(other).map(|o| (&*o.name, o));
    let of_operations: BTreeMap<&str, &OperationSnapshot> = of_operations.collect();
    let operations = own_operations(one).filter_map(|operation| {
        let there = of_operations.get(&*operation.name)?;
        let is_same = there.lifetime == operation.lifetime;
        Some((&operation.lifetime.metrics, is_same))
    });
    let mut of_benchmarks = BTreeMap::<&str, Vec<&Benchmark>>::new();
    for benchmark in other.own_benchmarks() {
        let of_name = of_benchmarks.entry(&benchmark.name).or_default();
        of_name.push(benchmark);
    }
    let benchmarks = one.own_benchmarks().filter_map(|benchmark| {
        let of_name = of_benchmarks.get(&*benchmark.name)?.iter();
        let may_be = |there: &&&Benchmark| there.may_be_of(benchmark.program.as_deref());
        let mut there = of_name.filter(may_be).peekable();
        there.peek()?;
        let is_same = there.any(|there| there.metrics == benchmark.metrics);
        Some((&benchmark.metrics, is_same))
    });
    let common: Vec<_> = operations.chain(benchmarks).collect();
    let mut of_common = common.iter().flat_map(|(metrics, _)| metrics.values());
    let varies = of_common.any(|summary| summary.min != summary.max);
    let is_imported = |report: &Report| report.imported_from.is_some();
    // When other tools' sessions began is not always known.
    let may_be_at_once =
        one.created == other.created || is_imported(one) && is_imported(other) || varies;
    may_be_at_once && !common.is_empty() && common.iter().all(|(_, is_same)| *is_same)
}

/// Whether a report has anything that can be compared.
pub(crate) fn is_comparable(report: &Report) -> bool {
    report.own_benchmarks().any(|b| !b.metrics.is_empty())
        || own_operations(report).any(|operation| !operation.is_of_values)
}
