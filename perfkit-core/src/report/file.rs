//! Reports on disk.

use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Report, SCHEMA};

/// The largest report that is read, in bytes: a million samples take 20 MB.
const LARGEST_REPORT: u64 = 256 << 20;

/// Unfinished files of savers that were killed are removed after this time.
const STALE_AFTER: Duration = Duration::from_secs(3600);

/// Why a report could not be read or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReportError {
    /// The file could not be read or written.
    Io(PathBuf, io::Error),
    /// It is larger than 256 MiB.
    TooLarge,
    /// It is not JSON, or its parts have the wrong types.
    Damaged(serde_json::Error),
    /// It is JSON, and no perfkit report.
    Foreign,
    /// It is a report of another version of the format.
    OtherVersion(String),
    /// The report holds something that JSON cannot express.
    Unwritable(serde_json::Error),
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::TooLarge => write!(
                f,
                "the file is larger than {} MiB, the largest report that is read",
                LARGEST_REPORT >> 20
            ),
            Self::Damaged(error) => write!(f, "the file is damaged or incomplete: {error}"),
            Self::Foreign => write!(
                f,
                "the file is no perfkit report: it has no \"schema\": \"{SCHEMA}\""
            ),
            Self::OtherVersion(found) => write!(
                f,
                "the file has the format \"{}\", and this version reads \"{SCHEMA}\": use the perfkit that wrote it",
                found.chars().take(40).collect::<String>().escape_debug()
            ),
            Self::Unwritable(error) => write!(f, "the report cannot be written as JSON: {error}"),
        }
    }
}

impl Error for ReportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(_, error) => Some(error),
            Self::Damaged(error) | Self::Unwritable(error) => Some(error),
            _ => None,
        }
    }
}

impl Report {
    /// The report as JSON, indented.
    ///
    /// # Errors
    /// A histogram with a bucket of more than 2⁶³ − 1 values.
    pub fn to_json(&self) -> Result<String, ReportError> {
        super::json::to_string(self).map_err(ReportError::Unwritable)
    }

    /// Reads a report from JSON; keys that this version does not know are
    /// passed over.
    ///
    /// # Errors
    /// Text that is no report of this version, or is damaged.
    pub fn from_json(json: &[u8]) -> Result<Self, ReportError> {
        let json = json.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(json);
        match serde_json::from_slice::<Self>(json) {
            Ok(report) if report.schema == SCHEMA => Ok(report),
            Ok(report) => Err(ReportError::OtherVersion(report.schema)),
            Err(error) => Err(why_unreadable(json, error)),
        }
    }

    /// Reads a report file of at most 256 MiB.
    ///
    /// # Errors
    /// A file that cannot be read, is too large, or is no report.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ReportError> {
        let path = path.as_ref();
        let failed = |error| ReportError::Io(path.to_owned(), error);
        let file = File::open(path).map_err(failed)?;
        let mut json = Vec::new();
        file.take(LARGEST_REPORT + 1)
            .read_to_end(&mut json)
            .map_err(failed)?;
        if json.len() as u64 > LARGEST_REPORT {
            return Err(ReportError::TooLarge);
        }
        Self::from_json(&json)
    }

    /// Writes the report to a file, whole or not at all.
    ///
    /// # Errors
    /// The file or its folder cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ReportError> {
        let path = path.as_ref();
        save_atomically(path, self.to_json()?.as_bytes())
            .map_err(|error| ReportError::Io(path.to_owned(), error))
    }
}

/// What kind of file it is that could not be read as a report.
fn why_unreadable(json: &[u8], error: serde_json::Error) -> ReportError {
    #[derive(Deserialize)]
    struct Header {
        schema: Option<serde_json::Value>,
    }
    if serde_json::from_slice::<IgnoredAny>(json).is_err() {
        return ReportError::Damaged(error);
    }
    let is_object = json.trim_ascii_start().starts_with(b"{");
    let header = serde_json::from_slice::<Header>(json).ok();
    match header
        .filter(|_| is_object)
        .and_then(|header| header.schema)
    {
        Some(serde_json::Value::String(schema)) if schema == SCHEMA => ReportError::Damaged(error),
        Some(serde_json::Value::String(schema)) if schema.starts_with("perfkit/") => {
            ReportError::OtherVersion(schema)
        }
        _ => ReportError::Foreign,
    }
}

/// Writes a file so that every reader, now or after a crash, finds either the
/// old content or the new: to a new file beside it, flushed to disk, renamed.
///
/// A path to something that is no regular file, such as `/dev/stdout`, is
/// written directly.
///
/// # Errors
/// The file or its folder cannot be written.
pub fn save_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    // Renaming would replace a link, and saving through it is what was asked.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&target).is_ok_and(|found| !found.is_file()) {
        return File::create(&target)?.write_all(content);
    }
    let name = target.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let unfinished = folder.join(unfinished_name(name));
    let result = write_new(&unfinished, content).and_then(|()| fs::rename(&unfinished, &target));
    if result.is_err() {
        let _ = fs::remove_file(&unfinished);
        return result;
    }
    sync_folder(&folder);
    remove_stale(&folder, name);
    Ok(())
}

fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// `.NAME.PID-COUNT.perfkit-tmp`: no two savers share one.
fn unfinished_name(name: &std::ffi::OsStr) -> OsString {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut unfinished = unfinished_prefix(name);
    unfinished.push(format!("{}-{count}.perfkit-tmp", std::process::id()));
    unfinished
}

fn unfinished_prefix(name: &std::ffi::OsStr) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(name);
    prefix.push(".");
    prefix
}

/// Makes the rename last; where folders cannot be opened there is nothing to do.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Removes what killed savers of the same file left behind.
fn remove_stale(folder: &Path, name: &std::ffi::OsStr) {
    let prefix = unfinished_prefix(name);
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let found = entry.file_name();
        let found = found.as_encoded_bytes();
        let is_unfinished =
            found.starts_with(prefix.as_encoded_bytes()) && found.ends_with(b".perfkit-tmp");
        let age = entry
            .metadata()
            .and_then(|found| found.modified())
            .map(|modified| modified.elapsed().unwrap_or_default());
        if is_unfinished && age.is_ok_and(|age| age > STALE_AFTER) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("perfkit-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn files(folder: &Path) -> Vec<OsString> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn saving_leaves_the_file_and_nothing_else() {
        let folder = folder("save");
        let path = folder.join("report.json");
        save_atomically(&path, b"old").unwrap();
        save_atomically(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(files(&folder), ["report.json"]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_failed_save_keeps_the_old_file() {
        let folder = folder("keep");
        let path = folder.join("report.json");
        save_atomically(&path, b"old").unwrap();
        // A folder in the place of the target makes the rename fail.
        let blocked = folder.join("blocked");
        fs::create_dir_all(blocked.join("inner")).unwrap();
        assert!(save_atomically(&blocked, b"new").is_err());
        assert!(save_atomically(&folder.join("missing/report.json"), b"new").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(files(&folder).len(), 2);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn leftovers_of_killed_savers_are_swept_once_they_are_old() {
        let folder = folder("sweep");
        let path = folder.join("report.json");
        let old = folder.join(".report.json.1-0.perfkit-tmp");
        let young = folder.join(".report.json.2-0.perfkit-tmp");
        let other = folder.join(".other.json.1-0.perfkit-tmp");
        for leftover in [&old, &young, &other] {
            let file = File::create(leftover).unwrap();
            if leftover != &young {
                let long_ago = std::time::SystemTime::now() - 2 * STALE_AFTER;
                file.set_modified(long_ago).unwrap();
            }
        }
        save_atomically(&path, b"new").unwrap();
        assert!(!old.exists() && young.exists() && other.exists());
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_written_through() {
        let folder = folder("link");
        let target = folder.join("target.json");
        let link = folder.join("link.json");
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        save_atomically(&link, b"new").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        fs::remove_dir_all(folder).unwrap();
    }
}
