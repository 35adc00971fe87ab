//! `perfkit clean`: removes checkouts and builds of other revisions.

use perfkit::unit::Unit;

use crate::args::{CleanArguments, Verbosity};
use crate::error::{Error, shown};
use crate::exit::Exit;
use crate::revision::{remove_all, remove_checkouts};
use crate::terminal;

pub(crate) fn run(arguments: &CleanArguments, verbosity: Verbosity) -> Result<Exit, Error> {
    let removed = match arguments.all {
        true => remove_all()?,
        false => remove_checkouts()?,
    };
    let mut lines = Vec::new();
    for (folder, bytes) in &removed.folders {
        let size = Unit::Bytes.format(*bytes as f64, 3);
        lines.push(format!("removed {} ({size})\n", shown(folder)));
    }
    if removed.folders.is_empty() && removed.in_use.is_empty() {
        lines.push("there is nothing to remove\n".to_owned());
    }
    if verbosity > Verbosity::Quiet {
        terminal::print_result(&lines.concat())?;
    }
    match removed.in_use.first() {
        None => Ok(Exit::Done),
        Some(folder) => Err(Error::data(format!(
            "another perfkit uses {}, which stays",
            shown(folder)
        ))
        .hint("wait until it has ended")),
    }
}
