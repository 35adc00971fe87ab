//! The thread that exports.

use std::fmt;
use std::sync::{Arc, Once};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use opentelemetry_proto::tonic::resource::v1::Resource;

use crate::export::metric_table::EXPORTED;
use crate::export::number_series::number_series;
use crate::export::program_totals;
use crate::export::shared::{Shared, deadline};
use crate::global;
use crate::monitor::Monitor;
use crate::process::spawn_without_signals;
use crate::report::{Note, NoteCode};
use crate::snapshot::{OperationSnapshot, Snapshot};
use crate::text::printable;

use super::config::{Config, Protocol};
use super::convert::{Export, Form, Request, Total};
use super::failure_log::{FailureLog, LastLine};
use super::growth::{Ledger, Reading};
use super::numbers::{self, NumberReading};
use super::points::Period;
use super::resource;
use super::send_error::SendError;
use super::transport::Transport;

/// What became of the data points so far. All that were produced are acknowledged, dropped or
/// pending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// How many exports were begun.
    pub exports: u64,
    /// Of those, how many did not arrive whole.
    pub failed_exports: u64,
    /// Data points that were to be sent.
    pub produced: u64,
    /// Data points that the collector accepted.
    pub acknowledged: u64,
    /// Data points that did not arrive. The next export that does arrive carries what
    /// these told, unless they are those of a delta that the collector rejected in part.
    pub dropped: u64,
    /// Data points of the export that is under way; where the program did not wait for its
    /// end, nobody knows whether they arrived.
    pub pending: u64,
    /// Whether the latest export that ended arrived whole; `None` before the first one ends.
    pub has_arrived: Option<bool>,
    /// The latest failure.
    pub last_error: Option<SendError>,
}

impl Stats {
    /// What did not arrive and why, for people; `None` where everything did.
    fn failure(&self) -> Option<String> {
        let lost = self.dropped.saturating_add(self.pending);
        let why = match &self.last_error {
            Some(error) => error.to_string(),
            None => "the collector did not answer in time".to_owned(),
        };
        let message = format!(
            "{lost} of {} data points did not arrive: {why}",
            self.produced
        );
        (lost > 0).then(|| printable(&message))
    }

    /// What a report says of it.
    fn note(&self) -> Option<Note> {
        let failure = self.failure()?;
        let note = match self.has_arrived == Some(true) && self.pending == 0 {
            true => Note::info(
                NoteCode::NotExported,
                format!("OTLP: {failure}; the latest export did arrive"),
            ),
            false => Note::warning(NoteCode::NotExported, format!("OTLP: {failure}")),
        };
        Some(note)
    }
}

/// A running export. Dropped, it sends the last values and ends, waiting at most for
/// [`Config::shutdown_timeout`]. It says that exports fail where [`Config::failure_log`] wants
/// it, once a minute at most, and the report of the global monitor has a note then.
#[must_use = "the export ends when this is dropped"]
pub struct Otlp {
    shared: Arc<Shared<State>>,
    thread: Option<JoinHandle<()>>,
    shutdown_timeout: Duration,
    failure_log: FailureLog,
    is_of_global: bool,
    unobeyed: Vec<String>,
}

#[derive(Default)]
struct State {
    /// When the thread shall end, after one last export which has until then.
    stop_by: Option<Instant>,
    /// Exports that were asked for beside those of the interval.
    requested: u64,
    /// Of those, how many were answered.
    answered: u64,
    /// What the values are of from the next export on, where that is said from outside.
    resource: Option<Resource>,
    /// Whether there is no last export at the end.
    has_told_all: bool,
    has_ended: bool,
    stats: Stats,
    last_line: LastLine,
}

/// Tells of a failure, and puts it into the reports of the global monitor.
fn tell(shared: &Shared<State>, log: &FailureLog, is_of_global: bool) {
    let mut state = shared.lock();
    let stats = state.stats.clone();
    let has_failed = stats.has_arrived == Some(false) || stats.pending > 0;
    let is_due = has_failed && state.last_line.is_due(Instant::now());
    drop(state);
    if is_of_global {
        global::set_note("otlp", stats.note());
    }
    if let Some(failure) = stats.failure().filter(|_| is_due) {
        log.say(&format!(
            "the OTLP export fails, and the program goes on: {failure}"
        ));
    }
}

/// What OpenTelemetry calls this exporter.
fn component(protocol: Protocol) -> (&'static str, &'static str) {
    let name = match protocol {
        Protocol::HttpProtobuf => "otlp_http_metric_exporter",
        #[cfg(feature = "otlp-json")]
        Protocol::HttpJson => "otlp_http_json_metric_exporter",
        #[cfg(feature = "otlp-grpc")]
        Protocol::Grpc => "otlp_grpc_metric_exporter",
    };
    ("otel.component.type", name)
}

/// However short an interval is asked for, a collector has a pause.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);

impl Otlp {
    pub(super) fn start(monitor: Monitor, config: Config) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (shutdown_timeout, failure_log) = (config.shutdown_timeout, config.failure_log.clone());
        let is_of_global = monitor.is_global();
        let mut thread = None;
        if config.is_enabled {
            let exporter = Exporter {
                monitor,
                transport: Transport::new(&config),
                form: Form::of(&config),
                shared: Arc::clone(&shared),
                since: None,
                ledger: Ledger::default(),
                resource: resource::of_process(config.detects_resource),
                config,
            };
            let builder = std::thread::Builder::new().name("perfkit-otlp".to_owned());
            thread = Some(spawn_without_signals(builder, move || exporter.run())?);
        }
        Ok(Self {
            shared,
            thread,
            shutdown_timeout,
            failure_log,
            is_of_global,
            unobeyed: Vec::new(),
        })
    }

    /// Says once in a process which variables are not obeyed.
    pub(super) fn names_unobeyed(&mut self, variables: Vec<String>) {
        static ONCE: Once = Once::new();
        if !variables.is_empty() {
            let list = variables.join(", ");
            ONCE.call_once(|| {
                global::print_error(&format!("the OTLP export does not obey {list}"));
            });
        }
        self.unobeyed = variables;
    }

    /// The environment variables that are set, speak of metrics and are not obeyed, by name.
    /// Those of an export that was started with a [`Config`] are not looked at.
    #[must_use]
    pub fn unobeyed(&self) -> &[String] {
        &self.unobeyed
    }

    /// Exports now and waits until that is done, at most for `timeout`; whether
    /// everything arrived.
    pub fn flush(&self, timeout: Duration) -> bool {
        let requested = self.request(None);
        requested.is_none_or(|requested| self.wait_for(requested, timeout))
    }

    /// Begins an export, from which on the values are of a resource if one is given; `None`
    /// where nothing is exported.
    pub(super) fn request(&self, resource: Option<Resource>) -> Option<Requested> {
        self.thread.as_ref()?;
        let mut state = self.shared.lock();
        state.requested += 1;
        if resource.is_some() {
            state.resource = resource;
        }
        let requested = Requested {
            number: state.requested,
            dropped: state.stats.dropped,
        };
        drop(state);
        self.shared.notify_all();
        Some(requested)
    }

    /// Waits until an export is done; whether everything arrived.
    pub(super) fn wait_for(&self, requested: Requested, timeout: Duration) -> bool {
        let Requested { number, dropped } = requested;
        let state = self.shared.lock();
        let state = self.shared.wait(state, deadline(timeout), |state| {
            state.answered >= number || state.has_ended
        });
        state.answered >= number && state.stats.dropped == dropped
    }

    /// Ends the export without sending anything more.
    #[cfg(feature = "otlp-bridge")]
    pub(super) fn end_untold(mut self, timeout: Duration) -> bool {
        self.shared.lock().has_told_all = true;
        self.end(timeout)
    }

    /// Sends the last values and ends the export, waiting at most for
    /// `timeout`; whether it ended in time.
    pub fn shutdown(mut self, timeout: Duration) -> bool {
        self.end(timeout)
    }

    /// What became of the data points so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.lock().stats.clone()
    }

    fn end(&mut self, timeout: Duration) -> bool {
        let Some(thread) = self.thread.take() else {
            return true;
        };
        let deadline = deadline(timeout);
        let mut state = self.shared.lock();
        state.stop_by = Some(deadline);
        self.shared.notify_all();
        let ended = self
            .shared
            .wait(state, deadline, |state| state.has_ended)
            .has_ended;
        if ended {
            let _ = thread.join();
        } else {
            tell(&self.shared, &self.failure_log, self.is_of_global);
        }
        ended
    }
}

impl Drop for Otlp {
    fn drop(&mut self) {
        self.end(self.shutdown_timeout);
    }
}

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Otlp")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// An export that was asked for, and how much was lost before it.
#[derive(Clone, Copy)]
pub(super) struct Requested {
    number: u64,
    dropped: u64,
}

struct Exporter {
    monitor: Monitor,
    transport: Transport,
    config: Config,
    form: Form,
    shared: Arc<Shared<State>>,
    /// Since when values are counted: by the monitor's own clock, which tells when it was
    /// reset, and as a time of day.
    since: Option<(u64, SystemTime)>,
    resource: Resource,
    /// What arrived; kept where differences are told.
    ledger: Ledger,
}

impl Exporter {
    fn run(mut self) {
        let interval = self.config.interval.max(SHORTEST_INTERVAL);
        let mut next = deadline(interval);
        loop {
            let state = self.shared.lock();
            let mut state = self.shared.wait(state, next, |state| {
                state.stop_by.is_some() || state.requested > state.answered
            });
            let (stop_by, requested) = (state.stop_by, state.requested);
            let has_told_all = state.has_told_all;
            if let Some(resource) = state.resource.take() {
                self.resource = resource;
            }
            drop(state);
            let now = Instant::now();
            let timeout = deadline(self.config.export_timeout);
            let end = stop_by.map_or(timeout, |stop_by| stop_by.min(timeout));
            if !has_told_all {
                self.export(end, stop_by);
            }
            tell(
                &self.shared,
                &self.config.failure_log,
                self.monitor.is_global(),
            );
            let mut state = self.shared.lock();
            state.answered = requested;
            state.has_ended = stop_by.is_some();
            let has_ended = state.has_ended;
            drop(state);
            self.shared.notify_all();
            if has_ended {
                return;
            }
            if now >= next {
                next = deadline(interval);
            }
        }
    }

    fn export(&mut self, deadline: Instant, stop_by: Option<Instant>) {
        let (snapshot, started) = self.snapshot();
        let start = match self.since {
            Some((then, start)) if then == started => start,
            _ => {
                // What was counted before is gone.
                self.ledger = Ledger::default();
                let start = snapshot.taken_at.checked_sub(snapshot.uptime);
                start.unwrap_or(snapshot.taken_at)
            }
        };
        self.since = Some((started, start));
        let period = Period::new(start, snapshot.taken_at);
        let export = Export {
            readings: self.readings(&snapshot.operations),
            totals: self.totals(&snapshot.operations),
            period,
            form: &self.form,
            resource: &self.resource,
        };
        let mut requests = export.requests();
        let numbers = number_series(&snapshot.counters, &snapshot.gauges).into_iter();
        let numbers = numbers.map(|series| NumberReading::new(series, &self.ledger));
        let numbers: Vec<_> = numbers.collect();
        requests.extend(numbers::requests(
            &numbers,
            period,
            &self.form,
            &self.resource,
        ));
        let totals = export.totals;
        let mut state = self.shared.lock();
        state.stats.exports += 1;
        state.stats.pending = requests.iter().map(|r| r.data_points).sum();
        state.stats.produced += state.stats.pending;
        let dropped_before = state.stats.dropped;
        drop(state);
        // Waiting to retry ends early when the program wants to end.
        let shared = Arc::clone(&self.shared);
        let shall_stop = move || shared.lock().stop_by != stop_by;
        let mut operations: Vec<_> = snapshot.operations.into_iter().map(Some).collect();
        for request in &requests {
            let result = self.transport.send(request, deadline, &shall_stop);
            if self.form.has_deltas() && has_arrived(&result) {
                for operation in &mut operations[request.operations.clone()] {
                    let operation = operation.take().into_iter();
                    operation.for_each(|whole| self.ledger.arrived(whole, period.end));
                }
                for number in &numbers[request.numbers.clone()] {
                    number.arrived(&mut self.ledger, period.end);
                }
                for total in totals.iter().filter(|_| request.has_totals) {
                    self.ledger
                        .total_arrived(total.key(), total.value, period.end);
                }
            }
            count(&mut self.shared.lock().stats, request, result);
        }
        let stats = &mut self.shared.lock().stats;
        let has_arrived = stats.dropped == dropped_before;
        stats.has_arrived = Some(has_arrived);
        stats.failed_exports += u64::from(!has_arrived);
    }

    /// All operations, and when the monitor began to count them.
    fn snapshot(&self) -> (Snapshot, u64) {
        loop {
            let started = self.monitor.started();
            let snapshot = self.monitor.snapshot();
            // A reset meanwhile would make values of both sides of it.
            if self.monitor.started() == started {
                return (snapshot, started);
            }
        }
    }

    /// The numbers that are not of one operation, those of one metric together.
    fn totals(&self, operations: &[OperationSnapshot]) -> Vec<Total> {
        let stats = self.shared.lock().stats.clone();
        let component = component(self.config.protocol);
        let exported = |value, attributes| Total {
            attributes,
            ..Total::from((&EXPORTED, value))
        };
        let mut totals = vec![
            exported(stats.acknowledged, vec![component]),
            exported(stats.dropped, vec![component, ("error.type", "dropped")]),
        ];
        let of_program = program_totals::of_running(&self.monitor).into_iter();
        let of_program = of_program.chain(program_totals::overflow_calls(operations));
        totals.extend(of_program.map(Total::from));
        for total in &mut totals {
            total.added = self.ledger.read_total(&total.key(), total.value);
        }
        totals
    }

    fn readings<'a>(&self, operations: &'a [OperationSnapshot]) -> Vec<Reading<'a>> {
        let read = |operation| match self.form.has_deltas() {
            true => self.ledger.read(operation),
            false => Reading::untold(operation),
        };
        operations.iter().map(read).collect()
    }
}

/// Whether a request is done with. One that was accepted in part is: to send it again would
/// double the rest.
fn has_arrived(result: &Result<u64, SendError>) -> bool {
    matches!(result, Ok(_) | Err(SendError::Rejected(..)))
}

fn count(stats: &mut Stats, request: &Request, result: Result<u64, SendError>) {
    stats.pending -= request.data_points;
    match result {
        Ok(accepted) => stats.acknowledged += accepted,
        Err(error) => {
            let rejected = match error {
                SendError::Rejected(points, _) => points.min(request.data_points),
                _ => request.data_points,
            };
            stats.dropped += rejected;
            stats.acknowledged += request.data_points - rejected;
            stats.last_error = Some(error);
        }
    }
}
