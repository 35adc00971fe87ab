//! Comparing benchmarks: of this tree, or of this tree and another revision.

use std::collections::BTreeMap;
use std::time::Duration;

use perfkit::bench::{
    Effort, FUNCTION_METRICS, Family, Listed, Program, Progress, Race, Raced, Runner, Trouble,
    Watch, compare_family,
};
use perfkit::report::{Note, NoteCode, Report, StopReason};

use crate::args::{CompareArguments, Verbosity};
use crate::error::Error;
use crate::input::environment;
use crate::interrupt::Signals;
use crate::revision::{
    BenchProgram, Checkout, Selection, Tree, build_benches, is_same_binary, target_folder,
};
use crate::terminal::{self, ProgressLine, printable};

use super::failure;
use super::settings::Settings;

/// How long a benchmark may be silent before it is taken to hang, unless told
/// otherwise.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the races yielded.
pub(super) struct Outcome {
    pub(super) report: Report,
    pub(super) failure: Option<Error>,
}

/// A benchmark, and the program that has it.
struct Found {
    /// What cargo calls the program.
    target: String,
    program: Program,
    listed: Listed,
}

/// Builds, runs and compares.
pub(super) fn compare(
    arguments: &CompareArguments,
    checkout: Option<&Checkout>,
    settings: &Settings,
    signals: &Signals,
    verbosity: Verbosity,
) -> Result<Outcome, Error> {
    let is_interrupted = || signals.is_interrupted();
    let watch = Watch {
        patience: arguments.timeout.map_or(PATIENCE, |timeout| timeout.0),
        is_interrupted: &is_interrupted,
    };
    let find = |tree: &Tree| find(tree, arguments, watch, signals, verbosity);
    let mut notes = Vec::new();
    let mut races = match checkout {
        None => of_groups(&find(&this_tree()?)?),
        Some(checkout) => {
            let (base, own) = (find(&checkout.base)?, find(&checkout.own)?);
            of_revisions(&base, &own, &checkout.base.label, &mut notes)
        }
    };
    if arguments.pin {
        let entrants = races.iter_mut().flat_map(|race| &mut race.entrants);
        entrants.for_each(|entrant| entrant.is_pinned = true);
    }
    if arguments.null {
        races.iter_mut().for_each(Race::add_null);
    }
    if races.is_empty() && !signals.is_interrupted() {
        return Err(nothing_to_run(arguments, checkout));
    }
    let mut outcome = run_all(&races, settings, watch, signals, verbosity);
    outcome.report.notes.extend(notes);
    Ok(outcome)
}

fn this_tree() -> Result<Tree, Error> {
    let directory = std::env::current_dir()
        .map_err(|error| Error::data(format!("the current folder cannot be found: {error}")))?;
    let target = target_folder(&directory).ok_or_else(|| {
        Error::usage("--bench needs a cargo package, and there is none here")
            .hint("run it in the folder of a Cargo.toml")
    })?;
    Ok(Tree {
        target: target.join("perfkit").join("own-target"),
        label: "this tree".to_owned(),
        directory,
    })
}

/// The benchmarks of a tree that are meant.
fn find(
    tree: &Tree,
    arguments: &CompareArguments,
    watch: Watch<'_>,
    signals: &Signals,
    verbosity: Verbosity,
) -> Result<Vec<Found>, Error> {
    let selection = Selection {
        packages: arguments.package.clone(),
        features: arguments.features.clone(),
    };
    let filter = arguments.bench.as_deref().unwrap_or("");
    let mut found = Vec::new();
    if signals.is_interrupted() {
        return Ok(found);
    }
    // Once programs are asked, a signal is a request until all is measured, or until
    // cargo builds for the next tree.
    signals.restore_signals();
    let programs = build_benches(tree, &selection, verbosity)?;
    signals.defer_signals();
    for built in programs {
        let program = program(&built);
        match program.benchmarks(watch) {
            Ok(benchmarks) => {
                let meant = benchmarks.into_iter().filter(|b| b.name.contains(filter));
                found.extend(meant.map(|listed| Found {
                    target: built.target.clone(),
                    program: program.clone(),
                    listed,
                }));
            }
            Err(Trouble::Interrupted) => break,
            Err(Trouble::Failed(failure)) => terminal::print_line(&format!(
                "warning: {} ({}) is left out: {}",
                printable(&built.target),
                printable(&tree.label),
                printable(&failure.reason)
            )),
        }
    }
    Ok(found)
}

fn program(built: &BenchProgram) -> Program {
    Program {
        path: built.executable.clone(),
        directory: Some(built.package.clone()),
        variables: vec![("CARGO_MANIFEST_DIR".into(), built.package.clone().into())],
    }
}

fn nothing_to_run(arguments: &CompareArguments, checkout: Option<&Checkout>) -> Error {
    let filter = arguments.bench.as_deref().unwrap_or("");
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

/// A race for each group of each program.
fn of_groups(found: &[Found]) -> Vec<Race> {
    let mut programs: Vec<(&Program, Vec<Listed>)> = Vec::new();
    for Found {
        program, listed, ..
    } in found
    {
        match programs.last_mut() {
            Some((last, all)) if last.path == program.path => all.push(listed.clone()),
            _ => programs.push((program, vec![listed.clone()])),
        }
    }
    let races = programs
        .iter()
        .flat_map(|(program, all)| Race::of_groups(program, all, false));
    races.collect()
}

/// A race for each benchmark that both revisions have.
fn of_revisions(base: &[Found], own: &[Found], label: &str, notes: &mut Vec<Note>) -> Vec<Race> {
    let by_name = |found: &'_ [Found]| -> BTreeMap<String, usize> {
        let names = found.iter().enumerate();
        names
            .map(|(index, found)| (found.listed.name.clone(), index))
            .collect()
    };
    let (in_base, in_own) = (by_name(base), by_name(own));
    for name in in_base.keys().filter(|name| !in_own.contains_key(*name)) {
        let message = format!("{name} is gone: only {label} has it");
        notes.push(Note::info(NoteCode::Gone, message));
    }
    let mut races = Vec::new();
    let mut are_same = BTreeMap::new();
    for after in own {
        let name = &after.listed.name;
        let Some(before) = in_base.get(name).and_then(|index| base.get(*index)) else {
            let message = format!("{name} is new: {label} does not have it");
            notes.push(Note::info(NoteCode::New, message));
            continue;
        };
        let mut race = Race::against_the_first([
            (name.clone(), &before.program, &before.listed),
            (name.clone(), &after.program, &after.listed),
        ]);
        race.base_revision = Some(label.to_owned());
        let paths = (&before.program.path, &after.program.path);
        if *are_same
            .entry(paths)
            .or_insert_with(|| is_same_binary(paths.0, paths.1))
        {
            race.family.mark_one_program(&after.target);
        }
        races.push(race);
    }
    races
}

/// One race after the other; then all verdicts together, because many share the
/// chance of an error.
fn run_all(
    races: &[Race],
    settings: &Settings,
    watch: Watch<'_>,
    signals: &Signals,
    verbosity: Verbosity,
) -> Outcome {
    let comparisons = races.iter().map(|race| race.family.pairs.len()).sum();
    let effort = settings.effort(comparisons);
    let mut report = Report::new(environment::detect());
    let mut failure = None;
    let mut family = Family::default();
    let rules = effort.rules_at_a_look(comparisons);
    signals.defer_signals();
    for (index, race) in races.iter().enumerate() {
        if signals.is_interrupted() {
            break;
        }
        let raced = run_one(race, (index, races.len()), &effort, watch, verbosity);
        if let Some((name, failed)) = &raced.failure {
            let error = failure::of_benchmark(name, failed);
            if let Some(earlier) = failure.replace(error) {
                terminal::print_error(&earlier);
            }
        }
        family.append(&race.family);
        raced.add_to(&mut report);
    }
    signals.restore_signals();
    report.comparisons = compare_family(&report.benchmarks, &family, &FUNCTION_METRICS, &rules);
    if let Some(sampling) = report
        .sampling
        .as_mut()
        .filter(|_| signals.is_interrupted())
    {
        sampling.stopped = StopReason::Interrupted;
    }
    Outcome { report, failure }
}

fn run_one(
    race: &Race,
    (index, races): (usize, usize),
    effort: &Effort,
    watch: Watch<'_>,
    verbosity: Verbosity,
) -> Raced {
    let line = ProgressLine::start(verbosity > Verbosity::Quiet);
    let mut show = |progress: &Progress<'_>| {
        let of_race = progress.blocks as f64 / progress.planned_blocks.max(1) as f64;
        let share = (index as f64 + of_race) / races.max(1) as f64;
        line.show(share, progress.elapsed, &printable(progress.subject));
    };
    let effort = effort.clone();
    Runner { effort, watch }.run(race, &mut show)
}
