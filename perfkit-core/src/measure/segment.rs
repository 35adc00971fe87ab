//! What is read at both ends of a segment of work on one thread.

use crate::alloc::Mark;
use crate::clock::Clock;
use crate::monitor::Options;
use crate::recorder::OptionalValues;

/// What was read when the segment began.
#[derive(Debug)]
pub(super) struct Segment {
    resources: Resources,
    /// In ticks of the clock.
    pub(super) start: u64,
}

impl Segment {
    /// Begins a segment. The clock is read last, so that the other readings
    /// fall outside.
    #[inline(always)]
    pub(super) fn begin(options: Options, clock: &Clock) -> Self {
        Self {
            resources: Resources::begin(options, clock),
            start: clock.ticks(),
        }
    }

    /// Ends the segment, which began with the same options, and returns when, and
    /// what it used.
    #[inline(always)]
    pub(super) fn end(&self, options: Options, clock: &Clock) -> (u64, OptionalValues) {
        let end = clock.ticks();
        let used = OptionalValues {
            busy_time: Some(end.saturating_sub(self.start)),
            ..self.resources.used(options, clock)
        };
        (end, used)
    }
}

/// What was read beside time when the segment began.
#[derive(Debug)]
pub struct Resources {
    memory: Option<Mark>,
    cpu_start_ns: Option<u64>,
}

impl Resources {
    #[inline(always)]
    pub(super) fn begin(options: Options, clock: &Clock) -> Self {
        Self {
            memory: if options.memory { Mark::set() } else { None },
            cpu_start_ns: if options.cpu {
                clock.thread_cpu_ns()
            } else {
                None
            },
        }
    }

    /// What was used since, with the same options.
    #[inline(always)]
    pub(super) fn used(&self, options: Options, clock: &Clock) -> OptionalValues {
        let cpu_ns = match self.cpu_start_ns {
            Some(start_ns) if options.cpu => clock
                .thread_cpu_ns()
                .map(|end_ns| end_ns.saturating_sub(start_ns)),
            _ => None,
        };
        OptionalValues {
            busy_time: None,
            cpu_ns,
            memory: self
                .memory
                .as_ref()
                .filter(|_| options.memory)
                .map(Mark::read),
            work: options.work,
        }
    }
}
