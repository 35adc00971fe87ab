//! What a load came to.

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::load_run::LoadRun;
use crate::report::Report;
use crate::snapshot::{OperationSnapshot, Snapshot};

/// What a load came to: an operation as programs record it, with the run beside it.
///
/// Its text says first what the load came to, and whether it says anything.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadResult {
    operation: OperationSnapshot,
    run: LoadRun,
}

impl LoadResult {
    pub(super) fn new(operation: OperationSnapshot) -> Self {
        let run = operation.load.as_deref().cloned();
        let run = run.unwrap_or_else(|| LoadRun::new(crate::load_run::LoadModel::Open));
        Self { operation, run }
    }

    /// The operation, with its times and failures.
    #[must_use]
    pub fn operation(&self) -> &OperationSnapshot {
        &self.operation
    }

    /// The run: what was due, and what was not started.
    #[must_use]
    pub fn run(&self) -> &LoadRun {
        &self.run
    }

    /// Whether its times are those of what was under load: something was due, and the
    /// generator kept up.
    #[must_use]
    pub fn is_conclusive(&self) -> bool {
        self.run.offered > 0 && self.operation.unfit_generator().is_none()
    }

    /// A report, which every verb of perfkit reads.
    #[must_use]
    pub fn report(&self) -> Report {
        Report::of_load(vec![self.operation.clone()])
    }

    /// A snapshot with the operation, for [`assert_budget!`](crate::assert_budget).
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            taken_at: SystemTime::now(),
            uptime: Duration::from_nanos(self.operation.lifetime.span_ns),
            clock: "os_monotonic",
            operations: vec![self.operation.clone()],
            counters: Vec::new(),
            gauges: Vec::new(),
            ratios: Vec::new(),
        }
    }
}

impl fmt::Display for LoadResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.report().fmt(f)
    }
}
