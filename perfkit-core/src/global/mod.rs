//! The program's own monitor, and what the environment asks of it.
//!
//! - `PERFKIT=off` records nothing, `PERFKIT=on` records (the default),
//!   `PERFKIT=summary` also prints a summary to standard error at exit.
//! - `PERFKIT_REPORT=path.json` saves a report at exit; `{pid}` in the path
//!   becomes the process id, so that several processes can share the setting.
//! - `PERFKIT_REPORT_EVERY=5s` also saves it that often meanwhile, on a thread of
//!   its own, for programs that are ended by a signal.
//!
//! The environment is read when the global monitor is first used. "At exit" is
//! when `main` returns or `std::process::exit` is called; a signal, `abort` and
//! `_exit` run nothing.

mod exit;
mod settings;

use std::fmt::Display;
use std::future::Future;
use std::sync::LazyLock;

use crate::measure::{MeasuredFuture, Timer};
use crate::monitor::{Monitor, Operation};
use crate::outcome::Outcome;
use crate::recorder::MonitorState;
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
/// exits, as `PERFKIT=summary` does.
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
