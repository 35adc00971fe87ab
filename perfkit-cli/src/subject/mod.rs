//! Commands as contestants.

mod command_line;
mod contestant;
mod home;
mod parameters;
mod process;
mod shell_cost;

pub(crate) use command_line::Shell;
pub(crate) use contestant::{CANNOT_BE_RUN, CommandTree, Contestant, Contestants};
pub(crate) use process::describe_status;
pub(crate) use shell_cost::ShellCost;
