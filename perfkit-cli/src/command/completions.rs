//! `perfkit completions`.

use crate::args::{self, CompletionsArguments};
use crate::error::Error;
use crate::exit::Exit;
use crate::terminal;

pub(crate) fn run(arguments: CompletionsArguments) -> Result<Exit, Error> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut args::description(),
        "perfkit",
        &mut script,
    );
    terminal::print_exactly(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
