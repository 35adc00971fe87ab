//! Comparing commands: running them in turn, and the report of it.

use std::fs::OpenOptions;
use std::os::unix::fs::FileTypeExt;

use perfkit::bench::{Blocks, Experiment, Family, Progress, Rules, uncounted};
use perfkit::process::own_peak_memory_bytes;
use perfkit::report::{Benchmark, Report, Sampling, StopReason};
use perfkit::unit::Unit;
use perfkit::{Clock, Metric};

use crate::analysis::{add_remarks, compare_all};
use crate::args::{CompareArguments, Input, Output, Verbosity};
use crate::command_run::{CommandSet, MeasuredCommand, ShellCost};
use crate::error::Error;
use crate::input::environment;
use crate::interrupt::Signals;
use crate::terminal::{self, ProgressLine};
use crate::text::printable;

use super::failure;
use super::settings::Settings;

/// What the runs yielded.
pub(super) struct Measured {
    benchmarks: Vec<Benchmark>,
    sampling: Sampling,
    shell_cost: Option<ShellCost>,
    /// The rules that verdicts are to be read by.
    pub(super) rules: Rules,
    /// What ended sampling, if it was a failure.
    pub(super) failure: Option<Error>,
}

/// Refuses files that commands could not read from or write to.
pub(super) fn check_streams(arguments: &CompareArguments) -> Result<(), Error> {
    if let Input::File(path) = &arguments.input {
        let found = path
            .metadata()
            .map_err(|error| Error::file("read", path, error))?;
        if found.is_dir() || found.file_type().is_fifo() {
            return Err(Error::file(
                "read",
                path,
                "it cannot be read anew for every run",
            ));
        }
    }
    if let Output::File(path) = &arguments.output {
        if path
            .metadata()
            .is_ok_and(|found| found.file_type().is_fifo())
        {
            return Err(Error::file(
                "write",
                path,
                "it cannot be written anew by every run",
            ));
        }
        let opened = OpenOptions::new().append(true).create(true).open(path);
        opened.map_err(|error| Error::file("write", path, error))?;
    }
    Ok(())
}

/// Sets up, runs everything in turn, and cleans up whatever happened.
pub(super) fn measure(
    commands: CommandSet<'_>,
    family: &Family,
    settings: &Settings,
    signals: &Signals,
    verbosity: Verbosity,
) -> Result<Measured, Error> {
    signals.defer_signals();
    let mut commands = commands.all;
    let measured = run_all(&mut commands, family, settings, signals, verbosity);
    for command in &commands {
        if let Err(failure) = command.clean_up() {
            terminal::print_error(&failure::of_hook(&failure));
        }
    }
    signals.restore_signals();
    measured
}

fn run_all(
    commands: &mut [MeasuredCommand<'_>],
    family: &Family,
    settings: &Settings,
    signals: &Signals,
    verbosity: Verbosity,
) -> Result<Measured, Error> {
    let mut failure = None;
    for command in commands.iter_mut() {
        if failure.is_none() && !signals.is_interrupted() {
            failure = command
                .set_up()
                .err()
                .map(|failure| failure::of_hook(&failure));
        }
    }
    let shell_cost = match &failure {
        None => ShellCost::measure(&settings.shell, signals)?,
        Some(_) => None,
    };
    let mut rule = settings.stopping_rule(family);
    if failure.is_some() || signals.is_interrupted() {
        (
            rule.warmup_replicates,
            rule.min_replicates,
            rule.max_replicates,
        ) = (0, 0, 0);
    }
    let shows_progress =
        verbosity > Verbosity::Quiet && !commands.iter().any(MeasuredCommand::shows_its_output);
    let line = ProgressLine::start(shows_progress);
    let mut show = |progress: &Progress<'_>| {
        let what = if progress.is_warmup { "warm-up: " } else { "" };
        let what = format!("{what}{}", printable(progress.name));
        line.show(progress.share, progress.elapsed, &what);
    };
    let experiment = Experiment {
        set: family,
        rule: &rule,
        seed: settings.seed,
        clock: &Clock::os(),
    };
    let mut source = Blocks::of(commands, settings.ignore_failures);
    let mut sampled = experiment.run(&mut source, &mut show);
    drop(line);
    for (benchmark, command) in sampled.benchmarks.iter_mut().zip(commands.iter()) {
        command.describe(benchmark);
    }
    family.mark_controls(&mut sampled.benchmarks);
    if verbosity > Verbosity::Quiet && !terminal::stderr_is_terminal() {
        sampled.benchmarks.iter().for_each(tell_finished);
    }
    let of_run = |(index, failure): (usize, _)| failure::of_run(&commands[index].name, &failure);
    Ok(Measured {
        sampling: named_end(sampled.sampling, settings, signals, failure.is_some()),
        failure: failure.or(sampled.failure.map(of_run)),
        benchmarks: sampled.benchmarks,
        rules: sampled.rules,
        shell_cost,
    })
}

/// Why it ended, with what only we know: limits, signals and failed setups.
fn named_end(
    mut sampling: Sampling,
    settings: &Settings,
    signals: &Signals,
    has_failed: bool,
) -> Sampling {
    if signals.is_interrupted() {
        sampling.stopped = StopReason::Interrupted;
    } else if has_failed {
        sampling.stopped = StopReason::RunFailed;
    } else if sampling.stopped == StopReason::RunsDone && settings.has_own_limit() {
        sampling.stopped = StopReason::RunLimit;
    }
    sampling
}

/// One line for each command, for logs.
fn tell_finished(benchmark: &Benchmark) {
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

pub(super) fn report(measured: Measured, family: &Family, rules: &Rules) -> Report {
    let own_peak_bytes = own_peak_memory_bytes();
    let mut report = Report::new(environment::detect());
    report.benchmarks = measured.benchmarks;
    if let Some(cost) = measured.shell_cost {
        report.notes = cost.subtract_from(&mut report.benchmarks);
    }
    let of_all = add_remarks(&mut report.benchmarks, own_peak_bytes);
    report.notes.extend(of_all);
    report
        .notes
        .extend(family.noise_note(&report.benchmarks, rules));
    report.notes.extend(uncounted(&report.benchmarks));
    report.comparisons = compare_all(&report.benchmarks, family, rules);
    report.sampling = Some(measured.sampling);
    report
}
