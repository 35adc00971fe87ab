//! `perfkit completions`.

use clap::Args;

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
