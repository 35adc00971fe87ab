//! The tools, each driven as its documentation tells its users to.

mod criterion;
mod divan;
mod hyperfine;
mod perfkit;
mod tango;
mod tool;

pub(crate) use tool::{Outcome, Places, Says, Tool};

use crate::sides::Sides;

/// Compares two sides once by a tool. An error is what went wrong.
pub(crate) fn compare(
    tool: Tool,
    sides: &Sides,
    places: &Places,
    seed: u64,
) -> Result<Outcome, String> {
    match (tool, sides) {
        (Tool::Perfkit, Sides::Functions(task)) => perfkit::functions(task, seed),
        (Tool::Criterion, Sides::Functions(task)) => criterion::compare(task, places),
        (Tool::Divan, Sides::Functions(task)) => divan::compare(task),
        (Tool::Tango, Sides::Functions(task)) => tango::compare(task, seed),
        (Tool::Perfkit, Sides::Commands(pair)) => perfkit::commands(pair, places, seed),
        (Tool::Hyperfine, Sides::Commands(pair)) => hyperfine::compare(pair, places),
        _ => Err("this tool has no such comparison".to_owned()),
    }
}
