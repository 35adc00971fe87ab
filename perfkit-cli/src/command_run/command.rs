//! A command that is measured, with the commands that are run around it.

use std::time::Duration;

use perfkit::Metric;
use perfkit::bench::engine::{MetricValue, Run, RunResult, Subject};
use perfkit::report::{Benchmark, FailureKind, RunFailure, Side};
use perfkit::unit::Unit;
use signal_hook::consts::{SIGTTIN, SIGTTOU};

use crate::args::{IgnoredFailures, Input, Output};
use crate::interrupt::Signals;
use crate::text::printable;

use super::command_line::CommandLine;
use super::ended::{Ended, Finished, describe_signal, describe_status};
use super::launch::Launch;
use super::parameters::Parameters;
use super::starter::Starter;

/// A source tree that commands are run in, as `{tree}`.
#[derive(Clone, Debug)]
pub(crate) struct CommandTree {
    /// Plain, so that no shell and no other language reads it as code.
    pub(crate) path: String,
    /// Which side of the comparison it is.
    pub(crate) side: Side,
    /// The revision that it holds, where it is not the working tree.
    pub(crate) revision: Option<String>,
}

/// One command and what belongs to it.
#[derive(Clone, Debug)]
pub(crate) struct MeasuredCommand<'a> {
    pub(crate) name: String,
    pub(crate) command_line: CommandLine,
    pub(crate) parameters: Parameters,
    pub(super) environment: Vec<(String, String)>,
    pub(super) output: &'a Output,
    /// Whether no run so far wrote anything to standard error, and there was one.
    pub(super) has_quiet_stderr: bool,
    /// How many warm-up runs there were.
    pub(super) warmups: u64,
    pub(super) tree: Option<&'a CommandTree>,
    pub(super) prepare: Option<CommandLine>,
    pub(super) conclude: Option<CommandLine>,
    pub(super) setup: Option<CommandLine>,
    /// Whether the setup is run before each run: it has a parameter in it, and commands of
    /// other values run in between.
    pub(crate) is_set_up_each_time: bool,
    pub(super) cleanup: Option<CommandLine>,
    pub(super) was_set_up: bool,
    pub(super) context: RunContext<'a>,
}

/// What is the same for all commands.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunContext<'a> {
    pub(super) input: &'a Input,
    pub(super) timeout: Option<Duration>,
    pub(super) ignored_failures: Option<&'a IgnoredFailures>,
    pub(super) signals: &'a Signals,
    pub(super) starter: &'a Starter,
}

impl MeasuredCommand<'_> {
    /// Says of the results of its runs whose they are.
    pub(crate) fn describe(&self, benchmark: &mut Benchmark) {
        benchmark.command = Some(self.command_line.text.clone());
        benchmark.parameters = self.parameters.clone().into_iter().collect();
        benchmark.environment = self.environment.iter().cloned().collect();
        benchmark.side = self.tree.map(|tree| tree.side);
        benchmark.revision = self.tree.and_then(|tree| tree.revision.clone());
    }

    /// Runs the setup command, once before all runs, unless it belongs to each of them.
    pub(crate) fn set_up(&mut self) -> Result<(), RunFailure> {
        match self.is_set_up_each_time {
            true => Ok(()),
            false => self.set_up_now(),
        }
    }

    fn set_up_now(&mut self) -> Result<(), RunFailure> {
        self.was_set_up = true;
        self.run_hook("setup", self.setup.as_ref(), None)
    }

    /// Runs what belongs before each run.
    fn prepare(&mut self, run: Run) -> Result<(), RunFailure> {
        if self.is_set_up_each_time {
            self.set_up_now()?;
        }
        self.run_hook("prepare", self.prepare.as_ref(), Some(run))
    }

    /// Runs the cleanup command, once after all runs, if the setup was begun.
    pub(crate) fn clean_up(&mut self) -> Result<(), RunFailure> {
        if !std::mem::take(&mut self.was_set_up) {
            return Ok(());
        }
        self.run_hook("cleanup", self.cleanup.as_ref(), None)
    }

    /// Whether the command writes to the terminal itself.
    pub(crate) fn shows_its_output(&self) -> bool {
        *self.output == Output::Inherit
    }

    /// Runs a command around the measured one. One that only begins after the
    /// user asked for an end is ended by the next request.
    fn run_hook(
        &self,
        kind: &str,
        hook: Option<&CommandLine>,
        run: Option<Run>,
    ) -> Result<(), RunFailure> {
        let Some(hook) = hook else { return Ok(()) };
        let launch = Launch {
            iteration: run.map(|run| self.iteration(run)),
            ..Launch::aside(hook, self.context.signals.requests())
        };
        let failed = |what: String, stderr: String| {
            let reason = format!("the {kind} command `{}` {what}", printable(&hook.text));
            RunFailure::new(FailureKind::Hook, reason).with_stderr(stderr)
        };
        match self.context.starter.run(&launch, self.context.signals) {
            Ok(Ended::Exited(end)) if end.status.success() => Ok(()),
            Ok(Ended::Exited(end)) => {
                let what = format!("ended with {}", describe_status(end.status));
                Err(failed(what, end.stderr))
            }
            Ok(Ended::Stopped(signal)) => Err(failed(stopped(signal), String::new())),
            Ok(_) => Err(failed("was interrupted".to_owned(), String::new())),
            Err(error) => Err(failed(
                format!("failed: {}", error.message()),
                String::new(),
            )),
        }
    }

    fn run_command(&mut self, run: Run) -> RunResult {
        let launch = Launch {
            command: &self.command_line,
            input: self.context.input,
            output: self.output,
            timeout: self.context.timeout,
            iteration: Some(self.iteration(run)),
            has_quiet_stderr: self.has_quiet_stderr,
            cpu: self.context.starter.cpu_of(run),
            ignored_requests: 0,
        };
        let failure = |kind: FailureKind, reason: String, stderr: String| {
            let failure = RunFailure::new(kind, reason).of_run(run.number());
            failure.with_stderr(stderr)
        };
        let ended = self.context.starter.run(&launch, self.context.signals);
        self.has_quiet_stderr = matches!(&ended, Ok(Ended::Exited(end)) if end.stderr.is_empty());
        match ended {
            Ok(Ended::Exited(end)) if end.status.success() => RunResult::Done(values(&end)),
            Ok(Ended::Exited(end)) => {
                let kind = match end.status.code() {
                    Some(_) => FailureKind::ExitStatus,
                    None => FailureKind::Signal,
                };
                let values = values(&end);
                let failure = failure(kind, describe_status(end.status), end.stderr);
                self.failed(end.status.code(), failure, values)
            }
            Ok(Ended::TimedOut(stderr)) => {
                let limit = self.context.timeout.unwrap_or_default();
                let limit = Unit::Nanoseconds.format(limit.as_nanos() as f64, 3);
                let reason = format!("timed out after {limit}");
                // How long it would have taken is not known.
                let failure = failure(FailureKind::TimedOut, reason, stderr);
                self.failed(None, failure, Vec::new())
            }
            Ok(Ended::Stopped(signal)) => {
                let failure = failure(FailureKind::Signal, stopped(signal), String::new());
                self.failed(None, failure, Vec::new())
            }
            Ok(Ended::Interrupted) => RunResult::Interrupted,
            Err(error) => {
                let reason = format!("cannot be run: {}", error.message());
                RunResult::Failed(failure(FailureKind::NotStarted, reason, String::new()))
            }
        }
    }

    /// What a run is called in the environment of what belongs to it: its number from 0.
    fn iteration(&self, run: Run) -> String {
        match run {
            Run::Warmup => format!("warmup-{}", self.warmups),
            Run::Counted(number) => (number - 1).to_string(),
        }
    }

    /// A run that failed, which the user may ignore.
    fn failed(
        &self,
        code: Option<i32>,
        failure: RunFailure,
        values: Vec<MetricValue>,
    ) -> RunResult {
        match self.context.ignored_failures {
            Some(ignored) if ignored.covers(code) => RunResult::FailedAndIgnored(failure, values),
            _ => RunResult::Failed(failure),
        }
    }

    /// Turns a hook's failure into the end of sampling.
    fn hook_failed(&self, run: Run, mut failure: RunFailure) -> RunResult {
        if self.context.signals.is_interrupted() {
            return RunResult::Interrupted;
        }
        failure.run = run.number();
        RunResult::Failed(failure)
    }
}

impl Subject for MeasuredCommand<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&mut self, run: Run) -> RunResult {
        if self.context.signals.is_interrupted() {
            return RunResult::Interrupted;
        }
        if let Err(failure) = self.prepare(run) {
            return self.hook_failed(run, failure);
        }
        let result = self.run_command(run);
        // Also after an interruption: it belongs to a run that was begun.
        if let Err(failure) = self.run_hook("conclude", self.conclude.as_ref(), Some(run)) {
            return self.hook_failed(run, failure);
        }
        self.warmups += u64::from(run == Run::Warmup);
        result
    }
}

/// Why a process that stopped was ended, as part of a sentence.
fn stopped(signal: i32) -> String {
    let cause = describe_signal(signal);
    match signal {
        SIGTTIN | SIGTTOU => format!(
            "was stopped by {cause}: it wants the terminal, which measured commands do not have"
        ),
        _ => format!("was stopped by {cause}"),
    }
}

/// Everything that is measured of a run.
pub(super) fn values(end: &Finished) -> Vec<MetricValue> {
    let usage = &end.usage;
    let cpu_ns = usage.user_time_ns + usage.system_time_ns;
    let time = |metric, ns: u64| (metric, Unit::Nanoseconds, ns as f64);
    let count = |metric, n: u64| (metric, Unit::Count, n as f64);
    let instructions = end.instructions.map(|n| count(Metric::INSTRUCTIONS, n));
    let cycles = end.cycles.map(|n| count(Metric::CYCLES, n));
    let always = [
        time(Metric::WALL_TIME, end.wall_ns),
        time(Metric::CPU_TIME, cpu_ns),
        time(Metric::USER_TIME, usage.user_time_ns),
        time(Metric::SYSTEM_TIME, usage.system_time_ns),
        (
            Metric::PEAK_MEMORY,
            Unit::Bytes,
            usage.peak_memory_bytes as f64,
        ),
        count(Metric::MINOR_PAGE_FAULTS, usage.minor_page_faults),
        count(Metric::MAJOR_PAGE_FAULTS, usage.major_page_faults),
        count(
            Metric::VOLUNTARY_CONTEXT_SWITCHES,
            usage.voluntary_context_switches,
        ),
        count(
            Metric::INVOLUNTARY_CONTEXT_SWITCHES,
            usage.involuntary_context_switches,
        ),
    ];
    always
        .into_iter()
        .chain(instructions)
        .chain(cycles)
        .collect()
}
