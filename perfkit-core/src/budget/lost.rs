//! Calls whose names or labels were lost, because there were more than a monitor keeps.

use crate::report::{GateFinding, GateOutcome, Lost, lost};
use crate::snapshot::OperationSnapshot;

/// That a pattern may be for calls which have lost their names or labels: what is said of
/// those that it matches is then not of all. A name without `*` and `?` that is there lost none.
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

/// What calls of one side of a comparison have lost, where a pattern may be for them. Those
/// that it matches as they are counted together are among these: the other side may have
/// counted other calls together.
#[must_use]
pub fn lost_of_pattern(operations: &[&OperationSnapshot], pattern: &str) -> Option<String> {
    let is_pattern = pattern.contains(['*', '?']);
    let may_be = |o: &&OperationSnapshot| match is_pattern {
        true => may_be_meant(o, pattern),
        false => o.name == pattern,
    };
    lost_text(operations.iter().copied().filter(may_be))
}

/// What calls of one side of a comparison have lost that lacks a name, where they may have
/// had it.
#[must_use]
pub fn lost_of_name(operations: &[&OperationSnapshot], name: &str) -> Option<String> {
    let may_be = |o: &&OperationSnapshot| {
        let labelled = o.labelled.as_ref();
        labelled.is_none_or(|labelled| name.starts_with(&format!("{}{{", labelled.name)))
    };
    lost_text(operations.iter().copied().filter(may_be))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::Monitor;
    use crate::outcome::Outcome;

    #[test]
    fn lost_labels_are_those_of_their_name_alone() {
        let monitor = Monitor::builder().max_label_sets(1).build();
        for value in 0..2 {
            let get = monitor.operation("get");
            get.measure_labelled(|| (), |()| Outcome::Success.label("k", value));
        }
        let operations = monitor.snapshot().operations;
        let operations: Vec<&OperationSnapshot> = operations.iter().collect();
        for (name, is_lost) in [("get{k=\"1\"}", true), ("get", false), ("put", false)] {
            let lost = lost_of_name(&operations, name);
            assert_eq!(lost.is_some(), is_lost, "{name}");
        }
        for (pattern, is_lost) in [
            ("*", true),
            ("g*", true),
            ("get{k=*", true),
            ("put*", false),
            ("get{k=\"0\"}", false),
        ] {
            let lost = lost_of_pattern(&operations, pattern);
            assert_eq!(lost.is_some(), is_lost, "{pattern}");
        }
    }
}
