//! `perfkit work`.

use clap::Args;

/// Do a fixed amount of work, by which `perfkit gate --selftest` tests itself.
#[derive(Debug, Args)]
#[command(before_help = "Example:\n  perfkit work 1000000\n", hide = true)]
pub(crate) struct WorkArguments {
    /// How many steps.
    #[arg(value_name = "STEPS")]
    pub(crate) steps: u64,
}
