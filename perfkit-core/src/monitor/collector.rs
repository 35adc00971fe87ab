//! Handing measurements to a collector, off the measured thread.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use crate::clock::Clock;
use crate::outcome::Failure;
use crate::recorder::{Sample, Section, generation};

use super::{Entry, Measurement};

/// Takes measurements as they are made, on a thread of its own.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use std::time::Duration;
///
/// let monitor = perfkit::Monitor::new();
/// let seen = Arc::new(Mutex::new(Vec::new()));
/// let sink = Arc::clone(&seen);
/// monitor.set_collector(move |m: &perfkit::Measurement| {
///     sink.lock().unwrap().push((m.operation.clone(), m.is_success()));
/// })?;
/// monitor.measure("work", || ());
/// assert!(monitor.flush_collector(Duration::from_secs(10)));
/// assert!(seen.lock().unwrap().contains(&("work".to_owned(), true)));
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Collector: Send {
    /// Takes one measurement. A panic here ends the delivery, not the program.
    fn collect(&mut self, measurement: &Measurement);
}

impl<F: FnMut(&Measurement) + Send> Collector for F {
    fn collect(&mut self, measurement: &Measurement) {
        self(measurement);
    }
}

/// How many calls wait for the collector at most; few under Miri, where each
/// takes long.
const QUEUE: usize = if cfg!(miri) { 32 } else { 4096 };

/// A call on its way to the collector.
pub(super) struct FinishedCall {
    pub(super) clock: Clock,
    pub(super) entry: Arc<Entry>,
    pub(super) sample: Sample,
    pub(super) failure: Option<Failure>,
    pub(super) timestamp: SystemTime,
}

enum Message {
    Call(FinishedCall),
    /// Answered when everything before it was collected.
    Flush(SyncSender<()>),
}

struct Worker {
    queue: SyncSender<Message>,
    thread: JoinHandle<()>,
    /// Of the process that the thread is in.
    generation: u64,
}

impl Worker {
    /// Whether the thread exists: a forked child does not have it.
    fn is_here(&self) -> bool {
        self.generation == generation()
    }
}

/// The way from the measured threads to the collector.
#[derive(Default)]
pub(super) struct Delivery {
    is_active: AtomicBool,
    dropped: Arc<AtomicU64>,
    worker: Mutex<Option<Worker>>,
}

impl Delivery {
    pub(super) fn is_active(&self) -> bool {
        self.is_active.load(Ordering::Relaxed)
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    pub(super) fn start(&self, collector: Box<dyn Collector>) -> std::io::Result<()> {
        let (queue, messages) = sync_channel(QUEUE);
        let dropped = Arc::clone(&self.dropped);
        let thread = std::thread::Builder::new()
            .name("perfkit-collector".to_owned())
            .spawn(move || {
                let deliver = AssertUnwindSafe(|| deliver(&messages, collector));
                if catch_unwind(deliver).is_err() {
                    let is_call = |message: &Message| matches!(message, Message::Call(_));
                    let lost = messages.try_iter().filter(is_call).count() as u64;
                    // And the one that it panicked on.
                    dropped.fetch_add(lost + 1, Ordering::Relaxed);
                }
            })?;
        let worker = Worker {
            queue,
            thread,
            generation: generation(),
        };
        Self::end(self.exchange(Some(worker)), JoinHandle::join);
        Ok(())
    }

    /// Takes the collector away and waits until it got what is queued.
    pub(super) fn stop(&self) {
        Self::end(self.exchange(None), JoinHandle::join);
    }

    /// Queues a call; drops and counts it when the queue is full.
    pub(super) fn send(&self, call: FinishedCall) {
        let Some(queue) = self.queue() else { return };
        if queue.try_send(Message::Call(call)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn flush(&self, timeout: Duration) -> bool {
        let Some(queue) = self.queue() else {
            return true;
        };
        // A century is as good as forever, and does not overflow.
        let deadline = Instant::now() + timeout.min(Duration::from_secs(3_000_000_000));
        let (answer, answered) = sync_channel(1);
        let mut request = Message::Flush(answer);
        loop {
            request = match queue.try_send(request) {
                Ok(()) => break,
                Err(TrySendError::Disconnected(_)) => return false,
                Err(TrySendError::Full(request)) => request,
            };
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        answered.recv_timeout(left).is_ok()
    }

    /// The queue; `None` without a collector, as in a forked child, and on the
    /// collector's own thread, where measuring would feed itself.
    fn queue(&self) -> Option<SyncSender<Message>> {
        let _section = Section::enter();
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        let worker = worker.as_ref().filter(|worker| worker.is_here())?;
        let is_own_thread = worker.thread.thread().id() == std::thread::current().id();
        (!is_own_thread).then(|| worker.queue.clone())
    }

    fn exchange(&self, worker: Option<Worker>) -> Option<Worker> {
        let _section = Section::enter();
        let mut current = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, so that it says what is there.
        self.is_active.store(worker.is_some(), Ordering::Relaxed);
        std::mem::replace(&mut *current, worker)
    }

    /// Closes the queue, and waits for the thread where that is wanted.
    fn end(worker: Option<Worker>, wait: impl FnOnce(JoinHandle<()>) -> std::thread::Result<()>) {
        let Some(worker) = worker else { return };
        if !worker.is_here() {
            // Its locks may be held for good by threads that a fork left behind.
            std::mem::forget(worker);
            return;
        }
        let Worker { queue, thread, .. } = worker;
        drop(queue);
        // A collector that replaces itself must not wait for itself.
        if thread.thread().id() != std::thread::current().id() {
            let _ = wait(thread);
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        // The last handle may go anywhere, where nobody wants to wait: the
        // thread ends by itself when the queue is empty.
        Self::end(self.exchange(None), |_| Ok(()));
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("is_active", &self.is_active())
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}

fn deliver(messages: &Receiver<Message>, mut collector: Box<dyn Collector>) {
    for message in messages {
        match message {
            Message::Call(call) => {
                let sample = call.sample.in_ns(call.clock.scale());
                let (name, failure) = (&call.entry.name, call.failure.as_ref());
                for measurement in Measurement::of_sample(name, &sample, failure, call.timestamp) {
                    collector.collect(&measurement);
                }
            }
            Message::Flush(answer) => {
                let _ = answer.send(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Monitor;

    #[test]
    #[cfg_attr(miri, ignore = "thousands of calls fill the queue")]
    fn a_collector_that_falls_behind_costs_calls_not_time() {
        let monitor = Monitor::new();
        let (release, wait) = std::sync::mpsc::channel::<()>();
        monitor
            .set_collector(move |_: &Measurement| {
                let _ = wait.recv();
            })
            .unwrap();
        let calls = QUEUE as u64 + 100;
        for _ in 0..calls {
            monitor.measure("fast", || ());
        }
        assert!(monitor.dropped_deliveries() >= 99);
        let snapshot = monitor.snapshot();
        assert_eq!(
            snapshot.operation("fast").unwrap().lifetime.calls.success,
            calls
        );
        assert!(!monitor.flush_collector(Duration::from_millis(20)));
        drop(release);
        assert!(monitor.flush_collector(Duration::from_secs(60)));
    }

    #[test]
    fn a_collector_that_panics_does_not_stop_the_program() {
        let monitor = Monitor::new();
        monitor
            .set_collector(|_: &Measurement| panic!("expected in this test"))
            .unwrap();
        for _ in 0..10 {
            monitor.measure("work", || ());
        }
        assert!(!monitor.flush_collector(Duration::MAX));
        monitor.remove_collector();
        assert!(monitor.flush_collector(Duration::ZERO));
        assert_eq!(monitor.dropped_deliveries(), 10);
    }
}
