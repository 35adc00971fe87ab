//! The report that the program leaves: of what it is, where it goes, and whose turn it is to
//! put it there.
//!
//! This is the one place of the library that writes to a standard stream, and
//! it does so only where that was asked for.

use std::collections::BTreeMap;
use std::io;
#[cfg(not(unix))]
use std::io::Write as _;
use std::path::{Path, PathBuf};
#[cfg(feature = "otlp")]
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, TryLockError};
use std::time::{Duration, Instant};

use crate::monitor::Monitor;
#[cfg(unix)]
use crate::process::append_within_limit;
use crate::report::{Note, Report, ReportError, is_replaced};

/// The monitor that is reported on; set before anything is asked for.
static MONITOR: OnceLock<Monitor> = OnceLock::new();
static PRINTS_SUMMARY: AtomicBool = AtomicBool::new(false);
static REPORT_PATH: OnceLock<PathBuf> = OnceLock::new();

/// The process that was asked to report: a forked child inherits what it was asked for.
static ASKED: OnceLock<u32> = OnceLock::new();

/// Whether the program exits, and the last report is being saved or is saved.
static IS_OVER: AtomicBool = AtomicBool::new(false);

/// How far the monitor was when a file was last saved; zero before the first.
static SAVED_UP_TO: AtomicU64 = AtomicU64::new(0);

/// How long is waited for the turn.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn report_on(monitor: &Monitor) {
    let _ = MONITOR.set(monitor.clone());
}

/// This process is to report, unless one that it was forked from already is.
pub(super) fn ask() {
    ASKED.get_or_init(std::process::id);
}

pub(super) fn ask_for_summary() {
    PRINTS_SUMMARY.store(true, Ordering::Relaxed);
}

/// Asks for a file. The program may be in another folder when it ends.
pub(super) fn ask_for_file(path: &Path) {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let _ = REPORT_PATH.set(path);
}

pub(super) fn has_file() -> bool {
    REPORT_PATH.get().is_some()
}

/// Whether it is a file of its own, that can be saved again and again.
pub(super) fn has_replaced_file() -> bool {
    REPORT_PATH.get().is_some_and(|path| is_replaced(path))
}

/// What else is to be said in the reports of this program, by what says it.
static NOTES: Mutex<BTreeMap<&'static str, Note>> = Mutex::new(BTreeMap::new());

/// Sets or takes back a note in all reports from now on.
#[cfg(feature = "otlp")]
pub(crate) fn set_note(of: &'static str, note: Option<Note>) {
    let mut notes = NOTES.lock().unwrap_or_else(PoisonError::into_inner);
    match note {
        Some(note) => drop(notes.insert(of, note)),
        None => drop(notes.remove(of)),
    }
}

/// Never waits for long: in a child that was forked meanwhile nobody might ever let go.
fn notes() -> Vec<Note> {
    for _ in 0..100 {
        match NOTES.try_lock() {
            Ok(notes) => return notes.values().cloned().collect(),
            Err(TryLockError::Poisoned(notes)) => {
                return notes.into_inner().values().cloned().collect();
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
    Vec::new()
}

/// Saves what was recorded so far, unless the file has it.
pub(super) fn save_meanwhile() {
    let (Some(path), Some(monitor)) = (own_path(), MONITOR.get()) else {
        return;
    };
    let saved = SAVED_UP_TO.load(Ordering::Relaxed);
    if mark(monitor.progress()) == saved {
        return;
    }
    let Some(_turn) = Turn::take() else { return };
    if IS_OVER.load(Ordering::Relaxed) {
        return;
    }
    // The first one also sweeps the folder.
    let outlasts_system = saved == 0;
    if let Err(error) = Taken::from(monitor).save(&path, outlasts_system) {
        tell_not_saved(&error);
    }
}

/// Saves what was recorded so far, for good. `None` where no file is asked for, or it is
/// that of another process.
pub(super) fn save_now() -> Result<Option<PathBuf>, ReportError> {
    let (Some(path), Some(monitor)) = (own_path(), MONITOR.get()) else {
        return Ok(None);
    };
    let Some(_turn) = Turn::take() else {
        let message = "the save before this one does not come to an end";
        let busy = io::Error::new(io::ErrorKind::TimedOut, message);
        return Err(ReportError::Io(path, busy));
    };
    Taken::from(monitor).save(&path, true)?;
    Ok(Some(path))
}

/// A report, and how far the monitor was at least.
struct Taken {
    report: Report,
    mark: u64,
}

impl Taken {
    fn from(monitor: &Monitor) -> Self {
        let mark = mark(monitor.progress());
        let mut report = Report::from_snapshot(monitor.snapshot());
        report.notes.extend(notes());
        Self { report, mark }
    }

    /// For whoever has the turn.
    fn save(&self, path: &Path, outlasts_system: bool) -> Result<(), ReportError> {
        match outlasts_system {
            true => self.report.save(path),
            false => self.report.save_for_now(path),
        }?;
        SAVED_UP_TO.store(self.mark, Ordering::Relaxed);
        Ok(())
    }
}

/// What is remembered of a monitor's progress: never zero.
fn mark(progress: u64) -> u64 {
    progress.max(1)
}

/// How the program comes to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It exits.
    Exit,
    /// A signal ends it as soon as the report is there: nothing waits for the disk.
    Signal,
}

/// Saves and prints the last report, and nothing after it when the program exits. A signal may
/// turn out not to be the end.
pub(super) fn conclude(end: End) {
    let path = own_path();
    if path.is_none() && !is_reporter() {
        return;
    }
    // Other threads may still run, and one of them may be saving.
    let _turn = Turn::take();
    let is_over = match end {
        End::Exit => IS_OVER.swap(true, Ordering::Relaxed),
        End::Signal => IS_OVER.load(Ordering::Relaxed),
    };
    if is_over {
        return;
    }
    let Some(monitor) = MONITOR.get() else { return };
    let taken = Taken::from(monitor);
    let saved = path.map(|path| taken.save(&path, end == End::Exit));
    if let Some(Err(error)) = saved {
        tell_not_saved(&error);
    }
    if PRINTS_SUMMARY.load(Ordering::Relaxed) && is_reporter() {
        write_to_stderr(&taken.report.to_string());
    }
}

/// Waits until a collector got everything, but not for one that is stuck.
pub(super) fn flush_collector() {
    if let Some(monitor) = MONITOR.get() {
        monitor.flush_collector(PATIENCE);
    }
}

/// The file that this process writes.
fn own_path() -> Option<PathBuf> {
    let path = REPORT_PATH.get()?;
    let text = path.to_string_lossy();
    if text.contains("{pid}") {
        let pid = std::process::id().to_string();
        return Some(PathBuf::from(text.replace("{pid}", &pid)));
    }
    is_reporter().then(|| path.clone())
}

/// Whether this process reports: the one that was asked or, when that one has ended, a child
/// that carries on, as a daemon does.
fn is_reporter() -> bool {
    match ASKED.get() {
        Some(&asked) => asked == std::process::id() || has_ended(asked),
        None => false,
    }
}

#[cfg(target_os = "linux")]
fn has_ended(pid: u32) -> bool {
    !Path::new(&format!("/proc/{pid}")).exists()
}

/// Not known without a system call of its own.
#[cfg(not(target_os = "linux"))]
fn has_ended(_: u32) -> bool {
    false
}

/// The process that has a thread at saving; zero while nobody does. A child that was forked
/// meanwhile has no such thread, and sees by the number that the turn is free.
static SAVING_IN: AtomicU32 = AtomicU32::new(0);

/// The turn to save, from a snapshot to its place on disk, so that an older report never
/// replaces a newer one.
struct Turn(u32);

impl Turn {
    /// `None` when whoever has it does not end in time.
    fn take() -> Option<Self> {
        let own = std::process::id();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let free = Some(SAVING_IN.load(Ordering::Relaxed)).filter(|saving| *saving != own);
            let (set, get) = (Ordering::Acquire, Ordering::Relaxed);
            let taken = free.map(|free| SAVING_IN.compare_exchange(free, own, set, get));
            if matches!(taken, Some(Ok(_))) {
                return Some(Self(own));
            }
            if Instant::now() >= deadline {
                return None;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let (set, get) = (Ordering::Release, Ordering::Relaxed);
        let _ = SAVING_IN.compare_exchange(self.0, 0, set, get);
    }
}

/// Says why there is no file, once: a reason that lasts would be said every second.
fn tell_not_saved(error: &ReportError) {
    static TOLD: Mutex<String> = Mutex::new(String::new());
    let message = format!("PERFKIT_REPORT was not saved: {error}");
    if let Ok(mut told) = TOLD.try_lock() {
        if *told == message {
            return;
        }
        told.clone_from(&message);
    }
    print_error(&message);
}

pub(crate) fn print_error(message: &str) {
    write_to_stderr(&format!("perfkit: {message}\n"));
}

/// Writes around the lock of the standard library's stream, which a thread may
/// hold for good while the program ends; a stream that is closed, or a log that is full, is no
/// error.
#[cfg(unix)]
fn write_to_stderr(text: &str) {
    use std::os::fd::AsFd as _;
    let stream = io::stderr();
    if let Ok(stream) = stream.as_fd().try_clone_to_owned() {
        let _ = append_within_limit(&std::fs::File::from(stream), text.as_bytes());
    }
}

#[cfg(not(unix))]
fn write_to_stderr(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
