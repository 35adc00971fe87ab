//! What the processor counts of one process.

use std::cell::Cell;

use perfkit::process::{HardwareCounter, HardwareEvent};

const EVENTS: [HardwareEvent; 2] = [HardwareEvent::Instructions, HardwareEvent::Cycles];

/// Whether the processor counts; where it once did not, it is not asked again.
#[derive(Debug, Default)]
pub(super) struct Counting {
    is_refused: [Cell<bool>; EVENTS.len()],
}

/// The counters of one process, so that what an earlier one left behind does not count.
pub(super) struct Counters([Option<HardwareCounter>; EVENTS.len()]);

impl Counting {
    /// Begins to count the next process that is started by the one of this number, or by this
    /// one.
    pub(super) fn begin(&self, starter: Option<u32>) -> Counters {
        let mut counters = [None, None];
        let all = counters.iter_mut().zip(&self.is_refused).zip(EVENTS);
        for ((counter, is_refused), event) in all {
            if is_refused.get() {
                continue;
            }
            let opened = match starter {
                Some(starter) => HardwareCounter::of_children_of(event, starter),
                None => HardwareCounter::of_children(event),
            };
            is_refused.set(opened.is_err());
            *counter = opened.ok();
        }
        Counters(counters)
    }
}

impl Counters {
    /// How many instructions and cycles were counted; a process that ran has more than nothing.
    pub(super) fn read(&self) -> [Option<u64>; EVENTS.len()] {
        let read = |counter: &HardwareCounter| counter.read().filter(|count| *count > 0);
        self.0
            .each_ref()
            .map(|counter| counter.as_ref().and_then(read))
    }
}
