//! Histories of several repositories, brought together.

use crate::error::Error;
use crate::exit::Exit;
use crate::history::{Exchanged, GitStore, Located};
use crate::terminal;

use super::place::counted;

pub(super) fn push(located: &Located, remote: &str) -> Result<Exit, Error> {
    let exchanged = git_store(located)?.push(remote)?;
    let Exchanged {
        all,
        here_before,
        there_before,
    } = exchanged;
    let here = all.saturating_sub(here_before);
    let there = all.saturating_sub(there_before);
    let text = format!(
        "{} in both; new there: {there}, new here: {here}\n",
        counted(all)
    );
    terminal::print_result(&text)?;
    Ok(Exit::Done)
}

pub(super) fn fetch(located: &Located, remote: &str) -> Result<Exit, Error> {
    let Exchanged {
        all, here_before, ..
    } = git_store(located)?.fetch(remote)?;
    let new = all.saturating_sub(here_before);
    let text = format!("{} here; new: {new}\n", counted(all));
    terminal::print_result(&text)?;
    Ok(Exit::Done)
}

fn git_store(located: &Located) -> Result<&GitStore, Error> {
    located.git.as_ref().ok_or_else(|| {
        let place = located.store.place();
        Error::usage(format!(
            "a history in {place} is not pushed or fetched: copy its files"
        ))
        .hint("with `--store git` it is in the repository")
    })
}
