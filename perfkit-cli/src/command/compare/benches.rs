//! Comparing benchmarks: of this tree, or of this tree and another revision.

use std::collections::BTreeSet;

use perfkit::bench::engine::{
    BenchmarkInfo, FUNCTION_METRICS, GroupResult, GroupRun, GroupRunner, Program, Progress,
    Timeouts,
};
use perfkit::compare::{ComparisonSet, compare_set};
use perfkit::report::{Report, Shard, StopReason};

use crate::args;
use crate::document::named_apart;
use crate::error::Error;
use crate::input::environment;
use crate::plan::Benches;
use crate::revision::{Checkout, Dependencies, Tree, Workspace};
use crate::terminal::{self, ProgressLine};
use crate::text::printable;

use super::failure;
use super::pairs::Pairs;
use super::search::{Found, Search};
use super::session::{Outcome, Session};

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
        selection: workspace.by_name(&here, &benches.selection)?,
        timeouts,
        session,
    };
    let mut built = Dependencies::default();
    let mut own = search.find(&here, &workspace, &mut built)?;
    let mut notes = Vec::new();
    let label = session.checkout.map_or("", |checkout| &checkout.base.label);
    let mut base = session
        .checkout
        .map(|checkout| search.find_in_base(checkout, &workspace, &mut built, &mut notes))
        .transpose()?;
    let shard = base
        .as_mut()
        .zip(benches.shard)
        .map(|(base, shard)| take_shard(shard, [base, &mut own]));
    let pairs = base.as_ref().map(|base| Pairs::between(base, &own));
    let mut groups = match &pairs {
        None => of_groups(&own),
        Some(pairs) => pairs.groups(label),
    };
    if session.plan.is_pinned {
        let targets = groups.iter_mut().flat_map(|group| &mut group.targets);
        targets.for_each(|target| target.is_pinned = true);
    }
    if session.plan.has_control {
        groups.iter_mut().for_each(GroupRun::add_control);
    }
    // Benchmarks that are all new have nothing to be compared with, which is no mistake.
    let is_any_new = pairs.as_ref().is_some_and(Pairs::is_any_new);
    let is_any_elsewhere = shard.as_ref().is_some_and(|s| !s.elsewhere.is_empty());
    let is_any = !groups.is_empty() || is_any_new || is_any_elsewhere;
    if !is_any && !session.is_interrupted() {
        return Err(nothing_to_run(&benches.filter, session.checkout));
    }
    let mut outcome = run_all(&groups, timeouts, session);
    if let Some(pairs) = &pairs {
        pairs.tell_unpaired(label, &mut outcome.report);
    }
    outcome.report.notes.extend(notes);
    outcome.report.shard = shard;
    Ok(outcome)
}

fn no_package() -> Error {
    Error::usage("benchmarks are those of a cargo package, and there is none here")
        .hint("run it in the folder of a Cargo.toml, or give commands to compare")
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
    report.comparisons = compare_set(&report.benchmarks, &set, &FUNCTION_METRICS, &rules);
    let noise = set.noise_notes(&named_apart(&report).benchmarks, &rules);
    report.notes.extend(noise);
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
    let line = ProgressLine::start(session.shows_progress());
    let mut show = |progress: &Progress<'_>| {
        let share = (index as f64 + progress.share) / groups.max(1) as f64;
        line.show(share, progress.elapsed, || printable(progress.name));
    };
    runner.run(group, &mut show)
}
