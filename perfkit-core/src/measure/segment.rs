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

    /// A segment that began before, of which time alone is measured.
    pub(super) fn of_time(start: u64) -> Self {
        Self {
            resources: Resources {
                memory: None,
                cpu_start_ns: None,
            },
            start,
        }
    }

    /// Ends the segment, which began with the same options, and returns when, and
    /// what it used.
    #[inline(always)]
    pub(super) fn end(&self, options: Options, clock: &Clock) -> (u64, OptionalValues) {
        let end = clock.ticks();
        let duration = end.saturating_sub(self.start);
        let used = OptionalValues {
            busy_time: Some(duration),
            ..self.resources.used(options, clock, duration)
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

    /// What was used since, with the same options, in a time of so many ticks.
    #[inline(always)]
    pub(super) fn used(&self, options: Options, clock: &Clock, duration: u64) -> OptionalValues {
        let cpu_ns = match self.cpu_start_ns {
            Some(start_ns) if options.cpu => cpu_ns(start_ns, clock, duration),
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

/// The CPU time since, which is read outside of the time that passed: what the readings
/// themselves take must not make it more.
fn cpu_ns(start_ns: u64, clock: &Clock, duration: u64) -> Option<u64> {
    let used_ns = clock.thread_cpu_ns()?.saturating_sub(start_ns);
    let passed_ns = clock.scale_by_now().map(|scale| scale.ns(duration));
    Some(used_ns.min(passed_ns.unwrap_or(u64::MAX)))
}
