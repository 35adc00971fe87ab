//! Operations that are futures, on the runtime of the caller.

use std::future::Future;
use std::sync::Arc;
use std::thread;

use tokio::runtime::Handle as Runtime;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::answer::Answer;
use super::handle::{Handle, StopWhenDropped};
use super::meter::{Meter, Operation};
use super::open::{Open, Plan};
use super::pace::{Pacer, drain, pace};
use super::result::LoadResult;

impl Open {
    /// Runs it on the runtime of the caller, a task for each operation, and returns when the
    /// last one has ended. The schedule has a thread of its own, which keeps a processor busy
    /// where gaps are shorter than 150 µs.
    ///
    /// `work` makes an operation of its number in the whole schedule, from 0. How it ended, its
    /// value says: see [`Answer`].
    ///
    /// # Panics
    /// As tokio does where there is no runtime. Operations may panic: they are counted.
    pub async fn run<W, F>(self, work: W) -> LoadResult
    where
        W: Fn(u64) -> F + Send + Sync + 'static,
        F: Future + Send + 'static,
        F::Output: Answer,
    {
        let runtime = Runtime::current();
        let handle = self.handle.clone();
        let plan = self.plan();
        let meter = Arc::new(plan.meter(self.max_in_flight));
        handle.is_of(&meter, &plan.run);
        let unfinished = plan.run.clone();
        let (done, result) = oneshot::channel();
        let _stop = StopWhenDropped(handle.clone());
        let started = thread::Builder::new()
            .name("perfkit-load".to_owned())
            .spawn({
                let meter = Arc::clone(&meter);
                move || {
                    let result = generate(plan, &meter, &handle, &runtime, &Arc::new(work));
                    // Nobody may be waiting any more.
                    let _ = done.send(result);
                }
            });
        match (started, result.await) {
            (Ok(_), Ok(result)) => result,
            // There is no thread for it: nothing was due.
            _ => LoadResult::new(meter.close(unfinished, 0)),
        }
    }
}

fn generate<W, F>(
    plan: Plan,
    meter: &Arc<Meter>,
    handle: &Handle,
    runtime: &Runtime,
    work: &Arc<W>,
) -> LoadResult
where
    W: Fn(u64) -> F + Send + Sync + 'static,
    F: Future + Send + 'static,
    F::Output: Answer,
{
    let mut started = InFlight::default();
    let (drain_ns, warm_up_ns, mut run) = (plan.drain_ns, plan.warm_up_ns, plan.run);
    let paced = pace(plan.schedule, meter, handle, drain_ns, &mut Pacer, |due| {
        if let Some(operation) = meter.admit(due.at_ns) {
            let work = Arc::clone(work);
            let task = runtime.spawn(measured(operation, work, due.index));
            started.add(task.abort_handle(), meter.in_flight());
        }
    });
    run.is_interrupted = paced.is_interrupted;
    drain(meter, handle, drain_ns, &mut Pacer);
    started.abort();
    // Those that can be cancelled are so at once.
    drain(meter, &Handle::default(), ABORT_NS, &mut Pacer);
    LoadResult::new(meter.close(run, paced.ended_ns.saturating_sub(warm_up_ns)))
}

/// How long tasks are waited for that were told to end.
const ABORT_NS: u64 = 1_000_000_000;

async fn measured<W, F>(mut operation: Operation, work: Arc<W>, index: u64)
where
    W: Fn(u64) -> F,
    F: Future,
    F::Output: Answer,
{
    operation.begin();
    let outcome = work(index).await.into_outcome();
    operation.end(&outcome);
}

/// The tasks that may be in flight.
#[derive(Default)]
struct InFlight {
    tasks: Vec<AbortHandle>,
}

impl InFlight {
    /// Adds one. Those that ended are forgotten when they are most.
    fn add(&mut self, task: AbortHandle, in_flight: u64) {
        const FEW: usize = 1024;
        let many = usize::try_from(in_flight)
            .unwrap_or(usize::MAX)
            .saturating_mul(2)
            .max(FEW);
        if self.tasks.len() >= many {
            self.tasks.retain(|task| !task.is_finished());
        }
        self.tasks.push(task);
    }

    fn abort(&self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}
