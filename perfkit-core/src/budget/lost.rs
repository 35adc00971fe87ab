//! Calls whose names or labels were lost, because there were more than a monitor keeps.

use crate::report::{GateFinding, GateOutcome, Lost, lost};
use crate::snapshot::OperationSnapshot;

/// That a pattern may be for calls which have lost their names or labels: what is said of those that it
/// matches is then not of all. A name without `*` and `?` that is there lost none.
#[must_use]
pub fn lost_calls<'a>(
    operations: impl Iterator<Item = &'a OperationSnapshot>,
    pattern: &str,
    is_meant: impl Fn(&str) -> bool,
) -> Option<GateFinding> {
    let lost = operations.filter(|o| !is_meant(&o.name) && may_be_meant(o, pattern));
    let is_pattern = pattern.contains(['*', '?']);
    let measured = lost_text(lost).filter(|_| is_pattern)?;
    Some(GateFinding::new(
        pattern,
        "all calls that are meant are there",
        measured,
        GateOutcome::Inconclusive,
    ))
}

/// Whether labels that were lost may have been those that a pattern is for: it can be for
/// names that begin with the operation's.
fn may_be_meant(operation: &OperationSnapshot, pattern: &str) -> bool {
    let Some(labelled) = &operation.labelled else {
        return true;
    };
    let before_labels = format!("{}{{", labelled.name);
    let literal = pattern.split(['*', '?']).next().unwrap_or_default();
    literal.starts_with(&before_labels) || before_labels.starts_with(literal)
}

/// How many calls have lost their names or labels, where any have, and what to do.
pub(super) fn lost_text<'a>(
    operations: impl Iterator<Item = &'a OperationSnapshot>,
) -> Option<String> {
    let text = |Lost { what, remedy, .. }| format!("{what}, and may be meant too: {remedy}");
    let lost: Vec<String> = lost(operations).into_iter().map(text).collect();
    (!lost.is_empty()).then(|| lost.join("; "))
}
