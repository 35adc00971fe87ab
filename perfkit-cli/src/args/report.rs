//! `perfkit report`.

use std::path::PathBuf;

use clap::Args;

use super::format::Format;
use super::numbers_view::NumbersView;

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
    /// Report files, perfkit's own or another tool's.
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// How to print them [default: human, or $PERFKIT_FORMAT].
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,

    /// Write to a file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Draw the distribution of each implementation's times, or the latency percentiles of
    /// each operation, into a file that ends in .svg or .png.
    #[arg(long, value_name = "FILE")]
    pub(crate) plot: Option<PathBuf>,

    /// Write a page and open it in a browser: a temporary page, or that of --output.
    #[arg(long)]
    pub(crate) open: bool,

    #[command(flatten)]
    pub(crate) numbers: NumbersView,
}
