//! Comparing commands: running them in turn, and the report of it.

use perfkit::bench::engine::{Blocks, Experiment, Progress, StoppingRule, pin, usable_cpus};
use perfkit::compare::{ComparisonSet, VerdictRules, counters_unavailable};
use perfkit::process::own_peak_memory_bytes;
use perfkit::report::{Benchmark, Report, Sampling, Side, StopReason};
use perfkit::unit::Unit;
use perfkit::{Clock, Metric};

use crate::analysis::{add_remarks, compare_all, compare_sequence};
use crate::command_run::{CommandSet, CommandTree, MeasuredCommand, ShellCost, Templates};
use crate::error::Error;
use crate::input::environment;
use crate::revision::{Checkout, PlainPaths};
use crate::terminal::{self, ProgressLine};
use crate::text::printable;

use super::failure;
use super::sequence;
use super::session::{Outcome, Session};

/// What the runs of commands yielded.
pub(super) struct Runs {
    pub(super) benchmarks: Vec<Benchmark>,
    pub(super) sampling: Sampling,
    /// The rules that verdicts are to be read by.
    pub(super) rules: VerdictRules,
    /// What ended the runs, or failed after them.
    pub(super) failure: Option<Error>,
}

impl Runs {
    /// Adds a failure: the first is what the end is told by, and others are told at once.
    pub(super) fn add(&mut self, failure: Error) {
        match &self.failure {
            None => self.failure = Some(failure),
            Some(_) => terminal::print_error(&failure),
        }
    }
}

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
    let mut commands = CommandSet::from_templates(templates, &trees, shell, session.signals)?;
    templates.check_streams()?;
    let set = commands.comparison_set(templates.baseline.as_deref(), plan.has_control)?;
    if plan.is_pinned {
        pin_to_one_cpu();
    }
    let mut commands = commands.all;
    let is_sequential = templates.is_sequential;
    let mut measured = measure(&mut commands, &set, is_sequential, session)?;
    let failure = measured.runs.failure.take();
    let report = report(measured, &set);
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
    session: Session<'_>,
) -> Result<Measured, Error> {
    if session.is_talkative() && commands.iter().any(|c| c.is_set_up_each_time) {
        terminal::print_line(
            "note: a parameter is in --setup, which is run before each run: with --sequential it is run once for each value",
        );
    }
    session.signals.defer_signals();
    let shell = session.plan.settings.shell();
    let measured = match is_sequential {
        true => {
            let shell_cost = ShellCost::measure(shell, session.signals);
            shell_cost.map(|cost| (sequence::run(commands, session), cost))
        }
        false => interleaved(commands, set, session),
    };
    let failures = commands.iter_mut().filter_map(|c| c.clean_up().err());
    let failures: Vec<Error> = failures.map(|failure| failure::of_hook(&failure)).collect();
    session.signals.restore_signals();
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
    session: Session<'_>,
) -> Result<(Runs, Option<ShellCost>), Error> {
    let failure = set_up(commands, session);
    let settings = &session.plan.settings;
    let shell_cost = match &failure {
        None => ShellCost::measure(settings.shell(), session.signals)?,
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

/// Runs the commands of a set until a rule ends it.
pub(super) fn sample(
    commands: &mut [MeasuredCommand<'_>],
    set: &ComparisonSet,
    rule: &StoppingRule,
    session: Session<'_>,
) -> Runs {
    let is_shown =
        session.is_talkative() && !commands.iter().any(MeasuredCommand::shows_its_output);
    let line = ProgressLine::start(is_shown);
    let mut show = |progress: &Progress<'_>| {
        let what = if progress.is_warmup { "warm-up: " } else { "" };
        let what = format!("{what}{}", printable(progress.name));
        line.show(progress.share, progress.elapsed, &what);
    };
    let experiment = Experiment {
        set,
        rule,
        seed: session.plan.settings.seed(),
        clock: &Clock::os(),
    };
    let sampled = experiment.run(&mut Blocks::of(commands), &mut show);
    drop(line);
    let of_run = |(index, failure): (usize, _)| failure::of_run(&commands[index].name, &failure);
    Runs {
        benchmarks: sampled.benchmarks,
        sampling: with_reason(sampled.sampling, session, false),
        rules: sampled.rules,
        failure: sampled.failure.map(of_run),
    }
}

/// Runs the setup commands until one fails.
pub(super) fn set_up(commands: &mut [MeasuredCommand<'_>], session: Session<'_>) -> Option<Error> {
    let mut waiting = commands.iter_mut();
    waiting.find_map(|command| {
        let is_wanted = !session.is_interrupted();
        let failure = is_wanted.then(|| command.set_up().err())??;
        Some(failure::of_hook(&failure))
    })
}

/// Why the runs ended, where the sampler cannot know it: a limit that is perfkit's own,
/// a signal, or a setup that failed.
fn with_reason(mut sampling: Sampling, session: Session<'_>, has_failed: bool) -> Sampling {
    if session.is_interrupted() {
        sampling.stopped = StopReason::Interrupted;
    } else if has_failed {
        sampling.stopped = StopReason::RunFailed;
    } else if sampling.stopped == StopReason::RunsDone && session.plan.settings.has_own_limit() {
        sampling.stopped = StopReason::RunLimit;
    }
    sampling
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

fn report(measured: Measured, set: &ComparisonSet) -> Report {
    let Runs {
        benchmarks,
        sampling,
        rules,
        ..
    } = measured.runs;
    let own_peak_bytes = own_peak_memory_bytes();
    let mut report = Report::new(environment::detect());
    report.benchmarks = benchmarks;
    if let Some(cost) = measured.shell_cost {
        report.notes = cost.subtract_from(&mut report.benchmarks);
    }
    let of_all = add_remarks(&mut report.benchmarks, own_peak_bytes);
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
