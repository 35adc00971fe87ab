//! In place of `watch/`, in a build without the feature `watch`.

use crate::args::{FULL_INSTALL, Verbosity, WatchArguments};
use crate::error::Error;
use crate::exit::Exit;

pub(crate) fn run(_: WatchArguments, _: Verbosity) -> Result<Exit, Error> {
    Err(
        Error::usage("this perfkit was built without its feature watch, which has the screen")
            .hint(format!("build it in with: {FULL_INSTALL}")),
    )
}
