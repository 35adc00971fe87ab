//! `perfkit merge`.

use std::path::PathBuf;

use clap::Args;

use super::format::Format;

/// Add up the reports of several machines or processes that did parts of one thing.
///
/// Counts, failures and distributions of operations of one name are added exactly, and
/// percentiles are those of all values together. Shares of one load (--shard) make its whole;
/// the same share twice is refused.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  perfkit merge one.json two.json
  perfkit merge --format json -o all.json shard-*.json
")]
pub(crate) struct MergeArguments {
    /// The reports.
    #[arg(value_name = "FILE", required = true, num_args = 2..)]
    pub(crate) files: Vec<PathBuf>,

    /// How to print the sum [default: human, or $PERFKIT_FORMAT].
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,

    /// Write what is printed to a file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
