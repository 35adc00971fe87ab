//! Where the numbers come from: the machine, the build, and the command that
//! measures them again.

use perfkit::Report;
use perfkit::report::{Sampling, StopReason};
use perfkit::unit::Unit;

use crate::document::counted;
use crate::text::{printable, rfc_3339, shorten, utc};

/// The longest command line that is shown.
const LONGEST_COMMAND: usize = 4000;

/// What is known of the machine, of what was measured, and of the build where that matters:
/// names and values.
pub(super) fn environment(report: &Report) -> Vec<(&'static str, String)> {
    let found = &report.environment;
    let git = found.git.as_ref().map(|git| {
        let state = match git.dirty {
            Some(true) => " with changes",
            Some(false) => "",
            None => " (not known whether with changes)",
        };
        let subject = git.subject.iter();
        let subject: String = subject.map(|subject| format!(": {subject}")).collect();
        format!("{}{state}{subject}", git.commit)
    });
    let probe = found.clock.probe.map(|cost| {
        let time = Unit::Nanoseconds.format(cost.call_ns, 2);
        format!("{time} for each measured call")
    });
    let load = found.load.map(|load| {
        format!("{load:.1} in the minute before the report was made: processes that ran or waited")
    });
    // Of commands, neither perfkit's build nor its clock matters.
    let is_of_commands = report.benchmarks.iter().any(|b| b.command.is_some());
    let of_build = |fact: Option<String>| fact.filter(|_| !is_of_commands);
    let facts = [
        ("Measured", measured(report)),
        ("Machine", found.cpu.clone()),
        ("Processors", found.cores.map(|cores| cores.to_string())),
        ("System", system(report)),
        ("Load", load),
        ("Revision", git),
        ("Rust", of_build(found.rust.clone())),
        ("Optimisation level", of_build(found.opt_level.clone())),
        (
            "Clock",
            of_build(Some(found.clock.name.clone())).filter(|name| is_known(name)),
        ),
        ("Cost of measuring", probe),
        ("perfkit", Some(found.perfkit.clone())),
    ];
    facts
        .into_iter()
        .filter_map(|(name, value)| Some((name, shorten(&printable(&value?), 200))))
        .collect()
}

/// `4 commands, 20 runs of each`, `3 operations, 2,000 calls`.
fn measured(report: &Report) -> Option<String> {
    if !report.operations.is_empty() {
        let summary = report.summary();
        let operations = counted(report.operations.len() as u64, "operation");
        return Some(format!(
            "{operations}, {}",
            counted(summary.ended.total(), "call")
        ));
    }
    let is_command = report.benchmarks.iter().any(|b| b.command.is_some());
    let what = counted(
        report.benchmarks.len() as u64,
        if is_command { "command" } else { "benchmark" },
    );
    let runs = report.benchmarks.iter().map(|b| b.successes + b.failures);
    let (least, most) = (runs.clone().min()?, runs.max()?);
    Some(match (least, most) {
        (_, 0) => what,
        (least, most) if least == most => format!("{what}, {} of each", counted(most, "run")),
        (least, most) => format!(
            "{what}, {} to {} of each",
            count(least),
            counted(most, "run")
        ),
    })
}

fn count(number: u64) -> String {
    Unit::Count.format(number as f64, 3)
}

fn system(report: &Report) -> Option<String> {
    let found = &report.environment;
    let names = [&found.os, &found.architecture].map(String::as_str);
    let names: Vec<&str> = names.into_iter().filter(|name| is_known(name)).collect();
    match &found.os_version {
        Some(version) if names.is_empty() => Some(version.clone()),
        Some(version) => Some(format!("{version} ({})", names.join(", "))),
        None => Some(names.join(", ")).filter(|names| !names.is_empty()),
    }
}

/// Importers say `unknown` where a file says nothing.
fn is_known(fact: &str) -> bool {
    !fact.is_empty() && fact != "unknown"
}

/// Where the numbers, or what is said of them, come from: perfkit, or a tool
/// whose results were read.
pub(super) fn origin(report: &Report) -> String {
    match &report.imported_from {
        Some(tool) => format!("Read from {}", shorten(&printable(tool), 110)),
        None if report.gate.is_some() => "Checked by perfkit".to_owned(),
        None if is_measured(report) => "Measured with perfkit".to_owned(),
        // A comparison of files does not say who measured.
        None => "Reported by perfkit".to_owned(),
    }
}

fn is_measured(report: &Report) -> bool {
    report.sampling.is_some() || report.comparisons.is_empty()
}

/// The machine in a few words.
pub(super) fn machine(report: &Report) -> Option<String> {
    let cpu = report.environment.cpu.as_deref()?;
    let cpu = shorten(&printable(cpu), 60);
    Some(match report.environment.cores {
        Some(1) => format!("{cpu} (1 processor)"),
        Some(cores) => format!("{cpu} ({cores} processors)"),
        None => cpu,
    })
}

/// When the report was made: for machines and for people.
pub(super) fn created(report: &Report) -> (String, String) {
    (rfc_3339(report.created), utc(report.created))
}

/// The command that measures the same again, where the report tells it.
pub(super) fn command(report: &Report) -> Option<String> {
    let sampling = report.sampling.as_ref()?;
    if !report.arguments.is_empty() {
        return Some(as_given(&report.arguments, sampling.seed));
    }
    let commands = report.benchmarks.iter().map(|b| b.command.as_deref());
    let commands: Vec<&str> = commands.collect::<Option<_>>()?;
    let mut words = vec!["perfkit".to_owned(), "compare".to_owned()];
    words.extend(options(sampling));
    words.extend(commands.iter().map(|c| shell_words::quote(c).into_owned()));
    let text = printable(&words.join(" "));
    Some(shorten(&text, LONGEST_COMMAND))
}

/// The command line, with the seed where it does not say one.
fn as_given(arguments: &[String], seed: u64) -> String {
    let is_seed = |word: &String| word == "--seed" || word.starts_with("--seed=");
    let quoted = |word: &String| shell_words::quote(word).into_owned();
    let mut words: Vec<String> = arguments.iter().map(quoted).collect();
    if !arguments.iter().any(is_seed) {
        // What follows two dashes is no option.
        let end = arguments.iter().position(|word| word == "--");
        words.insert(end.unwrap_or(words.len()), format!("--seed {seed}"));
    }
    words.insert(0, "perfkit".to_owned());
    shorten(&printable(&words.join(" ")), LONGEST_COMMAND)
}

fn options(sampling: &Sampling) -> Vec<String> {
    let mut options = vec![
        format!("--seed {}", sampling.seed),
        format!("--warmup {}", sampling.warmup_blocks),
    ];
    if sampling.stopped == StopReason::RunsDone {
        options.push(format!("--runs {}", sampling.blocks));
    }
    options
}
