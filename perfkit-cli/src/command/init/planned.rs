//! A file to be written.

use std::fs;
use std::path::PathBuf;

use crate::error::{Error, shown};
use crate::export::save;

/// A file to be written.
pub(super) struct Planned {
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// What it holds, in words.
    pub(super) what: String,
}

impl Planned {
    pub(super) fn write(&self) -> Result<(), Error> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(|error| Error::file("create", folder, error))?;
        }
        save(&self.path, &self.text)
    }
}

/// Nothing is written where any of it exists.
pub(super) fn refuse_existing(planned: &[Planned]) -> Result<(), Error> {
    let exists = |file: &&Planned| fs::symlink_metadata(&file.path).is_ok();
    let existing: Vec<String> = planned
        .iter()
        .filter(exists)
        .map(|file| shown(&file.path))
        .collect();
    if existing.is_empty() {
        return Ok(());
    }
    let message = format!("there is a {} already", existing.join(" and a "));
    Err(Error::usage(message).hint("nothing was written; --force overwrites"))
}
