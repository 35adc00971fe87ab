//! `perfkit compare`.

use std::path::PathBuf;

use clap::Args;

use super::format::Format;
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
";

/// Compare commands, benchmarks or revisions, run in turn; or saved reports.
///
/// Every command is run in turn with the others, in blocks of random order, so
/// that a machine which slows down or speeds up meets all of them alike. The
/// verdict comes from the pairs of runs within the blocks, with an interval.
#[derive(Clone, Debug, Default, Args)]
#[command(before_help = EXAMPLES)]
pub(crate) struct CompareArguments {
    /// Commands, each as one quoted word; or report files (.json).
    #[arg(value_name = "COMMAND", required_unless_present_any = ["bench", "base"])]
    pub(crate) commands: Vec<String>,

    /// Compare the implementations in this package's benches, or those whose name contains FILTER:
    /// the others of each group with the first of it.
    #[arg(long, value_name = "FILTER", num_args = 0..=1, default_missing_value = "", conflicts_with = "commands")]
    pub(crate) bench: Option<String>,

    /// Compare this tree with another revision of it: its benches, built from both, or commands
    /// with `{tree}` where the path of the tree belongs.
    #[arg(long, value_name = "REV")]
    pub(crate) base: Option<String>,

    /// Build the benches of this package of the workspace.
    #[arg(long, value_name = "NAME")]
    pub(crate) package: Vec<String>,

    /// Build the benches with these features.
    #[arg(long, value_name = "NAMES")]
    pub(crate) features: Vec<String>,

    /// Also run the baseline against itself, as an A/A control: what it seems to differ by is the
    /// machine's own noise, and counts as the same.
    #[arg(long, alias = "null")]
    pub(crate) control: bool,

    /// Blocks of runs to do first and not count [default: 1, or $PERFKIT_WARMUP].
    #[arg(short, long, value_name = "N")]
    pub(crate) warmup: Option<u64>,

    /// Exactly so many runs of each command, whatever time that takes.
    #[arg(short, long, value_name = "N")]
    pub(crate) runs: Option<RunCount>,

    /// At least so many runs of each command [default: as many as a verdict needs, 12 for two
    /// commands, or $PERFKIT_MIN_RUNS].
    #[arg(short, long, value_name = "N")]
    pub(crate) min_runs: Option<RunCount>,

    /// At most so many runs of each command [default: 10000, or
    /// $PERFKIT_MAX_RUNS].
    #[arg(short = 'M', long, value_name = "N")]
    pub(crate) max_runs: Option<RunCount>,

    /// How long to measure at most, all commands or each group of benchmarks together;
    /// verdicts that are clear before end it [default: 3s for each command, 1s for each
    /// benchmark, more where it is slow; or $PERFKIT_TIME].
    #[arg(long, value_name = "TIME")]
    pub(crate) time: Option<TimeSpan>,

    /// Run before each run, not measured; give one for all commands or one for
    /// each.
    #[arg(short, long, value_name = "COMMAND")]
    pub(crate) prepare: Vec<String>,

    /// Run after each run, not measured; give one for all commands or one for
    /// each.
    #[arg(short, long, value_name = "COMMAND")]
    pub(crate) conclude: Vec<String>,

    /// Run once for each command before all runs.
    #[arg(short, long, value_name = "COMMAND")]
    pub(crate) setup: Option<String>,

    /// Run once for each command after all runs.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) cleanup: Option<String>,

    /// Run commands through this shell; its start-up is measured and
    /// subtracted. Without it commands are split at spaces and run directly;
    /// `none` says so and silences the hint about shell syntax. [$PERFKIT_SHELL]
    #[arg(short = 'S', long, value_name = "SHELL")]
    pub(crate) shell: Option<String>,

    /// The same as `--shell none`.
    #[arg(short = 'N')]
    pub(crate) no_shell: bool,

    /// Go on when a run fails; failed runs are counted and not ranked.
    #[arg(short, long)]
    pub(crate) ignore_failure: bool,

    /// Names to show instead of the commands, in their order.
    #[arg(short = 'n', long = "name", value_name = "NAME")]
    pub(crate) names: Vec<String>,

    /// Run each command once for each value, put in the place of `{VAR}`.
    #[arg(short = 'L', long, num_args = 2, value_names = ["VAR", "A,B,…"], action = clap::ArgAction::Append)]
    pub(crate) parameter_list: Vec<String>,

    /// The same for numbers from MIN to MAX.
    #[arg(short = 'P', long, num_args = 3, value_names = ["VAR", "MIN", "MAX"], action = clap::ArgAction::Append, allow_negative_numbers = true)]
    pub(crate) parameter_scan: Vec<String>,

    /// The step from one number of `--parameter-scan` to the next [default: 1].
    #[arg(
        short = 'D',
        long,
        value_name = "STEP",
        requires = "parameter_scan",
        allow_negative_numbers = true
    )]
    pub(crate) parameter_step_size: Option<String>,

    /// What commands read: `null` or a file.
    #[arg(long, value_name = "FILE", default_value = "null")]
    pub(crate) input: Input,

    /// Where commands' output goes: `null`, `pipe` (read and thrown away),
    /// `inherit` or a file.
    #[arg(long, value_name = "WHERE", default_value = "null")]
    pub(crate) output: Output,

    /// The longest a run may take; then its whole process group is ended.
    #[arg(long, value_name = "TIME")]
    pub(crate) timeout: Option<TimeSpan>,

    /// Keep everything on one CPU, also commands and benchmarks of several threads, which may be
    /// parallel; benchmarks of one thread are kept on one anyway.
    #[arg(long)]
    pub(crate) pin: bool,

    /// The command to compare the others with, by name or number [default: 1].
    #[arg(long, value_name = "NAME")]
    pub(crate) baseline: Option<String>,

    /// Decides the order of runs; recorded in the result.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,

    /// How sure a verdict must be, all of them together [default: 99.9%, or
    /// $PERFKIT_CONFIDENCE].
    #[arg(long, value_name = "LEVEL")]
    pub(crate) confidence: Option<Confidence>,

    /// Differences up to this are called the same [default: 0.5%, or
    /// $PERFKIT_INDIFFERENCE].
    #[arg(long, value_name = "SHARE")]
    pub(crate) indifference: Option<Share>,

    /// Exit with 3 when a comparison is inconclusive.
    #[arg(long)]
    pub(crate) strict: bool,

    /// How to print the result [default: human, or $PERFKIT_FORMAT].
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,

    /// Also save the result as a report.
    #[arg(long, value_name = "FILE")]
    pub(crate) export_json: Option<PathBuf>,

    /// Also save the result as Markdown.
    #[arg(long, value_name = "FILE")]
    pub(crate) export_markdown: Option<PathBuf>,

    /// Also save the numbers as CSV.
    #[arg(long, value_name = "FILE")]
    pub(crate) export_csv: Option<PathBuf>,

    /// Also save the result as a page with charts.
    #[arg(long, value_name = "FILE")]
    pub(crate) export_html: Option<PathBuf>,

    /// Draw the distribution of each command's times, as the file's name says: .svg or .png.
    #[arg(long, value_name = "FILE")]
    pub(crate) plot: Option<PathBuf>,
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
