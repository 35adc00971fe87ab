//! Reports when the program ends.
//!
//! This is the one place of the library that writes to a standard stream, and
//! it does so only where that was asked for.

#[cfg(not(unix))]
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, TryLockError};
use std::time::{Duration, Instant};

use crate::monitor::Monitor;
#[cfg(unix)]
use crate::process::append_within_limit;
use crate::report::Report;

use super::settings::Settings;

/// The monitor that is reported on; set before anything is registered.
static MONITOR: OnceLock<Monitor> = OnceLock::new();
static PRINT_SUMMARY: AtomicBool = AtomicBool::new(false);
static REPORT_PATH: OnceLock<PathBuf> = OnceLock::new();

/// The process that registered the hook: a forked child inherits it.
static REGISTERED_BY: OnceLock<u32> = OnceLock::new();

/// Held from a snapshot to its place on disk, so that an older report never
/// replaces a newer one.
static SAVING: Mutex<Saving> = Mutex::new(Saving::Going);

/// How far the saving of reports has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Saving {
    /// Further reports may come.
    Going,
    /// The last report is being saved or is saved.
    Ended,
}

/// How long the end of the program waits for a periodic save to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Arranges what the settings ask for. Called while the global monitor is being
/// made, which is therefore not used here.
pub(super) fn arrange(settings: &Settings, monitor: &Monitor) {
    let _ = MONITOR.set(monitor.clone());
    for complaint in &settings.complaints {
        print_error(complaint);
    }
    if settings.summary_at_exit {
        print_summary_at_exit();
    }
    if let Some(path) = &settings.report_path {
        let _ = REPORT_PATH.set(path.clone());
        register();
        if let Some(every) = settings.report_every {
            save_every(every);
        }
    }
}

pub(super) fn print_summary_at_exit() {
    PRINT_SUMMARY.store(true, Ordering::Relaxed);
    register();
}

#[cfg(any(unix, windows))]
#[expect(unsafe_code, reason = "the standard library has no hook at exit")]
fn register() {
    REGISTERED_BY.get_or_init(|| {
        // SAFETY: `at_exit` is a function of this program that takes nothing,
        // returns nothing and does not unwind.
        let _ = unsafe { libc::atexit(at_exit) };
        std::process::id()
    });
}

/// Systems without processes have no exit.
#[cfg(not(any(unix, windows)))]
fn register() {}

#[cfg(any(unix, windows))]
extern "C" fn at_exit() {
    // Unwinding out of here would abort the program at its very end.
    let _ = std::panic::catch_unwind(|| {
        let path = REPORT_PATH.get();
        let has_own_file = path.is_some_and(|path| has_pid(path));
        if !is_reporter() && !has_own_file {
            return;
        }
        // Other threads may still run, and one of them may be saving.
        let guard = lock_saving();
        if let Some(mut guard) = guard {
            *guard = Saving::Ended;
        }
        let Some(report) = report_now() else { return };
        if let Some(path) = path {
            save(&report, path);
        }
        if PRINT_SUMMARY.load(Ordering::Relaxed) && is_reporter() {
            write_to_stderr(&report.to_string());
        }
    });
}

/// Whether this process reports: the one that registered the hook or, when that
/// one has ended, a child that carries on, as a daemon does.
fn is_reporter() -> bool {
    match REGISTERED_BY.get() {
        Some(&registered) => registered == std::process::id() || has_ended(registered),
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

/// The lock; `None` when whoever holds it does not let go in time, or is a
/// thread that a fork left behind.
fn lock_saving() -> Option<MutexGuard<'static, Saving>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match SAVING.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(TryLockError::WouldBlock) => return None,
        }
    }
}

/// Saves on a thread of its own from now on; the program does not wait for it.
fn save_every(interval: Duration) {
    let save_once = || {
        let saving = lock_saving()?;
        if *saving == Saving::Ended {
            return None;
        }
        save(&report_now()?, REPORT_PATH.get()?);
        Some(())
    };
    let spawned = std::thread::Builder::new()
        .name("perfkit-report".to_owned())
        .spawn(move || {
            loop {
                std::thread::sleep(interval);
                if save_once().is_none() {
                    return;
                }
            }
        });
    if let Err(error) = spawned {
        print_error(&format!(
            "PERFKIT_REPORT_EVERY: no thread could be started: {error}"
        ));
    }
}

fn report_now() -> Option<Report> {
    MONITOR
        .get()
        .map(|monitor| Report::from_snapshot(monitor.snapshot()))
}

fn save(report: &Report, path: &Path) {
    let path = with_pid(path);
    if let Err(error) = report.save(path) {
        print_error(&format!("PERFKIT_REPORT was not saved: {error}"));
    }
}

fn has_pid(path: &Path) -> bool {
    path.to_string_lossy().contains("{pid}")
}

fn with_pid(path: &Path) -> PathBuf {
    if !has_pid(path) {
        return path.to_owned();
    }
    let pid = std::process::id().to_string();
    PathBuf::from(path.to_string_lossy().replace("{pid}", &pid))
}

fn print_error(message: &str) {
    write_to_stderr(&format!("perfkit: {message}\n"));
}

/// Writes around the lock of the standard library's stream, which a thread may
/// hold for good while the program ends; a stream that is closed, or a log that is full, is no
/// error.
#[cfg(unix)]
fn write_to_stderr(text: &str) {
    use std::os::fd::AsFd as _;
    let stream = std::io::stderr();
    if let Ok(stream) = stream.as_fd().try_clone_to_owned() {
        let _ = append_within_limit(&std::fs::File::from(stream), text.as_bytes());
    }
}

#[cfg(not(unix))]
fn write_to_stderr(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
