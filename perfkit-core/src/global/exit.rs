//! Reports when the program ends.
//!
//! This is the one place of the library that writes to a standard stream, and
//! it does so only where that was asked for.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::report::Report;

use super::settings::Settings;
use super::snapshot;

static PRINT_SUMMARY: AtomicBool = AtomicBool::new(false);
static REPORT_PATH: OnceLock<PathBuf> = OnceLock::new();

/// The process that registered the hook: a forked child inherits it.
static REGISTERED_BY: OnceLock<u32> = OnceLock::new();

/// Arranges what the settings ask for. Called while the global monitor is being
/// made, which is therefore not used here.
pub(super) fn arrange(settings: &Settings) {
    for complaint in &settings.complaints {
        complain(complaint);
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
        let is_forked = REGISTERED_BY.get() != Some(&std::process::id());
        let path = REPORT_PATH.get();
        let shares_the_path = path.is_some_and(|path| !has_pid(path));
        if is_forked && (shares_the_path || path.is_none()) {
            return;
        }
        let report = Report::from_snapshot(snapshot());
        if let Some(path) = path {
            save(&report, path);
        }
        if PRINT_SUMMARY.load(Ordering::Relaxed) && !is_forked {
            let _ = write!(std::io::stderr().lock(), "{report}");
        }
    });
}

/// Saves on a thread of its own from now on; the program does not wait for it.
fn save_every(interval: Duration) {
    let spawned = std::thread::Builder::new()
        .name("perfkit-report".to_owned())
        .spawn(move || {
            loop {
                std::thread::sleep(interval);
                if let Some(path) = REPORT_PATH.get() {
                    save(&Report::from_snapshot(snapshot()), path);
                }
            }
        });
    if let Err(error) = spawned {
        complain(&format!(
            "PERFKIT_REPORT_EVERY: no thread could be started: {error}"
        ));
    }
}

fn save(report: &Report, path: &Path) {
    let path = with_pid(path);
    if let Err(error) = report.save(path) {
        complain(&format!("PERFKIT_REPORT was not saved: {error}"));
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

/// Writes without panicking where standard error is closed.
fn complain(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "perfkit: {message}");
}
