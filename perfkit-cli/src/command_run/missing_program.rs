//! Programs that are looked for before anything is run.

use std::path::Path;

use crate::error::Error;
use crate::text::printable;

use super::command::MeasuredCommand;
use super::command_line::Shell;

/// Refuses commands of which the program is not there, where nothing that is run before could
/// put it there.
pub(super) fn check(commands: &[MeasuredCommand<'_>], shell: &Shell) -> Result<(), Error> {
    if matches!(shell, Shell::Through(_)) {
        return Ok(());
    }
    let is_missing = |command: &&MeasuredCommand<'_>| {
        let is_first = command.setup.is_none() && command.prepare.is_none();
        let has_own_path = command.environment.iter().any(|(name, _)| name == "PATH");
        is_first && !has_own_path && !is_there(command.command_line.program())
    };
    let Some(missing) = commands.iter().find(is_missing) else {
        return Ok(());
    };
    let error = Error::command_failed(format!(
        "`{}` cannot be run: the program `{}` was not found",
        printable(&missing.name),
        printable(missing.command_line.program())
    ));
    Err(match unquoted(commands, missing) {
        None => error,
        Some(whole) => error.hint(format!(
            "a command is one quoted word: perfkit compare {}",
            shell_words::quote(&whole)
        )),
    })
}

/// The command before, with what was probably an argument of it.
fn unquoted(commands: &[MeasuredCommand<'_>], missing: &MeasuredCommand<'_>) -> Option<String> {
    let text = &missing.command_line.text;
    let is_word = !text.contains(char::is_whitespace);
    let index = commands
        .iter()
        .position(|command| command.name == missing.name)?;
    let before = commands.get(index.checked_sub(1)?)?;
    is_word.then(|| printable(&format!("{} {text}", before.command_line.text)))
}

fn is_there(program: &str) -> bool {
    if program.contains('/') {
        return Path::new(program).exists();
    }
    // Without a list the system has one of its own.
    let Some(folders) = std::env::var_os("PATH") else {
        return true;
    };
    std::env::split_paths(&folders).any(|folder| folder.join(program).exists())
}
