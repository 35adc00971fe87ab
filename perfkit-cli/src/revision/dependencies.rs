//! What was built for one tree of packages that are no part of it, lent to the other tree.
//!
//! Both trees mostly depend on the same packages, which would be compiled twice otherwise.
//! Whether what is lent is what the other tree needs, cargo decides as always: it knows what
//! it built by a hash of all that counts for it, and builds what has another one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folders of a profile, in the order in which they are lent: by the last, cargo takes
/// what is in the others for built.
const FOLDERS: [&str; 3] = ["deps", "build", ".fingerprint"];

/// How many digits a hash of cargo's has.
const DIGITS: usize = 16;

/// What was built of packages outside of a tree.
#[derive(Debug, Default)]
pub(crate) struct Dependencies {
    /// The hashes by which cargo names what it built, by the folder of the profile that it
    /// lies in.
    built: BTreeMap<PathBuf, BTreeSet<String>>,
    /// The target folder that those lie in.
    target: PathBuf,
}

impl Dependencies {
    pub(super) fn of(target: &Path) -> Self {
        Self {
            built: BTreeMap::new(),
            target: target.to_owned(),
        }
    }

    /// Adds a file or a folder that cargo tells of: `deps/libx-HASH.rlib`, or one in
    /// `build/x-HASH`. What lies elsewhere is not lent.
    pub(super) fn add(&mut self, path: &Path) {
        let Ok(within) = path.strip_prefix(&self.target) else {
            return;
        };
        let parts: Vec<&str> = within.iter().filter_map(|part| part.to_str()).collect();
        let at = parts
            .iter()
            .position(|part| matches!(*part, "deps" | "build"));
        let Some((at, entry)) = at.and_then(|at| Some((at, *parts.get(at + 1)?))) else {
            return;
        };
        if let Some(hash) = hash(entry) {
            let profile = parts[..at].iter().collect();
            self.built
                .entry(profile)
                .or_default()
                .insert(hash.to_owned());
        }
    }

    /// Puts a copy of what another target folder lacks into it. What cannot be copied is
    /// built there.
    pub(super) fn lend(&self, target: &Path) {
        let folders = FOLDERS
            .iter()
            .flat_map(|folder| self.built.iter().map(move |built| (folder, built)));
        for (folder, (profile, hashes)) in folders {
            let folder = profile.join(folder);
            let lent = lend(&self.target.join(&folder), &target.join(&folder), hashes);
            if lent.is_err() {
                return;
            }
        }
    }
}

/// The hash in the name of a file or folder of cargo's.
fn hash(name: &str) -> Option<&str> {
    let stem = name.split('.').next()?;
    let (_, hash) = stem.rsplit_once('-')?;
    let is_hash = hash.len() == DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then_some(hash)
}

/// Copies the entries of some hashes.
fn lend(from: &Path, to: &Path, hashes: &BTreeSet<String>) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(from) else {
        return Ok(());
    };
    fs::create_dir_all(to)?;
    for entry in entries {
        let name = entry?.file_name();
        let is_meant = name.to_str().and_then(hash);
        let is_meant = is_meant.is_some_and(|hash| hashes.contains(hash));
        let (from, to) = (from.join(&name), to.join(&name));
        if is_meant && !to.exists() {
            // Whatever is interrupted leaves nothing half under the name that cargo knows.
            let mut part = to.clone().into_os_string();
            part.push(".part");
            let part = PathBuf::from(part);
            copy(&from, &part)?;
            fs::rename(&part, &to)?;
        }
    }
    Ok(())
}

/// Copies a file or a folder with everything in it. Cargo builds anew what is older than
/// what it was made of, so that times are copied too.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(from)?;
    if found.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            copy(&from.join(&name), &to.join(&name))?;
        }
        return Ok(());
    }
    let modified = found.modified()?;
    fs::copy(from, to)?;
    if fs::metadata(from)?.modified()? != modified {
        return Err(io::Error::other("it is written at the same time"));
    }
    fs::File::open(to)?.set_modified(modified)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_cargos_have_a_hash() {
        let of = "0123456789abcdef";
        for name in [
            "libx-0123456789abcdef.rlib",
            "x-0123456789abcdef",
            "x-y-0123456789abcdef.d",
        ] {
            assert_eq!(hash(name), Some(of), "{name}");
        }
        for name in [
            "libx.rlib",
            "x-0123",
            "x-0123456789abcdeg",
            "0123456789abcdef",
        ] {
            assert_eq!(hash(name), None, "{name}");
        }
    }
}
