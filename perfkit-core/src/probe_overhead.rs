//! What measuring itself costs on this machine.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::monitor::Monitor;
use crate::number;
use crate::stats;

/// What a measured call costs beside the work that it measures.
///
/// Found by measuring empty calls, in some 0.1 ms, the first time that a report is
/// made. It is what such a call costs in a loop that does nothing else; where the
/// processor has other work to do meanwhile, less of it is felt.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProbeOverhead {
    /// What a measured call takes longer than a bare one, in nanoseconds.
    #[serde(serialize_with = "number::serialize")]
    pub call_ns: f64,
    /// The part of it that the call's own time contains, in nanoseconds: what a
    /// call that does nothing reads as.
    #[serde(serialize_with = "number::serialize")]
    pub inside_ns: f64,
}

const ROUNDS: usize = 15;
const CALLS: u32 = 100;

impl ProbeOverhead {
    /// The cost on the clock of the given name; `None` on a clock that does not
    /// run.
    pub(crate) fn on_clock(name: &str) -> Option<Self> {
        static ON_FASTEST: OnceLock<ProbeOverhead> = OnceLock::new();
        static ON_OS: OnceLock<ProbeOverhead> = OnceLock::new();
        let [fastest, os] = [Clock::fastest(), Clock::os()];
        if name == fastest.name() {
            Some(once(&ON_FASTEST, || Self::measure(fastest)))
        } else if name == os.name() {
            Some(once(&ON_OS, || Self::measure(os)))
        } else {
            None
        }
    }

    fn measure(clock: Clock) -> Self {
        let monitor = Monitor::with_clock(clock);
        let operation = monitor.operation("probe");
        let round = |_| {
            let start = Instant::now();
            for call in 0..CALLS {
                operation.measure(|| black_box(call));
            }
            start.elapsed().as_nanos() as f64 / f64::from(CALLS)
        };
        let rounds: Vec<f64> = (0..ROUNDS).map(round).collect();
        let call_ns = stats::sorted(&rounds).and_then(|rounds| stats::percentile(&rounds, 0.25));
        let snapshot = monitor.snapshot();
        let inside_ns = snapshot
            .operation("probe")
            .and_then(|probe| probe.last_calls.average());
        let tenths = |ns: Option<f64>| (ns.unwrap_or(0.0) * 10.0).round() / 10.0;
        Self {
            call_ns: tenths(call_ns),
            inside_ns: tenths(inside_ns),
        }
    }

    /// Whether a call so short is read too long by a tenth or more.
    pub(crate) fn is_felt_in(&self, ns: f64) -> bool {
        ns < 10.0 * self.inside_ns
    }
}

/// What was found first. Threads that find it at the same time do not wait for each other: a
/// fork meanwhile would leave a child that waits for a thread which it does not have.
fn once<T: Copy>(known: &OnceLock<T>, find: impl FnOnce() -> T) -> T {
    if let Some(known) = known.get() {
        return *known;
    }
    let found = find();
    *known.get_or_init(|| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_finds_it_too_does_not_wait() {
        let known = OnceLock::new();
        let find = || {
            assert_eq!(once(&known, || 1), 1);
            2
        };
        assert_eq!(once(&known, find), 1);
    }

    #[test]
    #[cfg_attr(miri, ignore = "times calls for as long as a processor would need")]
    fn the_part_inside_is_less_than_the_whole() {
        let cost = ProbeOverhead::on_clock(Clock::fastest().name()).unwrap();
        assert!(cost.call_ns > 0.0, "{cost:?}");
        assert!(cost.inside_ns <= 2.0 * cost.call_ns, "{cost:?}");
        assert_eq!(ProbeOverhead::on_clock("mock"), None);
    }
}
