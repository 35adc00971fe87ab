//! `perfkit clean`.

use clap::Args;

/// Remove what comparing revisions left on the disk.
///
/// `--base` checks a revision out into a folder of this repository below
/// $XDG_CACHE_HOME/perfkit, or ~/.cache/perfkit, and builds it there; the next comparison
/// begins with what is there. Nothing in the repository refers to it.
#[derive(Debug, Args)]
#[command(before_help = "\
Examples:
  perfkit clean
  perfkit clean --all
")]
pub(crate) struct CleanArguments {
    /// The folders of all repositories, not of this one alone.
    #[arg(long)]
    pub(crate) all: bool,
}
