//! Running commands and learning what they used.

mod command;
mod command_line;
mod cpu;
mod parameters;
mod process;
mod shell_cost;

pub(crate) use command::{CommandSet, CommandTree, MeasuredCommand};
pub(crate) use command_line::Shell;
pub(crate) use process::describe_status;
pub(crate) use shell_cost::ShellCost;
