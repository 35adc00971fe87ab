//! What measuring itself costs on this machine.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Waker};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::metric::Metric;
use crate::monitor::{Monitor, Operation};
use crate::number;
use crate::snapshot::OperationSnapshot;
use crate::stats;

/// What a measured call costs beside the work that it measures.
///
/// Found by measuring empty calls, in some 0.1 ms for each kind, the first time that a
/// report is made with calls of the kind. It is what such a call costs in a loop that does
/// nothing else; where the processor has other work to do meanwhile, less of it is felt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProbeOverhead {
    /// What a measured call takes longer than a bare one, in nanoseconds.
    #[serde(serialize_with = "number::serialize")]
    pub call_ns: f64,
    /// The part of it that the call's own time contains, in nanoseconds: what a
    /// call that does nothing reads as.
    #[serde(serialize_with = "number::serialize")]
    pub inside_ns: f64,
    /// The same as `call_ns` of a call of which memory is measured; `None` where none was.
    #[serde(
        default,
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub memory_call_ns: Option<f64>,
    /// Of a call of which CPU time is measured.
    #[serde(
        default,
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub cpu_call_ns: Option<f64>,
    /// Of an async call that is ready when it is polled.
    #[serde(
        default,
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub async_call_ns: Option<f64>,
    /// Of a call that returns an error, whose text is not written.
    #[serde(
        default,
        serialize_with = "number::serialize_option",
        skip_serializing_if = "Option::is_none"
    )]
    pub failed_call_ns: Option<f64>,
}

const ROUNDS: usize = 15;
const CALLS: u32 = 100;

/// What was found on one clock.
struct Found {
    plain: OnceLock<ProbeOverhead>,
    memory: OnceLock<f64>,
    cpu: OnceLock<f64>,
    poll: OnceLock<f64>,
    failed: OnceLock<f64>,
}

impl Found {
    const fn nothing() -> Self {
        Self {
            plain: OnceLock::new(),
            memory: OnceLock::new(),
            cpu: OnceLock::new(),
            poll: OnceLock::new(),
            failed: OnceLock::new(),
        }
    }
}

impl ProbeOverhead {
    /// The cost on the clock of the given name, of the kinds of calls that there are;
    /// `None` on a clock that does not run.
    pub(crate) fn on_clock(name: &str, operations: &[OperationSnapshot]) -> Option<Self> {
        static ON_FASTEST: Found = Found::nothing();
        static ON_OS: Found = Found::nothing();
        let [fastest, os] = [Clock::fastest(), Clock::os()];
        if name == fastest.name() {
            Some(Self::of_kinds(&ON_FASTEST, &fastest, operations))
        } else if name == os.name() {
            Some(Self::of_kinds(&ON_OS, &os, operations))
        } else {
            None
        }
    }

    fn of_kinds(found: &Found, clock: &Clock, operations: &[OperationSnapshot]) -> Self {
        let windows = || operations.iter().map(|operation| &operation.lifetime);
        let has = |metric| windows().any(|window| window.metrics.contains_key(metric));
        let of_kind = |is_used: bool, known, call: fn(&Operation)| {
            is_used.then(|| once(known, || tenths(call_ns(clock, call))))
        };
        Self {
            memory_call_ns: of_kind(has(&Metric::ALLOCATED), &found.memory, |probe| {
                probe.clone().memory().measure(|| black_box(0));
            }),
            cpu_call_ns: of_kind(has(&Metric::CPU_TIME), &found.cpu, |probe| {
                probe.clone().cpu().measure(|| black_box(0));
            }),
            async_call_ns: of_kind(has(&Metric::BUSY_TIME), &found.poll, |probe| {
                let mut call = pin!(probe.measure_async(async { black_box(0) }));
                let _ = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            }),
            failed_call_ns: of_kind(has(&Metric::FAILURE_TIME), &found.failed, |probe| {
                let _ = probe.try_measure(|| black_box(Err::<(), _>("")));
            }),
            ..once(&found.plain, || Self::plain(clock))
        }
    }

    fn plain(clock: &Clock) -> Self {
        let monitor = Monitor::with_clock(clock.clone());
        let operation = monitor.operation("probe");
        let call_ns = call_ns_of(|| {
            operation.measure(|| black_box(0));
        });
        let snapshot = monitor.snapshot();
        let inside_ns = snapshot
            .operation("probe")
            .and_then(|probe| probe.last_calls.average());
        Self {
            call_ns: tenths(call_ns),
            inside_ns: tenths(inside_ns),
            ..Self::default()
        }
    }

    /// Whether a call so short is read too long by a tenth or more.
    pub(crate) fn is_felt_in(&self, ns: f64) -> bool {
        ns < 10.0 * self.inside_ns
    }
}

/// What a call of a kind takes, on a monitor of its own.
fn call_ns(clock: &Clock, call: fn(&Operation)) -> Option<f64> {
    let probe = Monitor::with_clock(clock.clone()).operation("probe");
    call_ns_of(|| call(&probe))
}

fn call_ns_of(call: impl Fn()) -> Option<f64> {
    let round = |_| {
        let start = Instant::now();
        (0..CALLS).for_each(|_| call());
        start.elapsed().as_nanos() as f64 / f64::from(CALLS)
    };
    let rounds: Vec<f64> = (0..ROUNDS).map(round).collect();
    stats::percentile(&stats::sorted(&rounds)?, 0.25)
}

fn tenths(ns: Option<f64>) -> f64 {
    (ns.unwrap_or(0.0) * 10.0).round() / 10.0
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
        let cost = ProbeOverhead::on_clock(Clock::fastest().name(), &[]).unwrap();
        assert!(cost.call_ns > 0.0, "{cost:?}");
        assert!(cost.inside_ns <= 2.0 * cost.call_ns, "{cost:?}");
        assert_eq!(ProbeOverhead::on_clock("mock", &[]), None);
        let kinds =
            |cost: &ProbeOverhead| [cost.cpu_call_ns, cost.async_call_ns, cost.failed_call_ns];
        assert_eq!(kinds(&cost), [None; 3]);
        let monitor = Monitor::new();
        monitor.operation("cpu").cpu().measure(|| ());
        let mut call = pin!(monitor.measure_async("async", std::future::ready(())));
        let poll = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_ready());
        let _ = monitor.try_measure("failed", || Err::<(), _>(""));
        let operations = monitor.snapshot().operations;
        let cost = ProbeOverhead::on_clock(Clock::fastest().name(), &operations).unwrap();
        assert!(kinds(&cost).iter().all(|ns| *ns > Some(0.0)), "{cost:?}");
        assert_eq!(cost.memory_call_ns, None);
    }
}
