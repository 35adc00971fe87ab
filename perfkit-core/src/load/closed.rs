//! A closed load, for comparison.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Handle as Runtime;
use tokio::task::{AbortHandle, JoinHandle};

use crate::clock::Clock;
use crate::load_run::{LoadModel, LoadRun};

use super::answer::Answer;
use super::handle::Handle;
use super::meter::Meter;
use super::open::nanoseconds;
use super::result::LoadResult;

/// So many clients, each of which starts its next operation when the one before has ended, for
/// 10 s unless another time is asked for.
///
/// What a slow moment holds back is in no time of a closed load (coordinated omission): at a
/// steady rate users wait longer than its percentiles say. Each result says so.
pub fn closed(clients: u64) -> Closed {
    Closed {
        name: "load".to_owned(),
        clients,
        duration: Duration::from_secs(10),
        drain: Duration::from_secs(10),
        handle: Handle::default(),
    }
}

/// A load whose clients wait for answers. See [`closed`].
#[derive(Debug)]
#[must_use = "nothing is started before it is run"]
pub struct Closed {
    name: String,
    clients: u64,
    duration: Duration,
    drain: Duration,
    handle: Handle,
}

impl Closed {
    /// For how long operations are started.
    pub fn for_(mut self, duration: Duration) -> Self {
        self.duration = duration;
        self
    }

    /// How long operations that are in flight at the end are waited for, 10 s by default.
    pub fn drain(mut self, longest: Duration) -> Self {
        self.drain = longest;
        self
    }

    /// The name of the operation in reports, `load` by default.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// What ends the run before its time and reads it while it goes on.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Runs it on the runtime of the caller, a task for each client, as
    /// [`Open::run`](super::Open::run) does. The runtime's time must be enabled.
    ///
    /// # Panics
    /// As tokio does where there is no runtime, or one without time.
    pub async fn run<W, F>(self, work: W) -> LoadResult
    where
        W: Fn(u64) -> F + Send + Sync + 'static,
        F: Future + Send + 'static,
        F::Output: Answer,
    {
        let runtime = Runtime::current();
        let mut run = LoadRun::new(LoadModel::Closed);
        run.clients = self.clients;
        let meter = Arc::new(Meter::new(&self.name, Clock::os(), 0, u64::MAX));
        self.handle.is_of(&meter, &run);
        let end_ns = nanoseconds(self.duration);
        let (work, next) = (Arc::new(work), Arc::new(AtomicU64::new(0)));
        let clients: Vec<_> = (0..self.clients)
            .map(|_| {
                let (meter, handle) = (Arc::clone(&meter), self.handle.clone());
                let (work, next) = (Arc::clone(&work), Arc::clone(&next));
                runtime.spawn(async move {
                    while meter.now_ns() < end_ns && handle.requests() == 0 {
                        // A task of its own: one that panics takes no client with it.
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let call = tokio::spawn(call(Arc::clone(&meter), Arc::clone(&work), index));
                        let _cancelled_with_it = AbortOnDrop(vec![call.abort_handle()]);
                        let _ = call.await;
                    }
                })
            })
            .collect();
        let clients = clients.iter().map(JoinHandle::abort_handle);
        let clients = AbortOnDrop(clients.collect());
        let is_over = || meter.now_ns() >= end_ns || self.handle.requests() > 0;
        while !is_over() {
            tokio::time::sleep(PAUSE).await;
        }
        let ended_ns = meter.now_ns().min(end_ns);
        run.is_interrupted = ended_ns < end_ns;
        let given_up_ns = meter.now_ns().saturating_add(nanoseconds(self.drain));
        let is_waited_for = || meter.now_ns() < given_up_ns && self.handle.requests() < 2;
        while meter.in_flight() > 0 && is_waited_for() {
            tokio::time::sleep(PAUSE).await;
        }
        drop(clients);
        tokio::time::sleep(PAUSE).await;
        LoadResult::new(meter.close(run, ended_ns))
    }
}

/// How often is looked whether it is over.
const PAUSE: Duration = Duration::from_millis(2);

async fn call<W, F>(meter: Arc<Meter>, work: Arc<W>, index: u64)
where
    W: Fn(u64) -> F,
    F: Future,
    F::Output: Answer,
{
    let now_ns = meter.now_ns();
    if let Some(mut operation) = meter.admit(now_ns) {
        operation.begin_when_due();
        let outcome = work(index).await.into_outcome();
        operation.end(&outcome);
    }
}

/// Tasks, which end with whoever waits for them.
struct AbortOnDrop(Vec<AbortHandle>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}
