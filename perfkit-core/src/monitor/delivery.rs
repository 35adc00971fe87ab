//! Handing calls to a collector, off the measured thread.
//!
//! Each call that was finished while there was a collector is delivered or counted as
//! dropped: one that its thread puts into a queue as the collector ends stays there, and is
//! counted when it is asked how many were dropped.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::clock::Clock;
use crate::process::spawn_without_signals_of_writing;
use crate::recorder::Section;

use super::Entry;
use super::channel::{Call, Channel, is_known, send};
use super::collecting::collect;
use super::collector::Collector;

/// The collector's thread, and the channel to it.
struct Worker {
    channel: Arc<Channel>,
    thread: JoinHandle<()>,
}

/// What hands calls of the measured threads to the collector.
#[derive(Default)]
pub(super) struct Delivery {
    /// The number of the channel; zero without a collector.
    channel: AtomicU64,
    dropped: Arc<AtomicU64>,
    workers: Mutex<Workers>,
    /// Called when there is a collector for the first time.
    begin: OnceLock<fn()>,
}

#[derive(Default)]
struct Workers {
    current: Option<Worker>,
    /// Those of collectors that have ended, as long as a thread may put a call in.
    ended: Vec<Arc<Channel>>,
}

impl Delivery {
    pub(super) fn is_active(&self) -> bool {
        self.channel.load(Ordering::Relaxed) != 0
    }

    /// What to do when there is a collector.
    pub(super) fn at_begin(&self, begin: fn()) {
        let _ = self.begin.set(begin);
    }

    /// How many calls no collector got that should have.
    pub(super) fn dropped(&self) -> u64 {
        let left = self.with_workers(|workers| {
            let ended = workers.ended.iter();
            // One that panicked leaves what it did not get to.
            let current = workers.current.iter().map(|worker| &worker.channel);
            let left = ended.chain(current).map(|channel| channel.left_behind());
            left.sum::<u64>()
        });
        self.dropped.load(Ordering::Relaxed) + left
    }

    pub(super) fn start(&self, collector: Box<dyn Collector>, clock: Clock) -> std::io::Result<()> {
        let channel = Channel::new(clock, Arc::clone(&self.dropped));
        let (dropped, read) = (Arc::clone(&self.dropped), Arc::clone(&channel));
        let builder = std::thread::Builder::new().name("perfkit-collector".to_owned());
        let thread = spawn_without_signals_of_writing(builder, move || {
            let collect = AssertUnwindSafe(|| collect(&read, collector, &dropped));
            if catch_unwind(collect).is_err() {
                // The one that it panicked on.
                dropped.fetch_add(1, Ordering::Relaxed);
            }
            // Nobody waits for an answer any more.
            read.with_shared(|shared| {
                (shared.is_ended, shared.is_finished) = (true, true);
                shared.flushes.clear();
            });
        })?;
        Self::end(self.exchange(Some(Worker { channel, thread })), |thread| {
            let _ = thread.join();
        });
        if let Some(begin) = self.begin.get() {
            begin();
        }
        Ok(())
    }

    /// Takes the collector away and waits until it got what is queued.
    pub(super) fn stop(&self) {
        Self::end(self.exchange(None), |thread| drop(thread.join()));
        self.settle();
    }

    /// The number of the channel to the collector; zero without one.
    pub(super) fn channel(&self) -> u64 {
        self.channel.load(Ordering::Acquire)
    }

    /// Queues a call of an operation; drops and counts it when the queue is full.
    pub(super) fn send(&self, entry: &Arc<Entry>, call: Call) {
        let channel = self.channel();
        let not_sent = match entry.known_to.load(Ordering::Acquire) == channel {
            true => send(channel, call),
            false => Some(call),
        };
        if let Some(call) = not_sent {
            self.send_first(entry, call);
        }
    }

    /// Queues the first call of a thread or an operation, or one of a thread that ends.
    #[cold]
    fn send_first(&self, entry: &Arc<Entry>, call: Call) {
        if let Some(channel) = self.channel_to(entry)
            && let Some(call) = send(channel.id, call)
        {
            channel.send_late(call);
        }
    }

    /// Makes a sender for the calls of an operation from this thread; says whether there is one.
    #[cold]
    pub(super) fn is_ready_for(&self, entry: &Arc<Entry>) -> bool {
        self.channel_to(entry)
            .is_some_and(|channel| is_known(channel.id))
    }

    /// The channel for calls of an operation, which this thread knows from here on unless it
    /// ends.
    fn channel_to(&self, entry: &Arc<Entry>) -> Option<Arc<Channel>> {
        let channel = self.with_workers(|workers| {
            let current = workers.current.as_ref().filter(|it| it.channel.is_here());
            current.map(|worker| Arc::clone(&worker.channel))
        })?;
        channel.announce(entry);
        if !is_known(channel.id) {
            channel.register();
        }
        Some(channel)
    }

    pub(super) fn flush(&self, timeout: Duration) -> bool {
        let channel = self.with_workers(|workers| {
            let current = workers.current.as_ref()?;
            let can_be_waited_for =
                current.channel.is_here() && !current.channel.is_read_by_this_thread();
            can_be_waited_for.then(|| Arc::clone(&current.channel))
        });
        let Some(channel) = channel else { return true };
        let (answer, answered) = sync_channel(1);
        let is_asked = channel.with_shared(|shared| {
            if !shared.is_ended {
                shared.flushes.push(answer);
            }
            !shared.is_ended
        });
        channel.wake();
        // A century is as good as forever, and does not overflow.
        let timeout = timeout.min(Duration::from_secs(3_000_000_000));
        is_asked && answered.recv_timeout(timeout).is_ok()
    }

    fn with_workers<T>(&self, work: impl FnOnce(&mut Workers) -> T) -> T {
        let _section = Section::enter();
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut workers)
    }

    fn exchange(&self, worker: Option<Worker>) -> Option<Worker> {
        self.with_workers(|workers| {
            // Under the lock, so that it says what is there.
            let id = worker.as_ref().map_or(0, |worker| worker.channel.id);
            self.channel.store(id, Ordering::Release);
            let before = std::mem::replace(&mut workers.current, worker);
            if let Some(before) = before.as_ref().filter(|before| before.channel.is_here()) {
                workers.ended.push(Arc::clone(&before.channel));
            }
            before
        })
    }

    /// Counts what the ends of collectors left behind, as far as it is final.
    fn settle(&self) {
        self.with_workers(|workers| {
            workers.ended.retain(|channel| {
                let (left, may_be_more) = channel.settle();
                self.dropped.fetch_add(left, Ordering::Relaxed);
                may_be_more
            });
        });
    }

    /// Tells the thread to end, and waits for it where that is wanted.
    fn end(worker: Option<Worker>, wait: impl FnOnce(JoinHandle<()>)) {
        let Some(Worker { channel, thread }) = worker else {
            return;
        };
        channel.close();
        if !channel.is_here() {
            // The thread is not there to be waited for.
            std::mem::forget(thread);
            return;
        }
        channel.with_shared(|shared| shared.is_ended = true);
        channel.wake();
        // A collector that replaces itself must not wait for itself.
        if thread.thread().id() != std::thread::current().id() {
            wait(thread);
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        // The last handle may go anywhere, where nobody wants to wait: the
        // thread ends by itself when the queues are empty.
        Self::end(self.exchange(None), drop);
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

#[cfg(all(test, not(perfkit_loom)))]
mod tests {
    use super::super::channel::QUEUE;
    use super::super::{CollectedCall, Measurement, Monitor};
    use super::*;

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
        assert_eq!(monitor.dropped_deliveries(), 10);
        monitor.remove_collector();
        assert!(monitor.flush_collector(Duration::ZERO));
        assert_eq!(monitor.dropped_deliveries(), 10);
    }

    /// Counts calls, and how often it was told to let go.
    #[derive(Clone, Default)]
    struct Counts(Arc<[AtomicU64; 2]>);

    impl Collector for Counts {
        fn collect(&mut self, _: &Measurement) {}

        fn collect_call(&mut self, _: &CollectedCall<'_>) {
            self.0[0].fetch_add(1, Ordering::Relaxed);
        }

        fn flush(&mut self) {
            self.0[1].fetch_add(1, Ordering::Relaxed);
        }

        fn take_lost(&mut self) -> u64 {
            3
        }
    }

    #[test]
    fn what_a_collector_could_not_keep_is_dropped() {
        let monitor = Monitor::new();
        let counts = Counts::default();
        monitor.set_collector(counts.clone()).unwrap();
        monitor.measure("work", || ());
        monitor.remove_collector();
        let [calls, flushes] = [0, 1].map(|at: usize| counts.0[at].load(Ordering::Relaxed));
        assert_eq!((calls, flushes), (1, 1));
        assert_eq!(monitor.dropped_deliveries(), 3);
    }

    /// Every call goes somewhere, while collectors come, panic and go.
    #[test]
    fn calls_are_delivered_or_dropped_whatever_becomes_of_collectors() {
        let (rounds, calls) = if cfg!(miri) { (2, 10) } else { (20, 2_000) };
        let monitor = Monitor::new();
        let counts = Counts::default();
        let quiet = |counts: &Counts| {
            let counts = counts.clone();
            move |measurement: &Measurement| {
                let is_one_of_each = measurement.metric == crate::Metric::SELF_TIME;
                counts.0[0].fetch_add(u64::from(is_one_of_each), Ordering::Relaxed);
            }
        };
        monitor.set_collector(quiet(&counts)).unwrap();
        for _ in 0..rounds {
            std::thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| (0..calls).for_each(|_| monitor.measure("work", || ())));
                }
                monitor.set_collector(quiet(&counts)).unwrap();
            });
        }
        monitor.remove_collector();
        let delivered = counts.0[0].load(Ordering::Relaxed);
        let made = monitor
            .snapshot()
            .operation("work")
            .unwrap()
            .lifetime
            .count();
        assert_eq!(made, rounds * 3 * calls);
        assert_eq!(delivered + monitor.dropped_deliveries(), made);
        assert!(delivered > 0);
    }
}
