//! The numbers that are not of one operation.

use crate::monitor::Monitor;
use crate::snapshot::OperationSnapshot;

use super::metric_table::{DROPPED_DELIVERIES, MetricInfo, OVERFLOW_CALLS};

/// A number of the program's, in nanoseconds where it is a time.
pub(super) type ProgramTotal = (&'static MetricInfo, u64);

/// The calls of all operations that stand for too many names or labels; told from the start,
/// so that the first of them is an increase.
pub(super) fn overflow_calls<'a>(
    operations: impl IntoIterator<Item = &'a OperationSnapshot>,
) -> Option<ProgramTotal> {
    let calls_of = |operation: &OperationSnapshot| match operation.is_overflow {
        true => operation.lifetime.calls.total(),
        false => 0,
    };
    let calls = operations.into_iter().map(calls_of);
    Some((&OVERFLOW_CALLS, calls.reduce(u64::saturating_add)?))
}

/// Those of a running program: what collectors within it missed and, in the feature
/// `process`, what it uses.
pub(super) fn of_running(monitor: &Monitor) -> Vec<ProgramTotal> {
    let mut totals = vec![(&DROPPED_DELIVERIES, monitor.dropped_deliveries())];
    totals.extend(of_process());
    totals
}

#[cfg(feature = "process")]
fn of_process() -> Vec<ProgramTotal> {
    use super::metric_table::{PROCESS_CPU, PROCESS_MEMORY, PROCESS_VIRTUAL_MEMORY};

    let Some(usage) = crate::process::usage() else {
        return Vec::new();
    };
    vec![
        (&PROCESS_MEMORY, usage.memory_bytes),
        (&PROCESS_VIRTUAL_MEMORY, usage.virtual_memory_bytes),
        (&PROCESS_CPU, usage.cpu_time_ns),
    ]
}

#[cfg(not(feature = "process"))]
fn of_process() -> Vec<ProgramTotal> {
    Vec::new()
}
