//! `perfkit watch`: looks at a running program.

mod asker;
mod figures;
mod held_against;
mod list;
mod live;
mod once;
mod replay;
mod running;
mod screen;
mod session_file;
mod source;
mod started;
mod target;

use crate::args::{Verbosity, WatchArguments};
use crate::error::Error;
use crate::exit::Exit;
use crate::terminal;

use source::Source;
use started::Started;
use target::Target;

pub(crate) fn run(arguments: WatchArguments, _: Verbosity) -> Result<Exit, Error> {
    let Some(target) = Target::of(&arguments)? else {
        return list::print(arguments.format);
    };
    if arguments.once {
        return once::print(&arguments, target);
    }
    if !terminal::stdout_is_terminal() || !terminal::stdin_is_terminal() {
        return Err(
            Error::usage("there is no terminal to draw on and to read keys from")
                .hint("--once prints one table, and with --format json a report"),
        );
    }
    match target {
        Target::File(path) if session_file::holds_session(&path) => {
            replay::watch(&arguments, &path)
        }
        Target::Command(command) => running::watch(&arguments, || {
            let started = Started::start(&command)?;
            Ok((Source::of_group(started.group()), Some(started)))
        }),
        target => running::watch(&arguments, || Ok((Source::of(target)?, None))),
    }
}
