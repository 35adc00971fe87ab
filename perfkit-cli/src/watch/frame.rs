//! What is seen at one moment.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use perfkit::global::watch::{OperationRow, Table};
use perfkit::{OperationSnapshot, Report};
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
    pub(super) told: OperationRow,
    /// The median against the baseline's.
    pub(super) change: Option<f64>,
    /// How much of its budget is used.
    pub(super) used: Option<f64>,
}

impl Frame {
    /// Of a report. The distribution of one operation is kept, if it is told.
    pub(crate) fn of(
        report: Report,
        whole: Option<&str>,
        process: ProcessFigures,
        reference: &Reference,
    ) -> Self {
        let seen = |operation: &OperationSnapshot| Seen {
            used: reference.used(operation),
            ..Seen::of(OperationRow::of(operation), reference)
        };
        let operations = report.operations.iter().map(seen).collect();
        let is_whole = |operation: &OperationSnapshot| Some(&*operation.name) == whole;
        let whole = report.operations.into_iter().find(is_whole);
        Self::new(report.created, operations, whole.map(Box::new), process)
    }

    /// Of a table, which says nothing of budgets.
    pub(crate) fn of_table(table: Table, process: ProcessFigures, reference: &Reference) -> Self {
        let rows = table.rows.into_iter();
        let operations = rows.map(|row| Seen::of(row, reference)).collect();
        Self::new(table.taken_at, operations, table.whole, process)
    }

    fn new(
        at: SystemTime,
        mut operations: Vec<Seen>,
        whole: Option<Box<OperationSnapshot>>,
        process: ProcessFigures,
    ) -> Self {
        operations.sort_by(|a, b| a.told.name.cmp(&b.told.name));
        operations.dedup_by(|a, b| a.told.name == b.told.name);
        Self {
            at: at.duration_since(UNIX_EPOCH).unwrap_or_default(),
            operations,
            whole,
            process,
        }
    }
}

impl Seen {
    fn of(told: OperationRow, reference: &Reference) -> Self {
        Self {
            change: reference.change(&told.name, told.p50),
            used: None,
            told,
        }
    }

    /// Calls that failed or panicked.
    pub(super) fn failed(&self) -> u64 {
        let calls = self.told.calls;
        calls.failure.saturating_add(calls.panic)
    }
}
