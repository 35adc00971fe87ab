//! `perfkit export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Send a saved report somewhere, or write it in the format of another tool.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  perfkit export report.json --to otlp   # to $OTEL_EXPORTER_OTLP_ENDPOINT
  perfkit export report.json --to prometheus -o perfkit.prom
  perfkit export report.json --to hgrm --operation checkout::pay -o pay.hgrm
")]
pub(crate) struct ExportArguments {
    /// The report, perfkit's own or another tool's.
    #[arg(value_name = "REPORT")]
    pub(crate) report: PathBuf,

    /// Where it is sent, or the format that is written.
    #[arg(long, value_enum)]
    pub(crate) to: ExportTarget,

    /// Write to a file instead of standard output; not for otlp. For hgrm also
    /// a folder, which gets one file for each operation or benchmark.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// The operation or benchmark that hgrm is to show, where there are several.
    #[arg(long, value_name = "NAME")]
    pub(crate) operation: Option<String>,
}

/// Where a report can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportTarget {
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
