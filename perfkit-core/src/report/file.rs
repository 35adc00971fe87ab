//! Reports on disk.

use std::error::Error;
use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::histogram::Histogram;
use crate::process::append_within_limit;
use crate::snapshot::{GaugeSnapshot, GaugeWindow};
use crate::text::printable;

use super::upgrade::{VERSION_1, from_version_1};
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
    /// Its numbers contradict each other.
    Contradiction(String),
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
            Self::Damaged(error) => {
                // It may quote the file.
                let text = error.to_string();
                let text: String = text.chars().filter(|c| !c.is_control()).take(300).collect();
                write!(f, "the file is damaged or incomplete: {text}")
            }
            Self::Contradiction(what) => write!(f, "the file is damaged: {what}"),
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
            Ok(report) if report.schema == SCHEMA => report.check().map(|()| report),
            Ok(report) if report.schema == VERSION_1 => {
                let report = from_version_1(report, json).map_err(ReportError::Damaged)?;
                report.check().map(|()| report)
            }
            Ok(report) => Err(ReportError::OtherVersion(report.schema)),
            Err(error) => Err(why_unreadable(json, error)),
        }
    }

    /// Refuses numbers that contradict each other.
    fn check(&self) -> Result<(), ReportError> {
        let windows = self
            .operations
            .iter()
            .flat_map(|o| [&o.lifetime, &o.last_calls, &o.last_period]);
        let of_operations = windows.flat_map(|window| &window.metrics);
        let of_benchmarks = self.benchmarks.iter().flat_map(|b| &b.metrics);
        let contradictory = of_operations.chain(of_benchmarks).find(|(_, summary)| {
            let counted = summary.histogram.as_ref().map(Histogram::count);
            let listed = (!summary.samples.is_empty()).then_some(summary.samples.len() as u64);
            [counted, listed]
                .into_iter()
                .flatten()
                .any(|count| count != summary.count)
        });
        match contradictory {
            None => self.check_counts().and_then(|()| self.check_gauges()),
            Some((metric, summary)) => Err(ReportError::Contradiction(format!(
                "{metric} says that it has {} values, and has another number of them",
                summary.count
            ))),
        }
    }

    fn check_counts(&self) -> Result<(), ReportError> {
        let contradicts = |name: &str, what| {
            Err(ReportError::Contradiction(format!(
                "the {what} of {} is not what was counted",
                printable(name)
            )))
        };
        let mut counters = self.counters.iter();
        if let Some(counter) = counters.find(|counter| !counter.is_what_was_counted()) {
            return contradicts(&counter.name, "number in a second");
        }
        let mut ratios = self.ratios.iter();
        match ratios.find(|ratio| !ratio.is_what_was_counted()) {
            Some(ratio) => contradicts(&ratio.name, "ratio"),
            None => Ok(()),
        }
    }

    fn check_gauges(&self) -> Result<(), ReportError> {
        let of_gauge = |gauge: &GaugeSnapshot| {
            let windows = [&gauge.lifetime, &gauge.last_period];
            windows.into_iter().all(GaugeWindow::is_in_order)
        };
        match self.gauges.iter().find(|gauge| !of_gauge(gauge)) {
            None => Ok(()),
            Some(gauge) => Err(ReportError::Contradiction(format!(
                "the smallest value of the gauge {} is not below its mean and its largest",
                printable(&gauge.name)
            ))),
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

    /// The same of a file that is soon written again: it is as whole whenever the program
    /// ends, and a failure of the system may take it.
    pub(crate) fn save_for_now(&self, path: &Path) -> Result<(), ReportError> {
        save(path, self.to_json()?.as_bytes(), Outlasts::TheProgram)
            .map_err(|error| ReportError::Io(path.to_owned(), error))
    }
}

/// Whether saving there replaces a file, and neither adds to it nor writes to a device.
pub(crate) fn is_replaced(path: &Path) -> bool {
    let Ok(Some(target)) = resolve(path) else {
        return false;
    };
    fs::metadata(target).map_or(true, |found| found.is_file())
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
        Some(serde_json::Value::String(schema)) if schema == SCHEMA || schema == VERSION_1 => {
            ReportError::Damaged(error)
        }
        Some(serde_json::Value::String(schema)) if schema.starts_with("perfkit/") => {
            ReportError::OtherVersion(schema)
        }
        _ => ReportError::Foreign,
    }
}

/// Writes a file so that every reader, now or after a crash, finds either the
/// old content or the new: to a new file beside it, flushed to disk, renamed.
/// Permissions of a file that is replaced are kept, links are written through.
///
/// What is no regular file is written directly, and so is everything under
/// `/dev` and `/proc`: `/dev/stdout` may be a log that others write to as well.
///
/// # Errors
/// The file or its folder cannot be written.
pub fn save_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    save(path, content, Outlasts::TheSystem)
}

/// What a saved file outlasts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outlasts {
    /// The program, however it ends. Nothing waits for the disk.
    TheProgram,
    /// A failure of the system too.
    TheSystem,
}

fn save(path: &Path, content: &[u8], outlasts: Outlasts) -> io::Result<()> {
    let Some(target) = resolve(path)? else {
        // Without truncating, and at the end of whatever is there.
        let file = OpenOptions::new().append(true).open(path)?;
        return append_within_limit(&file, content);
    };
    let existing = fs::metadata(&target).ok();
    if existing.as_ref().is_some_and(|found| !found.is_file()) {
        return OpenOptions::new()
            .write(true)
            .open(&target)?
            .write_all(content);
    }
    let name = target.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let unfinished = folder.join(unfinished_name(name));
    let permissions = existing.map(|found| found.permissions());
    let result = write_new(&unfinished, content, permissions, outlasts)
        .and_then(|()| fs::rename(&unfinished, &target));
    if result.is_err() {
        let _ = fs::remove_file(&unfinished);
        return result;
    }
    if outlasts == Outlasts::TheSystem {
        sync_folder(&folder);
        remove_stale(&folder, name);
    }
    Ok(())
}

/// The file that a path leads to through links; it need not exist. `None` where
/// the way leads through the system's own folders.
fn resolve(path: &Path) -> io::Result<Option<PathBuf>> {
    const MOST_LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if path.starts_with("/dev") || path.starts_with("/proc") {
            return Ok(None);
        }
        let is_link = fs::symlink_metadata(&path).is_ok_and(|found| found.is_symlink());
        if !is_link {
            return Ok(Some(path));
        }
        let next = fs::read_link(&path)?;
        path = path.parent().unwrap_or(Path::new("")).join(next);
    }
    Err(io::Error::other("too many links"))
}

fn write_new(
    path: &Path,
    content: &[u8],
    permissions: Option<Permissions>,
    outlasts: Outlasts,
) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    if let Some(permissions) = permissions {
        // Not every file system has them.
        let _ = file.set_permissions(permissions);
    }
    append_within_limit(&file, content)?;
    match outlasts {
        Outlasts::TheProgram => Ok(()),
        Outlasts::TheSystem => file.sync_all(),
    }
}

/// A name that no two savers share, and that is short however long the file's
/// own is.
fn unfinished_name(name: &OsStr) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let pid = std::process::id();
    format!("{}{pid}-{count}{UNFINISHED}", unfinished_prefix(name))
}

/// The end of the name of an unfinished file.
const UNFINISHED: &str = ".perfkit-tmp";

fn unfinished_prefix(name: &OsStr) -> String {
    format!(".{:08x}-", crc32fast::hash(name.as_encoded_bytes()))
}

/// Makes the rename last; where folders cannot be opened there is nothing to do.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Removes what killed savers of the same file left behind.
fn remove_stale(folder: &Path, name: &OsStr) {
    let prefix = unfinished_prefix(name);
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let found = entry.file_name();
        let found = found.as_encoded_bytes();
        let is_unfinished =
            found.starts_with(prefix.as_bytes()) && found.ends_with(UNFINISHED.as_bytes());
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

    fn files(folder: &Path) -> Vec<std::ffi::OsString> {
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
    #[cfg_attr(miri, ignore = "Miri cannot set a file's time")]
    fn leftovers_of_killed_savers_are_swept_once_they_are_old() {
        let folder = folder("sweep");
        let path = folder.join("report.json");
        let leftover = |name: &str, pid: u32| {
            let prefix = unfinished_prefix(OsStr::new(name));
            folder.join(format!("{prefix}{pid}-0{UNFINISHED}"))
        };
        let old = leftover("report.json", 1);
        let young = leftover("report.json", 2);
        let other = leftover("other.json", 1);
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
        // Also one that leads nowhere yet.
        fs::remove_file(&target).unwrap();
        save_atomically(&link, b"newer").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"newer");
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_kept_and_long_names_are_no_trouble() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = folder("permissions");
        let path = folder.join("x".repeat(250));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        save_atomically(&path, b"new").unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read(&path).unwrap(), b"new");
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_leads_to_an_open_file_is_appended_to() {
        use std::os::fd::AsRawFd as _;
        let folder = folder("append");
        let path = folder.join("log");
        fs::write(&path, "earlier\n").unwrap();
        let log = OpenOptions::new().append(true).open(&path).unwrap();
        let way = format!("/proc/self/fd/{}", log.as_raw_fd());
        save_atomically(Path::new(&way), b"report\n").unwrap();
        (&log).write_all(b"later\n").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"earlier\nreport\nlater\n");
        fs::remove_dir_all(folder).unwrap();
    }
}
