//! What is arranged for when the program ends, by itself or not.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Once, OnceLock};
use std::time::Duration;

use crate::monitor::Monitor;
use crate::report::ReportError;

use super::output::{self, End};
use super::saver::{self, Schedule};
use super::settings::{Interval, Settings};
use super::{signals, watch};

/// How the report is kept while the program runs, once that is known.
static KEEPING: OnceLock<Keeping> = OnceLock::new();

/// Whether there was a collector.
static IS_COLLECTING: AtomicBool = AtomicBool::new(false);

#[derive(Clone, Copy)]
struct Keeping {
    interval: Interval,
    watches_signals: bool,
}

/// How often a report is saved where nothing is said of it. It takes 5 % of a processor at
/// most.
const DEFAULT_SCHEDULE: Schedule = Schedule {
    interval: Duration::from_secs(1),
    rest: 20,
};

/// How long the thread rests where it is said how often to save: a fifth of a processor.
const REST_IF_ASKED: u32 = 4;

/// Arranges what the settings ask for. Called while the global monitor is being
/// made, which is therefore not used here.
pub(super) fn arrange(settings: &Settings, monitor: &Monitor) {
    output::report_on(monitor);
    let _ = KEEPING.set(Keeping {
        interval: settings.interval,
        watches_signals: settings.watches_signals,
    });
    for complaint in &settings.complaints {
        output::print_error(complaint);
    }
    if settings.summary_at_exit {
        output::ask_for_summary();
    }
    if let Some(path) = &settings.report_path {
        output::ask_for_file(path);
    }
    if settings.summary_at_exit || settings.report_path.is_some() {
        keep();
    }
    if settings.is_watchable
        && let Err(error) = be_watchable(monitor)
    {
        output::print_error(&format!(
            "PERFKIT=watch: the program cannot be watched: {error}"
        ));
    }
}

/// Lets others watch the process until it exits.
pub(super) fn be_watchable(monitor: &Monitor) -> io::Result<PathBuf> {
    let socket = watch::open(monitor)?;
    register();
    Ok(socket)
}

/// Sees to it that a collector has every call when the program exits.
pub(super) fn flush_collector_at_exit() {
    IS_COLLECTING.store(true, Ordering::Relaxed);
    register();
}

pub(super) fn print_summary_at_exit() {
    output::ask_for_summary();
    keep();
}

/// Saves the report now; see [`super::save_report`].
pub(super) fn save_now() -> Result<Option<PathBuf>, ReportError> {
    if output::has_file() {
        keep();
    }
    output::save_now()
}

/// Sees to it that the report is there when the program ends. Threads are started anew in a
/// forked child, which is without those of its parent, when it asks for it.
fn keep() {
    static STARTED_IN: AtomicU32 = AtomicU32::new(0);
    output::ask();
    register();
    let own = std::process::id();
    let has_threads = cfg!(all(feature = "record", any(unix, windows)));
    if has_threads && STARTED_IN.swap(own, Ordering::Relaxed) != own {
        start_threads();
    }
}

fn start_threads() {
    let Some(keeping) = KEEPING.get() else { return };
    let schedule = match keeping.interval {
        Interval::Default => output::has_replaced_file().then_some(DEFAULT_SCHEDULE),
        Interval::Every(interval) => output::has_file().then_some(Schedule {
            interval,
            rest: REST_IF_ASKED,
        }),
        Interval::Never => None,
    };
    if schedule.is_none() && !keeping.watches_signals {
        return;
    }
    let (asks_for_last, requests) = sync_channel(1);
    let started = saver::start(schedule, requests).and_then(|()| {
        let watched = keeping.watches_signals.then_some(asks_for_last);
        watched.map_or(Ok(()), signals::watch)
    });
    if let Err(error) = started {
        output::print_error(&format!(
            "no thread could be started, so that there is a report when the program exits and not when it is ended: {error}"
        ));
    }
}

#[cfg(any(unix, windows))]
#[expect(unsafe_code, reason = "the standard library has no hook at exit")]
fn register() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // SAFETY: `at_exit` is a function of this program that takes nothing,
        // returns nothing and does not unwind.
        let _ = unsafe { libc::atexit(at_exit) };
    });
}

/// Systems without processes have no exit.
#[cfg(not(any(unix, windows)))]
fn register() {}

#[cfg(any(unix, windows))]
extern "C" fn at_exit() {
    // Unwinding out of here would abort the program at its very end.
    let _ = std::panic::catch_unwind(|| {
        watch::close();
        signals::let_signal_end();
        if IS_COLLECTING.load(Ordering::Relaxed) {
            output::flush_collector();
        }
        output::conclude(End::Exit);
    });
}
