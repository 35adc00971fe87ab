//! What a gate came to, as a report.

use perfkit::Report;
use perfkit::report::{Gate, Note};

/// A report of the gate alone, with the environment of what was judged.
pub(super) fn result(judged: &Report, (gate, notes): (Gate, Vec<Note>)) -> Report {
    let mut result = Report::new(judged.environment.clone());
    result.gate = Some(gate);
    result.notes = notes;
    result
}
