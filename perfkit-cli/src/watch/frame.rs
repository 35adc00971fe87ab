//! What is seen at one moment.

use std::time::{Duration, UNIX_EPOCH};

use perfkit::{Calls, MetricSummary, OperationSnapshot, Report, WindowSnapshot};
use serde::{Deserialize, Serialize};

use super::reference::Reference;

/// What is seen of a program at one moment.
#[derive(Debug)]
pub(crate) struct Frame {
    /// When, since 1970.
    pub(super) at: Duration,
    /// By name.
    pub(super) operations: Vec<Seen>,
    /// The operation of which all is told, where one was asked for.
    pub(super) whole: Option<Box<OperationSnapshot>>,
    pub(super) process: ProcessFigures,
}

/// What a process takes, as far as that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProcessFigures {
    /// CPU time since its start, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cpu_seconds: Option<f64>,
    /// Resident memory, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) memory_bytes: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) threads: Option<f64>,
}

/// One operation.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) name: String,
    pub(super) calls: Calls,
    pub(super) in_flight: u64,
    /// Time within the calls since the start, in nanoseconds.
    pub(super) total_ns: Option<f64>,
    pub(super) self_ns: Option<f64>,
    /// Of the last period where the source has one, in nanoseconds.
    pub(super) times: Times,
    /// Calls per second of the last period, where the source has one.
    pub(super) per_second: Option<f64>,
    pub(super) allocations: Option<f64>,
    pub(super) allocated_bytes: Option<f64>,
    /// The median against the baseline's.
    pub(super) change: Option<f64>,
    /// How much of its budget is used.
    pub(super) used: Option<f64>,
}

/// How long calls take, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Times {
    pub(super) p50: Option<f64>,
    pub(super) p95: Option<f64>,
    pub(super) p99: Option<f64>,
    pub(super) max: Option<f64>,
}

impl Frame {
    /// Of a report. The distribution of one operation is kept, if it is told.
    pub(crate) fn of(
        report: Report,
        whole: Option<&str>,
        process: ProcessFigures,
        reference: &Reference,
    ) -> Self {
        let at = report.created.duration_since(UNIX_EPOCH);
        let seen = |operation: &OperationSnapshot| Seen::of(operation, reference);
        let mut operations: Vec<Seen> = report.operations.iter().map(seen).collect();
        operations.sort_by(|a, b| a.name.cmp(&b.name));
        operations.dedup_by(|a, b| a.name == b.name);
        let is_whole = |operation: &OperationSnapshot| Some(&*operation.name) == whole;
        let whole = report.operations.into_iter().find(is_whole);
        Self {
            at: at.unwrap_or_default(),
            operations,
            whole: whole.map(Box::new),
            process,
        }
    }
}

impl Seen {
    fn of(operation: &OperationSnapshot, reference: &Reference) -> Self {
        let lifetime = &operation.lifetime;
        let sum = |summary: Option<&MetricSummary>| summary.map(|summary| summary.sum);
        let recent = recent(operation);
        let times = recent.execution_time().map(Times::of).unwrap_or_default();
        Self {
            name: operation.name.clone(),
            calls: lifetime.calls,
            in_flight: operation.calls_in_flight,
            total_ns: sum(lifetime.execution_time()),
            self_ns: sum(lifetime.self_time()),
            times,
            per_second: operation.last_period.calls_per_second,
            allocations: sum(lifetime.allocations()),
            allocated_bytes: sum(lifetime.allocated()),
            change: reference.change(&operation.name, times.p50),
            used: reference.used(operation),
        }
    }

    /// Calls that failed or panicked.
    pub(super) fn failed(&self) -> u64 {
        self.calls.failure.saturating_add(self.calls.panic)
    }
}

/// The last period, where there is one with a call in it; else all since the start.
pub(super) fn recent(operation: &OperationSnapshot) -> &WindowSnapshot {
    match operation.last_period.execution_time() {
        Some(_) => &operation.last_period,
        None => &operation.lifetime,
    }
}

impl Times {
    fn of(time: &MetricSummary) -> Self {
        Self {
            p50: time.median,
            p95: time.p95,
            p99: time.p99,
            max: time.max,
        }
    }
}
