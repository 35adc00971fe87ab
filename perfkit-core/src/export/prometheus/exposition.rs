//! What a running program exposes at an instant.

use crate::export::program_totals::{ProgramTotal, of_running};
use crate::monitor::Monitor;
use crate::snapshot::OperationSnapshot;

/// The operations of a monitor, and the numbers of the program.
pub(super) struct Exposition {
    pub(super) operations: Vec<OperationSnapshot>,
    pub(super) totals: Vec<ProgramTotal>,
}

impl Exposition {
    pub(super) fn of(monitor: &Monitor) -> Self {
        Self {
            operations: monitor.snapshot().operations,
            totals: of_running(monitor),
        }
    }
}
