//! `perfkit gate`.

use std::path::PathBuf;

use clap::Args;

use super::baseline::BaselineName;
use super::format::Format;
use super::shard::Shard;
use super::values::TimeSpan;

/// Hold reports, or this tree against a revision, to the budgets and regression
/// rules of perfkit.toml.
///
/// With --base it measures as `perfkit compare --base REV --control` does: by how much the
/// revision seems to differ from itself is the machine's own noise, and no regression. A
/// regression that is found is measured once more, and counts if it is found again.
///
/// With --selftest it compares work of its own with itself, which has to keep the strictest
/// rule on times (5 % where there is none), and with the same work slowed down by twice as
/// much, which has to break it. What is measured may not decide that: exit code 3.
///
/// A check that cannot be made, because nothing has such a name or such a metric, is no
/// pass. What the sample does not decide passes, unless --strict or `inconclusive` says
/// otherwise, and is counted in the first line.
///
/// Exits with 0 when the gate passes, 1 when a rule is broken, 2 when the
/// configuration is wrong or a rule is for nothing that there is, 4 when a report cannot
/// be read or has nothing to check or the revision cannot be built, 5 when what is
/// measured fails or this tree cannot be built.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  perfkit gate report.json
  perfkit gate after.json --baseline before.json
  perfkit gate today.json --against main
  perfkit gate --base main
  perfkit gate --base main '{tree}/run.sh'
  perfkit gate --selftest

  # perfkit.toml
  [[budget]]
  operation = \"checkout::*\"
  p95 = \"< 100ms\"
  success_rate = \">= 99.9%\"

  [[regression]]
  benchmark = \"*\"
  max_slowdown = \"3%\"
")]
pub(crate) struct GateArguments {
    /// The reports to judge; those that have the same benchmark are sessions of it. With
    /// --base, commands to measure instead of benches, with `{tree}` where the path of the
    /// tree belongs.
    #[arg(value_name = "REPORT", required_unless_present = "measured")]
    pub(crate) reports: Vec<PathBuf>,

    /// The report that regressions are measured against; given more than once, each is a
    /// session.
    #[arg(long, value_name = "REPORT", conflicts_with = "base")]
    pub(crate) baseline: Vec<PathBuf>,

    /// Measure regressions against the sessions that `perfkit baseline save NAME` kept, on
    /// this machine.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["base", "baseline"])]
    pub(crate) against: Option<BaselineName>,

    /// Where baselines are kept [default: $PERFKIT_BASELINES, or perfkit/baselines in cargo's
    /// target folder].
    #[arg(long, value_name = "DIR", requires = "against")]
    pub(crate) baselines: Option<PathBuf>,

    /// Measure this tree and the revision REV of it, and judge the difference.
    #[arg(long, value_name = "REV", group = "measured")]
    pub(crate) base: Option<String>,

    /// Measure work of perfkit's own, and tell whether the gate tells a slowdown from none
    /// on this machine.
    #[arg(
        long,
        group = "measured",
        conflicts_with_all = [
            "reports", "baseline", "against", "baselines", "bench", "shard", "package", "workspace",
            "bench_target", "features", "timeout", "strict", "export_json", "export_result",
            "export_markdown", "export_csv", "export_html", "export_junit", "history",
        ]
    )]
    pub(crate) selftest: bool,

    /// Measure only benchmarks whose name contains FILTER.
    #[arg(
        long,
        value_name = "FILTER",
        requires = "base",
        conflicts_with = "reports"
    )]
    pub(crate) bench: Option<String>,

    /// Measure only this share of the benchmarks, such as 1/3, so that jobs share them. A
    /// name decides which share it is in.
    #[arg(
        long,
        value_name = "K/N",
        requires = "base",
        conflicts_with = "reports"
    )]
    pub(crate) shard: Option<Shard>,

    /// Build the benches of this package of the workspace: its name, `NAME@VERSION`, the
    /// path of its folder or its id.
    #[arg(
        long,
        value_name = "PACKAGE",
        requires = "base",
        conflicts_with = "reports"
    )]
    pub(crate) package: Vec<String>,

    /// Build the benches of all packages of the workspace.
    #[arg(long, requires = "base", conflicts_with_all = ["package", "reports"])]
    pub(crate) workspace: bool,

    /// Build this bench and no other: the name of a [[bench]].
    #[arg(
        long,
        value_name = "NAME",
        requires = "base",
        conflicts_with = "reports"
    )]
    pub(crate) bench_target: Vec<String>,

    /// Build the benches with these features.
    #[arg(
        long,
        value_name = "NAMES",
        requires = "base",
        conflicts_with = "reports"
    )]
    pub(crate) features: Vec<String>,

    /// Measure for at most this time, as `perfkit compare` does.
    #[arg(long, value_name = "TIME", requires = "measured")]
    pub(crate) time: Option<TimeSpan>,

    /// The longest that a run may take, or that a benchmark may be silent.
    #[arg(long, value_name = "TIME", requires = "base")]
    pub(crate) timeout: Option<TimeSpan>,

    /// The number that decides the order of runs; a second session has the next number.
    #[arg(long, value_name = "NUMBER", requires = "measured")]
    pub(crate) seed: Option<u64>,

    /// Save what the first session measured as a report.
    #[arg(long, value_name = "FILE", requires = "base")]
    pub(crate) export_json: Option<PathBuf>,

    /// Also save the gate's result as a report.
    #[arg(long, value_name = "FILE")]
    pub(crate) export_result: Option<PathBuf>,

    /// Also save the gate's result as Markdown.
    #[arg(long, value_name = "FILE")]
    pub(crate) export_markdown: Option<PathBuf>,

    /// Also save the gate's result as CSV.
    #[arg(long, value_name = "FILE")]
    pub(crate) export_csv: Option<PathBuf>,

    /// Also save the gate's result as a page, with charts of what it measured.
    #[arg(long, value_name = "FILE")]
    pub(crate) export_html: Option<PathBuf>,

    /// Also save the gate's result as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) export_junit: Option<PathBuf>,

    /// Also add what was judged to the history, as `perfkit history record` does.
    #[arg(long)]
    pub(crate) history: bool,

    /// Fail where a check cannot be decided, as `inconclusive = "fail"` in perfkit.toml
    /// does.
    #[arg(long)]
    pub(crate) strict: bool,

    /// The configuration [default: $PERFKIT_CONFIG, or the nearest perfkit.toml
    /// upwards].
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// How to print the result [default: human, or $PERFKIT_FORMAT].
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,

    /// Write to a file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
