//! What is read at both ends of a stretch of work on one thread.

use crate::alloc::{Mark, MemoryUse};
use crate::monitor::Operation;

/// What was read when the stretch began.
#[derive(Debug)]
pub(super) struct Segment {
    memory: Option<Mark>,
    cpu_start_ns: Option<u64>,
    pub(super) start_ns: u64,
}

/// What a stretch, or all stretches of a call, used.
#[derive(Debug, Default)]
pub(super) struct Used {
    pub(super) busy_ns: u64,
    pub(super) cpu_ns: Option<u64>,
    pub(super) memory: Option<MemoryUse>,
}

impl Segment {
    /// Begins a stretch. The clock is read last, so that the other readings
    /// fall outside.
    pub(super) fn begin(operation: &Operation) -> Self {
        let options = operation.options;
        let clock = operation.monitor.clock();
        let memory = options.memory.then(Mark::set).flatten();
        let cpu_start_ns = options.cpu.then(|| clock.thread_cpu_ns()).flatten();
        Self {
            memory,
            cpu_start_ns,
            start_ns: clock.now_ns(),
        }
    }

    /// Ends the stretch and returns when, and what it used.
    pub(super) fn end(self, operation: &Operation) -> (u64, Used) {
        let clock = operation.monitor.clock();
        let end_ns = clock.now_ns();
        let cpu_ns = self.cpu_start_ns.and_then(|start_ns| {
            let end_ns = clock.thread_cpu_ns()?;
            Some(end_ns.saturating_sub(start_ns))
        });
        let used = Used {
            busy_ns: end_ns.saturating_sub(self.start_ns),
            memory: self.memory.map(Mark::read),
            cpu_ns,
        };
        (end_ns, used)
    }
}

impl Used {
    /// Adds a later stretch of the same call.
    pub(super) fn then(&mut self, later: Self) {
        self.busy_ns = self.busy_ns.saturating_add(later.busy_ns);
        self.cpu_ns = match (self.cpu_ns, later.cpu_ns) {
            (Some(earlier), Some(later)) => Some(earlier.saturating_add(later)),
            (earlier, later) => earlier.or(later),
        };
        match (&mut self.memory, later.memory) {
            (Some(earlier), Some(later)) => earlier.then(later),
            (earlier, later) => *earlier = earlier.or(later),
        }
    }
}
