//! A command that is measured, with the commands that are run around it.

use std::time::Duration;

use perfkit::Metric;
use perfkit::bench::{Family, MetricValue, Run, RunResult, Subject};
use perfkit::report::{Benchmark, FailureKind, RunFailure, Side};
use perfkit::unit::Unit;
use signal_hook::consts::{SIGTTIN, SIGTTOU};

use crate::args::{CompareArguments, Input, Output};
use crate::error::Error;
use crate::interrupt::Signals;
use crate::text::printable;

use super::command_line::{CommandLine, Shell};
use super::cpu::move_to_cpu_of;
use super::parameters::{Parameters, combinations, fill};
use super::process::{self, Ended, Finished, Launch, describe_signal, describe_status};

/// The most commands of one comparison.
const MOST_COMMANDS: usize = 1000;

/// All commands of a comparison, before any of them ran.
#[derive(Debug)]
pub(crate) struct CommandSet<'a> {
    pub(crate) all: Vec<MeasuredCommand<'a>>,
    /// How many trees each command is run in: one, or the baseline's and this.
    trees: usize,
}

/// A source tree that commands are run in, as `{tree}`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommandTree<'a> {
    pub(crate) path: &'a str,
    /// Which side of the comparison it is.
    pub(crate) side: Side,
    /// The revision that it holds, where it is not the working tree.
    pub(crate) revision: Option<&'a str>,
}

/// The parameter of which the value is the path of a tree.
const TREE: &str = "tree";

/// One command and what belongs to it.
#[derive(Clone, Debug)]
pub(crate) struct MeasuredCommand<'a> {
    pub(crate) name: String,
    pub(crate) command_line: CommandLine,
    pub(crate) parameters: Parameters,
    tree: Option<CommandTree<'a>>,
    prepare: Option<CommandLine>,
    conclude: Option<CommandLine>,
    setup: Option<CommandLine>,
    cleanup: Option<CommandLine>,
    was_set_up: bool,
    context: RunContext<'a>,
}

/// What is the same for all commands.
#[derive(Clone, Copy, Debug)]
struct RunContext<'a> {
    input: &'a Input,
    output: &'a Output,
    timeout: Option<Duration>,
    signals: &'a Signals,
}

impl<'a> CommandSet<'a> {
    /// Puts parameters into commands and checks everything that can be checked
    /// before anything is run.
    pub(crate) fn from_arguments(
        arguments: &'a CompareArguments,
        trees: &[CommandTree<'a>],
        shell: &Shell,
        signals: &'a Signals,
    ) -> Result<Self, Error> {
        let step = arguments.parameter_step_size.as_deref();
        let combinations =
            combinations(&arguments.parameter_list, &arguments.parameter_scan, step)?;
        check_counts(arguments, combinations.len())?;
        check_parameters_are_used(arguments, &combinations[0])?;
        let context = RunContext {
            input: &arguments.input,
            output: &arguments.output,
            timeout: arguments.timeout.map(|timeout| timeout.0),
            signals,
        };
        let variants = variants(arguments, &combinations, trees)?;
        let mut all: Vec<MeasuredCommand<'a>> = Vec::new();
        for (index, template) in arguments.commands.iter().enumerate() {
            for (number, variant) in variants.iter().enumerate() {
                let hooks = Hooks::of(arguments, index, shell);
                // Names do not tell where a tree lies.
                let named = index * combinations.len() + number / trees.len().max(1);
                let name = name_template(arguments, index, named).unwrap_or(template);
                let name = fill(name, &variant.named);
                let text = fill(template, &variant.parameters);
                all.push(MeasuredCommand {
                    name: unused_name(&all, name, variant.tree.as_ref()),
                    command_line: CommandLine::new(&text, shell)?,
                    prepare: hooks.fill(hooks.prepare, &variant.parameters)?,
                    conclude: hooks.fill(hooks.conclude, &variant.parameters)?,
                    setup: hooks.fill(hooks.setup, &variant.parameters)?,
                    cleanup: hooks.fill(hooks.cleanup, &variant.parameters)?,
                    parameters: variant.named.clone(),
                    tree: variant.tree,
                    was_set_up: false,
                    context,
                });
            }
        }
        let trees = trees.len().max(1);
        Ok(Self { all, trees })
    }

    /// Who is compared with whom: all with the baseline, or each command with
    /// itself in the other tree. With `has_null` the first baseline also runs
    /// against itself.
    pub(crate) fn family(
        &mut self,
        baseline: Option<&str>,
        has_null: bool,
    ) -> Result<Family, Error> {
        let names: Vec<String> = self.all.iter().map(|c| c.name.clone()).collect();
        let (mut family, first) = if self.trees == 1 {
            let first = self.baseline(baseline)?;
            (Family::against(first, names), first)
        } else {
            let pairs = (0..names.len()).step_by(2).map(|base| (base, base + 1));
            let family = Family {
                pairs: pairs.collect(),
                names,
                ..Family::default()
            };
            (family, 0)
        };
        if has_null && let Some(command) = self.all.get(first) {
            let mut again = command.clone();
            let index = family.add_null(first);
            again.name.clone_from(&family.names[index]);
            again.tree = None;
            self.all.push(again);
        }
        Ok(family)
    }

    /// Where the baseline stands: by name, command or number; the first by
    /// default.
    fn baseline(&self, wanted: Option<&str>) -> Result<usize, Error> {
        let Some(wanted) = wanted else { return Ok(0) };
        let by_name = self.all.iter().position(|c| c.name == wanted);
        let by_command = || self.all.iter().position(|c| c.command_line.text == wanted);
        let by_number = || {
            let number: usize = wanted.parse().ok()?;
            (1..=self.all.len()).contains(&number).then(|| number - 1)
        };
        by_name
            .or_else(by_command)
            .or_else(by_number)
            .ok_or_else(|| {
                let names: Vec<_> = self.all.iter().map(|c| format!("`{}`", c.name)).collect();
                let wanted = printable(wanted);
                Error::usage(format!("--baseline `{wanted}` is none of the commands"))
                    .hint(format!("the names are {}", names.join(", ")))
            })
    }
}

/// One combination of parameters, in one tree.
struct Variant<'a> {
    parameters: Parameters,
    /// The same without the tree.
    named: Parameters,
    tree: Option<CommandTree<'a>>,
}

/// Every combination of parameters, in every tree.
fn variants<'a>(
    arguments: &CompareArguments,
    combinations: &[Parameters],
    trees: &[CommandTree<'a>],
) -> Result<Vec<Variant<'a>>, Error> {
    if combinations[0].contains_key(TREE) && !trees.is_empty() {
        return Err(Error::usage(
            "with --base the parameter `tree` is the path of the tree, and cannot be another",
        ));
    }
    let is_used = |command: &String| command.contains("{tree}");
    if let Some(command) = arguments.commands.iter().find(|c| !is_used(c))
        && !trees.is_empty()
    {
        let message = format!(
            "with --base, `{}` is the same in both trees",
            printable(command)
        );
        return Err(Error::usage(message).hint("write {tree} where the path of the tree belongs"));
    }
    let variant = |parameters: &Parameters, tree: Option<&CommandTree<'a>>| {
        let mut filled = parameters.clone();
        filled.extend(tree.map(|tree| (TREE.to_owned(), tree.path.to_owned())));
        Variant {
            parameters: filled,
            named: parameters.clone(),
            tree: tree.copied(),
        }
    };
    let variants = combinations.iter().flat_map(|parameters| match trees {
        [] => vec![variant(parameters, None)],
        trees => trees
            .iter()
            .map(|tree| variant(parameters, Some(tree)))
            .collect(),
    });
    Ok(variants.collect())
}

fn check_counts(arguments: &CompareArguments, combinations: usize) -> Result<(), Error> {
    let commands = arguments.commands.len();
    if commands * combinations > MOST_COMMANDS {
        return Err(Error::usage(format!(
            "{} commands are more than the {MOST_COMMANDS} that fit into one comparison",
            commands * combinations
        )));
    }
    for (flag, given) in [
        ("--prepare", arguments.prepare.len()),
        ("--conclude", arguments.conclude.len()),
    ] {
        if given > 1 && given != commands {
            return Err(Error::usage(format!(
                "{flag} is given {given} times for {commands} commands: give it once for all, or once for each"
            )));
        }
    }
    let names = arguments.names.len();
    if names > 0 && names != commands && names != commands * combinations {
        return Err(Error::usage(format!(
            "--name is given {names} times for {} commands",
            commands * combinations
        )));
    }
    Ok(())
}

fn check_parameters_are_used(
    arguments: &CompareArguments,
    parameters: &Parameters,
) -> Result<(), Error> {
    let lists = [&arguments.commands, &arguments.prepare, &arguments.conclude];
    let templates: Vec<&String> = lists
        .into_iter()
        .flatten()
        .chain(&arguments.setup)
        .chain(&arguments.cleanup)
        .collect();
    let is_used = |name: &&String| {
        let reference = format!("{{{name}}}");
        templates.iter().any(|text| text.contains(&reference))
    };
    match parameters.keys().find(|name| !is_used(name)) {
        None => Ok(()),
        Some(name) => Err(
            Error::usage(format!("the parameter `{name}` is in no command"))
                .hint(format!("write {{{name}}} where its value belongs")),
        ),
    }
}

/// The name given for the command, or for its variant of this number.
fn name_template(arguments: &CompareArguments, command: usize, variant: usize) -> Option<&str> {
    let is_by_command = arguments.names.len() == arguments.commands.len();
    let index = if is_by_command { command } else { variant };
    arguments.names.get(index).map(String::as_str)
}

/// The name, with a number if it is taken: a command may run against itself.
/// The same command in another tree keeps it.
fn unused_name(
    taken: &[MeasuredCommand<'_>],
    name: String,
    tree: Option<&CommandTree<'_>>,
) -> String {
    let side = |tree: Option<&CommandTree<'_>>| tree.map(|tree| tree.side);
    let is_taken = |name: &str| {
        let mut here = taken.iter().filter(|t| side(t.tree.as_ref()) == side(tree));
        here.any(|other| other.name == name)
    };
    if !is_taken(&name) {
        return name;
    }
    let numbered = (2..).map(|number| format!("{name} ({number})"));
    numbered
        .into_iter()
        .find(|name| !is_taken(name))
        .unwrap_or(name)
}

/// What is run around one command; never measured, always through a shell.
struct Hooks<'a> {
    prepare: Option<&'a String>,
    conclude: Option<&'a String>,
    setup: Option<&'a String>,
    cleanup: Option<&'a String>,
    shell: Shell,
}

impl<'a> Hooks<'a> {
    fn of(arguments: &'a CompareArguments, command: usize, shell: &Shell) -> Self {
        let of_command = |hooks: &'a Vec<String>| hooks.get(command).or(hooks.first());
        Self {
            prepare: of_command(&arguments.prepare),
            conclude: of_command(&arguments.conclude),
            setup: arguments.setup.as_ref(),
            cleanup: arguments.cleanup.as_ref(),
            shell: shell.or_default(),
        }
    }

    fn fill(
        &self,
        hook: Option<&String>,
        parameters: &Parameters,
    ) -> Result<Option<CommandLine>, Error> {
        hook.map(|hook| CommandLine::new(&fill(hook, parameters), &self.shell))
            .transpose()
    }
}

impl MeasuredCommand<'_> {
    /// Says of the results of its runs whose they are.
    pub(crate) fn describe(&self, benchmark: &mut Benchmark) {
        benchmark.command = Some(self.command_line.text.clone());
        benchmark.parameters.clone_from(&self.parameters);
        benchmark.side = self.tree.map(|tree| tree.side);
        let revision = self.tree.and_then(|tree| tree.revision);
        benchmark.revision = revision.map(str::to_owned);
    }

    /// Runs the setup command, once before all runs.
    pub(crate) fn set_up(&mut self) -> Result<(), RunFailure> {
        self.was_set_up = true;
        self.run_hook("setup", self.setup.as_ref())
    }

    /// Runs the cleanup command, once after all runs, if the setup was begun.
    pub(crate) fn clean_up(&self) -> Result<(), RunFailure> {
        if !self.was_set_up {
            return Ok(());
        }
        self.run_hook("cleanup", self.cleanup.as_ref())
    }

    /// Whether the command writes to the terminal itself.
    pub(crate) fn shows_its_output(&self) -> bool {
        *self.context.output == Output::Inherit
    }

    /// Runs a command around the measured one. One that only begins after the
    /// user asked for an end is ended by the next request.
    fn run_hook(&self, kind: &str, hook: Option<&CommandLine>) -> Result<(), RunFailure> {
        let Some(hook) = hook else { return Ok(()) };
        let launch = Launch {
            command: hook,
            input: &Input::Null,
            output: &Output::Null,
            timeout: None,
            ignored_requests: self.context.signals.requests(),
        };
        let failed = |what: String, stderr: String| {
            let reason = format!("the {kind} command `{}` {what}", printable(&hook.text));
            RunFailure::new(FailureKind::Hook, reason).with_stderr(stderr)
        };
        match process::run(&launch, self.context.signals) {
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

    fn run_command(&self, run: Run) -> RunResult {
        let launch = Launch {
            command: &self.command_line,
            input: self.context.input,
            output: self.context.output,
            timeout: self.context.timeout,
            ignored_requests: 0,
        };
        let failure = |kind: FailureKind, reason: String, stderr: String| {
            let failure = RunFailure::new(kind, reason).of_run(run.number());
            failure.with_stderr(stderr)
        };
        move_to_cpu_of(run);
        match process::run(&launch, self.context.signals) {
            Ok(Ended::Exited(end)) if end.status.success() => RunResult::Done(values(&end)),
            Ok(Ended::Exited(end)) => {
                let kind = match end.status.code() {
                    Some(_) => FailureKind::ExitStatus,
                    None => FailureKind::Signal,
                };
                RunResult::Failed(failure(kind, describe_status(end.status), end.stderr))
            }
            Ok(Ended::TimedOut(stderr)) => {
                let limit = self.context.timeout.unwrap_or_default();
                let limit = Unit::Nanoseconds.format(limit.as_nanos() as f64, 3);
                let reason = format!("timed out after {limit}");
                RunResult::Failed(failure(FailureKind::TimedOut, reason, stderr))
            }
            Ok(Ended::Stopped(signal)) => {
                RunResult::Failed(failure(FailureKind::Signal, stopped(signal), String::new()))
            }
            Ok(Ended::Interrupted) => RunResult::Interrupted,
            Err(error) => {
                let reason = format!("cannot be run: {}", error.message());
                RunResult::Impossible(failure(FailureKind::NotStarted, reason, String::new()))
            }
        }
    }

    /// Turns a hook's failure into the end of sampling.
    fn impossible(&self, run: Run, mut failure: RunFailure) -> RunResult {
        if self.context.signals.is_interrupted() {
            return RunResult::Interrupted;
        }
        failure.run = run.number();
        RunResult::Impossible(failure)
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
        if let Err(failure) = self.run_hook("prepare", self.prepare.as_ref()) {
            return self.impossible(run, failure);
        }
        let result = self.run_command(run);
        // Also after an interruption: it belongs to a run that was begun.
        if let Err(failure) = self.run_hook("conclude", self.conclude.as_ref()) {
            return self.impossible(run, failure);
        }
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
