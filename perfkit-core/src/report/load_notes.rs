//! Remarks on operations that were under load.

use crate::load_run::LoadModel;
use crate::snapshot::OperationSnapshot;
use crate::text::printable;
use crate::unit::Unit;

use super::{Note, NoteCode};

/// What is to be known of an operation that was under load.
pub(super) fn notes(operation: &OperationSnapshot) -> Vec<Note> {
    let Some(run) = operation.load.as_deref() else {
        return Vec::new();
    };
    let name = printable(&operation.name);
    let count = |calls: u64| Unit::Count.format(calls as f64, 20);
    let mut notes = Vec::new();
    if let Some(unfit) = operation.unfit_generator() {
        let message = format!(
            "{name}: the load generator was unfit, and its own lag is within the response times: {}; give it a processor to itself, a lower rate, or more machines",
            unfit.reason()
        );
        notes.push(Note::warning(NoteCode::GeneratorLate, message));
    }
    if run.model == LoadModel::Closed {
        let message = format!(
            "{name}: closed load: each client started its next operation when the one before had ended, so what a slow moment held back is in no percentile (coordinated omission)"
        );
        notes.push(Note::warning(NoteCode::ClosedLoad, message));
    }
    if run.shed > 0 {
        let message = format!(
            "{name}: {} operations were due and not started; they are failures, and have no time",
            count(run.shed)
        );
        notes.push(Note::warning(NoteCode::Shed, message));
    }
    if run.cut_off > 0 {
        let message = format!(
            "{name}: {} operations had not ended when they were waited for no longer; they are cancelled",
            count(run.cut_off)
        );
        notes.push(Note::warning(NoteCode::NotEnded, message));
    }
    if run.is_interrupted {
        let message = format!("{name}: the run was ended before its time");
        notes.push(Note::warning(NoteCode::Interrupted, message));
    }
    notes
}
