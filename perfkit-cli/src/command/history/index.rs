//! The index of a history, on its own.

use crate::error::{Error, shown};
use crate::exit::Exit;
use crate::history::{Index, Located};
use crate::terminal;

use super::place::{counted, tell_bad};

pub(super) fn run(located: &Located, rebuild: bool) -> Result<Exit, Error> {
    let (index, synced) = match rebuild {
        true => Index::rebuild(&*located.store, &located.index)?,
        false => Index::of(&*located.store, &located.index)?,
    };
    let how = match synced.is_rebuilt {
        true => "made anew of",
        false => "brought up to",
    };
    let (path, place) = (shown(index.path()), located.store.place());
    let added = counted(synced.added);
    terminal::print_result(&format!(
        "The index {path} was {how} {place}: {added} added.\n"
    ))?;
    Ok(tell_bad(&synced.bad))
}
