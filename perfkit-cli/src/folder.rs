//! What is in a folder, of which nobody knows who made it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, shown};

/// The paths in a folder, at most so many; none where there is no folder.
pub(crate) fn paths_in(folder: &Path, most: usize) -> Result<Vec<PathBuf>, Error> {
    let failed = |error| Error::file("read", folder, error);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let paths = entries.take(most.saturating_add(1));
    let paths = paths.map(|entry| Ok(entry.map_err(failed)?.path()));
    let paths: Vec<PathBuf> = paths.collect::<Result<_, Error>>()?;
    match paths.len() > most {
        true => Err(Error::data(format!(
            "{} has more than {most} files",
            shown(folder)
        ))),
        false => Ok(paths),
    }
}
