//! Comparing benchmarks: of this tree, or of this tree and another revision.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use perfkit::bench::engine::{
    BenchmarkInfo, FUNCTION_METRICS, GroupResult, GroupRun, GroupRunner, Program, Progress,
    Timeouts, WorkerError,
};
use perfkit::compare::{ComparisonSet, compare_set};
use perfkit::report::{Note, NoteCode, Report, Shard, StopReason};
use perfkit::unit::Unit;

use crate::args::{self, Verbosity};
use crate::error::{Error, shown};
use crate::input::environment;
use crate::plan::Benches;
use crate::revision::{
    BenchProgram, Checkout, Selection, Tree, Workspace, build_benches, different_dependencies,
    is_same_binary, share_lock_file, size_bytes,
};
use crate::terminal::{self, ProgressLine};
use crate::text::printable;

use super::failure;
use super::session::{Outcome, Session};

/// A benchmark, and the program that has it.
struct Found {
    /// What cargo calls the program.
    target: String,
    program: Program,
    info: BenchmarkInfo,
}

/// Builds, runs and compares benchmarks.
pub(super) fn compare(benches: &Benches, session: Session<'_>) -> Result<Outcome, Error> {
    let is_interrupted = || session.is_interrupted();
    let timeouts = Timeouts {
        timeout: benches.timeout,
        is_interrupted: &is_interrupted,
    };
    let here = session.checkout.map(|checkout| checkout.own.clone());
    let here = here.map_or_else(Tree::here, Ok)?;
    let workspace = Workspace::of(&here)?.ok_or_else(no_package)?;
    let search = Search {
        filter: &benches.filter,
        selection: workspace.by_name(&benches.selection)?,
        timeouts,
        session,
    };
    let mut own = search.find(&here, &workspace)?;
    let mut notes = Vec::new();
    let mut shard = None;
    let (mut groups, unpaired) = match session.checkout {
        None => (of_groups(&own), Unpaired::default()),
        Some(checkout) => {
            let mut base = search.find_in_base(&checkout.base, &workspace, &mut notes)?;
            let share = |shard| take_shard(shard, [&mut base, &mut own]);
            shard = benches.shard.map(share);
            let groups = of_revisions(&base, &own, &checkout.base.label);
            (groups, Unpaired::between(&base, &own))
        }
    };
    if session.plan.is_pinned {
        let targets = groups.iter_mut().flat_map(|group| &mut group.targets);
        targets.for_each(|target| target.is_pinned = true);
    }
    if session.plan.has_control {
        groups.iter_mut().for_each(GroupRun::add_control);
    }
    // Benchmarks that are all new have nothing to be compared with, which is no mistake.
    let is_any_new = !unpaired.only_in_candidate.is_empty();
    let is_any_elsewhere = shard.as_ref().is_some_and(|s| !s.elsewhere.is_empty());
    let is_any = !groups.is_empty() || is_any_new || is_any_elsewhere;
    if !is_any && !session.is_interrupted() {
        return Err(nothing_to_run(&benches.filter, session.checkout));
    }
    let mut outcome = run_all(&groups, timeouts, session);
    let label = session.checkout.map(|checkout| &*checkout.base.label);
    unpaired.tell(label.unwrap_or_default(), &mut outcome.report);
    outcome.report.notes.extend(notes);
    outcome.report.shard = shard;
    Ok(outcome)
}

fn no_package() -> Error {
    Error::usage("benchmarks are those of a cargo package, and there is none here")
        .hint("run it in the folder of a Cargo.toml, or give commands to compare")
}

/// A search for benchmarks in the trees that are compared.
struct Search<'a> {
    /// What their names have in them.
    filter: &'a str,
    /// The benches to look in, by the names of their packages.
    selection: Selection,
    timeouts: Timeouts<'a>,
    session: Session<'a>,
}

impl Search<'_> {
    /// The benchmarks of a tree.
    fn find(&self, tree: &Tree, workspace: &Workspace) -> Result<Vec<Found>, Error> {
        let mut found = Vec::new();
        if self.session.is_interrupted() {
            return Ok(found);
        }
        for built in self.build(tree, workspace)? {
            let program = program(&built);
            match program.benchmarks(self.timeouts) {
                Ok(benchmarks) => {
                    let is_meant = |info: &BenchmarkInfo| info.name.contains(self.filter);
                    let meant = benchmarks.into_iter().filter(is_meant);
                    found.extend(meant.map(|info| Found {
                        target: built.target.clone(),
                        program: program.clone(),
                        info,
                    }));
                }
                Err(WorkerError::Interrupted) => break,
                Err(WorkerError::Failed(failure)) => {
                    tell_left_out(tree, &built.target, &failure.reason);
                }
            }
        }
        Ok(found)
    }

    /// The benchmarks of the other revision, built with the same versions of what they
    /// depend on if the change itself has no others.
    fn find_in_base(
        &self,
        base: &Tree,
        own: &Workspace,
        notes: &mut Vec<Note>,
    ) -> Result<Vec<Found>, Error> {
        let Some(workspace) = Workspace::of(base)? else {
            return Ok(Vec::new());
        };
        share_lock_file(own, &workspace, base)?;
        let found = self.find(base, &workspace)?;
        notes.extend(different_dependencies(&workspace, own, base));
        Ok(found)
    }

    fn build(&self, tree: &Tree, workspace: &Workspace) -> Result<Vec<BenchProgram>, Error> {
        let session = self.session;
        let start = Instant::now();
        // Once programs are asked, a signal is a request until all is measured, or until
        // cargo builds for the next tree.
        session.signals.restore_signals();
        let built = build_benches(tree, workspace, &self.selection, session.verbosity)?;
        session.signals.defer_signals();
        for (target, why) in &built.left_out {
            tell_left_out(tree, target, why);
        }
        if session.verbosity == Verbosity::Verbose {
            terminal::print_line(&format!(
                "{}: built in {} in {}, which has {}",
                printable(&tree.label),
                Unit::Nanoseconds.format(start.elapsed().as_nanos() as f64, 3),
                shown(&built.target),
                Unit::Bytes.format(size_bytes(&built.target) as f64, 3)
            ));
        }
        Ok(built.programs)
    }
}

fn tell_left_out(tree: &Tree, target: &str, why: &str) {
    terminal::print_line(&format!(
        "warning: {} ({}) is left out: {}",
        printable(target),
        printable(&tree.label),
        printable(why)
    ));
}

/// Leaves what is in a share, on both sides.
fn take_shard(shard: args::Shard, sides: [&mut Vec<Found>; 2]) -> Shard {
    let (mut here, mut elsewhere) = (BTreeSet::new(), BTreeSet::new());
    for side in sides {
        for found in side.iter() {
            let name = &found.info.name;
            let names = if shard.holds(name) {
                &mut here
            } else {
                &mut elsewhere
            };
            names.insert(name.clone());
        }
        side.retain(|found| shard.holds(&found.info.name));
    }
    let mut taken = Shard::new(shard.number, shard.of);
    taken.benchmarks = here.len();
    taken.elsewhere = elsewhere.into_iter().collect();
    taken
}

fn program(built: &BenchProgram) -> Program {
    Program {
        path: built.executable.clone(),
        directory: Some(built.package.clone()),
        variables: vec![("CARGO_MANIFEST_DIR".into(), built.package.clone().into())],
    }
}

fn nothing_to_run(filter: &str, checkout: Option<&Checkout>) -> Error {
    let place = match checkout {
        Some(checkout) => format!("both this tree and {}", printable(&checkout.base.label)),
        None => "this package".to_owned(),
    };
    let which = match filter {
        "" => String::new(),
        filter => format!(" whose name contains `{}`", printable(filter)),
    };
    Error::usage(format!("no benchmark{which} is in {place}")).hint(
        "a benchmark is a [[bench]] with harness = false whose main calls perfkit::bench::main",
    )
}

/// The groups of all programs.
fn of_groups(found: &[Found]) -> Vec<GroupRun> {
    let mut programs: Vec<(&Program, Vec<BenchmarkInfo>)> = Vec::new();
    for Found { program, info, .. } in found {
        match programs.last_mut() {
            Some((last, all)) if last.path == program.path => all.push(info.clone()),
            _ => programs.push((program, vec![info.clone()])),
        }
    }
    let groups = programs
        .iter()
        .flat_map(|(program, all)| GroupRun::of_groups(program, all, false));
    groups.collect()
}

/// The names of benchmarks that only one revision has.
#[derive(Default)]
struct Unpaired {
    only_in_baseline: Vec<String>,
    only_in_candidate: Vec<String>,
}

impl Unpaired {
    fn between(base: &[Found], own: &[Found]) -> Self {
        let names = |found: &[Found]| -> BTreeSet<String> {
            found.iter().map(|found| found.info.name.clone()).collect()
        };
        let (base, own) = (names(base), names(own));
        Self {
            only_in_baseline: base.difference(&own).cloned().collect(),
            only_in_candidate: own.difference(&base).cloned().collect(),
        }
    }

    /// Puts them into the report, with a note on each.
    fn tell(self, base: &str, report: &mut Report) {
        for name in &self.only_in_baseline {
            let message = format!("{name} is gone: only {base} has it");
            report.notes.push(Note::info(NoteCode::Gone, message));
        }
        for name in &self.only_in_candidate {
            let message = format!("{name} is new: {base} does not have it");
            report.notes.push(Note::info(NoteCode::New, message));
        }
        report.only_in_baseline = self.only_in_baseline;
        report.only_in_candidate = self.only_in_candidate;
    }
}

/// A group for each benchmark that both revisions have.
fn of_revisions(base: &[Found], own: &[Found], label: &str) -> Vec<GroupRun> {
    let in_base: BTreeMap<&str, &Found> = base
        .iter()
        .map(|found| (found.info.name.as_str(), found))
        .collect();
    let mut groups = Vec::new();
    let mut are_same = BTreeMap::new();
    for after in own {
        let name = &after.info.name;
        let Some(before) = in_base.get(name.as_str()) else {
            continue;
        };
        let mut group = GroupRun::against_the_first([
            (name.clone(), &before.program, &before.info),
            (name.clone(), &after.program, &after.info),
        ]);
        group.base_revision = Some(label.to_owned());
        let paths = (&before.program.path, &after.program.path);
        if *are_same
            .entry(paths)
            .or_insert_with(|| is_same_binary(paths.0, paths.1))
        {
            group.set.mark_one_program(&after.target);
        }
        groups.push(group);
    }
    groups
}

/// One group after the other; then all verdicts together, because many share the
/// chance of an error.
fn run_all(groups: &[GroupRun], timeouts: Timeouts<'_>, session: Session<'_>) -> Outcome {
    let settings = &session.plan.settings;
    let comparisons = groups.iter().map(|group| group.set.pairs.len()).sum();
    let asked = settings.of_functions(comparisons);
    let mut report = Report::new(environment::detect());
    let mut failure = None;
    let mut set = ComparisonSet::default();
    let rules = asked.analysis_rules(comparisons);
    let runner = GroupRunner {
        settings: asked,
        seed: settings.seed(),
        timeouts,
    };
    session.signals.defer_signals();
    for (index, group) in groups.iter().enumerate() {
        if session.is_interrupted() {
            break;
        }
        let result = run_one(&runner, group, (index, groups.len()), session);
        if let Some((name, failed)) = &result.failure {
            let error = failure::of_benchmark(name, failed);
            if let Some(earlier) = failure.replace(error) {
                terminal::print_error(&earlier);
            }
        }
        set.append(&group.set);
        result.add_to(&mut report);
    }
    session.signals.restore_signals();
    report.comparisons = compare_set(&report.benchmarks, &set, &FUNCTION_METRICS, &rules);
    if let Some(sampling) = report
        .sampling
        .as_mut()
        .filter(|_| session.is_interrupted())
    {
        sampling.stopped = StopReason::Interrupted;
    }
    Outcome { report, failure }
}

fn run_one(
    runner: &GroupRunner<'_>,
    group: &GroupRun,
    (index, groups): (usize, usize),
    session: Session<'_>,
) -> GroupResult {
    let line = ProgressLine::start(session.is_talkative());
    let mut show = |progress: &Progress<'_>| {
        let share = (index as f64 + progress.share) / groups.max(1) as f64;
        line.show(share, progress.elapsed, &printable(progress.name));
    };
    runner.run(group, &mut show)
}
