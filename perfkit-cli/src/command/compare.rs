//! `perfkit compare`: commands, run in turn, or saved reports.

use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::time::Duration;

use perfkit::bench::{self, Plan, Progress, sample};
use perfkit::process::own_peak_memory_bytes;
use perfkit::report::{Benchmark, Environment, Report, RunFailure, Sampling, StopReason};
use perfkit::unit::Unit;
use perfkit::{Clock, Metric};

use crate::analysis::{add_remarks, compare_all, compare_reports, is_inconclusive};
use crate::args::{CompareArguments, Format, Verbosity};
use crate::error::Error;
use crate::exit::Exit;
use crate::input::{CompareDefaults, Config, load_report};
use crate::interrupt::Signals;
use crate::subject::{CANNOT_BE_RUN, Contestant, Contestants, Shell, ShellCost};
use crate::terminal::{self, ProgressLine, printable};
use crate::{export, report};

use super::{check_plot, check_writable, deliver, draw};

/// The time budget for each command, unless told otherwise.
const TIME_EACH: Duration = Duration::from_secs(3);

const MIN_RUNS: u64 = 10;
const WARMUP_BLOCKS: u64 = 1;

/// More runs than this tell nothing more, and the file gets large.
const MAX_RUNS: u64 = 10_000;

pub(crate) fn run(arguments: CompareArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    check_outputs(&arguments)?;
    let defaults = Config::find(None)?.map(|(_, config)| config.compare);
    let defaults = defaults.unwrap_or_default();
    let rules = rules(&arguments, &defaults);
    if are_reports(&arguments.commands) {
        let report = compare_files(&arguments.commands, &rules)?;
        publish(&report, &arguments, verbosity)?;
        return Ok(conclude(&report, arguments.strict));
    }
    let signals = Signals::listen()
        .map_err(|error| Error::data(format!("cannot listen for signals: {error}")))?;
    let shell = arguments.shell.as_deref().or(defaults.shell.as_deref());
    let shell = Shell::parse(shell, arguments.no_shell)?;
    let mut contestants = Contestants::from_arguments(&arguments, &shell, &signals)?;
    let baseline = contestants.baseline(arguments.baseline.as_deref())?;
    let plan = plan(&arguments, &defaults, contestants.all.len())?;

    let measured = measure(&mut contestants.all, &plan, &shell, &signals, verbosity)?;
    let report = build_report(measured, baseline, &rules);
    let stopped = report.sampling.as_ref().map(|sampling| sampling.stopped);
    if report
        .benchmarks
        .iter()
        .any(|benchmark| benchmark.successes > 0)
    {
        publish(&report, &arguments, verbosity)?;
    }
    match stopped {
        Some(StopReason::Interrupted) => Ok(signals.exit()),
        Some(StopReason::RunFailed) => Err(failed_run(&report.benchmarks)),
        _ => Ok(conclude(&report, arguments.strict)),
    }
}

fn check_outputs(arguments: &CompareArguments) -> Result<(), Error> {
    let files = [
        &arguments.export_json,
        &arguments.export_markdown,
        &arguments.export_csv,
    ];
    files
        .into_iter()
        .flatten()
        .try_for_each(|path| check_writable(path))?;
    arguments.plot.as_deref().map_or(Ok(()), check_plot)
}

fn rules(arguments: &CompareArguments, defaults: &CompareDefaults) -> bench::Rules {
    let usual = bench::Rules::default();
    let confidence = arguments.confidence.map(|level| level.0);
    let indifference = arguments.indifference.map(|share| share.0);
    bench::Rules {
        confidence: confidence
            .or(defaults.confidence)
            .unwrap_or(usual.confidence),
        indifference: indifference
            .or(defaults.indifference)
            .unwrap_or(usual.indifference),
    }
}

/// Report files rather than commands: single words that end in `.json`.
fn are_reports(commands: &[String]) -> bool {
    let is_report = |text: &String| text.ends_with(".json") && !text.contains(char::is_whitespace);
    commands.iter().all(is_report)
}

fn compare_files(files: &[String], rules: &bench::Rules) -> Result<Report, Error> {
    let [before, after] = files else {
        return Err(Error::usage(format!(
            "{} report files are given, and two are compared: the baseline and the candidate",
            files.len()
        )));
    };
    let (before, after) = (
        load_report(Path::new(before))?,
        load_report(Path::new(after))?,
    );
    compare_reports(&before, &after, rules)
}

fn plan(
    arguments: &CompareArguments,
    defaults: &CompareDefaults,
    contestants: usize,
) -> Result<Plan, Error> {
    let budget = arguments.time.map(|time| time.0).or(defaults.time);
    let budget = budget.unwrap_or(TIME_EACH * contestants as u32);
    let min = arguments.min_runs.or(defaults.min_runs);
    let max = arguments.max_runs.or(defaults.max_runs);
    let (min, max) = match (arguments.runs, min, max) {
        (Some(runs), ..) => (runs, runs),
        (None, Some(min), Some(max)) if min > max => {
            return Err(Error::usage(format!(
                "at least {min} and at most {max} runs are asked for"
            )));
        }
        (None, min, max) => {
            let max = max.unwrap_or_else(|| MAX_RUNS.max(min.unwrap_or(0)));
            (min.unwrap_or(MIN_RUNS).min(max), max)
        }
    };
    let warmup = arguments.warmup.or(defaults.warmup);
    Ok(Plan {
        seed: arguments.seed.unwrap_or_else(random_seed),
        warmup_blocks: warmup.unwrap_or(WARMUP_BLOCKS),
        min_blocks: min,
        max_blocks: max,
        budget,
        ignore_failures: arguments.ignore_failure,
    })
}

/// A seed that is short enough to be typed again.
fn random_seed() -> u64 {
    RandomState::new().hash_one(std::process::id()) % 1_000_000
}

/// What the runs yielded.
struct MeasuredRuns {
    benchmarks: Vec<Benchmark>,
    sampling: Sampling,
    shell_cost: Option<ShellCost>,
}

/// Sets up, runs everything in turn, and cleans up whatever happened.
fn measure(
    contestants: &mut [Contestant<'_>],
    plan: &Plan,
    shell: &Shell,
    signals: &Signals,
    verbosity: Verbosity,
) -> Result<MeasuredRuns, Error> {
    let shell_cost = ShellCost::measure(shell, signals)?;
    for contestant in contestants.iter() {
        contestant
            .set_up()
            .map_err(|failure| failure_error(&failure))?;
    }
    let line = ProgressLine::start(verbosity > Verbosity::Quiet);
    let mut show = |progress: &Progress<'_>| {
        let what = if progress.is_warmup { "warm-up: " } else { "" };
        let what = format!("{what}{}", printable(progress.subject));
        line.show(share_done(progress, plan), progress.elapsed, &what);
    };
    let (mut benchmarks, sampling) = sample(contestants, plan, &Clock::os(), &mut show);
    drop(line);
    for (benchmark, contestant) in benchmarks.iter_mut().zip(contestants.iter()) {
        benchmark.command = Some(contestant.command.text.clone());
        benchmark.parameters.clone_from(&contestant.parameters);
    }
    let cleaned: Vec<_> = contestants.iter().map(Contestant::clean_up).collect();
    if verbosity > Verbosity::Quiet && !terminal::stderr_is_terminal() {
        let ran = benchmarks.iter().filter(|b| b.successes + b.failures > 0);
        ran.for_each(tell_finished);
    }
    let failed_cleanup = cleaned.into_iter().find_map(Result::err);
    if let (Some(failure), false) = (failed_cleanup, signals.is_interrupted()) {
        terminal::print_error(&failure_error(&failure));
    }
    Ok(MeasuredRuns {
        benchmarks,
        sampling,
        shell_cost,
    })
}

fn share_done(progress: &Progress<'_>, plan: &Plan) -> f64 {
    let of_all = progress.blocks as f64 / plan.max_blocks as f64;
    let of_fewest = progress.blocks as f64 / plan.min_blocks.max(1) as f64;
    let of_time = progress.elapsed.as_secs_f64() / plan.budget.as_secs_f64().max(1e-9);
    of_all.max(of_fewest.min(of_time))
}

/// One line for each command, for logs.
fn tell_finished(benchmark: &Benchmark) {
    let time = benchmark.metrics.get(&Metric::WALL_TIME);
    let median = time.and_then(|time| time.median);
    let median = median.map_or_else(
        || "no successful run".to_owned(),
        |ns| format!("median {}", Unit::Nanoseconds.format(ns, 4)),
    );
    let runs = benchmark.successes + benchmark.failures;
    let name = printable(&benchmark.name);
    terminal::print_line(&format!("{name}: {median} (runs: {runs})"));
}

fn build_report(measured: MeasuredRuns, baseline: usize, rules: &bench::Rules) -> Report {
    let own_peak_bytes = own_peak_memory_bytes();
    let mut report = Report::new(Environment::detect(Clock::os().name()));
    report.benchmarks = measured.benchmarks;
    if let Some(cost) = measured.shell_cost {
        report.notes = cost.subtract_from(&mut report.benchmarks);
    }
    add_remarks(&mut report.benchmarks, own_peak_bytes);
    report.comparisons = compare_all(&report.benchmarks, baseline, rules);
    report.sampling = Some(measured.sampling);
    report
}

/// Prints the result and saves it wherever that was asked. Saving comes first,
/// because the reader of standard output may be gone.
fn publish(
    report: &Report,
    arguments: &CompareArguments,
    verbosity: Verbosity,
) -> Result<(), Error> {
    let files = [
        (Format::Json, &arguments.export_json),
        (Format::Markdown, &arguments.export_markdown),
        (Format::Csv, &arguments.export_csv),
    ];
    for (format, path) in files {
        if let Some(path) = path {
            let detail = report::Detail::Usual;
            export::save(path, &export::render(report, detail, format, None)?)?;
        }
    }
    if let Some(path) = &arguments.plot {
        draw(report, path)?;
    }
    deliver(report, verbosity.into(), arguments.format, None)
}

fn conclude(report: &Report, is_strict: bool) -> Exit {
    let is_undecided = report.comparisons.is_empty() || is_inconclusive(&report.comparisons);
    if is_strict && is_undecided {
        Exit::Inconclusive
    } else {
        Exit::Done
    }
}

/// The failure that ended sampling, as an error.
fn failed_run(benchmarks: &[Benchmark]) -> Error {
    let failed = benchmarks
        .iter()
        .find_map(|benchmark| Some((benchmark, benchmark.failed_runs.last()?)));
    let Some((benchmark, failure)) = failed else {
        return Error::command_failed("a run failed");
    };
    let name = printable(&benchmark.name);
    if failure.reason.starts_with(CANNOT_BE_RUN) {
        return Error::command_failed(format!("`{name}` {}", failure.reason));
    }
    let which = match failure.run {
        Some(run) => format!("run {run}"),
        None => "a warm-up run".to_owned(),
    };
    let message = format!("`{name}`, {which}: {}", failure.reason);
    let error = Error::command_failed(with_stderr(message, failure));
    if failure.reason.starts_with("the ") {
        // A command around the run, whose failures are never ignored.
        return error;
    }
    error.hint("`-i` goes on after a failed run and counts it")
}

fn failure_error(failure: &RunFailure) -> Error {
    Error::command_failed(with_stderr(failure.reason.clone(), failure))
}

fn with_stderr(mut message: String, failure: &RunFailure) -> String {
    for line in failure.stderr.lines() {
        message += &format!("\n  | {}", printable(line));
    }
    message
}
