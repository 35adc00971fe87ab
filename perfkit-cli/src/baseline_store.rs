//! Where baselines are kept: a folder each, with one report for each session.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use perfkit::Report;
use rustix::fs::OFlags;

use crate::args::{BaselineName, Origin, Setting, Variable, Verbosity};
use crate::error::{Error, shown};
use crate::folder::paths_in;
use crate::input::ConfigFile;
use crate::revision::{Tree, Workspace};
use crate::terminal;
use crate::text::{fnv_1a, rfc_3339};

/// The most sessions of a baseline: more say nothing that these do not.
const MOST_SESSIONS: usize = 100;

/// The most names that are looked at in a folder, which may be anybody's.
const MOST_FILES: usize = 10_000;

/// The end of the names of sessions.
const SESSION: &str = ".json";

/// The end of the names of files that are saved in place, as by benchmark programs, while
/// they are written.
const IN_PLACE: &str = ".perfkit-tmp";

/// The folder of what is being written or removed; no baseline's name begins with a dot.
const UNFINISHED: &str = ".unfinished";

/// The file that is locked by whoever changes a baseline.
const LOCK: &str = ".lock";

/// How long a program is waited for that changes a baseline, as it does in moments.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How long it is waited for before that is told.
const SILENT_WAIT: Duration = Duration::from_millis(500);

/// The folder of all baselines.
#[derive(Clone, Debug)]
pub(crate) struct BaselineStore {
    pub(crate) folder: Setting<PathBuf>,
}

/// The same while no other program changes a baseline.
pub(crate) struct LockedStore<'a> {
    store: &'a BaselineStore,
    /// The system unlocks it when the program ends, however it ends.
    _lock: File,
}

/// A session of a baseline.
pub(crate) struct SavedSession {
    pub(crate) path: PathBuf,
    pub(crate) report: Report,
}

impl BaselineStore {
    /// The folder that a flag or a variable names; else `perfkit/baselines` in the folder
    /// where cargo builds, and without a package in `target` beside `perfkit.toml` or here.
    pub(crate) fn find(flag: Option<&Path>) -> Result<Self, Error> {
        let named = Setting::find(flag.map(Path::to_owned), Variable::BASELINES, None)?;
        let folder = match named {
            Some(folder) => folder,
            None => Setting::new(usual_folder()?.join("perfkit/baselines"), Origin::Default),
        };
        Ok(Self { folder })
    }

    fn folder_of(&self, name: &BaselineName) -> PathBuf {
        self.folder.value.join(name.as_str())
    }

    /// The baselines that have a session, in the order of their names.
    pub(crate) fn names(&self) -> Result<Vec<BaselineName>, Error> {
        let mut names = Vec::new();
        for path in paths_in(&self.folder.value, MOST_FILES)? {
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.and_then(|name| name.parse::<BaselineName>().ok());
            if let Some(name) = name
                && path.is_dir()
                && !self.session_files(&name)?.is_empty()
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// The sessions of a baseline, the newest last.
    pub(crate) fn sessions(&self, name: &BaselineName) -> Result<Vec<SavedSession>, Error> {
        read_sessions(name, self.existing(name)?)
    }

    /// Removes a baseline, for whoever reads all of it at once; returns how many sessions
    /// it had.
    pub(crate) fn remove(&self, name: &BaselineName, verbosity: Verbosity) -> Result<usize, Error> {
        // Without a baseline, nothing is written, not even a lock.
        self.existing(name)?;
        self.lock(verbosity)?.remove(name)
    }

    /// Waits until no other program changes a baseline, and clears away what was not
    /// finished by programs that were killed.
    pub(crate) fn lock(&self, verbosity: Verbosity) -> Result<LockedStore<'_>, Error> {
        let folder = &self.folder.value;
        fs::create_dir_all(folder).map_err(|error| unwritable("create", folder, error))?;
        let path = folder.join(LOCK);
        let lock = open_lock(&path)?;
        wait_for(&lock, &path, LONGEST_WAIT, verbosity)?;
        let locked = LockedStore {
            store: self,
            _lock: lock,
        };
        locked.clear()?;
        Ok(locked)
    }

    /// The files of the sessions of a baseline that there has to be.
    fn existing(&self, name: &BaselineName) -> Result<Vec<PathBuf>, Error> {
        let files = self.session_files(name)?;
        match files.is_empty() {
            true => Err(self.no_such(name)?),
            false => Ok(files),
        }
    }

    /// The reports in a baseline's folder; files that are not finished yet begin with a dot.
    fn session_files(&self, name: &BaselineName) -> Result<Vec<PathBuf>, Error> {
        let mut files = paths_in(&self.folder_of(name), MOST_FILES)?;
        files.retain(|path| is_session(path));
        Ok(files)
    }

    fn no_such(&self, name: &BaselineName) -> Result<Error, Error> {
        let names = self.names()?;
        let names: Vec<&str> = names.iter().map(BaselineName::as_str).collect();
        let folder = shown(&self.folder.value);
        let error = Error::data(format!("there is no baseline {name} in {folder}"));
        Ok(match names.is_empty() {
            true => error.hint(format!(
                "make one with `perfkit baseline save {name} REPORT`"
            )),
            false => error.hint(format!("there are: {}", names.join(", "))),
        })
    }
}

impl LockedStore<'_> {
    /// The sessions of a baseline that need not exist yet, the newest last.
    pub(crate) fn sessions(&self, name: &BaselineName) -> Result<Vec<SavedSession>, Error> {
        read_sessions(name, self.store.session_files(name)?)
    }

    /// Adds sessions; whoever reads finds all of a session or nothing, also after a crash.
    pub(crate) fn add(&self, name: &BaselineName, reports: &[Report]) -> Result<(), Error> {
        let kept = self.store.session_files(name)?.len();
        if kept + reports.len() > MOST_SESSIONS {
            let message =
                format!("baseline {name} has {kept} sessions, and may have {MOST_SESSIONS}");
            return Err(Error::usage(message).hint(format!(
                "remove it with `perfkit baseline rm {name}`, and save anew"
            )));
        }
        let folder = self.store.folder_of(name);
        let mut written = Vec::new();
        for report in reports {
            written.push(self.write(&folder, report)?);
        }
        let failed = |error| unwritable("write to", &folder, error);
        fs::create_dir_all(&folder).map_err(failed)?;
        for (unfinished, path) in written {
            fs::rename(unfinished, path).map_err(failed)?;
        }
        sync_folder(&folder);
        Ok(())
    }

    /// Writes a session to the disk; returns where it is, and where it belongs.
    fn write(&self, folder: &Path, report: &Report) -> Result<(PathBuf, PathBuf), Error> {
        let json = report.to_json();
        let json = json.map_err(|error| Error::report(folder, &error))?;
        let made = rfc_3339(report.created).replace(['-', ':'], "");
        // The hash tells sessions of one second apart.
        let file = format!("{made}-{:016x}{SESSION}", fnv_1a(json.as_bytes()));
        let path = folder.join(&file);
        let unfinished = self.unfinished().join(file);
        write_to_disk(&unfinished, json.as_bytes()).map_err(|error| {
            let _ = self.clear();
            unwritable("write", &path, error)
        })?;
        Ok((unfinished, path))
    }

    fn remove(&self, name: &BaselineName) -> Result<usize, Error> {
        let sessions = self.store.existing(name)?.len();
        let folder = self.store.folder_of(name);
        if let Some(foreign) = paths_in(&folder, MOST_FILES)?
            .iter()
            .find(|path| !is_own(path))
        {
            let message = format!("{} is no session: nothing was removed", shown(foreign));
            return Err(Error::data(message).hint(format!(
                "move it elsewhere, or remove the folder {} yourself",
                shown(&folder)
            )));
        }
        let removed = self.unfinished().join(name.as_str());
        let renamed = fs::rename(&folder, &removed);
        renamed.map_err(|error| unwritable("remove", &folder, error))?;
        self.clear()?;
        Ok(sessions)
    }

    fn unfinished(&self) -> PathBuf {
        self.store.folder.value.join(UNFINISHED)
    }

    /// Empties the folder of what is unfinished. Only whoever has the lock writes to it; a
    /// link in its place is removed, and not what it leads to.
    fn clear(&self) -> Result<(), Error> {
        let folder = self.unfinished();
        let cleared = match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        };
        cleared
            .and_then(|()| fs::create_dir(&folder))
            .map_err(|error| unwritable("empty", &folder, error))
    }
}

fn unwritable(action: &str, path: &Path, error: io::Error) -> Error {
    Error::file(action, path, error).hint(
        "what was kept is unchanged; --baselines DIR or PERFKIT_BASELINES names another folder",
    )
}

/// A file to lock, which nothing waits for that others may have put in its place.
fn open_lock(path: &Path) -> Result<File, Error> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        let message = format!("{} is no regular file", shown(path));
        return Err(
            Error::data(message).hint("remove it, or name another folder with --baselines DIR")
        );
    }
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path);
    file.map_err(|error| unwritable("lock", path, error))
}

/// Locks a file once no other program has it locked, or gives up.
fn wait_for(
    lock: &File,
    path: &Path,
    longest: Duration,
    verbosity: Verbosity,
) -> Result<(), Error> {
    let start = Instant::now();
    let mut is_told = verbosity == Verbosity::Quiet;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(unwritable("lock", path, error)),
            Err(TryLockError::WouldBlock) => {}
        }
        let waited = start.elapsed();
        if waited >= longest {
            let seconds = waited.as_secs();
            let path = shown(path);
            let message = format!("another program has {path} locked, for {seconds} s and more");
            return Err(Error::data(message).hint(
                "end the program, maybe a perfkit that was stopped, or name another folder with --baselines DIR",
            ));
        }
        if waited >= SILENT_WAIT && !is_told {
            let path = shown(path);
            terminal::print_line(&format!(
                "waiting for another program that has {path} locked"
            ));
            is_told = true;
        }
        sleep(Duration::from_millis(20));
    }
}

fn write_to_disk(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes a rename last; where folders cannot be opened there is nothing to do.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

fn is_session(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    name.ends_with(SESSION.as_bytes()) && !name.starts_with(b".")
}

/// Whether this is a session, finished or not, so that it goes with its baseline.
fn is_own(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let is_file = fs::symlink_metadata(path).is_ok_and(|found| !found.is_dir());
    is_file && (is_session(path) || name.ends_with(IN_PLACE.as_bytes()))
}

/// The folder where this project's data belongs.
fn usual_folder() -> Result<PathBuf, Error> {
    let here = Tree::here()?;
    let workspace = Workspace::of(&here).map_err(|error| {
        let message = format!(
            "it is not known where baselines are kept: {}",
            error.message()
        );
        Error::data(message).hint("name their folder with --baselines DIR or PERFKIT_BASELINES")
    })?;
    if let Some(workspace) = workspace {
        return Ok(workspace.target_directory);
    }
    let config = ConfigFile::find(None)?.map(|config| config.path.value);
    let project = config.as_deref().and_then(Path::parent);
    Ok(project.unwrap_or(&here.directory).join("target"))
}

fn read_sessions(name: &BaselineName, files: Vec<PathBuf>) -> Result<Vec<SavedSession>, Error> {
    let sessions = files.into_iter().map(|path| read_session(name, path));
    let mut sessions: Vec<SavedSession> = sessions.collect::<Result<_, _>>()?;
    sessions.sort_by_key(|session| session.report.created);
    Ok(sessions)
}

fn read_session(name: &BaselineName, path: PathBuf) -> Result<SavedSession, Error> {
    let hint = format!("remove that file, or the baseline with `perfkit baseline rm {name}`");
    // A pipe would be waited for.
    if !path.is_file() {
        let message = format!("{} is no regular file", shown(&path));
        return Err(Error::data(message).hint(hint));
    }
    let report = Report::load(&path).map_err(|error| Error::report(&path, &error).hint(hint))?;
    Ok(SavedSession { path, report })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_others_keep_is_not_waited_for_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(LOCK);
        let held = open_lock(&path).unwrap();
        held.lock().unwrap();
        let wait = || {
            let lock = open_lock(&path).unwrap();
            wait_for(&lock, &path, Duration::ZERO, Verbosity::Normal)
        };
        let error = wait().unwrap_err();
        assert!(error.message().contains(&shown(&path)), "{error:?}");
        assert!(error.next_step().unwrap().contains("--baselines DIR"));
        drop(held);
        wait().unwrap();
    }
}
