//! What was built for one tree of packages that are no part of it, lent to the other tree.
//!
//! Both trees mostly depend on the same packages, which would be compiled twice otherwise.
//! Whether what is lent is what the other tree needs, cargo decides as always: it knows what
//! it built by a hash of all that counts for it, and builds what has another one.
//!
//! Only a folder where nothing was built yet gets anything, and all of it at once. Packages
//! are compiled against each other, and cargo would not see that some are of one build and
//! some of another.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

/// Folders of a profile where cargo puts what it built.
const FOLDERS: [&str; 3] = ["deps", "build", ".fingerprint"];

/// The file of a profile's folder that cargo locks while it builds.
const CARGO_LOCK: &str = ".cargo-lock";

/// How often it is tried to lock it, and how long after each time: ten seconds in all.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

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
        let is_folder = |part: &&str| matches!(*part, "deps" | "build");
        let at = parts.iter().position(is_folder);
        let Some((at, entry)) = at.and_then(|at| Some((at, *parts.get(at + 1)?))) else {
            return;
        };
        if let Some(hash) = hash(entry) {
            let profile = parts[..at].iter().collect();
            let hashes = self.built.entry(profile).or_default();
            hashes.insert(hash.to_owned());
        }
    }

    /// Puts a copy of all of it where another target folder will be. Where that cannot be,
    /// everything is built there.
    pub(super) fn lend(&self, target: &Path) {
        if self.built.is_empty() || target.exists() {
            return;
        }
        let part = target.with_extension("part");
        let _ = fs::remove_dir_all(&part);
        let lent = self.copy_to(&part);
        if lent.and_then(|()| fs::rename(&part, target)).is_err() {
            let _ = fs::remove_dir_all(&part);
        }
    }

    fn copy_to(&self, target: &Path) -> io::Result<()> {
        for (profile, hashes) in &self.built {
            let from = self.target.join(profile);
            let lock = File::open(from.join(CARGO_LOCK))?;
            lock_when_free(&lock)?;
            for folder in FOLDERS {
                let to = target.join(profile).join(folder);
                copy_entries(&from.join(folder), &to, hashes)?;
            }
        }
        Ok(())
    }
}

/// Locks a folder that another cargo may be building in, for which it waits a while: to build
/// all of it once more would take longer.
fn lock_when_free(lock: &File) -> io::Result<()> {
    for _ in 0..LOCK_TRIES {
        match lock.try_lock_shared() {
            Err(TryLockError::WouldBlock) => sleep(LOCK_PAUSE),
            locked => return Ok(locked?),
        }
    }
    Ok(lock.try_lock_shared()?)
}

/// The hash in the name of a file or folder of cargo's.
fn hash(name: &str) -> Option<&str> {
    let stem = name.split('.').next()?;
    let (_, hash) = stem.rsplit_once('-')?;
    let is_hash = hash.len() == DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then_some(hash)
}

/// Copies the entries of some hashes.
fn copy_entries(from: &Path, to: &Path, hashes: &BTreeSet<String>) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        let own = name.to_str().and_then(hash);
        if own.is_some_and(|hash| hashes.contains(hash)) {
            copy(&from.join(&name), &to.join(&name))?;
        }
    }
    Ok(())
}

/// Copies a file, a link, or a folder with everything in it. Cargo builds anew what is older
/// than what it was made of, so that the times of files are copied too.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(from)?;
    if found.is_symlink() {
        return symlink(fs::read_link(from)?, to);
    }
    if found.is_dir() {
        fs::create_dir(to)?;
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            copy(&from.join(&name), &to.join(&name))?;
        }
        return Ok(());
    }
    fs::copy(from, to)?;
    File::open(to)?.set_modified(found.modified()?)
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

    /// A target folder with one dependency, whose build script made a link.
    fn built(folder: &Path) -> Dependencies {
        let target = folder.join("own");
        let profile = target.join("release");
        let out = profile.join("build/x-0123456789abcdef/out");
        for path in [
            &profile.join("deps"),
            &profile.join(".fingerprint/x-0123456789abcdef"),
            &out,
        ] {
            fs::create_dir_all(path).unwrap();
        }
        let library = profile.join("deps/libx-0123456789abcdef.rlib");
        fs::write(profile.join(CARGO_LOCK), "").unwrap();
        fs::write(&library, "x").unwrap();
        fs::write(profile.join("deps/libown-1111111111111111.rlib"), "own").unwrap();
        symlink("nowhere", out.join("link")).unwrap();
        let mut dependencies = Dependencies::of(&target);
        dependencies.add(&library);
        dependencies
    }

    #[test]
    fn what_is_outside_is_lent_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let dependencies = built(folder.path());
        let other = folder.path().join("other");
        dependencies.lend(&other);
        let library = "release/deps/libx-0123456789abcdef.rlib";
        let modified = |path: PathBuf| fs::metadata(path).unwrap().modified().unwrap();
        assert_eq!(
            modified(other.join(library)),
            modified(folder.path().join("own").join(library))
        );
        let link = other.join("release/build/x-0123456789abcdef/out/link");
        assert_eq!(fs::read_link(link).unwrap(), Path::new("nowhere"));
        let deps = fs::read_dir(other.join("release/deps")).unwrap();
        assert_eq!(deps.count(), 1);
    }

    #[test]
    fn nothing_is_lent_to_a_folder_that_is_there_nor_from_one_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let dependencies = built(folder.path());
        let other = folder.path().join("other");
        fs::create_dir(&other).unwrap();
        dependencies.lend(&other);
        assert_eq!(fs::read_dir(&other).unwrap().count(), 0);
        fs::remove_dir(&other).unwrap();
        let lock = File::open(folder.path().join("own/release").join(CARGO_LOCK)).unwrap();
        lock.lock().unwrap();
        dependencies.lend(&other);
        assert!(!other.exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
