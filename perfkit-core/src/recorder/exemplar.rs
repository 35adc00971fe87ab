//! Exemplars: single calls of an operation, each with the trace that it was part of.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::alloc;
use crate::clock::Scale;
use crate::outcome::Ending;

use super::sample::Sample;
use super::sync::{AtomicU64, Mutex, Own, Relaxed, lock, lock_soon};

/// Calls are grouped by how often their time has to be halved: one of each group is kept.
const GROUPS: usize = 64;

/// How many ticks lie between two exemplars of a group on one thread: some 10 ms to 30 ms.
const APART: u64 = 1 << 25;

/// Which trace and which span of it something was part of, as W3C's Trace Context has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
}

impl TraceContext {
    /// `None` where one of them is zero, which is the number of no trace and no span.
    #[must_use]
    pub fn new(trace_id: u128, span_id: u64) -> Option<Self> {
        (trace_id != 0 && span_id != 0).then_some(Self { trace_id, span_id })
    }

    /// The trace, as 16 bytes.
    #[must_use]
    pub fn trace_id(self) -> [u8; 16] {
        self.trace_id.to_be_bytes()
    }

    /// The trace, as 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id_hex(self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// The span, as 16 hexadecimal digits.
    #[must_use]
    pub fn span_id_hex(self) -> String {
        format!("{:016x}", self.span_id)
    }

    /// The span, as 8 bytes.
    #[must_use]
    pub fn span_id(self) -> [u8; 8] {
        self.span_id.to_be_bytes()
    }
}

/// Both in hexadecimal, with a hyphen between them.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}-{:016x}", self.trace_id, self.span_id)
    }
}

/// A single call, and the trace that it was part of.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Exemplar {
    /// From its start to its end, in nanoseconds.
    pub duration_ns: u64,
    /// How it ended.
    pub ending: Ending,
    /// When it ended.
    pub time: SystemTime,
    /// What it was part of.
    pub trace: TraceContext,
}

fn group(duration: u64) -> u32 {
    duration.max(1).ilog2()
}

/// Tells the trace that runs on the calling thread, if there is one.
pub(crate) type TraceSource = fn() -> Option<TraceContext>;

/// The exemplars of one operation, with durations in ticks: at most one of each group, of
/// successes and of all else apart.
#[derive(Debug, Default)]
pub(super) struct Exemplars(Mutex<BTreeMap<(bool, u32), Exemplar>>);

thread_local! {
    /// What the program's own function calls gives no exemplars.
    static IS_ASKING: Cell<bool> = const { Cell::new(false) };
}

impl Exemplars {
    /// Keeps a call that is part of a trace, unless somebody else is at them for long.
    pub(super) fn offer(&self, sample: &Sample, source: TraceSource) {
        if IS_ASKING.replace(true) {
            return;
        }
        let trace = catch_unwind(AssertUnwindSafe(source));
        IS_ASKING.set(false);
        let Ok(Some(trace)) = trace else { return };
        let exemplar = Exemplar {
            duration_ns: sample.duration,
            ending: sample.ending,
            time: SystemTime::now(),
            trace,
        };
        if let Some(mut kept) = lock_soon(&self.0, 0) {
            let of = (sample.ending == Ending::Success, group(sample.duration));
            kept.insert(of, exemplar);
        }
    }

    pub(super) fn read(&self, scale: Scale) -> Vec<Exemplar> {
        let in_ns = |kept: &Exemplar| Exemplar {
            duration_ns: scale.ns(kept.duration_ns),
            ..*kept
        };
        lock(&self.0).values().map(in_ns).collect()
    }

    pub(super) fn forget(&self) {
        lock(&self.0).clear();
    }
}

/// From when on the calls of a thread are offered as exemplars again, by group.
#[derive(Debug, Default)]
pub(super) struct DueTimes(OnceLock<Box<[AtomicU64; GROUPS]>>);

impl DueTimes {
    /// Whether the call is to be offered. For the one thread that asks.
    pub(super) fn is_due(&self, end: u64, duration: u64) -> bool {
        let times = match self.0.get() {
            Some(times) => times,
            None => self.begin(),
        };
        let Some(due) = times.get(group(duration) as usize) else {
            return false;
        };
        // A clock that went back is far before.
        let is_due = end >= due.own() || due.own() - end > APART;
        if is_due {
            due.store(end.saturating_add(APART), Relaxed);
        }
        is_due
    }

    /// All are due. When nobody else uses the shard.
    pub(super) fn forget(&self) {
        for due in self.0.get().into_iter().flat_map(|times| times.iter()) {
            due.store(0, Relaxed);
        }
    }

    #[cold]
    fn begin(&self) -> &[AtomicU64; GROUPS] {
        let times = || Box::new(std::array::from_fn(|_| AtomicU64::new(0)));
        alloc::uncounted(|| self.0.get_or_init(times))
    }
}
