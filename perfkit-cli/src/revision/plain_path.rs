//! Paths that are no code in any language.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::{Error, shown};
use crate::text::is_plain;

use super::checkout::Checkout;

/// The paths of both trees, as commands get them. Whatever a folder is called, it is never
/// code: where a path is not plain, commands get those of links.
#[derive(Debug)]
pub(crate) struct PlainPaths {
    pub(crate) base: String,
    pub(crate) own: String,
    /// The folder of the links, removed at the end.
    _links: Option<TempDir>,
}

impl PlainPaths {
    pub(crate) fn of(checkout: &Checkout) -> Result<Self, Error> {
        let (base, own) = (&checkout.base.directory, &checkout.own.directory);
        if let (Some(base), Some(own)) = (plain(base), plain(own)) {
            return Ok(Self {
                base,
                own,
                _links: None,
            });
        }
        // Both, so that neither is called by a longer way.
        let folder = std::env::temp_dir();
        let links = tempfile::Builder::new().prefix("perfkit-").tempdir();
        let links = links.map_err(|error| Error::file("make a link in", &folder, error))?;
        Ok(Self {
            base: link(base, links.path().join("base"))?,
            own: link(own, links.path().join("head"))?,
            _links: Some(links),
        })
    }
}

/// A path as text, if it is plain.
fn plain(path: &Path) -> Option<String> {
    let path = path.to_str()?;
    path.chars().all(is_plain).then(|| path.to_owned())
}

fn link(tree: &Path, link: PathBuf) -> Result<String, Error> {
    symlink(tree, &link).map_err(|error| Error::file("make the link", &link, error))?;
    plain(&link).ok_or_else(|| {
        Error::usage(format!(
            "commands cannot have the path {}: it may be read as code",
            shown(tree)
        ))
        .hint("set TMPDIR to a folder whose path has only ASCII letters, digits and /._-+, for a link to it")
    })
}
