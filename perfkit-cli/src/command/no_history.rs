//! In place of `history/`, in a build without the feature `history`.

use std::path::Path;

use perfkit::Report;

use crate::args::{FULL_INSTALL, HistoryArguments, Verbosity};
use crate::error::Error;
use crate::exit::Exit;

/// What adds a report to the history.
pub(crate) enum Recorder {}

impl Recorder {
    pub(crate) fn of(is_wanted: bool, _: Option<&Path>) -> Result<Option<Self>, Error> {
        match is_wanted {
            true => Err(lacking()),
            false => Ok(None),
        }
    }

    pub(crate) fn record(&self, _: &[Report], _: Verbosity) -> Result<(), Error> {
        match *self {}
    }
}

pub(crate) fn run(_: HistoryArguments, _: Verbosity) -> Result<Exit, Error> {
    Err(lacking())
}

fn lacking() -> Error {
    Error::usage("this perfkit was built without its feature history, which has SQLite")
        .hint(format!("build it in with: {FULL_INSTALL}"))
}
