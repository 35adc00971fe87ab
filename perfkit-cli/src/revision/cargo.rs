//! Cargo, as it is called for a tree.

use std::process::{Command, Stdio};

use super::tree::Tree;

/// A verb of cargo's in the folder of a tree.
pub(super) fn cargo(tree: &Tree, verb: &str) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(&tree.directory).stdin(Stdio::null());
    // Settings that stand before the verb count for nothing where others follow.
    command.arg(verb);
    tree.surroundings.tell(&mut command);
    command
}
