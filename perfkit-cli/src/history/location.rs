//! Which store is meant, and where its index is.

use std::path::{Path, PathBuf};

use crate::args::{Origin, Setting, Variable};
use crate::error::Error;
use crate::git;
use crate::input::ConfigFile;
use crate::text::{fnv_1a, printable};

use super::store::{FolderStore, GitStore, Store};

/// Where records are kept unless something else is said, beside `perfkit.toml` or at the top
/// of the repository.
const USUAL: &str = ".perfkit/history";

/// The word for the store in git.
const GIT: &str = "git";

/// A store, and the file of its index.
pub(crate) struct Located {
    pub(crate) store: Box<dyn Store>,
    /// The same, where it is one of git's.
    pub(crate) git: Option<GitStore>,
    pub(crate) index: PathBuf,
}

/// The store that a flag names, a variable or `perfkit.toml`; else the usual folder.
pub(crate) fn locate(flag: Option<&str>, config: Option<&Path>) -> Result<Located, Error> {
    let config = ConfigFile::find(config)?;
    let file = match &config {
        Some(config) => config.history_store()?,
        None => None,
    };
    let named = Setting::find(flag.map(str::to_owned), Variable::HISTORY, file)?;
    let here = std::env::current_dir();
    let here =
        here.map_err(|error| Error::data(format!("there is no working directory: {error}")))?;
    let beside = config.as_ref().and_then(|config| {
        let folder = config.path.value.parent()?;
        Some(here.join(folder))
    });
    let (git, folder) = match named {
        Some(Setting { value, .. }) if value == GIT => (Some(GitStore::open(&here)?), None),
        Some(Setting { value, .. }) if value.contains("://") => {
            return Err(Error::usage(format!(
                "{} is no store that this perfkit knows",
                printable(&value)
            ))
            .hint("name a folder, or `git` for a reference of the repository"));
        }
        Some(Setting { value, origin }) => {
            // A path of the configuration begins where the configuration is.
            let base = match (origin, beside) {
                (Origin::File, Some(beside)) => beside,
                _ => here,
            };
            (None, Some(base.join(value)))
        }
        None => {
            let top = || git::top_if_any(&here).ok().flatten();
            let base = beside.or_else(top).unwrap_or(here);
            (None, Some(base.join(USUAL)))
        }
    };
    let store: Box<dyn Store> = match (&git, folder) {
        (_, Some(folder)) => Box::new(FolderStore { folder }),
        (Some(git), None) => Box::new(git.clone()),
        (None, None) => return Err(Error::usage("no store of the history is named")),
    };
    let index = index_path(&store.key())?;
    Ok(Located { store, git, index })
}

/// Indexes are not in stores: a store may be a network's, or be kept by a CI service.
fn index_path(key: &str) -> Result<PathBuf, Error> {
    let absolute = |name: &str| {
        let path = std::env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let caches = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    let Some(caches) = caches else {
        return Err(
            Error::usage("there is no folder for the index of the history")
                .hint("set XDG_CACHE_HOME, or HOME, to the path of a folder"),
        );
    };
    let hash = fnv_1a(key.as_bytes());
    Ok(caches.join(format!("perfkit/history/{hash:016x}.sqlite")))
}
