//! Running commands and learning what they used.

mod command;
mod command_line;
mod command_set;
mod cpu;
mod guard;
mod missing_program;
mod parameters;
mod process;
mod shell_cost;
mod templates;

pub(crate) use command::{CommandTree, MeasuredCommand};
pub(crate) use command_line::Shell;
pub(crate) use command_set::CommandSet;
pub(crate) use guard::Guard;
pub(crate) use parameters::combinations;
pub(crate) use process::{describe_status, not_started};
pub(crate) use shell_cost::ShellCost;
pub(crate) use templates::{Reference, Templates};
