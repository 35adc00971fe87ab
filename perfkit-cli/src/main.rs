//! The `perfkit` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    perfkit_cli::main()
}
