//! A run while it goes on: what it came to so far, and the signals that end it.

use std::future::Future;
use std::time::{Duration, Instant};

use perfkit::OperationSnapshot;
use perfkit::load::{Handle, LoadResult};
use perfkit::unit::Unit;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::runtime::Runtime;

use crate::args::Verbosity;
use crate::error::Error;
use crate::interrupt::Signals;
use crate::terminal::ProgressLine;

/// How often the line is drawn.
const PAUSE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 200_000_000,
};

/// What looks at runs.
pub(super) struct Watch<'a> {
    signals: &'a Signals,
    verbosity: Verbosity,
}

impl<'a> Watch<'a> {
    pub(super) fn new(signals: &'a Signals, verbosity: Verbosity) -> Self {
        Self { signals, verbosity }
    }

    /// Runs a load to its end, or until a signal asks for one: the first waits for what is in
    /// flight, the second does not.
    pub(super) fn run(
        &self,
        runtime: &Runtime,
        planned: Duration,
        handle: Handle,
        load: impl Future<Output = LoadResult> + Send + 'static,
    ) -> Result<LoadResult, Error> {
        let line = ProgressLine::start(self.verbosity > Verbosity::Quiet);
        let started = Instant::now();
        let (ended, is_ended) = std::os::unix::net::UnixStream::pair()
            .map_err(|error| Error::data(format!("cannot wait for requests: {error}")))?;
        let task = runtime.spawn(async move {
            let result = load.await;
            // It tells that it ended by being closed.
            drop(ended);
            result
        });
        let mut passed_on = self.signals.requests();
        let mut last = Looked::default();
        while !task.is_finished() {
            let end = self.signals.end_fd();
            let mut watched = [
                PollFd::from_borrowed_fd(end, PollFlags::IN),
                PollFd::new(&is_ended, PollFlags::IN),
            ];
            // Woken early or not at all, the loop looks again.
            let _ = poll(&mut watched, Some(&PAUSE));
            while passed_on < self.signals.requests() {
                passed_on += 1;
                handle.stop();
            }
            let elapsed = started.elapsed();
            let share = elapsed.as_secs_f64() / planned.as_secs_f64().max(1e-3);
            line.show(share, elapsed, || match handle.so_far() {
                Some(now) => last.look(&now, elapsed),
                None => String::new(),
            });
        }
        drop(line);
        runtime
            .block_on(task)
            .map_err(|error| Error::data(format!("the load ended by itself: {error}")))
    }
}

/// What was seen a moment ago.
#[derive(Default)]
struct Looked {
    at: Duration,
    calls: u64,
    rate: f64,
}

impl Looked {
    /// The line: `4,980/s, in flight 12, p50 1.2 ms, p99 8.4 ms, failed 3`.
    fn look(&mut self, now: &OperationSnapshot, at: Duration) -> String {
        let calls = now.lifetime.calls;
        let span = at.saturating_sub(self.at).as_secs_f64();
        if span >= 0.9 {
            self.rate = calls.total().saturating_sub(self.calls) as f64 / span;
            (self.at, self.calls) = (at, calls.total());
        }
        let time = now.lifetime.call_time();
        let at = |quantile| {
            let ns = time.and_then(|time| time.percentile(quantile));
            ns.map_or_else(|| "-".to_owned(), |ns| Unit::Nanoseconds.format(ns, 3))
        };
        format!(
            "{}, in flight {}, p50 {}, p99 {}, not succeeded {}",
            Unit::PerSecond.format(self.rate, 3),
            now.calls_in_flight,
            at(0.5),
            at(0.99),
            calls.total().saturating_sub(calls.success)
        )
    }
}
