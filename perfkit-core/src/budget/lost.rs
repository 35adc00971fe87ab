//! Calls whose names were lost, because there were more names than a monitor keeps.

use crate::report::{GateFinding, GateOutcome};
use crate::snapshot::OperationSnapshot;
use crate::unit::Unit;

use super::bound::DIGITS;

/// That a pattern may be for calls which have lost their names: what is said of those that it
/// matches is then not of all. A name without `*` and `?` that is there lost none.
#[must_use]
pub fn lost_calls<'a>(
    operations: impl Iterator<Item = &'a OperationSnapshot>,
    pattern: &str,
    is_meant: impl Fn(&str) -> bool,
) -> Option<GateFinding> {
    let lost = operations.filter(|o| !is_meant(&o.name));
    let is_pattern = pattern.contains(['*', '?']);
    let measured = lost_text(lost).filter(|_| is_pattern)?;
    Some(GateFinding::new(
        pattern,
        "all calls that are meant are there",
        measured,
        GateOutcome::Inconclusive,
    ))
}

/// How many calls have lost their names, where any have, and what to do.
pub(super) fn lost_text<'a>(
    operations: impl Iterator<Item = &'a OperationSnapshot>,
) -> Option<String> {
    let lost = operations.filter(|operation| operation.is_overflow);
    let calls: f64 = lost.map(|o| o.lifetime.calls.total() as f64).sum();
    (calls > 0.0).then(|| {
        let calls = Unit::Count.format(calls, DIGITS);
        format!(
            "{calls} calls have lost their names, and may be meant too: keep more with MonitorBuilder::max_operations"
        )
    })
}
