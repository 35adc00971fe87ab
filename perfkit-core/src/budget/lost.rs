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
    let lost = operations.filter(|o| o.is_overflow && !is_meant(&o.name));
    let calls: f64 = lost.map(|o| o.lifetime.calls.total() as f64).sum();
    let is_pattern = pattern.contains(['*', '?']);
    (is_pattern && calls > 0.0).then(|| {
        let calls = Unit::Count.format(calls, DIGITS);
        let measured = format!(
            "{calls} calls have lost their names, and may be meant too: keep more with MonitorBuilder::max_operations"
        );
        GateFinding::new(pattern, "all calls that are meant are there", measured, GateOutcome::Inconclusive)
    })
}
