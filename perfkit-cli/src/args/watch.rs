//! `perfkit watch`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::format::Format;
use super::values::TimeSpan;

/// Look at a running program: what it calls, how often, how long that takes.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  perfkit watch                       # the programs that can be watched
  perfkit watch 4711                  # one started with PERFKIT=watch
  perfkit watch localhost:9464        # what Prometheus would scrape
  perfkit watch report.json           # a report that is saved again and again
  perfkit watch -- ./server           # start it, and watch
  perfkit watch 4711 --once           # one table, for scripts
")]
pub(crate) struct WatchArguments {
    /// The process or its program's name, the address that Prometheus scrapes (HOST:PORT or
    /// a URL), a report, or a session that --record kept.
    #[arg(value_name = "PID|ADDR|FILE")]
    pub(crate) target: Option<String>,

    /// A program to start and watch, with its arguments.
    #[arg(value_name = "COMMAND", last = true, conflicts_with = "target")]
    pub(crate) command: Vec<String>,

    /// Print what there is now, and end.
    #[arg(long)]
    pub(crate) once: bool,

    /// How to print it: human, markdown or json; with --once [default: human].
    #[arg(long, value_enum, requires = "once")]
    pub(crate) format: Option<Format>,

    /// How often to look, at least every 50 ms. Where looking takes long, it is less often.
    #[arg(long, value_name = "TIME", default_value = "1s")]
    pub(crate) every: TimeSpan,

    /// Show how medians differ from those of a saved report.
    #[arg(long, value_name = "REPORT")]
    pub(crate) baseline: Option<PathBuf>,

    /// The perfkit.toml whose budgets are shown [default: the nearest one upwards, or
    /// $PERFKIT_CONFIG].
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Keep what is seen in a file, which can be watched again.
    #[arg(long, value_name = "FILE", conflicts_with = "once")]
    pub(crate) record: Option<PathBuf>,

    /// The column to sort by.
    #[arg(long, value_enum, value_name = "COLUMN", default_value = "total")]
    pub(crate) sort: WatchOrder,

    /// Show only operations whose name contains this.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) filter: String,
}

/// What rows are sorted by; the largest come first, but for names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum WatchOrder {
    Name,
    /// Calls per second.
    Rate,
    /// Calls that failed or panicked.
    Failed,
    Cancelled,
    InFlight,
    P50,
    P95,
    P99,
    Max,
    /// Time within the calls, since the start.
    #[default]
    Total,
    /// The same less that of measured callees.
    #[value(name = "self")]
    SelfTime,
    /// Against the baseline.
    Change,
    /// How much of its budget is used.
    Budget,
}
