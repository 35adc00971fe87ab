//! In place of `load/`, in a build without the feature `load`.

use crate::args::{FULL_INSTALL, LoadArguments, Verbosity};
use crate::error::Error;
use crate::exit::Exit;

pub(crate) fn run(_: LoadArguments, _: Verbosity) -> Result<Exit, Error> {
    Err(
        Error::usage("this perfkit was built without its feature load, which has the HTTP client")
            .hint(format!("build it in with: {FULL_INSTALL}")),
    )
}
