//! What is read at both ends of a segment of work on one thread.

use crate::alloc::{Mark, MemoryUse};
use crate::clock::Clock;
use crate::monitor::Options;

/// What was read when the segment began.
#[derive(Debug)]
pub(super) struct Segment {
    memory: Option<Mark>,
    cpu_start_ns: Option<u64>,
    /// In ticks of the clock.
    pub(super) start: u64,
}

/// What a segment, or all segments of a call, used.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used {
    /// In ticks of the clock.
    pub(super) busy_time: u64,
    pub(super) cpu_ns: Option<u64>,
    pub(super) memory: Option<MemoryUse>,
}

impl Segment {
    /// Begins a segment. The clock is read last, so that the other readings
    /// fall outside.
    #[inline]
    pub(super) fn begin(options: Options, clock: &Clock) -> Self {
        let memory = if options.memory { Mark::set() } else { None };
        let cpu_start_ns = if options.cpu {
            clock.thread_cpu_ns()
        } else {
            None
        };
        Self {
            memory,
            cpu_start_ns,
            start: clock.ticks(),
        }
    }

    /// Ends the segment and returns when, and what it used.
    #[inline]
    pub(super) fn end(self, clock: &Clock) -> (u64, Used) {
        let end = clock.ticks();
        let cpu_ns = match self.cpu_start_ns {
            Some(start_ns) => clock
                .thread_cpu_ns()
                .map(|end| end.saturating_sub(start_ns)),
            None => None,
        };
        let used = Used {
            busy_time: end.saturating_sub(self.start),
            memory: self.memory.as_ref().map(Mark::read),
            cpu_ns,
        };
        (end, used)
    }
}

impl Used {
    /// Adds a later segment of the same call.
    #[inline]
    pub(super) fn then(&mut self, later: Self) {
        self.busy_time = self.busy_time.saturating_add(later.busy_time);
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
