//! Running commands and learning what they used.

mod command;
mod command_line;
mod command_set;
mod counters;
mod cpu;
mod ended;
mod guard;
mod launch;
mod missing_program;
mod own_process;
mod parameters;
mod shell_cost;
mod spawned_process;
mod starter;
mod streams;
mod templates;

pub(crate) use command::{CommandTree, MeasuredCommand};
pub(crate) use command_line::Shell;
pub(crate) use command_set::CommandSet;
pub(crate) use ended::{describe_status, not_started};
pub(crate) use parameters::combinations;
pub(crate) use shell_cost::ShellCost;
pub(crate) use starter::Starter;
pub(crate) use templates::{Reference, Templates};
