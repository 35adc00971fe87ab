//! `perfkit doctor`.

use std::path::PathBuf;

use clap::Args;

use super::format::Format;

/// Tell what makes this machine noisy, and what a program records.
///
/// Looks at the frequency of the processors, at who else uses them, at clocks and
/// counters, and says what was found, what it makes noisy and what can be done about it.
/// What cannot be read is called unknown. Nothing is changed.
///
/// With a program it is run to its end, or to Ctrl-C, and then told whether it recorded,
/// which operations, and what recording cost.
///
/// Exits with 0 whatever was found, and with 5 when the program cannot be started.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  perfkit doctor
  perfkit doctor --format json
  perfkit doctor -- ./server --port 8080
")]
pub(crate) struct DoctorArguments {
    /// A program and its arguments, which is run as `perfkit run` does.
    #[arg(value_name = "COMMAND", last = true)]
    pub(crate) command: Vec<String>,

    /// How to print what was found, as human, markdown or json [default: human, or
    /// $PERFKIT_FORMAT].
    #[arg(long, value_enum, hide_possible_values = true)]
    pub(crate) format: Option<Format>,

    /// Write to a file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
