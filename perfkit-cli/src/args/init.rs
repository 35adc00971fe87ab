//! `perfkit init`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Write a perfkit.toml with rules that fit what is here.
///
/// Where the package has benches there is a rule on how much slower they may get. With
/// --report there are budgets for what a program recorded, proposed from what was
/// measured; together with benches these are in a file of their own,
/// perfkit-budgets.toml, as they are for other reports.
///
/// Nothing that exists is overwritten without --force.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  perfkit init
  perfkit init --report report.json
  perfkit init --ci github
")]
pub(crate) struct InitArguments {
    /// Propose budgets from the values of a report.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Also write a file by which a CI service runs the gate, at the top of the repository.
    #[arg(long, value_name = "SERVICE", value_enum)]
    pub(crate) ci: Option<CiService>,

    /// Overwrite files that exist.
    #[arg(long)]
    pub(crate) force: bool,
}

/// A service that runs the gate for changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CiService {
    /// A workflow, .github/workflows/performance.yml.
    Github,
    /// A job to be included, perfkit-gate.gitlab-ci.yml.
    Gitlab,
}
