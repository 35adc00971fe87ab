//! `perfkit history`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::format::Format;
use super::values::{Share, TimeSpan};

/// Keep what was measured for good, and see how it became what it is.
///
/// A record is what one run measured: its commit, its machine, and the value of each series with
/// its interval. Records never change. They are in a folder (`.perfkit/history`, beside
/// perfkit.toml or at the top of the repository), or with `--store git` under the reference
/// refs/perfkit/history, which ordinary clones do not carry.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  perfkit history record report.json
  perfkit history list
  perfkit history show parse
  perfkit history push --store git
")]
pub(crate) struct HistoryArguments {
    #[command(subcommand)]
    pub(crate) action: HistoryAction,

    #[command(flatten)]
    pub(crate) place: HistoryPlace,
}

/// Which history is meant.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct HistoryPlace {
    /// Where records are: a folder, or `git` [default: $PERFKIT_HISTORY, `store` of [history] in
    /// perfkit.toml, or .perfkit/history].
    #[arg(long, value_name = "STORE", global = true)]
    pub(crate) store: Option<String>,

    /// The perfkit.toml that is read [default: the nearest one upwards, or $PERFKIT_CONFIG].
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HistoryAction {
    /// Add a record for each report, perfkit's own or another tool's.
    ///
    /// What a report does not tell of commit, branch and machine is taken from here. The record
    /// keeps the summaries of a report, without its single values.
    #[command(before_help = "\
Examples:
  perfkit history record report.json
  perfkit history record target/criterion --commit HEAD~1
")]
    Record {
        /// Reports, each of one run.
        #[arg(value_name = "REPORT", required = true)]
        reports: Vec<PathBuf>,
        /// The commit that was measured [default: what the report says, or HEAD].
        #[arg(long, value_name = "REV")]
        commit: Option<String>,
        /// The branch that it is of [default: what the report says, or the one here].
        #[arg(long, value_name = "NAME")]
        branch: Option<String>,
        /// What the machine is called: values of machines of one name are compared [default: its
        /// processor, cores, system and architecture].
        #[arg(long, value_name = "NAME")]
        machine: Option<String>,
        /// The compiler, or what else tells series apart [default: that of perfkit in the program
        /// that was measured].
        #[arg(long, value_name = "NAME")]
        toolchain: Option<String>,
    },
    /// List records, the newest first.
    #[command(before_help = "\
Examples:
  perfkit history list
  perfkit history list --filter 'parse*' --branch main --format csv
")]
    List {
        #[command(flatten)]
        choice: RecordChoice,
        /// How many at most; 0 is all [default: 20; all of json and csv].
        #[arg(short = 'n', long, value_name = "N")]
        limit: Option<usize>,
        #[command(flatten)]
        output: HistoryOutput,
    },
    /// Show the values of series, each with its interval.
    #[command(before_help = "\
Examples:
  perfkit history show parse
  perfkit history show 'parse/*' --metric instructions
")]
    Show {
        /// The name of what was measured, or a pattern with * and ?.
        #[arg(value_name = "NAME")]
        name: String,
        /// Only this metric, such as wall_time.
        #[arg(long, value_name = "NAME")]
        metric: Option<String>,
        /// Only values of this branch.
        #[arg(long, value_name = "NAME")]
        branch: Option<String>,
        /// Only values of machines whose key or name contains this.
        #[arg(long, value_name = "TEXT")]
        machine: Option<String>,
        /// How many of the newest values of each series; 0 is all [default: 20; all of json and
        /// csv].
        #[arg(short = 'n', long, value_name = "N")]
        limit: Option<usize>,
        #[command(flatten)]
        output: HistoryOutput,
    },
    /// Find out whether anything got worse: steps and drifts, told from noise.
    ///
    /// Each series is searched for changes: by permutations in blocks, as noise of measuring has
    /// a memory, with one error for all series together. Values of different machines or
    /// toolchains are never compared, but for ratios to what was measured in the same session.
    /// A change needs five values on either side; with three or four after it, it is watched.
    ///
    /// Exits with 1 where a recent change is for the worse and no [[waiver]] of perfkit.toml
    /// tolerates it, with 4 where a record cannot be read, else with 0.
    #[command(before_help = "\
Examples:
  perfkit history check --branch main
  perfkit history check --filter 'parse/*' --floor 2% --strict
")]
    Check(Box<CheckChoice>),
    /// Write all values as JSON lines, for databases.
    #[command(before_help = "\
Example:
  perfkit history export -o history.jsonl
")]
    Export {
        #[command(flatten)]
        choice: RecordChoice,
        /// Write to a file instead of standard output.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Remove old records, and say which; never the newest.
    #[command(before_help = "\
Examples:
  perfkit history prune --keep 1000
  perfkit history prune --older-than 8760h --dry-run
")]
    Prune {
        /// Remove what was measured longer ago than this, such as 720h.
        #[arg(long, value_name = "TIME", required_unless_present = "keep")]
        older_than: Option<TimeSpan>,
        /// Keep so many of the newest.
        #[arg(long, value_name = "N", conflicts_with = "older_than")]
        keep: Option<usize>,
        /// Only say what would be removed.
        #[arg(long)]
        dry_run: bool,
    },
    /// Send what is here to another repository, and get what is there; with `--store git`.
    #[command(before_help = "Example:\n  perfkit history push origin --store git\n")]
    Push {
        /// The other repository: a remote's name, a path or a URL.
        #[arg(value_name = "REMOTE", default_value = "origin")]
        remote: String,
    },
    /// Get what another repository has; with `--store git`.
    #[command(before_help = "Example:\n  perfkit history fetch origin --store git\n")]
    Fetch {
        /// The other repository: a remote's name, a path or a URL.
        #[arg(value_name = "REMOTE", default_value = "origin")]
        remote: String,
    },
    /// Bring the index to what the store has, and say where it is.
    #[command(before_help = "Example:\n  perfkit history index --rebuild\n")]
    Index {
        /// Make it anew of all records.
        #[arg(long)]
        rebuild: bool,
    },
}

/// What is checked, and how.
#[derive(Clone, Debug, Args)]
pub(crate) struct CheckChoice {
    #[command(flatten)]
    pub(crate) choice: RecordChoice,

    /// Only this metric, also where it is one that is else not looked at.
    #[arg(long, value_name = "NAME")]
    pub(crate) metric: Option<String>,

    /// How many of the newest values of each series are looked at.
    #[arg(long, value_name = "N", default_value_t = 365)]
    pub(crate) values: usize,

    /// Changes among so many of a series' newest values are recent; others are told, and fail
    /// nothing.
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub(crate) recent: usize,

    /// How often it may be wrong, all series together [default: 1%].
    #[arg(long, value_name = "SHARE")]
    pub(crate) error: Option<Share>,

    /// Changes up to this size are none [default: 0.5%].
    #[arg(long, value_name = "SHARE")]
    pub(crate) floor: Option<Share>,

    /// Fail where nothing can be said yet, because there are fewer than 8 values.
    #[arg(long)]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) output: HistoryOutput,
}

/// Which records are meant.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct RecordChoice {
    /// Only series of this name or pattern with * and ?, or records that have one.
    #[arg(long, value_name = "NAME")]
    pub(crate) filter: Option<String>,

    /// Only those of this branch.
    #[arg(long, value_name = "NAME")]
    pub(crate) branch: Option<String>,

    /// Only those of machines whose key or name contains this.
    #[arg(long, value_name = "TEXT")]
    pub(crate) machine: Option<String>,
}

/// How a result is printed, and where.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct HistoryOutput {
    /// How to print it: human, json, markdown or csv; of `check` any [default: human, or
    /// $PERFKIT_FORMAT].
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,

    /// Write to a file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
