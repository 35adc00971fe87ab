//! The program's own monitor, and what the environment asks of it.
//!
//! - `PERFKIT=off` records nothing, `PERFKIT=on` records (the default),
//!   `PERFKIT=summary` also prints a summary to standard error at exit, `PERFKIT=watch` also
//!   lets `perfkit watch` look at the program while it runs. See `watch/`.
//! - `PERFKIT_REPORT=path.json` saves a report at exit; `{pid}` in the path
//!   becomes the process id, so that several processes can share the setting.
//! - While the program runs, the file is saved every second on a thread of its own, or as
//!   often as `PERFKIT_REPORT_EVERY=5s` says; `off` saves it at the end alone.
//! - A signal that ends the program does so after the report is saved and printed;
//!   `PERFKIT_SIGNALS=off` leaves signals alone. See `signals.rs`.
//! - `PERFKIT_MAX_OPERATIONS` and others set its limits. See `limits.rs`.
//!
//! The environment is read when the global monitor is first used. "At exit" is
//! when `main` returns, `std::process::exit` is called, or a signal ends the program that
//! has its default action. `abort`, `_exit` and `exec` run nothing.

mod exit;
mod limits;
mod output;
mod saver;
mod settings;
#[cfg_attr(
    not(all(any(target_os = "linux", target_os = "freebsd"), not(miri))),
    path = "no_signals.rs"
)]
mod signals;
#[cfg_attr(not(unix), path = "no_watch.rs")]
#[doc(hidden)]
pub mod watch;

use std::error::Error;
use std::fmt::{self, Display};
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

#[cfg(feature = "stream")]
use futures_core::Stream;

#[cfg(feature = "stream")]
use crate::measure::MeasuredStream;
use crate::measure::{MeasuredFuture, Timer};
use crate::monitor::{Counter, Gauge, Monitor, MonitorBuilder, Operation};
use crate::outcome::Outcome;
use crate::recorder::MonitorState;
use crate::report::ReportError;
use crate::snapshot::Snapshot;

pub(crate) use output::print_error;
#[cfg(feature = "otlp")]
pub(crate) use output::set_note;

static GLOBAL: OnceLock<Monitor> = OnceLock::new();

/// Makes the global monitor. What the environment sets goes before what the program does.
fn start(builder: MonitorBuilder) -> Monitor {
    let settings = settings::from_environment();
    let builder = settings.limits.apply(builder);
    let monitor = builder.build_with(MonitorState::Global);
    monitor.set_enabled(settings.is_enabled);
    exit::arrange(&settings, &monitor);
    monitor.when_collecting(exit::flush_collector_at_exit);
    monitor
}

impl Monitor {
    /// The monitor that `#[measure]` and the functions of this crate record to.
    #[must_use]
    pub fn global() -> &'static Self {
        GLOBAL.get_or_init(|| start(Self::builder()))
    }
}

/// Sets the limits and windows of the global monitor, first thing in `main`. What
/// environment variables set, such as `PERFKIT_MAX_OPERATIONS`, goes before it.
///
/// # Errors
/// The global monitor is in use already, and stays as it is: something was measured, or
/// another function that uses it was called.
///
/// ```
/// // First thing in `main`:
/// perfkit::configure(|monitor| monitor.max_operations(5000).last_calls(100))?;
/// perfkit::measure("work", || ());
/// assert!(perfkit::configure(|monitor| monitor.last_calls(10)).is_err());
/// # Ok::<(), perfkit::ConfigureError>(())
/// ```
pub fn configure(
    settings: impl FnOnce(MonitorBuilder) -> MonitorBuilder,
) -> Result<(), ConfigureError> {
    // Before the monitor is being made, as it may use it itself.
    let builder = settings(Monitor::builder());
    let mut is_first = false;
    GLOBAL.get_or_init(|| {
        is_first = true;
        start(builder)
    });
    is_first.then_some(()).ok_or(ConfigureError)
}

/// The global monitor cannot be configured, because it is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigureError;

impl Display for ConfigureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the global monitor is in use already and stays as it is: call perfkit::configure first thing in main",
        )
    }
}

impl Error for ConfigureError {}

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

/// Measures a stream from its first poll to its end, on the global monitor; see
/// [`Operation::measure_stream`].
///
/// ```
/// use futures_util::{StreamExt, stream};
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let numbers = perfkit::measure_stream("numbers", stream::iter(1..=3));
/// assert_eq!(numbers.collect::<Vec<_>>().await, [1, 2, 3]);
/// # });
/// ```
#[cfg(feature = "stream")]
pub fn measure_stream<S: Stream>(name: &str, work: S) -> MeasuredStream<S> {
    Monitor::global().measure_stream(name, work)
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

/// The counter of the given name on the global monitor; see [`Counter`].
///
/// ```
/// let hits = perfkit::counter("cache_hits");
/// hits.increment();
/// assert_eq!(perfkit::snapshot().counter("cache_hits").unwrap().lifetime.total, 1);
/// ```
pub fn counter(name: &str) -> Counter {
    Monitor::global().counter(name)
}

/// The counter of a name and labels on the global monitor; see [`Monitor::counter_labelled`].
pub fn counter_labelled<V: Display>(name: &str, labels: &[(&str, V)]) -> Counter {
    Monitor::global().counter_labelled(name, labels)
}

/// The gauge of the given name on the global monitor; see [`Gauge`].
///
/// ```
/// let waiting = perfkit::gauge("queue_length");
/// waiting.add(3.0);
/// waiting.subtract(1.0);
/// assert_eq!(perfkit::snapshot().gauge("queue_length").unwrap().value, Some(2.0));
/// ```
pub fn gauge(name: &str) -> Gauge {
    Monitor::global().gauge(name)
}

/// The gauge of a name and labels on the global monitor; see [`Monitor::gauge_labelled`].
pub fn gauge_labelled<V: Display>(name: &str, labels: &[(&str, V)]) -> Gauge {
    Monitor::global().gauge_labelled(name, labels)
}

/// Names a ratio of counters of the global monitor: one over the sum of some; see
/// [`Monitor::ratio`].
///
/// ```
/// let (hits, misses) = (perfkit::counter("hits"), perfkit::counter("misses"));
/// perfkit::ratio("hit_rate", &hits, &[&hits, &misses]);
/// hits.add(3);
/// misses.increment();
/// assert_eq!(perfkit::snapshot().ratio("hit_rate").unwrap().lifetime.value, Some(0.75));
/// ```
pub fn ratio(name: &str, numerator: &Counter, denominator: &[&Counter]) {
    Monitor::global().ratio(name, numerator, denominator);
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
    let _ = Monitor::global();
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
    let _ = Monitor::global();
    exit::save_now()
}

/// Lets `perfkit watch` look at this program while it runs, as `PERFKIT=watch` does; returns
/// the local socket on which it is asked.
///
/// A thread of its own answers each request with a report, to processes of the same user
/// alone. The socket is in `$XDG_RUNTIME_DIR/perfkit`, or else in a folder `perfkit-UID` of
/// the temporary folder, for this user alone (mode 0700), and is removed when the program
/// exits; what a killed program leaves, `perfkit watch` removes. A forked child calls it to
/// have a socket of its own.
///
/// # Errors
/// No socket or thread can be had; the folder is open to others; the program has rights that
/// whoever started it has not (setuid, setgid, capabilities of its file), was built without
/// the feature `record`, or does not run on Unix.
///
/// ```
/// if let Err(error) = perfkit::watchable() {
///     eprintln!("this program cannot be watched: {error}");
/// }
/// ```
pub fn watchable() -> io::Result<PathBuf> {
    exit::be_watchable(Monitor::global())
}
