//! The saved sessions of a baseline and of a candidate.

use std::collections::BTreeSet;

use perfkit::OperationSnapshot;
use perfkit::compare::{Sessions, distinct_sessions};
use perfkit::report::{Benchmark, Environment, Report, Side};

/// The reports of both sides, the newest last.
#[derive(Clone, Copy)]
pub(super) struct Sides<'a> {
    pub(super) baseline: &'a [Report],
    pub(super) candidate: &'a [Report],
    /// Whether all were measured on one machine, as far as is known.
    pub(super) is_one_machine: bool,
}

impl<'a> Sides<'a> {
    pub(super) fn of(baseline: &'a [Report], candidate: &'a [Report]) -> Self {
        let mut machines = baseline.iter().chain(candidate).map(|r| &r.environment);
        let is_other = |first: &Environment| machines.any(|other| other.is_other_machine(first));
        let first = candidate.first().map(|report| &report.environment);
        Self {
            baseline,
            candidate,
            is_one_machine: !first.is_some_and(is_other),
        }
    }

    /// The sessions of the benchmarks of a name, one for each program of the candidate that
    /// has it: those of other programs are other benchmarks. Where each side has it in one,
    /// it may have been moved. None where a side lacks it.
    pub(super) fn of_benchmark(&self, name: &str) -> Vec<Sessions<'a, Benchmark>> {
        let then = programs(self.baseline, name);
        let now = programs(self.candidate, name);
        let is_in_one = then.len() < 2 && now.len() < 2;
        let of_program = |program: Option<&str>| {
            let before = match is_in_one {
                true => None,
                false => Some(program?),
            };
            self.both(
                benchmarks_of(self.baseline, name, before)?,
                benchmarks_of(self.candidate, name, program)?,
            )
        };
        match now.is_empty() {
            true => of_program(None).into_iter().collect(),
            false => now.iter().filter_map(|now| of_program(Some(now))).collect(),
        }
    }

    /// The sessions of an operation; `None` where a side lacks it.
    pub(super) fn of_operation(&self, name: &str) -> Option<Sessions<'a, OperationSnapshot>> {
        let of_side = |reports: &'a [Report]| {
            let found = reports.iter();
            let found = found.filter_map(|report| own_operations(report).find(|o| o.name == name));
            any_of(distinct_sessions(found, |a, b| a.lifetime == b.lifetime))
        };
        self.both(of_side(self.baseline)?, of_side(self.candidate)?)
    }

    fn both<T>(&self, baseline: Vec<&'a T>, candidate: Vec<&'a T>) -> Option<Sessions<'a, T>> {
        Some(Sessions {
            baseline,
            candidate,
            is_one_machine: self.is_one_machine,
        })
    }
}

/// The programs that have a benchmark of this name, as far as is known.
fn programs<'a>(reports: &'a [Report], name: &str) -> BTreeSet<&'a str> {
    let all = reports.iter().flat_map(Report::own_benchmarks);
    let named = all.filter(|benchmark| benchmark.name == name);
    named.filter_map(|b| b.program.as_deref()).collect()
}

/// What each session measured of a program's benchmark, or of any program's.
fn benchmarks_of<'a>(
    reports: &'a [Report],
    name: &str,
    program: Option<&str>,
) -> Option<Vec<&'a Benchmark>> {
    let is_it = |b: &&Benchmark| b.name == name && b.may_be_of(program);
    let found = reports.iter();
    let found = found.filter_map(|report| report.own_benchmarks().find(is_it));
    any_of(distinct_sessions(found, |a, b| a.metrics == b.metrics))
}

fn any_of<T>(sessions: Vec<T>) -> Option<Vec<T>> {
    (!sessions.is_empty()).then_some(sessions)
}

/// The operations of a report's own state: of a comparison that is the candidate's side.
pub(super) fn own_operations(report: &Report) -> impl Iterator<Item = &OperationSnapshot> {
    let operations = report.operations.iter();
    operations.filter(|operation| operation.side != Some(Side::Baseline))
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

fn each_once<'a>(names: impl Iterator<Item = &'a String>) -> Vec<&'a String> {
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(*name)).collect()
}

/// Whether two reports are of one session: a file and its copy.
pub(crate) fn is_same_session(one: &Report, other: &Report) -> bool {
    let is_same = |(one, other): (&Benchmark, &Benchmark)| {
        one.name == other.name && one.metrics == other.metrics
    };
    // Counts may be equal in two sessions, which do not begin in the same nanosecond. When
    // other tools' began is not always known.
    let is_at_once = one.created == other.created
        || [one, other]
            .iter()
            .all(|report| report.imported_from.is_some());
    is_at_once
        && own_operations(one).eq(own_operations(other))
        && one.own_benchmarks().count() == other.own_benchmarks().count()
        && one
            .own_benchmarks()
            .zip(other.own_benchmarks())
            .all(is_same)
}

/// Whether a report has anything that can be compared.
pub(crate) fn is_comparable(report: &Report) -> bool {
    report.own_benchmarks().any(|b| !b.metrics.is_empty())
        || own_operations(report).next().is_some()
}
