//! Operations that are synchronous, on threads of a pool.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::answer::Answer;
use super::handle::Handle;
use super::meter::Operation;
use super::open::Open;
use super::pace::{Pacer, drain, pace};
use super::result::LoadResult;

/// An operation and its number.
type Started = (Operation, u64);

impl Open {
    /// Runs synchronous work on so many threads, and returns when the last operation has ended.
    /// The calling thread keeps the schedule.
    ///
    /// What is due while all threads are busy waits for one: that is in its response time and
    /// its lag, and where it is long the generator is unfit; it takes more threads then. A
    /// thread cannot be cancelled: one that does not return in time is left behind, and its
    /// operation counted as cancelled, without a time.
    pub fn run_blocking<W, A>(self, threads: usize, work: W) -> LoadResult
    where
        W: Fn(u64) -> A + Send + Sync + 'static,
        A: Answer,
    {
        let plan = self.plan();
        let meter = Arc::new(plan.meter(self.max_in_flight));
        self.handle.is_of(&meter, &plan.run);
        let (queue, started) = channel::<Started>();
        let started = Arc::new(Mutex::new(started));
        let work = Arc::new(work);
        let spawned = (0..threads.max(1)).filter(|number| {
            let (work, started) = (Arc::clone(&work), Arc::clone(&started));
            let builder = thread::Builder::new().name(format!("perfkit-load-{number}"));
            builder.spawn(move || serve(&started, &*work)).is_ok()
        });
        let mut run = plan.run;
        if spawned.count() == 0 {
            return LoadResult::new(meter.close(run, 0));
        }
        let (handle, drain_ns) = (&self.handle, plan.drain_ns);
        let paced = pace(plan.schedule, &meter, handle, drain_ns, &mut Pacer, |due| {
            if let Some(operation) = meter.admit(due.at_ns) {
                send(&queue, (operation, due.index));
            }
        });
        run.is_interrupted = paced.is_interrupted;
        drain(&meter, handle, drain_ns, &mut Pacer);
        // What no thread has begun will not begin.
        while let Some(never_begun) = next_at_once(&started) {
            drop(never_begun);
        }
        drop(queue);
        drain(&meter, &Handle::default(), ABORT_NS, &mut Pacer);
        LoadResult::new(meter.close(run, paced.ended_ns.saturating_sub(plan.warm_up_ns)))
    }
}

/// How long work is waited for that is told of no end.
const ABORT_NS: u64 = 10_000_000;

/// The receiver lives as long as this thread does.
fn send(queue: &Sender<Started>, started: Started) {
    let _ = queue.send(started);
}

fn next_at_once(started: &Mutex<Receiver<Started>>) -> Option<Started> {
    // A thread that waits for the next operation has it until there is one.
    let started = started.try_lock().ok()?;
    started.try_recv().ok()
}

fn serve<A: Answer>(started: &Mutex<Receiver<Started>>, work: &impl Fn(u64) -> A) {
    loop {
        let next = {
            let started = started.lock().unwrap_or_else(PoisonError::into_inner);
            started.recv()
        };
        let Ok((mut operation, index)) = next else {
            return;
        };
        operation.begin();
        // One that panics is counted when it is dropped, and its thread goes on.
        let _ = catch_unwind(AssertUnwindSafe(move || {
            let outcome = work(index).into_outcome();
            operation.end(&outcome);
        }));
    }
}
