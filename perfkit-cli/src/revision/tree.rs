//! A source tree: this one, or another revision of it.

use std::path::PathBuf;

use perfkit::report::Side;

use crate::error::{Error, shown};

use super::surroundings::{Surroundings, cargo_home, settings_in};

/// A source tree, and where its programs are built.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// Where commands are run in it: the same folder of it as the current one.
    pub(crate) directory: PathBuf,
    /// The folder above which nothing belongs to it.
    pub(crate) top: PathBuf,
    /// Its folder for what cargo builds; `None` for one within cargo's own.
    pub(crate) target: Option<PathBuf>,
    /// What counts for its builds without being part of it, where cargo cannot find it.
    pub(super) surroundings: Surroundings,
    /// What it is called in messages.
    pub(crate) label: String,
    /// Which side of the comparison it is.
    pub(crate) side: Side,
}

impl Tree {
    /// The tree around the current folder, as it stands; without a repository, whatever lies
    /// around belongs to it.
    pub(crate) fn here() -> Result<Self, Error> {
        let here = std::env::current_dir().and_then(|here| here.canonicalize());
        let directory = here
            .map_err(|error| Error::data(format!("the current folder cannot be found: {error}")))?;
        Ok(Self {
            top: PathBuf::from("/"),
            target: None,
            surroundings: Surroundings::default(),
            label: "this tree".to_owned(),
            side: Side::Candidate,
            directory,
        })
    }

    /// The files that cargo's settings are in, those that count most first.
    pub(super) fn settings(&self) -> Vec<PathBuf> {
        let folders = self
            .directory
            .ancestors()
            .map(|folder| folder.join(".cargo"));
        let found = folders.chain(cargo_home()).filter_map(settings_in);
        // Cargo is given these on its command line.
        let around = self.surroundings.settings.iter().rev().cloned();
        around.chain(found).collect()
    }

    /// The nearest manifest of cargo's, upwards.
    pub(super) fn manifest(&self) -> Option<PathBuf> {
        let mut folders = self.directory.ancestors();
        let within = folders
            .by_ref()
            .take_while(|folder| folder.starts_with(&self.top));
        let mut manifests = within.map(|folder| folder.join("Cargo.toml"));
        manifests.find(|manifest| manifest.is_file())
    }

    /// That it cannot be built. A revision that does not build is no more than bad data;
    /// what does not build here is what was to be measured.
    pub(super) fn cannot_be_built(&self, why: &str) -> Error {
        let label = crate::text::printable(&self.label);
        let message = format!("the benches of {label} cannot be built: {why}");
        match self.side {
            Side::Candidate => Error::command_failed(message),
            Side::Baseline => Error::data(message).hint(format!(
                "see what is wrong in {}, or compare with another revision",
                shown(&self.directory)
            )),
        }
    }
}
