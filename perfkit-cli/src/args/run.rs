//! `perfkit run`.

use std::path::PathBuf;

use clap::Args;

use super::format::Format;
use super::values::TimeSpan;

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

    /// Also save the report, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,

    /// How often the program saves what it recorded so far, so that little is
    /// lost when it is killed.
    #[arg(long, value_name = "TIME", default_value = "1s")]
    pub(crate) every: TimeSpan,

    /// How to print the report [default: human, or $PERFKIT_FORMAT].
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,

    /// Write what is printed to a file instead of standard output, where the program
    /// writes too.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
