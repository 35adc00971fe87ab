//! What a running program exposes at an instant.

use crate::export::program_totals::{ProgramTotal, of_running};
use crate::monitor::Monitor;
use crate::snapshot::Snapshot;

/// What a monitor recorded, and the numbers of the program.
pub(super) struct Exposition {
    pub(super) snapshot: Snapshot,
    pub(super) totals: Vec<ProgramTotal>,
}

impl Exposition {
    pub(super) fn of(monitor: &Monitor) -> Self {
        Self {
            snapshot: monitor.snapshot(),
            totals: of_running(monitor),
        }
    }
}
