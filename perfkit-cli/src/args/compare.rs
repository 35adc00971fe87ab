//! `perfkit compare`.

use std::path::PathBuf;

use clap::Args;

use super::baseline::BaselineName;
use super::format::Format;
use super::ignored_failures::IgnoredFailures;
use super::numbers_view::NumbersView;
use super::shard::Shard;
use super::style::OutputStyle;
use super::values::{Confidence, RunCount, Share, TimeSpan};

const EXAMPLES: &str = "\
Examples:
  perfkit compare 'gzip -1 -c FILE' 'gzip -9 -c FILE'
  perfkit compare -w 3 -r 50 ./old ./new
  perfkit compare -L level 1,6,9 'gzip -{level} -c FILE'
  perfkit compare --prepare 'rm -rf cache' './build a' './build b'
  perfkit compare -S sh 'sort FILE | uniq' 'sort -u FILE'
  perfkit compare --bench sort
  perfkit compare --base main
  perfkit compare --base main '{tree}/target/release/tool FILE'
  perfkit compare before.json after.json
  perfkit compare today.json --against main
";

const WHAT: &str = "What is compared";
const RUNS: &str = "How much and how sure";
const COMMANDS: &str = "How commands are run";
const RESULT: &str = "The result";

/// Compare commands, benchmarks or revisions, run in turn; or saved reports.
///
/// Every implementation is run in turn with the others, in blocks of random order, so
/// that a machine which slows down or speeds up meets all of them alike. The verdict
/// comes from the pairs of runs within the blocks, with an interval.
#[derive(Clone, Debug, Default, Args)]
#[command(before_help = EXAMPLES)]
pub(crate) struct CompareArguments {
    /// Commands, each as one quoted word; or two report files, the baseline first; with
    /// --against the reports of the candidate, one for each session.
    #[arg(value_name = "COMMAND", required_unless_present_any = ["bench", "base", "bench_target"])]
    pub(crate) commands: Vec<String>,

    /// Compare the benchmarks of this package, in each group the others with the first; only
    /// those whose name contains FILTER.
    #[arg(long, value_name = "FILTER", num_args = 0..=1, default_missing_value = "", conflicts_with = "commands", help_heading = WHAT)]
    pub(crate) bench: Option<String>,

    /// Compare this tree with the revision REV of it: the benchmarks of both, or commands in
    /// which `{tree}` stands for the path of the tree.
    #[arg(long, value_name = "REV", help_heading = WHAT)]
    pub(crate) base: Option<String>,

    /// Compare reports with the sessions that `perfkit baseline save NAME` kept.
    #[arg(long, value_name = "NAME", requires = "commands", conflicts_with_all = ["bench", "base"], help_heading = WHAT)]
    pub(crate) against: Option<BaselineName>,

    /// Where baselines are kept [default: $PERFKIT_BASELINES, or perfkit/baselines in cargo's
    /// target folder].
    #[arg(long, value_name = "DIR", requires = "against", help_heading = WHAT)]
    pub(crate) baselines: Option<PathBuf>,

    /// Measure only this share of the benchmarks, such as 1/3, so that jobs share them. A
    /// name decides which share it is in.
    #[arg(long, value_name = "K/N", requires = "base", conflicts_with = "commands", help_heading = WHAT)]
    pub(crate) shard: Option<Shard>,

    /// Build the benches of this package of the workspace: its name, `NAME@VERSION`, the path of
    /// its folder or its id [default: those that cargo chooses].
    #[arg(long, value_name = "PACKAGE", help_heading = WHAT)]
    pub(crate) package: Vec<String>,

    /// Build the benches of all packages of the workspace.
    #[arg(long, conflicts_with = "package", help_heading = WHAT)]
    pub(crate) workspace: bool,

    /// Build this bench and no other: the name of a [[bench]].
    #[arg(long, value_name = "NAME", help_heading = WHAT)]
    pub(crate) bench_target: Vec<String>,

    /// Build the benches with these features.
    #[arg(long, value_name = "NAMES", help_heading = WHAT)]
    pub(crate) features: Vec<String>,

    /// Compare the commands with this one, which is run beside them and without parameters.
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["base", "baseline"], help_heading = WHAT)]
    pub(crate) reference: Option<String>,

    /// The name to show instead of the reference.
    #[arg(long, value_name = "NAME", requires = "reference", help_heading = WHAT)]
    pub(crate) reference_name: Option<String>,

    /// The command that the others are compared with, by name or number [default: 1].
    #[arg(long, value_name = "NAME", conflicts_with = "base", help_heading = WHAT)]
    pub(crate) baseline: Option<String>,

    /// Also run the baseline against itself, as an A/A control: by how much it seems to differ
    /// is the machine's own noise, and counts as the same.
    #[arg(long, alias = "null", help_heading = WHAT)]
    pub(crate) control: bool,

    /// Names to show instead of the commands, in their order.
    #[arg(short = 'n', long = "name", visible_alias = "command-name", value_name = "NAME", help_heading = WHAT)]
    pub(crate) names: Vec<String>,

    /// Compare each command with each of these values in the place of `{VAR}`.
    #[arg(short = 'L', long, num_args = 2, value_names = ["VAR", "A,B,…"], action = clap::ArgAction::Append, help_heading = WHAT)]
    pub(crate) parameter_list: Vec<String>,

    /// The same with the numbers from MIN to MAX.
    #[arg(short = 'P', long, num_args = 3, value_names = ["VAR", "MIN", "MAX"], action = clap::ArgAction::Append, allow_negative_numbers = true, help_heading = WHAT)]
    pub(crate) parameter_scan: Vec<String>,

    /// The step from one number of `--parameter-scan` to the next [default: 1].
    #[arg(
        short = 'D',
        long,
        value_name = "STEP",
        requires = "parameter_scan",
        allow_negative_numbers = true,
        help_heading = WHAT
    )]
    pub(crate) parameter_step_size: Option<String>,

    #[command(flatten)]
    pub(crate) effort: Effort,

    /// Run this before each run, not measured; give one for all commands, or one for each.
    #[arg(short, long, value_name = "COMMAND", help_heading = COMMANDS)]
    pub(crate) prepare: Vec<String>,

    /// Run this after each run, not measured; give one for all commands, or one for each.
    #[arg(short = 'C', long, value_name = "COMMAND", help_heading = COMMANDS)]
    pub(crate) conclude: Vec<String>,

    /// Run this once for each command, before all runs. One that has a parameter in it is run
    /// before each run of its command, as runs of all values take turns; with --sequential once
    /// before all runs of its command.
    #[arg(short, long, value_name = "COMMAND", help_heading = COMMANDS)]
    pub(crate) setup: Option<String>,

    /// Run this once for each command, after all runs.
    #[arg(short = 'c', long, value_name = "COMMAND", help_heading = COMMANDS)]
    pub(crate) cleanup: Option<String>,

    /// Run each command to its end before the next one begins, instead of in turn. What the
    /// machine does meanwhile is then in the difference, and only large ones can be told.
    #[arg(long, conflicts_with_all = ["base", "control"], help_heading = COMMANDS)]
    pub(crate) sequential: bool,

    /// Run commands through this shell, whose start-up is measured and subtracted. Without one
    /// a command is split at spaces and run directly, and refused where it looks like shell
    /// syntax; `none` runs it all the same [default: no shell, or $PERFKIT_SHELL].
    #[arg(short = 'S', long, value_name = "SHELL", help_heading = COMMANDS)]
    pub(crate) shell: Option<String>,

    /// The same as `--shell none`.
    #[arg(short = 'N', help_heading = COMMANDS)]
    pub(crate) no_shell: bool,

    /// Go on after a run that failed, or only after one with these exit codes. Its time counts,
    /// and what had failures is marked and ranked apart.
    #[arg(short, long, value_name = "CODES", num_args = 0..=1, require_equals = true, default_missing_value = "all-non-zero", help_heading = COMMANDS)]
    pub(crate) ignore_failure: Option<IgnoredFailures>,

    /// What commands read from standard input: `null`, which is nothing, or a file.
    #[arg(long, value_name = "FILE", default_value = "null", help_heading = COMMANDS)]
    pub(crate) input: Input,

    /// Where the output of commands goes: `null`, `pipe` (read and thrown away), `inherit` or a
    /// file; give one for all commands, or one for each [default: null].
    #[arg(long, value_name = "WHERE", help_heading = COMMANDS)]
    pub(crate) output: Vec<Output>,

    /// The same as `--output inherit`.
    #[arg(long, conflicts_with = "output", help_heading = COMMANDS)]
    pub(crate) show_output: bool,

    /// Variables for commands and for what is run around them, as `'A=1 B="x y"'`; give one for
    /// all commands, or one for each.
    #[arg(long, value_name = "ASSIGNMENTS", help_heading = COMMANDS)]
    pub(crate) env: Vec<String>,

    /// The longest that a run may take, or that a benchmark may be silent [default: no limit for
    /// commands, 120s for benchmarks]. What takes longer is ended, with its whole process group.
    #[arg(long, value_name = "TIME", help_heading = COMMANDS)]
    pub(crate) timeout: Option<TimeSpan>,

    /// Keep everything on one CPU, also what runs in several threads; benchmarks of one thread
    /// are kept on one anyway.
    #[arg(long, help_heading = COMMANDS)]
    pub(crate) pin: bool,

    /// How to print the result [default: human, or $PERFKIT_FORMAT].
    #[arg(long, value_enum, help_heading = RESULT)]
    pub(crate) format: Option<Format>,

    /// How the result is shown on a terminal.
    #[arg(long, value_enum, value_name = "STYLE", default_value = "auto", hide_default_value = true, help_heading = RESULT)]
    pub(crate) style: OutputStyle,

    /// Write the result to this file instead of standard output.
    #[arg(short = 'o', value_name = "FILE", help_heading = RESULT)]
    pub(crate) result_file: Option<PathBuf>,

    /// Also save the result as a report. Here and below a file named `-` is standard output, on
    /// which there is nothing else then.
    #[arg(long, value_name = "FILE", help_heading = RESULT)]
    pub(crate) export_json: Option<PathBuf>,

    /// Also save the result as Markdown.
    #[arg(long, value_name = "FILE", help_heading = RESULT)]
    pub(crate) export_markdown: Option<PathBuf>,

    /// Also save the numbers as CSV.
    #[arg(long, value_name = "FILE", help_heading = RESULT)]
    pub(crate) export_csv: Option<PathBuf>,

    /// Also save the result as a page with charts.
    #[arg(long, value_name = "FILE", help_heading = RESULT)]
    pub(crate) export_html: Option<PathBuf>,

    /// Also save the result as AsciiDoc.
    #[arg(long, value_name = "FILE", help_heading = RESULT)]
    pub(crate) export_asciidoc: Option<PathBuf>,

    /// Also save the result for Emacs's Org mode.
    #[arg(long, value_name = "FILE", help_heading = RESULT)]
    pub(crate) export_orgmode: Option<PathBuf>,

    /// Draw the distribution of each implementation's times into a file that ends in .svg or
    /// .png.
    #[arg(long, value_name = "FILE", help_heading = RESULT)]
    pub(crate) plot: Option<PathBuf>,

    /// Also add what was measured to the history, as `perfkit history record` does.
    #[arg(long, help_heading = RESULT)]
    pub(crate) history: bool,

    /// Exit with 3 when a verdict is inconclusive, or nothing could be compared.
    #[arg(long, help_heading = RESULT)]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) numbers: NumbersView,
}

/// How much is measured, and how sure a verdict must be.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Effort {
    /// First run each command N times without counting [default: 1, none for slow commands and
    /// with `-r 1`; or $PERFKIT_WARMUP].
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, help_heading = RUNS)]
    pub(crate) warmup: Option<u64>,

    /// Run each command exactly N times, whatever time that takes.
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, help_heading = RUNS)]
    pub(crate) runs: Option<RunCount>,

    /// Run each command at least N times [default: as many as a verdict needs, 12 for two
    /// commands, 10 for slow ones; or $PERFKIT_MIN_RUNS].
    #[arg(short, long, value_name = "N", allow_negative_numbers = true, help_heading = RUNS)]
    pub(crate) min_runs: Option<RunCount>,

    /// Run each command at most N times [default: 10000, or $PERFKIT_MAX_RUNS].
    #[arg(short = 'M', long, value_name = "N", allow_negative_numbers = true, help_heading = RUNS)]
    pub(crate) max_runs: Option<RunCount>,

    /// Measure for at most this time, all commands or each group of benchmarks together, with
    /// as many runs as that allows; it ends before where every verdict is clear [default: 3s for
    /// each command, 1s for each benchmark, more for slow ones; or $PERFKIT_TIME].
    #[arg(long, value_name = "TIME", help_heading = RUNS)]
    pub(crate) time: Option<TimeSpan>,

    /// How sure a verdict must be, all of them together [default: 99.9%, or
    /// $PERFKIT_CONFIDENCE].
    #[arg(long, value_name = "LEVEL", help_heading = RUNS)]
    pub(crate) confidence: Option<Confidence>,

    /// Differences up to this size count as the same [default: 0.5%, or
    /// $PERFKIT_INDIFFERENCE].
    #[arg(long, value_name = "SHARE", help_heading = RUNS)]
    pub(crate) indifference: Option<Share>,

    /// The number that decides the order of runs; the report has it [default: a random one].
    #[arg(long, value_name = "NUMBER", help_heading = RUNS)]
    pub(crate) seed: Option<u64>,
}

/// What commands read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Input {
    #[default]
    Null,
    File(PathBuf),
}

impl From<&str> for Input {
    fn from(text: &str) -> Self {
        match text {
            "null" => Self::Null,
            path => Self::File(path.into()),
        }
    }
}

/// Where commands' output goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Output {
    #[default]
    Null,
    Pipe,
    Inherit,
    File(PathBuf),
}

impl From<&str> for Output {
    fn from(text: &str) -> Self {
        match text {
            "null" => Self::Null,
            "pipe" => Self::Pipe,
            "inherit" => Self::Inherit,
            path => Self::File(path.into()),
        }
    }
}
