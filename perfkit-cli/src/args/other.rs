//! The verbs beside `compare`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::values::TimeSpan;

/// How a result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Sentences and tables.
    #[default]
    Human,
    /// A report, as `perfkit report` and all others read it.
    Json,
    /// For pull requests and documents.
    Markdown,
    /// One line per metric.
    Csv,
    /// A page with charts, in one file that needs nothing else.
    Html,
}

/// Show reports: of an instrumented program, of a comparison, of a gate.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  perfkit report report.json
  perfkit report --format markdown report.json
  perfkit report --plot latency.svg report.json
  perfkit report --open report.json
  perfkit report --format html -o page.html monday.json tuesday.json
")]
pub(crate) struct ReportArguments {
    /// The report files.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// How to print them [default: human, or $PERFKIT_FORMAT].
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,

    /// Write to a file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Draw the distribution of each contestant, or the latency percentiles of
    /// each operation, as the file's name says: .svg or .png.
    #[arg(long, value_name = "FILE")]
    pub(crate) plot: Option<PathBuf>,

    /// Write a page and open it: a temporary one, or that of --output.
    #[arg(long)]
    pub(crate) open: bool,
}

/// Run an instrumented program and show what its #[measure]s recorded.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  perfkit run -- ./server --port 8080
  perfkit run --save report.json -- cargo run --release
")]
pub(crate) struct RunArguments {
    /// The program and its arguments.
    #[arg(value_name = "COMMAND", required = true, last = true)]
    pub(crate) command: Vec<String>,

    /// Also save the report.
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,

    /// How often the program saves what it recorded so far, so that little is
    /// lost when a signal ends it.
    #[arg(long, value_name = "TIME", default_value = "1s")]
    pub(crate) every: TimeSpan,

    /// How to print the report [default: human, or $PERFKIT_FORMAT].
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,

    /// Write the report to a file instead of standard output, where the program
    /// writes too.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// Hold reports, or this tree against a revision, to the budgets and regression
/// rules of perfkit.toml.
///
/// With --base it measures as `perfkit compare --base` does, with the baseline against
/// itself too: what that seems to differ by is the machine's own noise, and no
/// regression. One that is found is measured once more, and counts if it is found again.
///
/// Exits with 0 when the gate passes, 1 when a rule is broken, 2 when the
/// configuration is wrong, 4 when a report cannot be read, 5 when what is measured
/// fails.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  perfkit gate report.json
  perfkit gate after.json --baseline before.json
  perfkit gate --base main
  perfkit gate --base main '{tree}/run.sh'

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
    /// The reports to judge; with --base, commands to measure instead of benches, with
    /// `{tree}` where the path of the tree belongs.
    #[arg(value_name = "REPORT", required_unless_present = "base")]
    pub(crate) reports: Vec<PathBuf>,

    /// The report that regressions are measured against.
    #[arg(long, value_name = "REPORT", conflicts_with = "base")]
    pub(crate) baseline: Option<PathBuf>,

    /// Measure this tree against another revision of it, and judge that.
    #[arg(long, value_name = "REV")]
    pub(crate) base: Option<String>,

    /// Measure the benchmarks whose name contains FILTER.
    #[arg(
        long,
        value_name = "FILTER",
        requires = "base",
        conflicts_with = "reports"
    )]
    pub(crate) bench: Option<String>,

    /// Build the benches of this package of the workspace.
    #[arg(long, value_name = "NAME", requires = "base")]
    pub(crate) package: Vec<String>,

    /// Build the benches with these features.
    #[arg(long, value_name = "NAMES", requires = "base")]
    pub(crate) features: Vec<String>,

    /// How long to measure at most, as for `perfkit compare`.
    #[arg(long, value_name = "TIME", requires = "base")]
    pub(crate) time: Option<TimeSpan>,

    /// How long a run, or the silence of a benchmark, may last.
    #[arg(long, value_name = "TIME", requires = "base")]
    pub(crate) timeout: Option<TimeSpan>,

    /// Decides the order of runs; a second session has the next number.
    #[arg(long, value_name = "NUMBER", requires = "base")]
    pub(crate) seed: Option<u64>,

    /// Save what was measured first as a report.
    #[arg(long, value_name = "FILE", requires = "base")]
    pub(crate) export_json: Option<PathBuf>,

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

/// Send a saved report somewhere, or write it in the format of another tool.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 perfkit export report.json --to otlp
  perfkit export report.json --to prometheus -o /var/lib/node_exporter/perfkit.prom
  perfkit export report.json --to hgrm --operation checkout::pay -o pay.hgrm
")]
pub(crate) struct ExportArguments {
    /// The report.
    #[arg(value_name = "REPORT")]
    pub(crate) report: PathBuf,

    /// Where it goes.
    #[arg(long, value_enum)]
    pub(crate) to: Target,

    /// Write to a file instead of standard output; not for otlp. For hgrm also
    /// a folder, which gets one file for each operation or benchmark.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// The operation or benchmark that hgrm is to have, where there are several.
    #[arg(long, value_name = "NAME")]
    pub(crate) operation: Option<String>,
}

/// Where a report can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// An OpenTelemetry collector, as the OTEL_EXPORTER_OTLP_* variables say.
    Otlp,
    /// Prometheus' text format 0.0.4.
    Prometheus,
    /// The text format of OpenMetrics 1.0.
    #[value(name = "openmetrics")]
    OpenMetrics,
    /// perfkit's own report.
    Json,
    /// One line per metric, in base units.
    Csv,
    /// Bencher Metric Format, for `bencher run --adapter json`.
    Bencher,
    /// customSmallerIsBetter of github-action-benchmark: times, memory.
    GithubActionBenchmark,
    /// customBiggerIsBetter of github-action-benchmark: throughput, success.
    GithubActionBenchmarkBigger,
    /// JUnit's XML, of a saved result of `perfkit gate`.
    Junit,
    /// HdrHistogram's interval log (.hlog), a tagged line per operation.
    Hdr,
    /// The percentiles of one operation, as HdrHistogram prints them.
    Hgrm,
}

/// Print the completions for a shell.
#[derive(Debug, Args)]
#[command(before_help = "\
Example:
  perfkit completions bash > ~/.local/share/bash-completion/completions/perfkit
")]
pub(crate) struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}
