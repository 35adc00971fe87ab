//! What counts operations under load while they run, on whatever thread.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::load_run::LoadRun;
use crate::outcome::{Failure, Outcome};
use crate::snapshot::OperationSnapshot;

use super::account::{Account, Times};

/// How many accounts there are, so that threads seldom wait for each other.
const ACCOUNTS: usize = 16;

/// Counts the operations of a run. Those that are due in the warm-up are run and not counted.
#[derive(Debug)]
pub(super) struct Meter {
    name: String,
    clock: Clock,
    origin_ns: u64,
    counted_from_ns: u64,
    max_in_flight: u64,
    accounts: Vec<Mutex<Account>>,
    in_flight: AtomicU64,
    most_in_flight: AtomicU64,
    offered: AtomicU64,
    shed: AtomicU64,
    warm_up_calls: AtomicU64,
    dropped: AtomicU64,
    is_closed: AtomicBool,
}

impl Meter {
    pub(super) fn new(name: &str, clock: Clock, counted_from_ns: u64, max_in_flight: u64) -> Self {
        Self {
            name: name.to_owned(),
            origin_ns: clock.now_ns(),
            clock,
            counted_from_ns,
            max_in_flight,
            accounts: (0..ACCOUNTS).map(|_| Mutex::default()).collect(),
            in_flight: AtomicU64::new(0),
            most_in_flight: AtomicU64::new(0),
            offered: AtomicU64::new(0),
            shed: AtomicU64::new(0),
            warm_up_calls: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            is_closed: AtomicBool::new(false),
        }
    }

    /// Nanoseconds since the start of the run.
    pub(super) fn now_ns(&self) -> u64 {
        self.clock.now_ns().saturating_sub(self.origin_ns)
    }

    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Acquire)
    }

    /// Counts an operation that is due; `None` where too many are in flight for it to start.
    pub(super) fn admit(self: &Arc<Self>, due_ns: u64) -> Option<Operation> {
        let is_counted = self.offer(due_ns);
        // Only one thread admits, and others only make it less.
        if self.in_flight() >= self.max_in_flight {
            if is_counted {
                self.shed.fetch_add(1, Ordering::Relaxed);
                let text = format!("{} were in flight, which is the most", self.max_in_flight);
                let failure = Failure::new("shed", text);
                lock(self.own_account()).record_unstarted(&failure, 1);
            }
            return None;
        }
        let in_flight = self.in_flight.fetch_add(1, Ordering::AcqRel) + 1;
        self.most_in_flight.fetch_max(in_flight, Ordering::Relaxed);
        Some(Operation {
            meter: Arc::clone(self),
            due_ns,
            began_ns: None,
            is_counted,
            is_ended: false,
        })
    }

    /// Counts operations that were due and that the generator never came to start.
    pub(super) fn shed_all(&self, due: impl Iterator<Item = u64>) {
        let counted = due.filter(|due_ns| self.offer(*due_ns)).count() as u64;
        self.shed.fetch_add(counted, Ordering::Relaxed);
        let text = "the generator itself was too late to start it";
        let failure = Failure::new("not_started", text);
        lock(self.own_account()).record_unstarted(&failure, counted);
    }

    /// Whether it is counted.
    fn offer(&self, due_ns: u64) -> bool {
        let is_counted = due_ns >= self.counted_from_ns;
        let count = match is_counted {
            true => &self.offered,
            false => &self.warm_up_calls,
        };
        count.fetch_add(1, Ordering::Relaxed);
        is_counted
    }

    fn own_account(&self) -> &Mutex<Account> {
        let index = slot() % self.accounts.len().max(1);
        &self.accounts[index]
    }

    fn end(&self, times: Times, outcome: &Outcome) {
        let mut account = lock(self.own_account());
        // Whoever closes it looks at the account afterwards.
        if !self.is_closed.load(Ordering::SeqCst) {
            account.record(times, outcome);
        }
    }

    /// What was counted so far.
    fn total(&self) -> Account {
        let mut total = Account::default();
        for account in &self.accounts {
            total.merge(&lock(account));
        }
        total
    }

    /// The operation as it stands after so long.
    pub(super) fn so_far(&self, run: LoadRun) -> OperationSnapshot {
        let total = self.total();
        let span_ns = self.now_ns().saturating_sub(self.counted_from_ns);
        let mut operation = total.operation(&self.name, self.counted(run), span_ns);
        operation.calls_in_flight = self.in_flight();
        operation
    }

    /// The operation at the end. What has not ended by now is counted as cancelled, and what
    /// it does afterwards changes nothing.
    pub(super) fn close(&self, run: LoadRun, span_ns: u64) -> OperationSnapshot {
        self.is_closed.store(true, Ordering::SeqCst);
        let mut total = self.total();
        let mut run = self.counted(run);
        let lost = run.offered.saturating_sub(total.ended());
        total.record_lost(lost);
        run.cut_off = run.cut_off.saturating_add(lost);
        total.operation(&self.name, run, span_ns)
    }

    fn counted(&self, run: LoadRun) -> LoadRun {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        LoadRun {
            offered: get(&self.offered),
            shed: get(&self.shed),
            warm_up_calls: get(&self.warm_up_calls),
            cut_off: get(&self.dropped),
            most_in_flight: get(&self.most_in_flight),
            ..run
        }
    }
}

/// An operation that is in flight. Dropped before it ended, it panicked or was cancelled.
#[derive(Debug)]
pub(super) struct Operation {
    meter: Arc<Meter>,
    due_ns: u64,
    began_ns: Option<u64>,
    is_counted: bool,
    is_ended: bool,
}

impl Operation {
    pub(super) fn begin(&mut self) {
        self.began_ns = Some(self.meter.now_ns());
    }

    /// Begins at the moment at which it is due: there is no schedule that it could be late for.
    pub(super) fn begin_when_due(&mut self) {
        self.began_ns = Some(self.due_ns);
    }

    pub(super) fn end(mut self, outcome: &Outcome) {
        self.count(outcome);
    }

    fn count(&mut self, outcome: &Outcome) {
        self.is_ended = true;
        if self.is_counted {
            let times = Times {
                due: self.due_ns,
                began: self.began_ns,
                ended: self.meter.now_ns(),
            };
            self.meter.end(times, outcome);
        }
        self.meter.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if self.is_ended {
            return;
        }
        if std::thread::panicking() {
            return self.count(&Outcome::Panic);
        }
        if self.is_counted {
            self.meter.dropped.fetch_add(1, Ordering::Relaxed);
        }
        self.count(&Outcome::Cancelled);
    }
}

/// A number of the calling thread, so that each has an account to itself where there are few.
fn slot() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SLOT: Cell<Option<usize>> = const { Cell::new(None) };
    }
    let known = SLOT.try_with(|slot| {
        let number = slot
            .get()
            .unwrap_or_else(|| NEXT.fetch_add(1, Ordering::Relaxed));
        slot.set(Some(number));
        number
    });
    known.unwrap_or_default()
}

fn lock(account: &Mutex<Account>) -> MutexGuard<'_, Account> {
    account.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::MockClock;
    use crate::load_run::LoadModel;

    const MS: Duration = Duration::from_millis(1);

    fn meter(clock: &MockClock, max_in_flight: u64) -> Arc<Meter> {
        Arc::new(Meter::new(
            "work",
            clock.clone().into(),
            1_000_000,
            max_in_flight,
        ))
    }

    fn run() -> LoadRun {
        LoadRun::new(LoadModel::Open)
    }

    #[test]
    fn times_count_from_when_an_operation_was_due() {
        let clock = MockClock::new();
        let meter = meter(&clock, 10);
        clock.advance(3 * MS);
        let mut operation = meter.admit(1_000_000).unwrap();
        clock.advance(MS);
        operation.begin();
        clock.advance(5 * MS);
        operation.end(&Outcome::Success);
        let found = meter.close(run(), 1_000_000_000);
        let max = |metric: &str| found.lifetime.metric(metric).unwrap().max;
        assert_eq!(max("execution_time"), Some(8e6));
        assert_eq!(max("service_time"), Some(5e6));
        assert_eq!(max("schedule_lag"), Some(3e6));
        assert_eq!(found.lifetime.calls_per_second, Some(1.0));
    }

    #[test]
    fn each_operation_that_was_due_is_counted_once_however_it_ends() {
        let clock = MockClock::new();
        let meter = meter(&clock, 4);
        // The warm-up's.
        meter.admit(0).unwrap().end(&Outcome::Success);
        meter.admit(2_000_000).unwrap().end(&Outcome::Success);
        let failure = Outcome::Failure(Failure::new("refused", "no"));
        meter.admit(2_000_000).unwrap().end(&failure);
        let panicking = meter.admit(2_000_000).unwrap();
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _in_flight = panicking;
            panic!("expected in this test");
        }));
        drop(meter.admit(2_000_000));
        let in_flight: Vec<_> = (0..4).map(|_| meter.admit(2_000_000).unwrap()).collect();
        assert!(meter.admit(2_000_000).is_none());
        meter.shed_all([0, 2_000_000, 2_000_001].into_iter());
        let found = meter.close(run(), 1);
        // Too late to be counted otherwise.
        drop(in_flight);
        let calls = found.lifetime.calls;
        let ends = [calls.success, calls.failure, calls.panic, calls.cancelled];
        assert_eq!(ends, [1, 4, 1, 5]);
        let load = found.load.unwrap();
        assert_eq!((load.offered, load.warm_up_calls), (11, 2));
        assert_eq!((load.shed, load.cut_off, load.most_in_flight), (3, 5, 4));
        let kinds = found.errors.iter().map(|e| (e.kind.as_str(), e.count));
        let mut kinds: Vec<_> = kinds.collect();
        kinds.sort_unstable();
        assert_eq!(kinds, [("not_started", 2), ("refused", 1), ("shed", 1)]);
        assert_eq!(meter.in_flight(), 0);
    }
}
