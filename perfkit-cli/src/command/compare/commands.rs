//! Comparing commands: running them in turn, and the report of it.

use perfkit::Metric;
use perfkit::bench::engine::{pin, usable_cpus};
use perfkit::compare::{ComparisonSet, counters_unavailable};
use perfkit::report::{Benchmark, Report, Side};
use perfkit::unit::Unit;

use crate::analysis::{add_remarks, compare_all, compare_sequence};
use crate::command_run::{CommandSet, CommandTree, MeasuredCommand, ShellCost, Starter, Templates};
use crate::error::Error;
use crate::input::environment;
use crate::revision::{Checkout, PlainPaths};
use crate::terminal;
use crate::text::printable;

use super::failure;
use super::runs::{Runs, sample, set_up, with_reason};
use super::sequence;
use super::session::{Outcome, Session};

struct Measured {
    runs: Runs,
    shell_cost: Option<ShellCost>,
}

/// Runs commands in turn and compares them.
pub(super) fn compare(templates: &Templates, session: Session<'_>) -> Result<Outcome, Error> {
    let plan = session.plan;
    let checkout = session.checkout;
    let paths = checkout.map(PlainPaths::of).transpose()?;
    let trees = checkout.zip(paths.as_ref()).map(trees).unwrap_or_default();
    let shell = plan.settings.shell();
    if plan.is_pinned {
        pin_to_one_cpu();
    }
    let starter = Starter::new()?;
    let runs = (session.signals, &starter);
    let mut commands = CommandSet::from_templates(templates, &trees, shell, runs)?;
    templates.check_streams()?;
    let set = commands.comparison_set(templates.baseline.as_deref(), plan.has_control)?;
    let mut commands = commands.all;
    let is_sequential = templates.is_sequential;
    let mut measured = measure(&mut commands, &set, is_sequential, (session, &starter))?;
    let failure = measured.runs.failure.take();
    let report = report(measured, &set, starter.memory_floor_bytes());
    Ok(Outcome { report, failure })
}

/// The baseline's tree and this one, as commands name them.
fn trees((checkout, paths): (&Checkout, &PlainPaths)) -> Vec<CommandTree> {
    let tree = |path: &str, side, revision| CommandTree {
        path: path.to_owned(),
        side,
        revision,
    };
    let revision = Some(checkout.base.label.clone());
    vec![
        tree(&paths.base, Side::Baseline, revision),
        tree(&paths.own, Side::Candidate, None),
    ]
}

/// Keeps this process, and so the commands that it starts, on the last CPU that it
/// may use: the first has the most interrupts.
fn pin_to_one_cpu() {
    let is_pinned = usable_cpus().last().is_some_and(|cpu| pin(*cpu));
    if !is_pinned {
        terminal::print_line("warning: --pin: the system keeps no process on one CPU");
    }
}

/// Sets up, runs everything, and cleans up whatever happened.
fn measure(
    commands: &mut [MeasuredCommand<'_>],
    set: &ComparisonSet,
    is_sequential: bool,
    (session, starter): (Session<'_>, &Starter),
) -> Result<Measured, Error> {
    if session.is_talkative() && commands.iter().any(|c| c.is_set_up_each_time) {
        terminal::print_line(
            "note: --setup depends on a parameter or variable and is run before each run: with --sequential it is run once for each value",
        );
    }
    session.signals.defer_signals();
    let shell = session.plan.settings.shell();
    let measured = match is_sequential {
        true => {
            let shell_cost = ShellCost::measure(shell, starter, session.signals);
            shell_cost.map(|cost| (sequence::run(commands, session), cost))
        }
        false => interleaved(commands, set, (session, starter)),
    };
    let failures = commands.iter_mut().filter_map(|c| c.clean_up().err());
    let failures: Vec<Error> = failures.map(|failure| failure::of_hook(&failure)).collect();
    let (mut runs, shell_cost) = measured?;
    failures.into_iter().for_each(|failure| runs.add(failure));
    for (benchmark, command) in runs.benchmarks.iter_mut().zip(commands.iter()) {
        command.describe(benchmark);
    }
    set.mark_controls(&mut runs.benchmarks);
    if session.is_talkative() && !terminal::stderr_is_terminal() {
        runs.benchmarks.iter().for_each(print_median);
    }
    Ok(Measured { runs, shell_cost })
}

/// Runs all in turn, in blocks.
fn interleaved(
    commands: &mut [MeasuredCommand<'_>],
    set: &ComparisonSet,
    (session, starter): (Session<'_>, &Starter),
) -> Result<(Runs, Option<ShellCost>), Error> {
    let failure = set_up(commands, session);
    let settings = &session.plan.settings;
    let shell_cost = match &failure {
        None => ShellCost::measure(settings.shell(), starter, session.signals)?,
        Some(_) => None,
    };
    let mut rule = settings.stopping_rule(set);
    if failure.is_some() || session.is_interrupted() {
        (
            rule.warmup_replicates,
            rule.min_replicates,
            rule.max_replicates,
        ) = (0, 0, 0);
    }
    let mut runs = sample(commands, set, &rule, session);
    if let Some(failure) = failure {
        runs.sampling = with_reason(runs.sampling, session, true);
        runs.failure = Some(failure);
    }
    Ok((runs, shell_cost))
}

/// One line for each command, for logs.
fn print_median(benchmark: &Benchmark) {
    let runs = benchmark.successes + benchmark.failures;
    if runs == 0 {
        return;
    }
    let time = benchmark.metrics.get(&Metric::WALL_TIME);
    let median = time.and_then(|time| time.median);
    let median = median.map_or_else(
        || "no successful run".to_owned(),
        |ns| format!("median {}", Unit::Nanoseconds.format(ns, 4)),
    );
    let name = printable(&benchmark.label());
    terminal::print_line(&format!("{name}: {median} (runs: {runs})"));
}

fn report(measured: Measured, set: &ComparisonSet, memory_floor_bytes: u64) -> Report {
    let Runs {
        benchmarks,
        sampling,
        rules,
        ..
    } = measured.runs;
    let mut report = Report::new(environment::detect());
    report.benchmarks = benchmarks;
    if let Some(cost) = measured.shell_cost {
        report.notes = cost.subtract_from(&mut report.benchmarks);
    }
    let of_all = add_remarks(&mut report.benchmarks, memory_floor_bytes);
    report.notes.extend(of_all);
    report
        .notes
        .extend(set.noise_notes(&report.benchmarks, &rules));
    report
        .notes
        .extend(counters_unavailable(&report.benchmarks));
    report.comparisons = match sampling.interleaved {
        true => compare_all(&report.benchmarks, set, &rules),
        false => compare_sequence(&report.benchmarks, set, &rules),
    };
    report.sampling = Some(sampling);
    report
}
