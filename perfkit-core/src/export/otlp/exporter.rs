//! The thread that exports.

use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use crate::export::shared::{Shared, deadline};
use crate::monitor::Monitor;
use crate::process::{self, spawn_without_signals};

use super::config::Config;
use super::convert::{self, Period};
use super::transport::{SendError, Transport};

/// What became of the data points so far: all that were produced are either
/// acknowledged or dropped, unless an export is under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// How many exports were begun.
    pub exports: u64,
    /// Data points that were to be sent.
    pub produced: u64,
    /// Data points that the collector accepted.
    pub acknowledged: u64,
    /// Data points that did not arrive. Values are cumulative, so the next
    /// export that does arrive carries what these told.
    pub dropped: u64,
    /// The latest failure.
    pub last_error: Option<SendError>,
}

/// A running export. Dropped, it sends the last values and ends, waiting at
/// most for the configured timeout.
#[must_use = "the export ends when this is dropped"]
pub struct Otlp {
    shared: Arc<Shared<State>>,
    thread: Option<JoinHandle<()>>,
    timeout: Duration,
}

#[derive(Default)]
struct State {
    /// When the thread shall end, after one last export which has until then.
    stop_by: Option<Instant>,
    /// Exports that were asked for beside those of the interval.
    requested: u64,
    /// Of those, how many were answered.
    answered: u64,
    has_ended: bool,
    stats: Stats,
}

/// However short an interval is asked for, a collector has a pause.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);

impl Otlp {
    pub(super) fn start(monitor: Monitor, config: Config) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let timeout = config.timeout;
        let mut thread = None;
        if config.is_enabled {
            let exporter = Exporter {
                monitor,
                transport: Transport::new(&config),
                config,
                shared: Arc::clone(&shared),
                start: None,
            };
            let builder = std::thread::Builder::new().name("perfkit-otlp".to_owned());
            thread = Some(spawn_without_signals(builder, move || exporter.run())?);
        }
        Ok(Self {
            shared,
            thread,
            timeout,
        })
    }

    /// Exports now and waits until that is done, at most for `timeout`; whether
    /// everything arrived.
    pub fn flush(&self, timeout: Duration) -> bool {
        if self.thread.is_none() {
            return true;
        }
        let deadline = deadline(timeout);
        let mut state = self.shared.lock();
        state.requested += 1;
        let mine = state.requested;
        let dropped = state.stats.dropped;
        self.shared.notify_all();
        let state = self.shared.wait(state, deadline, |state| {
            state.answered >= mine || state.has_ended
        });
        state.answered >= mine && state.stats.dropped == dropped
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
        }
        ended
    }
}

impl Drop for Otlp {
    fn drop(&mut self) {
        self.end(self.timeout);
    }
}

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Otlp")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

struct Exporter {
    monitor: Monitor,
    transport: Transport,
    config: Config,
    shared: Arc<Shared<State>>,
    /// When the values that are cumulative began, and the monitor's uptime then
    /// last seen: a shorter one means that it was reset.
    start: Option<(SystemTime, Duration)>,
}

impl Exporter {
    fn run(mut self) {
        let interval = self.config.interval.max(SHORTEST_INTERVAL);
        let mut next = deadline(interval);
        loop {
            let state = self.shared.lock();
            let state = self.shared.wait(state, next, |state| {
                state.stop_by.is_some() || state.requested > state.answered
            });
            let (stop_by, requested) = (state.stop_by, state.requested);
            drop(state);
            let now = Instant::now();
            let timeout = deadline(self.config.timeout);
            let end = stop_by.map_or(timeout, |stop_by| stop_by.min(timeout));
            self.export(end, stop_by);
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
        let snapshot = self.monitor.snapshot();
        let began = snapshot.taken_at.checked_sub(snapshot.uptime);
        let start = match self.start {
            Some((start, uptime)) if snapshot.uptime >= uptime => start,
            _ => began.unwrap_or(snapshot.taken_at),
        };
        self.start = Some((start, snapshot.uptime));
        let period = Period::new(start, snapshot.taken_at);
        let requests = convert::requests(&snapshot.operations, process::usage(), period);
        let mut state = self.shared.lock();
        state.stats.exports += 1;
        state.stats.produced += requests.iter().map(|r| r.data_points).sum::<u64>();
        drop(state);
        // Waiting to retry ends early when the program wants to end.
        let shared = Arc::clone(&self.shared);
        let shall_stop = move || shared.lock().stop_by != stop_by;
        for request in &requests {
            let result = self.transport.send(request, deadline, &shall_stop);
            let stats = &mut self.shared.lock().stats;
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
    }
}
