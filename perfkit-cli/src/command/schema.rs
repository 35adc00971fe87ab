//! `perfkit schema`.

use crate::error::Error;
use crate::exit::Exit;
use crate::terminal;

/// The form of `perfkit.toml`.
const SCHEMA: &str = include_str!("../../schema/perfkit-toml.schema.json");

pub(crate) fn run() -> Result<Exit, Error> {
    terminal::print_exactly(SCHEMA)?;
    Ok(Exit::Done)
}
