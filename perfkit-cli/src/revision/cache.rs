//! The folders where other revisions are checked out and built.
//!
//! They lie outside of every repository and workspace, one for each repository, and nothing
//! in a repository refers to them: whatever is left there, removing the folder removes all.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::error::{Error, shown};
use crate::text::fnv_1a;

/// What nobody used for so long is removed.
const LONGEST_UNUSED: Duration = Duration::from_secs(60 * 24 * 60 * 60);

/// The file that holds the path of the repository.
const REPOSITORY: &str = "repository";

/// The file that whoever uses a folder holds locked.
const LOCK: &str = "lock";

/// A repository's folder, and the right to use it alone.
#[derive(Debug)]
pub(crate) struct RepositoryCache {
    folder: PathBuf,
    /// Released at the end of the process or of this value.
    lock: File,
}

/// What was removed.
#[derive(Debug, Default)]
pub(crate) struct Removed {
    /// Each folder, and how many bytes it had.
    pub(crate) folders: Vec<(PathBuf, u64)>,
    /// What another perfkit uses.
    pub(crate) in_use: Vec<PathBuf>,
}

impl RepositoryCache {
    /// The folder of the repository at a path, made if need be.
    pub(crate) fn open(repository: &Path) -> Result<Self, Error> {
        let root = root()?;
        make_private(&root)?;
        let folder = root.join(folder_name(repository));
        make_private(&folder)?;
        let Some(lock) = lock(&folder)? else {
            return Err(Error::data(format!(
                "another perfkit compares revisions of this repository (it holds {})",
                shown(&folder)
            ))
            .hint("wait until it has ended"));
        };
        let cache = Self { folder, lock };
        let path = cache.folder.join(REPOSITORY);
        let name = repository.as_os_str().as_encoded_bytes();
        fs::write(&path, name).map_err(|error| Error::file("write", &path, error))?;
        // Without it, the folder seems unused since it was made.
        let _ = cache.lock.set_modified(SystemTime::now());
        remove_forgotten(&root, &cache.folder);
        Ok(cache)
    }

    /// Where the other revision is checked out.
    pub(crate) fn tree(&self) -> PathBuf {
        self.folder.join("tree")
    }

    /// Where it is built.
    pub(crate) fn target(&self) -> PathBuf {
        self.folder.join("target")
    }
}

/// Removes the folder of a repository.
pub(crate) fn remove(repository: &Path) -> Result<Removed, Error> {
    let folder = root()?.join(folder_name(repository));
    let mut removed = Removed::default();
    if folder.is_dir() {
        removed.remove(&folder)?;
    }
    Ok(removed)
}

/// Removes the folders of all repositories.
pub(crate) fn remove_all() -> Result<Removed, Error> {
    let mut removed = Removed::default();
    for folder in folders(&root()?) {
        removed.remove(&folder)?;
    }
    Ok(removed)
}

impl Removed {
    /// Removes a folder and everything in it, unless somebody uses it.
    fn remove(&mut self, folder: &Path) -> Result<(), Error> {
        let Some(_lock) = lock(folder)? else {
            self.in_use.push(folder.to_owned());
            return Ok(());
        };
        let size = size_bytes(folder);
        fs::remove_dir_all(folder).map_err(|error| Error::file("remove", folder, error))?;
        self.folders.push((folder.to_owned(), size));
        Ok(())
    }
}

/// How many bytes the files below a folder have.
pub(crate) fn size_bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => size_bytes(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// The folder of all of them.
fn root() -> Result<PathBuf, Error> {
    let absolute = |name: &str| {
        let path = std::env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let caches = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    caches.map(|caches| caches.join("perfkit")).ok_or_else(|| {
        Error::usage("there is no folder to check the revision out into")
            .hint("set XDG_CACHE_HOME, or HOME, to the path of a folder")
    })
}

/// Part of the repository's name for those who look, and its whole path for the rest.
fn folder_name(repository: &Path) -> String {
    let name = repository.file_name().unwrap_or_default().to_string_lossy();
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || "-_".contains(*c);
    let name: String = name.chars().filter(is_plain).take(40).collect();
    let hash = fnv_1a(repository.as_os_str().as_encoded_bytes());
    format!("{name}-{hash:016x}")
}

/// Makes a folder that nobody else may look into.
fn make_private(folder: &Path) -> Result<(), Error> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| Error::file("create", folder, error))?;
    fs::set_permissions(folder, Permissions::from_mode(0o700))
        .map_err(|error| Error::file("restrict", folder, error))
}

/// The lock of a folder; `None` where another process holds it.
fn lock(folder: &Path) -> Result<Option<File>, Error> {
    let path = folder.join(LOCK);
    let cannot = |error| Error::file("open", &path, error);
    loop {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(cannot)?;
        if !is_free(file.try_lock(), &path)? {
            return Ok(None);
        }
        // Whoever held it may have removed it with the folder.
        if file.metadata().map_err(cannot)?.nlink() > 0 {
            return Ok(Some(file));
        }
        make_private(folder)?;
    }
}

/// Whether nobody else held the lock. Some file systems know no locks, such as of a network.
fn is_free(lock: Result<(), TryLockError>, path: &Path) -> Result<bool, Error> {
    match lock {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => {
            Err(Error::file("lock", path, error).hint("set XDG_CACHE_HOME to a local folder"))
        }
    }
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths
        .filter(|path| path.join(REPOSITORY).is_file())
        .collect()
}

/// Removes the folders of repositories that are gone, and of those that nobody compared for
/// long. What cannot be removed now is, another time.
fn remove_forgotten(root: &Path, used: &Path) {
    let is_forgotten = |folder: &PathBuf| {
        let repository = fs::read(folder.join(REPOSITORY)).unwrap_or_default();
        let is_gone = String::from_utf8(repository).is_ok_and(|path| !Path::new(&path).exists());
        let last = fs::metadata(folder.join(LOCK)).and_then(|lock| lock.modified());
        let age = last.ok().and_then(|last| last.elapsed().ok());
        is_gone || age.is_some_and(|age| age > LONGEST_UNUSED)
    };
    let others = folders(root).into_iter().filter(|folder| folder != used);
    for folder in others.filter(is_forgotten) {
        let _ = Removed::default().remove(&folder);
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_lock_that_fails_is_not_held_by_another() {
        let path = Path::new("/cache/lock");
        assert!(is_free(Ok(()), path).unwrap());
        assert!(!is_free(Err(TryLockError::WouldBlock), path).unwrap());
        let failed = io::Error::from(io::ErrorKind::Unsupported);
        let error = is_free(Err(TryLockError::Error(failed)), path).unwrap_err();
        assert!(error.message().starts_with("cannot lock /cache/lock: "));
        assert!(error.next_step().unwrap().contains("XDG_CACHE_HOME"));
    }
}
