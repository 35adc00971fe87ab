//! The program's own monitor, and what the environment asks of it.
//!
//! - `PERFKIT=off` records nothing, `PERFKIT=on` records (the default),
//!   `PERFKIT=summary` also prints a summary to standard error at exit.
//! - `PERFKIT_REPORT=path.json` saves a report at exit; `{pid}` in the path
//!   becomes the process id, so that several processes can share the setting.
//! - While the program runs, the file is saved every second on a thread of its own, or as
//!   often as `PERFKIT_REPORT_EVERY=5s` says; `off` saves it at the end alone.
//! - A signal that ends the program does so after the report is saved and printed;
//!   `PERFKIT_SIGNALS=off` leaves signals alone. See `signals.rs`.
//!
//! The environment is read when the global monitor is first used. "At exit" is
//! when `main` returns, `std::process::exit` is called, or a signal ends the program that
//! has its default action. `abort`, `_exit` and `exec` run nothing.

mod exit;
mod output;
mod saver;
mod settings;
#[cfg_attr(
    not(all(any(target_os = "linux", target_os = "freebsd"), not(miri))),
    path = "no_signals.rs"
)]
mod signals;

use std::fmt::Display;
use std::future::Future;
use std::path::PathBuf;
use std::sync::LazyLock;

use crate::measure::{MeasuredFuture, Timer};
use crate::monitor::{Monitor, Operation};
use crate::outcome::Outcome;
use crate::recorder::MonitorState;
use crate::report::ReportError;
use crate::snapshot::Snapshot;

static GLOBAL: LazyLock<Monitor> = LazyLock::new(|| {
    let monitor = Monitor::builder().build_with(MonitorState::Global);
    let settings = settings::from_environment();
    monitor.set_enabled(settings.is_enabled);
    exit::arrange(&settings, &monitor);
    monitor
});

impl Monitor {
    /// The monitor that `#[measure]` and the functions of this crate record to.
    #[must_use]
    pub fn global() -> &'static Self {
        &GLOBAL
    }
}

impl Timer {
    /// Starts measuring under a name, on the global monitor.
    ///
    /// ```
    /// {
    ///     let _timer = perfkit::Timer::start("block");
    ///     // … everything up to the end of the block
    /// }
    /// assert_eq!(perfkit::snapshot().operation("block").unwrap().lifetime.calls.success, 1);
    /// ```
    pub fn start(name: &str) -> Self {
        operation(name).start()
    }
}

/// Measures a closure under a name, on the global monitor.
///
/// Whatever it returns is a success; use [`try_measure`] for a `Result`.
///
/// ```
/// let sorted = perfkit::measure("sort", || {
///     let mut numbers = vec![3, 1, 2];
///     numbers.sort();
///     numbers
/// });
/// assert_eq!(sorted, [1, 2, 3]);
/// ```
pub fn measure<T>(name: &str, work: impl FnOnce() -> T) -> T {
    if !cfg!(feature = "record") {
        return work();
    }
    Monitor::global().measure(name, work)
}

/// Measures a closure that may fail, on the global monitor: an `Err` is counted
/// as a failure, with its type and text, and its time is kept apart from that
/// of successes.
///
/// # Errors
/// Those of the closure.
///
/// ```
/// let parsed = perfkit::try_measure("parse", || "12".parse::<u32>());
/// assert_eq!(parsed, Ok(12));
/// ```
pub fn try_measure<T, E: Display>(name: &str, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    if !cfg!(feature = "record") {
        return work();
    }
    Monitor::global().try_measure(name, work)
}

/// Measures a future from its first poll to completion, on the global monitor.
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let answer = perfkit::measure_async("answer", async { 42 }).await;
/// assert_eq!(answer, 42);
/// # });
/// ```
pub fn measure_async<F: Future>(
    name: &str,
    work: F,
) -> MeasuredFuture<F, impl FnOnce(&F::Output) -> Outcome + use<F>> {
    Monitor::global().measure_async(name, work)
}

/// Measures a future that may fail, as [`try_measure`] does a closure.
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let port = perfkit::try_measure_async("port", async { "80".parse::<u16>() }).await;
/// assert_eq!(port, Ok(80));
/// # });
/// ```
pub fn try_measure_async<T, E: Display, F: Future<Output = Result<T, E>>>(
    name: &str,
    work: F,
) -> MeasuredFuture<F, impl FnOnce(&F::Output) -> Outcome + use<T, E, F>> {
    Monitor::global().try_measure_async(name, work)
}

/// The operation of the given name on the global monitor.
///
/// ```
/// let rows = perfkit::operation("load").memory().items(3).measure(|| vec![1, 2, 3]);
/// assert_eq!(rows.len(), 3);
/// ```
pub fn operation(name: &str) -> Operation {
    Monitor::global().operation(name)
}

/// The state of the global monitor.
///
/// ```
/// perfkit::measure("greet", || "hello");
/// let snapshot = perfkit::snapshot();
/// assert_eq!(snapshot.operation("greet").unwrap().lifetime.calls.success, 1);
/// ```
#[must_use]
pub fn snapshot() -> Snapshot {
    Monitor::global().snapshot()
}

/// Switches recording on the global monitor on or off.
///
/// ```
/// perfkit::set_enabled(false);
/// perfkit::measure("unseen", || ());
/// perfkit::set_enabled(true);
/// assert!(perfkit::snapshot().operation("unseen").is_none());
/// ```
pub fn set_enabled(is_enabled: bool) {
    Monitor::global().set_enabled(is_enabled);
}

/// Prints a summary of the global monitor to standard error when the program
/// exits or a signal ends it, as `PERFKIT=summary` does.
///
/// Signals that the program handles or ignores stay its own. One that looks whether it may
/// handle a signal (`ctrlc::try_set_handler`) does so before it calls this.
///
/// ```
/// // First thing in `main`:
/// perfkit::report_at_exit();
/// perfkit::measure("work", || ());
/// ```
pub fn report_at_exit() {
    LazyLock::force(&GLOBAL);
    exit::print_summary_at_exit();
}

/// Saves the report of the global monitor now, to the file that `PERFKIT_REPORT` names, and
/// returns its path; `None` where no file was asked for, or this is a forked child and its
/// parent still writes the file.
///
/// For programs that are on their way out and may not reach it: a server that begins to shut
/// down. It blocks until the file is on the disk. A forked child that goes on alone calls it
/// to save as its parent did from then on.
///
/// # Errors
/// The file or its folder cannot be written.
///
/// ```
/// perfkit::measure("work", || ());
/// assert_eq!(perfkit::save_report().unwrap(), None);
/// ```
pub fn save_report() -> Result<Option<PathBuf>, ReportError> {
    LazyLock::force(&GLOBAL);
    exit::save_now()
}
