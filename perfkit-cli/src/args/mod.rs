//! The command line, as text turns into settings.

mod baseline;
mod clean;
mod color;
mod compare;
mod completions;
mod doctor;
pub(crate) mod environment;
mod export;
mod format;
mod gate;
mod history;
mod ignored_failures;
mod init;
mod load;
mod merge;
mod mistake;
mod numbers_view;
mod report;
mod run;
mod setting;
mod shard;
mod similar;
mod style;
mod values;
mod watch;
mod work;

pub(crate) use baseline::{BaselineAction, BaselineArguments, BaselineName};
pub(crate) use clean::CleanArguments;
pub(crate) use color::Color;
pub(crate) use compare::{CompareArguments, Effort, Input, Output};
pub(crate) use completions::CompletionsArguments;
pub(crate) use doctor::DoctorArguments;
pub(crate) use environment::Variable;
pub(crate) use export::{ExportArguments, ExportTarget};
pub(crate) use format::Format;
pub(crate) use gate::GateArguments;
pub(crate) use history::HistoryArguments;
#[cfg(feature = "history")]
pub(crate) use history::{CheckChoice, HistoryAction, HistoryOutput, RecordChoice};
pub(crate) use ignored_failures::IgnoredFailures;
pub(crate) use init::{CiService, InitArguments};
#[cfg(feature = "load")]
pub(crate) use load::ArrivalKind;
pub(crate) use load::LoadArguments;
pub(crate) use merge::MergeArguments;
pub(crate) use mistake::with_tip;
pub(crate) use numbers_view::{NumbersView, RowOrder, ShownMetric, further_metrics};
pub(crate) use report::ReportArguments;
pub(crate) use run::RunArguments;
pub(crate) use setting::{Origin, Setting};
pub(crate) use shard::Shard;
pub(crate) use similar::most_similar;
pub(crate) use style::OutputStyle;
pub(crate) use values::{Confidence, RunCount, Share, TimeSpan};
pub(crate) use watch::WatchArguments;
#[cfg(feature = "watch")]
pub(crate) use watch::WatchOrder;
pub(crate) use work::WorkArguments;

use clap::{Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  perfkit compare './old FILE' './new FILE'  which is faster, and by how much
  perfkit compare --base main                what this tree made slower
  perfkit run -- ./server                    what its #[measure]s recorded
  perfkit watch -- ./server                  look while it runs
  perfkit load --rate 500/s -- URL           load a server, and time it truly
  perfkit report report.json                 show a saved report
  perfkit gate report.json                   judge it by perfkit.toml
  perfkit gate --base main                   judge what this tree made different
  perfkit history record report.json         keep it, and see how it became so
  perfkit init                               write a perfkit.toml
  perfkit doctor                             what makes this machine noisy
";

/// What installs perfkit with all of its features.
#[cfg(not(all(
    feature = "history",
    feature = "load",
    feature = "otlp",
    feature = "watch"
)))]
pub(crate) const FULL_INSTALL: &str =
    "cargo install --path perfkit-cli --features full --profile dist";

/// The version, and which features this build has or lacks.
macro_rules! version {
    ($features:literal) => {
        concat!(env!("CARGO_PKG_VERSION"), " (", $features, ")")
    };
}

const VERSION: &str = match (
    cfg!(feature = "history"),
    cfg!(feature = "load"),
    cfg!(feature = "otlp"),
    cfg!(feature = "watch"),
) {
    (true, true, true, true) => version!("with history, load, otlp and watch"),
    (true, true, true, false) => version!("with history, load and otlp, without watch"),
    (true, true, false, true) => version!("with history, load and watch, without otlp"),
    (true, true, false, false) => version!("with history and load, without otlp and watch"),
    (true, false, true, true) => version!("with history, otlp and watch, without load"),
    (true, false, true, false) => version!("with history and otlp, without load and watch"),
    (true, false, false, true) => version!("with history and watch, without load and otlp"),
    (true, false, false, false) => version!("with history, without load, otlp and watch"),
    (false, true, true, true) => version!("with load, otlp and watch, without history"),
    (false, true, true, false) => version!("with load and otlp, without history and watch"),
    (false, true, false, true) => version!("with load and watch, without history and otlp"),
    (false, true, false, false) => version!("with load, without history, otlp and watch"),
    (false, false, true, true) => version!("with otlp and watch, without history and load"),
    (false, false, true, false) => version!("with otlp, without history, load and watch"),
    (false, false, false, true) => version!("with watch, without history, load and otlp"),
    (false, false, false, false) => version!("without history, load, otlp and watch"),
};

/// The heading of the options that every verb has.
const EVERYWHERE: &str = "Options everywhere";

/// Measures, compares, reports and gates performance.
#[derive(Debug, Parser)]
#[command(
    name = "perfkit",
    version = VERSION,
    before_help = EXAMPLES,
    max_term_width = 100,
    infer_subcommands = false
)]
pub(crate) struct Arguments {
    /// When to use colours; `auto` also honours NO_COLOR [default: auto].
    #[arg(long, value_enum, global = true, help_heading = EVERYWHERE)]
    color: Option<Color>,

    /// Show the result alone: no progress and no remarks.
    #[arg(short, long, global = true, help_heading = EVERYWHERE)]
    quiet: bool,

    /// Show every detail that was measured, and where settings came from.
    #[arg(short, long, overrides_with = "verbose", global = true, help_heading = EVERYWHERE)]
    verbose: bool,

    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// How much is told beside the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

impl Arguments {
    /// The flag's choice, or that of `PERFKIT_COLOR`. An error is shown in colour or
    /// not, and so a variable that says neither is passed over.
    pub(crate) fn color(&self) -> Setting<Color> {
        let flag = self.color.or(self.style().color());
        let given = Setting::find(flag, Variable::COLOR, None);
        Setting::or(given.ok().flatten(), Color::default())
    }

    fn style(&self) -> OutputStyle {
        match &self.verb {
            Verb::Compare(compare) => compare.style,
            _ => OutputStyle::Auto,
        }
    }

    pub(crate) fn verbosity(&self) -> Verbosity {
        let is_quiet = self.quiet || self.style() == OutputStyle::None;
        match (is_quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, false) => Verbosity::Normal,
            (false, true) => Verbosity::Verbose,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Compare(Box<CompareArguments>),
    Run(RunArguments),
    Report(ReportArguments),
    Gate(Box<GateArguments>),
    Baseline(BaselineArguments),
    History(Box<HistoryArguments>),
    Init(InitArguments),
    Doctor(DoctorArguments),
    Work(WorkArguments),
    Export(ExportArguments),
    Watch(Box<WatchArguments>),
    Load(Box<LoadArguments>),
    Merge(MergeArguments),
    Clean(CleanArguments),
    Completions(CompletionsArguments),
    /// Print the manual page.
    #[command(before_help = "Example:\n  perfkit man | man -l -\n")]
    Man,
    /// Print the JSON Schema of perfkit.toml, by which editors complete and check it.
    #[command(before_help = "Example:\n  perfkit schema > perfkit-toml.schema.json\n")]
    Schema,
}

/// The most bytes of a command line that a report keeps.
const LONGEST_LINE: usize = 64 * 1024;

/// The command line as it was given, without the program's name, so that it can be given once
/// more; nothing where it is too long to be told.
pub(crate) fn as_given() -> Vec<String> {
    let words = std::env::args_os().skip(1);
    let words: Vec<String> = words
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let bytes: usize = words.iter().map(String::len).sum();
    match bytes <= LONGEST_LINE {
        true => words,
        false => Vec::new(),
    }
}

/// The command line's description, for completions and the manual.
pub(crate) fn description() -> clap::Command {
    use clap::CommandFactory as _;
    Arguments::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::description().debug_assert();
    }

    #[test]
    fn examples_fit_a_terminal() {
        let description = super::description();
        let verbs = description.get_subcommands();
        for verb in verbs.chain([&description]) {
            let examples = verb.get_before_help().map(ToString::to_string);
            let examples = examples.unwrap_or_default();
            assert!(examples.starts_with("Example"), "{}", verb.get_name());
            let longest = examples.lines().map(|line| line.chars().count()).max();
            assert!(longest <= Some(80), "{examples}");
        }
    }
}
