//! A history, open to be read.

use crate::args::Verbosity;
use crate::error::Error;
use crate::exit::Exit;
use crate::history::{Index, Located};
use crate::terminal;
use crate::text::printable;

/// From so many records on, making an index takes a moment.
const MANY: usize = 1000;

/// How many digits of a commit are shown.
const SHORT: usize = 12;

/// How many records that cannot be read are named.
const MOST_NAMED: usize = 10;

/// An index as its store is now.
pub(super) struct Opened<'a> {
    pub(super) index: Index,
    pub(super) located: &'a Located,
    /// How the command ends: not well where a record could not be read.
    pub(super) exit: Exit,
}

pub(super) fn opened(located: &Located, verbosity: Verbosity) -> Result<Opened<'_>, Error> {
    let (index, synced) = Index::of(&*located.store, &located.index)?;
    if synced.is_rebuilt && synced.added >= MANY && verbosity > Verbosity::Quiet {
        terminal::print_line(&format!("made an index of {}", counted(synced.added)));
    }
    Ok(Opened {
        index,
        located,
        exit: tell_bad(&synced.bad),
    })
}

/// Names the records that cannot be read; the others are shown.
pub(super) fn tell_bad(bad: &[(String, String)]) -> Exit {
    for (name, why) in bad.iter().take(MOST_NAMED) {
        let (name, why) = (printable(name), printable(why));
        terminal::print_line(&format!("warning: passed over the record {name}: {why}"));
    }
    if bad.len() > MOST_NAMED {
        let more = counted(bad.len() - MOST_NAMED);
        terminal::print_line(&format!("warning: passed over {more} more"));
    }
    match bad.is_empty() {
        true => Exit::Done,
        false => Exit::Data,
    }
}

/// The first digits of a commit, which a report may give any text for.
pub(super) fn short_commit(commit: &str) -> String {
    printable(commit).chars().take(SHORT).collect()
}

/// `1 record`, `2 records`.
pub(super) fn counted(records: usize) -> String {
    match records {
        1 => "1 record".to_owned(),
        more => format!("{more} records"),
    }
}
